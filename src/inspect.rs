//! A model looked over: what it makes of labelled images, its surest mistakes, and what it looks like inside. Plain data come
//! of it; [`crate::html`] makes a page of them.

use sha2::{Digest, Sha256};

use crate::calibrate::{Certainty, Sample};
use crate::evaluate::Evaluation;
use crate::explain::{self, Maps};
use crate::gpu::GpuError;
use crate::mnist::DataSet;
use crate::model::Model;
use crate::network::{Calibration, Classes, Judgement, Layer, Network, Parameters, Shape};
use crate::report::Confusion;

/// Mistakes that are shown, at most.
pub const MISTAKES: usize = 40;

/// Filters that are shown, at most.
const FILTERS: usize = 64;

/// What a model makes of labelled images, and what it is.
#[derive(Clone, Debug)]
pub struct Inspection {
    /// Where the images come from, and which of them they are: `MNIST` and `test`.
    pub data: String,
    pub set: &'static str,
    pub images: usize,
    pub classes: Classes,
    pub accuracy: f64,
    pub loss: f64,
    pub confusion: Confusion,
    pub certainty: Certainty,
    /// The surest first, [`MISTAKES`] at most.
    pub mistakes: Vec<Mistake>,
    /// Of the first layer; none where its weights are no pictures.
    pub filters: Option<Filters>,
    /// An image of each class that has one.
    pub examples: Vec<Example>,
    pub network: String,
    pub parameter_count: usize,
    pub parameter_hash: String,
}

/// An image that is taken for what it is not.
#[derive(Clone, Debug)]
pub struct Mistake {
    /// Its place in the set, counted from 0.
    pub index: usize,
    /// `[H, W]`, 0 for the background to 255 for the ink
    pub pixels: Vec<u8>,
    /// W
    pub width: usize,
    pub label: usize,
    pub answer: usize,
    /// What the model says of its answer, from 0 to 1.
    pub confidence: f32,
    /// What it says of the class that the image shows.
    pub of_label: f32,
    /// Whether it takes it for a digit at all.
    pub is_digit: bool,
}

/// The weights of the first layer, as pictures.
#[derive(Clone, Debug)]
pub struct Filters {
    /// Of one of them.
    pub size: [usize; 2],
    /// [filters, H, W], 64 at most
    pub weights: Vec<f32>,
    /// How many the layer has.
    pub count: usize,
}

/// An image and what the convolutions make of it.
#[derive(Clone, Debug)]
pub struct Example {
    pub class: usize,
    /// `[H, W]`
    pub pixels: Vec<u8>,
    /// W
    pub width: usize,
    pub maps: Vec<Maps>,
}

/// Labelled images, and what a model makes of them.
#[derive(Clone, Copy)]
pub struct Judged<'a> {
    /// Where they come from, and which of them they are: `MNIST` and `test`.
    pub data: &'a str,
    pub set: &'static str,
    pub classes: &'a Classes,
    pub images: &'a DataSet,
    pub evaluation: &'a Evaluation,
    pub sample: &'a Sample,
    /// What the percentages are worth on them.
    pub certainty: &'a Certainty,
}

impl Inspection {
    /// Looks `model` over, which has `parameters`.
    ///
    /// # Errors
    /// A kernel cannot be built, or the device failed.
    ///
    /// # Panics
    /// If an image shows none of the model's classes.
    pub async fn of(model: &Model, parameters: &Parameters, judged: Judged<'_>) -> Result<Inspection, GpuError> {
        let Judged { data, set, classes, images, evaluation, sample, certainty } = judged;
        let network = model.network();
        Ok(Inspection {
            data: data.into(),
            set,
            images: images.count(),
            classes: classes.clone(),
            accuracy: evaluation.accuracy(&images.labels),
            loss: evaluation.loss(),
            confusion: Confusion::new(network.classes(), &images.labels, &evaluation.predictions),
            certainty: certainty.clone(),
            mistakes: mistakes(images, network.input().width, (evaluation, sample), &certainty.calibration),
            filters: Filters::of(network, parameters),
            examples: examples(model, images).await?,
            network: network.to_string(),
            parameter_count: network.parameter_count(),
            parameter_hash: hash(network, parameters),
        })
    }
}

/// SHA-256 of the weights, the biases and the running statistics of each layer, as the tensors of the model file have them, in the
/// order of the layers.
pub fn hash(network: &Network, parameters: &Parameters) -> String {
    let mut hasher = Sha256::new();
    for matrix in network.matrices() {
        let (weights, biases) = (matrix.weights(&parameters.values), matrix.biases(&parameters.values));
        let statistics = if matrix.is_norm() { matrix.statistics(&parameters.values).concat() } else { Vec::new() };
        weights.into_iter().chain(biases).chain(statistics).for_each(|number| hasher.update(number.to_le_bytes()));
    }
    format!("{:x}", hasher.finalize())
}

/// Of images of `width`.
fn mistakes(
    data: &DataSet,
    width: usize,
    (evaluation, sample): (&Evaluation, &Sample),
    calibration: &Calibration,
) -> Vec<Mistake> {
    let answers = evaluation.predictions.iter().zip(&data.labels).zip(sample.judgements(calibration)).enumerate();
    let wrong = answers.filter(|(_, ((answer, label), _))| answer != label);
    let mistake = |(index, ((answer, label), judgement)): (usize, ((&u8, &u8), Judgement))| {
        let Judgement { probabilities, is_digit } = judgement;
        let (answer, label) = (usize::from(*answer), usize::from(*label));
        let (confidence, of_label) = (probabilities[answer], probabilities[label]);
        Mistake { index, pixels: data.image(index).to_vec(), width, label, answer, confidence, of_label, is_digit }
    };
    let mut mistakes: Vec<Mistake> = wrong.map(mistake).collect();
    mistakes.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
    mistakes.truncate(MISTAKES);
    mistakes
}

/// The first image of each class.
async fn examples(model: &Model, data: &DataSet) -> Result<Vec<Example>, GpuError> {
    let first = |class| data.labels.iter().position(|label| usize::from(*label) == class);
    let found: Vec<(usize, &[u8])> =
        (0..model.network().classes()).filter_map(|class| Some((class, data.image(first(class)?)))).collect();
    let images: Vec<u8> = found.iter().flat_map(|(_, pixels)| *pixels).copied().collect();
    let maps = explain::feature_maps(model, &images).await?;
    let width = model.network().input().width;
    let example =
        |((class, pixels), maps): ((usize, &[u8]), _)| Example { class, pixels: pixels.to_vec(), width, maps };
    Ok(found.into_iter().zip(maps).map(example).collect())
}

impl Filters {
    fn of(network: &Network, parameters: &Parameters) -> Option<Filters> {
        let Shape { channels, height, width } = network.input();
        let matrix = network.matrices().into_iter().next()?;
        // Dropout in front changes nothing; behind a pooling there are no pixels any more.
        let sees_pixels = network.shapes()[matrix.layer] == network.input();
        let size = match network.layers()[matrix.layer] {
            Layer::Conv { kernel, .. } => kernel,
            _ => [height, width],
        };
        let count = matrix.rows * channels;
        let mut weights = matrix.weights(&parameters.values);
        weights.truncate(FILTERS * size[0] * size[1]);
        sees_pixels.then_some(Filters { size, weights, count })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(text: &str) -> (Network, Parameters) {
        let network = Network::parse(Shape::MNIST, text).unwrap();
        let parameters = Parameters::glorot(&network, 1);
        (network, parameters)
    }

    #[test]
    fn the_first_weights_are_pictures_where_they_see_pixels() {
        let size = |text| {
            let (network, parameters) = network(text);
            Filters::of(&network, &parameters).map(|filters| (filters.size, filters.count, filters.weights.len()))
        };
        assert_eq!(size("conv 4 5x3 relu | dense 10"), Some(([5, 3], 4, 60)));
        assert_eq!(size("dropout 0.1 | dense 100 relu | dense 10"), Some(([28, 28], 100, 64 * 784)));
        assert_eq!(size("pool 2 | dense 10"), None);
    }

    #[test]
    fn a_hash_tells_parameters_apart_and_not_what_lies_between_their_rows() {
        let (network, mut parameters) = network("dense 10");
        let first = hash(&network, &parameters);
        assert_eq!(first.len(), 64);
        let matrix = &network.matrices()[0];
        parameters.values[matrix.index(0, matrix.inputs) + 1] = 1.0;
        assert_eq!(hash(&network, &parameters), first, "the padding counts");
        parameters.values[matrix.index(9, matrix.inputs)] = 1e-30;
        assert_ne!(hash(&network, &parameters), first);
    }
}

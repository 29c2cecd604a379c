//! Why a network decides as it does: the feature maps of its convolutions, and which pixels of the image speak for a class,
//! the gradient of its score, by the kernels that train.

use crate::evaluate;
use crate::gpu::{GpuError, Recording, Tensor};
use crate::layers::{activation_length, conv, to_images_innermost, to_images_outermost};
use crate::model::{Activations, Model, Pass, Wanted};
use crate::network::{Layer, Network, Shape};
use crate::recognize::Recognizer;
use crate::reference;

/// Explains what a recognizer of single images made of the last of them.
pub struct Explainer {
    model: Model,
    activations: Activations,
    backward: Recording,
    /// [classes, N]
    d_logits: Tensor,
    /// [H * W, N]
    d_images: Tensor,
}

/// What a network saw in an image.
#[derive(Clone, Debug, PartialEq)]
pub struct Explanation {
    /// Of each convolution, behind its pooling.
    pub maps: Vec<Maps>,
    /// `[H, W]`, the gradient of the class's score (its logit) by each pixel: how much the score grows where the pixel does.
    pub saliency: Vec<f32>,
}

/// The feature maps of a convolution.
#[derive(Clone, Debug, PartialEq)]
pub struct Maps {
    pub shape: Shape,
    /// `[C, H, W]`
    pub values: Vec<f32>,
}

impl Explainer {
    /// Prepares to explain what `recognizer`, made of `model` for one image at a time, decides.
    ///
    /// # Errors
    /// A tensor larger than the adapter can bind, or a kernel that cannot be built.
    pub fn new(model: &Model, recognizer: &Recognizer<f32>) -> Result<Explainer, GpuError> {
        let gpu = model.gpu();
        let network = model.network();
        let activations = recognizer.activations().clone();
        let d_logits = Tensor::zeros(gpu, "the gradient of the logits", activation_length(network.classes(), 1))?;
        let d_images = Tensor::zeros(gpu, "the gradient of the image", activations.images().len())?;
        let mut backward = Recording::new(gpu);
        let wanted = Wanted::Images(&d_images);
        model.record_backward(&mut backward, &activations, Pass::Evaluate, &d_logits, wanted)?;
        Ok(Explainer { model: model.clone(), activations, backward, d_logits, d_images })
    }

    /// Explains the score of `class` for the image that was recognized last.
    ///
    /// # Errors
    /// The device failed.
    ///
    /// # Panics
    /// If the network does not know the class.
    pub async fn explain(&self, class: usize) -> Result<Explanation, GpuError> {
        let gpu = self.model.gpu();
        let mut one_hot = vec![0.0; self.model.network().classes()];
        one_hot[class] = 1.0;
        self.d_logits.write(gpu, &to_images_innermost(&one_hot, 1));
        self.backward.submit(1)?;
        let read = async |tensor: &Tensor| tensor.read(gpu).await.map(|values| to_images_outermost(&values, 1));
        let mut maps = Vec::new();
        for of_one in self.model.feature_maps(&self.activations) {
            maps.push(Maps { shape: of_one.shape, values: read(of_one.tensor).await? });
        }
        Ok(Explanation { maps, saliency: read(&self.d_images).await? })
    }
}

/// The feature maps of several images at once, [N, H, W]: of each what [`Explanation::maps`] says.
///
/// # Errors
/// A kernel cannot be built, or the device failed.
pub async fn feature_maps(model: &Model, images: &[u8]) -> Result<Vec<Vec<Maps>>, GpuError> {
    let (gpu, features) = (model.gpu(), model.network().input().features());
    // As many as others recognize at a time, whose kernels are there already.
    let n = evaluate::batch(gpu);
    let recognizer = Recognizer::<u8>::new(model, n)?;
    let mut found = Vec::new();
    for batch in images.chunks(n * features) {
        recognizer.recognize(batch).await?;
        let mut of_each = vec![Vec::new(); batch.len() / features];
        for layer in model.feature_maps(recognizer.activations()) {
            let values = to_images_outermost(&layer.tensor.read(gpu).await?, n);
            for (maps, values) in of_each.iter_mut().zip(values.chunks_exact(layer.shape.features())) {
                maps.push(Maps { shape: layer.shape, values: values.to_vec() });
            }
        }
        found.extend(of_each);
    }
    Ok(found)
}

/// The same of an image `[H, W]` by the reference, from the `activations` of its forward pass: for where there is no GPU.
///
/// # Panics
/// If the network does not know the class.
pub fn explain_by_reference(
    model: &reference::Model,
    network: &Network,
    activations: &[Vec<f64>],
    class: usize,
) -> Explanation {
    let (layers, shapes) = (network.layers(), network.shapes());
    let size = conv::POOLED_SIZE;
    let maps = (0..layers.len()).filter(|index| matches!(layers[*index], Layer::Conv { .. })).map(|index| {
        // As on the GPU, where such a pooling is a part of the convolution before it.
        let is_pooled = layers.get(index + 1) == Some(&Layer::Pool { size });
        let stored = index + 1 + usize::from(is_pooled);
        Maps { shape: shapes[stored], values: narrow(&activations[stored]) }
    });
    let mut one_hot = vec![0.0; network.classes()];
    one_hot[class] = 1.0;
    let d_activations = model.backward_input(activations, one_hot, reference::Pass::Evaluate);
    Explanation { maps: maps.collect(), saliency: narrow(&d_activations[0]) }
}

fn narrow(values: &[f64]) -> Vec<f32> {
    values.iter().map(|value| *value as f32).collect()
}

#[cfg(test)]
mod tests {
    use pollster::FutureExt as _;

    use super::*;
    use crate::gpu::{Gpu, Request};
    use crate::network::Parameters;
    use crate::random::{Stream, uniform};

    const NETWORKS: [&str; 5] = [
        "conv 4 3x3 relu | pool 2 | conv 6 3x3 relu | pool 2 | dropout 0.5 | dense 20 relu | dense 10",
        "conv 5 3x3 same relu | pool 4 | dense 12 relu | dropout 0.3 | dense 10",
        "dropout 0.1 | dense 16 relu | dropout 0.3 | dense 10",
        "conv 4 3x3 | batchnorm relu | pool 2 | conv 5 3x3 relu | batchnorm | dense 12 | batchnorm relu | dense 10",
        "conv 4 5x5 same stride 2 relu | conv 6 3x3 stride 2 relu | pool 2 | dense 10",
    ];

    #[test]
    fn saliency_is_the_gradient_of_the_score_and_maps_are_those_of_the_reference() {
        let gpu = Gpu::open(&Request::default()).block_on().unwrap_or_else(|error| panic!("{error}"));
        for text in NETWORKS {
            let network = Network::parse(Shape::MNIST, text).unwrap();
            let parameters = Parameters::glorot(&network, 1);
            let model = Model::new(&gpu, &network, &parameters).unwrap();
            let recognizer = Recognizer::new(&model, 1).unwrap();
            let explainer = Explainer::new(&model, &recognizer).unwrap();
            let image: Vec<f32> = (0..784).map(|at| uniform(1, Stream::Shuffle, 0, at)).collect();
            recognizer.recognize(&image).block_on().unwrap();
            let explanation = explainer.explain(3).block_on().unwrap();

            let reference = reference::Model::new(&network, &parameters);
            let image: Vec<f64> = image.into_iter().map(f64::from).collect();
            let score = |image: &[f64]| reference.forward(image, reference::Pass::Evaluate).pop().unwrap()[3];
            for at in (0..image.len()).step_by(37) {
                let moved = |by: f64| {
                    let mut image = image.clone();
                    image[at] += by;
                    score(&image)
                };
                let difference = (moved(1e-6) - moved(-1e-6)) / 2e-6;
                let found = f64::from(explanation.saliency[at]);
                assert!((found - difference).abs() < 1e-5, "{text}: [{at}] is {found}, not {difference}");
            }
            let activations = reference.forward(&image, reference::Pass::Evaluate);
            let expected = explain_by_reference(&reference, &network, &activations, 3);
            assert_eq!(explanation.maps.len(), text.matches("conv").count(), "{text}");
            let is_near = |found: &[f32], expected: &[f32]| {
                found.len() == expected.len() && found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-5)
            };
            for (maps, expected) in explanation.maps.iter().zip(&expected.maps) {
                assert_eq!((maps.shape, maps.values.len()), (expected.shape, expected.shape.features()), "{text}");
                assert!(is_near(&maps.values, &expected.values), "{text}");
            }
            assert!(is_near(&explanation.saliency, &expected.saliency), "{text}");
        }
    }

    #[test]
    fn feature_maps_of_several_images_are_those_of_each() {
        let gpu = Gpu::open(&Request::default()).block_on().unwrap_or_else(|error| panic!("{error}"));
        let network = Network::parse(Shape::MNIST, NETWORKS[0]).unwrap();
        let parameters = Parameters::glorot(&network, 1);
        let model = Model::new(&gpu, &network, &parameters).unwrap();
        // More than a batch, the last of which is not full.
        let count = evaluate::batch(&gpu) + 3;
        let images: Vec<u8> =
            (0..count * 784).map(|at| (255.0 * uniform(1, Stream::Shuffle, 0, at as u32)) as u8).collect();
        let found = feature_maps(&model, &images).block_on().unwrap();
        assert_eq!(found.len(), count);
        let reference = reference::Model::new(&network, &parameters);
        for at in [0, 1, count - 1] {
            let pixels = &images[at * 784..][..784];
            let image: Vec<f64> = pixels.iter().map(|pixel| f64::from(*pixel) / 255.0).collect();
            let activations = reference.forward(&image, reference::Pass::Evaluate);
            let expected = explain_by_reference(&reference, &network, &activations, 0).maps;
            assert_eq!(found[at].len(), expected.len());
            for (found, expected) in found[at].iter().zip(expected) {
                assert_eq!((found.shape, found.values.len()), (expected.shape, expected.values.len()));
                let is_near = |(a, b): (&f32, &f32)| (a - b).abs() < 1e-5;
                assert!(found.values.iter().zip(&expected.values).all(is_near), "image {at}");
            }
        }
    }
}

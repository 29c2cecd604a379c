//! Adapting a trained network to a few images that it takes for something else: some steps of training on them, moved about
//! a little, among images that it knows but is least sure of, lest it forget those: they are what a shifted border between
//! classes costs first.

use crate::evaluate::Evaluator;
use crate::gpu::{Gpu, GpuError};
use crate::layers::batch::Images;
use crate::mnist::{DataSet, PIXELS, SIDE};
use crate::model::Model;
use crate::network::{Network, Parameters};
use crate::random;
use crate::reference::Optimiser;
use crate::reference::adam::Adam;
use crate::reference::softmax::NO_CLASS;
use crate::trainer::{Plan, StepError, Trainer};

/// An image and what it shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lesson {
    /// [28, 28], 0 to 255
    pub pixels: Vec<u8>,
    pub label: u8,
}

/// Where a lesson is moved to, in pixels: what is learned must not hang on one position.
const MOVES: [[isize; 2]; 8] = [[0, 0], [0, 1], [1, 0], [0, -1], [-1, 0], [1, 1], [-1, -1], [0, 0]];

/// Known images beside each lesson.
const KNOWN_FOR_A_LESSON: usize = 56;

/// Known images that the network is asked about, and those of them that it is least sure of and that are repeated.
const ASKED: usize = 2000;
const REPEATED: usize = 200;

/// Images of a step: the copies of one lesson and what is known beside them.
const BATCH: usize = MOVES.len() + KNOWN_FOR_A_LESSON;

/// A third of the usual rate: the network has learned most of what it needs.
const LEARNING_RATE: f64 = 3e-4;

/// As much as the model that ships was trained with: without it a taught network is sure of everything.
const SMOOTHING: f64 = 0.05;

/// Times that all lessons are gone through, unless the network knows them earlier.
const MOST_EPOCHS: u32 = 60;

/// A lesson is known where the network's mean loss is below this: it gives the right answers about 80 %.
const KNOWN_LOSS: f64 = 0.2;

/// What came of teaching.
#[derive(Clone, Debug, PartialEq)]
pub struct Taught {
    pub parameters: Parameters,
    /// Whether the network knows all lessons now.
    pub knows_all: bool,
}

/// Adapts `parameters` to `lessons`; `known` are images that the network was trained on, of which some are repeated, those
/// without a digit among them. At least 2,000 are best.
///
/// # Errors
/// A kernel cannot be built, the device failed, or a number is none any more.
///
/// # Panics
/// If there is no lesson, or one is not 28 x 28, or `known` is empty.
pub async fn teach(
    gpu: &Gpu,
    network: &Network,
    parameters: &Parameters,
    lessons: &[Lesson],
    known: &DataSet,
) -> Result<Taught, StepError> {
    let repeated = least_sure(&Model::new(gpu, network, parameters)?, known, lessons.len() as u32).await?;
    let images = images_of(lessons, &repeated);
    let images = Images::new(gpu, &images.images, &images.labels)?;
    let adam = Adam::new(LEARNING_RATE);
    let plan = Plan { smoothing: SMOOTHING, ..Plan::new(BATCH, Optimiser::Adam(adam), lessons.len() as u32) };
    let mut trainer = Trainer::new(gpu, network, parameters, &images, &plan)?;

    let labels: Vec<u8> = lessons.iter().map(|lesson| lesson.label).collect();
    let pixels: Vec<u8> = lessons.iter().flat_map(|lesson| lesson.pixels.iter().copied()).collect();
    let test = Evaluator::new(trainer.model(), &Images::new(gpu, &pixels, &labels)?, BATCH)?;
    let mut knows_all = false;
    for epoch in 0..MOST_EPOCHS {
        trainer.begin_epoch(epoch)?;
        trainer.run(trainer.steps_of_an_epoch()).await?;
        let evaluation = test.run().await?;
        knows_all = evaluation.predictions == labels && evaluation.loss() < KNOWN_LOSS;
        if knows_all {
            break;
        }
    }
    Ok(Taught { parameters: trainer.model().read_parameters().await?, knows_all })
}

/// Of some of the known images, those with the greatest loss, as far as it could be less.
async fn least_sure(model: &Model, known: &DataSet, seed: u32) -> Result<DataSet, GpuError> {
    let order = random::shuffle(seed, 1, known.count() as u32);
    let asked = chosen(known, order.into_iter().take(ASKED));
    let images = Images::new(model.gpu(), &asked.images, &asked.labels)?;
    let losses = Evaluator::new(model, &images, BATCH)?.run().await?.losses;
    // Above the least that it can be, which of an image without a digit is the logarithm of the classes.
    let least = (model.network().classes() as f32).ln();
    let excess = |at: u32| losses[at as usize] - if asked.labels[at as usize] == NO_CLASS { least } else { 0.0 };
    let mut order: Vec<u32> = (0..asked.count() as u32).collect();
    order.sort_unstable_by(|a, b| excess(*b).total_cmp(&excess(*a)));
    Ok(chosen(&asked, order.into_iter().take(REPEATED)))
}

/// The images of `data` with these numbers.
fn chosen(data: &DataSet, numbers: impl Iterator<Item = u32>) -> DataSet {
    let mut chosen = DataSet { images: Vec::new(), labels: Vec::new() };
    for number in numbers.map(|number| number as usize) {
        chosen.images.extend_from_slice(&data.images[number * PIXELS..][..PIXELS]);
        chosen.labels.push(data.labels[number]);
    }
    chosen
}

/// The copies of the lessons, and known images, chosen anew for each number of lessons.
fn images_of(lessons: &[Lesson], known: &DataSet) -> DataSet {
    let mut images = DataSet { images: Vec::new(), labels: Vec::new() };
    for lesson in lessons {
        for by in MOVES {
            images.images.extend(moved(&lesson.pixels, by));
            images.labels.push(lesson.label);
        }
    }
    let order = random::shuffle(lessons.len() as u32, 0, known.count() as u32);
    let known = chosen(known, order.into_iter().cycle().take(KNOWN_FOR_A_LESSON * lessons.len()));
    images.images.extend(known.images);
    images.labels.extend(known.labels);
    images
}

/// `pixels` [28, 28], moved down and right by so many; what leaves the image is lost.
fn moved(pixels: &[u8], [down, right]: [isize; 2]) -> Vec<u8> {
    let side = SIDE as isize;
    let pixel = |at: usize| {
        let (y, x) = ((at / SIDE) as isize - down, (at % SIDE) as isize - right);
        let is_inside = (0..side).contains(&y) && (0..side).contains(&x);
        if is_inside { pixels[(y * side + x) as usize] } else { 0 }
    };
    (0..PIXELS).map(pixel).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moved_images_lose_what_leaves_them_and_gain_nothing() {
        let mut pixels = vec![0; PIXELS];
        pixels[SIDE + 2] = 200;
        pixels[PIXELS - 1] = 100;
        let moved = moved(&pixels, [1, -1]);
        assert_eq!(moved[2 * SIDE + 1], 200);
        assert_eq!(moved.iter().map(|pixel| u32::from(*pixel)).sum::<u32>(), 200);
    }

    #[test]
    fn a_step_has_every_copy_of_the_lessons_and_seven_times_as_many_known_images() {
        let lessons = [Lesson { pixels: vec![7; PIXELS], label: 3 }, Lesson { pixels: vec![9; PIXELS], label: 4 }];
        let known = DataSet { images: (0..5).flat_map(|image| vec![image; PIXELS]).collect(), labels: vec![1; 5] };
        let images = images_of(&lessons, &known);
        assert_eq!(images.count(), 2 * BATCH);
        assert_eq!(images.labels.iter().filter(|label| **label == 3).count(), MOVES.len());
        assert_eq!(images.labels.iter().filter(|label| **label == 1).count(), 2 * KNOWN_FOR_A_LESSON);
    }
}

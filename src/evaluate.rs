//! How well a network recognises: its loss and its answers over a labelled data set.

use crate::gpu::{GpuError, Recording, Tensor};
use crate::layers::batch::{self, Images};
use crate::layers::capacity;
use crate::layers::clock::Clock;
use crate::layers::softmax::{self, ScoreShape, Scores};
use crate::model::{Model, Pass};

/// A recorded pass over a data set; it sees the parameters that the model has when it runs.
pub struct Evaluator {
    batch: Recording,
    shape: ScoreShape,
    clock: Tensor,
    scores: Scores,
}

/// What a network made of a data set.
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluation {
    /// Cross-entropy of each image, in the order of the data set.
    pub losses: Vec<f32>,
    /// The class that each image was taken for.
    pub predictions: Vec<u8>,
}

impl Evaluator {
    /// Prepares to run `model` over `images`, `n` at a time.
    ///
    /// # Errors
    /// A tensor larger than the adapter can bind, or a kernel that cannot be built.
    pub fn new(model: &Model, images: &Images, n: usize) -> Result<Evaluator, GpuError> {
        let gpu = model.gpu();
        let shape = ScoreShape { n, classes: model.network().classes(), count: images.count() };
        let clock = Clock::START.tensor(gpu)?;
        let order: Vec<u32> = (0..images.count() as u32).collect();
        let order = Tensor::new(gpu, "the order of the images", &order)?;
        let labels = Tensor::zeros(gpu, "the labels of a batch", capacity(n))?;
        let scores = Scores::new(gpu, &shape)?;
        let activations = model.activations(n, Pass::Evaluate)?;
        let mut batch = Recording::new(gpu);
        batch::gather(&mut batch, n, None, images, [&clock, &order, activations.images(), &labels])?;
        model.record_forward(&mut batch, &activations, Pass::Evaluate)?;
        softmax::forward(&mut batch, &shape, [&clock, activations.logits(), &labels], &scores)?;
        Ok(Evaluator { batch, shape, clock, scores })
    }

    /// Runs over the whole data set.
    ///
    /// # Errors
    /// The device failed.
    pub async fn run(&self) -> Result<Evaluation, GpuError> {
        let gpu = self.batch.gpu();
        Clock::restart_epoch(gpu, &self.clock);
        self.batch.submit(self.shape.batches())?;
        let predictions: Vec<u32> = self.in_order(self.scores.predictions.read(gpu).await?);
        let predictions = predictions.into_iter().map(|class| class as u8).collect();
        Ok(Evaluation { losses: self.in_order(self.scores.losses.read(gpu).await?), predictions })
    }

    /// Leaves out what stands behind the images of each batch and behind the last.
    fn in_order<T: Copy>(&self, padded: Vec<T>) -> Vec<T> {
        let width = capacity(self.shape.n);
        let images = padded.chunks_exact(width).flat_map(|batch| &batch[..self.shape.n]);
        images.take(self.shape.count).copied().collect()
    }
}

impl Evaluation {
    /// The mean loss.
    pub fn loss(&self) -> f64 {
        self.losses.iter().copied().map(f64::from).sum::<f64>() / self.losses.len() as f64
    }

    /// The share of images, from 0 to 1, that were taken for what they are.
    pub fn accuracy(&self, labels: &[u8]) -> f64 {
        let right = self.predictions.iter().zip(labels).filter(|(prediction, label)| prediction == label).count();
        right as f64 / self.predictions.len() as f64
    }
}

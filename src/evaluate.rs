//! How well a network recognises: its loss and its answers over a labelled data set.

use std::time::Duration;

use crate::gpu::{Gpu, GpuError, Reading, Recording, Tensor};
use crate::layers::batch::{self, Images};
use crate::layers::capacity;
use crate::layers::clock::Clock;
use crate::layers::softmax::{ScoreShape, Scores};
use crate::model::{Labelled, Model, Pass};

/// A recorded pass over a data set; it sees the parameters that the model has when it runs.
pub struct Evaluator {
    batch: Recording,
    shape: ScoreShape,
    clock: Tensor,
    scores: Scores,
}

/// A pass over a data set, on its way.
#[must_use = "what comes of it is lost unless somebody awaits it"]
pub struct EvaluationInWork {
    shape: ScoreShape,
    losses: Reading,
    predictions: Reading,
}

/// What a network made of a data set.
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluation {
    /// Cross-entropy of each image, in the order of the data set.
    pub losses: Vec<f32>,
    /// The class that each image was taken for.
    pub predictions: Vec<u8>,
}

/// Images that `gpu` is best given at a time.
pub fn batch(gpu: &Gpu) -> usize {
    /// The default batch of a training, so both share kernels, which take long to compile.
    const OF_SOFTWARE: usize = 128;
    /// Enough to fill a large GPU; the largest activations of the seed network take 22 MB.
    const OF_GPUS: usize = 1000;
    if gpu.is_software() { OF_SOFTWARE } else { OF_GPUS }
}

impl Evaluator {
    /// Prepares to run `model` over `images`, `n` at a time.
    ///
    /// # Errors
    /// A tensor larger than the adapter can bind, or a kernel that cannot be built.
    pub fn new(model: &Model, images: &Images, n: usize) -> Result<Evaluator, GpuError> {
        let gpu = model.gpu();
        let shape = ScoreShape { n, classes: model.network().classes(), count: images.count(), smoothing: 0.0 };
        let clock = Clock::START.tensor(gpu)?;
        let order: Vec<u32> = (0..images.count() as u32).collect();
        let order = Tensor::new(gpu, "the order of the images", &order)?;
        let labels = Tensor::zeros(gpu, "the labels of a batch", capacity(n))?;
        let scores = Scores::new(gpu, &shape)?;
        let activations = model.activations(n, Pass::Evaluate)?;
        let mut batch = Recording::new(gpu);
        batch::gather(&mut batch, n, None, images, [&clock, &order, activations.images(), &labels])?;
        let labelled = Labelled { shape: &shape, clock: &clock, labels: &labels, scores: &scores };
        model.record_evaluation(&mut batch, &activations, &labelled)?;
        Ok(Evaluator { batch, shape, clock, scores })
    }

    /// Tells how long the training takes over an image, which is longer than an evaluation does.
    pub fn expect(&self, an_image: Duration) {
        self.batch.expect(an_image * self.shape.n as u32);
    }

    /// Runs over the whole data set.
    ///
    /// # Errors
    /// The device failed.
    pub async fn run(&self) -> Result<Evaluation, GpuError> {
        self.submit()?.finish().await
    }

    /// Begins to run over the whole data set, without waiting, with the parameters as they are behind all submitted work.
    ///
    /// # Errors
    /// The device failed earlier.
    pub fn submit(&self) -> Result<EvaluationInWork, GpuError> {
        let gpu = self.batch.gpu();
        Clock::restart_epoch(gpu, &self.clock);
        self.batch.submit(self.shape.batches())?;
        let read = |tensor: &Tensor| tensor.start_reading(gpu, 0..tensor.len());
        let (losses, predictions) = (read(&self.scores.losses), read(&self.scores.predictions));
        Ok(EvaluationInWork { shape: self.shape, losses, predictions })
    }
}

impl EvaluationInWork {
    /// Waits for the end of the pass.
    ///
    /// # Errors
    /// The device failed.
    pub async fn finish(self) -> Result<Evaluation, GpuError> {
        let losses = in_order(&self.shape, &self.losses.numbers::<f32>().await?);
        let predictions = in_order(&self.shape, &self.predictions.numbers::<u32>().await?);
        Ok(Evaluation { losses, predictions: predictions.into_iter().map(|class| class as u8).collect() })
    }
}

/// Leaves out what stands behind the images of each batch and behind the last.
fn in_order<T: Copy>(shape: &ScoreShape, padded: &[T]) -> Vec<T> {
    let images = padded.chunks_exact(capacity(shape.n)).flat_map(|batch| &batch[..shape.n]);
    images.take(shape.count).copied().collect()
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

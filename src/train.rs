//! Training from the first epoch to the last: [`train`] arranges the steps of a [`Trainer`] into epochs, has each epoch
//! judged on the validation images and the one to keep on the test images, and tells what happens as events. It shows
//! nothing and writes nothing; that is for whoever listens.

use std::time::Duration;

use crate::evaluate::{Evaluation, Evaluator};
use crate::gpu::{Gpu, GpuError};
use crate::layers::batch::Images;
use crate::mnist::{DataSet, Split};
use crate::model::Model;
use crate::network::{Network, Parameters};
use crate::platform::Instant;
use crate::trainer::{Plan, Trainer};

/// Images that are judged at a time. The default batch of a training: both then share kernels.
pub const EVALUATION_BATCH: usize = 128;

/// A submit is as many steps as take about this long: short enough to stop soon, long enough to keep a GPU at work.
const SUBMIT: Duration = Duration::from_millis(250);
const MOST_STEPS: usize = 64;

/// What to train and for how long.
#[derive(Clone, Debug, PartialEq)]
pub struct Job {
    pub network: Network,
    /// Where the training starts.
    pub parameters: Parameters,
    pub plan: Plan,
    pub epochs: u32,
    pub keep: Keep,
    /// Steps in one submit; `None` chooses by time. It never changes what is computed.
    pub steps_per_submit: Option<usize>,
}

/// The epoch whose model a training ends with. All epochs are trained either way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// The one that gets most validation images right; of equals the one with the smaller validation loss.
    Best,
    Last,
}

/// What happens in a training, in this order: progress, again and again, and an epoch; at last the test.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Event<'a> {
    /// A submit is done.
    Progress(Progress),
    /// An epoch is done, and this is what it makes of the validation images.
    Epoch(Epoch, &'a Evaluation),
    /// The training is done, and the model is the one to keep.
    Test(Test),
}

/// How far an epoch is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    /// Counted from 1.
    pub epoch: u32,
    /// Images of this epoch that are done, and how many it has.
    pub images: usize,
    pub of: usize,
    /// The mean loss of those images, each before its step.
    pub loss: f64,
    /// Since the epoch began, without what [`train`]'s events were waited for.
    pub seconds: f64,
}

/// A finished epoch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Epoch {
    /// Counted from 1.
    pub epoch: u32,
    /// Training images.
    pub images: usize,
    /// The mean loss of the training images, each before its step.
    pub train_loss: f64,
    pub validation: Score,
    /// The epoch to keep, of those so far.
    pub kept: u32,
    /// The training pass alone.
    pub seconds: f64,
    pub validation_seconds: f64,
}

/// How well the model that is kept does on the test images.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Test {
    /// The epoch that made it, counted from 1.
    pub epoch: u32,
    pub score: Score,
}

/// How well a model does on a set of images.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Score {
    /// The mean cross-entropy.
    pub loss: f64,
    /// The share of images, from 0 to 1, that are taken for what they are.
    pub accuracy: f64,
}

/// Why a training ended early.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    #[error(transparent)]
    Gpu(#[from] GpuError),
    #[error("the loss is no longer a number in step {step} of epoch {epoch}: choose a smaller learning rate")]
    Diverged { epoch: u32, step: usize },
}

impl Progress {
    /// Training images in a second of this epoch, so far.
    pub fn images_per_second(&self) -> f64 {
        self.images as f64 / self.seconds
    }
}

impl Epoch {
    /// Training images in a second of the training pass.
    pub fn images_per_second(&self) -> f64 {
        self.images as f64 / self.seconds
    }
}

/// Trains on `data` and tells `events` what happens, with the model as it is then; the training waits for it, so it may
/// look at the model or hold the training up. An error that it returns ends the training and is handed on.
///
/// # Errors
/// The device failed, the adapter is too small, or the training diverged.
pub async fn train<E: From<TrainError>>(
    gpu: &Gpu,
    job: &Job,
    data: Split,
    mut events: impl AsyncFnMut(Event, &Model) -> Result<(), E>,
) -> Result<(), E> {
    let mut training = Training::new(gpu, job, data)?;
    let mut kept: Option<(u32, Score, Parameters)> = None;
    for epoch in 1..=job.epochs {
        let pass = training.pass(epoch, &mut events).await?;
        let started = Instant::now();
        let evaluation = training.validation.evaluate().await.map_err(TrainError::from)?;
        let validation = training.validation.score(&evaluation);
        if !validation.loss.is_finite() {
            return Err(TrainError::Diverged { epoch, step: training.trainer.steps_of_an_epoch() }.into());
        }
        let validation_seconds = started.elapsed().as_secs_f64();
        let model = training.trainer.model();
        let kept = match kept.take() {
            Some(older) if !job.keep.prefers(&validation, &older.1) => kept.insert(older),
            _ => kept.insert((epoch, validation, model.read_parameters().await.map_err(TrainError::from)?)),
        };
        let epoch = Epoch {
            epoch,
            images: pass.of,
            train_loss: pass.loss,
            validation,
            kept: kept.0,
            seconds: pass.seconds,
            validation_seconds,
        };
        events(Event::Epoch(epoch, &evaluation), model).await?;
    }
    let (epoch, _, parameters) = kept.expect("a job has an epoch");
    let model = training.trainer.model();
    model.write_parameters(&parameters);
    let score = training.test.score(&training.test.evaluate().await.map_err(TrainError::from)?);
    events(Event::Test(Test { epoch, score }), model).await
}

impl Keep {
    fn prefers(self, newer: &Score, older: &Score) -> bool {
        let by_accuracy = || newer.accuracy.total_cmp(&older.accuracy);
        let by_loss = || older.loss.total_cmp(&newer.loss);
        match self {
            Keep::Best => by_accuracy().then_with(by_loss).is_gt(),
            Keep::Last => true,
        }
    }
}

struct Training {
    trainer: Trainer,
    images: usize,
    batch: usize,
    validation: Judge,
    test: Judge,
    steps: usize,
    steps_are_fixed: bool,
}

impl Training {
    fn new(gpu: &Gpu, job: &Job, data: Split) -> Result<Training, TrainError> {
        let images = Images::new(gpu, &data.training.images, &data.training.labels)?;
        let trainer = Trainer::new(gpu, &job.network, &job.parameters, &images, &job.plan)?;
        Ok(Training {
            images: images.count(),
            batch: job.plan.batch,
            validation: Judge::new(trainer.model(), data.validation)?,
            test: Judge::new(trainer.model(), data.test)?,
            trainer,
            steps: job.steps_per_submit.unwrap_or(1),
            steps_are_fixed: job.steps_per_submit.is_some(),
        })
    }

    /// One epoch's steps; gives the last progress.
    async fn pass<E: From<TrainError>>(
        &mut self,
        epoch: u32,
        events: &mut impl AsyncFnMut(Event, &Model) -> Result<(), E>,
    ) -> Result<Progress, E> {
        let started = Instant::now();
        self.trainer.begin_epoch(epoch - 1).map_err(TrainError::from)?;
        let seconds = started.elapsed().as_secs_f64();
        let mut progress = Progress { epoch, images: 0, of: self.images, loss: 0.0, seconds };
        let (mut sum, mut done) = (0.0, 0);
        while done < self.trainer.steps_of_an_epoch() {
            let submitted = Instant::now();
            let steps = self.steps.min(self.trainer.steps_of_an_epoch() - done);
            let losses = self.trainer.run(steps).await.map_err(TrainError::from)?;
            if let Some(image) = losses.iter().position(|loss| !loss.is_finite()) {
                return Err(TrainError::Diverged { epoch, step: done + image / self.batch + 1 }.into());
            }
            if !self.steps_are_fixed {
                self.steps = next_steps(steps, submitted.elapsed());
            }
            done += steps;
            sum += losses.iter().copied().map(f64::from).sum::<f64>();
            progress.images += losses.len();
            progress.loss = sum / progress.images as f64;
            progress.seconds += submitted.elapsed().as_secs_f64();
            events(Event::Progress(progress), self.trainer.model()).await?;
        }
        Ok(progress)
    }
}

/// The images that a model is judged on.
struct Judge {
    evaluator: Evaluator,
    labels: Vec<u8>,
}

impl Judge {
    fn new(model: &Model, data: DataSet) -> Result<Judge, GpuError> {
        let images = Images::new(model.gpu(), &data.images, &data.labels)?;
        Ok(Judge { evaluator: Evaluator::new(model, &images, EVALUATION_BATCH)?, labels: data.labels })
    }

    async fn evaluate(&self) -> Result<Evaluation, GpuError> {
        self.evaluator.run().await
    }

    fn score(&self, evaluation: &Evaluation) -> Score {
        Score { loss: evaluation.loss(), accuracy: evaluation.accuracy(&self.labels) }
    }
}

/// The steps of the next submit, when `steps` took `time`.
fn next_steps(steps: usize, time: Duration) -> usize {
    let per_step = time.as_secs_f64() / steps as f64;
    ((SUBMIT.as_secs_f64() / per_step) as usize).clamp(1, MOST_STEPS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_epoch_is_the_most_accurate_and_of_equals_the_one_of_smaller_loss() {
        let score = |accuracy, loss| Score { accuracy, loss };
        let prefers = |keep: Keep, newer, older| keep.prefers(&newer, &older);
        assert!(prefers(Keep::Best, score(0.92, 0.9), score(0.91, 0.1)));
        assert!(!prefers(Keep::Best, score(0.91, 0.1), score(0.92, 0.9)));
        assert!(prefers(Keep::Best, score(0.91, 0.1), score(0.91, 0.2)));
        assert!(!prefers(Keep::Best, score(0.91, 0.1), score(0.91, 0.1)));
        assert!(prefers(Keep::Last, score(0.1, 2.0), score(0.9, 0.1)));
    }

    #[test]
    fn a_submit_takes_a_quarter_of_a_second_within_bounds() {
        assert_eq!(next_steps(1, Duration::from_millis(20)), 12);
        assert_eq!(next_steps(12, Duration::from_millis(480)), 6);
        assert_eq!(next_steps(1, Duration::from_secs(10)), 1);
        assert_eq!(next_steps(64, Duration::from_micros(1)), 64);
        assert_eq!(next_steps(1, Duration::ZERO), 64);
    }
}

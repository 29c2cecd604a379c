//! Training from the first epoch to the last: [`train`] arranges the steps of a [`Trainer`](crate::trainer::Trainer) into epochs, has each epoch
//! judged on the validation images and the one to keep on the test images, and tells what happens as events. It shows
//! nothing and writes nothing; that is for whoever listens.

mod through;
mod work;

use std::time::Duration;

use crate::evaluate::Evaluation;
use crate::gpu::{Gpu, GpuError};
use crate::mnist::Split;
use crate::model::Model;
use crate::network::{Network, Parameters};
use crate::platform::Instant;
use crate::trainer::{self, Of, Plan};
pub use through::{Listener, train_through};
use work::Training;

/// What to train and for how long.
#[derive(Clone, Debug, PartialEq)]
pub struct Job {
    pub network: Network,
    /// Where the training starts.
    pub parameters: Parameters,
    pub plan: Plan,
    pub epochs: u32,
    pub keep: Keep,
    /// Epochs after which the training ends, when none of them was the best so far; all are trained where there is no limit.
    pub patience: Option<u32>,
    /// Steps in one submit; `None` chooses by time. It never changes what is computed.
    pub steps_per_submit: Option<usize>,
}

/// The epoch whose model a training ends with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// The one that gets most validation images right; of equals the one with the smaller validation loss.
    Best,
    Last,
}

/// What happens in a training, in this order: progress, again and again, and an epoch; at last the test. Between them checkpoints,
/// where they are asked for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Event<'a> {
    /// A submit is done.
    Progress(Progress),
    /// An epoch is done: what it makes of the validation images, and the parameters that it ended with.
    Epoch(Epoch, &'a Evaluation, &'a Parameters),
    /// The training rests here for a moment, and could go on from here.
    Checkpoint(&'a State),
    /// The training is done, the model is the one to keep, and this is what it makes of the test images.
    Test(Test, &'a Evaluation),
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
    /// The time of these steps, without what [`train`]'s events were waited for where that held up the GPU.
    pub seconds: f64,
    /// Images of the whole training that the model has learnt from when it is read now: steps are on their way whose losses
    /// are not known yet.
    pub learnt: u64,
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

/// Where a training is: all that an exact continuation needs beside the job and the data.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    pub trainer: trainer::State,
    /// Of the epoch in work.
    pub progress: Progress,
    /// The last epoch that was judged.
    pub judged: u32,
    /// The epoch to keep, what it makes of the validation images, and its parameters.
    pub kept: Option<(u32, Score, Parameters)>,
}

/// Where a training begins, and how often it rests to tell where it is.
#[derive(Clone, Debug, Default)]
pub struct Checkpoints {
    /// Where an earlier one was; at the start where there was none.
    pub from: Option<State>,
    pub every: Option<Every>,
}

/// How far apart checkpoints are, at least.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Every {
    Steps(u32),
    Time(Duration),
}

/// Why a training ended early.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    #[error(transparent)]
    Gpu(#[from] GpuError),
    #[error("{of} is no longer a number in step {step} of epoch {epoch}: choose a smaller learning rate")]
    Diverged { of: Of, epoch: u32, step: usize },
    #[error("the checkpoint is of another training")]
    OtherTraining,
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

/// Trains on `data` and tells `events` what happens, with the model in training; the training waits for it, so it may look
/// at the model or hold the training up. Meanwhile the GPU goes on with what was submitted: the model may be some steps
/// ahead of the event, [`Progress::learnt`] says how many. An error that it returns ends the training and is handed on.
///
/// ```
/// # use pollster::FutureExt as _;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use digits::gpu::{Gpu, Request};
/// use digits::mnist::Split;
/// use digits::network::{Network, Parameters, Shape};
/// use digits::recipe::Recipe;
/// use digits::train::{Event, Job, Keep, TrainError, train};
///
/// let mut data = Split::embedded()?;
/// data.training.truncate(2_560);
/// data.validation.truncate(100);
/// data.test.truncate(500);
/// let network = Network::parse(Shape::MNIST, "dense 10")?;
/// let job = Job {
///     parameters: Parameters::glorot(&network, 0),
///     network,
///     plan: Recipe::seed().plan(2_560, 0),
///     epochs: 3,
///     keep: Keep::Last,
///     patience: None,
///     steps_per_submit: None,
/// };
/// let gpu = Gpu::open(&Request::default()).block_on()?;
/// let mut accuracy = 0.0;
/// let tell = async |event: Event<'_>, _: &_| {
///     if let Event::Test(test, _) = event {
///         accuracy = test.score.accuracy;
///     }
///     Ok::<(), TrainError>(())
/// };
/// train(&gpu, &job, data, tell).block_on()?;
/// assert!(accuracy > 0.7);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// The device failed, the adapter is too small, or the training diverged.
pub async fn train<E: From<TrainError>>(
    gpu: &Gpu,
    job: &Job,
    data: Split,
    events: impl AsyncFnMut(Event, &Model) -> Result<(), E>,
) -> Result<(), E> {
    train_from(gpu, job, data, Checkpoints::default(), events).await
}

/// [`train`], with checkpoints: it comes to the same bits, wherever it begins and however often it rests.
///
/// # Errors
/// Those of [`train`], and a checkpoint of another network or plan.
pub async fn train_from<E: From<TrainError>>(
    gpu: &Gpu,
    job: &Job,
    data: Split,
    Checkpoints { from, every }: Checkpoints,
    mut events: impl AsyncFnMut(Event, &Model) -> Result<(), E>,
) -> Result<(), E> {
    let mut training = Training::new(gpu, job, data)?;
    let mut rest = every.map(Rest::new);
    let mut first = 1;
    if let Some(state) = from {
        first = state.trainer.epoch;
        training.restore(state)?;
    }
    'epochs: for epoch in first..=job.epochs {
        training.begin(epoch)?;
        while training.has_steps_left() {
            training.make_room(&mut events).await?;
            if let Some(rest) = rest.as_mut().filter(|rest| rest.is_due()) {
                training.land(&mut events).await?;
                let state = training.state().await?;
                events(Event::Checkpoint(&state), training.model()).await?;
                rest.begin_again();
            }
            if training.is_out_of_patience() {
                break 'epochs;
            }
            let most = rest.as_ref().map_or(usize::MAX, Rest::steps_left);
            let steps = training.submit_steps(epoch, most)?;
            rest.iter_mut().for_each(|rest| rest.steps += steps as u32);
        }
        training.make_room(&mut events).await?;
        training.submit_validation(epoch)?;
    }
    training.land(&mut events).await?;
    training.end(events).await
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

/// When the next checkpoint is due.
struct Rest {
    every: Every,
    /// Since the last.
    steps: u32,
    last: Instant,
}

impl Rest {
    fn new(every: Every) -> Rest {
        Rest { every, steps: 0, last: Instant::now() }
    }

    fn is_due(&self) -> bool {
        match self.every {
            Every::Steps(steps) => self.steps >= steps,
            Every::Time(time) => self.last.elapsed() >= time,
        }
    }

    /// How many steps there may be until then.
    fn steps_left(&self) -> usize {
        match self.every {
            Every::Steps(steps) => steps.saturating_sub(self.steps) as usize,
            Every::Time(_) => usize::MAX,
        }
    }

    fn begin_again(&mut self) {
        *self = Rest::new(self.every);
    }
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
}

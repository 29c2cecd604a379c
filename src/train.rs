//! Training from the first epoch to the last: [`train`] arranges the steps of a [`Trainer`] into epochs, has each epoch
//! judged on the validation images and the one to keep on the test images, and tells what happens as events. It shows
//! nothing and writes nothing; that is for whoever listens.

mod through;

use std::collections::VecDeque;
use std::time::Duration;

use crate::evaluate::{self, Evaluation, EvaluationInWork, Evaluator};
use crate::gpu::{Gpu, GpuError, Reading};
use crate::layers::batch::Images;
use crate::layers::update::Kind;
use crate::mnist::{DataSet, Split};
use crate::model::Model;
use crate::network::{Network, Parameters};
use crate::platform::Instant;
use crate::trainer::{self, Fault, Losses, Of, Plan, StepError, Trainer};
pub use through::{Listener, train_through};

/// Submits that are on their way to a GPU at a time: while it works on one, the host encodes the next and reads what came of
/// the last. A software driver is the host.
const IN_FLIGHT: usize = 4;
const IN_FLIGHT_OF_SOFTWARE: usize = 1;

/// All that is on its way takes about this long: short enough to stop soon, long enough to keep a GPU at work.
const WORK_IN_FLIGHT: Duration = Duration::from_millis(250);
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
        if training.trainer.epochs() < epoch {
            training.trainer.begin_epoch(epoch - 1).map_err(TrainError::from)?;
        }
        while training.trainer.steps_left() > 0 {
            training.land_until(training.most_in_flight - 1, &mut events).await?;
            if let Some(rest) = rest.as_mut().filter(|rest| rest.is_due()) {
                training.land_until(0, &mut events).await?;
                let state = training.state().await?;
                events(Event::Checkpoint(&state), training.trainer.result()).await?;
                rest.begin_again();
            }
            if training.is_out_of_patience() {
                break 'epochs;
            }
            let most = rest.as_ref().map_or(usize::MAX, Rest::steps_left);
            let steps = training.submit_steps(epoch, most)?;
            rest.iter_mut().for_each(|rest| rest.steps += steps as u32);
        }
        training.land_until(training.most_in_flight - 1, &mut events).await?;
        training.submit_validation(epoch)?;
    }
    training.land_until(0, &mut events).await?;
    // What is still on its way came too late.
    training.in_flight.clear();
    let (epoch, _, parameters) = training.kept.expect("a job has an epoch");
    let model = training.trainer.result();
    model.write_parameters(&parameters);
    let evaluation = training.test.evaluator.run().await.map_err(TrainError::from)?;
    let score = training.test.score(&evaluation);
    events(Event::Test(Test { epoch, score }, &evaluation), model).await
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

struct Training {
    trainer: Trainer,
    images: usize,
    batch: usize,
    keep: Keep,
    patience: Option<u32>,
    validation: Judge,
    test: Judge,
    /// Of the next submit.
    steps: usize,
    steps_are_fixed: bool,
    in_flight: VecDeque<Flight>,
    most_in_flight: usize,
    /// When the last of them landed, from which on the GPU works on the next.
    landed: Instant,
    /// Of the epoch whose steps land.
    progress: Progress,
    /// The last epoch that was judged.
    judged: u32,
    kept: Option<(u32, Score, Parameters)>,
}

/// What was submitted and has not come back yet.
struct Flight {
    epoch: u32,
    submitted: Instant,
    work: Work,
}

enum Work {
    Steps(usize, Box<Losses>),
    /// And the parameters.
    Validation(Box<(EvaluationInWork, Reading)>),
}

impl Training {
    fn new(gpu: &Gpu, job: &Job, data: Split) -> Result<Training, TrainError> {
        let images = Images::new(gpu, &data.training.images, &data.training.labels)?;
        let trainer = Trainer::new(gpu, &job.network, &job.parameters, &images, &job.plan)?;
        Ok(Training {
            images: images.count(),
            batch: job.plan.batch,
            keep: job.keep,
            patience: job.patience,
            validation: Judge::new(trainer.result(), data.validation)?,
            test: Judge::new(trainer.result(), data.test)?,
            trainer,
            steps: job.steps_per_submit.unwrap_or(1),
            steps_are_fixed: job.steps_per_submit.is_some(),
            in_flight: VecDeque::new(),
            most_in_flight: if gpu.is_software() { IN_FLIGHT_OF_SOFTWARE } else { IN_FLIGHT },
            landed: Instant::now(),
            progress: Progress { epoch: 0, images: 0, of: images.count(), loss: 0.0, seconds: 0.0, learnt: 0 },
            judged: 0,
            kept: None,
        })
    }

    /// Where it is when nothing is on its way.
    async fn state(&self) -> Result<State, TrainError> {
        let trainer = self.trainer.state().await.map_err(|error| self.ended(error))?;
        let kept = self.kept.clone();
        Ok(State { trainer, progress: self.progress, judged: self.judged, kept })
    }

    fn restore(&mut self, State { trainer, progress, judged, kept }: State) -> Result<(), TrainError> {
        let parameters = trainer.parameters.len();
        let fits = kept.as_ref().is_none_or(|(_, _, kept)| kept.values.len() == parameters);
        if !fits || !self.trainer.fits(&trainer) {
            return Err(TrainError::OtherTraining);
        }
        self.trainer.restore(&trainer)?;
        (self.progress, self.judged, self.kept) = (progress, judged, kept);
        Ok(())
    }

    /// At most so many; gives how many.
    fn submit_steps(&mut self, epoch: u32, most: usize) -> Result<usize, TrainError> {
        let steps = self.steps.min(self.trainer.steps_left()).min(most);
        let submitted = Instant::now();
        let losses = self.trainer.submit(steps)?;
        let done = self.trainer.steps_of_an_epoch() - self.trainer.steps_left();
        self.progress.learnt = u64::from(epoch - 1) * self.images as u64 + (done * self.batch).min(self.images) as u64;
        self.in_flight.push_back(Flight { epoch, submitted, work: Work::Steps(steps, Box::new(losses)) });
        Ok(steps)
    }

    /// The parameters go to the host behind each epoch: those to keep are then there, without a wait for them.
    fn submit_validation(&mut self, epoch: u32) -> Result<(), TrainError> {
        let submitted = Instant::now();
        let evaluation = self.validation.evaluator.submit()?;
        let model = self.trainer.result();
        let parameters = model.parameters().start_reading(model.gpu(), 0..model.parameters().len());
        self.in_flight.push_back(Flight {
            epoch,
            submitted,
            work: Work::Validation(Box::new((evaluation, parameters))),
        });
        Ok(())
    }

    /// Waits for what was submitted first, and tells of it, until no more than `most` are on their way.
    async fn land_until<E: From<TrainError>>(
        &mut self,
        most: usize,
        events: &mut impl AsyncFnMut(Event, &Model) -> Result<(), E>,
    ) -> Result<(), E> {
        while self.in_flight.len() > most
            && !self.is_out_of_patience()
            && let Some(Flight { epoch, submitted, work }) = self.in_flight.pop_front()
        {
            match work {
                Work::Steps(steps, losses) => {
                    let losses = losses.finish().await.map_err(|error| self.ended(error))?;
                    self.land_steps(epoch, steps, self.landed.max(submitted), &losses);
                    self.landed = Instant::now();
                    events(Event::Progress(self.progress), self.trainer.result()).await?;
                }
                Work::Validation(both) => {
                    let (evaluation, parameters) = *both;
                    let evaluation = evaluation.finish().await.map_err(TrainError::from)?;
                    let values: Vec<f32> = parameters.numbers().await.map_err(TrainError::from)?;
                    self.trainer.check(Kind::Parameter, &values).map_err(|error| self.ended(error))?;
                    let (epoch, parameters) =
                        (self.land_validation(epoch, submitted, &evaluation)?, Parameters { values });
                    self.landed = Instant::now();
                    self.judged = epoch.epoch;
                    events(Event::Epoch(epoch, &evaluation, &parameters), self.trainer.result()).await?;
                    if epoch.kept == epoch.epoch {
                        self.kept = Some((epoch.epoch, epoch.validation, parameters));
                    }
                }
            }
            // Whoever took longer than the work on its way has held up the GPU.
            if self.landed.elapsed() > WORK_IN_FLIGHT {
                self.landed = Instant::now();
            }
        }
        Ok(())
    }

    /// Why steps ended it.
    fn ended(&self, error: StepError) -> TrainError {
        match error {
            StepError::Gpu(error) => TrainError::Gpu(error),
            StepError::NotANumber(Fault { step, of }) => {
                let (before, of_an_epoch) = (step.max(1) as usize - 1, self.trainer.steps_of_an_epoch());
                TrainError::Diverged { of, epoch: (before / of_an_epoch) as u32 + 1, step: before % of_an_epoch + 1 }
            }
        }
    }

    fn is_out_of_patience(&self) -> bool {
        let without_better = self.kept.as_ref().map_or(0, |(kept, ..)| self.judged - kept);
        self.patience.is_some_and(|patience| without_better >= patience)
    }

    fn land_steps(&mut self, epoch: u32, steps: usize, began: Instant, losses: &[f32]) {
        let progress = &mut self.progress;
        if progress.epoch != epoch {
            *progress = Progress { epoch, images: 0, loss: 0.0, seconds: 0.0, ..*progress };
        }
        let time = began.elapsed();
        self.trainer.step().expect(time / steps as u32);
        let an_image = time / (steps * self.batch) as u32;
        self.validation.evaluator.expect(an_image);
        self.test.evaluator.expect(an_image);
        if !self.steps_are_fixed {
            self.steps = next_steps(steps, time, self.most_in_flight);
        }
        // Image by image, so that the bits do not depend on what a submit holds.
        for loss in losses {
            progress.images += 1;
            progress.loss += (f64::from(*loss) - progress.loss) / progress.images as f64;
        }
        progress.seconds += time.as_secs_f64();
    }

    fn land_validation(&self, epoch: u32, submitted: Instant, evaluation: &Evaluation) -> Result<Epoch, TrainError> {
        let validation = self.validation.score(evaluation);
        if !validation.loss.is_finite() {
            return Err(TrainError::Diverged { of: Of::Loss, epoch, step: self.trainer.steps_of_an_epoch() });
        }
        let kept = match &self.kept {
            Some((older, score, _)) if !self.keep.prefers(&validation, score) => *older,
            _ => epoch,
        };
        Ok(Epoch {
            epoch,
            images: self.images,
            train_loss: self.progress.loss,
            validation,
            kept,
            seconds: self.progress.seconds,
            validation_seconds: self.landed.max(submitted).elapsed().as_secs_f64(),
        })
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
        let evaluator = Evaluator::new(model, &images, evaluate::batch(model.gpu()))?;
        Ok(Judge { evaluator, labels: data.labels })
    }

    fn score(&self, evaluation: &Evaluation) -> Score {
        Score { loss: evaluation.loss(), accuracy: evaluation.accuracy(&self.labels) }
    }
}

/// The steps of the next submit, one of so many, when `steps` took `time`.
fn next_steps(steps: usize, time: Duration, in_flight: usize) -> usize {
    let per_step = time.as_secs_f64() / steps as f64;
    ((WORK_IN_FLIGHT.as_secs_f64() / in_flight as f64 / per_step) as usize).clamp(1, MOST_STEPS)
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
    fn all_submits_together_take_a_quarter_of_a_second_within_bounds() {
        assert_eq!(next_steps(1, Duration::from_millis(20), 1), 12);
        assert_eq!(next_steps(12, Duration::from_millis(480), 1), 6);
        assert_eq!(next_steps(12, Duration::from_millis(120), 4), 6);
        assert_eq!(next_steps(1, Duration::from_secs(10), 1), 1);
        assert_eq!(next_steps(64, Duration::from_micros(1), 4), 64);
        assert_eq!(next_steps(1, Duration::ZERO, 1), 64);
    }
}

//! A training between two calls of the host: what was submitted to the GPU and has not come back yet, what came of the steps that
//! did, and the model to keep.

use std::collections::VecDeque;
use std::time::Duration;

use super::{Epoch, Event, Job, Keep, Progress, Score, State, Test, TrainError};
use crate::evaluate::{self, Evaluation, EvaluationInWork, Evaluator};
use crate::gpu::{Gpu, GpuError, Reading};
use crate::layers::batch::Images;
use crate::layers::update::Kind;
use crate::mnist::{DataSet, Split};
use crate::model::Model;
use crate::network::Parameters;
use crate::platform::Instant;
use crate::trainer::{Fault, Losses, Of, StepError, Trainer};

/// Submits that are on their way to a GPU at a time: while it works on one, the host encodes the next and reads what came of
/// the last. A software driver is the host.
const IN_FLIGHT: usize = 4;
const IN_FLIGHT_OF_SOFTWARE: usize = 1;

/// All that is on its way takes about this long: short enough to stop soon, long enough to keep a GPU at work.
const WORK_IN_FLIGHT: Duration = Duration::from_millis(250);
const MOST_STEPS: usize = 64;

/// A training in work.
pub(super) struct Training {
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
    pub fn new(gpu: &Gpu, job: &Job, data: Split) -> Result<Training, TrainError> {
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
    pub async fn state(&self) -> Result<State, TrainError> {
        let trainer = self.trainer.state().await.map_err(|error| self.ended(error))?;
        let kept = self.kept.clone();
        Ok(State { trainer, progress: self.progress, judged: self.judged, kept })
    }

    pub fn restore(&mut self, State { trainer, progress, judged, kept }: State) -> Result<(), TrainError> {
        let parameters = trainer.parameters.len();
        let fits = kept.as_ref().is_none_or(|(_, _, kept)| kept.values.len() == parameters);
        if !fits || !self.trainer.fits(&trainer) {
            return Err(TrainError::OtherTraining);
        }
        self.trainer.restore(&trainer)?;
        (self.progress, self.judged, self.kept) = (progress, judged, kept);
        Ok(())
    }

    /// The model that learns.
    pub fn model(&self) -> &Model {
        self.trainer.result()
    }

    /// Begins an epoch, if it is not one that was begun before a checkpoint.
    pub fn begin(&mut self, epoch: u32) -> Result<(), TrainError> {
        if self.trainer.epochs() < epoch {
            self.trainer.begin_epoch(epoch - 1)?;
        }
        Ok(())
    }

    /// Whether the epoch has steps that were not submitted.
    pub fn has_steps_left(&self) -> bool {
        self.trainer.steps_left() > 0
    }

    /// At most so many; gives how many.
    pub fn submit_steps(&mut self, epoch: u32, most: usize) -> Result<usize, TrainError> {
        let steps = self.steps.min(self.trainer.steps_left()).min(most);
        let submitted = Instant::now();
        let losses = self.trainer.submit(steps)?;
        let done = self.trainer.steps_of_an_epoch() - self.trainer.steps_left();
        self.progress.learnt = u64::from(epoch - 1) * self.images as u64 + (done * self.batch).min(self.images) as u64;
        self.in_flight.push_back(Flight { epoch, submitted, work: Work::Steps(steps, Box::new(losses)) });
        Ok(steps)
    }

    /// The parameters go to the host behind each epoch: those to keep are then there, without a wait for them.
    pub fn submit_validation(&mut self, epoch: u32) -> Result<(), TrainError> {
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

    /// Waits until another submit may go.
    pub async fn make_room<E: From<TrainError>>(
        &mut self,
        events: &mut impl AsyncFnMut(Event, &Model) -> Result<(), E>,
    ) -> Result<(), E> {
        self.land_until(self.most_in_flight - 1, events).await
    }

    /// Waits for all that is on its way.
    pub async fn land<E: From<TrainError>>(
        &mut self,
        events: &mut impl AsyncFnMut(Event, &Model) -> Result<(), E>,
    ) -> Result<(), E> {
        self.land_until(0, events).await
    }

    /// Tests the model of the epoch to keep.
    pub async fn end<E: From<TrainError>>(
        mut self,
        mut events: impl AsyncFnMut(Event, &Model) -> Result<(), E>,
    ) -> Result<(), E> {
        // What is still on its way came too late.
        self.in_flight.clear();
        let (epoch, _, parameters) = self.kept.expect("a job has an epoch");
        let model = self.trainer.result();
        model.write_parameters(&parameters);
        let evaluation = self.test.evaluator.run().await.map_err(TrainError::from)?;
        let score = self.test.score(&evaluation);
        events(Event::Test(Test { epoch, score }, &evaluation), model).await
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

    pub fn is_out_of_patience(&self) -> bool {
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
    fn all_submits_together_take_a_quarter_of_a_second_within_bounds() {
        assert_eq!(next_steps(1, Duration::from_millis(20), 1), 12);
        assert_eq!(next_steps(12, Duration::from_millis(480), 1), 6);
        assert_eq!(next_steps(12, Duration::from_millis(120), 4), 6);
        assert_eq!(next_steps(1, Duration::from_secs(10), 1), 1);
        assert_eq!(next_steps(64, Duration::from_micros(1), 4), 64);
        assert_eq!(next_steps(1, Duration::ZERO, 1), 64);
    }
}

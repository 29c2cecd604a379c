//! A training that somebody watches: how far it is, its first filters, what it gets wrong; it can be held up and stopped, and
//! drawn into meanwhile, with the parameters as they are at that moment.

use std::time::Duration;

use super::filters;
use super::mind::{Engine, NEEDS_GPU};
use super::{Answer, Ask, By, Mistake, Recognition, Session, Subject, Training};
use crate::evaluate::Evaluation;
use crate::explain::Maps;
use crate::gpu::GpuError;
use crate::mnist::DataSet;
use crate::model::Model;
use crate::network::{Calibration, Classes, ModelFile, Parameters, Summary, best};
use crate::platform::Instant;
use crate::reference::Optimiser;
use crate::train::{Epoch, Event, Job, Progress, Test, TrainError, train};

/// Filters are shown at most once in this time: to read them waits for the GPU.
const BETWEEN_FILTERS: Duration = Duration::from_millis(500);

/// Mistakes that are shown, of all.
const MISTAKES: usize = 40;

/// Why a training ended before its last epoch.
enum Why {
    /// By a person, or with them: nobody asks any more.
    Stopped,
    Failed(TrainError),
}

impl From<TrainError> for Why {
    fn from(error: TrainError) -> Why {
        Why::Failed(error)
    }
}

impl From<GpuError> for Why {
    fn from(error: GpuError) -> Why {
        Why::Failed(error.into())
    }
}

/// What there is to keep of a training.
struct Kept {
    model: ModelFile,
    /// Whether an epoch is finished.
    has_epoch: bool,
}

impl<T: Fn(Answer)> Session<T> {
    /// Trains, and uses the model that comes of it; where nothing comes of it, the one before.
    pub(super) async fn train(&mut self, Training { job, data }: Training) {
        let Some(gpu) = self.mind.gpu().cloned() else { return (self.tell)(Answer::failed("train", NEEDS_GPU)) };
        // The page trains on MNIST alone, whose digits need no names.
        (self.tell)(Answer::Training { network: job.network.to_string(), epochs: job.epochs, names: Vec::new() });
        let model = ModelFile {
            network: job.network.clone(),
            parameters: job.parameters.clone(),
            classes: Classes::numbered(job.network.classes()),
            calibration: Calibration::default(),
            summary: summary(&job),
        };
        let mut kept = Kept { model, has_epoch: false };
        let (validation, mut filters_shown) = (data.validation.clone(), None);
        let mut test: Option<Test> = None;
        let events = async |event: Event<'_>, model: &Model| match event {
            Event::Progress(progress) => {
                (self.tell)(Answer::Progress(progress));
                if filters_shown.is_none_or(|shown: Instant| shown.elapsed() > BETWEEN_FILTERS) {
                    filters_shown = Some(Instant::now());
                    self.show_filters(model).await?;
                }
                self.attend(model, &mut kept, &progress).await
            }
            Event::Epoch(epoch, evaluation, parameters) => {
                (self.tell)(Answer::Epoch(epoch));
                (self.tell)(mistakes(&validation, evaluation));
                kept.take(&epoch, parameters);
                Ok(())
            }
            Event::Checkpoint(_) => Ok(()),
            Event::Test(result, _) => {
                kept.model.parameters = model.read_parameters().await?;
                kept.model.summary.test_accuracy = Some(result.score.accuracy);
                test = Some(result);
                Ok(())
            }
        };
        let done = train(&gpu, &job, data, events).await;
        self.finish(done, kept, test).await;
    }

    async fn finish(&mut self, done: Result<(), Why>, kept: Kept, test: Option<Test>) {
        let epochs = kept.model.summary.epochs;
        let is_worth_keeping = kept.has_epoch || kept.model.summary.images_seen > 0;
        let answer = match (&done, test) {
            (Ok(()), Some(test)) => Answer::Trained(test),
            (Err(Why::Failed(error)), _) => Answer::failed("train", error),
            _ => Answer::Stopped { epochs },
        };
        if let Err(Why::Failed(TrainError::Gpu(error))) = &done
            && error.is_of_device()
        {
            (self.tell)(self.mind.recover(error).await);
        }
        if is_worth_keeping && let Err(error) = self.mind.take_trained(kept.model.clone()) {
            (self.tell)(self.mind.recover(&error).await);
            if let Err(error) = self.mind.take_trained(kept.model) {
                (self.tell)(Answer::failed("train", error));
                return (self.tell)(Answer::Ready(self.mind.about()));
            }
        }
        (self.tell)(answer);
        (self.tell)(Answer::Ready(self.mind.about()));
    }

    /// Answers what was asked meanwhile, and waits where the training is to be held up.
    async fn attend(&mut self, model: &Model, kept: &mut Kept, progress: &Progress) -> Result<(), Why> {
        let mut is_held = false;
        loop {
            let ask = match (self.inbox.waiting(), is_held) {
                (Some(ask), _) => ask,
                (None, true) => self.inbox.next().await.ok_or(Why::Stopped)?,
                (None, false) if self.inbox.is_closed() => return Err(Why::Stopped),
                (None, false) => return Ok(()),
            };
            match ask {
                Ask::Recognize { number, subject, asked } => self.look(model, number, &subject, asked).await?,
                Ask::Pause if !is_held => {
                    is_held = true;
                    (self.tell)(Answer::Paused);
                }
                Ask::Resume if is_held => {
                    is_held = false;
                    (self.tell)(Answer::Resumed);
                }
                Ask::Pause | Ask::Resume => {}
                Ask::Stop => {
                    kept.take_unfinished(progress, model).await?;
                    return Err(Why::Stopped);
                }
                ask => (self.tell)(ask.refused("a training")),
            }
        }
    }

    /// Recognizes and explains with the parameters as they are now.
    async fn look(&self, model: &Model, number: u64, subject: &Subject, asked: Instant) -> Result<(), Why> {
        let Some((input, place)) = subject.seen() else {
            (self.tell)(Answer::Nothing { number });
            return Ok(());
        };
        let engine = Engine::of(model)?;
        let probabilities = engine.recognize(&input).await?;
        let (class, latency) = (best(&probabilities), asked.elapsed());
        let input = Box::new(input);
        // Nobody has calibrated a training in progress.
        let recognition = Recognition { number, by: By::Gpu, input, place, probabilities, is_digit: true, latency };
        (self.tell)(Answer::Recognized(recognition));
        let explanation = engine.explain(class).await?;
        (self.tell)(Answer::Explained { number, explanation });
        Ok(())
    }

    async fn show_filters(&self, model: &Model) -> Result<(), Why> {
        if let Some(filters) = filters(model).await? {
            (self.tell)(Answer::Filters(filters));
        }
        Ok(())
    }
}

impl Kept {
    /// The model of an epoch, where that is the one to keep.
    fn take(&mut self, epoch: &Epoch, parameters: &Parameters) {
        self.has_epoch = true;
        if epoch.kept == epoch.epoch {
            self.model.parameters = parameters.clone();
            let summary = &mut self.model.summary;
            summary.epochs = epoch.epoch;
            summary.images_seen = u64::from(epoch.epoch) * epoch.images as u64;
            summary.validation_accuracy = Some(epoch.validation.accuracy);
        }
    }

    /// The model of the newest step, where no epoch is finished.
    async fn take_unfinished(&mut self, progress: &Progress, model: &Model) -> Result<(), Why> {
        if !self.has_epoch {
            self.model.parameters = model.read_parameters().await?;
            self.model.summary.images_seen = progress.learnt;
        }
        Ok(())
    }
}

/// Before the first step.
fn summary(job: &Job) -> Summary {
    let (optimiser, learning_rate) = match job.plan.optimiser {
        Optimiser::Adam(adam) => ("adam", adam.learning_rate),
        Optimiser::Sgd(sgd) => ("sgd", sgd.learning_rate),
    };
    Summary {
        epochs: 0,
        batch: job.plan.batch as u32,
        optimiser: optimiser.into(),
        learning_rate,
        recipe: None,
        seed: job.plan.seed,
        augment: None,
        images_seen: 0,
        validation_accuracy: None,
        test_accuracy: None,
    }
}

/// The first convolution's filters, if the network has one.
pub(super) async fn filters(model: &Model) -> Result<Option<Maps>, GpuError> {
    let Some(matrix) = filters::matrix(model.network()) else { return Ok(None) };
    let rows: Vec<f32> = model.parameters().read_range(model.gpu(), matrix.offset..matrix.end()).await?;
    Ok(Some(filters::pictures(&matrix, &rows)))
}

/// What an evaluation of `data` got wrong.
pub(super) fn mistakes(data: &DataSet, evaluation: &Evaluation) -> Answer {
    let answers = data.labels.iter().zip(&evaluation.predictions).enumerate();
    let wrong: Vec<_> = answers.filter(|(_, (label, said))| label != said).collect();
    let mistake = |(index, (label, said)): &(usize, (&u8, &u8))| Mistake {
        pixels: data.image(*index).to_vec(),
        label: **label,
        said: **said,
    };
    Answer::Mistakes { of: wrong.len(), mistakes: wrong.iter().take(MISTAKES).map(mistake).collect() }
}

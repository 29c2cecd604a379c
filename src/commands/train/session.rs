//! A training in progress: what happens in it becomes lines, a log, checkpoints and a model file.

use std::fmt::Display;
use std::path::Path;
use std::time::Instant;

use digits::calibrate::{self, Certainty, Sample};
use digits::checkpoint::Checkpoint;
use digits::evaluate::{self, Evaluation, Evaluator};
use digits::gpu::Gpu;
use digits::html::{Folder, Origin, TrainingPart};
use digits::inspect::{self, Judged};
use digits::layers::batch::Images;
use digits::mnist::DataSet;
use digits::model::Model;
use digits::network::{Calibration, Classes, ModelFile, ModelFileError, Network, Parameters, Summary};
use digits::report::{Ending, EpochLine, Log, Run, Times};
use digits::train::{Epoch, Event, Keep, Progress, Score, State, Test};
use digits::trainer::Plan;
use indicatif::HumanCount;

use super::super::interrupt::{Interrupt, Interrupted};
use super::super::screen::Screen;
use super::super::{note, pages, say};
use super::checkpoints::Keeper;
use super::lost::Device;
use super::watch::Watching;

/// A training in progress, as this command sees it.
pub struct Session<'a> {
    pub out: &'a Path,
    pub keep: Keep,
    pub log: Option<Log>,
    pub run: Run,
    pub interrupt: Interrupt,
    pub screen: Screen,
    pub watching: Watching,
    pub started: Instant,
    pub epochs: Vec<EpochLine>,
    pub network: &'a Network,
    pub classes: &'a Classes,
    /// The sets that validate, each by itself.
    pub known: Vec<DataSet>,
    pub report: Option<Report>,
    pub keeper: Option<Keeper>,
    pub told: Told,
    /// The default until the training has ended: after Ctrl-C nobody waits for a fit.
    pub calibration: Calibration,
    /// Of the newest model.
    pub summary: Summary,
    pub device: Device<'a>,
}

/// The files of which the user was told already that they cannot be written.
#[derive(Default)]
pub struct Told(Vec<&'static str>);

/// What a report needs beside what the training tells.
pub struct Report {
    pub folder: Folder,
    pub plan: Plan,
    /// The test images, and where they come from.
    pub data: String,
    pub images: DataSet,
}

impl Session<'_> {
    pub async fn take(&mut self, event: Event<'_>, model: &Model) -> anyhow::Result<()> {
        match event {
            Event::Progress(progress) => {
                self.watching.on(event, model, &self.interrupt, &self.screen).await?;
                self.progress(&progress, model).await
            }
            Event::Epoch(epoch, _, parameters) => {
                self.epoch(&epoch, parameters)?;
                self.watching.on(event, model, &self.interrupt, &self.screen).await
            }
            Event::Checkpoint(state) => {
                self.checkpoint(state);
                Ok(())
            }
            Event::Test(score, evaluation) => {
                self.test(&score, evaluation, model).await?;
                self.watching.on(event, model, &self.interrupt, &self.screen).await
            }
        }
    }

    /// Tells what was done before the training was killed, and has the files as they were then.
    pub fn go_on(&mut self, Checkpoint { epochs, state, .. }: Checkpoint) -> anyhow::Result<State> {
        let done = HumanCount((state.trainer.batches * self.run.batch) as u64);
        say(&format!("resumed   in epoch {} after {done} of its images\n", state.trainer.epoch))?;
        if let Some((epoch, score, parameters)) = &state.kept {
            self.save(self.summary_of(*epoch, score.accuracy), parameters)?;
        }
        self.epochs = epochs;
        self.device.has_checkpoint = true;
        self.rewind(state.judged);
        Ok(state)
    }

    /// Forgets what was told behind epoch `judged`: it will be told again.
    pub fn rewind(&mut self, judged: u32) {
        self.epochs.retain(|line| line.epoch <= judged);
        if let Some(log) = &mut self.log {
            let logged = log.replace(&self.epochs);
            self.go_on_anyway("log", logged);
        }
    }

    fn checkpoint(&mut self, state: &State) {
        let Some(keeper) = &mut self.keeper else { return };
        let written = keeper.write(state, &self.epochs);
        self.device.has_checkpoint |= written.is_ok();
        self.go_on_anyway("checkpoint", written);
    }

    /// Tells once of a file that cannot be written: that ends no training, which writes it again later.
    fn go_on_anyway(&mut self, file: &'static str, written: Result<(), impl Display>) {
        if let Err(error) = written
            && !self.told.0.contains(&file)
        {
            self.told.0.push(file);
            self.screen.note(&format!("note: {error}; the training goes on"));
        }
    }

    /// Of the model of an epoch that is kept.
    fn summary_of(&self, epoch: u32, accuracy: f64) -> Summary {
        let images_seen = u64::from(epoch) * self.run.images as u64;
        Summary { epochs: epoch, images_seen, validation_accuracy: Some(accuracy), ..self.summary.clone() }
    }

    async fn progress(&mut self, progress: &Progress, model: &Model) -> anyhow::Result<()> {
        self.screen.progress(progress);
        if self.interrupt.is_pressed() && (self.keep == Keep::Last || self.summary.epochs == 0) {
            let (images_seen, parameters) = (progress.learnt, model.read_parameters().await?);
            self.save(Summary { images_seen, validation_accuracy: None, ..self.summary.clone() }, &parameters)?;
        }
        self.stop_if_asked()
    }

    fn epoch(&mut self, epoch: &Epoch, parameters: &Parameters) -> anyhow::Result<()> {
        if epoch.kept == epoch.epoch {
            let saved = self.save(self.summary_of(epoch.epoch, epoch.validation.accuracy), parameters);
            self.go_on_anyway("model", saved);
        }
        let line = EpochLine::from(epoch);
        let log = self.log.as_mut();
        let logged = self.screen.above(|| log.map_or(Ok(()), |log| log.epoch(&line)));
        self.go_on_anyway("log", logged);
        self.epochs.push(line);
        self.screen.epoch(epoch)?;
        self.stop_if_asked()
    }

    async fn test(&mut self, test: &Test, evaluation: &Evaluation, model: &Model) -> anyhow::Result<()> {
        self.screen.clear();
        let mut samples = Vec::new();
        for data in &self.known {
            samples.push(Sample::of(model, data).await?);
        }
        self.calibration = calibrate::fit(&samples);
        let summary = Summary { test_accuracy: Some(test.score.accuracy), ..self.summary.clone() };
        let parameters = model.read_parameters().await?;
        self.save(summary, &parameters)?;
        let ending = self.ending(test);
        if let Some(log) = &mut self.log {
            log.finish(&ending)?;
        }
        let Test { epoch, score } = test;
        say(&format!(
            "\ntest accuracy {:.2} %, loss {:.4} (model of epoch {epoch})",
            100.0 * score.accuracy,
            score.loss
        ))?;
        say(&format!("saved {} after {:.1} s", self.out.display(), ending.total_seconds))?;
        say(&format!("SHA-256 of its parameters {}", inspect::hash(self.network, &parameters)))?;
        match &self.report {
            Some(report) => self.report(report, (model, &parameters), evaluation, (&ending, None)).await,
            None => Ok(()),
        }
    }

    fn ending(&self, test: &Test) -> Ending {
        let seconds: Vec<f64> = self.epochs.iter().map(|line| line.seconds).collect();
        let times = Times::of(&seconds).expect("a training has an epoch");
        Ending::new(self.run.clone(), test, times, self.started.elapsed().as_secs_f64())
    }

    /// Writes the report and says where it is.
    async fn report(
        &self,
        Report { folder, plan, data, images }: &Report,
        (model, parameters): (&Model, &Parameters),
        evaluation: &Evaluation,
        (ending, stopped): (&Ending, Option<usize>),
    ) -> anyhow::Result<()> {
        let sample = Sample::of(model, images).await?;
        let certainty = Certainty::of(&sample, self.calibration);
        let classes = self.classes;
        let judged = Judged { data, set: "test", classes, images, evaluation, sample: &sample, certainty: &certainty };
        let origin = Origin::Training(TrainingPart { plan, epochs: &self.epochs, ending, stopped });
        let name = self.out.display().to_string();
        let page = pages::write(folder, (&name, model), parameters, judged, origin).await?;
        Ok(say(&page)?)
    }

    /// The report of a training that was stopped: of the model in its file, if an epoch is finished.
    pub async fn report_stopped(&self, gpu: &Gpu) -> anyhow::Result<()> {
        let Some(report) = &self.report else { return Ok(()) };
        if self.summary.epochs == 0 {
            note("note: no epoch is finished, so there is no report");
            return Ok(());
        }
        note("note: stopped; the report comes in some seconds, and Ctrl-C again ends without it");
        let ModelFile { parameters, summary, .. } = ModelFile::load(self.out)?;
        let model = Model::new(gpu, self.network, &parameters)?;
        let images = Images::new(gpu, &report.images.images, &report.images.labels)?;
        let evaluation = Evaluator::new(&model, &images, evaluate::batch(gpu))?.run().await?;
        let accuracy = evaluation.accuracy(&report.images.labels);
        let test = Test { epoch: summary.epochs, score: Score { loss: evaluation.loss(), accuracy } };
        let ending = self.ending(&test);
        self.report(report, (&model, &parameters), &evaluation, (&ending, Some(summary.images_seen as usize))).await
    }

    fn stop_if_asked(&self) -> anyhow::Result<()> {
        if !self.interrupt.is_pressed() {
            return Ok(());
        }
        let (images, out) = (HumanCount(self.summary.images_seen), self.out.display());
        Err(Interrupted(format!("stopped; {out} holds the model after {images} training images")).into())
    }

    /// Writes the model and remembers what it is.
    fn save(&mut self, summary: Summary, parameters: &Parameters) -> Result<(), ModelFileError> {
        let (network, parameters) = (self.network.clone(), parameters.clone());
        let classes = self.classes.clone();
        let file = ModelFile { network, parameters, classes, calibration: self.calibration, summary };
        file.save(self.out)?;
        self.summary = file.summary;
        Ok(())
    }
}

//! `digits train --checkpoint` and `--resume`: a training that was killed goes on with the options that it was begun with.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use digits::checkpoint::{Checkpoint, CheckpointError, CheckpointFolder, DEFAULT_INTERVAL};
use digits::gpu::Gpu;
use digits::report::{EpochLine, adapter_line};
use digits::train::{Checkpoints, Every, State};

use super::super::values::{parse_seconds, whole};
use super::super::{Misuse, note};

/// What is kept of a training while it goes on.
#[derive(Args)]
pub struct CheckpointOptions {
    /// Folder to keep in where the training is, so that --resume can go on from there to the same bits
    #[arg(long, value_name = "DIR")]
    checkpoint: Option<PathBuf>,
    /// How often to write there: a number of steps, or of seconds, such as 10s [default: 30s]
    #[arg(long, value_name = "STEPS|SECONDS", requires = "checkpoint", value_parser = parse_every)]
    every: Option<Every>,
    /// Go on with the training whose checkpoints are in this folder, with the options that it was begun with; no others go with it
    #[arg(long, value_name = "DIR", exclusive = true)]
    resume: Option<PathBuf>,
}

/// The checkpoints of a training on their way to a folder.
pub struct Keeper {
    folder: CheckpointFolder,
    arguments: Vec<String>,
    data: String,
    adapter: String,
    written: u32,
    missed: u32,
}

impl CheckpointOptions {
    /// The folder whose training is to go on.
    pub fn resumed(&self) -> Option<&PathBuf> {
        self.resume.as_ref()
    }

    /// What is to be written, of a training of these data by an adapter; the folder is checked before anything takes time.
    pub fn folder(&self) -> anyhow::Result<Option<CheckpointFolder>> {
        Ok(self.checkpoint.as_deref().map(CheckpointFolder::create).transpose()?)
    }

    /// How often, and where to begin.
    pub fn plan(&self, from: Option<State>) -> Checkpoints {
        let every = self.every.unwrap_or(Every::Time(DEFAULT_INTERVAL));
        Checkpoints { from, every: self.checkpoint.is_some().then_some(every) }
    }
}

impl Keeper {
    /// Of a training of `data`, by its hash.
    pub fn new(folder: CheckpointFolder, arguments: Vec<String>, data: String, gpu: &Gpu) -> Keeper {
        Keeper { folder, arguments, data, adapter: adapter_line(gpu), written: 0, missed: 0 }
    }

    /// Tells of another adapter than the training was begun on.
    pub fn compare(&self, gpu: &Gpu) {
        compare_adapters(&self.adapter, gpu);
    }

    /// Where they lie.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn write(&mut self, state: &State, epochs: &[EpochLine]) -> Result<(), CheckpointError> {
        let Keeper { folder, arguments, data, adapter, .. } = self;
        let (arguments, data, adapter) = (arguments.clone(), data.clone(), adapter.clone());
        let checkpoint = Checkpoint { arguments, data, adapter, epochs: epochs.to_vec(), state: state.clone() };
        let written = folder.write(&checkpoint);
        *(if written.is_ok() { &mut self.written } else { &mut self.missed }) += 1;
        written
    }

    /// At the end: what of them is missing, if any.
    pub fn missed(&self) -> Option<String> {
        let (all, folder) = (self.written + self.missed, self.folder.path().display());
        (self.missed > 0)
            .then(|| format!("note: {} of the {all} checkpoints could not be written into {folder}", self.missed))
    }
}

/// Refuses data, by their hash, that are not those of the checkpoint, and tells of another adapter.
pub fn compare(checkpoint: &Checkpoint, data: &str, gpu: &Gpu) -> anyhow::Result<()> {
    if data != checkpoint.data {
        anyhow::bail!("the images are not those that the training was begun with: give it those, or begin a new one");
    }
    compare_adapters(&checkpoint.adapter, gpu);
    Ok(())
}

/// Tells of another adapter than the training was begun on.
fn compare_adapters(begun: &str, gpu: &Gpu) {
    if begun != adapter_line(gpu) {
        note(&format!(
            "note: the training was begun on another adapter, {begun}: its last bits may differ from now on"
        ));
    }
}

/// The newest whole checkpoint of a folder; one that is damaged is told of.
pub fn read(folder: &Path) -> anyhow::Result<Checkpoint> {
    let (checkpoint, damaged) = CheckpointFolder::read(folder)?;
    if let Some(problem) = damaged {
        note(&format!("note: {problem}; going on from the one before it"));
    }
    Ok(checkpoint)
}

/// The options of this program's command line, which a checkpoint keeps.
pub fn arguments() -> Result<Vec<String>, Misuse> {
    let utf8 = |argument: std::ffi::OsString| argument.into_string().ok();
    std::env::args_os().skip(1).map(utf8).collect::<Option<_>>().ok_or_else(|| {
        Misuse("--checkpoint keeps the options, and one of them is no UTF-8: choose another name".into())
    })
}

fn parse_every(text: &str) -> Result<Every, String> {
    match text.strip_suffix('s') {
        Some(seconds) => parse_seconds(seconds).map(|time| Every::Time(time.max(Duration::from_millis(1)))),
        None => whole::<u32>(1, u32::MAX.into())(text)
            .map(Every::Steps)
            .map_err(|_| format!("\"{text}\" is neither a number of steps, such as 500, nor of seconds, such as 10s")),
    }
}

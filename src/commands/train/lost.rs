//! A training whose GPU fails: with checkpoints it goes on by itself, once; else it ends with a sentence that says what can be
//! done.

use anyhow::Context;
use digits::gpu::{Gpu, GpuError};
use digits::model::Model;
use digits::train::{Event, Listener, State, TrainError};

use super::super::interrupt::Interrupted;
use super::session::Session;

/// The device of a training, and how it fares.
pub struct Device<'a> {
    pub reopen: Box<dyn Fn() -> anyhow::Result<Gpu> + 'a>,
    /// Whether it is the second one.
    pub was_lost: bool,
    pub has_begun: bool,
    pub has_checkpoint: bool,
}

impl<'a> Device<'a> {
    /// One that is there, and that `reopen` opens again.
    pub fn new(reopen: impl Fn() -> anyhow::Result<Gpu> + 'a) -> Device<'a> {
        Device { reopen: Box::new(reopen), was_lost: false, has_begun: false, has_checkpoint: false }
    }
}

impl Listener<anyhow::Error> for Session<'_> {
    async fn on(&mut self, event: Event<'_>, model: &Model) -> anyhow::Result<()> {
        self.device.has_begun = true;
        self.take(event, model).await
    }

    async fn lost(&mut self, error: anyhow::Error, state: Option<&State>) -> anyhow::Result<Gpu> {
        if error.is::<Interrupted>() {
            return Err(error);
        }
        self.device.was_lost = true;
        let gpu = (self.device.reopen)().with_context(|| format!("{error}; it cannot be opened again"))?;
        let place = state.map_or("its start".into(), |state| {
            format!("its checkpoint behind step {} of epoch {}", state.trainer.batches, state.trainer.epoch)
        });
        self.screen.note(&format!("note: {error}; it was opened again, and the training goes on from {place}"));
        self.keeper.iter().for_each(|keeper| keeper.compare(&gpu));
        self.rewind(state.map_or(0, |state| state.judged));
        Ok(gpu)
    }
}

impl Session<'_> {
    /// `error`, where it is the GPU's with what it cost and what can be done.
    pub fn advised(&self, error: anyhow::Error) -> anyhow::Error {
        let Some(failure) = failure(&error) else { return error };
        let help = match failure {
            GpuError::OutOfMemory => "",
            _ => "; if it fails again, a smaller --batch or another --backend may help",
        };
        let Device { was_lost, has_begun, has_checkpoint, .. } = self.device;
        let again = if was_lost { ", for the second time" } else { "" };
        let cost = match &self.keeper {
            Some(keeper) if has_checkpoint => {
                format!("; `digits train --resume {}` goes on from the last checkpoint", keeper.folder().display())
            }
            _ if has_begun => {
                let since = match self.summary.epochs {
                    0 => String::new(),
                    epoch => format!(" since epoch {epoch}"),
                };
                format!("; what it had learnt{since} is lost, which --checkpoint DIR would have kept")
            }
            _ => String::new(),
        };
        anyhow::anyhow!("{failure}{again}{cost}{help}")
    }
}

/// The failure of the device that an error is, if it is one.
fn failure(error: &anyhow::Error) -> Option<&GpuError> {
    let of_training = || match error.downcast_ref() {
        Some(TrainError::Gpu(error)) => Some(error),
        _ => None,
    };
    error.downcast_ref().or_else(of_training).filter(|error: &&GpuError| error.is_of_device())
}

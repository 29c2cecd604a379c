//! A training that outlives its device: where that is lost, it goes on on another one from its last checkpoint, once.

use super::{Checkpoints, Event, Job, State, TrainError, train_from};
use crate::gpu::{Gpu, GpuError};
use crate::mnist::Split;
use crate::model::Model;

/// Whoever is told of such a training.
#[expect(async_fn_in_trait, reason = "a training is awaited where it was begun")]
pub trait Listener<E> {
    /// What happens, as in [`train_from`].
    async fn on(&mut self, event: Event<'_>, model: &Model) -> Result<(), E>;

    /// The device is lost, which ended the training with `error`. Gives the device to go on with from `state`, or from the start
    /// where no checkpoint was reached; what was told since then will be told again.
    async fn lost(&mut self, error: E, state: Option<&State>) -> Result<Gpu, E>;
}

/// [`train_from`], with a second device where the first is lost or has no memory left, though it had some for the first step.
/// Only a training with checkpoints goes on; it comes to the same bits.
///
/// # Errors
/// Those of [`train_from`], and a second loss.
pub async fn train_through<E: From<TrainError>>(
    gpu: &Gpu,
    job: &Job,
    data: Split,
    Checkpoints { from, every }: Checkpoints,
    listener: &mut impl Listener<E>,
) -> Result<(), E> {
    let same = every.map(|_| data.clone());
    let (mut last, mut has_begun) = (from.clone(), false);
    let events = async |event: Event<'_>, model: &Model| {
        has_begun = true;
        if let Event::Checkpoint(state) = event {
            last = Some(state.clone());
        }
        listener.on(event, model).await
    };
    let done = train_from(gpu, job, data, Checkpoints { from, every }, events).await;
    let is_lost = matches!(gpu.check(), Err(GpuError::Lost(_) | GpuError::OutOfMemory));
    let (Some(data), true) = (same, has_begun && is_lost) else { return done };
    let Err(error) = done else { return Ok(()) };
    let gpu = listener.lost(error, last.as_ref()).await?;
    let events = async |event: Event<'_>, model: &Model| listener.on(event, model).await;
    train_from(&gpu, job, data, Checkpoints { from: last, every }, events).await
}

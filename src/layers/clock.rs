//! The clock of a training: `shaders/clock.wgsl`.

use crate::gpu::{Gpu, GpuError, Source, Tensor};
use crate::reference::Optimiser;
use crate::reference::schedule::Schedule;

/// What the clock says of a step; the twin of `Time` in `clock.wgsl`.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, bytemuck::Pod, bytemuck::Zeroable)]
pub struct Time {
    /// Steps since the start of the training.
    pub step: u32,
    /// `u32::MAX` before the first of an epoch.
    pub batch: u32,
    /// 1 - beta^step of Adam's two betas; nothing without Adam.
    pub correction1: f32,
    pub correction2: f32,
    /// The learning rate.
    pub rate: f32,
}

/// What the clock shows; the twin of the struct in `clock.wgsl`. [`super::batch`] begins a step, [`super::softmax`] ends it.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, bytemuck::Pod, bytemuck::Zeroable)]
pub struct Clock {
    /// The last step that is done.
    pub done: Time,
    /// The step in work.
    pub now: Time,
}

/// What the clock goes by in a training.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pace {
    pub optimiser: Optimiser,
    pub schedule: Schedule,
}

impl Pace {
    /// Tells the kernel that sets the clock.
    pub(super) fn constants(pace: Option<&Pace>, source: Source) -> Source {
        let betas = match pace.map(|pace| pace.optimiser) {
            Some(Optimiser::Adam(adam)) => [adam.beta1, adam.beta2],
            Some(Optimiser::Sgd(_)) | None => [0.0; 2],
        };
        let [one_minus_beta1, one_minus_beta2] = betas.map(|beta| (1.0 - beta) as f32);
        let Schedule { rise, fall } = pace.map_or(Schedule::CONSTANT, |pace| pace.schedule);
        source
            .with("ONE_MINUS_BETA1", one_minus_beta1)
            .with("ONE_MINUS_BETA2", one_minus_beta2)
            .with("RATE", pace.map_or(0.0, |pace| pace.optimiser.learning_rate() as f32))
            .with("RISE", rise)
            .with("FALL", fall)
    }
}

impl Time {
    /// Before the first step.
    pub const START: Time = Time { step: 0, batch: u32::MAX, correction1: 0.0, correction2: 0.0, rate: 0.0 };
}

impl Clock {
    /// Before the first step.
    pub const START: Clock = Clock { done: Time::START, now: Time::START };

    /// A clock on the GPU.
    ///
    /// # Errors
    /// The device failed.
    pub fn tensor(self, gpu: &Gpu) -> Result<Tensor, GpuError> {
        Tensor::new(gpu, "clock", &[self])
    }

    /// Turns the clock on the GPU back to the start of an epoch; the steps go on.
    pub fn restart_epoch(gpu: &Gpu, clock: &Tensor) {
        clock.write_at(gpu, 1, &[Time::START.batch]);
    }
}

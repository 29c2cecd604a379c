//! The clock of a training: `shaders/clock.wgsl` and `shaders/tick.wgsl`.

use super::record;
use crate::gpu::{Gpu, GpuError, Recording, Source, Tensor};
use crate::reference::adam::Adam;

/// What the clock shows; the twin of the struct in `clock.wgsl`.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, bytemuck::Pod, bytemuck::Zeroable)]
pub struct Clock {
    /// Steps begun since the start of the training.
    pub step: u32,
    /// The batch in work; `u32::MAX` before the first tick of an epoch.
    pub batch: u32,
    /// 1 - beta^step of Adam's two betas.
    pub correction1: f32,
    pub correction2: f32,
}

impl Clock {
    /// Before the first step.
    pub const START: Clock = Clock { step: 0, batch: u32::MAX, correction1: 0.0, correction2: 0.0 };

    /// A clock on the GPU.
    ///
    /// # Errors
    /// The device failed.
    pub fn tensor(self, gpu: &Gpu) -> Result<Tensor, GpuError> {
        Tensor::new(gpu, "clock", &[self])
    }

    /// Turns the clock on the GPU back to the start of an epoch; the steps go on.
    pub fn restart_epoch(gpu: &Gpu, clock: &Tensor) {
        clock.write_at(gpu, 1, &[u32::MAX]);
    }
}

/// Begins a step. Without Adam the corrections are not used.
pub fn tick(recording: &mut Recording, adam: Option<&Adam>, clock: &Tensor) -> Result<(), GpuError> {
    let one_minus = |beta: fn(&Adam) -> f64| adam.map_or(1.0, |adam| (1.0 - beta(adam)) as f32);
    let source = Source::new("tick", &["tick", "clock"])
        .with("ONE_MINUS_BETA1", one_minus(|adam| adam.beta1))
        .with("ONE_MINUS_BETA2", one_minus(|adam| adam.beta2));
    record(recording, &source, &[("clock", clock)], [1, 1, 1])
}

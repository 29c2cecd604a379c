//! Stochastic gradient descent with momentum: `shaders/sgd.wgsl` on [`crate::reference::sgd`]'s rule.

use super::record_each;
use crate::gpu::{GpuError, Recording, Source, Tensor};
use crate::reference::sgd::Sgd;

/// d_parameters -> parameters, velocity; all of one flat layout.
pub fn forward(
    recording: &mut Recording,
    sgd: &Sgd,
    [d_parameters, parameters, velocity]: [&Tensor; 3],
) -> Result<(), GpuError> {
    let length4 = parameters.len() / 4;
    let source = Source::new("forward", &["sgd", "each"])
        .with("LENGTH4", length4)
        .with("RATE", sgd.learning_rate as f32)
        .with("MOMENTUM", sgd.momentum as f32);
    record_each(recording, &source, &[("d_w", d_parameters), ("w", parameters), ("v", velocity)], length4)
}

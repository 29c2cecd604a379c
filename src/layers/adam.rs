//! Adam: `shaders/adam.wgsl` on [`crate::reference::adam`]'s rule. The step comes from the clock.

use super::record_each;
use crate::gpu::{GpuError, Recording, Source, Tensor};
use crate::reference::adam::Adam;

/// d_parameters -> parameters, m, v; all of one flat layout.
pub fn forward(
    recording: &mut Recording,
    adam: &Adam,
    [clock, d_parameters, parameters, m, v]: [&Tensor; 5],
) -> Result<(), GpuError> {
    let length4 = parameters.len() / 4;
    let source = Source::new("forward", &["adam", "clock", "each"])
        .with("LENGTH4", length4)
        .with("RATE", adam.learning_rate as f32)
        .with("EPSILON", adam.epsilon as f32)
        .with("ONE_MINUS_BETA1", (1.0 - adam.beta1) as f32)
        .with("ONE_MINUS_BETA2", (1.0 - adam.beta2) as f32);
    let tensors = [("clock", clock), ("d_w", d_parameters), ("w", parameters), ("m", m), ("v", v)];
    record_each(recording, &source, &tensors, length4)
}

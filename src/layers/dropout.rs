//! Dropout: `shaders/dropout.wgsl` on [`crate::reference::dropout`]'s rule. The step comes from the clock, not from the
//! [`Dropout`].

use super::epilogue::with_dropout;
use super::{image_blocks, is_relu, record_each, with_images};
use crate::gpu::{GpuError, Recording, Source, Tensor};
use crate::network::Activation;
use crate::reference::dropout::Dropout;

/// x [C, N] -> y [C, N]
pub fn forward(recording: &mut Recording, dropout: &Dropout, [clock, x, y]: [&Tensor; 3]) -> Result<(), GpuError> {
    let source = source("forward", dropout, Activation::Linear);
    record_each(recording, &source, &[("clock", clock), ("x", x), ("y", y)], count(dropout))
}

/// d_y [C, N], x [C, N] -> d_x [C, N], gated by the activation that made x.
pub fn backward(
    recording: &mut Recording,
    dropout: &Dropout,
    below: Activation,
    [clock, d_y, x, d_x]: [&Tensor; 4],
) -> Result<(), GpuError> {
    let tensors = [("clock", clock), ("d_y", d_y), ("x", x), ("d_x", d_x)];
    record_each(recording, &source("backward", dropout, below), &tensors, count(dropout))
}

fn count(dropout: &Dropout) -> usize {
    dropout.features * image_blocks(dropout.capacity)
}

fn source(entry_point: &'static str, dropout: &Dropout, below: Activation) -> Source {
    let source = with_dropout(Source::new(entry_point, &["dropout", "relu", "each"]), dropout);
    with_images(source, dropout.capacity).with("RELU", false).with("RELU_BELOW", is_relu(below))
}

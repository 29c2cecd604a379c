//! Max pooling: `shaders/pool.wgsl` on [`crate::reference::pool`]'s shapes.

use super::{image_blocks, is_relu, record_each};
use crate::gpu::{GpuError, Recording, Source, Tensor};
use crate::network::Activation;
use crate::reference::pool::PoolShape;

/// x [C, H, W, N] -> y [C, OH, OW, N]
pub fn forward(recording: &mut Recording, shape: &PoolShape, [x, y]: [&Tensor; 2]) -> Result<(), GpuError> {
    let [oh, ow] = shape.output();
    let count = shape.c * oh * ow * image_blocks(shape.n);
    record_each(recording, &source("forward", shape, Activation::Linear), &[("x", x), ("y", y)], count)
}

/// d_y [C, OH, OW, N], x [C, H, W, N] -> d_x [C, H, W, N], gated by the activation that made x.
pub fn backward(
    recording: &mut Recording,
    shape: &PoolShape,
    below: Activation,
    [d_y, x, d_x]: [&Tensor; 3],
) -> Result<(), GpuError> {
    let windows = shape.h.div_ceil(shape.size) * shape.w.div_ceil(shape.size);
    let count = shape.c * windows * image_blocks(shape.n);
    record_each(recording, &source("backward", shape, below), &[("d_y", d_y), ("x", x), ("d_x", d_x)], count)
}

fn source(entry_point: &'static str, shape: &PoolShape, below: Activation) -> Source {
    Source::new(entry_point, &["pool", "relu", "each"])
        .with("C", shape.c)
        .with("H", shape.h)
        .with("W", shape.w)
        .with("N4", image_blocks(shape.n))
        .with("SIZE", shape.size)
        .with("TAPS", shape.size * shape.size)
        .with("RELU", false)
        .with("RELU_BELOW", is_relu(below))
}

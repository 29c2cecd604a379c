//! Max pooling: `shaders/pool.wgsl` on [`crate::reference::pool`]'s shapes.

use super::{activation_length, image_blocks, is_relu, record_each, with_images};
use crate::gpu::{GpuError, Recording, Source, Tensor};
use crate::network::Activation;
use crate::reference::pool::PoolShape;

/// x [C, H, W, N], made by the activation `below` -> y [C, OH, OW, N], winners [C, OH, OW, N / 4]
pub fn forward(
    recording: &mut Recording,
    shape: &PoolShape,
    below: Activation,
    [x, y, winners]: [&Tensor; 3],
) -> Result<(), GpuError> {
    let source = source("forward", shape).with("RELU_BELOW", is_relu(below));
    record_each(recording, &source, &[("x", x), ("y", y), ("winners", winners)], winners_length(shape))
}

/// d_y [C, OH, OW, N], winners [C, OH, OW, N / 4] -> d_x [C, H, W, N], gated by the activation that made x.
pub fn backward(
    recording: &mut Recording,
    shape: &PoolShape,
    [d_y, winners, d_x]: [&Tensor; 3],
) -> Result<(), GpuError> {
    let windows = shape.h.div_ceil(shape.size) * shape.w.div_ceil(shape.size);
    let count = shape.c * windows * image_blocks(shape.n);
    // The winners know about the ReLU.
    let source = source("backward", shape).with("RELU_BELOW", false);
    record_each(recording, &source, &[("d_y", d_y), ("winners", winners), ("d_x", d_x)], count)
}

/// The length of a pooling's input, [C, H, W, N].
pub fn input_length(shape: &PoolShape) -> usize {
    activation_length(shape.c * shape.h * shape.w, shape.n)
}

/// The length of the winners, a word for four images.
pub fn winners_length(shape: &PoolShape) -> usize {
    let [oh, ow] = shape.output();
    shape.c * oh * ow * image_blocks(shape.n)
}

fn source(entry_point: &'static str, shape: &PoolShape) -> Source {
    let source = Source::new(entry_point, &["pool", "winners", "each"])
        .with("C", shape.c)
        .with("H", shape.h)
        .with("W", shape.w)
        .with("SIZE", shape.size);
    with_images(source, shape.n)
}

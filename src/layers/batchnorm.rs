//! Batch normalisation: `shaders/batchnorm.wgsl` and `shaders/batchnorm/*.wgsl` on [`crate::reference::batchnorm`]'s shapes.

use super::parts::Parts;
use super::{image_blocks, is_relu, record, record_each, with_images};
use crate::gpu::{GpuError, Recording, Source, Tensor};
use crate::network::{Activation, Matrix};
use crate::reference::batchnorm::{BatchNormShape, EPSILON};

/// Whose mean and variance a batch is normalised by.
#[derive(Clone, Copy)]
pub enum Statistics<'a> {
    /// Its own, as [`statistics`] left them.
    Batch(&'a Tensor),
    /// Those that stand among the parameters.
    Running,
}

/// The length of a batch's statistics.
pub fn statistics_length(shape: &BatchNormShape) -> usize {
    4 * shape.c
}

/// The clock's batch of a data set of `count` images, x [C, H, W, N] -> its statistics [C, 4].
pub fn statistics(
    recording: &mut Recording,
    shape: &BatchNormShape,
    count: usize,
    [clock, x, batch]: [&Tensor; 3],
) -> Result<(), GpuError> {
    let source = source("statistics", "batchnorm/batch", shape, 0, [Activation::Linear; 2]).with("COUNT", count);
    record_channels(recording, &source, shape, &[("clock", clock), ("x", x), ("batch", batch)])
}

/// x [C, H, W, N], parameters (the flat vector, of which `matrix` is this layer's part) -> y [C, H, W, N]
pub fn forward(
    recording: &mut Recording,
    shape: &BatchNormShape,
    matrix: &Matrix,
    activation: Activation,
    by: Statistics,
    [parameters, x, y]: [&Tensor; 3],
) -> Result<(), GpuError> {
    let source = source("forward", by.file(), shape, matrix.offset, [activation, Activation::Linear]);
    let source = of_any_count(source);
    let mut tensors = vec![("w", parameters), ("x", x), ("y", y)];
    tensors.extend(by.tensor());
    record_each(recording, &source, &tensors, count(shape))
}

/// parameters, a batch's statistics, its x [C, H, W, N] and d_y [C, H, W, N] (before the layer's own ReLU) -> this layer's
/// gradient.
pub fn gradients(
    recording: &mut Recording,
    shape: &BatchNormShape,
    [parameters, batch, x, d_y]: [&Tensor; 4],
    parts: &Parts,
) -> Result<(), GpuError> {
    let source = source("gradients", "batchnorm/batch", shape, parts.matrix.offset, [Activation::Linear; 2]);
    let source = of_any_count(source);
    let tensors = [("w", parameters), ("batch", batch), ("x", x), ("d_y", d_y), ("d_w", &parts.tensor)];
    record_channels(recording, &source, shape, &tensors)
}

/// What [`gradients`] took -> d_x [C, H, W, N], gated by the activation that made x.
pub fn backward(
    recording: &mut Recording,
    shape: &BatchNormShape,
    below: Activation,
    [parameters, batch, x, d_y, d_x]: [&Tensor; 5],
    parts: &Parts,
) -> Result<(), GpuError> {
    let by = Statistics::Batch(batch);
    let tensors = [("batch", batch), ("d_w", &parts.tensor)];
    record_backward(recording, shape, &parts.matrix, below, by, [parameters, x, d_y, d_x], &tensors)
}

/// The same where running statistics normalised x.
pub fn backward_running(
    recording: &mut Recording,
    shape: &BatchNormShape,
    matrix: &Matrix,
    below: Activation,
    tensors: [&Tensor; 4],
) -> Result<(), GpuError> {
    record_backward(recording, shape, matrix, below, Statistics::Running, tensors, &[])
}

fn record_backward(
    recording: &mut Recording,
    shape: &BatchNormShape,
    matrix: &Matrix,
    below: Activation,
    by: Statistics,
    [parameters, x, d_y, d_x]: [&Tensor; 4],
    others: &[(&str, &Tensor)],
) -> Result<(), GpuError> {
    let source = source("backward", by.file(), shape, matrix.offset, [Activation::Linear, below]);
    let source = of_any_count(source);
    let tensors = [&[("w", parameters), ("x", x), ("d_y", d_y), ("d_x", d_x)], others].concat();
    record_each(recording, &source, &tensors, count(shape))
}

impl<'a> Statistics<'a> {
    fn file(self) -> &'static str {
        match self {
            Statistics::Batch(_) => "batchnorm/batch",
            Statistics::Running => "batchnorm/running",
        }
    }

    fn tensor(self) -> Option<(&'static str, &'a Tensor)> {
        match self {
            Statistics::Batch(tensor) => Some(("batch", tensor)),
            Statistics::Running => None,
        }
    }
}

/// Records a kernel with a workgroup for each channel.
fn record_channels(
    recording: &mut Recording,
    source: &Source,
    shape: &BatchNormShape,
    tensors: &[(&str, &Tensor)],
) -> Result<(), GpuError> {
    record(recording, source, tensors, super::dispatch_size([shape.c, 1, 1]))
}

/// Of a kernel that does not ask how many images the data set has.
fn of_any_count(source: Source) -> Source {
    source.with("COUNT", 0usize)
}

/// Values in blocks of four images.
fn count(shape: &BatchNormShape) -> usize {
    shape.c * shape.h * shape.w * image_blocks(shape.n)
}

/// With what becomes of the results, forward and backward.
fn source(
    entry_point: &'static str,
    by: &'static str,
    shape: &BatchNormShape,
    offset: usize,
    [activation, below]: [Activation; 2],
) -> Source {
    let source = Source::new(entry_point, &["batchnorm", by, "relu", "clock", "each"])
        .with("C", shape.c)
        .with("H", shape.h)
        .with("W", shape.w)
        .with("W_OFFSET4", offset / 4)
        .with("N", shape.n)
        .with("EPSILON", EPSILON as f32)
        .with("RELU", is_relu(activation))
        .with("RELU_BELOW", is_relu(below));
    with_images(source, shape.n)
}

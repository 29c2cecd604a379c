//! Convolution: `shaders/conv/*.wgsl` on [`crate::reference::conv`]'s shapes.

use super::epilogue::{Below, Epilogue};
use super::parts::{Parts, WeightGradient};
use super::product::{Bias, Columns, Innermost, Product, Scales};
use super::transpose::Turned;
use super::{image_blocks, is_relu, with_images};
use crate::gpu::{GpuError, Recording, Source, Tensor};
use crate::network::{Activation, Matrix};
use crate::reference::conv::ConvShape;

/// x [C, H, W, N], parameters (the flat vector, of which `matrix` is this layer's part) -> y [F, OH, OW, N].
pub fn forward(
    recording: &mut Recording,
    shape: &ConvShape,
    matrix: &Matrix,
    epilogue: Epilogue,
    [parameters, x, y]: [&Tensor; 3],
) -> Result<(), GpuError> {
    let [oh, ow] = shape.output();
    let columns = Columns::Blocks(oh * ow * image_blocks(shape.n));
    let product = Product::forward(recording.gpu(), matrix, columns);
    let source = forward_source(&["conv/stored", "conv/images"], shape, matrix, epilogue.activation);
    let (source, tensors) = epilogue.join(source.with("RELU_BELOW", false), &[("w", parameters), ("x", x), ("y", y)]);
    product.record(recording, source, &tensors)
}

/// The windows that [`forward_pooled`] pools.
pub const POOLED_SIZE: usize = 2;

/// [`forward`], and max pooling with windows of [`POOLED_SIZE`] behind it: x [C, H, W, N], parameters
/// -> y [F, OH / 2, OW / 2, N], and the winners that [`super::pool::backward`] takes, [F, OH / 2, OW / 2, N / 4].
pub fn forward_pooled(
    recording: &mut Recording,
    shape: &ConvShape,
    matrix: &Matrix,
    epilogue: Epilogue,
    [parameters, x, y, winners]: [&Tensor; 4],
) -> Result<(), GpuError> {
    let [oh, ow] = shape.output();
    let windows = (oh / POOLED_SIZE) * (ow / POOLED_SIZE);
    let (endings, columns) = match shape.n {
        // Of four images side by side three would not be there.
        1 => (&["conv/one"][..], Columns::Blocks(windows)),
        n => {
            let (count, blocks) = (windows * image_blocks(n), POOLED_SIZE * POOLED_SIZE);
            (&["conv/pooled", "conv/images"][..], Columns::Windows { count, blocks })
        }
    };
    let product = Product::forward(recording.gpu(), matrix, columns);
    let mut source = forward_source(endings, shape, matrix, epilogue.activation);
    source.files.push("winners");
    source = source.with("RELU_BELOW", is_relu(epilogue.activation)).with("SIZE", POOLED_SIZE);
    let (source, tensors) = epilogue.join(source, &[("w", parameters), ("x", x), ("y", y), ("winners", winners)]);
    product.record(recording, source, &tensors)
}

/// `conv/forward.wgsl` with what becomes of its sums, and of which columns they are.
fn forward_source(endings: &[&'static str], shape: &ConvShape, matrix: &Matrix, activation: Activation) -> Source {
    let mut source = source(endings[0], shape)
        .with("STRIDE4", matrix.stride / 4)
        .with("W_OFFSET4", matrix.offset / 4)
        .with("RELU", is_relu(activation));
    source.files.extend(&endings[1..]);
    source.files.extend(["conv/forward", "conv/input"]);
    source
}

/// Turned weights, d_y [F, OH, OW, N] (before the layer's own ReLU), x [C, H, W, N] -> d_x [C, H, W, N], gated by what made
/// x.
pub fn backward_input(
    recording: &mut Recording,
    shape: &ConvShape,
    below: Below,
    turned: &Turned,
    [d_y, x, d_x]: [&Tensor; 3],
) -> Result<(), GpuError> {
    let taps = shape.kernel[0] * shape.kernel[1];
    let product = Product {
        rows: shape.c,
        columns: Columns::Blocks(phases(shape) * image_blocks(shape.n)),
        inner_blocks: taps * shape.f.div_ceil(4),
        parts: taps,
        splits: 1,
        innermost: Innermost::Columns,
        bias: Bias::Within,
        scales: Scales::of_gradient_b(shape.n),
    };
    let source = source("conv/backward_input", shape).with("W_T_OFFSET4", turned.offset / 4).with("RELU", false);
    let tensors = [("w_t", &turned.tensor), ("d_y", d_y), ("x", x), ("d_x", d_x)];
    let (source, tensors) = below.join(source, &tensors);
    product.record(recording, source, &tensors)
}

/// d_y [F, OH, OW, N] (before the layer's own ReLU), x [C, H, W, N] -> the parts of this layer's gradient.
pub fn backward_weights(
    recording: &mut Recording,
    shape: &ConvShape,
    [d_y, x]: [&Tensor; 2],
    parts: &Parts,
) -> Result<(), GpuError> {
    let mut source = source("conv/backward_weights", shape);
    source.files.push("conv/input");
    weight_gradient(shape, &parts.matrix).record(recording, source, &[("d_y", d_y), ("x", x)], parts)
}

/// The product of [`backward_weights`].
pub fn weight_gradient(shape: &ConvShape, matrix: &Matrix) -> WeightGradient {
    WeightGradient {
        rows: matrix.rows,
        column_blocks: matrix.stride / 4,
        inner_blocks: outputs(shape),
        scales: Scales::of_gradient_a(shape.n),
    }
}

/// [`backward_weights`] behind [`forward_pooled`]: the pooling's gradient d_y [F, OH / 2, OW / 2, N] and its winners,
/// x [C, H, W, N] -> the parts of this layer's gradient.
pub fn backward_weights_pooled(
    recording: &mut Recording,
    shape: &ConvShape,
    [d_y, winners, x]: [&Tensor; 3],
    parts: &Parts,
) -> Result<(), GpuError> {
    let mut source = source("conv/backward_weights_pooled", &pooled(shape)).with("SIZE", POOLED_SIZE);
    source.files.extend(["conv/input", "winners"]);
    let operands = [("d_y", d_y), ("winners", winners), ("x", x)];
    weight_gradient_pooled(shape, &parts.matrix).record(recording, source, &operands, parts)
}

/// The product of [`backward_weights_pooled`].
pub fn weight_gradient_pooled(shape: &ConvShape, matrix: &Matrix) -> WeightGradient {
    WeightGradient {
        rows: matrix.stride,
        column_blocks: matrix.rows.div_ceil(4),
        inner_blocks: outputs(&pooled(shape)),
        scales: Scales::of_gradient_b(shape.n),
    }
}

/// Without the rows and columns that no window takes, which have no gradient.
fn pooled(shape: &ConvShape) -> ConvShape {
    let left_over = shape.output().map(|length| length % POOLED_SIZE);
    ConvShape { crop: [shape.crop[0] + left_over[0], shape.crop[1] + left_over[1]], ..*shape }
}

/// Pixels of a channel in `conv/backward_input.wgsl`'s columns, which have as many of each phase.
fn phases(shape: &ConvShape) -> usize {
    let phase = shape.h.div_ceil(shape.stride) * shape.w.div_ceil(shape.stride);
    shape.stride * shape.stride * phase
}

/// Outputs of a filter, in blocks of four images.
fn outputs(shape: &ConvShape) -> usize {
    let [oh, ow] = shape.output();
    oh * ow * image_blocks(shape.n)
}

fn source(file: &'static str, shape: &ConvShape) -> Source {
    let [oh, ow] = shape.output();
    let source = Source::new("matmul", &[file, "relu"])
        .with("C", shape.c)
        .with("H", shape.h)
        .with("W", shape.w)
        .with("F", shape.f)
        .with("KH", shape.kernel[0])
        .with("KW", shape.kernel[1])
        .with("PAD_Y", shape.padding[0])
        .with("PAD_X", shape.padding[1])
        .with("STRIDE", shape.stride)
        .with("OH", oh)
        .with("OW", ow);
    with_images(source, shape.n)
}

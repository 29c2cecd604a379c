//! Dense layers: `shaders/dense/*.wgsl` on [`crate::reference::dense`]'s shapes.

use super::epilogue::{Below, Epilogue};
use super::parts::{Parts, WeightGradient};
use super::product::{Bias, Columns, Innermost, Product, Scales};
use super::transpose::Turned;
use super::{dispatch_size, image_blocks, is_relu, record, with_images};
use crate::gpu::{Core, Gpu, GpuError, Recording, Source, Tensor};
use crate::network::{Activation, Matrix};
use crate::reference::dense::DenseShape;

/// x [C, N], parameters (the flat vector, of which `matrix` is this layer's part) -> y [F, N].
pub fn forward(
    recording: &mut Recording,
    shape: &DenseShape,
    matrix: &Matrix,
    epilogue: Epilogue,
    [parameters, x, y]: [&Tensor; 3],
) -> Result<(), GpuError> {
    let tensors = [("w", parameters), ("x", x), ("y", y)];
    let activation = epilogue.activation;
    if let (1, Core::Broadcast { lanes }) = (shape.n, recording.gpu().settings().core) {
        /// Units of a subgroup: it loads each input once for all of them.
        const ROWS: usize = 16;
        let source = one_source("dense/one", shape, matrix, activation, lanes).with("ROWS", ROWS);
        let (source, tensors) = epilogue.join(source, &tensors);
        return record(recording, &source, &tensors, dispatch_size([shape.units.div_ceil(ROWS), 1, 1]));
    }
    let columns = Columns::Blocks(image_blocks(shape.n));
    let product = Product::forward(recording.gpu(), matrix, columns);
    let source = forward_source("dense/forward", shape, matrix, activation).with("RELU_BELOW", false);
    let (source, tensors) = epilogue.join(source, &tensors);
    product.record(recording, source, &tensors)
}

/// Whether [`softmax`] is made for a layer: one image, on a software driver, and few classes.
pub fn is_for_softmax(gpu: &Gpu, shape: &DenseShape) -> bool {
    /// Each has a sum of its own in every lane.
    const MOST_CLASSES: usize = 32;
    shape.n == 1 && shape.units <= MOST_CLASSES && matches!(gpu.settings().core, Core::Broadcast { .. })
}

/// [`forward`], and the softmax of its scores: x [C, 1], parameters -> p [F, 1].
///
/// # Panics
/// If the core is another than [`Core::Broadcast`].
pub fn softmax(
    recording: &mut Recording,
    shape: &DenseShape,
    matrix: &Matrix,
    [parameters, x, p]: [&Tensor; 3],
) -> Result<(), GpuError> {
    let Core::Broadcast { lanes } = recording.gpu().settings().core else {
        panic!("dense/softmax adds as the broadcast core can")
    };
    let source = one_source("dense/softmax", shape, matrix, Activation::Linear, lanes).with("ROWS", shape.units);
    record(recording, &source, &[("w", parameters), ("x", x), ("p", p)], [1, 1, 1])
}

/// Turned weights, d_y [F, N] (before the layer's own ReLU), x [C, N] -> d_x [C, N], gated by what made x.
pub fn backward_input(
    recording: &mut Recording,
    shape: &DenseShape,
    below: Below,
    turned: &Turned,
    [d_y, x, d_x]: [&Tensor; 3],
) -> Result<(), GpuError> {
    let inner_blocks = shape.units.div_ceil(4);
    let product = Product {
        rows: shape.inputs,
        columns: Columns::Blocks(image_blocks(shape.n)),
        inner_blocks,
        parts: 1,
        splits: 1,
        innermost: Innermost::Columns,
        bias: Bias::Within,
        scales: Scales::of_gradient_b(shape.n),
    };
    let source = source("dense/backward_input", shape).with("W_T_OFFSET4", turned.offset / 4).with("RELU", false);
    let tensors = [("w_t", &turned.tensor), ("d_y", d_y), ("x", x), ("d_x", d_x)];
    let (source, tensors) = below.join(source, &tensors);
    product.record(recording, source, &tensors)
}

/// d_y [F, N] (before the layer's own ReLU), x [C, N] -> the parts of this layer's gradient.
pub fn backward_weights(
    recording: &mut Recording,
    shape: &DenseShape,
    [d_y, x]: [&Tensor; 2],
    parts: &Parts,
) -> Result<(), GpuError> {
    let source = source("dense/backward_weights", shape);
    weight_gradient(shape, &parts.matrix).record(recording, source, &[("d_y", d_y), ("x", x)], parts)
}

/// The product of [`backward_weights`].
pub fn weight_gradient(shape: &DenseShape, matrix: &Matrix) -> WeightGradient {
    WeightGradient {
        rows: matrix.rows,
        column_blocks: matrix.stride / 4,
        inner_blocks: image_blocks(shape.n),
        scales: Scales::of_gradient_a(shape.n),
    }
}

/// What `dense/forward.wgsl` needs to know, behind another file or as the first.
pub(super) fn forward_source(
    file: &'static str,
    shape: &DenseShape,
    matrix: &Matrix,
    activation: Activation,
) -> Source {
    source(file, shape)
        .with("STRIDE4", matrix.stride / 4)
        .with("W_OFFSET4", matrix.offset / 4)
        .with("RELU", is_relu(activation))
}

/// `dense/sums.wgsl` with what becomes of its sums.
fn one_source(ending: &'static str, shape: &DenseShape, matrix: &Matrix, activation: Activation, lanes: u32) -> Source {
    let mut source = forward_source(ending, shape, matrix, activation).with("RELU_BELOW", false).with("LANES", lanes);
    (source.entry_point, source.files) = ("forward", vec![ending, "dense/sums", "relu"]);
    source
}

fn source(file: &'static str, shape: &DenseShape) -> Source {
    let source = Source::new("matmul", &[file, "relu"]).with("C", shape.inputs).with("F", shape.units);
    with_images(source, shape.n)
}

//! Winograd's convolution with a pooling behind it: `shaders/winograd/*.wgsl` on [`crate::reference::winograd`]'s shapes. A
//! tile of 2 x 2 outputs is a window of the pooling; at each of 16 points a product stands in the place of nine taps.
//!
//! It is for software drivers, where arithmetic is dear and memory near: there the forward pass and the gradient by the
//! weights take about two thirds of their time in [`super::conv`], which has the gradient by the input for both.

use super::product::{Bias, Columns, Innermost, Product, Scales};
use super::{activation_length, group_blocks, groups, image_blocks, is_relu, record, record_each, with_images};
use crate::gpu::{Core, Gpu, GpuError, Recording, Source, Tensor};
use crate::network::{Activation, Matrix};
use crate::reference::conv::ConvShape;
use crate::reference::winograd::{POINTS, tiles};

/// A convolution that goes this way, and what its forward pass leaves for the backward pass.
#[derive(Clone)]
pub struct Winograd {
    shape: ConvShape,
    /// The transformed filters, [POINTS, F, C].
    u: Tensor,
    /// The transformed input, [TILES, POINTS, C, N].
    v: Tensor,
}

impl Winograd {
    /// Room for a convolution with a pooling behind it, if this is the faster way for it on `gpu`, and the adapter can bind
    /// what it takes.
    ///
    /// # Errors
    /// The device failed.
    pub fn new(gpu: &Gpu, shape: &ConvShape) -> Result<Option<Winograd>, GpuError> {
        let Core::Broadcast { lanes } = gpu.settings().core else { return Ok(None) };
        // Fewer images leave lanes idle.
        if !takes(shape) || group_blocks(shape.n) < lanes as usize {
            return Ok(None);
        }
        let room = || {
            let u = Tensor::zeros(gpu, "transformed filters", POINTS * shape.f * shape.c)?;
            let v = Tensor::zeros(gpu, "the transformed input of a convolution", input_length(shape))?;
            Ok(Winograd { shape: *shape, u, v })
        };
        match room() {
            Err(GpuError::TooLarge { .. }) => Ok(None),
            room => room.map(Some),
        }
    }

    /// parameters (the flat vector, of which `matrix` is this layer's part), x [C, H, W, N]
    /// -> y [F, OH / 2, OW / 2, N], and the winners that [`super::pool::backward`] takes, [F, OH / 2, OW / 2, N / 4].
    pub fn forward_pooled(
        &self,
        recording: &mut Recording,
        matrix: &Matrix,
        activation: Activation,
        [parameters, x, y, winners]: [&Tensor; 4],
    ) -> Result<(), GpuError> {
        filters(recording, &self.shape, matrix, [parameters, &self.u])?;
        input(recording, &self.shape, [x, &self.v])?;
        pooled(recording, &self.shape, matrix, activation, [parameters, &self.u, &self.v, y, winners])
    }

    /// The pooling's gradient d_y [F, OH / 2, OW / 2, N] and its winners -> this layer's part of d_parameters.
    pub fn backward_weights(
        &self,
        recording: &mut Recording,
        matrix: &Matrix,
        [d_y, winners, d_parameters]: [&Tensor; 3],
    ) -> Result<(), GpuError> {
        let name = format!("the gradient of {}, transformed", matrix.name);
        let d_u = Tensor::zeros(recording.gpu(), &name, filters_gradient_length(&self.shape))?;
        backward_weights(recording, &self.shape, [d_y, winners, &self.v, &d_u])?;
        filters_backward(recording, &self.shape, matrix, [&d_u, d_y, winners, d_parameters])
    }
}

/// Whether the kernels are made for a convolution: filters of 3 x 3, stride 1, channels by fours, and a tile at least.
pub fn takes(shape: &ConvShape) -> bool {
    shape.kernel == [3, 3] && shape.stride == 1 && shape.c.is_multiple_of(4) && count(shape) > 0
}

/// parameters (the flat vector, of which `matrix` is this layer's part) -> u [POINTS, F, C]
pub fn filters(
    recording: &mut Recording,
    shape: &ConvShape,
    matrix: &Matrix,
    [parameters, u]: [&Tensor; 2],
) -> Result<(), GpuError> {
    let source = filters_source("forward", shape, matrix);
    record_each(recording, &source, &[("w", parameters), ("u", u)], shape.f * shape.c / 4)
}

/// d_u [POINTS, NG, F, C], the pooling's gradient d_y [F, OH / 2, OW / 2, N] and its winners
/// -> this layer's part of d_parameters.
pub fn filters_backward(
    recording: &mut Recording,
    shape: &ConvShape,
    matrix: &Matrix,
    [d_u, d_y, winners, d_parameters]: [&Tensor; 4],
) -> Result<(), GpuError> {
    /// The twin of the number in the shader.
    const BIAS_WORKGROUP: usize = 8;
    let source = filters_source("backward", shape, matrix);
    record_each(recording, &source, &[("d_u", d_u), ("d_w", d_parameters)], shape.f * shape.c / 4)?;
    let source = filters_source("bias", shape, matrix);
    let workgroups = super::dispatch_size([shape.f.div_ceil(BIAS_WORKGROUP), 1, 1]);
    record(recording, &source, &[("d_y", d_y), ("winners", winners), ("d_w", d_parameters)], workgroups)
}

/// x [C, H, W, N] -> v [TILES, POINTS, C, N]
pub fn input(recording: &mut Recording, shape: &ConvShape, [x, v]: [&Tensor; 2]) -> Result<(), GpuError> {
    let source = sizes(Source::new("forward", &["winograd/input", "each"]), shape)
        .with("H", shape.h)
        .with("W", shape.w)
        .with("PAD_Y", shape.padding[0])
        .with("PAD_X", shape.padding[1])
        .with("TILES_W", tiles(shape)[1]);
    record_each(recording, &source, &[("x", x), ("v", v)], count(shape) * shape.c * image_blocks(shape.n))
}

/// parameters, u [POINTS, F, C], v [TILES, POINTS, C, N] -> y [F, OH / 2, OW / 2, N] and winners [F, OH / 2, OW / 2, N / 4].
///
/// # Panics
/// If the core is another than [`Core::Broadcast`].
pub fn pooled(
    recording: &mut Recording,
    shape: &ConvShape,
    matrix: &Matrix,
    activation: Activation,
    [parameters, u, v, y, winners]: [&Tensor; 5],
) -> Result<(), GpuError> {
    /// Filters of an invocation; 8 and 24 were as fast, within the noise.
    const ROWS: usize = 16;
    let Core::Broadcast { lanes } = recording.gpu().settings().core else {
        panic!("winograd/pooled multiplies as the broadcast core does")
    };
    let lanes = lanes as usize;
    let groups = (ROWS / lanes).max(1);
    let source = Source::new("forward", &["winograd/pooled", "winners", "relu"])
        .with("LANES", lanes)
        .with("GROUPS", groups)
        .with("STRIDE4", matrix.stride / 4)
        .with("W_OFFSET4", matrix.offset / 4)
        .with("RELU", is_relu(activation))
        .with("RELU_BELOW", is_relu(activation));
    let columns = count(shape) * image_blocks(shape.n);
    let workgroups = [columns.div_ceil(lanes), shape.f.div_ceil(groups * lanes), 1];
    let tensors = [("w", parameters), ("u", u), ("v", v), ("y", y), ("winners", winners)];
    record(recording, &sizes(source, shape), &tensors, super::dispatch_size(workgroups))
}

/// The pooling's gradient d_y [F, OH / 2, OW / 2, N] and its winners, v [TILES, POINTS, C, N] -> d_u [POINTS, NG, F, C]
pub fn backward_weights(
    recording: &mut Recording,
    shape: &ConvShape,
    [d_y, winners, v, d_u]: [&Tensor; 4],
) -> Result<(), GpuError> {
    let parts = POINTS * groups(shape.n);
    let product = Product {
        rows: shape.f,
        columns: Columns::Blocks(shape.c / 4),
        inner_blocks: parts * count(shape) * group_blocks(shape.n),
        parts,
        splits: parts,
        innermost: Innermost::Inner,
        bias: Bias::Within,
        scales: Scales::of_gradient_a(shape.n),
    };
    let source = Source::new("matmul", &["winograd/backward_weights", "winners"]).with("RELU_BELOW", false);
    let tensors = [("d_y", d_y), ("winners", winners), ("v", v), ("d_u", d_u)];
    product.record(recording, sizes(source, shape), &tensors)
}

/// The length of v.
pub fn input_length(shape: &ConvShape) -> usize {
    activation_length(count(shape) * POINTS * shape.c, shape.n)
}

/// The length of d_u.
pub fn filters_gradient_length(shape: &ConvShape) -> usize {
    POINTS * groups(shape.n) * shape.f * shape.c
}

fn filters_source(entry_point: &'static str, shape: &ConvShape, matrix: &Matrix) -> Source {
    let source = Source::new(entry_point, &["winograd/filters", "winners", "each"])
        .with("STRIDE4", matrix.stride / 4)
        .with("W_OFFSET4", matrix.offset / 4)
        .with("RELU_BELOW", false);
    sizes(source, shape)
}

fn sizes(source: Source, shape: &ConvShape) -> Source {
    with_images(source, shape.n).with("C", shape.c).with("F", shape.f).with("TILES", count(shape))
}

/// Tiles of a plane.
fn count(shape: &ConvShape) -> usize {
    tiles(shape).iter().product()
}

//! How each operation runs on the GPU: one file an operation, with the name of its shader and of its reference. A
//! function here knows shapes, constants and the size of the dispatch; it binds tensors and adds to a recording.
//!
//! Activations lie as [C, H, W, N] with the images innermost, rounded up to a multiple of four; [`to_images_innermost`]
//! and [`to_images_outermost`] translate.

use crate::gpu::{GpuError, Kernel, Recording, Source, Tensor};
use crate::network::Activation;

pub mod adam;
pub mod batch;
pub mod clock;
pub mod conv;
pub mod dense;
pub mod dropout;
pub mod pool;
mod product;
pub mod reduce;
pub mod sgd;
pub mod softmax;
pub mod transpose;

/// Images that lie side by side as one `vec4<f32>`.
pub const IMAGE_BLOCK: usize = 4;

/// Invocations in a workgroup of the kernels with one invocation per number, as in `each.wgsl`.
const EACH_WORKGROUP: usize = 64;

/// Workgroups in a row of a dispatch, at most.
const MOST_WORKGROUPS: usize = 65_535;

/// N / 4, rounded up.
fn image_blocks(n: usize) -> usize {
    n.div_ceil(IMAGE_BLOCK)
}

/// The length of [features, N] with N rounded up to a multiple of four.
pub fn activation_length(features: usize, n: usize) -> usize {
    features * image_blocks(n) * IMAGE_BLOCK
}

/// [N, features] -> [features, N], N rounded up to a multiple of four with zeros.
pub fn to_images_innermost(values: &[f32], n: usize) -> Vec<f32> {
    let (features, width) = (values.len() / n, image_blocks(n) * IMAGE_BLOCK);
    let mut out = vec![0.0; features * width];
    for (index, value) in values.iter().enumerate() {
        out[index % features * width + index / features] = *value;
    }
    out
}

/// [features, N], N rounded up to a multiple of four -> [N, features].
pub fn to_images_outermost(values: &[f32], n: usize) -> Vec<f32> {
    let width = image_blocks(n) * IMAGE_BLOCK;
    let features = values.len() / width;
    (0..n * features).map(|index| values[index % features * width + index / features]).collect()
}

/// Records a kernel with one invocation for each of `count` numbers.
fn record_each(
    recording: &mut Recording,
    source: &Source,
    tensors: &[(&str, &Tensor)],
    count: usize,
) -> Result<(), GpuError> {
    let workgroups = count.div_ceil(EACH_WORKGROUP);
    let rows = workgroups.div_ceil(MOST_WORKGROUPS);
    record(recording, source, tensors, [workgroups.div_ceil(rows), rows, 1])
}

fn record(
    recording: &mut Recording,
    source: &Source,
    tensors: &[(&str, &Tensor)],
    workgroups: [usize; 3],
) -> Result<(), GpuError> {
    let workgroups = workgroups.map(|size| u32::try_from(size).expect("networks that large are refused"));
    let kernel = Kernel::new(recording.gpu(), source)?;
    let dispatch = kernel.bind(recording.gpu(), tensors, workgroups)?;
    recording.push(dispatch);
    Ok(())
}

fn is_relu(activation: Activation) -> bool {
    activation == Activation::Relu
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layouts_translate_back_and_forth() {
        let values: Vec<f32> = (0..15).map(|value| value as f32).collect();
        let innermost = to_images_innermost(&values, 5);
        assert_eq!(innermost[..8], [0., 3., 6., 9., 12., 0., 0., 0.]);
        assert_eq!(innermost.len(), activation_length(3, 5));
        assert_eq!(to_images_outermost(&innermost, 5), values);
    }
}

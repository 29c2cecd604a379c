//! How each operation runs on the GPU: one file an operation, with the name of its shader and of its reference. A
//! function here knows shapes, constants and the size of the dispatch; it binds tensors and adds to a recording.
//!
//! Activations lie as [C, H, W, N] with the images innermost, group of images by group, as `shaders/README.md` tells;
//! [`to_images_innermost`] and [`to_images_outermost`] translate.

use crate::gpu::{GpuError, Kernel, Recording, Source, Tensor};
use crate::network::Activation;

pub mod batch;
pub mod batchnorm;
pub mod classifier;
pub mod clock;
pub mod conv;
pub mod dense;
pub mod dropout;
pub mod epilogue;
mod fragments;
pub mod parts;
pub mod pool;
mod product;
pub mod softmax;
mod tiles;
pub mod transpose;
pub mod turn;
pub mod update;
pub mod winograd;

/// Images that lie side by side as one `vec4<f32>`.
pub const IMAGE_BLOCK: usize = 4;

/// Invocations in a workgroup of the kernels with one invocation per number, as in `each.wgsl`.
const EACH_WORKGROUP: usize = 256;

/// Workgroups in a row of a dispatch, at most.
const MOST_WORKGROUPS: usize = 65_535;

/// Images of a group, at most: what a subgroup of eight reads at a time. Larger groups would scatter what a tile of a
/// product reads over more cache lines.
const GROUP: usize = 32;

/// How many groups of images a batch has, NG.
fn groups(n: usize) -> usize {
    n.div_ceil(GROUP)
}

/// Blocks of four images in a group, I4.
fn group_blocks(n: usize) -> usize {
    n.min(GROUP).div_ceil(IMAGE_BLOCK)
}

/// Blocks of four images in a batch, also those without images at the end.
fn image_blocks(n: usize) -> usize {
    groups(n) * group_blocks(n)
}

/// Images that a batch has room for, at least `n`.
pub fn capacity(n: usize) -> usize {
    image_blocks(n) * IMAGE_BLOCK
}

/// The length of [NG, features, I4] in numbers.
pub fn activation_length(features: usize, n: usize) -> usize {
    features * capacity(n)
}

/// [N, features] -> [NG, features, I4], with zeros where there is no image.
pub fn to_images_innermost(values: &[f32], n: usize) -> Vec<f32> {
    let (features, width) = (values.len() / n, group_blocks(n) * IMAGE_BLOCK);
    let mut out = vec![0.0; activation_length(features, n)];
    for (image, values) in values.chunks_exact(features).enumerate() {
        let group = &mut out[image / width * features * width..][..features * width];
        group.iter_mut().skip(image % width).step_by(width).zip(values).for_each(|(out, value)| *out = *value);
    }
    out
}

/// [NG, features, I4] -> [N, features].
pub fn to_images_outermost(values: &[f32], n: usize) -> Vec<f32> {
    let mut out = Vec::with_capacity(values.len());
    append_images_outermost(&mut out, values, n);
    out
}

/// [`to_images_outermost`], behind what `out` has already.
pub fn append_images_outermost(out: &mut Vec<f32>, values: &[f32], n: usize) {
    let (features, width) = (values.len() / capacity(n), group_blocks(n) * IMAGE_BLOCK);
    for image in 0..n {
        let group = &values[image / width * features * width..][..features * width];
        out.extend(group.iter().skip(image % width).step_by(width));
    }
}

/// Adds the constants of a batch of `n` images.
fn with_images(source: Source, n: usize) -> Source {
    source.with("NG", groups(n)).with("I4", group_blocks(n))
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
    record(recording, source, tensors, dispatch_size([workgroups.div_ceil(rows), rows, 1]))
}

fn dispatch_size(workgroups: [usize; 3]) -> [u32; 3] {
    workgroups.map(|size| u32::try_from(size).expect("networks that large are refused"))
}

fn record(
    recording: &mut Recording,
    source: &Source,
    tensors: &[(&str, &Tensor)],
    workgroups: [u32; 3],
) -> Result<(), GpuError> {
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

        let values: Vec<f32> = (0..132).map(|value| value as f32).collect();
        let innermost = to_images_innermost(&values, 66);
        assert_eq!(innermost.len(), 2 * 96);
        assert_eq!(innermost[30..35], [60., 62., 1., 3., 5.]);
        assert_eq!(innermost[64..66], [64., 66.]);
        assert_eq!(to_images_outermost(&innermost, 66), values);
    }
}

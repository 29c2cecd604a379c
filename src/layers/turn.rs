//! Turning images over, so that they are innermost: `shaders/turn.wgsl`. They come from the host one behind the other, as
//! files and drawings have them.

use bytemuck::Pod;

use super::{image_blocks, record_each, with_images};
use crate::gpu::{Gpu, GpuError, Recording, Source, Tensor};

/// What a pixel of an image may be on the host.
pub trait Pixel: Pod {
    /// The kernel that turns such images over, and its binding for them.
    const KERNEL: (&'static str, &'static str);

    /// From 0 to 1.
    fn number(self) -> f32;
}

/// 0 for the background to 255 for the ink, as files have it.
impl Pixel for u8 {
    const KERNEL: (&'static str, &'static str) = ("forward_bytes", "bytes");

    fn number(self) -> f32 {
        f32::from(self) / 255.0
    }
}

/// 0 for the background to 1 for the ink.
impl Pixel for f32 {
    const KERNEL: (&'static str, &'static str) = ("forward_numbers", "numbers");

    fn number(self) -> f32 {
        self
    }
}

/// Room for `n` images of `features` pixels as the host has them, [N, features].
///
/// # Errors
/// More than the adapter can bind.
///
/// # Panics
/// If the pixels of an image are no multiple of four.
pub fn images<P: Pixel>(gpu: &Gpu, n: usize, features: usize) -> Result<Tensor, GpuError> {
    assert!(features.is_multiple_of(4), "images of {features} pixels");
    Tensor::zeros(gpu, "images as they come", n * features * size_of::<P>() / 4)
}

/// images [N, pixels] -> x [pixels, N], numbers from 0 to 1; where there is no image, black.
pub fn forward<P: Pixel>(recording: &mut Recording, n: usize, [images, x]: [&Tensor; 2]) -> Result<(), GpuError> {
    let (entry_point, binding) = P::KERNEL;
    let blocks = images.len() * 4 / size_of::<P>() / n / 4;
    let source = Source::new(entry_point, &["turn", "each"]).with("N", n).with("PIXELS4", blocks);
    record_each(recording, &with_images(source, n), &[(binding, images), ("x", x)], blocks * image_blocks(n))
}

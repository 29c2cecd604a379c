//! Gathering a batch from the data set on the GPU: `shaders/batch.wgsl`.

use super::clock::Pace;
use super::{image_blocks, record_each, with_images};
use crate::gpu::{Gpu, GpuError, Recording, Source, Tensor};

/// A labelled data set on the GPU, as bytes.
#[derive(Clone)]
pub struct Images {
    /// [count, pixels], four pixels a number
    pixels: Tensor,
    /// `[count]`, four labels a number
    labels: Tensor,
    count: usize,
    /// Pixels of one image.
    features: usize,
}

impl Images {
    /// Brings images to the GPU. pixels [count, features], labels `[count]`.
    ///
    /// # Errors
    /// More images than the adapter can bind.
    ///
    /// # Panics
    /// If there is no image, or the pixels of an image are no multiple of four.
    pub fn new(gpu: &Gpu, pixels: &[u8], labels: &[u8]) -> Result<Images, GpuError> {
        let (count, features) = (labels.len(), pixels.len() / labels.len());
        assert!(pixels.len() == count * features && features.is_multiple_of(4), "{count} images of {features} pixels");
        let pixels = Tensor::new(gpu, "images", pixels)?;
        Ok(Images { pixels, labels: Tensor::new(gpu, "labels", labels)?, count, features })
    }

    /// How many images there are.
    pub fn count(&self) -> usize {
        self.count
    }
}

/// Begins a step: sets the clock, whose corrections and rate nobody reads without a `pace`; and order `[count]` and the clock's batch
/// -> x [pixels, N] and labels `[N]`; past the end, black images labelled 255.
pub fn gather(
    recording: &mut Recording,
    n: usize,
    pace: Option<&Pace>,
    images: &Images,
    [clock, order, x, labels]: [&Tensor; 4],
) -> Result<(), GpuError> {
    let source = Source::new("forward", &["batch", "clock", "schedule", "each"])
        .with("COUNT", images.count)
        .with("PIXELS4", images.features / 4)
        .with("N", n);
    let source = Pace::constants(pace, with_images(source, n));
    let tensors = [
        ("clock", clock),
        ("order", order),
        ("images", &images.pixels),
        ("labels", &images.labels),
        ("x", x),
        ("y", labels),
    ];
    record_each(recording, &source, &tensors, images.features / 4 * image_blocks(n))
}

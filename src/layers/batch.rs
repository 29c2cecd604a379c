//! Gathering a batch from the data set on the GPU, as it is, `shaders/batch.wgsl`, or with each image drawn anew,
//! `shaders/batch/augmented.wgsl`.

use super::clock::Pace;
use super::{capacity, image_blocks, record_each, with_images};
use crate::augment::Augment;
use crate::gpu::{Gpu, GpuError, Recording, Source, Tensor};
use crate::random::Stream;
use crate::reference::augment::{CALLS, SHORTEST_WAVE};

/// Words of four pixels that an invocation draws one after the other on a software driver, a row of MNIST's.
const WORDS_OF_A_RUN: usize = 7;

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
/// -> x [pixels, N] and labels `[N]`, all four in `tensors`; past the end, black images labelled 255.
pub fn gather(
    recording: &mut Recording,
    n: usize,
    pace: Option<&Pace>,
    images: &Images,
    tensors: [&Tensor; 4],
) -> Result<(), GpuError> {
    let source = source_of(Source::new("forward", &["batch", "clock", "schedule", "each"]), n, pace, images);
    record_each(recording, &source, &bindings(images, "x", tensors), images.features / 4 * image_blocks(n))
}

/// How the images of a training are drawn anew.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Drawing {
    pub augment: Augment,
    /// The seed of the training.
    pub seed: u32,
    /// H and W of the images.
    pub size: [usize; 2],
}

/// As [`gather`], with the images drawn for the clock's step.
///
/// # Panics
/// If the images have another size.
pub fn augmented(
    recording: &mut Recording,
    n: usize,
    pace: Option<&Pace>,
    images: &Images,
    Drawing { augment, seed, size: [height, width] }: &Drawing,
    tensors: [&Tensor; 4],
) -> Result<(), GpuError> {
    assert_eq!(height * width, images.features, "the images are no {height} x {width}");
    let words = images.features / 4;
    // To draw a form takes as long as to sample some pixels, which GPUs would rather do side by side.
    let run = if recording.gpu().is_software() { words.min(WORDS_OF_A_RUN) } else { 1 };
    let runs = words.div_ceil(run);
    let source = Source::new("augmented", &["batch", "batch/augmented", "clock", "schedule", "random", "each"])
        .with("H", *height)
        .with("W", *width)
        .with("RUN", run)
        .with("RUNS", runs)
        .with("SEED", *seed)
        .with("STREAM", Stream::Augment.key())
        .with("NOISE_STREAM", Stream::Noise.key())
        .with("CALLS", CALLS)
        .with("SHORTEST_WAVE", SHORTEST_WAVE)
        .with("ROTATE", augment.rotate.to_radians())
        .with("SHIFT", augment.shift)
        .with("SCALE", augment.scale)
        .with("SHEAR", augment.shear)
        .with("ELASTIC", augment.elastic)
        .with("THICKNESS", augment.thickness)
        .with("CONTRAST", augment.contrast)
        .with("PATCH", augment.patch)
        .with("NOISE", augment.noise)
        .with("CLEAN", augment.clean);
    let source = source_of(source, n, pace, images);
    record_each(recording, &source, &bindings(images, "drawn", tensors), runs * capacity(n))
}

/// What both kernels read and write, of whose tensors, clock, order, x and labels, `x` is called as the kernel does.
fn bindings<'a>(
    images: &'a Images,
    x_name: &'static str,
    [clock, order, x, labels]: [&'a Tensor; 4],
) -> [(&'static str, &'a Tensor); 6] {
    let Images { pixels, labels: all_labels, .. } = images;
    [("clock", clock), ("order", order), ("images", pixels), ("labels", all_labels), (x_name, x), ("y", labels)]
}

/// The constants that both kernels need.
fn source_of(source: Source, n: usize, pace: Option<&Pace>, images: &Images) -> Source {
    let source = source.with("COUNT", images.count).with("PIXELS4", images.features / 4).with("N", n);
    Pace::constants(pace, with_images(source, n))
}

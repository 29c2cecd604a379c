//! Reading digits off pictures, one or many: what `digits predict` prints and the page shows. What in a picture may be a digit
//! is [`crate::picture`]'s part; here a model says what each is, and by that what is one digit and what are several.

mod choice;
#[cfg(not(target_arch = "wasm32"))]
mod many;

use std::borrow::Cow;

use choice::choose;
#[cfg(not(target_arch = "wasm32"))]
use image::{ImageBuffer, Luma, imageops};
#[cfg(not(target_arch = "wasm32"))]
pub use many::Found;

use crate::gpu::GpuError;
#[cfg(not(target_arch = "wasm32"))]
use crate::mnist::SIDE;
use crate::model::Model;
use crate::network::{Calibration, Judgement, Shape};
use crate::picture::{Block, Digit, Images, Pictures, Pixels, readings, reduced};
use crate::recognize::Recognizer;

/// The digits of a picture file: those of a picture line by line, from left to right, those of an IDX file from the first
/// image to the last.
pub enum Digits {
    /// Those of a picture.
    Found {
        /// The ways to take it, each of at least one block; at least one way.
        readings: Vec<Vec<Block>>,
        /// How many of its pixels are one of those that were read wide and high.
        scale: u32,
    },
    /// Those of an IDX file, at least one.
    Images(Images),
}

/// Why there is nothing to read; the message goes on after the name of the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoDigits {
    #[error("shows no digit: it has no ink, or nothing but specks")]
    NoInk,
}

impl Digits {
    /// Finds them.
    ///
    /// # Errors
    /// There is none.
    pub fn of(pictures: &Pictures) -> Result<Digits, NoDigits> {
        let digits = match pictures {
            Pictures::Picture(picture) => {
                let (picture, scale) = reduced(picture);
                Digits::Found { readings: readings(&picture), scale }
            }
            Pictures::Images(images) => Digits::Images(Images::of(images)),
        };
        let is_empty = match &digits {
            Digits::Found { readings, .. } => readings.is_empty(),
            Digits::Images(images) => images.pixels.is_empty(),
        };
        if is_empty { Err(NoDigits::NoInk) } else { Ok(digits) }
    }

    /// Which images of an IDX file, counted from 0, show nothing and are left out.
    pub fn blank(&self) -> &[usize] {
        match self {
            Digits::Found { .. } => &[],
            Digits::Images(images) => &images.blank,
        }
    }

    /// The digits, and what a network says of each. `look` asks it what images show, `[classes]` for each.
    ///
    /// # Errors
    /// Those of `look`.
    pub async fn judged<E>(
        self,
        calibration: &Calibration,
        look: impl AsyncFnMut(&[Pixels]) -> Result<Vec<Vec<f32>>, E>,
    ) -> Result<Vec<(Digit, Judgement)>, E> {
        let judged = |seen: Vec<(Digit, Vec<f32>)>| {
            seen.into_iter().map(|(digit, probabilities)| (digit, calibration.judge(probabilities))).collect()
        };
        Ok(match self {
            Digits::Found { readings, scale } => {
                let mut digits = without_crumbs(judged(choose(readings, look).await?));
                digits.iter_mut().for_each(|(digit, _)| digit.bounds = digit.bounds.enlarged(scale));
                digits
            }
            Digits::Images(images) => judged(seen(images.digits(), look).await?),
        })
    }
}

/// What is left when crumbs and what lies around digits are taken away: what is no digit, and much smaller or larger than what
/// is.
fn without_crumbs(digits: Vec<(Digit, Judgement)>) -> Vec<(Digit, Judgement)> {
    let size = |digit: &Digit| digit.bounds.width.max(digit.bounds.height);
    let mut sizes: Vec<u32> = digits.iter().filter(|(_, seen)| seen.is_digit).map(|(digit, _)| size(digit)).collect();
    sizes.sort_unstable();
    let Some(middle) = sizes.get(sizes.len() / 2).copied() else { return digits };
    let is_like = |digit: &Digit| (middle * 3 / 5..=middle * 5 / 2).contains(&size(digit));
    digits.into_iter().filter(|(digit, seen)| seen.is_digit || is_like(digit)).collect()
}

/// Digits of which it is clear what they are.
async fn seen<E>(
    digits: Vec<Digit>,
    mut look: impl AsyncFnMut(&[Pixels]) -> Result<Vec<Vec<f32>>, E>,
) -> Result<Vec<(Digit, Vec<f32>)>, E> {
    let images: Vec<Pixels> = digits.iter().map(|digit| digit.pixels).collect();
    let probabilities = look(&images).await?;
    Ok(digits.into_iter().zip(probabilities).collect())
}

/// A model, ready for single digits or for many.
pub struct Reader {
    model: Model,
    calibration: Calibration,
    /// For one image at a time.
    single: Option<Recognizer<f32>>,
    /// For [`BATCH`] images at a time.
    batch: Option<Recognizer<f32>>,
}

/// Digits that are recognized at a time, where there are many: on a processor, a batch that is not full takes as long as a full
/// one, and larger batches take no less for each.
const BATCH: usize = 32;

/// So many take as long one by one as a batch does on a processor.
const FEW: usize = 6;

impl Reader {
    /// `calibration` is the model's.
    pub fn new(model: Model, calibration: Calibration) -> Reader {
        Reader { model, calibration, single: None, batch: None }
    }

    /// The digits, and what the model says of each.
    ///
    /// # Errors
    /// A kernel cannot be built, or the device failed.
    pub async fn read(&mut self, digits: Digits) -> Result<Vec<(Digit, Judgement)>, GpuError> {
        let calibration = self.calibration;
        let classes = self.model.network().classes();
        let look = async |images: &[Pixels]| {
            let probabilities = self.recognize(images).await?;
            Ok(probabilities.chunks_exact(classes).map(<[f32]>::to_vec).collect())
        };
        digits.judged(&calibration, look).await
    }

    /// images [N, 28, 28] -> [N, classes]. Kernels for batches are compiled when there is a whole one.
    async fn recognize(&mut self, images: &[Pixels]) -> Result<Vec<f32>, GpuError> {
        let is_many = images.len() >= if self.batch.is_some() { FEW } else { BATCH };
        let (ready, n) = if is_many { (&mut self.batch, BATCH) } else { (&mut self.single, 1) };
        recognizer(&self.model, ready, n)?.recognize(&to_input(&self.model, images)).await
    }
}

/// The recognizer of `n` images at a time that is ready, or a new one.
fn recognizer<'a>(
    model: &Model,
    ready: &'a mut Option<Recognizer<f32>>,
    n: usize,
) -> Result<&'a Recognizer<f32>, GpuError> {
    Ok(match ready {
        Some(recognizer) => recognizer,
        None => ready.insert(Recognizer::new(model, n)?),
    })
}

/// images [N, 28, 28] -> [N, H, W] of the model's input.
fn to_input<'a>(model: &Model, images: &'a [Pixels]) -> Cow<'a, [f32]> {
    #[cfg(not(target_arch = "wasm32"))]
    if model.network().input() != Shape::MNIST {
        let Shape { height, width, .. } = model.network().input();
        let scaled = |pixels: &Pixels| {
            let image = ImageBuffer::<Luma<f32>, _>::from_raw(SIDE as u32, SIDE as u32, pixels.to_vec());
            let image = image.expect("an image has 28 x 28 pixels");
            imageops::resize(&image, width as u32, height as u32, imageops::FilterType::Triangle).into_raw()
        };
        return images.iter().flat_map(scaled).collect();
    }
    // A page opens no model of another size.
    debug_assert_eq!(model.network().input(), Shape::MNIST);
    Cow::Borrowed(images.as_flattened())
}

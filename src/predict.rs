//! Reading digits off pictures, one or many: what `digits predict` prints and the page shows. Which digits a picture has is
//! [`crate::mnist`]'s part; here a model says what each of them is.

use image::GrayImage;

use crate::gpu::GpuError;
use crate::layers::turn::Pixel;
use crate::mnist::{PIXELS, SIDE};
use crate::model::Model;
use crate::network::{Calibration, Judgement};
use crate::picture::{Bounds, Digit, Pictures, find_digits, normalise_image};
use crate::recognize::Recognizer;

/// The digits of a picture file: those of a picture from left to right, those of an IDX file from the first image to the last.
pub enum Digits {
    /// Made into images like MNIST's, at least one.
    Made(Vec<Digit>),
    /// Images of MNIST's size, [N, 28, 28], which are as they should be: at least one.
    Images(Vec<u8>),
}

/// Why there is nothing to read; the message goes on after the name of the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoDigits {
    #[error("shows no digit: it has no ink, or nothing but specks")]
    NoInk,
    #[error("has an image without any ink")]
    BlankImage,
}

impl Digits {
    /// Finds them.
    ///
    /// # Errors
    /// There is none, or an image of the file has none.
    pub fn of(pictures: &Pictures) -> Result<Digits, NoDigits> {
        let digits = match pictures {
            Pictures::Picture(picture) => find_digits(picture),
            Pictures::Images(images) if images.iter().all(is_like_mnist) => {
                return Ok(Digits::Images(images.iter().flat_map(|image| image.as_raw()).copied().collect()));
            }
            Pictures::Images(images) => {
                images.iter().map(made_of).collect::<Option<_>>().ok_or(NoDigits::BlankImage)?
            }
        };
        if digits.is_empty() { Err(NoDigits::NoInk) } else { Ok(Digits::Made(digits)) }
    }

    /// Where each stands and what the network sees.
    pub fn into_vec(self) -> Vec<Digit> {
        match self {
            Digits::Made(digits) => digits,
            Digits::Images(pixels) => pixels.as_chunks().0.iter().map(digit).collect(),
        }
    }
}

fn is_like_mnist(image: &GrayImage) -> bool {
    image.dimensions() == (SIDE as u32, SIDE as u32)
}

/// An image of MNIST's size.
fn digit(pixels: &[u8; PIXELS]) -> Digit {
    let bounds = Bounds { x: 0, y: 0, width: SIDE as u32, height: SIDE as u32 };
    Digit { bounds, pixels: pixels.map(|pixel| f32::from(pixel) / 255.0) }
}

fn made_of(image: &GrayImage) -> Option<Digit> {
    let bounds = Bounds { x: 0, y: 0, width: image.width(), height: image.height() };
    Some(Digit { bounds, pixels: normalise_image(image)? })
}

/// A model, ready for single digits or for many.
pub struct Reader {
    model: Model,
    calibration: Calibration,
    digits: Option<(usize, Recognizer<f32>)>,
    images: Option<(usize, Recognizer<u8>)>,
}

/// Digits that are recognized at a time, where there are many.
const BATCH: usize = 128;

/// Fewer digits are recognized one by one: kernels for batches of their own would take longer to compile.
const MANY: usize = 32;

impl Reader {
    /// `calibration` is the model's.
    pub fn new(model: Model, calibration: Calibration) -> Reader {
        Reader { model, calibration, digits: None, images: None }
    }

    /// What the model says of each digit.
    ///
    /// # Errors
    /// A kernel cannot be built, or the device failed.
    pub async fn read(&mut self, digits: &Digits) -> Result<Vec<Judgement>, GpuError> {
        let probabilities = match digits {
            Digits::Made(digits) => {
                let pixels: Vec<f32> = digits.iter().flat_map(|digit| digit.pixels).collect();
                read(&self.model, &mut self.digits, &pixels).await?
            }
            Digits::Images(pixels) => read(&self.model, &mut self.images, pixels).await?,
        };
        let each = probabilities.chunks_exact(self.model.network().classes());
        Ok(each.map(|probabilities| self.calibration.judge(probabilities.to_vec())).collect())
    }
}

/// images [N, 28, 28] -> [N, classes], by the recognizer that is there already where it suits them.
async fn read<P: Pixel>(
    model: &Model,
    ready: &mut Option<(usize, Recognizer<P>)>,
    images: &[P],
) -> Result<Vec<f32>, GpuError> {
    let n = if images.len() < MANY * PIXELS { 1 } else { BATCH };
    let recognizer = match ready.take() {
        Some((made_for, recognizer)) if made_for == n => recognizer,
        _ => Recognizer::new(model, n)?,
    };
    ready.insert((n, recognizer)).1.recognize(images).await
}

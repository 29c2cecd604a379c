//! Reading digits off pictures, one or many: what `digits predict` prints and the page shows. Which digits a picture has is
//! [`crate::mnist`]'s part; here a model says what each of them is.

use image::GrayImage;

use crate::gpu::GpuError;
use crate::mnist::{Bounds, Digit, PIXELS, Pictures, find_digits, normalise_image};
use crate::model::Model;
use crate::recognize::Recognizer;

/// Why there is nothing to read; the message goes on after the name of the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoDigits {
    #[error("shows no digit: it has no ink, or nothing but specks")]
    NoInk,
    #[error("has an image without any ink")]
    BlankImage,
}

/// The digits of a picture from left to right, or those of an IDX file from the first image to the last.
///
/// # Errors
/// There is none, or an image of the file has none.
pub fn digits_of(pictures: &Pictures) -> Result<Vec<Digit>, NoDigits> {
    let digits = match pictures {
        Pictures::Picture(picture) => find_digits(picture),
        Pictures::Images(images) => images.iter().map(digit_of).collect::<Option<_>>().ok_or(NoDigits::BlankImage)?,
    };
    if digits.is_empty() { Err(NoDigits::NoInk) } else { Ok(digits) }
}

/// Images of MNIST's size are MNIST's own, and as they should be.
fn digit_of(image: &GrayImage) -> Option<Digit> {
    let bounds = Bounds { x: 0, y: 0, width: image.width(), height: image.height() };
    let pixels = match <&[u8; PIXELS]>::try_from(&image.as_raw()[..]) {
        Ok(pixels) if image.width() == image.height() => pixels.map(|pixel| f32::from(pixel) / 255.0),
        _ => normalise_image(image)?,
    };
    Some(Digit { bounds, pixels })
}

/// A model, ready for single digits or for many.
pub struct Reader {
    model: Model,
    recognizer: Option<(usize, Recognizer)>,
}

/// Digits that are recognized at a time, where there are many.
const BATCH: usize = 128;

/// Fewer digits are recognized one by one: kernels for batches of their own would take longer to compile.
const MANY: usize = 32;

impl Reader {
    pub fn new(model: Model) -> Reader {
        Reader { model, recognizer: None }
    }

    /// The probabilities of the classes for each digit.
    ///
    /// # Errors
    /// A kernel cannot be built, or the device failed.
    pub async fn read(&mut self, digits: &[Digit]) -> Result<Vec<Vec<f32>>, GpuError> {
        let n = if digits.len() < MANY { 1 } else { BATCH };
        let recognizer = match self.recognizer.take() {
            Some((made_for, recognizer)) if made_for == n => recognizer,
            _ => Recognizer::new(&self.model, n)?,
        };
        let (_, recognizer) = self.recognizer.insert((n, recognizer));
        let mut answers = Vec::new();
        for batch in digits.chunks(n) {
            let mut images: Vec<f32> = batch.iter().flat_map(|digit| digit.pixels).collect();
            images.resize(n * PIXELS, 0.0);
            let probabilities = recognizer.recognize(&images).await?;
            let of_each = probabilities.chunks_exact(self.model.network().classes());
            answers.extend(of_each.take(batch.len()).map(<[f32]>::to_vec));
        }
        Ok(answers)
    }
}

//! Reading digits off pictures, one or many: what `digits predict` prints and the page shows. Which digits a picture has is
//! [`crate::picture`]'s part; here a model says what each of them is.

use crate::gpu::GpuError;
use crate::layers::turn::Pixel;
use crate::mnist::PIXELS;
use crate::model::Model;
use crate::network::{Calibration, Judgement};
use crate::picture::{Digit, Images, Pictures, find_digits};
use crate::recognize::Recognizer;

/// The digits of a picture file: those of a picture from left to right, those of an IDX file from the first image to the last.
pub enum Digits {
    /// Made into images like MNIST's, at least one.
    Made(Vec<Digit>),
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
            Pictures::Picture(picture) => Digits::Made(find_digits(picture)),
            Pictures::Images(images) => Digits::Images(Images::of(images)),
        };
        let is_empty = match &digits {
            Digits::Made(digits) => digits.is_empty(),
            Digits::Images(images) => images.pixels.is_empty(),
        };
        if is_empty { Err(NoDigits::NoInk) } else { Ok(digits) }
    }

    /// Which images of an IDX file, counted from 0, show nothing and are left out.
    pub fn blank(&self) -> &[usize] {
        match self {
            Digits::Made(_) => &[],
            Digits::Images(images) => &images.blank,
        }
    }

    /// Where each stands and what the network sees.
    pub fn into_vec(self) -> Vec<Digit> {
        match self {
            Digits::Made(digits) => digits,
            Digits::Images(Images { pixels, bounds, .. }) => {
                let digit =
                    |pixels: &[u8; PIXELS]| Digit { bounds, pixels: pixels.map(|pixel| f32::from(pixel) / 255.0) };
                pixels.as_chunks().0.iter().map(digit).collect()
            }
        }
    }
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
            Digits::Images(images) => read(&self.model, &mut self.images, &images.pixels).await?,
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

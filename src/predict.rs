//! Reading digits off pictures, one or many: what `digits predict` prints and the page shows. What in a picture may be a digit
//! is [`crate::picture`]'s part; here a model says what each is, and by that what is one digit and what are several.

mod choice;

use choice::choose;
use image::GrayImage;

use crate::gpu::GpuError;
use crate::mnist::{PIXELS, SIDE};
use crate::model::Model;
use crate::network::{Calibration, Judgement};
use crate::picture::{Block, Bounds, Digit, Pictures, Pixels, normalise_image, readings};
use crate::recognize::Recognizer;

/// The digits of a picture file: those of a picture line by line, from left to right, those of an IDX file from the first image to the last.
pub enum Digits {
    /// The ways to take a picture, each of at least one block; at least one way.
    Found(Vec<Vec<Block>>),
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
        match pictures {
            Pictures::Picture(picture) => {
                let readings = readings(picture);
                if readings.is_empty() { Err(NoDigits::NoInk) } else { Ok(Digits::Found(readings)) }
            }
            Pictures::Images(images) if images.iter().all(is_like_mnist) => {
                Ok(Digits::Images(images.iter().flat_map(|image| image.as_raw()).copied().collect()))
            }
            Pictures::Images(images) => {
                images.iter().map(made_of).collect::<Option<_>>().map(Digits::Made).ok_or(NoDigits::BlankImage)
            }
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
        let seen = match self {
            Digits::Found(readings) => choose(readings, look).await?,
            Digits::Made(digits) => seen(digits, look).await?,
            Digits::Images(pixels) => seen(pixels.as_chunks().0.iter().map(digit).collect(), look).await?,
        };
        Ok(seen.into_iter().map(|(digit, probabilities)| (digit, calibration.judge(probabilities))).collect())
    }
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

fn is_like_mnist(image: &GrayImage) -> bool {
    image.dimensions() == (SIDE as u32, SIDE as u32)
}

/// An image of MNIST's size.
fn digit(pixels: &[u8; PIXELS]) -> Digit {
    let bounds = Bounds { x: 0, y: 0, width: SIDE as u32, height: SIDE as u32 };
    Digit { bounds, line: 0, pixels: pixels.map(|pixel| f32::from(pixel) / 255.0) }
}

fn made_of(image: &GrayImage) -> Option<Digit> {
    let bounds = Bounds { x: 0, y: 0, width: image.width(), height: image.height() };
    Some(Digit { bounds, line: 0, pixels: normalise_image(image)? })
}

/// A model, ready for single digits or for many.
pub struct Reader {
    model: Model,
    calibration: Calibration,
    /// With how many images it takes at a time.
    recognizer: Option<(usize, Recognizer<f32>)>,
}

/// Digits that are recognized at a time, where there are many.
const BATCH: usize = 128;

/// Fewer digits are recognized one by one: kernels for batches of their own would take longer to compile.
const MANY: usize = 32;

impl Reader {
    /// `calibration` is the model's.
    pub fn new(model: Model, calibration: Calibration) -> Reader {
        Reader { model, calibration, recognizer: None }
    }

    /// The digits, and what the model says of each.
    ///
    /// # Errors
    /// A kernel cannot be built, or the device failed.
    pub async fn read(&mut self, digits: Digits) -> Result<Vec<(Digit, Judgement)>, GpuError> {
        let Reader { model, calibration, recognizer } = self;
        let classes = model.network().classes();
        let look = async |images: &[Pixels]| {
            let probabilities = recognize(model, recognizer, images.as_flattened()).await?;
            Ok(probabilities.chunks_exact(classes).map(<[f32]>::to_vec).collect())
        };
        digits.judged(calibration, look).await
    }
}

/// images [N, 28, 28] -> [N, classes], by the recognizer that is there already where it suits them.
async fn recognize(
    model: &Model,
    ready: &mut Option<(usize, Recognizer<f32>)>,
    images: &[f32],
) -> Result<Vec<f32>, GpuError> {
    let n = if images.len() < MANY * PIXELS { 1 } else { BATCH };
    let recognizer = match ready.take() {
        Some((made_for, recognizer)) if made_for >= n => (made_for, recognizer),
        _ => (n, Recognizer::new(model, n)?),
    };
    ready.insert(recognizer).1.recognize(images).await
}

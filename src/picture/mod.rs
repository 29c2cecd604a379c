//! Pictures coming in: from the bytes of a file to digits that look like MNIST's, in the order in which a person reads them.
//! Each file of this folder is a step of that way.

mod bars;
mod bounds;
mod decode;
mod ink;
mod levels;
mod light;
mod mask;
mod normalise;
mod parts;
mod rules;
mod specks;

use image::GrayImage;

pub use bounds::Bounds;
pub use decode::{PictureError, Pictures};
use ink::Ink;
pub use normalise::{Pixels, normalise_strokes};

/// A digit found in a picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Digit {
    /// Where it stands in the picture.
    pub bounds: Bounds,
    /// What the network is to see.
    pub pixels: Pixels,
}

/// All ink of a picture as one digit, dark on light or light on dark; `None` where there is none.
pub fn normalise_image(picture: &GrayImage) -> Option<Pixels> {
    find_digit(picture).map(|digit| digit.pixels)
}

/// [`normalise_image`], and where the ink is.
pub fn find_digit(picture: &GrayImage) -> Option<Digit> {
    let (bounds, ink) = parts::whole(&Ink::find(picture)?)?;
    Some(Digit { bounds, pixels: normalise::normalise(&ink) })
}

/// The digits of a picture, dark on light or light on dark, from left to right. Digits that touch are taken for one.
pub fn find_digits(picture: &GrayImage) -> Vec<Digit> {
    let Some(ink) = Ink::find(picture) else { return Vec::new() };
    let digits = parts::separate(&ink).into_iter();
    digits.map(|(bounds, ink)| Digit { bounds, pixels: normalise::normalise(&ink) }).collect()
}

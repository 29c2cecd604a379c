//! What pictures are made of: images of digits, and random numbers.

use std::array;

use digits::mnist::{DataSet, SIDE};
use digits::random::{Stream, uniform};
use image::{GrayImage, imageops};

/// Random numbers for one picture.
pub struct Dice {
    picture: u32,
    drawn: u32,
}

impl Dice {
    /// Those of picture number `picture` of its kind.
    pub fn new(kind: u32, picture: u32) -> Dice {
        Dice { picture: picture.wrapping_mul(64).wrapping_add(kind), drawn: 0 }
    }

    pub fn between(&mut self, least: f32, greatest: f32) -> f32 {
        self.drawn += 1;
        least + (greatest - least) * uniform(0, Stream::Deform, self.picture, self.drawn)
    }

    pub fn below(&mut self, count: usize) -> usize {
        (self.between(0.0, count as f32) as usize).min(count - 1)
    }

    pub fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }
}

/// An image of 28 x 28 pixels, white on black.
pub fn digit(pixels: &[u8]) -> GrayImage {
    GrayImage::from_raw(SIDE as u32, SIDE as u32, pixels.to_vec()).expect("28 x 28 pixels")
}

/// The ink of an image, white on black, without the black around it.
pub fn cropped(data: &DataSet, index: usize) -> GrayImage {
    let image = digit(data.image(index));
    let inked = || image.enumerate_pixels().filter(|(_, _, pixel)| pixel.0[0] > 0).map(|(x, y, _)| [x, y]);
    let least = array::from_fn::<u32, 2, _>(|axis| inked().map(|place| place[axis]).min().expect("ink"));
    let size =
        array::from_fn::<u32, 2, _>(|axis| inked().map(|place| place[axis]).max().expect("ink") + 1 - least[axis]);
    imageops::crop_imm(&image, least[0], least[1], size[0], size[1]).to_image()
}

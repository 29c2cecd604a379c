//! What the shipped model reads off a picture.

use digits::gpu::{Gpu, Request};
use digits::model::Model;
use digits::network::{Judgement, ModelFile, best};
use digits::picture::{Digit, Pictures};
use digits::predict::{Digits, Reader};
use image::GrayImage;
use pollster::FutureExt as _;

pub fn reader() -> Reader {
    let gpu = Gpu::open(&Request::default()).block_on().unwrap_or_else(|error| panic!("{error}"));
    let file = ModelFile::shipped();
    Reader::new(Model::new(&gpu, &file.network, &file.parameters).unwrap(), file.calibration)
}

/// The digits and what the model says of each; nothing where no ink is found.
pub fn digits_of(reader: &mut Reader, picture: GrayImage) -> Vec<(Digit, Judgement)> {
    let digits = Digits::of(&Pictures::Picture(picture));
    digits.map_or_else(|_| Vec::new(), |digits| reader.read(digits).block_on().unwrap())
}

/// What a picture is read as, whether the model calls it a digit or not.
pub fn read(reader: &mut Reader, picture: GrayImage) -> Vec<u8> {
    digits_of(reader, picture).iter().map(|(_, judgement)| best(&judgement.probabilities) as u8).collect()
}

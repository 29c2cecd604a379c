//! A picture with what was read off it: what was taken for paper, for rules and for ink, a box around each digit, and what the
//! model says of it, so that a person sees why.

mod canvas;
mod legend;
mod page;

use image::{GrayImage, RgbImage};

use canvas::Canvas;
pub use canvas::Colour;
use legend::Legend;
use page::Page;

use crate::network::{Classes, Judgement};
use crate::picture::{Digit, Fate, Trace, reduced};

/// The colour of a digit's box.
pub const BOX: Colour = [0, 114, 178];
/// The colour of a box around what is no digit.
pub const NO_DIGIT: Colour = [200, 30, 90];
/// The colour of paper that is taken for dark; paper in full light is white.
const SHADE: Colour = [86, 180, 233];
const WORDS: Colour = [60, 60, 60];

/// The colour of what was taken for something else than paper.
pub fn colour(fate: Fate) -> Option<Colour> {
    match fate {
        Fate::Paper => None,
        Fate::Turned => Some([150, 120, 200]),
        Fate::Pale => Some([236, 200, 40]),
        Fate::Around => Some([204, 121, 167]),
        Fate::Rule => Some([224, 100, 10]),
        Fate::LeftOut => Some([0, 158, 115]),
        Fate::Digit => Some([30, 30, 30]),
    }
}

/// A picture with what was read off it, and a legend below.
pub struct Annotated {
    pub image: RgbImage,
    /// How many pixels wide and high each of the picture's is, as it was read.
    pub scale: u32,
    /// Where the picture's left upper corner is, x and y.
    pub corner: [u32; 2],
}

impl Annotated {
    /// Of a picture and all that was read off it by a model with these classes.
    ///
    /// # Panics
    /// The digits are of another picture or model.
    pub fn of(picture: &GrayImage, digits: &[(Digit, Judgement)], classes: &Classes) -> Annotated {
        let (picture, times) = reduced(picture);
        let mut digits = digits.to_vec();
        digits.iter_mut().for_each(|(digit, _)| digit.bounds = digit.bounds.reduced(times));
        let trace = Trace::of(&picture, &digits.iter().map(|(digit, _)| digit).collect::<Vec<_>>());
        let page = Page::of(&picture, &digits);
        let [width, height] = page.size();
        let legend = Legend::of(&trace, &digits, width);
        let mut canvas = Canvas::new(width, height + legend.height());
        page.lay(&mut canvas, &picture, &trace);
        page.mark(&mut canvas, &digits, classes);
        legend.write(&mut canvas, height);
        Annotated { image: canvas.image, scale: page.scale, corner: page.corner }
    }
}

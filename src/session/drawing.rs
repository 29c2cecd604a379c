//! What lies on the canvas: strokes, and a picture below them, in a square whose side is 1, so that they can be drawn at any
//! size.

use std::sync::Arc;

use image::{GrayImage, Luma, imageops};

use crate::mnist::{PIXELS, SIDE};
use crate::pen::{Point, Strokes};
use crate::picture::{Digit, Pixels, find_digit, normalise_strokes};

/// The usual width of the pen, in sides of the canvas.
pub const PEN: f32 = 0.06;

/// How far what is drawn may leave the smooth curve, in sides of the canvas.
const TOLERANCE: f32 = 5e-4;

/// Strokes over a picture, in a square whose side is 1, y down.
#[derive(Clone, Debug, PartialEq)]
pub struct Drawing {
    pub strokes: Strokes,
    /// Fills the square as far as its aspect lets it.
    pub picture: Option<Arc<GrayImage>>,
}

impl Default for Drawing {
    fn default() -> Drawing {
        Drawing { strokes: Strokes { lines: Vec::new(), width: PEN }, picture: None }
    }
}

impl Drawing {
    pub fn is_empty(&self) -> bool {
        self.strokes.lines.is_empty() && self.picture.is_none()
    }

    /// What the network is to see, and where that lies on the canvas, its least and its greatest corner; `None` where there
    /// is no ink.
    pub fn seen(&self) -> Option<(Pixels, [Point; 2])> {
        let Some(picture) = &self.picture else {
            let [least, greatest] = self.strokes.smooth(TOLERANCE).bounds()?;
            let tip = self.strokes.width / 2.0;
            let pixels = normalise_strokes(&self.strokes)?;
            return Some((pixels, place(&pixels, [least.map(|at| at - tip), greatest.map(|at| at + tip)])));
        };
        // The larger of both sides, so that a picture keeps what it has.
        let side = picture.width().max(picture.height()).clamp(28, 1024);
        let Digit { bounds, pixels, .. } = find_digit(&self.draw(side))?;
        let ink = [[bounds.x, bounds.y], [bounds.x + bounds.width, bounds.y + bounds.height]];
        Some((pixels, place(&pixels, ink.map(|point| point.map(|at| at as f32 / side as f32)))))
    }

    /// The drawing as `side` x `side` pixels: ink is white on black, a picture as it is, with white or black ink on it,
    /// whichever it is written with.
    pub fn draw(&self, side: u32) -> GrayImage {
        let ink = self.strokes.smooth(TOLERANCE).moved(side as f32, [0.0; 2]).coverage(side, side);
        let Some(picture) = &self.picture else { return ink };
        let mut out = fit(picture, side);
        let pen = if is_light(picture) { 0.0 } else { 255.0 };
        for (pixel, Luma([ink])) in out.pixels_mut().zip(ink.pixels()) {
            let Luma([paper]) = *pixel;
            let share = f32::from(*ink) / 255.0;
            *pixel = Luma([(pen * share + f32::from(paper) * (1.0 - share)).round() as u8]);
        }
        out
    }
}

/// Where an image lies on the canvas whose ink is within `ink` there: its corners, from the box around its own ink.
pub(super) fn place(pixels: &Pixels, ink: [Point; 2]) -> [Point; 2] {
    /// Less is the edge of a stroke.
    const INK: f32 = 0.1;
    let inked = (0..PIXELS).filter(|at| pixels[*at] > INK).map(|at| [at % SIDE, at / SIDE]);
    let [mut least, mut greatest] = [[SIDE as f32; 2], [0.0f32; 2]];
    for pixel in inked {
        for axis in [0, 1] {
            least[axis] = least[axis].min(pixel[axis] as f32);
            greatest[axis] = greatest[axis].max(pixel[axis] as f32 + 1.0);
        }
    }
    let longer = |[least, greatest]: [Point; 2]| (greatest[0] - least[0]).max(greatest[1] - least[1]);
    let scale = longer(ink) / longer([least, greatest]).max(1.0);
    let corner = [0, 1].map(|axis| (ink[0][axis] + ink[1][axis] - scale * (least[axis] + greatest[axis])) / 2.0);
    [corner, corner.map(|at| at + scale * SIDE as f32)]
}

/// Whether a picture's paper, most of it, is light.
fn is_light(picture: &GrayImage) -> bool {
    let light = picture.pixels().filter(|Luma([value])| *value > 127).count();
    2 * light > picture.pixels().len()
}

/// `picture` in the middle of a square, as large as it fits, on paper of its own brightness.
fn fit(picture: &GrayImage, side: u32) -> GrayImage {
    let longer = picture.width().max(picture.height()) as f32;
    let scaled = |length: u32| ((length as f32 * side as f32 / longer).round() as u32).clamp(1, side);
    let (width, height) = (scaled(picture.width()), scaled(picture.height()));
    let resized = imageops::resize(picture, width, height, imageops::FilterType::Triangle);
    let mut out = GrayImage::from_pixel(side, side, Luma([if is_light(picture) { 255 } else { 0 }]));
    imageops::replace(&mut out, &resized, i64::from((side - width) / 2), i64::from((side - height) / 2));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_network_sees_lies_where_it_is_drawn() {
        // A stroke of 0.4 by 0.06 and, as seen, 20 by 3 pixels around the middle of the image.
        let strokes = Strokes { lines: vec![vec![[0.6, 0.23], [0.6, 0.57]]], width: 0.06 };
        let (_, [least, greatest]) = Drawing { strokes, picture: None }.seen().unwrap();
        let expected = [[0.31, 0.11], [0.87, 0.67]];
        for (found, expected) in [least, greatest].as_flattened().iter().zip(expected.as_flattened()) {
            assert!((found - expected).abs() < 0.03, "{least:?} {greatest:?}");
        }
    }

    #[test]
    fn strokes_on_a_light_picture_are_dark() {
        let picture = Some(Arc::new(GrayImage::from_pixel(40, 20, Luma([250]))));
        let strokes = Strokes { lines: vec![vec![[0.2, 0.5], [0.8, 0.5]]], width: 0.1 };
        let drawn = Drawing { strokes, picture }.draw(100);
        assert_eq!(drawn.get_pixel(50, 50), &Luma([0]));
        assert!(drawn.get_pixel(50, 10)[0] > 240);
    }
}

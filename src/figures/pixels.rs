//! Small pictures in SVG: ink as paths, which follow the reader's screen, and numbers of either sign as embedded PNGs.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use image::{ImageFormat, RgbaImage};
use maud::{Markup, html};

use super::Tone;

/// Greys that are told apart.
const LEVELS: usize = 8;

/// A grey picture as wide as `width`, 0 for paper to 255 for ink, a unit of the SVG each pixel.
pub fn ink(pixels: &[u8], width: usize) -> Markup {
    let level = |pixel: u8| (usize::from(pixel) * LEVELS + 127) / 255;
    let mut paths = vec![String::new(); LEVELS + 1];
    for (y, row) in pixels.chunks(width).enumerate() {
        let mut x = 0;
        for run in row.chunk_by(|a, b| level(*a) == level(*b)) {
            let length = run.len();
            write!(paths[level(run[0])], "M{x} {y}h{length}v1h-{length}z").expect("text takes text");
            x += length;
        }
    }
    html! {
        g fill=(Tone::Ink.hex()) shape-rendering="crispEdges" {
            @for (level, path) in paths.iter().enumerate().skip(1).filter(|(_, path)| !path.is_empty()) {
                path d=(path) fill-opacity=(level as f32 / LEVELS as f32) {}
            }
        }
    }
}

/// Pictures of numbers in rows and columns, as an address that holds the PNG: what is above zero in one colour, what is below
/// in another, the deeper the farther from zero, `most` at its deepest. What is small shows, too: the depth is the root of the number.
pub struct Sheet {
    picture: RgbaImage,
    most: f32,
}

impl Sheet {
    pub fn new([width, height]: [usize; 2], most: f32) -> Sheet {
        Sheet { picture: RgbaImage::new(width as u32, height as u32), most }
    }

    /// Puts numbers, as wide as `width`, at a place.
    pub fn put(&mut self, [left, top]: [usize; 2], numbers: &[f32], width: usize) {
        for (at, number) in numbers.iter().enumerate() {
            let [red, green, blue] = if *number < 0.0 { [222, 104, 16] } else { [22, 128, 200] };
            let depth = if self.most > 0.0 { (number.abs() / self.most).min(1.0).sqrt() } else { 0.0 };
            let pixel = image::Rgba([red, green, blue, (255.0 * depth).round() as u8]);
            self.picture.put_pixel((left + at % width) as u32, (top + at / width) as u32, pixel);
        }
    }

    pub fn address(&self) -> String {
        let mut png = std::io::Cursor::new(Vec::new());
        self.picture.write_to(&mut png, ImageFormat::Png).expect("memory takes a PNG");
        format!("data:image/png;base64,{}", STANDARD.encode(png.into_inner()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ink_is_a_path_for_each_grey_and_paper_is_nothing() {
        let markup = ink(&[0, 255, 255, 128, 0, 255], 3).into_string();
        assert!(markup.contains("d=\"M1 0h2v1h-2zM2 1h1v1h-1z\" fill-opacity=\"1\""), "{markup}");
        assert!(markup.contains("d=\"M0 1h1v1h-1z\" fill-opacity=\"0.5\""), "{markup}");
        assert_eq!(markup.matches("<path").count(), 2, "{markup}");
    }

    #[test]
    fn a_sheet_has_each_number_in_its_place_and_colour() {
        let mut sheet = Sheet::new([4, 2], 2.0);
        sheet.put([2, 0], &[0.5, -2.0, 0.0, 4.0], 2);
        let png = STANDARD.decode(sheet.address().strip_prefix("data:image/png;base64,").unwrap()).unwrap();
        let picture = image::load_from_memory(&png).unwrap().into_rgba8();
        assert_eq!(picture.dimensions(), (4, 2));
        assert_eq!(picture.get_pixel(2, 0).0, [22, 128, 200, 128]);
        assert_eq!(picture.get_pixel(3, 0).0, [222, 104, 16, 255]);
        assert_eq!(
            [picture.get_pixel(2, 1).0[3], picture.get_pixel(3, 1).0[3], picture.get_pixel(0, 0).0[3]],
            [0, 255, 0]
        );
    }
}

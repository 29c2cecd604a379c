//! Images of a digit each, as IDX files hold them, and what of them a network is shown. Those of MNIST's size are taken as
//! they are, but for which of light and dark is their paper, which is one question for the whole file.

use image::GrayImage;

use super::levels::LEAST_CONTRAST;
use super::{Bounds, Digit, normalise_image};
use crate::mnist::{PIXELS, SIDE};

/// The images of a file that show something.
pub struct Images {
    /// `[N, 28, 28]`, 0 for the background to 255 for the ink.
    pub pixels: Vec<u8>,
    /// The whole of an image, as large as the file has them.
    pub bounds: Bounds,
    /// Which images of the file, counted from 0, show nothing: they are not among the N.
    pub blank: Vec<usize>,
}

impl Images {
    /// Images of one size, at least one.
    pub fn of(images: &[GrayImage]) -> Images {
        let (width, height) = images[0].dimensions();
        let bounds = Bounds { x: 0, y: 0, width, height };
        let paper = ((width, height) == (SIDE as u32, SIDE as u32)).then(|| paper(images));
        let (mut pixels, mut blank) = (Vec::with_capacity(images.len() * PIXELS), Vec::new());
        for (at, image) in images.iter().enumerate() {
            match paper {
                _ if is_blank(image) => blank.push(at),
                Some(paper) => pixels.extend(image.iter().map(|&light| ink(light, paper))),
                None => match normalise_image(image) {
                    Some(made) => pixels.extend(made.map(|amount| (255.0 * amount).round() as u8)),
                    None => blank.push(at),
                },
            }
        }
        Images { pixels, bounds, blank }
    }

    /// Each image as a digit.
    pub fn digits(&self) -> Vec<Digit> {
        let amount = |pixel| f32::from(pixel) / 255.0;
        let digit = |pixels: &[u8; PIXELS]| Digit { bounds: self.bounds, line: 0, pixels: pixels.map(amount) };
        self.pixels.as_chunks().0.iter().map(digit).collect()
    }
}

fn is_blank(image: &GrayImage) -> bool {
    let (least, greatest) =
        image.iter().fold((255, 0u8), |(least, greatest), &light| (light.min(least), light.max(greatest)));
    greatest.saturating_sub(least) < LEAST_CONTRAST
}

/// The median of what lies at the borders of all images.
fn paper(images: &[GrayImage]) -> u8 {
    let last = SIDE as u32 - 1;
    let mut borders: Vec<u8> = Vec::new();
    for image in images.iter().filter(|image| !is_blank(image)) {
        let border = (0..=last).flat_map(|at| [(at, 0), (at, last), (0, at), (last, at)]);
        borders.extend(border.map(|(x, y)| image.get_pixel(x, y).0[0]));
    }
    let middle = borders.len() / 2;
    if borders.is_empty() { 0 } else { *borders.select_nth_unstable(middle).1 }
}

/// What is light on dark already stays as it is.
fn ink(light: u8, paper: u8) -> u8 {
    match paper {
        0..=127 => light,
        _ => (255 * u32::from(paper.saturating_sub(light)) / u32::from(paper)) as u8,
    }
}

#[cfg(test)]
mod tests {
    use image::{Luma, imageops};

    use super::*;
    use crate::mnist::Split;

    fn digits(count: usize) -> Vec<GrayImage> {
        let test = Split::embedded().unwrap().test;
        (0..count).map(|at| GrayImage::from_raw(28, 28, test.image(at).to_vec()).unwrap()).collect()
    }

    #[test]
    fn a_whole_file_is_turned_over_or_none_of_it() {
        let mut images = digits(50);
        // An image that alone would be taken for dark on light: its border is full of ink.
        images[7] = GrayImage::from_fn(28, 28, |x, y| Luma([if (8..20).contains(&x) && y > 8 { 0 } else { 255 }]));
        let as_they_are: Vec<u8> = images.iter().flat_map(|image| image.as_raw()).copied().collect();
        assert!(Images::of(&images).pixels == as_they_are);
        images.iter_mut().for_each(imageops::invert);
        assert!(Images::of(&images).pixels == as_they_are, "dark on white");
        images.iter_mut().flat_map(|image| image.iter_mut()).for_each(|light| *light = *light / 2 + 100);
        let grey = Images::of(&images).pixels;
        assert!(grey.iter().zip(&as_they_are).all(|(grey, ink)| *ink > 1 || *grey == 0), "dark on grey paper");
    }

    #[test]
    fn blank_images_are_counted_and_left_out() {
        let mut images = digits(4);
        images[0] = GrayImage::new(28, 28);
        images[2] = GrayImage::from_fn(28, 28, |x, _| Luma([(x % 9) as u8]));
        let found = Images::of(&images);
        assert_eq!((found.blank, found.pixels.len()), (vec![0, 2], 2 * PIXELS));
        let large: Vec<_> =
            images.iter().map(|image| imageops::resize(image, 56, 60, imageops::FilterType::Triangle)).collect();
        let found = Images::of(&large);
        assert_eq!((found.blank, found.pixels.len()), (vec![0, 2], 2 * PIXELS));
        assert_eq!(found.bounds, Bounds { x: 0, y: 0, width: 56, height: 60 });
        let found = Images::of(&images[..1]);
        assert_eq!((found.blank, found.pixels), (vec![0], vec![]));
    }
}

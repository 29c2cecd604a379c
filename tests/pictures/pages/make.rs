//! Pictures made of MNIST's validation images, which no model was trained on: pages with rows, digits that
//! touch.

use digits::mnist::DataSet;
use image::{GrayImage, Luma, imageops};

use crate::images::{Dice, digit};

/// Puts `image`'s ink onto a page, the darker of both.
fn put(page: &mut GrayImage, image: &GrayImage, x: u32, y: u32) {
    for (dx, dy, ink) in image.enumerate_pixels() {
        let pixel = page.get_pixel_mut(x + dx, y + dy);
        pixel.0[0] = pixel.0[0].max(ink.0[0]);
    }
}

/// Digits side by side, white on black, whose boxes share `overlap` columns.
pub fn pushed(images: &[GrayImage], overlap: u32, dice: &mut Dice) -> GrayImage {
    const MARGIN: u32 = 8;
    let mut page = GrayImage::new(MARGIN * 2 + 28 * images.len() as u32, MARGIN * 2 + 28);
    let mut x = MARGIN;
    for image in images {
        let jitter = dice.between(-2.0, 2.0).round() as i32;
        put(&mut page, image, x, (MARGIN as i32 + (28 - image.height() as i32) / 2 + jitter) as u32);
        x += image.width().saturating_sub(overlap).max(1);
    }
    page
}

/// The picture `scale` times as large, dark on light.
pub fn on_paper(picture: &GrayImage, scale: f32) -> GrayImage {
    let [width, height] = [picture.width(), picture.height()].map(|side| (side as f32 * scale).round() as u32);
    let mut page = imageops::resize(picture, width, height, imageops::FilterType::Triangle);
    page.pixels_mut().for_each(|Luma([light])| *light = 240 - (f32::from(*light) * 0.8) as u8);
    page
}

/// How a page's rows lie.
pub struct Layout {
    /// The height of an image in each row, in pixels.
    pub heights: Vec<f32>,
    pub columns: usize,
    /// How much images differ in height, as a share of it.
    pub jitter: f32,
    /// The slope of the rows.
    pub tilt: f32,
}

/// Rows of images, dark on light, and what they show, row by row.
pub fn page(data: &DataSet, layout: &Layout, dice: &mut Dice) -> (GrayImage, Vec<Vec<u8>>) {
    let tallest = layout.heights.iter().copied().fold(0.0, f32::max);
    let width = (layout.columns as f32 + 1.0) * tallest * 1.1;
    let lean = layout.tilt * width;
    let height = layout.heights.iter().sum::<f32>() * 1.1 + tallest + lean.abs();
    let mut page = GrayImage::new(width as u32, height as u32);
    let mut top = tallest * 0.5 + (-lean).max(0.0);
    let mut labels = Vec::new();
    for row in &layout.heights {
        let mut shown = Vec::new();
        for column in 0..layout.columns {
            let index = dice.below(data.count());
            let side = row * (1.0 + dice.between(-layout.jitter, layout.jitter));
            let image =
                imageops::resize(&digit(data.image(index)), side as u32, side as u32, imageops::FilterType::Triangle);
            let x = tallest * 0.5 + column as f32 * tallest * 1.05;
            let y = top + layout.tilt * x + (row - side) / 2.0;
            put(&mut page, &image, x as u32, y as u32);
            shown.push(data.labels[index]);
        }
        labels.push(shown);
        top += row * 1.1;
    }
    (on_paper(&page, 1.0), labels)
}

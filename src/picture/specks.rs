//! Pixels that are lighter or darker than all around them, whatever they were: noise of a camera or a line, before anything
//! else looks at the picture.

use std::borrow::Cow;

use image::GrayImage;

/// A pixel that differs by more, of 255, from all of its neighbours is a speck.
const DIFFERENCE: u8 = 48;
/// A picture that has a greater share of specks is noisy.
const NOISY: f32 = 0.005;
/// Specks are counted on so many rows.
const SEEN: u32 = 512;

/// The picture, or, if it is noisy, with the median of its neighbourhood in the place of each pixel that differs much from it.
pub(super) fn removed(picture: &GrayImage) -> Cow<'_, GrayImage> {
    let (width, height) = picture.dimensions();
    let step = (height / SEEN).max(1) as usize;
    let inside = (1..height.max(2) - 1).step_by(step).flat_map(|y| (1..width.max(2) - 1).map(move |x| (x, y)));
    let is_speck = |&(x, y): &(u32, u32)| {
        let light = picture.get_pixel(x, y).0[0];
        let mut neighbours = neighbourhood(picture, x, y);
        neighbours[4] = neighbours[0];
        let [least, greatest] = [neighbours.iter().min(), neighbours.iter().max()].map(|light| *light.expect("nine"));
        light > greatest.saturating_add(DIFFERENCE) || light.saturating_add(DIFFERENCE) < least
    };
    let count = step * inside.filter(is_speck).count();
    if count as f32 <= NOISY * picture.len() as f32 {
        return Cow::Borrowed(picture);
    }
    let mut clean = picture.clone();
    for (x, y, pixel) in clean.enumerate_pixels_mut() {
        let mut near = neighbourhood(picture, x, y);
        near.sort_unstable();
        if near[4].abs_diff(pixel.0[0]) > DIFFERENCE {
            pixel.0[0] = near[4];
        }
    }
    Cow::Owned(clean)
}

/// The 3 x 3 pixels around one, row by row; what is outside is as the edge.
fn neighbourhood(picture: &GrayImage, x: u32, y: u32) -> [u8; 9] {
    let (right, bottom) = (picture.width() - 1, picture.height() - 1);
    std::array::from_fn(|at| {
        let [x, y] = [(x + at as u32 % 3).clamp(1, right + 1) - 1, (y + at as u32 / 3).clamp(1, bottom + 1) - 1];
        picture.get_pixel(x, y).0[0]
    })
}

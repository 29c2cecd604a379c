//! Noise, before ink is told from paper: pixels that are lighter or darker than all around them, whatever they
//! were, and the grain of a camera.

use std::borrow::Cow;

use image::GrayImage;

/// A pixel that differs by more, of 255, from all of its neighbours is a speck.
const DIFFERENCE: u8 = 48;
/// A picture that has a greater share of specks is spoilt by them.
const SPECKLED: f32 = 0.002;
/// Fewer specks may be a small digit's own.
const FEW: usize = 8;
/// Noise is measured on so many rows.
const SEEN: u32 = 512;
/// Grain of a greater standard deviation, of 255, is smoothed.
const GRAINY: f32 = 1.5;
/// It is told from edges in pictures of so many pixels a side.
const LEAST: u32 = 48;
/// What smoothing leaves of the standard deviation of independent pixels: the root of the sum of the squared weights.
const SMOOTHED: f32 = 0.375;

/// The picture without what noise can be told from it, and the standard deviation of what is left.
pub(super) fn removed(picture: &GrayImage) -> (Cow<'_, GrayImage>, f32) {
    let clean = without_specks(picture);
    let grain = grain(&clean);
    if grain <= GRAINY { (clean, grain) } else { (Cow::Owned(smoothed(&clean)), SMOOTHED * grain) }
}

/// The picture, or, if there are many specks, with the median of its neighbourhood in the place of each pixel that differs
/// much from it.
fn without_specks(picture: &GrayImage) -> Cow<'_, GrayImage> {
    let (width, height) = picture.dimensions();
    let step = (height / SEEN).max(1) as usize;
    let inside = (1..height.max(2) - 1).step_by(step).flat_map(|y| (1..width.max(2) - 1).map(move |x| (x, y)));
    let is_speck = |&(x, y): &(u32, u32)| {
        let [light, left] = [x, x - 1].map(|x| picture.get_pixel(x, y).0[0]);
        // Most are like the first neighbour.
        if light.abs_diff(left) <= DIFFERENCE {
            return false;
        }
        let mut neighbours = neighbourhood(picture, x, y);
        neighbours[4] = neighbours[0];
        let [least, greatest] = [neighbours.iter().min(), neighbours.iter().max()].map(|light| *light.expect("nine"));
        light > greatest.saturating_add(DIFFERENCE) || light.saturating_add(DIFFERENCE) < least
    };
    let count = step * inside.filter(is_speck).count();
    if count <= FEW.max((SPECKLED * picture.len() as f32) as usize) {
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

/// The standard deviation of a pixel beside what its neighbours in the row say, by the quarter that differs least, which edges
/// do not move. None in a picture so small that it may be all edges.
fn grain(picture: &GrayImage) -> f32 {
    /// A quarter of what is distributed normally is nearer to the mean, in standard deviations.
    const QUARTER: f32 = 0.3186;
    if picture.width().min(picture.height()) < LEAST {
        return 0.0;
    }
    let step = (picture.height() / SEEN).max(1) as usize;
    let rows = picture.chunks_exact(picture.width() as usize).step_by(step);
    let bend = |near: &[u8]| (i16::from(near[0]) + i16::from(near[2]) - 2 * i16::from(near[1])).unsigned_abs();
    let mut bends: Vec<u16> = rows.flat_map(|row| row.windows(3).map(bend)).collect();
    let quarter = bends.len() / 4;
    f32::from(*bends.select_nth_unstable(quarter).1) / (QUARTER * 6.0f32.sqrt())
}

/// Each pixel with a quarter of it, half a quarter of those beside it and a quarter of a quarter of those at its corners; what
/// is outside is as the edge.
fn smoothed(picture: &GrayImage) -> GrayImage {
    let [width, last] = [picture.width() as usize, picture.height() as usize - 1];
    let across = |y: usize| -> Vec<u16> {
        let row = &picture.as_raw()[y.min(last) * width..][..width];
        let padded = [&row[..1], row, &row[width - 1..]].concat();
        let sum = |near: &[u8]| u16::from(near[0]) + 2 * u16::from(near[1]) + u16::from(near[2]);
        padded.windows(3).map(sum).collect()
    };
    let mut smooth = picture.clone();
    let [mut above, mut here] = [across(0), across(0)];
    for (y, row) in smooth.chunks_exact_mut(width).enumerate() {
        let below = across(y + 1);
        let near = above.iter().zip(&here).zip(&below);
        for (pixel, ((above, here), below)) in row.iter_mut().zip(near) {
            *pixel = ((above + 2 * here + below + 8) / 16) as u8;
        }
        (above, here) = (here, below);
    }
    smooth
}

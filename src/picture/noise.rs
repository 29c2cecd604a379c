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
    let [across, last] = [width as usize, height as usize - 1];
    for (y, row) in clean.chunks_exact_mut(across).enumerate() {
        let near = [y.saturating_sub(1), y, (y + 1).min(last)].map(|y| &picture.as_raw()[y * across..][..across]);
        for (pixel, median) in row.iter_mut().zip(medians(near)) {
            if median.abs_diff(*pixel) > DIFFERENCE {
                *pixel = median;
            }
        }
    }
    Cow::Owned(clean)
}

/// The median of the 3 x 3 pixels around each of the middle one of three rows: the middle one of the greatest of the columns'
/// least, the middle one of their middle ones, and the least of their greatest. What is outside is as the edge.
fn medians(rows: [&[u8]; 3]) -> Vec<u8> {
    let middle = |a: u8, b: u8, c: u8| a.min(b).max(a.max(b).min(c));
    let least = padded(rows, |a, b, c| a.min(b).min(c));
    let middles = padded(rows, middle);
    let greatest = padded(rows, |a, b, c| a.max(b).max(c));
    let columns = least.windows(3).zip(middles.windows(3)).zip(greatest.windows(3));
    let median = |((least, middles), greatest): ((&[u8], &[u8]), &[u8])| {
        middle(
            least[0].max(least[1]).max(least[2]),
            middle(middles[0], middles[1], middles[2]),
            greatest[0].min(greatest[1]).min(greatest[2]),
        )
    };
    columns.map(median).collect()
}

/// What three rows come to in each column, with the first and the last column once more outside.
fn padded([above, row, below]: [&[u8]; 3], of: impl Fn(u8, u8, u8) -> u8) -> Vec<u8> {
    let columns = above.iter().zip(row).zip(below).map(|((above, here), below)| of(*above, *here, *below));
    let mut padded = Vec::with_capacity(row.len() + 2);
    padded.push(0);
    padded.extend(columns);
    padded[0] = padded[1];
    padded.extend_from_within(row.len()..);
    padded
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_are_those_of_all_nine() {
        let mut seed = 1u32;
        let picture = GrayImage::from_fn(37, 23, |_, _| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            image::Luma([(seed >> 24) as u8 / 3])
        });
        for y in 0..23 {
            let near = [y.max(1) - 1, y, (y + 1).min(22)].map(|y| &picture.as_raw()[y * 37..][..37]);
            let sorted = (0..37).map(|x| {
                let mut near = neighbourhood(&picture, x, y as u32);
                near.sort_unstable();
                near[4]
            });
            assert_eq!(medians(near), sorted.collect::<Vec<_>>(), "row {y}");
        }
    }
}

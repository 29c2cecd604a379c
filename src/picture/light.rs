//! The light on a picture: which of light and dark is its paper, how light that is at each pixel, and what the picture would
//! be on white paper under even light.

use image::{GrayImage, imageops};

/// The least and the greatest half of a window that no stroke fills: in pixels, and as a share of the picture's shorter side.
const LEAST: usize = 2;
const GREATEST: f32 = 1.0 / 5.0;
/// Paper is seen in windows so many times as wide as those that this share of the clear ink does not fill, ...
const NEARLY: f32 = 0.9;
const MARGIN: usize = 2;
/// ... and half of them at least so many pixels: MNIST's digits have blots of nine pixels.
const LEAST_PAPER: usize = 6;
/// Of what is narrow so many times more is dark than light, or light than dark, where it is clear which is the ink.
const CLEAR: f32 = 2.5;
/// Bold strokes are at most so many times as wide as what they enclose.
const BOLD: usize = 3;
/// A border of which so much is of one kind is uniform.
const UNIFORM: f32 = 0.95;
/// What is narrow is at least this share of the picture.
const SOME: f32 = 0.002;
/// Ink differs from paper by more than this share of the picture's contrast.
const DIFFERENCE: f32 = 0.17;
/// Paper that is darker than this share of the lightest is a table's: what is a little darker still is no ink.
const DARKEST: f32 = 0.35;
/// What is darker than the paper by so many standard deviations of the noise at most is no ink: paper is as light as its
/// lightest pixels.
const NOISE: f32 = 6.0;
/// Which of light and dark is paper is seen on at most so many pixels a side.
const THINNED: u32 = 640;

/// Which of light and dark is paper.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tone {
    Light,
    Dark,
}

/// What a picture's paper is like.
#[derive(Clone, Copy, Debug)]
pub(super) struct Paper {
    tone: Tone,
    /// Half of the side of a window that strokes do not fill, even where they cross.
    window: usize,
    /// Half of one along the picture's border that strokes do not fill where they end, and what lies around a sheet does.
    border: usize,
}

/// What the paper of a picture that is not empty may be: strokes are narrow, and what is between them hangs together with what
/// is wide.
pub(super) struct Papers {
    pub likeliest: Paper,
    pub other: Paper,
    /// Whether there is no doubt.
    pub is_clear: bool,
}

pub(super) fn papers(picture: &GrayImage) -> Papers {
    let step = picture.width().max(picture.height()).div_ceil(THINNED).max(1) as usize;
    let picture = thinned(picture, step as u32);
    let mut inverse = picture.clone();
    imageops::invert(&mut inverse);
    let greatest = (GREATEST * picture.width().min(picture.height()) as f32) as usize;
    let difference = difference(&picture);
    let some = SOME * picture.len() as f32;
    // For each window, how many pixels are dark and light that it does not fit into.
    let mut seen: Vec<(usize, [f32; 2])> = Vec::new();
    let mut radius = LEAST;
    while radius <= greatest.max(LEAST) {
        seen.push((radius, [&picture, &inverse].map(|picture| narrow(picture, radius, difference) as f32)));
        radius += radius.div_ceil(2);
    }
    let border = border(&picture);
    let is_clear = |ink: usize, counts: [f32; 2]| counts[ink] > some.max(CLEAR * counts[1 - ink]);
    let clear = seen
        .iter()
        .find_map(|(radius, counts)| [0, 1].into_iter().find(|ink| is_clear(*ink, *counts)).map(|ink| (*radius, ink)));
    // What is narrower than bold strokes may be what they enclose.
    let is_enclosed = |(first, ink): &(usize, usize)| {
        let wider = seen.iter().find(|(radius, counts)| *radius <= BOLD * first && is_clear(1 - ink, *counts));
        border == Some(*ink) && wider.is_some()
    };
    let ink = clear.map(|clear| if is_enclosed(&clear) { 1 - clear.1 } else { clear.1 });
    let ink_or_dark = ink.unwrap_or(usize::from(border == Some(0)));
    let counts = seen.iter().map(|(radius, counts)| (*radius, counts[ink_or_dark], is_clear(ink_or_dark, *counts)));
    let clear: Vec<(usize, f32)> = counts
        .skip_while(|(.., is_clear)| !is_clear)
        .take_while(|(.., is_clear)| *is_clear)
        .map(|(radius, count, _)| (radius, count))
        .collect();
    let most = clear.iter().map(|(_, count)| *count).fold(0.0, f32::max);
    let widest =
        clear.iter().find(|(_, count)| *count >= NEARLY * most).map_or(greatest, |(radius, _)| MARGIN * radius);
    let [along, window] = [widest.min(greatest), greatest].map(|radius| (radius * step).max(LEAST_PAPER));
    let paper = |tone| Paper { tone, window, border: along };
    let tones = [Tone::Light, Tone::Dark];
    let is_clear = ink.is_some_and(|ink| border == Some(1 - ink));
    Papers { likeliest: paper(tones[ink_or_dark]), other: paper(tones[1 - ink_or_dark]), is_clear }
}

/// Which of dark, 0, and light, 1, the picture's border is, where it is all of one.
fn border(picture: &GrayImage) -> Option<usize> {
    let [most, least] = [picture.iter().max(), picture.iter().min()].map(|light| light.copied().unwrap_or(0));
    let middle = most / 2 + least / 2;
    let (right, bottom) = (picture.width() - 1, picture.height() - 1);
    let border = picture.enumerate_pixels().filter(|(x, y, _)| [0, right].contains(x) || [0, bottom].contains(y));
    let is_light: Vec<bool> = border.map(|(.., light)| light.0[0] > middle).collect();
    let light = is_light.iter().filter(|is_light| **is_light).count() as f32 / is_light.len() as f32;
    if light >= UNIFORM {
        Some(1)
    } else if light <= 1.0 - UNIFORM {
        Some(0)
    } else {
        None
    }
}

/// What makes a difference between ink and paper: a share of what is between the darkest and the lightest hundredth.
fn difference(picture: &GrayImage) -> u8 {
    let mut levels = picture.to_vec();
    let rank = levels.len() / 100;
    let darkest = *levels.select_nth_unstable(rank).1;
    let rank = levels.len() - 1 - rank;
    let lightest = *levels.select_nth_unstable(rank).1;
    (DIFFERENCE * f32::from(lightest - darkest)) as u8
}

/// How many pixels are darker by so much than what is around them, where a window does not fit in.
fn narrow(picture: &GrayImage, radius: usize, difference: u8) -> usize {
    levels(picture, radius, radius)
        .into_iter()
        .zip(picture.iter())
        .filter(|(paper, light)| paper - **light > difference)
        .count()
}

impl Paper {
    /// The picture, or its negative, so that its paper is light.
    pub fn lightened(self, picture: &GrayImage) -> GrayImage {
        let mut lightened = picture.clone();
        if self.tone == Tone::Dark {
            imageops::invert(&mut lightened);
        }
        lightened
    }
}

/// The picture as dark ink on white paper under even light: each pixel by the paper's level there. `noise` is the standard
/// deviation of its pixels.
pub(super) fn even(picture: &GrayImage, paper: Paper, noise: f32) -> GrayImage {
    let mut even = paper.lightened(picture);
    let levels = levels(&even, paper.window, paper.border);
    let darkest = DARKEST * f32::from(*levels.iter().max().unwrap_or(&255));
    for (pixel, &paper) in even.iter_mut().zip(&levels) {
        let darker = f32::from(paper - *pixel);
        let share = if darker > NOISE * noise { darker / f32::from(paper).max(darkest).max(1.0) } else { 0.0 };
        *pixel = (255.0 * (1.0 - share)).round() as u8;
    }
    even
}

/// Each `step`-th pixel both ways.
fn thinned(picture: &GrayImage, step: u32) -> GrayImage {
    let [width, height] = [picture.width(), picture.height()].map(|side| side.div_ceil(step));
    GrayImage::from_fn(width, height, |x, y| *picture.get_pixel(x * step, y * step))
}

/// The paper's level at each pixel, `[height, width]`: the picture closed by reconstruction (Vincent 1993, "Morphological
/// grayscale reconstruction in image analysis"). Dark strokes are filled; slopes and hard edges of light stay, with all that
/// hangs together with a dark place that the window fits into.
fn levels(picture: &GrayImage, window: usize, border: usize) -> Vec<u8> {
    let size = [picture.width(), picture.height()].map(|side| side as usize);
    let mut levels = filtered(picture, size, window, u8::max);
    if border < window {
        let narrow = filtered(picture, size, border, u8::max);
        let [right, bottom] = size.map(|side| side - 1);
        let is_border = |at: usize| [0, right].contains(&(at % size[0])) || [0, bottom].contains(&(at / size[0]));
        (0..levels.len()).filter(|at| is_border(*at)).for_each(|at| levels[at] = narrow[at]);
    }
    reconstructed(levels, picture, size[0])
}

/// The levels above `floor`, lowered to what a way that nowhere goes higher leads to.
fn reconstructed(mut levels: Vec<u8>, floor: &[u8], width: usize) -> Vec<u8> {
    for at in 0..levels.len() {
        let left = if at % width > 0 { levels[at - 1] } else { 255 };
        let above = if at >= width { levels[at - width] } else { 255 };
        levels[at] = levels[at].min(left).min(above).max(floor[at]);
    }
    let count = levels.len();
    let mut open = Vec::new();
    for at in (0..count).rev() {
        let right = (at % width + 1 < width).then_some(at + 1);
        let below = (at + width < count).then_some(at + width);
        let near = [right, below].into_iter().flatten();
        levels[at] = near.clone().fold(levels[at], |least, other| least.min(levels[other])).max(floor[at]);
        if near.into_iter().any(|other| levels[other] > levels[at].max(floor[other])) {
            open.push(at);
        }
    }
    while let Some(at) = open.pop() {
        let x = at % width;
        let near = [
            (x > 0).then(|| at - 1),
            (x + 1 < width).then(|| at + 1),
            at.checked_sub(width),
            (at + width < count).then_some(at + width),
        ];
        for other in near.into_iter().flatten() {
            let level = levels[at].max(floor[other]);
            if level < levels[other] {
                levels[other] = level;
                open.push(other);
            }
        }
    }
    levels
}

/// The greatest, or the least, of each pixel's square of `2 * radius + 1` pixels a side.
pub(super) fn filtered(
    pixels: &[u8],
    [width, height]: [usize; 2],
    radius: usize,
    of: impl Fn(u8, u8) -> u8 + Copy,
) -> Vec<u8> {
    let columns = along_columns(pixels, width, radius, of);
    transposed(&along_columns(&transposed(&columns, width), height, radius, of), height)
}

/// The greatest, or the least, of the `2 * radius + 1` pixels around each in its column, three comparisons a pixel (van Herk
/// 1992, "A fast algorithm for local minimum and maximum filters"): of all from the start of its block, and of all to its end.
fn along_columns(pixels: &[u8], width: usize, radius: usize, of: impl Fn(u8, u8) -> u8 + Copy) -> Vec<u8> {
    let (block, height) = (2 * radius + 1, pixels.len().checked_div(width).unwrap_or(0));
    let join = |rows: &mut [u8], row: usize, other: usize| {
        let (row, other) = (row * width, other * width);
        let (head, tail) = rows.split_at_mut(row.max(other));
        let (to, from) = if row > other {
            (&mut tail[..width], &head[other..][..width])
        } else {
            (&mut head[row..][..width], &tail[..width])
        };
        to.iter_mut().zip(from).for_each(|(to, from)| *to = of(*to, *from));
    };
    let [mut so_far, mut to_come] = [pixels.to_vec(), pixels.to_vec()];
    (1..height).filter(|y| y % block > 0).for_each(|y| join(&mut so_far, y, y - 1));
    (1..height).rev().filter(|y| y % block > 0).for_each(|y| join(&mut to_come, y - 1, y));
    let mut out = Vec::with_capacity(pixels.len());
    for y in 0..height {
        let (first, last) = (y.saturating_sub(radius), (y + radius).min(height - 1));
        let [from_first, to_last] = [&to_come[first * width..][..width], &so_far[last * width..][..width]];
        match first / block == last / block {
            true if first % block == 0 => out.extend_from_slice(to_last),
            true => out.extend_from_slice(from_first),
            false => out.extend(from_first.iter().zip(to_last).map(|(a, b)| of(*a, *b))),
        }
    }
    out
}

/// [height, width] -> [width, height], in squares that the cache holds.
fn transposed(pixels: &[u8], width: usize) -> Vec<u8> {
    const SQUARE: usize = 64;
    let height = pixels.len().checked_div(width).unwrap_or(0);
    let mut out = vec![0; pixels.len()];
    for top in (0..height).step_by(SQUARE) {
        for left in (0..width).step_by(SQUARE) {
            for y in top..(top + SQUARE).min(height) {
                for x in left..(left + SQUARE).min(width) {
                    out[x * height + y] = pixels[y * width + x];
                }
            }
        }
    }
    out
}

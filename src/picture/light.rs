//! The light on a picture: which of light and dark is its paper, how light that is at each pixel, and what the picture would
//! be on white paper under even light.

use image::{GrayImage, imageops};

/// Half of the window in which there is paper, and no stroke from edge to edge, as a share of the picture's shorter side;
/// and in pixels, at least: MNIST's digits have blots of nine pixels.
const PAPER: f32 = 1.0 / 5.0;
const LEAST_PAPER: usize = 7;
/// The same for a window that strokes do not fill, ...
const SOLID: f32 = 1.0 / 15.0;
/// ... and for the window in which a stroke has paper on both sides.
const STROKE: f32 = 1.0 / 16.0;
const LEAST_STROKE: usize = 3;
/// Where there is so many times less of one kind than of both, that is ink.
const CLEAR: i64 = 3;
/// A border of which so much is of one kind is uniform.
const UNIFORM: f32 = 0.95;
/// Paper that is darker than this share of the lightest is a table's: what is a little darker still is no ink.
const DARKEST: f32 = 0.35;
/// Which of light and dark is paper is seen on at most so many pixels a side.
const THINNED: u32 = 1024;
/// Slopes are looked for on at most so many pixels a side.
const COARSE: usize = 512;
/// From pixel to pixel, light changes by less than this share of the lightest paper, and ink by more.
const SLOPE: f32 = 0.015;
/// Paper, and what is too dark for paper, of 255.
const WHITE: u8 = 245;
const DEEP: u8 = 200;

/// Which of light and dark is paper.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Paper {
    Light,
    Dark,
}

/// The picture as dark ink on white paper under even light: each pixel by the paper's level there.
pub(super) fn even(picture: &GrayImage, paper: Paper) -> GrayImage {
    let mut even = picture.clone();
    if paper == Paper::Dark {
        imageops::invert(&mut even);
    }
    let raw = even.clone();
    let levels = levels(&even);
    let darkest = DARKEST * f32::from(*levels.iter().max().unwrap_or(&255));
    for (pixel, &paper) in even.iter_mut().zip(&levels) {
        let share = f32::from(paper - *pixel) / f32::from(paper).max(darkest).max(1.0);
        *pixel = (255.0 * (1.0 - share)).round() as u8;
    }
    brighten_slopes(&mut even, &raw);
    even
}

/// Makes white what goes over into paper without an edge: where edges of light meet the picture's, or light falls off towards
/// its corners, a window cannot reach around the dark part.
fn brighten_slopes(even: &mut GrayImage, raw: &GrayImage) {
    let [width, height] = [raw.width(), raw.height()].map(|side| side as usize);
    let cell = width.max(height).div_ceil(COARSE).max(1);
    let [columns, rows] = [width, height].map(|side| side / cell);
    let at = |place: usize| (place / columns * cell + cell / 2) * width + place % columns * cell + cell / 2;
    let coarse = |picture: &[u8]| (0..rows * columns).map(|place| picture[at(place)]).collect::<Vec<u8>>();
    for place in slopes(&coarse(even), &coarse(raw), columns) {
        let [x, y] = [place % columns, place / columns].map(|at| at * cell);
        for y in y.saturating_sub(2 * cell)..(y + 3 * cell).min(height) {
            let x = x.saturating_sub(2 * cell)..(x + 3 * cell).min(width);
            even.as_mut()[y * width..][x].fill(255);
        }
    }
}

/// The pixels of all that has no edge to paper beside it, gets dark, and reaches the border: by what they have of the paper's
/// light, and by their own.
fn slopes(shares: &[u8], light: &[u8], width: usize) -> Vec<usize> {
    let step = (SLOPE * f32::from(light.iter().copied().max().unwrap_or(0))) as u8;
    let near = |at: usize| {
        let (x, height) = (at % width, light.len() / width);
        let sides = [(x > 0, at.wrapping_sub(1)), (x + 1 < width, at + 1)];
        let all =
            sides.into_iter().chain([(at >= width, at.wrapping_sub(width)), (at / width + 1 < height, at + width)]);
        all.filter(|(is_inside, _)| *is_inside).map(|(_, at)| at)
    };
    let is_even = |a: usize, b: usize| light[a].abs_diff(light[b]) <= step;
    let mut seen: Vec<bool> = shares.iter().map(|share| *share >= WHITE).collect();
    let mut slopes = Vec::new();
    for start in 0..seen.len() {
        if seen[start] || !near(start).any(|other| shares[other] >= WHITE && is_even(start, other)) {
            continue;
        }
        let mut reached = vec![start];
        seen[start] = true;
        let mut next = 0;
        while let Some(&at) = reached.get(next) {
            next += 1;
            for other in near(at) {
                if !seen[other] && is_even(at, other) {
                    seen[other] = true;
                    reached.push(other);
                }
            }
        }
        if reached.iter().any(|at| shares[*at] <= DEEP) && reached.iter().any(|at| near(*at).count() < 4) {
            slopes.extend(reached);
        }
    }
    slopes
}

/// The picture with no more pixels than it takes to see which of light and dark is paper.
fn thinned(picture: &GrayImage) -> GrayImage {
    let step = picture.width().max(picture.height()).div_ceil(THINNED).max(1);
    let [width, height] = [picture.width(), picture.height()].map(|side| side.div_ceil(step));
    GrayImage::from_fn(width, height, |x, y| *picture.get_pixel(x * step, y * step))
}

/// What the paper may be, the likeliest first; none for an empty picture. Where all of the border is of one kind, it is paper
/// or a table's: paper is what fills a window that no stroke fills, and where both light and dark do, what there is more of
/// near strokes. Where the border is mixed, digits fill the picture, or there is a shadow: it is what there is more of, or more
/// of on the border.
pub(super) fn papers(picture: &GrayImage) -> Vec<Paper> {
    if picture.is_empty() {
        return Vec::new();
    }
    let picture = &thinned(picture);
    let [most, least] = [picture.iter().max(), picture.iter().min()].map(|light| light.copied().unwrap_or(0));
    let middle = most / 2 + least / 2;
    let third = (most - least) / 3;
    let (width, radius) = (picture.width() as usize, radius(picture, SOLID, LEAST_PAPER));
    let (last, bottom) = (width - 1, picture.len() - width);
    let is_border = |at: usize| at < width || at >= bottom || [0, last].contains(&(at % width));
    let border = || picture.iter().enumerate().filter(|(at, _)| is_border(*at));
    let light = border().filter(|(_, light)| **light > middle).count() as f32 / border().count() as f32;
    let [first, second] = [Paper::Light, Paper::Dark];
    let both = |is_light: bool| if is_light { vec![first, second] } else { vec![second, first] };
    let sure = |is_light: bool| vec![if is_light { first } else { second }];
    if light.max(1.0 - light) < UNIFORM {
        let [lightest, darkest] = extremes(picture, PAPER, LEAST_PAPER);
        let (vote, all) = votes(picture, &lightest, &darkest);
        return both(if CLEAR * vote.abs() > all { vote > 0 } else { light > 0.5 });
    }
    let [lightest, darkest] = extremes(picture, SOLID, LEAST_PAPER);
    let inside = |pixels: &[u8], is_so: &dyn Fn(u8) -> bool| {
        let rows = pixels.chunks_exact(width).skip(radius).rev().skip(radius);
        rows.flat_map(|row| row.iter().skip(radius).rev().skip(radius)).any(|light| is_so(*light))
    };
    match [inside(&darkest, &|light| light > most - third), inside(&lightest, &|light| light < least + third)] {
        [true, true] => {
            let [lightest, darkest] = extremes(picture, STROKE, LEAST_STROKE);
            sure(votes(picture, &lightest, &darkest).0 > 0)
        }
        [false, false] => sure(light > 0.5),
        [is_light, _] => sure(is_light),
    }
}

/// How much more of the pixels is light than dark, each by the extremes around it, and the most that it could be.
fn votes(picture: &GrayImage, lightest: &[u8], darkest: &[u8]) -> (i64, i64) {
    let pixels = picture.iter().zip(lightest.iter().zip(darkest));
    pixels.fold((0, 0), |(vote, all), (&light, (&lightest, &darkest))| {
        let [light, lightest, darkest] = [light, lightest, darkest].map(i64::from);
        (vote + 2 * light - lightest - darkest, all + lightest - darkest)
    })
}

/// The lightest and the darkest around each pixel.
fn extremes(picture: &GrayImage, share: f32, least: usize) -> [Vec<u8>; 2] {
    let size = [picture.width(), picture.height()].map(|side| side as usize);
    let radius = radius(picture, share, least);
    [filtered(picture, size, radius, u8::max), filtered(picture, size, radius, u8::min)]
}

fn radius(picture: &GrayImage, share: f32, least: usize) -> usize {
    ((share * picture.width().min(picture.height()) as f32) as usize).max(least)
}

/// The paper's level at each pixel, `[height, width]`: dark strokes are closed (Serra 1982, "Image Analysis and Mathematical
/// Morphology"), which leaves slopes and hard edges of light as they are.
fn levels(picture: &GrayImage) -> Vec<u8> {
    let size = [picture.width() as usize, picture.height() as usize];
    let radius = radius(picture, PAPER, LEAST_PAPER);
    filtered(&filtered(picture, size, radius, u8::max), size, radius, u8::min)
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

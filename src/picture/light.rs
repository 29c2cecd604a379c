//! The light on a picture: which of light and dark is its paper, how light that is at each pixel, and what the picture would
//! be on white paper under even light.

use std::cell::LazyCell;
use std::iter;

use image::{GrayImage, imageops};

use super::bounds::is_border;
use super::levels::Levels;
use super::morphology::{filtered, reconstructed};

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
/// A digit that a picture is cropped to takes this share of both sides, of which faint edges may be lost, ...
const FILLED: f32 = 0.6;
/// ... and less than this share of the picture.
const FULL: f32 = 0.7;
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

/// Which of light and dark something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tone {
    Light,
    Dark,
}

impl Tone {
    fn other(self) -> Tone {
        match self {
            Tone::Light => Tone::Dark,
            Tone::Dark => Tone::Light,
        }
    }
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

/// What the paper of a picture may be.
pub(super) struct Papers {
    pub likeliest: Paper,
    pub other: Paper,
    /// Whether there is no doubt.
    pub is_clear: bool,
    /// Whether nothing but paper, or a table, is along the picture's border.
    pub is_bordered: bool,
    /// Whether the picture may be cropped to a digit on the other one, and is more like that than like a page on this one.
    pub is_other_cropped: bool,
}

impl Papers {
    /// Both, the first one first that one digit would be on.
    pub fn of_one(&self) -> [Paper; 2] {
        let Papers { likeliest, other, .. } = *self;
        if self.is_other_cropped { [other, likeliest] } else { [likeliest, other] }
    }
}

/// A window of `2 * radius + 1` pixels a side, and how much ink it does not fit into if paper is light, and if it is dark, which
/// takes time and is found when it is asked for.
struct Window<F> {
    radius: usize,
    ink: LazyCell<[usize; 2], F>,
}

impl<F: FnOnce() -> [usize; 2]> Window<F> {
    /// Whether there is much more ink, `some` pixels at least, if that is the paper.
    fn tells(&self, paper: Tone, some: f32) -> bool {
        let ink = |paper: Tone| self.ink[paper as usize] as f32;
        ink(paper) > some.max(CLEAR * ink(paper.other()))
    }
}

/// Strokes are narrow, and what is between them hangs together with what is wide. `None` for an empty picture.
pub(super) fn papers(picture: &GrayImage) -> Option<Papers> {
    if picture.is_empty() {
        return None;
    }
    let step = picture.width().max(picture.height()).div_ceil(THINNED).max(1) as usize;
    let picture = thinned(picture, step as u32);
    let greatest = (GREATEST * picture.width().min(picture.height()) as f32) as usize;
    let mut inverse = picture.clone();
    imageops::invert(&mut inverse);
    let windows: Vec<_> = windows([&picture, &inverse], greatest).collect();
    let border = border(&picture);
    let some = SOME * picture.len() as f32;
    let first = windows.iter().find_map(|window| {
        let paper = [Tone::Light, Tone::Dark].into_iter().find(|paper| window.tells(*paper, some))?;
        Some((window.radius, paper))
    });
    let clear = first.map(|(radius, paper)| {
        // What is narrower than bold strokes may be what they enclose.
        let mut bolder = windows.iter().take_while(|window| window.radius <= BOLD * radius);
        let is_enclosed = border == Some(paper.other()) && bolder.any(|window| window.tells(paper.other(), some));
        if is_enclosed { paper.other() } else { paper }
    });
    let likeliest = clear.or(border).unwrap_or(Tone::Light);
    let paper = |tone| {
        let stroke = || stroke(&windows, tone, some).or_else(|| thickest(&windows, tone, some));
        let along = if greatest * step > LEAST_PAPER { stroke() } else { None };
        let along = along.map_or(greatest, |radius| (MARGIN * radius).min(greatest));
        let [border, window] = [along, greatest].map(|radius| (radius * step).max(LEAST_PAPER));
        Paper { tone, window, border }
    };
    // Squares between rules are narrow, too, in smaller windows than bold strokes.
    let is_doubtful = |(radius, paper): (usize, Tone)| {
        let mut bolder = windows.iter().take_while(|window| window.radius <= BOLD * radius);
        bolder.any(|window| window.ink[paper.other() as usize] > window.ink[paper as usize])
    };
    let is_clear = border.is_some() && first.map(|(_, paper)| paper) == border && !first.is_some_and(is_doubtful);
    let is_other_cropped = border.is_none() && crop(&picture) == Some(likeliest.other());
    let [likeliest, other] = [likeliest, likeliest.other()].map(paper);
    Some(Papers { likeliest, other, is_clear, is_bordered: border.is_some(), is_other_cropped })
}

/// Windows on a picture and its inverse, up to the greatest radius, the least first.
fn windows(both: [&GrayImage; 2], greatest: usize) -> impl Iterator<Item = Window<impl FnOnce() -> [usize; 2]>> {
    let difference = difference(both[0]);
    let radii = iter::successors(Some(LEAST), |radius| Some(radius + radius.div_ceil(2)));
    let radii = radii.take_while(move |radius| *radius <= greatest.max(LEAST));
    radii.map(move |radius| {
        let ink = LazyCell::new(move || both.map(|picture| narrow(picture, radius, difference)));
        Window { radius, ink }
    })
}

/// The radius of the first window that nearly all ink is too narrow for, among those that tell.
fn stroke<F: FnOnce() -> [usize; 2]>(windows: &[Window<F>], paper: Tone, some: f32) -> Option<usize> {
    let tells = |window: &&Window<F>| window.tells(paper, some);
    let ink = |window: &Window<F>| window.ink[paper as usize] as f32;
    let telling = || windows.iter().skip_while(|window| !tells(window)).take_while(tells);
    let most = telling().map(ink).fold(0.0, f32::max);
    telling().find(|window| ink(window) >= NEARLY * most).map(|window| window.radius)
}

/// The radius of the first window beyond which there is hardly more ink.
fn thickest<F: FnOnce() -> [usize; 2]>(windows: &[Window<F>], paper: Tone, some: f32) -> Option<usize> {
    let ink = |window: &Window<F>| window.ink[paper as usize] as f32;
    let is_all = |pair: &&[Window<F>]| ink(&pair[0]) > some && ink(&pair[0]) >= NEARLY * ink(&pair[1]);
    windows.windows(2).find(is_all).map(|pair| pair[0].radius)
}

/// What the picture's border is, where it is all of one tone.
fn border(picture: &GrayImage) -> Option<Tone> {
    let [most, least] = [picture.iter().max(), picture.iter().min()].map(|light| light.copied().unwrap_or(0));
    let middle = most / 2 + least / 2;
    let size = [picture.width(), picture.height()].map(|side| side as usize);
    let border: Vec<u8> =
        picture.iter().enumerate().filter(|(at, _)| is_border(*at, size)).map(|(_, light)| *light).collect();
    let light = border.iter().filter(|light| **light > middle).count() as f32 / border.len() as f32;
    if light >= UNIFORM {
        Some(Tone::Light)
    } else if light <= 1.0 - UNIFORM {
        Some(Tone::Dark)
    } else {
        None
    }
}

/// The paper of a picture that may be cropped to the ink of a digit: that of which there is more along the border and in the
/// corners.
fn crop(picture: &GrayImage) -> Option<Tone> {
    let edges = [Tone::Light, Tone::Dark].map(|paper| Some((edge(picture, paper)?, paper)));
    let least = edges.into_iter().flatten().min_by(|a, b| a.0.total_cmp(&b.0));
    least.filter(|(edge, _)| *edge < 0.5).map(|(_, paper)| paper)
}

/// How much ink there is along the border and in the corners on such paper, 0 to 1, where it may be one digit that fills the
/// picture.
fn edge(picture: &GrayImage, paper: Tone) -> Option<f32> {
    let picture = lightened(picture, paper);
    let levels = Levels::of(&picture)?;
    let amounts: Vec<f32> = picture.iter().map(|light| levels.amount(*light)).collect();
    let mean = |amounts: &[f32]| amounts.iter().sum::<f32>() / amounts.len() as f32;
    let size = [picture.width(), picture.height()].map(|side| side as usize);
    let place = |at: usize| [at % size[0], at / size[0]];
    let inked = || amounts.iter().enumerate().filter(|(_, amount)| **amount > 0.0).map(|(at, _)| place(at));
    let fills = |axis: usize| {
        let [first, last] = [inked().map(|at| at[axis]).min(), inked().map(|at| at[axis]).max()];
        first.zip(last).is_some_and(|(first, last)| (last + 1 - first) as f32 >= FILLED * size[axis] as f32)
    };
    let may_be_one = fills(0) && fills(1) && mean(&amounts) < FULL;
    let border: Vec<f32> = (0..amounts.len()).filter(|at| is_border(*at, size)).map(|at| amounts[at]).collect();
    let corners = [0, size[0] - 1, amounts.len() - size[0], amounts.len() - 1].map(|at| amounts[at]);
    may_be_one.then(|| (mean(&border) + mean(&corners)) / 2.0)
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
    /// How much darker than its lightest place the paper is at each pixel, `[height, width]`, as a share.
    pub fn shade(self, picture: &GrayImage) -> Vec<f32> {
        let levels = levels(&self.lightened(picture), self.window, self.border);
        let lightest = f32::from(levels.iter().copied().max().unwrap_or(0).max(1));
        levels.into_iter().map(|level| 1.0 - f32::from(level) / lightest).collect()
    }

    pub fn is_light(self) -> bool {
        self.tone == Tone::Light
    }

    /// The picture, or its negative, so that its paper is light.
    pub fn lightened(self, picture: &GrayImage) -> GrayImage {
        lightened(picture, self.tone)
    }
}

/// The picture, or its negative, so that such paper is light.
fn lightened(picture: &GrayImage, paper: Tone) -> GrayImage {
    let mut lightened = picture.clone();
    if paper == Tone::Dark {
        imageops::invert(&mut lightened);
    }
    lightened
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
        (0..levels.len()).filter(|at| is_border(*at, size)).for_each(|at| levels[at] = narrow[at]);
    }
    reconstructed(levels, picture, size[0])
}

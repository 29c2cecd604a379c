//! Which of light and dark is the paper of a picture, and which the ink.

use image::GrayImage;

/// Ink and paper that differ by less, of 255, are an even surface.
pub(super) const LEAST_CONTRAST: u8 = 16;
/// What has a greater share of a picture is its paper.
const CLEAR_MAJORITY: f32 = 2.0 / 3.0;
/// What has a smaller share of the border may be the ink.
const CLEAR_BORDER: f32 = 0.95;
/// What differs from the median of the paper by less than this share of the contrast is paper, too ...
const PAPER: f32 = 0.05;
/// ... and what differs by less than this many times the median of the paper's differences, which is four times the
/// standard deviation of normal noise.
const NOISE: f32 = 6.0;

/// Which of the two classes of pixels is the paper.
#[derive(Clone, Copy)]
enum Paper {
    Light,
    Dark,
}

/// How light paper and ink of a picture are, 0 to 255.
pub(super) struct Levels {
    paper: f32,
    ink: f32,
    /// Less ink than this, 0 to 1, is noise.
    floor: f32,
}

impl Levels {
    /// The two levels that tell its pixels apart best, and which of them is the paper. `None` for an even surface.
    pub fn of(picture: &GrayImage) -> Option<Levels> {
        let histogram = histogram(picture.iter().copied());
        let threshold = otsu(&histogram)?;
        Levels::with_paper(paper(picture, &histogram, threshold), &histogram, threshold)
    }

    /// The other way to take them, where the picture's border does not tell for sure which is the paper.
    pub fn inverse(picture: &GrayImage) -> Option<Levels> {
        let histogram = histogram(picture.iter().copied());
        let threshold = otsu(&histogram)?;
        let paper = paper(picture, &histogram, threshold);
        let light = share_of_light(&border(picture), threshold);
        let (share, other) = match paper {
            Paper::Light => (light, Paper::Dark),
            Paper::Dark => (1.0 - light, Paper::Light),
        };
        if share >= CLEAR_BORDER { None } else { Levels::with_paper(other, &histogram, threshold) }
    }

    fn with_paper(paper: Paper, histogram: &[usize; 256], threshold: usize) -> Option<Levels> {
        let (dark, light) = histogram.split_at(threshold);
        // Much of the ink is edge, between paper and ink; a tenth of it is surely ink to the full.
        let (papers, paper, ink) = match paper {
            Paper::Light => (threshold..256, threshold + quantile(light, 0.5), quantile(dark, 0.1)),
            Paper::Dark => (0..threshold, quantile(dark, 0.5), threshold + quantile(light, 0.9)),
        };
        let contrast = paper.abs_diff(ink);
        let mut differences = [0; 256];
        papers.for_each(|level| differences[level.abs_diff(paper)] += histogram[level]);
        let noise = quantile(&differences, 0.5) as f32 / contrast as f32;
        let levels = Levels { paper: paper as f32, ink: ink as f32, floor: PAPER.max(NOISE * noise) };
        (contrast >= usize::from(LEAST_CONTRAST) && levels.floor < 1.0).then_some(levels)
    }

    /// How much ink a pixel this light has, 0 to 1.
    pub fn amount(&self, light: u8) -> f32 {
        let amount = (f32::from(light) - self.paper) / (self.ink - self.paper);
        if amount < self.floor { 0.0 } else { amount.min(1.0) }
    }
}

/// Which pixels are the paper: those that are most of the picture. A digit that fills its picture may be most of it, too,
/// but hardly most of its border.
fn paper(picture: &GrayImage, histogram: &[usize; 256], threshold: usize) -> Paper {
    let share = share_of_light(histogram, threshold);
    let is_clear = share.max(1.0 - share) > CLEAR_MAJORITY;
    let share = if is_clear { share } else { share_of_light(&border(picture), threshold) };
    if share > 0.5 { Paper::Light } else { Paper::Dark }
}

fn share_of_light(histogram: &[usize; 256], threshold: usize) -> f32 {
    histogram[threshold..].iter().sum::<usize>() as f32 / histogram.iter().sum::<usize>() as f32
}

/// The histogram of the pixels along the sides.
fn border(picture: &GrayImage) -> [usize; 256] {
    let (right, bottom) = (picture.width() - 1, picture.height() - 1);
    let border = picture.enumerate_pixels().filter(|(x, y, _)| [0, right].contains(x) || [0, bottom].contains(y));
    histogram(border.map(|(_, _, pixel)| pixel.0[0]))
}

fn histogram(pixels: impl Iterator<Item = u8>) -> [usize; 256] {
    let mut histogram = [0; 256];
    pixels.for_each(|light| histogram[usize::from(light)] += 1);
    histogram
}

/// The least level of the lighter of the two classes with the greatest variance between them (Otsu 1979, "A threshold
/// selection method from gray-level histograms"). `None` where all pixels have one level.
fn otsu(histogram: &[usize; 256]) -> Option<usize> {
    let moment = |(level, count): (usize, &usize)| (level * count) as f64;
    let count = histogram.iter().sum::<usize>() as f64;
    let sum: f64 = histogram.iter().enumerate().map(moment).sum();
    let (mut dark_count, mut dark_sum) = (0.0, 0.0);
    let (mut threshold, mut greatest) = (None, 0.0);
    for (level, pixels) in histogram.iter().enumerate() {
        let both = dark_count * (count - dark_count);
        let variance = if both > 0.0 { (dark_sum * count - sum * dark_count).powi(2) / both } else { 0.0 };
        if variance > greatest {
            (threshold, greatest) = (Some(level), variance);
        }
        dark_count += *pixels as f64;
        dark_sum += moment((level, pixels));
    }
    threshold
}

/// The level that `share` of the counted pixels are below.
fn quantile(histogram: &[usize], share: f64) -> usize {
    let rank = (share * histogram.iter().sum::<usize>() as f64) as usize;
    let mut below = 0;
    let reaches = |count: &usize| {
        below += count;
        below > rank
    };
    histogram.iter().position(reaches).expect("a share below 1 of some pixels")
}

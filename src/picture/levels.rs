//! How dark ink and paper of an evenly lit picture are, and so how much ink a pixel has.

use image::GrayImage;

/// Ink and paper that differ by less, of 255, are an even surface.
pub(super) const LEAST_CONTRAST: u8 = 16;
/// What differs from the median of the paper by less than this share of the contrast is paper, too ...
const PAPER: f32 = 0.05;
/// ... and what differs by less than this many times the median of the paper's differences, which is four times the
/// standard deviation of normal noise.
const NOISE: f32 = 6.0;

/// How light paper and ink of a picture are, 0 to 255.
pub(super) struct Levels {
    paper: f32,
    ink: f32,
    /// Less ink than this, 0 to 1, is noise.
    floor: f32,
}

impl Levels {
    /// The two levels that tell the pixels of dark ink on light paper apart best. `None` for an even surface.
    pub fn of(picture: &GrayImage) -> Option<Levels> {
        let histogram = histogram(picture);
        let threshold = otsu(&histogram)?;
        let (dark, light) = histogram.split_at(threshold);
        // Much of the ink is edge, between paper and ink, or pale rules; a tenth of what is darker is surely ink to the full.
        let mut darker = [0; 256];
        darker[..threshold].copy_from_slice(dark);
        let darker = &dark[..otsu(&darker).unwrap_or(threshold)];
        let (paper, ink) = (threshold + quantile(light, 0.5), quantile(darker, 0.1));
        let contrast = paper - ink;
        let mut differences = [0; 256];
        (threshold..256).for_each(|level| differences[level.abs_diff(paper)] += histogram[level]);
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

pub(super) fn histogram(picture: &GrayImage) -> [usize; 256] {
    let mut histogram = [0; 256];
    picture.iter().for_each(|&light| histogram[usize::from(light)] += 1);
    histogram
}

/// The least level of the lighter of the two classes with the greatest variance between them (Otsu 1979, "A threshold
/// selection method from gray-level histograms"). `None` where all pixels have one level.
pub(super) fn otsu(histogram: &[usize; 256]) -> Option<usize> {
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

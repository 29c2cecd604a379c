//! How much ink lies where: a small image of amounts, and what can be done with it.

use image::GrayImage;

use super::levels::Levels;
use super::light::{self, Paper};
use super::rules::{self, Why};

/// Image of amounts of ink.
#[derive(Clone)]
pub(super) struct Ink {
    pub width: usize,
    pub height: usize,
    /// `[height, width]`, 0 to 1.
    pub amounts: Vec<f32>,
}

impl Ink {
    /// The ink of a picture on such paper under even light, without what is no digit's; `None` where there is none.
    pub fn find(picture: &GrayImage, paper: Paper, noise: f32) -> Option<Ink> {
        Ink::found(picture, paper, noise, |_, _| ())
    }

    /// [`Ink::find`]; `tell` is shown all ink first, and then what each step leaves of it.
    pub fn found(
        picture: &GrayImage,
        paper: Paper,
        noise: f32,
        mut tell: impl FnMut(Option<Why>, &Ink),
    ) -> Option<Ink> {
        let ink = Ink::on_white(&light::even(picture, paper, noise))?;
        tell(None, &ink);
        Some(rules::removed(ink, |why, ink| tell(Some(why), ink)))
    }

    /// The ink on such paper as it is: where it fills the picture, nothing says how the light falls, and what is a rule.
    pub fn filling(picture: &GrayImage, paper: Paper) -> Option<Ink> {
        Ink::on_white(&paper.lightened(picture))
    }

    fn on_white(picture: &GrayImage) -> Option<Ink> {
        let levels = Levels::of(picture)?;
        Some(Ink::new(picture, |light| levels.amount(light)))
    }

    /// The ink of a picture that has `amount(light)` on each pixel.
    pub fn new(picture: &GrayImage, amount: impl Fn(u8) -> f32) -> Ink {
        let amounts = picture.iter().map(|&light| amount(light)).collect();
        Ink { width: picture.width() as usize, height: picture.height() as usize, amounts }
    }

    /// What lies between two cuts, which lead from the top to the bottom: in each row, from a place on the left to one on the
    /// right, counted from the left side of what is returned, `first`.
    pub fn between(&self, first: usize, left: &[usize], right: &[usize]) -> Ink {
        let width = right.iter().max().map_or(0, |last| last - first);
        let mut strip = Ink { width, height: self.height, amounts: vec![0.0; width * self.height] };
        let rows = self.amounts.chunks_exact(self.width).zip(strip.amounts.chunks_exact_mut(width.max(1)));
        for ((row, own), (&from, &to)) in rows.zip(left.iter().zip(right)) {
            if from < to {
                own[from - first..to - first].copy_from_slice(&row[from..to]);
            }
        }
        strip
    }

    /// x and y of the centre of mass, in pixels from the corner; not a number where there is no ink.
    pub fn centre(&self) -> [f32; 2] {
        let (mut mass, mut moments) = (0.0, [0.0; 2]);
        for (y, row) in self.amounts.chunks_exact(self.width).enumerate() {
            for (x, &amount) in row.iter().enumerate() {
                let amount = f64::from(amount);
                mass += amount;
                moments[0] += amount * (x as f64 + 0.5);
                moments[1] += amount * (y as f64 + 0.5);
            }
        }
        moments.map(|moment| (moment / mass) as f32)
    }

    /// The mean width of the strokes, in pixels: twice their area by the length of their outline, which is what the
    /// amounts rise and fall by.
    pub fn stroke_width(&self) -> f32 {
        /// So many pixels of a row are added up side by side.
        const LANES: usize = 8;
        // What is nearly ink or nearly paper is so, lest noise count as outline.
        let clear = |amount: f32| (2.0 * amount - 0.5).clamp(0.0, 1.0);
        // f32 would stop counting at 16 million pixels.
        let (mut area, mut length) = (0.0, 0.0);
        // Around the ink there is paper.
        let count = (self.width + 1).next_multiple_of(LANES);
        let [mut row, mut below] = [(); 2].map(|()| vec![0.0; count + 1]);
        let mut rows = self.amounts.chunks_exact(self.width.max(1));
        for _ in 0..=self.height {
            match rows.next() {
                Some(next) => below[1..].iter_mut().zip(next).for_each(|(pixel, &amount)| *pixel = clear(amount)),
                None => below.fill(0.0),
            }
            let mut sums = [[0.0f32; LANES]; 2];
            for at in (0..count).step_by(LANES) {
                let (row, below) = (&row[at..=at + LANES], &below[at..at + LANES]);
                for lane in 0..LANES {
                    let [across, down] = [row[lane + 1] - row[lane], below[lane] - row[lane]];
                    sums[0][lane] += row[lane];
                    sums[1][lane] += (across * across + down * down).sqrt();
                }
            }
            let [inked, outline] = sums.map(|lanes| f64::from(lanes.iter().sum::<f32>()));
            (area, length) = (area + inked, length + outline);
            std::mem::swap(&mut row, &mut below);
        }
        (2.0 * area / length) as f32
    }

    /// The ink at `scale`, moved by `shift`, on `width` x `height` pixels, each the mean of what it covers.
    pub fn resampled(&self, [width, height]: [usize; 2], scale: f32, [right, down]: [f32; 2]) -> Ink {
        let across = shares(self.width, width, scale, right);
        let down = shares(self.height, height, scale, down);
        let mut amounts = vec![0.0; width * height];
        let mut line = vec![0.0; width];
        for shares in down.chunk_by(|a, b| a.from == b.from) {
            let row = &self.amounts[shares[0].from * self.width..][..self.width];
            line.fill(0.0);
            across.iter().for_each(|Share { from, to, share }| line[*to] += share * row[*from]);
            for Share { to, share, .. } in shares {
                amounts[to * width..][..width].iter_mut().zip(&line).for_each(|(sum, amount)| *sum += share * amount);
            }
        }
        Ink { width, height, amounts }
    }

    /// The ink with its greatest tenth at 1.
    pub fn stretched(mut self) -> Ink {
        let mut inked: Vec<f32> = self.amounts.iter().copied().filter(|&amount| amount > 0.0).collect();
        if !inked.is_empty() {
            let full = inked.len() * 9 / 10;
            let full = *inked.select_nth_unstable_by(full, f32::total_cmp).1;
            self.amounts.iter_mut().for_each(|amount| *amount = (*amount / full).min(1.0));
        }
        self
    }

    /// The ink as a wider pen draws it: `radius` more pixels on all sides, and a margin that takes them.
    pub fn thickened(&self, radius: f32) -> Ink {
        let margin = radius.ceil() as usize;
        let [width, height] = [self.width, self.height].map(|side| side + 2 * margin);
        let places = (0..=2 * margin).flat_map(|y| (0..=2 * margin).map(move |x| (x, y)));
        let cover = |(x, y): (usize, usize)| {
            let distance = (x as f32 - margin as f32).hypot(y as f32 - margin as f32);
            (y * width + x, (radius + 0.5 - distance).min(1.0))
        };
        let tip: Vec<(usize, f32)> = places.map(cover).filter(|(_, cover)| *cover > 0.0).collect();
        let mut amounts = vec![0.0f32; width * height];
        for (at, &amount) in self.amounts.iter().enumerate().filter(|(_, amount)| **amount > 0.0) {
            let corner = at / self.width * width + at % self.width;
            for (offset, cover) in &tip {
                let reached = &mut amounts[corner + offset];
                *reached = reached.max(amount * cover);
            }
        }
        Ink { width, height, amounts }
    }
}

/// What a pixel gives to one of those that it covers at another scale.
struct Share {
    from: usize,
    to: usize,
    /// Of the pixel that it is given to.
    share: f32,
}

/// What each of `count` pixels, `scale` long each, the first one at `shift`, gives to `size` pixels, from the first to the last.
fn shares(count: usize, size: usize, scale: f32, shift: f32) -> Vec<Share> {
    let of_pixel = |from: usize| {
        let (start, end) = (shift + scale * from as f32, shift + scale * (from + 1) as f32);
        let reached = start.floor().max(0.0) as usize..(end.ceil() as usize).min(size);
        reached.map(move |to| Share { from, to, share: end.min(to as f32 + 1.0) - start.max(to as f32) })
    };
    (0..count).flat_map(of_pixel).collect()
}

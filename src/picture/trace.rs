//! What became of each pixel of a picture on the way to its digits, for a person who asks why they were read. Nothing is kept
//! for it while a picture is read: the steps are gone through again, and the way to take the picture is the one that gives
//! these digits.

use image::GrayImage;

use super::bounds::Bounds;
use super::ink::Ink;
use super::insets::{Insets, Standing};
use super::light::{self, Paper};
use super::rules::Why;
use super::{Clean, Digit, blocks, filled};

/// What a pixel was taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    Paper,
    /// Paper that is white on black, or black on white, before it is turned to be like what is around it.
    Turned,
    /// Ink too pale for a digit's, such as the rules of writing paper.
    Pale,
    /// What lies along the picture's edge, and around a sheet.
    Around,
    /// A rule, a frame, an underline.
    Rule,
    /// Ink that is in no digit: specks, crumbs, the ends of a neighbour's strokes.
    LeftOut,
    /// Ink of a digit.
    Digit,
}

/// How a picture was taken.
pub struct Trace {
    /// `[height, width]`
    pub fates: Vec<Fate>,
    /// How much ink there is, 0 to 1, whatever became of it, `[height, width]`.
    pub amounts: Vec<f32>,
    /// How much darker the paper was taken to be than at its lightest place, as a share, `[height, width]`; `None` where the
    /// light was left as it is.
    pub shade: Option<Vec<f32>>,
    /// Whether the paper is the light side of the picture, not the dark one.
    pub is_paper_light: bool,
}

/// What is done about the light.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Light {
    Evened,
    AsItIs,
}

impl Trace {
    /// The way to digits of this picture, all that were read or some; the likeliest way to take it where there are none.
    ///
    /// # Panics
    /// The digits are of another picture.
    pub fn of(picture: &GrayImage, digits: &[&Digit]) -> Trace {
        let inset = Insets::of(picture).and_then(|insets| {
            let images =
                insets.images(picture).into_iter().find_map(|images| Trace::of_images(picture, &images, digits));
            images.or_else(|| Trace::inside(picture, insets.only()?, digits))
        });
        inset.or_else(|| Trace::of_all(picture, digits)).expect("digits of this picture")
    }

    /// Nothing but paper.
    fn blank(picture: &GrayImage, is_paper_light: bool) -> Trace {
        let [fates, amounts] = [picture.len(); 2];
        Trace { fates: vec![Fate::Paper; fates], amounts: vec![0.0; amounts], shade: None, is_paper_light }
    }

    /// The way to images that were taken as they stand, if those are the digits.
    fn of_images(picture: &GrayImage, images: &Standing, digits: &[&Digit]) -> Option<Trace> {
        let wholes: Vec<&Digit> = images.blocks.iter().map(|block| &block.whole).collect();
        if digits.is_empty() || !digits.iter().all(|digit| wholes.contains(digit)) {
            return None;
        }
        let mut trace = Trace::blank(picture, images.is_paper_light);
        for (x, y) in digits.iter().flat_map(|digit| digit.bounds.places()) {
            let (at, light) = (y as usize * picture.width() as usize + x as usize, picture.get_pixel(x, y).0[0]);
            trace.fates[at] = Fate::Digit;
            trace.amounts[at] = images.amount(light);
        }
        Some(trace)
    }

    /// The way through an inset to digits.
    fn inside(picture: &GrayImage, inset: Bounds, digits: &[&Digit]) -> Option<Trace> {
        let Bounds { x, y, width, height } = inset;
        let moved = |digit: &&Digit| {
            let bounds = digit.bounds;
            let bounds = Bounds { x: bounds.x.checked_sub(x)?, y: bounds.y.checked_sub(y)?, ..bounds };
            Some(Digit { bounds, ..(*digit).clone() })
        };
        let digits = digits.iter().map(moved).collect::<Option<Vec<Digit>>>()?;
        let inner = Trace::of_all(&inset.of(picture), &digits.iter().collect::<Vec<_>>())?;
        let mut trace = Trace::blank(picture, inner.is_paper_light);
        trace.shade = inner.shade.as_ref().map(|_| trace.amounts.clone());
        for row in 0..height as usize {
            let from = row * width as usize..(row + 1) * width as usize;
            let start = (y as usize + row) * picture.width() as usize + x as usize;
            let to = start..start + width as usize;
            trace.fates[to.clone()].copy_from_slice(&inner.fates[from.clone()]);
            trace.amounts[to.clone()].copy_from_slice(&inner.amounts[from.clone()]);
            if let (Some(shade), Some(inner)) = (&mut trace.shade, &inner.shade) {
                shade[to].copy_from_slice(&inner[from]);
            }
        }
        Some(trace)
    }

    /// The way to digits of a picture that is one.
    fn of_all(picture: &GrayImage, digits: &[&Digit]) -> Option<Trace> {
        let Clean { picture: clean, noise, patches } = Clean::of(picture);
        let Some(papers) = light::papers(&clean) else {
            return digits.is_empty().then(|| Trace::blank(picture, true));
        };
        let traced = |(paper, light): (Paper, Light)| {
            let mut trace = Trace::blank(picture, paper.is_light());
            let ink = match light {
                Light::Evened => {
                    patches.iter().for_each(|patch| trace.turn(*patch, picture.width()));
                    Ink::found(&clean, paper, noise, |why, ink| trace.tell(why, ink))
                }
                Light::AsItIs => Ink::filling(picture, paper).inspect(|ink| trace.tell(None, ink)),
            };
            let is_way = ink.map_or(digits.is_empty(), |ink| trace.settle(&ink, digits));
            trace.shade = (is_way && light == Light::Evened).then(|| paper.shade(&clean));
            is_way.then_some(trace)
        };
        // In the order of the readings: of those that give the same digits the first was chosen.
        let ways = papers.of_one().into_iter().flat_map(|paper| [(paper, Light::Evened), (paper, Light::AsItIs)]);
        { ways }.find_map(traced)
    }

    /// Notes that a patch of a picture so wide was turned.
    fn turn(&mut self, patch: Bounds, width: u32) {
        let rows = self.fates.chunks_exact_mut(width as usize).skip(patch.y as usize).take(patch.height as usize);
        rows.for_each(|row| row[patch.x as usize..][..patch.width as usize].fill(Fate::Turned));
    }

    /// Notes what a step has taken for ink, or has taken away of it.
    fn tell(&mut self, why: Option<Why>, ink: &Ink) {
        let fate = match why {
            None => {
                self.amounts.clone_from(&ink.amounts);
                let inked = self.fates.iter_mut().zip(&ink.amounts).filter(|(_, amount)| **amount > 0.0);
                return inked.for_each(|(fate, _)| *fate = Fate::LeftOut);
            }
            Some(Why::Pale) => Fate::Pale,
            Some(Why::Around) => Fate::Around,
            Some(Why::Rule) => Fate::Rule,
        };
        let left = self.fates.iter_mut().zip(&ink.amounts).filter(|(fate, _)| **fate == Fate::LeftOut);
        left.filter(|(_, amount)| **amount == 0.0).for_each(|(gone, _)| *gone = fate);
    }

    /// Notes the ink of those of the digits that are found in it; whether all are.
    fn settle(&mut self, ink: &Ink, digits: &[&Digit]) -> bool {
        let mut is_found = vec![false; digits.len()];
        let mut settle = |digit: &Digit, own: &Ink, cell: usize| {
            let Some(at) = digits.iter().position(|one| *one == digit) else { return false };
            is_found[at] = true;
            let Bounds { x, y, width, height } = digit.bounds;
            for (right, down) in (0..height).flat_map(|down| (0..width).map(move |right| (right, down))) {
                let at = (y + down) as usize * ink.width + (x + right) as usize;
                let own_at = down as usize / cell * own.width + right as usize / cell;
                if own.amounts[own_at] > 0.0 && ink.amounts[at] > 0.0 {
                    self.fates[at] = Fate::Digit;
                }
            }
            true
        };
        for block in blocks(ink).into_iter().chain(filled(ink)) {
            if !block.ink.as_ref().is_some_and(|ink| settle(&block.whole, ink, 1)) {
                for (piece, own, cell) in block.cut() {
                    settle(&piece.digit, &own, cell);
                }
            }
        }
        is_found.into_iter().all(|is_found| is_found)
    }
}

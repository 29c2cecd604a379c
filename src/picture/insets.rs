//! Pictures in a picture: rectangles with nothing but one even level around them, such as a photo on a page, a picture between
//! black bars, images side by side. One alone is all that there is to read. Small ones whose paper is nowhere even may be
//! images of one digit each, as the network knows them: in fog nothing else tells their ink from their paper.

use image::GrayImage;

use super::bounds::{Bounds, is_border};
use super::ink::Ink;
use super::levels::histogram;
use super::parts::{Part, parts};
use super::{Block, Digit, rows};
use crate::mnist::SIDE;

/// What is around insets differs by no more, of 255, in most pictures, and in JPEGs, whose edges ring.
const EVEN: [u8; 2] = [2, 12];
/// Larger pictures, in pixels, have none.
const LARGEST: u32 = 16 << 20;
/// There is no more else around them than this share of the picture.
const ELSE: f32 = 0.001;
/// An inset fills this share of its bounds, and of each of their sides.
const FULL: f32 = 0.9;
/// An image of a digit is at most so many times as long one way as the other, ...
const SQUARE: f32 = 1.25;
/// ... and no three neighbouring levels are found on a greater share of it.
const FLAT: f32 = 0.3;

/// The insets of a picture.
pub(super) struct Insets {
    /// What is around them.
    level: u8,
    /// Line by line.
    rows: Vec<Vec<Bounds>>,
}

impl Insets {
    /// `None` where something is no inset.
    pub fn of(picture: &GrayImage) -> Option<Insets> {
        let size = [picture.width(), picture.height()];
        if picture.is_empty() || size[0] * size[1] > LARGEST {
            return None;
        }
        let sides = size.map(|side| side as usize);
        let border = || picture.iter().enumerate().filter(|(at, _)| is_border(*at, sides)).map(|(_, light)| *light);
        let level = (border().map(u64::from).sum::<u64>() / border().count() as u64) as u8;
        // An image of the network's size is all that there is.
        if size == [SIDE as u32; 2] {
            let whole = Bounds { x: 0, y: 0, width: size[0], height: size[1] };
            return Some(Insets { level, rows: vec![vec![whole]] });
        }
        let spread = border().map(|light| light.abs_diff(level)).max().unwrap_or(0);
        EVEN.into_iter().filter(|even| *even >= spread).find_map(|even| Insets::on(picture, level, even))
    }

    /// On what is even, up to a difference.
    fn on(picture: &GrayImage, level: u8, even: u8) -> Option<Insets> {
        let all = parts(&Ink::new(picture, |light| f32::from(u8::from(light.abs_diff(level) > even))));
        let differs = |(x, y): (u32, u32)| picture.get_pixel(x, y).0[0].abs_diff(level) > even;
        let is_inset = |part: &Part| {
            let Bounds { x, y, width, height } = part.bounds;
            if (width.min(height) as usize) < SIDE || part.mass < FULL * (width * height) as f32 {
                return false;
            }
            let rows = [y + 1, y + height - 2].map(|y| (x..x + width).filter(|x| differs((*x, y))).count() as u32);
            let columns = [x + 1, x + width - 2].map(|x| (y..y + height).filter(|y| differs((x, *y))).count() as u32);
            let is_full = |pixels: u32, all: u32| pixels as f32 >= FULL * all as f32;
            rows.iter().all(|pixels| is_full(*pixels, width)) && columns.iter().all(|pixels| is_full(*pixels, height))
        };
        let (insets, others): (Vec<Part>, Vec<Part>) = all.into_iter().partition(is_inset);
        let much = others.iter().map(|part| part.mass).sum::<f32>() > ELSE * picture.len() as f32;
        if insets.is_empty() || much {
            return None;
        }
        let rows = rows::rows(insets, picture.height() as usize).into_iter();
        Some(Insets { level, rows: rows.map(|row| row.into_iter().map(|part| part.bounds).collect()).collect() })
    }

    /// The only one.
    pub fn only(&self) -> Option<Bounds> {
        let mut insets = self.rows.iter().flatten();
        insets.next().filter(|_| insets.next().is_none()).copied()
    }

    /// The ways to take them for images of one digit each, the likelier first. None where they are no such images, or paper can
    /// be told from ink.
    pub fn images(&self, picture: &GrayImage) -> Vec<Standing> {
        let rows = self.rows.iter().enumerate();
        let places =
            rows.flat_map(|(line, row)| row.iter().flat_map(|inset| split(*inset)).map(move |place| (place, line)));
        let places: Vec<(Bounds, usize)> = places.collect();
        if !places.iter().all(|(place, _)| may_be_digit(picture, *place)) {
            return Vec::new();
        }
        // Images of light ink on dark paper have dark around them more often than light.
        [self.level >= 128, self.level < 128]
            .map(|is_paper_light| Standing::of(picture, &places, is_paper_light))
            .into()
    }
}

/// Images of one digit each as they stand.
pub(super) struct Standing {
    pub blocks: Vec<Block>,
    pub is_paper_light: bool,
}

impl Standing {
    fn of(picture: &GrayImage, places: &[(Bounds, usize)], is_paper_light: bool) -> Standing {
        let mut images = Standing { blocks: Vec::new(), is_paper_light };
        for &(bounds, line) in places {
            let Bounds { width, height, .. } = bounds;
            let ink = Ink::new(&bounds.of(picture), |light| images.amount(light));
            let scale = SIDE as f32 / width.max(height) as f32;
            let margin = [width, height].map(|side| (SIDE as f32 - scale * side as f32) / 2.0);
            let pixels = ink.resampled([SIDE; 2], scale, margin).amounts.try_into().expect("28 x 28 amounts");
            images.blocks.push(Block { whole: Digit { bounds, line, pixels }, ink: None });
        }
        images
    }

    /// How much ink a pixel this light has, 0 to 1.
    pub fn amount(&self, light: u8) -> f32 {
        f32::from(if self.is_paper_light { 255 - light } else { light }) / 255.0
    }
}

/// Images that touch, from the left to the right: nearly squares.
fn split(Bounds { x, y, width, height }: Bounds) -> impl Iterator<Item = Bounds> {
    let count = ((width as f32 / height as f32).round() as u32).max(1);
    (0..count).map(move |at| {
        let [from, to] = [at, at + 1].map(|at| at * width / count);
        Bounds { x: x + from, y, width: to - from, height }
    })
}

/// Whether a place is as large as an image of a digit, and not much of it is of one level.
fn may_be_digit(picture: &GrayImage, place: Bounds) -> bool {
    let [shorter, longer] = [place.width.min(place.height), place.width.max(place.height)];
    if (shorter as usize) < SIDE || longer as f32 > SQUARE * shorter as f32 {
        return false;
    }
    let levels = histogram(&place.of(picture));
    let most = levels.windows(3).map(|near| near.iter().sum::<usize>()).max().unwrap_or(0);
    most as f32 <= FLAT * (place.width * place.height) as f32
}

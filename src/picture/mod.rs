//! Pictures coming in: from the bytes of a file to digits that look like MNIST's, in the order in which a person reads them.
//! Each file of this folder is a step of that way. What only a network can know is left open: ink that hangs together may be
//! one digit or several that touch, and where ink fills a picture either of light and dark may be the paper.

mod bounds;
mod colour;
mod corners;
mod cuts;
mod decode;
mod formats;
mod frames;
mod images;
mod ink;
mod insets;
mod levels;
mod light;
mod lines;
mod mask;
mod morphology;
mod noise;
mod normalise;
mod parts;
mod patches;
mod reduced;
mod regions;
mod rows;
mod rules;
mod trace;

use std::iter;

use image::GrayImage;

use crate::platform;
pub use bounds::Bounds;
pub use decode::{EXTENSIONS, PictureError, Pictures, is_called_a_picture};
pub use images::Images;
use ink::Ink;
use insets::Insets;
use light::Papers;
pub use normalise::{Pixels, normalise_strokes};
use parts::Part;
pub use reduced::reduced;
pub use trace::{Fate, Trace};

/// A digit found in a picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Digit {
    /// Where it stands in the picture.
    pub bounds: Bounds,
    /// Which line of the picture it stands in, counted from 0, the topmost.
    pub line: usize,
    /// What the network is to see.
    pub pixels: Pixels,
}

/// Ink that hangs together: one digit, or several that touch.
pub struct Block {
    /// All of it as one digit.
    pub whole: Digit,
    /// None of what can be but one digit.
    ink: Option<Ink>,
}

/// What lies between two of a block's cuts.
#[derive(Clone, Debug, PartialEq)]
pub struct Piece {
    /// The cut on the left; 0 is the block's left side.
    pub from: usize,
    /// The cut on the right; the last one is the block's right side.
    pub to: usize,
    /// What the cut on the right costs: the ink that it crosses, as a share of the block's height; 0 on the block's right side.
    pub cost: f32,
    pub digit: Digit,
}

impl Block {
    fn new(part: &Part, ink: &Ink, line: usize) -> Block {
        let ink = part.ink(ink);
        Block { whole: Digit { bounds: part.bounds, line, pixels: normalise::normalise(&ink) }, ink: Some(ink) }
    }

    /// What it could be cut into, those with the same `from` one after the other; none where it can only be one digit.
    pub fn pieces(&self) -> Vec<Piece> {
        self.cut().map(|(piece, ..)| piece).collect()
    }

    /// [`Block::pieces`], each with its ink and how many pixels wide and high a pixel of that is.
    fn cut(&self) -> impl Iterator<Item = (Piece, Ink, usize)> {
        let Digit { bounds: block, line, .. } = self.whole;
        let piece = move |cuts::Piece { from, to, cost, bounds, cell, ink }| {
            let bounds = Bounds { x: block.x + bounds.x, y: block.y + bounds.y, ..bounds };
            (Piece { from, to, cost, digit: Digit { bounds, line, pixels: normalise::normalise(&ink) } }, ink, cell)
        };
        self.ink.iter().flat_map(cuts::pieces).map(piece)
    }
}

/// A picture without an editor's corners, with its patches turned, and without what noise can be told from it.
struct Clean {
    picture: GrayImage,
    /// The standard deviation of what is left.
    noise: f32,
    patches: Vec<Bounds>,
}

impl Clean {
    fn of(picture: &GrayImage) -> Clean {
        let whole = corners::filled(picture);
        let (turned, patches) = patches::turned(&whole);
        let (clean, noise) = noise::removed(&turned);
        Clean { picture: clean.into_owned(), noise, patches }
    }
}

/// All ink of a picture as one digit, dark on light or light on dark; `None` where there is none.
pub fn normalise_image(picture: &GrayImage) -> Option<Pixels> {
    find_digit(picture).map(|digit| digit.pixels)
}

/// [`normalise_image`], and where the ink is.
pub fn find_digit(picture: &GrayImage) -> Option<Digit> {
    let Clean { picture: clean, noise, .. } = Clean::of(picture);
    let [paper, _] = light::papers(&clean)?.of_one();
    let clear = Ink::find(&clean, paper, noise).as_ref().and_then(one);
    clear.or_else(|| Ink::filling(picture, paper).as_ref().and_then(one)).map(|block| block.whole)
}

/// The digits of a picture, dark on light or light on dark, line by line, from left to right. Digits that touch are taken
/// for one.
pub fn find_digits(picture: &GrayImage) -> Vec<Digit> {
    readings(picture).into_iter().take(1).flatten().map(|block| block.whole).collect()
}

/// The ways to take a picture, the likeliest first, each with what it shows then, in the order in which a person reads it.
/// There are several where it is not clear which of light and dark is the paper; all of its ink may be one digit then. There
/// are none for an even surface, and where there is nothing on it but specks.
pub fn readings(picture: &GrayImage) -> Vec<Vec<Block>> {
    let Some(insets) = Insets::of(picture) else { return ways(picture) };
    let mut inside = Vec::new();
    if let Some(inset) = insets.only().filter(|inset| inset.width < picture.width()) {
        inside = ways(&inset.of(picture));
        let places = inside.iter_mut().flatten().map(|block| &mut block.whole.bounds);
        places.for_each(|place| (place.x, place.y) = (place.x + inset.x, place.y + inset.y));
    }
    let images = insets.images(picture).into_iter().map(|images| images.blocks);
    images.chain(if inside.is_empty() { ways(picture) } else { inside }).collect()
}

/// [`readings`] of a picture that is one.
fn ways(picture: &GrayImage) -> Vec<Vec<Block>> {
    let Clean { picture: clean, noise, .. } = Clean::of(picture);
    let Some(papers) = light::papers(&clean) else { return Vec::new() };
    let Papers { likeliest, is_clear, is_bordered, .. } = papers;
    let find = |paper| Ink::find(&clean, paper, noise);
    let (ink, other) =
        if is_clear { (find(likeliest), None) } else { both(picture, || find(likeliest), || Some(find(papers.other))) };
    let are_specks = ink.as_ref().is_some_and(is_specks);
    if are_specks && is_bordered {
        return Vec::new();
    }
    let ink = ink.filter(|_| !are_specks);
    let first = ink.as_ref().map_or_else(Vec::new, blocks);
    let is_doubtful = |block: &Block| is_wide(block.whole.bounds, picture) || block.ink.as_ref().is_some_and(is_sheet);
    if !is_clear || first.is_empty() || first.iter().any(is_doubtful) {
        let other = other.unwrap_or_else(|| find(papers.other));
        let others = other.filter(|ink| first.is_empty() || !is_around(ink));
        return doubtful_ways(picture, papers, first, others.as_ref().map_or_else(Vec::new, blocks));
    }
    // Strokes of a digit that fills the picture go from edge to edge, as rules do, and it is in pieces then.
    let whole = if first.len() <= 2 { Ink::filling(picture, likeliest).as_ref().and_then(filled) } else { None };
    iter::once(first).chain(whole.map(|whole| vec![Block { ink: None, ..whole }])).collect()
}

/// [`ways`] where it is not clear which of light and dark is the paper: `first` is on the likelier one, `others` are on the other.
fn doubtful_ways(picture: &GrayImage, papers: Papers, first: Vec<Block>, others: Vec<Block>) -> Vec<Vec<Block>> {
    /// What fills a picture on the less likely paper and is less wide, as a share of its height, is no digits that touch: it may
    /// be what is between the bars of one.
    const NARROW: f32 = 0.75;
    let filling = |paper| {
        let ink = Ink::filling(picture, paper);
        let block = ink.as_ref().and_then(filled);
        (ink, Vec::from_iter(block))
    };
    let ((as_it_is, filling_first), (_, mut filling_others)) =
        both(picture, || filling(papers.likeliest), || filling(papers.other));
    let is_narrow = |Bounds { width, height, .. }: Bounds| (width as f32) < NARROW * height as f32;
    let is_one = |block: &&mut Block| !papers.is_other_cropped && is_narrow(block.whole.bounds);
    filling_others.iter_mut().filter(is_one).for_each(|block| block.ink = None);
    let is_corner = |bounds: Bounds| touches_corner(bounds, picture) && !is_wide(bounds, picture);
    let is_in_corner = matches!(&first[..], [block] if is_corner(block.whole.bounds));
    let mut all = [first, filling_first, others, filling_others];
    if papers.is_other_cropped {
        all.rotate_left(2);
    } else if is_in_corner {
        // That is likelier paper beside a digit that fills the picture.
        all.rotate_left(1);
    }
    let all: Vec<Vec<Block>> = all.into_iter().filter(|blocks| !blocks.is_empty()).collect();
    if all.is_empty() {
        // Where all is rules, they may be digits.
        return as_it_is.as_ref().map(blocks).filter(|blocks| !blocks.is_empty()).into_iter().collect();
    }
    all
}

/// Both, at the same time where the picture is so large that it is worth it.
fn both<A: Send, B: Send>(picture: &GrayImage, a: impl FnOnce() -> A + Send, b: impl FnOnce() -> B + Send) -> (A, B) {
    const LARGE: usize = 1 << 20;
    if picture.len() < LARGE { (a(), b()) } else { platform::both(a, b) }
}

/// Whether all ink is small blots.
fn is_specks(ink: &Ink) -> bool {
    /// A speck is at most this share of the picture's shorter side.
    const SMALL: f32 = 1.0 / 8.0;
    let parts = parts::parts(ink);
    let most = SMALL * ink.width.min(ink.height) as f32;
    let is_small = |part: &Part| part.bounds.width.max(part.bounds.height) as f32 <= most;
    !parts.is_empty() && parts.iter().all(is_small) && parts.iter().all(|part| part.is_blot(ink))
}

/// All ink.
fn one(ink: &Ink) -> Option<Block> {
    parts::whole(ink).map(|whole| Block::new(&whole, ink, 0))
}

/// All ink, if it goes from edge to edge both ways.
fn filled(ink: &Ink) -> Option<Block> {
    let whole = parts::whole(ink)?;
    let Bounds { width, height, .. } = whole.bounds;
    (fills(width, ink.width as u32) && fills(height, ink.height as u32)).then(|| Block::new(&whole, ink, 0))
}

/// Whether ink fills so much of where it is that it may be a sheet on a table, and what is written on it the paper.
fn is_sheet(ink: &Ink) -> bool {
    const FULL: f32 = 0.7;
    ink.amounts.iter().sum::<f32>() > FULL * ink.amounts.len() as f32
}

/// Whether all ink lies along the picture's border, as a shadow on a corner does: beside digits elsewhere it is none.
fn is_around(ink: &Ink) -> bool {
    let size = [ink.width, ink.height];
    rows::rows(parts::parts(ink), ink.height).iter().flatten().all(|part| part.is_along_border(size))
}

/// Whether it goes nearly from edge to edge of a picture.
fn is_wide(Bounds { width, height, .. }: Bounds, picture: &GrayImage) -> bool {
    fills(width, picture.width()) || fills(height, picture.height())
}

/// Whether it reaches the sides of a picture on both sides of one of its corners.
fn touches_corner(Bounds { x, y, width, height }: Bounds, picture: &GrayImage) -> bool {
    (x == 0 || x + width == picture.width()) && (y == 0 || y + height == picture.height())
}

/// Whether so many pixels go nearly from edge to edge of a side.
fn fills(pixels: u32, side: u32) -> bool {
    10 * pixels >= 9 * side
}

/// The blocks of a picture. None where their boxes together are many times the picture, as those of rings within each other and of
/// slanting lines are: such are no digits, and each block keeps the ink of its box.
fn blocks(ink: &Ink) -> Vec<Block> {
    const MOST_TIMES: u64 = 8;
    const WORTH_A_THREAD: usize = 64;
    let rows = rows::rows(parts::parts(ink), ink.height);
    let area = |part: &Part| u64::from(part.bounds.width) * u64::from(part.bounds.height);
    if rows.iter().flatten().map(area).sum::<u64>() > MOST_TIMES * ink.amounts.len() as u64 {
        return Vec::new();
    }
    let rows = rows.into_iter().enumerate();
    let parts: Vec<(usize, Part)> =
        rows.flat_map(|(line, row)| row.into_iter().map(move |part| (line, part))).collect();
    platform::each(&parts, WORTH_A_THREAD, |(line, part)| Block::new(part, ink, *line))
}

//! Families of what is no digit. Most are drawn by strokes and go a drawing's way; some are pixels from the start. A network
//! learns from [`Family::LEARNT`] and is measured on [`Family::all`]: of those it learns from, with other fonts, other
//! writers and other numbers, and of those that are held back, whatever it makes of what it has never seen.

use super::deform::{deform, resampled, unit};
use super::dice::Dice;
use super::filled::{self, Picture};
use super::pen::{Part, letters, writers};
use super::scribbles::{self, Pen};
use super::{pixels, shapes};
use crate::pen::{PenSample, Point, Strokes};
use crate::random::Stream;

/// What is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// Letters and signs of fonts, deformed.
    Letters,
    /// A pen that wanders.
    Walk,
    /// Loop after loop along a line.
    Loops,
    /// A curve through places anywhere.
    Tangle,
    /// Short arcs here and there.
    Arcs,
    /// Round and round.
    Curl,
    /// To and fro, row by row.
    Blacken,
    /// Squares, crosses, spirals, grids and the like.
    Shapes,
    /// Two or three digits side by side.
    Several,
    /// Two digits over each other.
    Overlaid,
    /// Halves of digits that are no other digit.
    Halves,
    /// Dots, and bars that do not stand.
    Marks,
    /// Areas, silhouettes and noise.
    Filled,
    /// A swinging curve; held back.
    Pendulum,
    /// Straight from place to place; held back.
    Jumps,
    /// Stars, hearts, houses, arrows and the like; held back.
    OtherShapes,
    /// Areas with stripes or checks; held back.
    Striped,
}

/// The parts of digits that are none: of which digit, whether the left (axis 0) or the upper one (axis 1), and where it is
/// cut, with the middle at 0 and the longer side 1. Most other halves are another digit, or could be the whole.
const HALVES: [(u8, usize, f32); 2] = [(3, 0, -0.05), (5, 1, -0.12)];

/// What drawings that are no digit are made of.
pub(super) struct Material {
    letters: Vec<&'static PenSample>,
    digits: Vec<&'static PenSample>,
    /// Of [`HALVES`].
    halves: Vec<(&'static PenSample, usize, f32)>,
}

impl Material {
    pub fn new(part: Part) -> Material {
        let digits = writers(part);
        let halves = digits.iter().flat_map(|&digit| {
            HALVES.into_iter().filter(|half| half.0 == digit.label).map(move |half| (digit, half.1, half.2))
        });
        Material { letters: letters(part), halves: halves.collect(), digits }
    }
}

impl Family {
    /// What a network may learn from.
    pub const LEARNT: [Family; 13] = [
        Family::Letters,
        Family::Walk,
        Family::Loops,
        Family::Tangle,
        Family::Arcs,
        Family::Curl,
        Family::Blacken,
        Family::Shapes,
        Family::Several,
        Family::Overlaid,
        Family::Halves,
        Family::Marks,
        Family::Filled,
    ];
    /// What it is only measured on.
    pub const HELD_BACK: [Family; 4] = [Family::Pendulum, Family::Jumps, Family::OtherShapes, Family::Striped];

    /// Such as `other-shapes`.
    pub fn name(self) -> &'static str {
        match self {
            Family::Letters => "letters",
            Family::Walk => "scribble-walk",
            Family::Loops => "scribble-loops",
            Family::Tangle => "scribble-tangle",
            Family::Arcs => "scribble-arcs",
            Family::Curl => "scribble-curl",
            Family::Blacken => "scribble-blacken",
            Family::Shapes => "shapes",
            Family::Several => "several-digits",
            Family::Overlaid => "overlaid-digits",
            Family::Halves => "halves",
            Family::Marks => "dots-and-bars",
            Family::Filled => "filled",
            Family::Pendulum => "scribble-pendulum",
            Family::Jumps => "scribble-jumps",
            Family::OtherShapes => "other-shapes",
            Family::Striped => "striped",
        }
    }

    /// Of the image `number` that a network learns from: of [`Family::LEARNT`] in turn, but every fourth is of areas, of which there are
    /// more than of any kind of strokes.
    pub(super) fn of(number: usize) -> Family {
        match number % 4 {
            3 => Family::Filled,
            _ => Family::LEARNT[(number - number / 4) % Family::LEARNT.len()],
        }
    }

    /// All, those that are held back last.
    pub fn all() -> impl Iterator<Item = Family> {
        Family::LEARNT.into_iter().chain(Family::HELD_BACK)
    }

    /// The image `index` of the family.
    pub(super) fn image(self, material: &Material, seed: u32, index: u32) -> Picture {
        let mut dice = Dice::new(seed, Stream::NoDigit { family: self as u32 }, index);
        let dice = &mut dice;
        let deformed = |strokes: &Strokes| deform(strokes, seed, index);
        pixels(&match self {
            Family::Letters => deformed(&dice.pick(&material.letters).strokes),
            Family::Walk => scribbles::walk(dice),
            Family::Loops => scribbles::loops(dice),
            Family::Tangle => scribbles::tangle(dice),
            Family::Arcs => scribbles::arcs(dice),
            Family::Curl => scribbles::curl(dice),
            Family::Blacken => scribbles::blacken(dice),
            Family::Shapes => deformed(&one_of(&shapes::LEARNT, dice)),
            Family::Several => several(&material.digits, dice),
            Family::Overlaid => overlaid(&material.digits, dice),
            Family::Halves => half(*dice.pick(&material.halves)),
            Family::Marks => one_of(&shapes::MARKS, dice),
            Family::Filled => return dice.pick(&filled::LEARNT)(dice),
            Family::Pendulum => scribbles::pendulum(dice),
            Family::Jumps => scribbles::jumps(dice),
            Family::OtherShapes => deformed(&one_of(&shapes::HELD_BACK, dice)),
            Family::Striped => return dice.pick(&filled::HELD_BACK)(dice),
        })
    }
}

fn one_of(pens: &[Pen], dice: &mut Dice) -> Strokes {
    dice.pick(pens)(dice)
}

/// Two or three digits side by side.
fn several(digits: &[&PenSample], dice: &mut Dice) -> Strokes {
    let count = dice.count(2, 3);
    let mut drawing = Strokes::default();
    let mut right = 0.0;
    for _ in 0..count {
        let &digit = dice.pick(digits);
        let digit = sized(digit, dice);
        let [least, greatest] = digit.bounds().expect("a digit has points");
        let (shift, gap) = (right - least[0], dice.between(0.02, 0.3));
        drawing.lines.extend(digit.moved(1.0, [shift, dice.within(0.1)]).lines);
        right += greatest[0] - least[0] + gap;
    }
    drawing
}

/// Two digits over each other, neither of them one that a few strokes more leave a digit.
fn overlaid(digits: &[&PenSample], dice: &mut Dice) -> Strokes {
    let mut busy = || {
        loop {
            let &digit = dice.pick(digits);
            if ![0, 1, 7].contains(&digit.label) {
                return sized(digit, dice);
            }
        }
    };
    let (mut drawing, other) = (busy(), busy());
    let shift = [dice.between(0.35, 0.6), dice.within(0.4)];
    drawing.lines.extend(other.moved(1.0, shift).lines);
    drawing
}

/// A drawing whose longer side is about 1.
fn sized(drawing: &PenSample, dice: &mut Dice) -> Strokes {
    unit(&drawing.strokes).expect("digits have a size").moved(dice.between(0.8, 1.1), [0.0; 2])
}

/// What lies before `cut` on an axis of a drawing.
fn half((drawing, axis, cut): (&PenSample, usize, f32)) -> Strokes {
    let whole = unit(&drawing.strokes).expect("digits have a size");
    let mut lines: Vec<Vec<Point>> = Vec::new();
    for line in &whole.lines {
        let points = resampled(line);
        let kept = points.split(|point| point[axis] > cut).filter(|run| run.len() > 1);
        lines.extend(kept.map(<[Point]>::to_vec));
    }
    Strokes { lines, width: 0.0 }
}

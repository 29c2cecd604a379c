//! Drawings beside MNIST: what other people write, what they write in ways that MNIST hardly has, and what is no digit.
//!
//! All but a few go the way of a drawing in the window: strokes, drawn anew with one pen as MNIST's digits were
//! ([`normalise_strokes`]). Who learns and who is held back is told by writer, by font and by family, so a figure on the
//! held-back ones says what a network makes of hands that it has never seen. The same seed gives the same bits.

mod deform;
mod dice;
mod family;
mod filled;
mod pen;
mod scribbles;
mod shapes;

use rayon::prelude::*;

pub use deform::deform;
use dice::Dice;
pub use family::Family;
use family::Material;
pub use pen::{Part, letters, templates, writers};

use crate::mnist::{DataSet, PIXELS, PenSample, Strokes, normalise_strokes};
use crate::random::Stream;

/// The label of an image that shows no digit.
pub const NO_DIGIT: u8 = 254;

/// How much of what [`training`] holds beside the drawings as they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mixture {
    /// Deformed copies of each drawing by a writer.
    pub copies: usize,
    /// Deformed copies of each template.
    pub templates: usize,
    /// Images that show no digit, as many of each family as of the next.
    pub no_digits: usize,
}

/// Images of a family that is measured.
const MEASURED: usize = 500;
/// The seed of what is measured, which is always the same.
const MEASURE: u32 = 0xd161;

impl Default for Mixture {
    fn default() -> Mixture {
        Mixture { copies: 2, templates: 20, no_digits: 13_000 }
    }
}

/// An image of a set, before it is made.
enum Plan {
    Drawn(&'static PenSample),
    /// The copy of this number.
    Deformed(&'static PenSample, u32),
    /// The image of this number.
    NoDigit(Family, u32),
}

/// What a network may learn from: the training writers' drawings, deformed copies of them and of the templates, and images
/// labelled [`NO_DIGIT`], one kind after the other.
pub fn training(mixture: &Mixture, seed: u32) -> DataSet {
    let drawings = writers(Part::Training);
    let copies = |of: &[&'static PenSample], count: usize| -> Vec<Plan> {
        let copies = of.iter().flat_map(|&drawing| (0..count).map(move |_| drawing));
        copies.enumerate().map(|(number, drawing)| Plan::Deformed(drawing, number as u32)).collect()
    };
    let templates: Vec<&PenSample> = templates().iter().collect();
    let mut plans: Vec<Plan> = drawings.iter().map(|drawing| Plan::Drawn(drawing)).collect();
    plans.extend(copies(&drawings, mixture.copies));
    plans.extend(copies(&templates, mixture.templates));
    plans.extend((0..mixture.no_digits).map(|number| {
        let families = Family::LEARNT.len();
        Plan::NoDigit(Family::LEARNT[number % families], (number / families) as u32)
    }));
    made(&plans, Part::Training, seed)
}

/// The digits of the writers who validate.
pub fn validation() -> DataSet {
    drawn(writers(Part::Validation))
}

/// The digits of the writers who test.
pub fn test() -> DataSet {
    drawn(writers(Part::Test))
}

/// Images of a family, all labelled [`NO_DIGIT`], of the fonts and writers of a part. Those of one part are not those of
/// another, and none is in [`training`].
pub fn no_digits(part: Part, family: Family) -> DataSet {
    let plans: Vec<Plan> = (0..MEASURED).map(|number| Plan::NoDigit(family, number as u32)).collect();
    made(&plans, part, MEASURE + part as u32)
}

/// Digits written in ways that MNIST hardly has, each way with its name: drawings by the writers who do not train, as they
/// are, and their zeros with a stroke or a dot in them, which none of them draws.
pub fn kinds() -> Vec<(&'static str, DataSet)> {
    let mut kinds: Vec<_> =
        pen::drawings_by_kind().into_iter().map(|(name, drawings)| (name, drawn(drawings))).collect();
    kinds.push(("zero-slashed", zeros(slash)));
    kinds.push(("zero-dotted", zeros(dot)));
    kinds
}

/// Every other zero of the writers who do not train, with a stroke more.
fn zeros(stroke: fn(&mut Dice, [f32; 2]) -> Vec<[f32; 2]>) -> DataSet {
    let drawings = [Part::Validation, Part::Test].into_iter().flat_map(writers).filter(|drawing| drawing.label == 0);
    let samples: Vec<PenSample> = drawings
        .step_by(2)
        .enumerate()
        .map(|(number, drawing)| {
            let mut dice = Dice::new(MEASURE, Stream::Deform, number as u32);
            let mut sample = drawing.clone();
            let [least, greatest] = sample.strokes.bounds().expect("a zero has points");
            let half = [0, 1].map(|axis| (greatest[axis] - least[axis]) / 2.0);
            let line = stroke(&mut dice, half).into_iter();
            sample.strokes.lines.push(line.map(|at| [0, 1].map(|axis| least[axis] + half[axis] + at[axis])).collect());
            sample
        })
        .collect();
    drawn(samples.iter().collect())
}

/// From within a zero of this half width and height to beyond it, in four cases of five from lower left to upper right.
fn slash(dice: &mut Dice, [x, y]: [f32; 2]) -> Vec<[f32; 2]> {
    let (reach, sign) = (dice.between(0.45, 1.0), if dice.chance(0.8) { -1.0 } else { 1.0 });
    let [a, b] = [0.1; 2].map(|most| reach + dice.within(most));
    vec![[-a * x, -sign * a * y], [b * x, sign * b * y]]
}

fn dot(dice: &mut Dice, [x, y]: [f32; 2]) -> Vec<[f32; 2]> {
    vec![[dice.within(0.15) * x, dice.within(0.15) * y]]
}

fn drawn(drawings: Vec<&PenSample>) -> DataSet {
    let images = drawings.par_iter().flat_map_iter(|drawing| pixels(&drawing.strokes)).collect();
    DataSet { images, labels: drawings.iter().map(|drawing| drawing.label).collect() }
}

fn made(plans: &[Plan], part: Part, seed: u32) -> DataSet {
    let material = Material::new(part);
    let images = plans.par_iter().flat_map_iter(|plan| match *plan {
        Plan::Drawn(drawing) => pixels(&drawing.strokes),
        Plan::Deformed(drawing, copy) => pixels(&deform(&drawing.strokes, seed, copy)),
        Plan::NoDigit(family, number) => family.image(&material, seed, number),
    });
    let labels = plans.iter().map(|plan| match plan {
        Plan::Drawn(drawing) | Plan::Deformed(drawing, _) => drawing.label,
        Plan::NoDigit(..) => NO_DIGIT,
    });
    DataSet { images: images.collect(), labels: labels.collect() }
}

/// What the network sees of a drawing.
fn pixels(strokes: &Strokes) -> [u8; PIXELS] {
    normalise_strokes(strokes).map_or([0; PIXELS], |pixels| pixels.map(|ink| (255.0 * ink).round() as u8))
}

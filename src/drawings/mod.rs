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

use crate::mnist::{DataSet, PIXELS};
use crate::pen::{PenSample, Strokes};
use crate::picture::normalise_strokes;
use crate::random::Stream;
use crate::reference::softmax::NO_CLASS;

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
        Mixture { copies: 1, templates: 12, no_digits: 16_000 }
    }
}

/// An image of a set, before it is made.
enum Plan<'a> {
    Drawn(&'a PenSample),
    /// The copy of this number.
    Deformed(&'a PenSample, u32),
    /// The image of this number.
    NoDigit(Family, u32),
}

/// What a network may learn from: the training writers' drawings, deformed copies of them and of the templates, and images
/// labelled [`NO_CLASS`], one kind after the other.
pub fn training(mixture: &Mixture, seed: u32) -> DataSet {
    let drawings = writers(Part::Training);
    let mut plans: Vec<Plan> = drawings.iter().map(|drawing| Plan::Drawn(drawing)).collect();
    plans.extend(copies_of(drawings.iter().copied(), mixture.copies));
    plans.extend(copies_of(templates().iter(), mixture.templates));
    plans.extend((0..mixture.no_digits).map(|number| Plan::NoDigit(Family::of(number), number as u32)));
    made(&plans, Part::Training, seed)
}

/// So many deformed copies of each.
fn copies_of<'a>(drawings: impl Iterator<Item = &'a PenSample>, count: usize) -> impl Iterator<Item = Plan<'a>> {
    let copies = drawings.flat_map(move |drawing| (0..count).map(move |_| drawing));
    copies.enumerate().map(|(number, drawing)| Plan::Deformed(drawing, number as u32))
}

/// The digits of the writers of a part.
pub fn digits(part: Part) -> DataSet {
    drawn(writers(part))
}

/// What somebody's drawings look like to the network. One without ink is an empty image.
pub fn images_of(drawings: &[PenSample]) -> DataSet {
    drawn(drawings.iter().collect())
}

/// Somebody's own drawings and deformed copies of each, about ten thousand images where the drawings are fewer, so that they
/// count beside a data set.
pub fn own(drawings: &[PenSample], seed: u32) -> DataSet {
    const IMAGES: usize = 10_000;
    const MOST_COPIES: usize = 50;
    let copies = (IMAGES / drawings.len().max(1)).clamp(1, MOST_COPIES);
    let plans: Vec<Plan> = drawings.iter().map(Plan::Drawn).chain(copies_of(drawings.iter(), copies)).collect();
    made(&plans, Part::Training, seed)
}

/// What a network that learns something new is to be reminded of: the first of the training images, drawings, and what is no
/// digit.
pub fn reminders(mut images: DataSet) -> DataSet {
    images.truncate(10_000);
    images.append(training(&Mixture { copies: 0, templates: 2, no_digits: 4_000 }, 1));
    images
}

/// Images of a family, all labelled [`NO_CLASS`], of the fonts and writers of a part. Those of one part are not those of
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
    images_of(&samples)
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
        Plan::NoDigit(..) => NO_CLASS,
    });
    DataSet { images: images.collect(), labels: labels.collect() }
}

/// What the network sees of a drawing.
fn pixels(strokes: &Strokes) -> [u8; PIXELS] {
    normalise_strokes(strokes).map_or([0; PIXELS], |pixels| pixels.map(|ink| (255.0 * ink).round() as u8))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::mnist::CLASSES;

    const PARTS: [Part; 3] = [Part::Training, Part::Validation, Part::Test];

    fn names(of: impl Iterator<Item = &'static PenSample>) -> BTreeSet<&'static str> {
        of.map(|sample| sample.writer.as_str()).collect()
    }

    fn count(data: &DataSet, label: u8) -> usize {
        data.labels.iter().filter(|&&other| other == label).count()
    }

    #[test]
    fn no_writer_and_no_font_is_in_two_parts() {
        let writers = PARTS.map(|part| names(writers(part).into_iter()));
        assert_eq!(writers.each_ref().map(BTreeSet::len), [20, 4, 6]);
        assert_eq!(writers.iter().flatten().collect::<BTreeSet<_>>().len(), 30);
        assert_eq!(writers[1], BTreeSet::from(["tra02", "tra09", "tra16", "tra23"]));
        assert_eq!(writers[2], BTreeSet::from(["tra05", "tra10", "tra15", "tra20", "tra25", "tra30"]));
        let fonts = PARTS.map(|part| names(letters(part).into_iter()));
        assert_eq!(fonts.each_ref().map(BTreeSet::len), [6, 1, 1]);
        assert_eq!(fonts.iter().flatten().collect::<BTreeSet<_>>().len(), 8);
        assert_eq!(PARTS.map(|part| super::writers(part).len()), [4995, 1000, 1499]);
        assert_eq!(PARTS.map(|part| super::letters(part).len()), [245, 31, 27]);
    }

    #[test]
    fn letters_that_look_like_digits_are_left_out() {
        for letter in PARTS.into_iter().flat_map(letters) {
            assert_eq!(letter.label, NO_CLASS);
            let name = letter.id.rsplit('-').next().unwrap();
            let is_left_out = name.chars().count() == 1 && "OoQDIlijLZzSsBbqgGyYT0123456789".contains(name);
            assert!(!is_left_out, "{}", letter.id);
        }
    }

    #[test]
    fn every_template_has_a_kind_of_its_digit_and_ink() {
        let kinds: BTreeSet<&str> = templates().iter().map(|template| template.split.as_str()).collect();
        let digits = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];
        for kind in &kinds {
            let of_kind = templates().iter().filter(|template| template.split == *kind);
            assert!((8..=20).contains(&of_kind.count()), "{kind}");
        }
        for template in templates() {
            assert_eq!(template.split.split('-').next(), Some(digits[usize::from(template.label)]), "{}", template.id);
            assert!(pixels(&template.strokes).contains(&255), "{}", template.id);
        }
        // What is measured is what was drawn templates for.
        let measured = super::kinds();
        let measured: BTreeSet<&str> = measured.iter().map(|(name, _)| *name).collect();
        assert!(measured.is_subset(&kinds), "{:?}", measured.difference(&kinds));
        assert_eq!((kinds.len(), measured.len()), (32, 22));
    }

    #[test]
    fn no_drawing_of_a_kind_is_by_a_writer_who_trains() {
        let training = names(writers(Part::Training).into_iter());
        for (kind, drawings) in pen::drawings_by_kind() {
            let digit = drawings[0].label;
            assert!(drawings.iter().all(|drawing| !training.contains(drawing.writer.as_str())), "{kind}");
            assert!(drawings.iter().all(|drawing| drawing.label == digit), "{kind}");
            let ids: BTreeSet<&str> = drawings.iter().map(|drawing| drawing.id.as_str()).collect();
            assert_eq!(ids.len(), drawings.len(), "{kind} has a drawing twice");
        }
    }

    #[test]
    fn a_deformed_copy_is_another_drawing_and_the_same_each_time() {
        let template = &templates()[0].strokes;
        assert_eq!(deform(template, 1, 2), deform(template, 1, 2));
        let copies = [pixels(template), pixels(&deform(template, 1, 2)), pixels(&deform(template, 1, 3))];
        let other_seed = pixels(&deform(template, 2, 2));
        assert!(copies[0] != copies[1] && copies[1] != copies[2] && copies[1] != other_seed);
        // It is still about the same: most ink of a copy lies within two pixels of the drawing's.
        let near = |at: usize| {
            let rows = (-2..=2).flat_map(|down: isize| (-2..=2).map(move |right: isize| 28 * down + right));
            rows.filter_map(|step| copies[0].get(at.checked_add_signed(step)?)).any(|&ink| ink > 100)
        };
        let inked: Vec<usize> = (0..PIXELS).filter(|&at| copies[1][at] > 100).collect();
        let kept = inked.iter().filter(|&&at| near(at)).count();
        assert!(kept * 10 > inked.len() * 8, "{kept} of {}", inked.len());
    }

    #[test]
    fn drawings_without_a_size_are_left_as_they_are() {
        for text in ["5,5", "5,5 5,5|5,5"] {
            let dot: Strokes = text.parse().unwrap();
            assert_eq!(deform(&dot, 0, 0), dot);
        }
    }

    #[test]
    fn training_holds_what_its_mixture_says() {
        let mixture = Mixture { copies: 1, templates: 2, no_digits: 130 };
        let data = training(&mixture, 7);
        assert_eq!(data.count(), 2 * 4995 + 2 * 420 + 130);
        assert_eq!(data.images.len(), data.count() * PIXELS);
        assert_eq!(count(&data, NO_CLASS), 130);
        let of = |label| writers(Part::Training).iter().filter(|drawing| drawing.label == label).count();
        for label in 0..CLASSES as u8 {
            let templates = templates().iter().filter(|template| template.label == label).count();
            assert_eq!(count(&data, label), 2 * of(label) + 2 * templates, "{label}");
        }
        assert_eq!(data.image(0), pixels(&writers(Part::Training)[0].strokes), "the drawings come first, as they are");
    }

    #[test]
    fn one_seed_makes_one_set() {
        let mut plans: Vec<Plan> = Family::LEARNT.into_iter().map(|family| Plan::NoDigit(family, 3)).collect();
        plans.extend(templates().iter().step_by(50).map(|template| Plan::Deformed(template, 5)));
        let of = |seed| made(&plans, Part::Training, seed);
        assert_eq!(of(7), of(7));
        let (one, other) = (of(7), of(8));
        assert!((0..plans.len()).all(|index| one.image(index) != other.image(index)));
    }

    #[test]
    fn every_family_has_ink_and_differs_from_part_to_part() {
        for family in Family::all() {
            let parts = PARTS.map(|part| {
                let material = Material::new(part);
                (0..40).map(|number| family.image(&material, part as u32, number)).collect::<Vec<_>>()
            });
            let blank = parts.iter().flatten().filter(|image| image.iter().all(|&ink| ink == 0)).count();
            assert_eq!(blank, 0, "{}", family.name());
            assert!(parts[0] != parts[1] && parts[1] != parts[2], "{}", family.name());
        }
    }

    #[test]
    fn held_back_writers_are_the_measured_digits() {
        assert_eq!([digits(Part::Validation).count(), digits(Part::Test).count()], [1000, 1499]);
        let letters = no_digits(Part::Test, Family::Letters);
        assert_eq!((letters.count(), count(&letters, NO_CLASS)), (500, 500));
    }
}

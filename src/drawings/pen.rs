//! The drawings that the program brings along: by people with a pen (`data/pen`), and templates and letters by hand
//! (`data/strokes`). The people are split by writer, so that what is measured is how their writing is read by a network that
//! has never seen it.

use std::io::BufReader;
use std::sync::LazyLock;

use super::NO_CLASS;
use crate::mnist::CLASSES;
use crate::pen::{PenSample, decode_pen_file};

/// A part of the drawings; no writer, and no font, is in two of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// What the network learns from.
    Training,
    /// What recipes and thresholds are chosen by.
    Validation,
    /// What figures are told of.
    Test,
}

/// The number of each writer that validates; those that divide by [`TESTS`] test, and all others train.
const VALIDATES: [u32; 4] = [2, 9, 16, 23];
const TESTS: u32 = 5;

static DRAWINGS: LazyLock<Vec<PenSample>> =
    LazyLock::new(|| embedded("pendigits-tra.tsv.gz", include_bytes!("../../data/pen/pendigits-tra.tsv.gz")));
static TEMPLATES: LazyLock<Vec<PenSample>> =
    LazyLock::new(|| embedded("templates.tsv", include_bytes!("../../data/strokes/templates.tsv")));
static LETTERS: LazyLock<Vec<PenSample>> =
    LazyLock::new(|| embedded("letters.tsv", include_bytes!("../../data/strokes/letters.tsv")));
/// `drawing kind`, separated by a tab; lines that start with `#` are comments.
const KINDS: &str = include_str!("../../data/pen/kinds.tsv");

fn embedded(name: &str, file: &[u8]) -> Vec<PenSample> {
    let is_label = |label| usize::from(label) < CLASSES || label == NO_CLASS;
    decode_pen_file(name.as_ref(), BufReader::new(file), is_label).expect("the program's own file")
}

/// The digits that the writers of a part drew, in the order of the file.
pub fn writers(part: Part) -> Vec<&'static PenSample> {
    DRAWINGS.iter().filter(|drawing| part_of(&drawing.writer) == part).collect()
}

/// Which part a writer such as `tra07` is in.
fn part_of(writer: &str) -> Part {
    let number: u32 =
        writer.trim_start_matches(|letter: char| !letter.is_ascii_digit()).parse().expect("writers have numbers");
    match number {
        number if number % TESTS == 0 => Part::Test,
        number if VALIDATES.contains(&number) => Part::Validation,
        _ => Part::Training,
    }
}

/// Digits written in ways that MNIST hardly has, drawn for this program; `split` is the kind.
pub fn templates() -> &'static [PenSample] {
    &TEMPLATES
}

/// Letters and signs that look like no digit, of the fonts of a part.
pub fn letters(part: Part) -> Vec<&'static PenSample> {
    let split = match part {
        Part::Training => "training",
        Part::Validation => "validation",
        Part::Test => "test",
    };
    LETTERS.iter().filter(|letter| letter.split == split).collect()
}

/// The drawings of each kind among those of the writers who do not train, in the order of the kinds' file.
pub(super) fn drawings_by_kind() -> Vec<(&'static str, Vec<&'static PenSample>)> {
    let mut kinds: Vec<(&str, Vec<&PenSample>)> = Vec::new();
    for (id, kind) in KINDS.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once('\t')) {
        let drawing = DRAWINGS.iter().find(|drawing| drawing.id == id).expect("a kind's drawing is one of the file's");
        match kinds.iter_mut().find(|(name, _)| *name == kind) {
            Some((_, drawings)) => drawings.push(drawing),
            None => kinds.push((kind, vec![drawing])),
        }
    }
    kinds
}

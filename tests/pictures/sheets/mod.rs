//! Whole sheets, and how many are read right.

mod make;

use std::collections::BTreeMap;

use digits::mnist::{DataSet, Split};
use digits::network::{Judgement, best};
use digits::picture::Digit;
use digits::predict::Reader;
use image::GrayImage;

use crate::reading::{digits_of, reader};
use make::{Making, sheet};

/// What each line of a picture is read as; `None` for what is no digit.
fn lines(reader: &mut Reader, picture: GrayImage) -> Vec<Vec<Option<u8>>> {
    let of = |(_, judgement): &(Digit, Judgement)| judgement.is_digit.then(|| best(&judgement.probabilities) as u8);
    let digits = digits_of(reader, picture);
    digits.chunk_by(|(a, _), (b, _)| a.line == b.line).map(|line| line.iter().map(of).collect()).collect()
}

/// Sheets of one kind: all of them, those whose lines have as many digits as they should, and those that are read right.
#[derive(Default)]
struct Count {
    sheets: u32,
    found: u32,
    right: u32,
}

/// Of `count` sheets those of each kind.
fn counted(data: &DataSet, count: u32) -> BTreeMap<String, Count> {
    let mut reader = reader();
    let mut counts: BTreeMap<String, Count> = BTreeMap::new();
    for number in 0..count {
        let (picture, labels, Making { print, around, light, camera, is_board }) = sheet(data, number);
        let read = lines(&mut reader, picture);
        let found = read.iter().map(Vec::len).eq(labels.iter().map(Vec::len));
        let right =
            found && read.iter().flatten().eq(labels.iter().flatten().copied().map(Some).collect::<Vec<_>>().iter());
        let surface = if is_board { "chalk on a board" } else { "ink on paper" };
        let kinds = [
            format!("printed: {print:?}"),
            format!("around: {around:?}"),
            format!("light: {light:?}"),
            format!("camera: {camera:?}"),
            surface.into(),
            "all".into(),
        ];
        for kind in kinds {
            let count = counts.entry(kind).or_default();
            count.sheets += 1;
            count.found += u32::from(found);
            count.right += u32::from(right);
        }
    }
    counts
}

#[test]
fn most_sheets_are_found_whole_and_read_right() {
    let counts = counted(&Split::embedded().unwrap().validation, 100);
    let Count { found, right, .. } = counts["all"];
    // Windows as wide as a fifth of the picture, for the paper of all of them, found 59 of 100 and read 50 right.
    assert!(found >= 95 && right >= 79, "{found} of 100 found, {right} right");
}

#[test]
#[ignore = "the figures for docs/results.md: takes a minute"]
fn figures() {
    for (kind, Count { sheets, found, right }) in counted(&Split::embedded().unwrap().test, 400) {
        let share = |count: u32| 100.0 * count as f32 / sheets as f32;
        println!("{kind:24} {sheets:4} sheets, found {:5.1} %, right {:5.1} %", share(found), share(right));
    }
}

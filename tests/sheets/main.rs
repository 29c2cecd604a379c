//! Whole sheets, made of images that no model was trained on, and how many are read right. `cargo test --release --test sheets
//! -- --ignored --nocapture` makes more of them of MNIST's test images and prints the shares.

mod make;

use std::collections::BTreeMap;

use digits::gpu::{Gpu, Request};
use digits::mnist::{DataSet, Split};
use digits::model::Model;
use digits::network::{Judgement, ModelFile};
use digits::picture::{Digit, Pictures};
use digits::predict::{Digits, Reader};
use image::GrayImage;
use pollster::FutureExt as _;

use make::{Making, sheet};

fn reader() -> Reader {
    let gpu = Gpu::open(&Request::default()).block_on().unwrap_or_else(|error| panic!("{error}"));
    let file = ModelFile::shipped();
    Reader::new(Model::new(&gpu, &file.network, &file.parameters).unwrap(), file.calibration)
}

/// What each line of a picture is read as; `None` for what is no digit.
fn read(reader: &mut Reader, picture: GrayImage) -> Vec<Vec<Option<u8>>> {
    let Ok(digits) = Digits::of(&Pictures::Picture(picture)) else { return Vec::new() };
    let read = reader.read(digits).block_on().unwrap();
    let best = |p: &[f32]| (0..p.len()).max_by(|a, b| p[*a].total_cmp(&p[*b])).unwrap() as u8;
    let of = |(_, judgement): &(Digit, Judgement)| judgement.is_digit.then(|| best(&judgement.probabilities));
    read.chunk_by(|(a, _), (b, _)| a.line == b.line).map(|line| line.iter().map(of).collect()).collect()
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
        let read = read(&mut reader, picture);
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
    assert!(found >= 84 && right >= 72, "{found} of 100 found, {right} right");
}

#[test]
#[ignore = "the figures for README.md: takes a minute"]
fn figures() {
    for (kind, Count { sheets, found, right }) in counted(&Split::embedded().unwrap().test, 400) {
        let share = |count: u32| 100.0 * count as f32 / sheets as f32;
        println!("{kind:24} {sheets:4} sheets, found {:5.1} %, right {:5.1} %", share(found), share(right));
    }
}

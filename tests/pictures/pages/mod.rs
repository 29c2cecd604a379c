//! Pages with rows, digits that touch, and crops: how many are found and read right.

mod make;

use std::time::{Duration, Instant};

use digits::mnist::{DataSet, Split};
use digits::picture::{Digit, find_digits};
use digits::predict::Reader;
use image::{GrayImage, Luma, imageops};

use crate::images::{Dice, cropped};
use crate::reading::{read, reader};
use make::{Layout, on_paper, page, pushed};

fn validation() -> DataSet {
    Split::embedded().unwrap().validation
}

/// A page's number of digits, and how many of them stand in their line and at their place there.
fn found_on(number: u32, data: &DataSet) -> (usize, usize) {
    let mut dice = Dice::new(0, number);
    let height = dice.between(30.0, 90.0);
    let heights = if number.is_multiple_of(4) { vec![height, height * 2.0 / 3.0] } else { vec![height; 3] };
    let layout = Layout { heights, columns: 5, jitter: 0.15, tilt: dice.between(-0.05, 0.05) };
    let (picture, labels) = page(data, &layout, &mut dice);
    let found = find_digits(&picture);
    let lines: Vec<&[Digit]> = found.chunk_by(|a, b| a.line == b.line).collect();
    let is_right = |(line, digits): (&&[Digit], &Vec<u8>)| {
        line.len() == digits.len() && line.is_sorted_by_key(|digit| digit.bounds.x)
    };
    let columns = layout.columns;
    let right = lines.iter().zip(&labels).filter(|pair| is_right(*pair)).count();
    (columns * labels.len(), if lines.len() == labels.len() { columns * right } else { 0 })
}

/// How many of `count` pictures of `digits` digits that are pushed together are read whole, and how many as too many digits.
fn pushed_together(digits: usize, count: u32, data: &DataSet, reader: &mut Reader) -> [u32; 2] {
    let (mut right, mut cut) = (0, 0);
    for number in 0..count {
        let mut dice = Dice::new(digits as u32, number);
        let indices: Vec<usize> = (0..digits).map(|_| dice.below(data.count())).collect();
        let images: Vec<GrayImage> = indices.iter().map(|index| cropped(data, *index)).collect();
        let scale = dice.between(0.8, 4.0);
        let found = read(reader, on_paper(&pushed(&images, number % 4, &mut dice), scale));
        right += u32::from(found.iter().eq(indices.iter().map(|index| &data.labels[*index])));
        cut += u32::from(found.len() > digits);
    }
    [right, cut]
}

/// How many of the first `count` images are read right when they are cropped to their ink and made so many times as large: light on
/// dark, and dark on light.
fn crops(count: usize, times: f32, data: &DataSet, reader: &mut Reader) -> [usize; 2] {
    let mut right = [0; 2];
    for index in 0..count {
        let crop = cropped(data, index);
        let [width, height] = [crop.width(), crop.height()].map(|side| (times * side as f32) as u32);
        let light = imageops::resize(&crop, width, height, imageops::FilterType::CatmullRom);
        let mut dark = light.clone();
        imageops::invert(&mut dark);
        for (right, picture) in right.iter_mut().zip([light, dark]) {
            *right += usize::from(read(reader, picture) == [data.labels[index]]);
        }
    }
    right
}

#[test]
fn rows_are_found_and_read_in_order() {
    let data = validation();
    let pages: Vec<(usize, usize)> = (0..40).map(|number| found_on(number, &data)).collect();
    let (all, found) = pages.iter().fold((0, 0), |sum, page| (sum.0 + page.0, sum.1 + page.1));
    assert!(found >= all * 99 / 100, "{found} of {all}: {pages:?}");
}

#[test]
fn digits_that_touch_are_read_one_by_one_and_single_ones_are_not_cut() {
    let (data, mut reader) = (validation(), reader());
    let [pairs, _] = pushed_together(2, 60, &data, &mut reader);
    let [triples, _] = pushed_together(3, 40, &data, &mut reader);
    let [singles, cut] = pushed_together(1, 150, &data, &mut reader);
    assert!(pairs >= 56 && triples >= 37, "{pairs} of 60 pairs, {triples} of 40 triples");
    assert!(singles >= 148 && cut <= 1, "{singles} of 150 digits, {cut} of them cut");
}

#[test]
fn a_crop_to_its_ink_reads_as_the_digit() {
    let (data, mut reader) = (validation(), reader());
    // Of 400 with paper around them 397 are read right.
    for (count, times, floor) in [(400, 1.0, 397), (100, 1.6, 98), (100, 5.0, 98)] {
        let right = crops(count, times, &data, &mut reader);
        assert!(right.iter().all(|right| *right >= floor), "{right:?} of {count}, {times} times as large");
    }
}

#[test]
fn specks_without_number_take_no_time() {
    let specks =
        |size: u32| GrayImage::from_fn(2400, 2400, |x, y| Luma([if x % 6 < size && y % 6 < size { 20 } else { 235 }]));
    let start = Instant::now();
    for size in 1..=5 {
        find_digits(&specks(size));
    }
    assert!(start.elapsed() < Duration::from_secs(30), "{:?}", start.elapsed());
}

#[test]
#[ignore = "figures: takes minutes"]
fn figures() {
    let (data, mut reader) = (validation(), reader());
    let pages: Vec<(usize, usize)> = (0..200).map(|number| found_on(number, &data)).collect();
    let whole = pages.iter().filter(|(all, found)| all == found).count();
    println!("pages whose rows are all right: {whole} of {}", pages.len());
    let test = Split::embedded().unwrap().test;
    for (name, data) in [("validation", &data), ("test", &test)] {
        for digits in 1..=3 {
            let [right, cut] = pushed_together(digits, 1000, data, &mut reader);
            println!("{digits} {name} images pushed together: {right} of 1000 right, {cut} cut too often");
        }
    }
    for (name, data) in [("validation", &data), ("test", &test)] {
        for times in [1.0, 1.6, 5.0] {
            let right = crops(1000, times, data, &mut reader);
            println!(
                "crops of {name} images, {times} times as large, light on dark and dark on light: {right:?} of 1000 right"
            );
        }
    }
    let layout = Layout { heights: vec![500.0; 17], columns: 17, jitter: 0.1, tilt: 0.0 };
    let (large, _) = page(&data, &layout, &mut Dice::new(9, 0));
    let start = Instant::now();
    let found = find_digits(&large).len();
    println!("{} x {} pixels: {found} digits in {:?}", large.width(), large.height(), start.elapsed());
}

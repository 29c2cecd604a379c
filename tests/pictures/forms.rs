//! Forms: boxes and combs with a digit in each, and squared paper on a table. What is printed is no digit, and makes no other
//! of one. The digits are MNIST's validation images.

use digits::mnist::{DataSet, Split};
use image::{GrayImage, Luma, imageops};

use crate::images::digit;
use crate::paper::{inked, lit, on_table};
use crate::reading::{read, reader};

const PAPER: u8 = 240;
/// The side of an image, and how far it is from one to the next.
const SIDE: u32 = 60;
const PITCH: u32 = 66;
/// Where the first one's column is, and the row.
const LEFT: u32 = 50;
const TOP: u32 = 40;
const COUNT: u32 = 5;
/// How thick a line is.
const THICK: u32 = 3;

/// Five digits in a row, and what they are.
fn row(images: &DataSet, number: usize) -> (GrayImage, Vec<u8>) {
    let mut sheet = GrayImage::from_pixel(2 * LEFT + 6 * PITCH, 2 * TOP + PITCH, Luma([PAPER]));
    let indices = COUNT as usize * number..COUNT as usize * (number + 1);
    for (place, index) in (0..).zip(indices.clone()) {
        let image = imageops::resize(&digit(images.image(index)), SIDE, SIDE, imageops::FilterType::CatmullRom);
        for (x, y, ink) in image.enumerate_pixels() {
            let [left, top] = [LEFT + place * PITCH, TOP].map(|at| at + (PITCH - SIDE) / 2);
            sheet.put_pixel(left + x, top + y, Luma([PAPER - (f32::from(ink.0[0]) * 0.82) as u8]));
        }
    }
    (sheet, images.labels[indices].to_vec())
}

/// Whether a pixel is on the outline of one of `count` boxes, each so many pixels within its place.
fn is_boxed([x, y, ..]: [u32; 4], count: u32, inset: u32) -> bool {
    let [Some(x), Some(y)] = [x.checked_sub(LEFT - THICK / 2), y.checked_sub(TOP - THICK / 2)] else { return false };
    let is_on = |at: u32, of: u32| {
        let place = at % of;
        (inset..inset + THICK).contains(&place) || (of - inset..of - inset + THICK).contains(&place)
    };
    let within = |at: u32| (inset..PITCH - inset + THICK).contains(&at);
    // Boxes that touch share a side, the last of which is behind the last place.
    if inset == 0 {
        return x < count * PITCH + THICK && y < PITCH + THICK && (x % PITCH < THICK || y % PITCH < THICK);
    }
    x < count * PITCH && within(y) && within(x % PITCH) && (is_on(x % PITCH, PITCH) || is_on(y, PITCH))
}

/// Whether a pixel is on one of the boxes with round corners around the digits.
fn is_rounded([x, y, ..]: [u32; 4]) -> bool {
    const RADIUS: f32 = 14.0;
    let place = [x, y].map(|at| at as f32 + 0.5);
    let is_on = |number: u32| {
        let [left, top] = [LEFT + number * PITCH, TOP].map(|at| at as f32);
        let middle = [left, top].map(|at| at + PITCH as f32 / 2.0);
        let beyond = [0, 1].map(|axis| (place[axis] - middle[axis]).abs() - (PITCH as f32 / 2.0 - 3.0 - RADIUS));
        let outside = beyond.map(|at| at.max(0.0));
        let distance = outside[0].hypot(outside[1]) + beyond[0].max(beyond[1]).min(0.0) - RADIUS;
        distance.abs() < THICK as f32 / 2.0
    };
    (0..COUNT).any(is_on)
}

/// Whether a pixel is on a line below all digits, or one of the teeth that stand on it between them.
fn is_comb([x, y, ..]: [u32; 4]) -> bool {
    let [Some(x), Some(y)] = [x.checked_sub(LEFT), y.checked_sub(TOP)] else { return false };
    let is_below = (PITCH..PITCH + THICK).contains(&y);
    x < COUNT * PITCH + THICK && (is_below || (x % PITCH < THICK && (PITCH - 26..PITCH).contains(&y)))
}

fn is_squared([x, y, ..]: [u32; 4]) -> bool {
    x % 22 < 2 || y % 22 < 2
}

type Form = fn(&GrayImage) -> GrayImage;

const FORMS: [(&str, Form); 8] = [
    ("boxes that touch", |sheet| inked(sheet, 70, |at| is_boxed(at, COUNT, 0))),
    ("boxes apart", |sheet| inked(sheet, 70, |at| is_boxed(at, COUNT, 4))),
    ("blurred boxes", |sheet| imageops::blur(&inked(sheet, 70, |at| is_boxed(at, COUNT, 4)), 1.2)),
    ("boxes, the last one empty", |sheet| inked(sheet, 70, |at| is_boxed(at, COUNT + 1, 4))),
    ("boxes with round corners", |sheet| inked(sheet, 70, is_rounded)),
    ("a comb", |sheet| inked(sheet, 70, is_comb)),
    ("squares on a grey table", |sheet| on_table(&inked(sheet, 195, is_squared), 120, 0.04)),
    ("squares, half in a shadow", |sheet| {
        lit(&inked(sheet, 195, is_squared), |x, y| if x + 0.3 * y < 0.6 { 0.55 } else { 1.0 })
    }),
];

#[test]
fn boxes_combs_and_squares_are_no_digits() {
    let (mut reader, images) = (reader(), Split::embedded().unwrap().validation);
    let mut wrong = Vec::new();
    for (name, form) in FORMS {
        let floor = match name {
            // The sides of two boxes run into one thick line.
            "blurred boxes" => 15,
            // Digits that touch theirs do not come free of it.
            "boxes with round corners" => 12,
            _ => 18,
        };
        let rows = (0..20).map(|number| row(&images, number));
        let right = rows.filter(|(row, labels)| read(&mut reader, form(row)) == *labels).count();
        if right < floor {
            wrong.push(format!("{name}: {right} of 20 rows"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn rows_are_read_on_squares_that_have_more_ink_than_the_digits() {
    let (mut reader, images) = (reader(), Split::embedded().unwrap().validation);
    let squared = |sheet: &GrayImage| {
        let large = imageops::resize(sheet, 2 * sheet.width(), 2 * sheet.height(), imageops::FilterType::CatmullRom);
        inked(&large, 110, |[x, y, ..]| x % 40 < 2 || y % 40 < 2)
    };
    let rows = (0..12).map(|number| row(&images, number));
    let right = rows.filter(|(row, labels)| read(&mut reader, squared(row)) == *labels).count();
    // Where a third of the ink has to be digits', the squares and all on them are one block.
    assert!(right >= 5, "{right} of 12 rows");
}

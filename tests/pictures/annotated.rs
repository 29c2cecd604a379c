//! Pictures with what was read off them: whether the colours tell what became of each pixel.

use digits::annotate::{Annotated, BOX, Colour, NO_DIGIT, colour};
use digits::corrupt::Corruption;
use digits::mnist::Split;
use digits::network::Classes;
use digits::picture::Fate;
use digits::predict::Reader;
use image::{GrayImage, Luma, imageops};

use crate::images::digit;
use crate::reading::{digits_of, reader};

const PAPER: u8 = 235;
/// Where the two digits' images have their left upper corners.
const PLACES: [[u32; 2]; 2] = [[8, 20], [60, 24]];

/// A 7 and a 2, as MNIST's test images have them, in dark ink on a sheet of 100 x 90 pixels.
fn sheet() -> GrayImage {
    let images = Split::embedded().unwrap().test;
    let mut sheet = GrayImage::from_pixel(100, 90, Luma([PAPER]));
    for (at, [left, top]) in PLACES.into_iter().enumerate() {
        for (x, y, ink) in digit(images.image(at)).enumerate_pixels() {
            sheet.get_pixel_mut(left + x, top + y).0[0] -= (f32::from(ink.0[0]) * 0.8) as u8;
        }
    }
    sheet
}

fn rule(picture: &mut GrayImage, rows: std::ops::Range<u32>, light: u8) {
    rows.for_each(|y| (0..picture.width()).for_each(|x| picture.put_pixel(x, y, Luma([light]))));
}

fn annotated(reader: &mut Reader, picture: &GrayImage) -> Annotated {
    let digits = digits_of(reader, picture.clone());
    Annotated::of(picture, &digits, &Classes::numbered(10))
}

/// The colour in the middle of a pixel of the picture.
fn at(annotated: &Annotated, [x, y]: [u32; 2]) -> Colour {
    let Annotated { image, scale, corner } = annotated;
    image.get_pixel(corner[0] + scale * x + scale / 2, corner[1] + scale * y + scale / 2).0
}

fn has(annotated: &Annotated, colour: Colour) -> bool {
    annotated.image.pixels().any(|pixel| pixel.0 == colour)
}

/// Where ink was taken for something, as the colours say.
fn taken_for(annotated: &Annotated, picture: &GrayImage, fate: Fate) -> Vec<[u32; 2]> {
    let places = picture.enumerate_pixels().map(|(x, y, _)| [x, y]);
    places.filter(|place| Some(at(annotated, *place)) == colour(fate)).collect()
}

#[test]
fn digits_have_boxes_and_rules_a_colour_of_their_own() {
    let (mut reader, mut picture) = (reader(), sheet());
    rule(&mut picture, 70..72, 60);
    let digits = digits_of(&mut reader, picture.clone());
    assert_eq!(digits.len(), 2);
    let annotated = Annotated::of(&picture, &digits, &Classes::numbered(10));
    assert!(annotated.scale * 100 >= 800 && annotated.scale == 8, "{}", annotated.scale);

    let rules = taken_for(&annotated, &picture, Fate::Rule);
    let expected: Vec<[u32; 2]> = (70..72).flat_map(|y| (0..100).map(move |x| [x, y])).collect();
    assert_eq!(rules, expected);
    for [x, y] in taken_for(&annotated, &picture, Fate::Digit) {
        assert!(picture.get_pixel(x, y).0[0] < PAPER, "{x}, {y}");
        let is_inside = digits.iter().any(|(digit, _)| {
            let [right, down] = [x.wrapping_sub(digit.bounds.x), y.wrapping_sub(digit.bounds.y)];
            right < digit.bounds.width && down < digit.bounds.height
        });
        assert!(is_inside, "{x}, {y}");
    }
    let dark = picture.enumerate_pixels().filter(|(_, y, pixel)| *y < 70 && pixel.0[0] < 100);
    for (x, y, _) in dark {
        assert_eq!(Some(at(&annotated, [x, y])), colour(Fate::Digit), "{x}, {y}");
    }
    for (digit, _) in &digits {
        // One pixel outside of each corner of what the digit covers there is its box.
        let [left, top] = [digit.bounds.x, digit.bounds.y];
        let [right, bottom] = [left + digit.bounds.width, top + digit.bounds.height];
        let place = |side: u32, corner: u32| corner + annotated.scale * side;
        let [left, right] = [left, right].map(|side| place(side, annotated.corner[0]));
        let [top, bottom] = [top, bottom].map(|side| place(side, annotated.corner[1]));
        for (x, y) in [(left - 1, top - 1), (right, top - 1), (left - 1, bottom), (right, bottom)] {
            assert_eq!(annotated.image.get_pixel(x, y).0, BOX, "{x}, {y}");
        }
        assert_ne!(annotated.image.get_pixel(left, top).0, BOX);
    }
}

#[test]
fn shade_pale_rules_specks_and_what_is_no_digit_can_be_told_apart() {
    let (mut reader, plain) = (reader(), sheet());
    let without = annotated(&mut reader, &plain);
    for (fate, name) in [(Fate::Rule, "rule"), (Fate::Pale, "pale"), (Fate::LeftOut, "speck"), (Fate::Around, "edge")] {
        assert!(!has(&without, colour(fate).unwrap()), "{name}");
    }
    assert!(!has(&without, NO_DIGIT));
    let paper = at(&without, [50, 5]);
    assert!(paper.iter().all(|channel| *channel == paper[0] && *channel > 240), "grey, and pale: {paper:?}");

    let mut shaded = plain.clone();
    shaded.enumerate_pixels_mut().filter(|(x, y, _)| x + y < 60).for_each(|(_, _, pixel)| pixel.0[0] /= 2);
    let shaded = annotated(&mut reader, &shaded);
    let [red, _, blue] = at(&shaded, [3, 3]).map(i32::from);
    assert!(blue - red > 40, "{red} {blue}");
    assert_eq!(at(&shaded, [95, 5]), paper);

    let mut pale = plain.clone();
    rule(&mut pale, 5..6, PAPER - 50);
    let pale = annotated(&mut reader, &pale);
    for x in 0..100 {
        // As strong as the ink is.
        let ([red, green, blue], [.., full]) = (at(&pale, [x, 5]), colour(Fate::Pale).unwrap());
        assert!(red > blue + 100 && green > blue + 80 && blue > full, "{red} {green} {blue}");
    }

    let mut edged = plain.clone();
    rule(&mut edged, 0..4, 20);
    assert_eq!(taken_for(&annotated(&mut reader, &edged), &edged, Fate::Around).len(), 400);

    let mut speckled = plain.clone();
    speckled.put_pixel(50, 70, Luma([20]));
    assert_eq!(taken_for(&annotated(&mut reader, &speckled), &speckled, Fate::LeftOut), [[50, 70]]);

    let mut blotted = GrayImage::from_pixel(160, 90, Luma([PAPER]));
    imageops::replace(&mut blotted, &plain, 0, 0);
    let blot = (30..58).flat_map(|y| (110..138).map(move |x| (x, y)));
    let blot = blot.filter(|(x, y)| (x - 124i32).pow(2) + (y - 44i32).pow(2) < 150);
    blot.for_each(|(x, y)| blotted.put_pixel(x as u32, y as u32, Luma([20])));
    assert!(has(&annotated(&mut reader, &blotted), NO_DIGIT));
}

/// The 2 as white on black in a printed cell.
#[test]
fn a_cell_of_light_on_dark_is_read_and_shown_as_turned() {
    let (mut reader, plain) = (reader(), sheet());
    let mut cell = plain.clone();
    let turned = cell.enumerate_pixels_mut().filter(|(x, y, _)| (56..96).contains(x) && (18..82).contains(y));
    turned.for_each(|(.., light)| light.0[0] = PAPER + 20 - light.0[0]);
    let read = digits_of(&mut reader, cell.clone());
    assert_eq!(read, digits_of(&mut reader, plain.clone()));
    let (plain, turned) = (annotated(&mut reader, &plain), annotated(&mut reader, &cell));
    let [places, expected] = [[57, 80], [50, 80]].map(|place| [&turned, &plain].map(|annotated| at(annotated, place)));
    assert_ne!(places[0], places[1]);
    assert_eq!(expected[0], expected[1]);
    assert_eq!(taken_for(&turned, &cell, Fate::Digit), taken_for(&plain, &cell, Fate::Digit));
}

/// A shaded sheet on a white page, and an image in fog.
#[test]
fn pictures_in_a_picture_are_shown_as_they_were_read() {
    let mut reader = reader();
    let mut shaded = sheet();
    shaded
        .enumerate_pixels_mut()
        .for_each(|(x, _, pixel)| pixel.0[0] = (u32::from(pixel.0[0]) * (200 - x) / 200) as u8);
    let mut page = GrayImage::from_pixel(160, 150, Luma([255]));
    imageops::replace(&mut page, &shaded, 30, 30);
    let [alone, inset] = [&shaded, &page].map(|picture| {
        let annotated = annotated(&mut reader, picture);
        taken_for(&annotated, picture, Fate::Digit)
    });
    assert!(alone.len() > 100);
    assert_eq!(inset, alone.into_iter().map(|place| place.map(|at| at + 30)).collect::<Vec<_>>());

    let images = Split::embedded().unwrap().test;
    let fog = digit(&Corruption::Fog.apply(images.image(0), 1, 0));
    let mut page = GrayImage::new(60, 60);
    imageops::replace(&mut page, &fog, 16, 16);
    let annotated = annotated(&mut reader, &page);
    // Ink and fog are as dark as they are light in the picture.
    let darkest = |x: u32, y: u32| at(&annotated, [16 + x, 16 + y])[0];
    let pixels = || fog.enumerate_pixels().map(|(x, y, light)| (light.0[0], darkest(x, y)));
    let (lightest, thinnest) = (pixels().max().unwrap(), pixels().min().unwrap());
    assert!(lightest.1 < thinnest.1, "{lightest:?} {thinnest:?}");
}

/// Of the readings of a picture any may be chosen: its trace is found.
#[test]
fn whichever_way_a_picture_is_taken_its_ink_is_shown() {
    let (mut reader, images) = (reader(), Split::embedded().unwrap().test);
    let mut inverse = sheet();
    imageops::invert(&mut inverse);
    // What fills its picture is read as it is; digits that touch are cut.
    let filling = imageops::crop_imm(&digit(images.image(0)), 6, 7, 16, 20).to_image();
    let mut filling_inverse = filling.clone();
    imageops::invert(&mut filling_inverse);
    let mut touching = GrayImage::new(64, 40);
    for (number, x) in [(3, 8), (4, 24)] {
        for (right, down, ink) in digit(images.image(number)).enumerate_pixels() {
            let pixel = touching.get_pixel_mut(x + right, 6 + down);
            pixel.0[0] = pixel.0[0].max(ink.0[0]);
        }
    }
    let is_light: fn(u8) -> bool = |light| light > 160;
    let is_dark: fn(u8) -> bool = |light| light < 95;
    let cases = [
        ("inverse", inverse, 2, is_light),
        ("filling", filling, 1, is_light),
        ("filling, inverse", filling_inverse, 1, is_dark),
        ("touching", touching, 2, is_light),
    ];
    for (name, picture, count, is_ink) in cases {
        let digits = digits_of(&mut reader, picture.clone());
        assert_eq!(digits.len(), count, "{name}");
        let shown = taken_for(&Annotated::of(&picture, &digits, &Classes::numbered(10)), &picture, Fate::Digit);
        let inked = picture.enumerate_pixels().filter(|(_, _, pixel)| is_ink(pixel.0[0])).map(|(x, y, _)| [x, y]);
        let missing: Vec<[u32; 2]> = inked.filter(|place| !shown.contains(place)).collect();
        assert!(missing.is_empty() && 2 * shown.len() < picture.len(), "{name}: {missing:?}, {} shown", shown.len());
    }
}

#[test]
fn a_picture_without_digits_shows_what_became_of_its_ink() {
    let mut picture = GrayImage::from_pixel(80, 60, Luma([PAPER]));
    let blank = Annotated::of(&picture, &[], &Classes::numbered(10));
    let colours = [Fate::Pale, Fate::Around, Fate::Rule, Fate::LeftOut, Fate::Digit].map(|fate| colour(fate).unwrap());
    assert!(colours.iter().all(|colour| !has(&blank, *colour)));
    let speck = [[40, 30], [41, 30], [40, 31], [41, 31]];
    speck.iter().for_each(|[x, y]| picture.put_pixel(*x, *y, Luma([40])));
    assert_eq!(taken_for(&Annotated::of(&picture, &[], &Classes::numbered(10)), &picture, Fate::LeftOut), speck);
}

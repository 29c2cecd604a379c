//! What must hold of the way from a drawing or a picture to the network's input, whatever is drawn: where it stands, how
//! large it is, in which order and direction it was drawn, and with which pen on which paper, make no difference.

use digits::drawings;
use digits::mnist::{PIXELS, Split};
use digits::pen::{PenSample, Point, Strokes};
use digits::picture::{Bounds, Pixels, find_digits, normalise_image, normalise_strokes};
use image::GrayImage;
use image::imageops::invert;
use proptest::prelude::*;

/// Drawings of one to three strokes, at least a tenth of their unit square wide or high.
fn drawings() -> impl Strategy<Value = Strokes> {
    let point = [0.0f32..1.0, 0.0f32..1.0];
    let stroke = prop::collection::vec(point, 1..12);
    let strokes = prop::collection::vec(stroke, 1..4).prop_map(|lines| Strokes { lines, width: 0.0 });
    strokes.prop_filter("larger than a dot", |strokes| longest_side(strokes) > 0.1)
}

fn longest_side(strokes: &Strokes) -> f32 {
    let [least, greatest] = strokes.bounds().unwrap();
    (greatest[0] - least[0]).max(greatest[1] - least[1])
}

/// A handful of digits as a hand would draw them, y down, in a box of 100 x 100.
fn digit(class: u8) -> Strokes {
    let text = match class {
        0 => "50,0 20,15 10,50 20,85 50,100 80,85 90,50 80,15 50,0",
        1 => "50,0 50,100",
        2 => "15,20 30,3 60,0 80,20 70,50 40,75 10,100 40,98 90,100",
        3 => "15,5 60,0 80,20 65,42 35,48 70,52 85,75 65,97 10,95",
        4 => "60,0 35,35 10,65 90,65|65,35 62,100",
        5 => "25,5 20,45 50,38 80,55 80,80 55,100 15,95|25,5 80,2",
        7 => "10,5 90,0 60,45 40,100",
        _ => unreachable!("no such digit is drawn here"),
    };
    text.parse().unwrap()
}

/// Ink on black, the unit a pixel.
fn picture(strokes: &Strokes, pen: f32, width: u32, height: u32) -> GrayImage {
    Strokes { width: pen, ..strokes.smooth(0.1) }.coverage(width, height)
}

/// How much the image of a drawing differs from that of its picture, where the drawing is `side` pixels high.
fn picture_difference(class: u8, side: f32, [x, y]: Point) -> f32 {
    let drawing = digit(class);
    let size = (side * 1.3) as u32 + 60;
    let picture = picture(&drawing.moved(side / 100.0, [x + 0.15 * side, y + 0.15 * side]), 0.13 * side, size, size);
    difference(&normalise_strokes(&drawing).unwrap(), &normalise_image(&picture).unwrap())
}

/// The mean difference of two images, as a share of the ink of the first.
fn difference(a: &Pixels, b: &Pixels) -> f32 {
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).sum::<f32>() / a.iter().sum::<f32>()
}

/// x and y of the centre of mass, and the width and height of what holds ink.
fn shape(pixels: &Pixels) -> ([f32; 2], [usize; 2]) {
    let places = || (0..PIXELS).map(|at| [at % 28, at / 28]);
    let ink: f32 = pixels.iter().sum();
    let centre = [0, 1]
        .map(|axis| places().zip(pixels).map(|(place, pixel)| (place[axis] as f32 + 0.5) * pixel).sum::<f32>() / ink);
    let size = [0, 1].map(|axis| {
        let inked = || places().zip(pixels).filter(|(_, pixel)| **pixel > 0.02).map(|(place, _)| place[axis]);
        inked().max().unwrap() + 1 - inked().min().unwrap()
    });
    (centre, size)
}

/// Whether ink touches the first or the last of the columns (axis 0) or of the rows (axis 1).
fn is_at_edge(pixels: &Pixels, axis: usize) -> bool {
    let at_edge = |at: usize| [0, 27].contains(&[at % 28, at / 28][axis]);
    (0..PIXELS).any(|at| at_edge(at) && pixels[at] > 0.02)
}

/// How much a drawing's image changes when it is `10^scale` times as large and moved by `by` of its own units, and how much it may:
/// rounding decides about an eighth of a pixel at the edge, where the image's border holds the ink back.
fn moved_difference(drawing: &Strokes, scale: f32, by: [f32; 2]) -> (f32, f32) {
    let scale = 10f32.powf(scale);
    let images = [drawing.clone(), drawing.moved(scale, by.map(|by| scale * by))];
    let [expected, moved] = images.map(|drawing| normalise_strokes(&drawing).unwrap());
    let is_held = [&expected, &moved].iter().any(|image| (0..2).any(|axis| is_at_edge(image, axis)));
    (difference(&expected, &moved), if is_held { 0.12 } else { 0.02 })
}

#[test]
fn a_drawing_that_the_border_holds_back_moves_by_no_more_than_an_eighth_of_a_pixel() {
    let drawing: Strokes =
        "0.2967792,0.43284547 0.13933535,0.97928226 0.14328046,0.13374351 0.6557105,0.70018387".parse().unwrap();
    let (difference, limit) = moved_difference(&drawing, 0.0, [69.09049, 0.0]);
    assert!(difference < limit, "{difference} where {limit} is allowed");
}

#[test]
fn a_dot_that_is_far_away_for_its_pen_is_a_dot() {
    let drawing = Strokes { lines: vec![vec![[3.307_922_9e34, 0.0]]], width: 4.319_096_4e-34 };
    assert!(normalise_strokes(&drawing).unwrap().iter().any(|amount| *amount > 0.5));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn place_and_size_of_a_drawing_make_no_difference(
        drawing in drawings(), scale in -3.0f32..3.0, x in -100.0f32..100.0, y in -100.0f32..100.0
    ) {
        let (difference, limit) = moved_difference(&drawing, scale, [x, y]);
        prop_assert!(difference < limit, "{difference}");
    }

    #[test]
    fn whatever_is_drawn_has_amounts_of_ink_from_0_to_1(
        lines in prop::collection::vec(prop::collection::vec([any::<f32>(), any::<f32>()], 0..9), 0..4), width in any::<f32>()
    ) {
        if let Some(image) = normalise_strokes(&Strokes { lines, width }) {
            prop_assert!(image.iter().all(|amount| (0.0..=1.0).contains(amount)), "{:?}", image);
            prop_assert!(image.iter().any(|amount| *amount > 0.5));
        }
    }

    #[test]
    fn order_and_direction_of_strokes_make_no_difference(drawing in drawings()) {
        let backwards = |points: &Vec<Point>| points.iter().rev().copied().collect();
        let reversed = Strokes { lines: drawing.lines.iter().rev().map(backwards).collect(), ..drawing.clone() };
        let difference = difference(&normalise_strokes(&drawing).unwrap(), &normalise_strokes(&reversed).unwrap());
        prop_assert!(difference < 0.01, "{difference}");
    }

    #[test]
    fn ink_fills_a_box_of_20_by_its_longer_side_and_balances_at_the_centre(drawing in drawings()) {
        let pixels = normalise_strokes(&drawing).unwrap();
        let (centre, [width, height]) = shape(&pixels);
        // A box that starts between pixels reaches one more.
        prop_assert!((20..=21).contains(&width.max(height)), "{width} x {height}");
        // Only at the edge of the image is the centre of mass kept from the middle of pixel 14.
        for axis in [0, 1] {
            prop_assert!((centre[axis] - 14.5).abs() < 0.05 || is_at_edge(&pixels, axis), "{centre:?}");
        }
    }

    #[test]
    fn dark_on_light_and_light_on_dark_are_the_same(drawing in drawings(), pen in 4.0f32..12.0) {
        let light = picture(&drawing.moved(80.0, [20.0, 20.0]), pen, 120, 120);
        let mut dark = light.clone();
        invert(&mut dark);
        prop_assert_eq!(normalise_image(&light).unwrap(), normalise_image(&dark).unwrap());
        prop_assert_eq!(find_digits(&light), find_digits(&dark));
    }

    #[test]
    fn whatever_a_picture_holds_is_found_within_it_line_by_line(
        boxes in prop::collection::vec((0u32..200, 0u32..200, 0.0f32..1.0, 0.0f32..1.0, 0u8..200), 1..40)
    ) {
        let mut picture = GrayImage::from_pixel(200, 200, [250].into());
        for (left, top, width, height, light) in boxes {
            // Most are small.
            let [right, bottom] = [(left, width), (top, height)].map(|(at, side)| at + 1 + (120.0 * side.powi(4)) as u32);
            for (x, y) in (left..right.min(200)).flat_map(|x| (top..bottom.min(200)).map(move |y| (x, y))) {
                picture.put_pixel(x, y, [light].into());
            }
        }
        let found = find_digits(&picture);
        prop_assert!(found.is_sorted_by_key(|digit| (digit.line, digit.bounds.x)));
        for Bounds { x, y, width, height } in found.iter().map(|digit| digit.bounds) {
            prop_assert!(width > 0 && height > 0 && x + width <= 200 && y + height <= 200);
        }
    }

    #[test]
    fn a_picture_of_a_drawing_is_the_drawing(
        class in prop::sample::select(vec![0, 1, 2, 3, 4, 5, 7]), side in 60.0f32..400.0, x in 0.0f32..50.0, y in 0.0f32..50.0
    ) {
        let difference = picture_difference(class, side, [x, y]);
        // A picture's ink ends between pixels, but its box does not.
        prop_assert!(difference < 0.25, "{difference}");
    }
}

/// What is left of a 7 without its bar, or without its stem, is no digit that the other one is too long for.
#[test]
fn a_picture_of_a_7_is_the_drawing_at_every_size() {
    for side in (60..400).step_by(4) {
        let difference = picture_difference(7, side as f32, [0.0; 2]);
        assert!(difference < 0.25, "{difference} at {side} pixels");
    }
}

#[test]
fn aspect_is_kept() {
    let (_, [width, height]) = shape(&normalise_strokes(&digit(0)).unwrap());
    assert!(width < height && width >= 16, "{width} x {height}");
    let (_, [width, height]) = shape(&normalise_strokes(&digit(1)).unwrap());
    assert!(width <= 4 && height >= 20, "{width} x {height}");
}

#[test]
fn nothing_is_none() {
    assert_eq!(normalise_strokes(&Strokes::default()), None);
    assert_eq!(normalise_strokes(&Strokes { lines: vec![vec![]], width: 1.0 }), None);
    assert_eq!(normalise_strokes(&Strokes { lines: vec![vec![[f32::NAN, 0.0]]], width: 1.0 }), None);
    assert_eq!(normalise_strokes(&Strokes { lines: vec![vec![[1.0, f32::NAN], [0.0, 9.0]]], width: 1.0 }), None);
    assert_eq!(normalise_strokes(&Strokes { lines: vec![vec![[f32::MIN, 0.0], [f32::MAX, 0.0]]], width: 1.0 }), None);
    for light in [0, 130, 255] {
        let even = GrayImage::from_pixel(50, 30, [light].into());
        assert_eq!((normalise_image(&even), find_digits(&even)), (None, vec![]));
    }
    assert_eq!(normalise_image(&GrayImage::new(0, 0)), None);
}

#[test]
fn a_dot_and_a_trembling_dot_stay_dots() {
    let dot = normalise_strokes(&Strokes { lines: vec![vec![[300.0, 7.0]]], width: 10.0 }).unwrap();
    let (centre, size) = shape(&dot);
    assert!(centre.iter().all(|centre| (centre - 14.5).abs() < 0.05) && size.iter().all(|side| *side <= 4), "{size:?}");
    let tremble = Strokes { lines: vec![vec![[300.0, 7.0], [301.0, 7.5], [300.5, 6.5]]], width: 10.0 };
    let (_, size) = shape(&normalise_strokes(&tremble).unwrap());
    assert!(size.iter().all(|side| *side <= 6), "{size:?}");
}

#[test]
fn images_of_mnist_stay_what_they_are() {
    let test = Split::embedded().unwrap().test;
    let (mut same, mut worst) = (0, 0.0f32);
    for index in 0..1000 {
        let image = test.image(index);
        let pixels: Vec<f32> = image.iter().map(|&pixel| f32::from(pixel) / 255.0).collect();
        let found = normalise_image(&GrayImage::from_raw(28, 28, image.to_vec()).unwrap()).unwrap();
        let difference = difference(&pixels.try_into().unwrap(), &found);
        same += usize::from(difference < 0.02);
        worst = worst.max(difference);
    }
    assert!(same > 950, "{same} of 1000, the worst differs by {worst}");
}

#[test]
fn digits_of_a_picture_come_from_left_to_right_with_their_boxes() {
    let places = [(4, 150.0), (0, 10.0), (5, 80.0), (7, 220.0)];
    let lines = places.iter().flat_map(|(class, x)| digit(*class).moved(0.5, [*x, 20.0]).lines);
    let page = Strokes { lines: lines.collect(), width: 0.0 };
    let mut picture = picture(&page, 5.0, 300, 100);
    // A speck between two digits.
    picture.put_pixel(70, 75, [255].into());
    invert(&mut picture);
    let found = find_digits(&picture);
    let lefts: Vec<u32> = found.iter().map(|digit| digit.bounds.x).collect();
    assert_eq!(found.len(), 4, "{lefts:?}");
    for (digit, left) in found.iter().zip([15, 85, 155, 225]) {
        let Bounds { x, y, width, height } = digit.bounds;
        assert!(x.abs_diff(left) <= 6 && y.abs_diff(20) <= 3, "{:?}", digit.bounds);
        assert!((30..45).contains(&width) && (45..58).contains(&height), "{:?}", digit.bounds);
    }
}

#[test]
fn a_hat_and_the_halves_of_a_broken_digit_belong_to_their_digit() {
    let hat = "25,15 20,45 50,38 80,55 80,80 55,100 15,95|30,2 85,0";
    let halves = "15,5 60,0 80,15 60,28 40,30|35,42 70,46 75,75 65,97 10,95";
    for broken in [hat, halves] {
        let broken: Strokes = broken.parse().unwrap();
        let count = |digits: Vec<Strokes>| {
            let moved = digits
                .iter()
                .enumerate()
                .flat_map(|(at, digit)| digit.moved(0.6, [20.0 + 80.0 * at as f32, 20.0]).lines);
            let page = Strokes { lines: moved.collect(), width: 0.0 };
            find_digits(&picture(&page, 5.0, 300, 110)).len()
        };
        assert_eq!(count(vec![broken.clone()]), 1, "{broken:?}");
        assert_eq!(count(vec![digit(0), broken.clone(), digit(7)]), 3, "{broken:?}");
    }
}

#[test]
fn drawings_become_a_data_set() {
    let sample = |label| PenSample {
        id: "1".into(),
        label,
        set: "hand".into(),
        split: "all".into(),
        writer: "me".into(),
        strokes: digit(label),
    };
    let data = drawings::images_of(&[sample(3), sample(7)]);
    assert_eq!(data.labels, [3, 7]);
    assert!(data.image(1).iter().any(|&pixel| pixel > 250));
}

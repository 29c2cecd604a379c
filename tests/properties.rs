//! What holds of every text of a network or an augmentation, and of every page: random ones are made and looked at. What holds of
//! every drawing is in `tests/normalise.rs`.

use digits::augment::Augment;
use digits::network::{Network, Parameters, Shape};
use digits::picture::{Bounds, find_digits};
use digits::reference::{Model, Pass};
use image::GrayImage;
use proptest::prelude::*;

/// Layers that fit each other in most cases, as people write them: with words that may be left out, and more spaces than needed.
fn layers() -> impl Strategy<Value = String> {
    let odd = || prop::sample::select(vec!["1", "3", "5"]);
    let relu = || prop::sample::select(vec!["", " relu"]);
    let padding = prop::sample::select(vec!["", " valid", "  same"]);
    let stride = prop::sample::select(vec!["", " stride 1", " stride 2", " stride 3"]);
    let layer = prop_oneof![
        (1..5, odd(), odd(), padding, stride, relu())
            .prop_map(|(f, h, w, padding, stride, relu)| format!("conv {f} {h}x{w}{padding}{stride}{relu}")),
        relu().prop_map(|relu| format!(" batchnorm{relu}")),
        (1..4).prop_map(|size| format!("pool  {size} ")),
        (0.0f32..1.0).prop_map(|rate| format!("dropout {rate}")),
        (1..9, relu()).prop_map(|(units, relu)| format!("dense {units}{relu}")),
    ];
    (prop::collection::vec(layer, 0..5), 2..12).prop_map(|(mut layers, classes)| {
        layers.push(format!("dense {classes}"));
        layers.join("|")
    })
}

/// Each item that is there with a strength that it may have, in any order.
fn augmentation() -> impl Strategy<Value = String> {
    const MOST: [(&str, f32); 10] = [
        ("rotate", 45.0),
        ("shift", 8.0),
        ("scale", 0.5),
        ("shear", 1.0),
        ("elastic", 4.0),
        ("thickness", 0.9),
        ("contrast", 0.9),
        ("patch", 20.0),
        ("noise", 1.0),
        ("clean", 1.0),
    ];
    let strengths = prop::collection::vec(f32::MIN_POSITIVE..=1.0, MOST.len());
    (prop::sample::subsequence(MOST.to_vec(), 1..=MOST.len()).prop_shuffle(), strengths).prop_map(
        |(items, strengths)| {
            let item = |((name, most), strength): (&(&str, f32), f32)| format!("{name} {}", most * strength);
            items.iter().zip(strengths).map(item).collect::<Vec<_>>().join(" |")
        },
    )
}

/// What is drawn in a box, from side to side of it, with strokes of a sixth of its height.
#[derive(Clone, Copy, Debug)]
enum Sign {
    /// A bar down the left side.
    One,
    /// A bar at the top, and a stem from its end down to the left.
    Seven,
    /// A ring.
    Zero,
}

impl Sign {
    /// The pixels of its ink, and what they fill of the box.
    fn ink(self, size @ [width, height]: [u32; 2]) -> (Vec<[u32; 2]>, [u32; 2]) {
        let stroke = (height as f32 / 6.0).round().max(2.0);
        let is_ink = |[x, y]: [u32; 2]| {
            let radii = size.map(|side| side as f32 / 2.0);
            let [across, down] = [(x, radii[0]), (y, radii[1])].map(|(at, radius)| at as f32 + 0.5 - radius);
            let within = |inset: f32| (across / (radii[0] - inset)).hypot(down / (radii[1] - inset)) <= 1.0;
            let stem = (width as f32 - stroke) * (1.0 - (y as f32 + 0.5) / height as f32);
            match self {
                Sign::One => (x as f32) < stroke,
                Sign::Seven => (y as f32) < stroke || (stem..stem + stroke).contains(&(x as f32 + 0.5)),
                Sign::Zero => within(0.0) && !within(stroke),
            }
        };
        let pixels = (0..height).flat_map(|y| (0..width).map(move |x| [x, y])).filter(|at| is_ink(*at)).collect();
        (pixels, if matches!(self, Sign::One) { [stroke as u32, height] } else { size })
    }
}

/// Boxes of a page: in each row how high and wide each is and how far it is from the one before, of the row's height, and what
/// is in it.
fn rows() -> impl Strategy<Value = Vec<Vec<(f32, f32, f32, Sign)>>> {
    let sign = prop::sample::select(vec![Sign::One, Sign::Seven, Sign::Zero]);
    prop::collection::vec(prop::collection::vec((0.8f32..1.0, 0.45f32..0.8, 0.3f32..0.9, sign), 1..7), 1..5)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_network_comes_back_from_its_text_and_has_the_shapes_that_the_reference_computes(
        text in layers(), height in 4usize..9, width in 4usize..9
    ) {
        let input = Shape::of_images(2 * height, 2 * width).unwrap();
        let parsed = Network::parse(input, &text);
        prop_assume!(parsed.is_ok());
        let network = parsed.unwrap();
        prop_assert_eq!(&Network::parse(input, &network.to_string()).unwrap(), &network);
        let (shapes, model) = (network.shapes(), Model::new(&network, &Parameters::glorot(&network, 1)));
        let activations = model.forward(&vec![0.5; 2 * input.features()], Pass::Evaluate);
        let found: Vec<usize> = activations.iter().map(Vec::len).collect();
        prop_assert_eq!(found, shapes.iter().map(|shape| 2 * shape.features()).collect::<Vec<_>>());
        prop_assert!(activations.last().unwrap().iter().all(|logit| logit.is_finite()));
    }

    #[test]
    fn an_augmentation_comes_back_from_its_text(text in augmentation()) {
        let augment = Augment::parse(&text).unwrap();
        prop_assert_eq!(Augment::parse(&augment.to_string()).unwrap(), augment);
        prop_assert_eq!(augment.to_string().split(" | ").count(), text.split('|').count());
    }

}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn each_sign_of_a_page_is_found_once_row_by_row_from_left_to_right(rows in rows(), side in 16.0f32..28.0) {
        let mut page = GrayImage::from_pixel(240, 240, [245].into());
        let mut expected = Vec::new();
        for (line, row) in rows.iter().enumerate() {
            let (bottom, mut x) = ((line as f32 + 1.0) * 1.8 * side, 10.0);
            for (height, width, gap, sign) in row {
                x += gap * side;
                let [left, top] = [x, bottom - height * side].map(|at| at as u32);
                let (pixels, [width, height]) = sign.ink([width, height].map(|of| (of * side) as u32));
                x += width as f32;
                if left + width > 230 || top + height > 230 {
                    break;
                }
                expected.push((line, Bounds { x: left, y: top, width, height }));
                pixels.iter().for_each(|[x, y]| page.put_pixel(left + x, top + y, [20].into()));
            }
        }
        prop_assume!(!expected.is_empty());
        let found: Vec<_> = find_digits(&page).iter().map(|digit| (digit.line, digit.bounds)).collect();
        prop_assert_eq!(found, expected);
    }
}

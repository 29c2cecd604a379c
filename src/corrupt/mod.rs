//! Digits made hard to read on purpose, in fifteen ways that a training on clean images does not prepare for. The kinds and
//! their strengths follow MNIST-C (Mu and Gilmer, "MNIST-C: A Robustness Benchmark for Computer Vision", 2019), with one blur
//! in the place of its two and with contrast, which it lacks; a person can read most of them.

mod edges;
mod filter;

use std::f32::consts::{PI, TAU};

use filter::{blurred, smeared, warped};

use crate::mnist::{PIXELS, SIDE};
use crate::pen::{Point, Strokes};
use crate::picture::Pixels;
use crate::random::{self, Stream};

/// A way to make an image hard to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Corruption {
    /// The camera moved.
    Blur,
    /// Each pixel is off by a random amount.
    Noise,
    /// Pixels are black or white, whatever they were.
    Specks,
    /// The background is grey.
    Brightness,
    /// Ink and background are nearly the same.
    Contrast,
    /// A haze of light that is thicker in some places.
    Fog,
    /// The left and the right quarter are inverted.
    Stripe,
    /// Blobs of mud on the ink.
    Spatter,
    /// A dotted line across the image.
    DottedLine,
    /// A zigzag across the image.
    Zigzag,
    /// Outlines in the place of strokes, as Canny's detector finds them.
    Edges,
    /// Smaller than MNIST's digits.
    Scale,
    /// Slanted.
    Shear,
    /// Turned.
    Rotate,
    /// Three pixels to a side and three up or down, away from the middle.
    Translate,
}

impl Corruption {
    /// Every kind.
    pub const ALL: [Corruption; 15] = [
        Corruption::Blur,
        Corruption::Noise,
        Corruption::Specks,
        Corruption::Brightness,
        Corruption::Contrast,
        Corruption::Fog,
        Corruption::Stripe,
        Corruption::Spatter,
        Corruption::DottedLine,
        Corruption::Zigzag,
        Corruption::Edges,
        Corruption::Scale,
        Corruption::Shear,
        Corruption::Rotate,
        Corruption::Translate,
    ];

    /// What it is called in tables and JSON.
    pub fn name(self) -> &'static str {
        match self {
            Corruption::Blur => "blur",
            Corruption::Noise => "noise",
            Corruption::Specks => "specks",
            Corruption::Brightness => "brightness",
            Corruption::Contrast => "contrast",
            Corruption::Fog => "fog",
            Corruption::Stripe => "stripe",
            Corruption::Spatter => "spatter",
            Corruption::DottedLine => "dotted line",
            Corruption::Zigzag => "zigzag",
            Corruption::Edges => "edges",
            Corruption::Scale => "scale",
            Corruption::Shear => "shear",
            Corruption::Rotate => "rotate",
            Corruption::Translate => "translate",
        }
    }

    /// image [28, 28], the `index`-th of its set -> image [28, 28]; the same for the same seed and index.
    ///
    /// # Panics
    /// If the image is not 28 x 28.
    pub fn apply(self, image: &[u8], seed: u32, index: u32) -> [u8; PIXELS] {
        assert_eq!(image.len(), PIXELS, "an image is {SIDE} x {SIDE}");
        let ink: Pixels = std::array::from_fn(|at| f32::from(image[at]) / 255.0);
        let mut dice = Dice { seed, kind: self, index, drawn: 0 };
        self.of(&ink, &mut dice).map(|ink| (255.0 * ink.clamp(0.0, 1.0)).round() as u8)
    }

    fn of(self, ink: &Pixels, dice: &mut Dice) -> Pixels {
        match self {
            Corruption::Blur => smeared(ink, 2.0, dice.between(-PI / 4.0, PI / 4.0)),
            Corruption::Noise => ink.map(|ink| ink + 0.38 * dice.normal()),
            Corruption::Specks => ink.map(|ink| if dice.uniform() < 0.17 { dice.uniform().round() } else { ink }),
            Corruption::Brightness => ink.map(|ink| ink + 0.5),
            Corruption::Contrast => {
                let mean = ink.iter().sum::<f32>() / PIXELS as f32;
                ink.map(|ink| mean + 0.2 * (ink - mean))
            }
            Corruption::Fog => fogged(ink, dice),
            Corruption::Stripe => {
                let is_inverted = |at: usize| !(SIDE / 4..SIDE - SIDE / 4).contains(&(at % SIDE));
                std::array::from_fn(|at| if is_inverted(at) { 1.0 - ink[at] } else { ink[at] })
            }
            Corruption::Spatter => spattered(ink, dice),
            Corruption::DottedLine => with_ink(ink, dotted_line(dice)),
            Corruption::Zigzag => with_ink(ink, vec![zigzag(dice)]),
            Corruption::Edges => edges::outlines(ink),
            Corruption::Scale => warped(ink, [[1.0 / 0.7, 0.0], [0.0, 1.0 / 0.7]], [0.0; 2]),
            Corruption::Shear => warped(ink, [[1.0, 0.4 * dice.sign()], [0.0, 1.0]], [0.0; 2]),
            Corruption::Rotate => {
                let (sine, cosine) = (dice.sign() * PI / 6.0).sin_cos();
                warped(ink, [[cosine, -sine], [sine, cosine]], [0.0; 2])
            }
            Corruption::Translate => {
                let by = [3.0 * dice.sign(), 3.0 * dice.sign()];
                warped(ink, [[1.0, 0.0], [0.0, 1.0]], by)
            }
        }
    }
}

/// Light over the whole image, from noise that is added up from coarse to fine.
fn fogged(ink: &Pixels, dice: &mut Dice) -> Pixels {
    /// How bright fog is where it is thickest; ink alone is 1.
    const LIGHT: f32 = 3.0;
    /// How much less each finer octave adds.
    const DECAY: f32 = 1.4;
    let (mut fog, mut share, mut thickest) = ([0.0; PIXELS], 1.0, 0.0);
    for cells in [1, 2, 4, 8, 16] {
        let lattice: Vec<f32> = (0..(cells + 1) * (cells + 1)).map(|_| dice.uniform()).collect();
        let octave = filter::stretched(&lattice, cells + 1);
        fog = std::array::from_fn(|at| fog[at] + share * octave[at]);
        thickest += share;
        share /= DECAY;
    }
    std::array::from_fn(|at| (ink[at] + LIGHT * fog[at] / thickest) / (1.0 + LIGHT))
}

/// Half of the image gets blobs of a dark grey, whose inside hides the ink.
fn spattered(ink: &Pixels, dice: &mut Dice) -> Pixels {
    let wet = blurred(&[0.0; PIXELS].map(|_: f32| dice.normal()), 1.0);
    let mud = blurred(&wet.map(|wet| if wet > 0.0 { 1.0 } else { 0.0 }), 1.5);
    let mud = mud.map(|mud| if mud < 0.7 { 0.0 } else { mud });
    std::array::from_fn(|at| ink[at] * (1.0 - mud[at]) + 0.25 * mud[at])
}

/// Lines of a pen as wide as a digit's strokes, over the ink.
fn with_ink(ink: &Pixels, lines: Vec<Vec<Point>>) -> Pixels {
    let line = Strokes { lines, width: 2.0 }.coverage(SIDE as u32, SIDE as u32).into_raw();
    std::array::from_fn(|at| ink[at].max(f32::from(line[at]) / 255.0))
}

/// From the left edge to the right, two pixels of line and two of none.
fn dotted_line(dice: &mut Dice) -> Vec<Vec<Point>> {
    let side = SIDE as f32;
    let [left, right] = [dice.between(0.0, side), dice.between(0.0, side)];
    let point = |x: f32| [x, left + (right - left) * x / side];
    (0..SIDE / 4).map(|dot| 4.0 * dot as f32).map(|x| vec![point(x + 0.5), point(x + 1.5)]).collect()
}

/// From near the left edge to near the right, a tooth every eight pixels.
fn zigzag(dice: &mut Dice) -> Vec<Point> {
    let (left, tilt) = (dice.between(0.0, SIDE as f32), dice.between(-0.2, 0.2));
    let corner = |number: i32| {
        let (along, across) = (4.0 * number as f32, if number % 2 == 0 { 2.0 } else { -2.0 });
        [2.0 + along - tilt * across, left + tilt * along + across]
    };
    (0..=6).map(corner).collect()
}

/// The random numbers of one image, one after the other.
struct Dice {
    seed: u32,
    kind: Corruption,
    index: u32,
    drawn: u32,
}

impl Dice {
    /// From 0 to below 1.
    fn uniform(&mut self) -> f32 {
        self.drawn += 1;
        random::uniform(self.seed, Stream::Corrupt { kind: self.kind as u32 }, self.index, self.drawn - 1)
    }

    fn between(&mut self, least: f32, most: f32) -> f32 {
        least + (most - least) * self.uniform()
    }

    /// One or minus one.
    fn sign(&mut self) -> f32 {
        if self.uniform() < 0.5 { -1.0 } else { 1.0 }
    }

    /// Of mean 0 and variance 1, by Box and Muller.
    fn normal(&mut self) -> f32 {
        let radius = (-2.0 * (1.0 - self.uniform()).ln()).sqrt();
        radius * (TAU * self.uniform()).cos()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// White dots of 2 x 2 pixels on black, their middles at these places to the right and down from the image's.
    fn dots(places: &[[i32; 2]]) -> [u8; PIXELS] {
        let is_near = |at: usize, middle: i32| [13, 14].contains(&(at as i32 - middle));
        let is_white = |at: usize| places.iter().any(|[x, y]| is_near(at % SIDE, *x) && is_near(at / SIDE, *y));
        std::array::from_fn(|at| if is_white(at) { 255 } else { 0 })
    }

    /// All ink, and the place of its centre to the right and down from the image's middle.
    fn mass(image: &[u8]) -> (f32, Point) {
        let sum = |weight: fn(usize) -> f32| -> f32 {
            image.iter().enumerate().map(|(at, pixel)| f32::from(*pixel) / 255.0 * weight(at)).sum()
        };
        let ink = sum(|_| 1.0);
        (ink, [sum(|at| (at % SIDE) as f32) / ink - 13.5, sum(|at| (at / SIDE) as f32) / ink - 13.5])
    }

    #[test]
    fn the_image_and_its_index_decide_what_becomes_of_it() {
        use Corruption::{Brightness, Contrast, Edges, Scale, Stripe};
        let image = dots(&[[-3, -3], [0, 5], [2, 2]]);
        for kind in Corruption::ALL {
            let images: Vec<_> = (0..20).map(|index| kind.apply(&image, 1, index)).collect();
            assert!((0..20).all(|index| kind.apply(&image, 1, index) == images[index as usize]), "{kind:?}");
            assert!(!images.contains(&image), "{kind:?} changes nothing");
            let varies = images.iter().collect::<BTreeSet<_>>().len() > 1;
            assert_eq!(varies, ![Brightness, Contrast, Edges, Scale, Stripe].contains(&kind), "{kind:?}");
        }
    }

    #[test]
    fn a_dot_goes_where_the_affine_corruptions_lead_it() {
        let seen = |kind: Corruption, place| -> Vec<(f32, Point)> {
            (0..40).map(|index| mass(&kind.apply(&dots(&[place]), 1, index))).collect()
        };
        let (sine, cosine) = (PI / 6.0).sin_cos();
        for (kind, place, share, expected) in [
            (Corruption::Scale, [8, -4], 0.49, vec![[5.6, -2.8]]),
            (Corruption::Shear, [4, 8], 1.0, vec![[0.8, 8.0], [7.2, 8.0]]),
            (Corruption::Rotate, [8, 0], 1.0, vec![[8.0 * cosine, 8.0 * sine], [8.0 * cosine, -8.0 * sine]]),
            (Corruption::Translate, [1, 1], 1.0, vec![[4.0, 4.0], [4.0, -2.0], [-2.0, 4.0], [-2.0, -2.0]]),
        ] {
            let seen = seen(kind, place);
            let is_at = |at: &Point, place: &Point| (at[0] - place[0]).hypot(at[1] - place[1]) < 0.2;
            assert!(seen.iter().all(|(_, at)| expected.iter().any(|place| is_at(at, place))), "{kind:?}: {seen:?}");
            assert!(expected.iter().all(|place| seen.iter().any(|(_, at)| is_at(at, place))), "{kind:?}: {seen:?}");
            assert!(seen.iter().all(|(ink, _)| (ink / (4.0 * share) - 1.0).abs() < 0.1), "{kind:?}: {seen:?}");
        }
    }

    #[test]
    fn blur_keeps_the_ink_and_lines_only_add_to_it() {
        let image = dots(&[[-3, -3], [0, 5], [2, 2]]);
        let (ink, centre) = mass(&image);
        for index in 0..20 {
            let (blurred, at) = mass(&Corruption::Blur.apply(&image, 1, index));
            assert!((blurred / ink - 1.0).abs() < 0.03, "{blurred} of {ink}");
            assert!((at[0] - centre[0]).hypot(at[1] - centre[1]) < 0.2, "{at:?}, not {centre:?}");
            for kind in [Corruption::DottedLine, Corruption::Zigzag] {
                let lined = kind.apply(&image, 1, index);
                assert!(lined.iter().zip(&image).all(|(lined, image)| lined >= image), "{kind:?}");
            }
        }
    }

    #[test]
    fn specks_and_noise_have_their_shares() {
        let grey = [128; PIXELS];
        let images = |kind: Corruption| (0..20).flat_map(move |index| kind.apply(&grey, 1, index));
        let share = |is_so: fn(u8) -> bool, kind| {
            images(kind).filter(|pixel| is_so(*pixel)).count() as f32 / (20 * PIXELS) as f32
        };
        for (share, expected) in [
            (share(|pixel| pixel == 0, Corruption::Specks), 0.085),
            (share(|pixel| pixel == 255, Corruption::Specks), 0.085),
            (share(|pixel| pixel == 128, Corruption::Specks), 0.83),
            // Within a standard deviation of a normal distribution.
            (share(|pixel| (31..=225).contains(&pixel), Corruption::Noise), 0.683),
        ] {
            assert!((share - expected).abs() < 0.015, "{share}, not {expected}");
        }
    }

    #[test]
    fn edges_of_a_square_are_its_outline() {
        let is_in =
            |at: usize, side: std::ops::Range<usize>| side.contains(&(at % SIDE)) && side.contains(&(at / SIDE));
        let square = std::array::from_fn::<u8, PIXELS, _>(|at| if is_in(at, 8..20) { 255 } else { 0 });
        let edges = Corruption::Edges.apply(&square, 0, 0);
        let white: Vec<usize> = (0..PIXELS).filter(|at| edges[*at] > 0).collect();
        assert!(white.iter().all(|at| is_in(*at, 7..21) && !is_in(*at, 9..19)), "{white:?}");
        for along in 10..18 {
            let crossed = |at: fn(usize, usize) -> usize| (0..SIDE).filter(|by| edges[at(along, *by)] > 0).count();
            assert_eq!([crossed(|x, y| y * SIDE + x), crossed(|y, x| y * SIDE + x)], [2, 2]);
        }
        assert_eq!(Corruption::Edges.apply(&[200; PIXELS], 0, 0), [0; PIXELS]);
    }
}

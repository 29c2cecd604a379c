//! Augmentation: a training image drawn anew. Shape first, by asking for each pixel where in the image it comes from (Simard,
//! Steinkraus and Platt, "Best Practices for Convolutional Neural Networks Applied to Visual Document Analysis", 2003), then
//! grey levels. All numbers come from the seed, the step and the image's place in the batch.

use crate::augment::Augment;
use crate::random::{self, Stream};

/// Which image is drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Draw {
    /// The seed of the training.
    pub seed: u32,
    /// The number of the training step, from 0.
    pub step: u32,
    /// The image's place in the batch.
    pub place: u32,
}

/// Calls of the generator for each image: two, then one for each of [`WAVES`], one for greys and
/// one for a patch.
pub const CALLS: u32 = 8;

/// Waves that move the ink: the first two from row to row, the others from column to column.
pub const WAVES: usize = 4;

/// The shortest wave, in pixels along an axis.
pub const SHORTEST_WAVE: f32 = 14.0;

/// An image as it is drawn.
///
/// ```text
/// q = middle + K^-1 R^-1 (p - middle - shift) / scale + e(p)     R turns clockwise, K moves rows by shear times their height
/// e(p)[axis] = elastic / 2 * sum over two waves of a * wave(f . p + phase)
/// y[p] = noisy(patched(contrasted(levelled(x[q]))))              x[q] linear between four pixels, black outside
/// patched(grey) = |fill - grey| in a rectangle
///
/// pixels [H, W] -> y [H, W], from 0 to 1
/// ```
pub fn forward(pixels: &[u8], [height, width]: [usize; 2], augment: &Augment, draw: Draw) -> Vec<f64> {
    let form = Form::new([height, width], augment, draw);
    let pixel = |at: usize| {
        let grey = sample(pixels, [height, width], form.source([at / width, at % width]));
        let grey = (grey * form.gain + form.offset).clamp(0.0, 1.0);
        let grey = (form.pivot + (grey - form.pivot) * form.contrast).clamp(0.0, 1.0);
        let grey = if form.patch.holds([at / width, at % width]) { (form.fill - grey).abs() } else { grey };
        (grey + form.noise * draw.noise(at, height * width)).clamp(0.0, 1.0)
    };
    (0..height * width).map(pixel).collect()
}

/// What is drawn for an image; all places are (row, column).
struct Form {
    /// The place in the image of row 0, column 0; and how it moves with each row and each column.
    origin: [f64; 2],
    down: [f64; 2],
    right: [f64; 2],
    elastic: f64,
    /// (cycles a row, cycles a column, phase, size)
    waves: [[f64; 4]; WAVES],
    gain: f64,
    offset: f64,
    contrast: f64,
    /// The grey that contrast leaves alone.
    pivot: f64,
    patch: Patch,
    /// The grey that greys in the patch are told from.
    fill: f64,
    noise: f64,
}

/// A rectangle: the pixels that are at most so far from its middle.
struct Patch {
    middle: [f64; 2],
    reach: [f64; 2],
}

impl Patch {
    fn holds(&self, pixel: [usize; 2]) -> bool {
        (0..2).all(|axis| (pixel[axis] as f64 - self.middle[axis]).abs() < self.reach[axis])
    }
}

impl Form {
    fn new([height, width]: [usize; 2], augment: &Augment, draw: Draw) -> Form {
        let times = |strength: f32, number: f64| f64::from(strength) * number;
        let [angle, scale, shear, thickness] = draw.numbers(0);
        let [rows_down, columns_right, contrast, noise] = draw.numbers(1);
        let [pivot, fill, clean, _] = draw.numbers(CALLS - 2);
        let [row, column, high, wide] = draw.numbers(CALLS - 1);
        let (sine, cosine) = times(augment.rotate, angle).to_radians().sin_cos();
        let (grown, shear) = (1.0 + times(augment.scale, scale), times(augment.shear, shear));
        let thickness = times(augment.thickness, thickness);
        // How far greys change, of which images that stay clean have nothing.
        let greys = |strength: f32| if 0.5 + clean / 2.0 < f64::from(augment.clean) { 0.0 } else { strength };
        // Back from a place to where it came from: first the turn, then the shear.
        let (sine, cosine) = (sine / grown, cosine / grown);
        let (down, right) = ([cosine, sine - shear * cosine], [-sine, cosine + shear * sine]);
        let middle = [height, width].map(|length| (length as f64 - 1.0) / 2.0);
        let moved = [middle[0] + times(augment.shift, rows_down), middle[1] + times(augment.shift, columns_right)];
        Form {
            origin: [0, 1].map(|axis| middle[axis] - moved[0] * down[axis] - moved[1] * right[axis]),
            down,
            right,
            elastic: f64::from(augment.elastic) / 2.0,
            waves: std::array::from_fn(|wave| {
                let [rows, columns, phase, size] = draw.numbers(2 + wave as u32);
                [rows / f64::from(SHORTEST_WAVE), columns / f64::from(SHORTEST_WAVE), phase, size]
            }),
            gain: 1.0 / (1.0 - thickness.abs()),
            offset: thickness.min(0.0) / (1.0 - thickness.abs()),
            contrast: 1.0 + times(greys(augment.contrast), contrast),
            pivot: 0.5 + pivot / 2.0,
            patch: Patch {
                middle: [middle[0] * (1.0 + row), middle[1] * (1.0 + column)],
                reach: [high, wide].map(|side| times(greys(augment.patch), side).abs() / 2.0),
            },
            fill: 0.5 + fill / 2.0,
            noise: times(greys(augment.noise), noise),
        }
    }

    /// Where in the image a pixel comes from.
    fn source(&self, pixel: [usize; 2]) -> [f64; 2] {
        let [row, column] = pixel.map(|at| at as f64);
        let wave = |[rows, columns, phase, size]: [f64; 4]| size * wave(rows * row + columns * column + phase);
        let bend = |axis: usize| self.elastic * (wave(self.waves[2 * axis]) + wave(self.waves[2 * axis + 1]));
        [0, 1].map(|axis| self.origin[axis] + row * self.down[axis] + column * self.right[axis] + bend(axis))
    }
}

impl Draw {
    /// The four numbers of a call, between -1 and 1.
    fn numbers(self, call: u32) -> [f64; 4] {
        numbers(random::threefry([self.seed, Stream::Augment.key()], [self.step, CALLS * self.place + call]))
    }

    /// The noise of a pixel, of which four share a call.
    fn noise(self, pixel: usize, pixels: usize) -> f64 {
        let call = self.place * (pixels as u32 / 4) + pixel as u32 / 4;
        numbers(random::threefry([self.seed, Stream::Noise.key()], [self.step, call]))[pixel % 4]
    }
}

/// Four numbers, of 16 bits each, evenly spread between -1 and 1.
fn numbers([a, b]: [u32; 2]) -> [f64; 4] {
    [a & 0xFFFF, a >> 16, b & 0xFFFF, b >> 16].map(|half| (f64::from(half) + 0.5) / 32768.0 - 1.0)
}

/// Two parabolas in the place of a sine, which drivers compute as they like: one cycle for each whole number.
fn wave(cycles: f64) -> f64 {
    let at = 2.0 * (cycles - cycles.floor()) - 1.0;
    4.0 * at * (1.0 - at.abs())
}

/// The grey at a place between pixels, from 0 to 1.
fn sample(pixels: &[u8], [height, width]: [usize; 2], [row, column]: [f64; 2]) -> f64 {
    let (top, left) = (row.floor(), column.floor());
    let (below, beside) = (row - top, column - left);
    let tap = |row: f64, column: f64| {
        let is_inside = row >= 0.0 && row < height as f64 && column >= 0.0 && column < width as f64;
        if is_inside { f64::from(pixels[row as usize * width + column as usize]) / 255.0 } else { 0.0 }
    };
    (1.0 - below) * ((1.0 - beside) * tap(top, left) + beside * tap(top, left + 1.0))
        + below * ((1.0 - beside) * tap(top + 1.0, left) + beside * tap(top + 1.0, left + 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DRAW: Draw = Draw { seed: 5, step: 9, place: 3 };

    /// [20, 28]
    fn image() -> Vec<u8> {
        let ink = |at: usize| at.is_multiple_of(7) || (at / 28).is_multiple_of(5);
        (0..20 * 28).map(|at| if ink(at) { (at * 31 % 256) as u8 } else { 0 }).collect()
    }

    fn drawn(text: &str, draw: Draw) -> Vec<f64> {
        forward(&image(), [20, 28], &Augment::parse(text).unwrap(), draw)
    }

    #[test]
    fn none_leaves_every_pixel_as_it_is() {
        let plain: Vec<f64> = image().into_iter().map(|pixel| f64::from(pixel) / 255.0).collect();
        let error = drawn("none", DRAW).iter().zip(&plain).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        assert!(error < 1e-12, "{error}");
    }

    #[test]
    fn every_word_changes_the_image_and_draws_anew_for_each_seed_step_and_place() {
        let plain = drawn("none", DRAW);
        for item in [
            "rotate 9",
            "shift 2",
            "scale 0.2",
            "shear 0.2",
            "elastic 2",
            "thickness 0.5",
            "contrast 0.3",
            "patch 12",
            "noise 0.2",
        ] {
            let first = drawn(item, DRAW);
            assert_ne!(first, plain, "{item}");
            assert!(first.iter().all(|grey| (0.0..=1.0).contains(grey)), "{item}");
            for other in [Draw { seed: 6, ..DRAW }, Draw { step: 10, ..DRAW }, Draw { place: 4, ..DRAW }] {
                assert_ne!(drawn(item, other), first, "{item} {other:?}");
            }
        }
    }

    #[test]
    fn a_place_goes_to_where_turning_shearing_growing_and_moving_take_it() {
        let augment = Augment::parse("rotate 30 | shift 3 | scale 0.3 | shear 0.5").unwrap();
        let [angle, scale, shear, _] = DRAW.numbers(0);
        let [down, right, ..] = DRAW.numbers(1);
        let form = Form::new([20, 28], &augment, DRAW);
        let (sine, cosine) = (30.0 * angle).to_radians().sin_cos();
        for pixel in [[0, 0], [3, 20], [19, 27]] {
            let [row, column] = form.source(pixel);
            // Forward: shear, turn clockwise, grow, move.
            let (y, x) = (row - 9.5, column - 13.5);
            let x = x + 0.5 * shear * y;
            let (y, x) = (cosine * y + sine * x, cosine * x - sine * y);
            let grow = 1.0 + f64::from(0.3f32) * scale;
            let back = [9.5 + grow * y + 3.0 * down, 13.5 + grow * x + 3.0 * right];
            for axis in [0, 1] {
                assert!((back[axis] - pixel[axis] as f64).abs() < 1e-9, "{back:?} is not {pixel:?}");
            }
        }
    }

    #[test]
    fn numbers_fill_the_range_evenly_and_waves_have_no_steps() {
        let count = 4000;
        let all: Vec<f64> = (0..count).flat_map(|place| Draw { place, ..DRAW }.numbers(0)).collect();
        let mean = all.iter().sum::<f64>() / all.len() as f64;
        let square = all.iter().map(|number| number * number).sum::<f64>() / all.len() as f64;
        assert!(mean.abs() < 0.02 && (square - 1.0 / 3.0).abs() < 0.01, "{mean} {square}");
        assert!(all.iter().all(|number| number.abs() < 1.0));
        let steps = (0..4000).map(|at| (wave(f64::from(at) / 1000.0) - wave(f64::from(at + 1) / 1000.0)).abs());
        assert!(steps.fold(0.0, f64::max) < 0.009);
        assert_eq!([-0.75, -0.5, 0.0, 0.25, 0.75, 1.25].map(wave), [-1.0, 0.0, 0.0, -1.0, 1.0, -1.0]);
    }
}

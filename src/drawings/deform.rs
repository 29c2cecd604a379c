//! A drawing as another hand might have drawn it: turned, leaning, of another proportion, warped, a little unsteady, its
//! ends longer or shorter and its corners rounder. The strengths are such that a person still reads it.

use std::f32::consts::TAU;

use super::dice::Dice;
use crate::pen::{Point, Strokes};
use crate::random::Stream;

/// The distance between points, where the drawing's longer side is 1.
const STEP: f32 = 0.05;
/// The largest angle that a drawing is turned by, in radians.
const TURN: f32 = 0.17;
/// The most that x changes over a height of 1.
const SHEAR: f32 = 0.2;
/// The logarithm of the most that width over height changes by.
const ASPECT: f32 = 0.28;
/// Of each wave that warps the drawing: the largest amplitude, and the most cycles over a length of 1.
const WARP: [f32; 2] = [0.022, 1.1];
/// How unsteady the pen is, from point to point.
const WOBBLE: f32 = 0.005;
/// The most that an end is lengthened or shortened by.
const ENDS: f32 = 0.06;
/// The most that a stroke is moved by, where there are several.
const APART: f32 = 0.025;
/// The share of drawings whose corners are rounded.
const ROUNDED: f32 = 0.35;

/// The `index`-th deformed copy of a drawing; its longer side is about 1. One without a size stays as it is.
pub fn deform(strokes: &Strokes, seed: u32, index: u32) -> Strokes {
    let mut dice = Dice::new(seed, Stream::Deform, index);
    let Some(strokes) = unit(&strokes.smooth(longer_side(strokes) / 1000.0)) else { return strokes.clone() };
    let map = Map::new(&mut dice);
    let rounds = if dice.chance(ROUNDED) { dice.count(1, 3) } else { 0 };
    let apart = if strokes.lines.len() > 1 { APART } else { 0.0 };
    let lines = strokes.lines.iter().map(|line| {
        let mut line = resampled(line);
        change_ends(&mut line, &mut dice);
        (0..rounds).for_each(|_| round_corners(&mut line));
        let [mut x, mut y] = dice.place().map(|share| apart * share);
        for point in &mut line {
            x += dice.within(WOBBLE);
            y += dice.within(WOBBLE);
            *point = map.of([point[0] + x, point[1] + y]);
        }
        line
    });
    Strokes { lines: lines.collect(), width: 0.0 }
}

fn longer_side(strokes: &Strokes) -> f32 {
    strokes.bounds().map_or(0.0, |[least, greatest]| (greatest[0] - least[0]).max(greatest[1] - least[1]))
}

/// The drawing around the origin, its longer side 1.
pub(super) fn unit(strokes: &Strokes) -> Option<Strokes> {
    let [least, greatest] = strokes.bounds()?;
    let scale = 1.0 / longer_side(strokes);
    scale.is_finite().then(|| strokes.moved(scale, [0, 1].map(|axis| -scale * (least[axis] + greatest[axis]) / 2.0)))
}

/// Points about [`STEP`] apart along the same line; one point where it has no length.
pub(super) fn resampled(line: &[Point]) -> Vec<Point> {
    let total = length(line);
    let count = (total / STEP).ceil();
    if count == 0.0 {
        return vec![line[0]];
    }
    let (mut at, mut passed) = (0, 0.0);
    let place = |number: u32| {
        let wanted = total * number as f32 / count;
        while at + 2 < line.len() && passed + distance(line[at], line[at + 1]) < wanted {
            passed += distance(line[at], line[at + 1]);
            at += 1;
        }
        let piece = distance(line[at], line[at + 1]).max(f32::MIN_POSITIVE);
        between(line[at], line[at + 1], ((wanted - passed) / piece).min(1.0))
    };
    (0..=count as u32).map(place).collect()
}

/// Lengthens or shortens a stroke that is long enough at either end.
fn change_ends(line: &mut Vec<Point>, dice: &mut Dice) {
    for _ in 0..2 {
        line.reverse();
        let change = dice.within(ENDS);
        if length(line) < 5.0 * ENDS {
            continue;
        }
        if change < 0.0 {
            let mut left = -change;
            while left > 0.0 && line.len() > 2 {
                left -= distance(line[line.len() - 1], line[line.len() - 2]);
                line.pop();
            }
        } else {
            let (last, before) = (line[line.len() - 1], line[line.len().saturating_sub(3)]);
            line.push(between(last, before, -change / distance(last, before).max(STEP)));
        }
    }
}

/// Puts each point but the ends into the middle of its neighbours and itself.
fn round_corners(line: &mut [Point]) {
    let middles: Vec<Point> =
        line.windows(3).map(|p| [0, 1].map(|axis| (p[0][axis] + 2.0 * p[1][axis] + p[2][axis]) / 4.0)).collect();
    for (point, middle) in line.iter_mut().skip(1).zip(middles) {
        *point = middle;
    }
}

fn length(line: &[Point]) -> f32 {
    line.windows(2).map(|ends| distance(ends[0], ends[1])).sum()
}

fn distance(a: Point, b: Point) -> f32 {
    (a[0] - b[0]).hypot(a[1] - b[1])
}

fn between(a: Point, b: Point, share: f32) -> Point {
    [0, 1].map(|axis| a[axis] + share * (b[axis] - a[axis]))
}

/// Where each point of the plane goes: a smooth warp, then a matrix.
struct Map {
    matrix: [[f32; 2]; 2],
    /// Of each axis.
    waves: [[Wave; 2]; 2],
}

struct Wave {
    amplitude: f32,
    frequency: Point,
    phase: f32,
}

impl Map {
    fn new(dice: &mut Dice) -> Map {
        let (sin, cos) = dice.within(TURN).sin_cos();
        let shear = dice.within(SHEAR);
        let [wide, high] = [1.0, -1.0].map(|sign: f32| sign * 0.5).map({
            let aspect = dice.within(ASPECT);
            move |share| (share * aspect).exp()
        });
        // Scaled, then sheared, then turned.
        let matrix = [[cos * wide, (cos * shear - sin) * high], [sin * wide, (sin * shear + cos) * high]];
        let mut wave = || Wave {
            amplitude: dice.within(WARP[0]),
            frequency: dice.place().map(|share| WARP[1] * share),
            phase: TAU * dice.share(),
        };
        Map { matrix, waves: [[wave(), wave()], [wave(), wave()]] }
    }

    fn of(&self, point: Point) -> Point {
        let warped = [0, 1].map(|axis| {
            let [a, b] = &self.waves[axis];
            point[axis] + a.at(point) + b.at(point)
        });
        self.matrix.map(|[x, y]| x * warped[0] + y * warped[1])
    }
}

impl Wave {
    fn at(&self, [x, y]: Point) -> f32 {
        self.amplitude * (TAU * (self.frequency[0] * x + self.frequency[1] * y) + self.phase).sin()
    }
}

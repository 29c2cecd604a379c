//! Signs and simple pictures that are no digit, by strokes, around the origin.

use std::f32::consts::{FRAC_PI_2, PI, TAU};

use super::dice::Dice;
use super::scribbles::Pen;
use crate::pen::{Point, Strokes};

/// What the network is shown in training.
pub(super) const LEARNT: [Pen; 14] = [
    square,
    triangle,
    cross,
    plus,
    spiral,
    wave,
    zigzag,
    hatching,
    hash,
    circled_cross,
    window,
    face,
    brackets,
    asterisk,
];
/// What it is only measured on.
pub(super) const HELD_BACK: [Pen; 6] = [star, heart, house, arrow, envelope, stairs];
/// Dots, and bars that do not stand.
pub(super) const MARKS: [Pen; 4] = [dot, dots, bar, bars];

fn strokes<const N: usize>(lines: [&[Point]; N]) -> Strokes {
    Strokes { lines: lines.map(cornered).into(), width: 0.0 }
}

/// Points that the curve through them keeps as corners.
fn cornered(points: &[Point]) -> Vec<Point> {
    points.iter().flat_map(|&point| [point; 2]).collect()
}

fn turned(centre: Point, angle: f32, radius: f32) -> Point {
    [centre[0] + radius * angle.cos(), centre[1] + radius * angle.sin()]
}

fn circle(centre: Point, radius: f32, start: f32) -> Vec<Point> {
    (0..=24).map(|step| turned(centre, start + 1.03 * TAU * step as f32 / 24.0, radius)).collect()
}

fn square(dice: &mut Dice) -> Strokes {
    let x = dice.between(1.0, 1.6);
    strokes([&[[-x, -1.0], [x, -1.0], [x, 1.0], [-x, 1.0], [-x, dice.between(-1.3, -0.9)]]])
}

fn triangle(dice: &mut Dice) -> Strokes {
    let (top, sign) = ([dice.within(0.8), -1.0], if dice.chance(0.7) { 1.0 } else { -1.0 });
    strokes([&[top, [1.1, 0.9], [-1.1, 0.9], top].map(|[x, y]| [x, sign * y])])
}

fn cross(dice: &mut Dice) -> Strokes {
    let x = dice.between(0.6, 1.2);
    strokes([&[[-x, -1.0], [x, 1.0]], &[[x, -1.0], [-x, 1.0]]])
}

fn plus(dice: &mut Dice) -> Strokes {
    let (x, y) = (dice.within(0.1), dice.within(0.1));
    strokes([&[[-1.0, y], [1.0, y]], &[[x, -1.0], [x, 1.0]]])
}

fn spiral(dice: &mut Dice) -> Strokes {
    let (turns, start) = (dice.between(2.6, 4.0), TAU * dice.share());
    let sign = if dice.chance(0.5) { 1.0 } else { -1.0 };
    let steps = (20.0 * turns) as usize;
    let point = |step: usize| turned([0.0; 2], sign * (start + TAU * step as f32 / 20.0), step as f32 / steps as f32);
    Strokes { lines: vec![(1..=steps).map(point).collect()], width: 0.0 }
}

fn wave(dice: &mut Dice) -> Strokes {
    let (periods, height) = (dice.between(2.0, 4.5), dice.between(0.15, 0.5));
    let point = |step: usize| {
        let x = step as f32 / 40.0;
        [2.0 * x, height * (TAU * periods * x).sin()]
    };
    Strokes { lines: vec![(0..=40).map(point).collect()], width: 0.0 }
}

fn zigzag(dice: &mut Dice) -> Strokes {
    let (teeth, height) = (dice.count(5, 10), dice.between(0.2, 0.9));
    let points: Vec<Point> = (0..=teeth)
        .map(|tooth| [2.0 * tooth as f32 / teeth as f32, if tooth % 2 == 0 { 0.0 } else { height }])
        .collect();
    strokes([&points])
}

fn hatching(dice: &mut Dice) -> Strokes {
    let (count, angle) = (dice.count(4, 8), PI * dice.share());
    let line = |number: usize| {
        let across = 2.0 * number as f32 / (count - 1) as f32 - 1.0;
        [-1.0, 1.0]
            .map(|along: f32| [angle.cos() * along - angle.sin() * across, angle.sin() * along + angle.cos() * across])
    };
    Strokes { lines: (0..count).map(|number| line(number).to_vec()).collect(), width: 0.0 }
}

fn hash(dice: &mut Dice) -> Strokes {
    let (near, lean) = (dice.between(0.25, 0.45), dice.between(0.0, 0.3));
    let upright = |x: f32| [[x + lean, -1.0], [x - lean, 1.0]];
    let across = |y: f32| [[-1.0, y], [1.0, y]];
    strokes([&upright(-near), &upright(near), &across(-near), &across(near)])
}

fn circled_cross(dice: &mut Dice) -> Strokes {
    let size = dice.between(0.9, 1.3);
    let mut drawing = if dice.chance(0.5) { cross(dice) } else { plus(dice) }.moved(size * 0.75, [0.0; 2]);
    drawing.lines.push(circle([0.0; 2], 1.0, TAU * dice.share()));
    drawing
}

fn window(dice: &mut Dice) -> Strokes {
    let (columns, rows) = (dice.count(2, 4), dice.count(2, 4));
    let place = |number: usize, count: usize| 2.0 * number as f32 / count as f32 - 1.0;
    let uprights = (0..=columns).map(|number| [-1.0, 1.0].map(|y| [place(number, columns), y]).to_vec());
    let levels = (0..=rows).map(|number| [-1.0, 1.0].map(|x| [x, place(number, rows)]).to_vec());
    Strokes { lines: uprights.chain(levels).collect(), width: 0.0 }
}

fn face(dice: &mut Dice) -> Strokes {
    let (smile, eye) = (dice.within(0.5), dice.between(0.0, 0.2));
    let mouth = (0..=8).map(|step| {
        let x = step as f32 / 4.0 - 1.0;
        [0.5 * x, 0.45 + smile * (0.25 - 0.5 * x * x)]
    });
    let eye = |x: f32| vec![[x, -0.4], [x, -0.4 + eye]];
    Strokes { lines: vec![circle([0.0; 2], 1.0, -FRAC_PI_2), eye(-0.35), eye(0.35), mouth.collect()], width: 0.0 }
}

fn brackets(dice: &mut Dice) -> Strokes {
    let (apart, lip) = (dice.between(0.5, 1.0), dice.between(0.2, 0.4));
    let side =
        |sign: f32| [[apart - lip, -1.0], [apart, -1.0], [apart, 1.0], [apart - lip, 1.0]].map(|[x, y]| [sign * x, y]);
    strokes([&side(-1.0), &side(1.0)])
}

fn asterisk(dice: &mut Dice) -> Strokes {
    let (rays, start) = (dice.count(3, 5), PI * dice.share());
    let ray = |number: usize| {
        let angle = start + PI * number as f32 / rays as f32;
        [turned([0.0; 2], angle, 1.0), turned([0.0; 2], angle, -1.0)].to_vec()
    };
    Strokes { lines: (0..rays).map(ray).collect(), width: 0.0 }
}

fn star(dice: &mut Dice) -> Strokes {
    let (tips, start) = (*dice.pick(&[5, 7]), TAU * dice.share());
    let points: Vec<Point> =
        (0..=tips).map(|tip| turned([0.0; 2], start + TAU * 2.0 * tip as f32 / tips as f32, 1.0)).collect();
    strokes([&points])
}

fn heart(dice: &mut Dice) -> Strokes {
    let (wide, dip) = (dice.between(0.9, 1.2), dice.between(0.5, 0.75));
    let half = [[0.0, -dip], [0.25, -0.95], [0.7, -1.0], [1.0, -0.6], [0.85, -0.05], [0.45, 0.5]];
    let right = half.map(|[x, y]| [wide * x, y]).into_iter();
    let left = half.iter().rev().map(|&[x, y]| [-wide * x, y]);
    Strokes { lines: vec![right.chain([[0.0, 1.0]; 2]).chain(left).collect()], width: 0.0 }
}

fn house(dice: &mut Dice) -> Strokes {
    let (eaves, roof) = (dice.within(0.2), dice.between(0.9, 1.2));
    let walls = [[-0.9, eaves], [-0.9, 1.0], [0.9, 1.0], [0.9, eaves], [-0.9, eaves]];
    strokes([&walls, &[[-roof, eaves], [0.0, -1.0], [roof, eaves]]])
}

fn arrow(dice: &mut Dice) -> Strokes {
    let (direction, barb) = (TAU * dice.share(), dice.between(0.4, 0.8));
    let tip = turned([0.0; 2], direction, 1.0);
    let barbs = [0.8, -0.8].map(|bend| turned(tip, direction + PI + bend * dice.between(0.6, 1.0), barb));
    strokes([&[turned([0.0; 2], direction, -1.0), tip], &[barbs[0], tip, barbs[1]]])
}

fn envelope(dice: &mut Dice) -> Strokes {
    let (x, middle) = (dice.between(1.2, 1.7), dice.between(0.0, 0.5));
    let sides = [[-x, -1.0], [x, -1.0], [x, 1.0], [-x, 1.0], [-x, -1.0]];
    strokes([&sides, &[[-x, -1.0], [0.0, middle], [x, -1.0]]])
}

fn stairs(dice: &mut Dice) -> Strokes {
    let steps = dice.count(3, 6);
    let sign = if dice.chance(0.5) { 1.0 } else { -1.0 };
    let points: Vec<Point> =
        (0..=2 * steps).map(|corner| [sign * (corner / 2) as f32, corner.div_ceil(2) as f32]).collect();
    strokes([&points])
}

fn dot(dice: &mut Dice) -> Strokes {
    strokes([&[dice.place()]])
}

fn dots(dice: &mut Dice) -> Strokes {
    let count = dice.count(2, 6);
    Strokes { lines: (0..count).map(|_| vec![dice.place()]).collect(), width: 0.0 }
}

/// A line that leans from the level by less than a quarter of a right angle.
fn bar(dice: &mut Dice) -> Strokes {
    let rise = dice.within(0.35);
    strokes([&[[-1.0, rise], [1.0, -rise]]])
}

fn bars(dice: &mut Dice) -> Strokes {
    let (count, apart, rise) = (dice.count(2, 4), dice.between(0.3, 0.9), dice.within(0.2));
    let level = |number: usize| {
        let y = apart * number as f32;
        vec![[-1.0 + dice.within(0.2), y + rise], [1.0 + dice.within(0.2), y - rise]]
    };
    Strokes { lines: (0..count).map(level).collect(), width: 0.0 }
}

//! Scribbles: what a pen leaves that was moved without a meaning, in families of their own. Each is long, or turns often,
//! so that none is a digit by chance.

use std::f32::consts::{PI, TAU};

use super::dice::Dice;
use crate::pen::{Point, Strokes};

/// A way to draw.
pub(super) type Pen = fn(&mut Dice) -> Strokes;

fn one(line: Vec<Point>) -> Strokes {
    Strokes { lines: vec![line], width: 0.0 }
}

fn polar(angle: f32, radius: f32) -> Point {
    [radius * angle.cos(), radius * angle.sin()]
}

/// A pen that is drawn to one place after the other, and swings past it.
pub(super) fn walk(dice: &mut Dice) -> Strokes {
    let (mut point, mut speed, mut aim) = (dice.place(), [0.0; 2], dice.place());
    let (pull, keep) = (dice.between(0.02, 0.08), dice.between(0.75, 0.9));
    let steps = dice.count(120, 220);
    one((0..steps)
        .map(|_| {
            if dice.chance(0.12) {
                aim = dice.place();
            }
            speed = [0, 1].map(|axis| keep * speed[axis] + pull * (aim[axis] - point[axis]));
            point = [0, 1].map(|axis| point[axis] + speed[axis]);
            point
        })
        .collect())
}

/// Loop after loop along a line.
pub(super) fn loops(dice: &mut Dice) -> Strokes {
    let (turns, ahead) = (dice.between(3.5, 6.0), dice.between(0.08, 0.25));
    let (radius, direction) = (dice.between(0.8, 1.6), TAU * dice.share());
    let spin = if dice.chance(0.5) { 1.0 } else { -1.0 };
    let count = (14.0 * turns) as usize;
    one((0..count)
        .map(|step| {
            let turn = TAU * step as f32 / 14.0;
            let circle = polar(direction + spin * turn, radius * dice.between(0.85, 1.15));
            let along = polar(direction, ahead * turn);
            [circle[0] + along[0], circle[1] + along[1]]
        })
        .collect())
}

/// A curve through places anywhere.
pub(super) fn tangle(dice: &mut Dice) -> Strokes {
    let count = dice.count(12, 26);
    one((0..count).map(|_| dice.place()).collect())
}

/// Short arcs, here and there.
pub(super) fn arcs(dice: &mut Dice) -> Strokes {
    let count = dice.count(5, 10);
    let arc = |dice: &mut Dice| {
        let (centre, radius) = (dice.place(), dice.between(0.15, 0.7));
        let (start, sweep) = (TAU * dice.share(), dice.within(PI));
        let point = |step: usize| {
            let place = polar(start + sweep * step as f32 / 8.0, radius);
            [centre[0] + place[0], centre[1] + place[1]]
        };
        (0..=8).map(point).collect()
    };
    Strokes { lines: (0..count).map(|_| arc(dice)).collect(), width: 0.0 }
}

/// Round and round a place, out from it and back.
pub(super) fn curl(dice: &mut Dice) -> Strokes {
    let (turns, breaths, squeeze) = (dice.between(3.0, 7.0), dice.between(1.0, 3.0), dice.between(0.4, 1.0));
    let steps = (10.0 * turns) as usize;
    one((0..steps)
        .map(|step| {
            let radius = (PI * breaths * step as f32 / steps as f32).sin() + dice.within(0.25);
            let [x, y] = polar(TAU * step as f32 / 10.0, radius);
            [x, squeeze * y]
        })
        .collect())
}

/// To and fro, row by row, as one blackens a field.
pub(super) fn blacken(dice: &mut Dice) -> Strokes {
    let (rows, angle, long) = (dice.count(7, 16), PI * dice.share(), dice.between(0.5, 1.4));
    let (sin, cos) = angle.sin_cos();
    one((0..rows)
        .map(|row| {
            let side = if row % 2 == 0 { long } else { -long };
            let (x, y) = (side * dice.between(0.7, 1.1), 2.0 * row as f32 / rows as f32 - 1.0 + dice.within(0.08));
            [cos * x - sin * y, sin * x + cos * y]
        })
        .collect())
}

/// Two swings at once, as a pendulum on a pendulum draws.
pub(super) fn pendulum(dice: &mut Dice) -> Strokes {
    let [a, b] = *dice.pick(&[[3.0, 4.0], [3.0, 5.0], [4.0, 5.0], [5.0, 6.0], [2.0, 5.0], [5.0, 7.0]]);
    let (phase, fade, detuned) = (TAU * dice.share(), dice.between(0.0, 0.5), dice.within(0.15));
    one((0..240)
        .map(|step| {
            let time = step as f32 / 240.0;
            let size = 1.0 - fade * time;
            [size * (TAU * (a + detuned) * time).sin(), size * (TAU * b * time + phase).sin()]
        })
        .collect())
}

/// Straight from place to place, each far from the one before.
pub(super) fn jumps(dice: &mut Dice) -> Strokes {
    let count = dice.count(10, 20);
    let mut angle = TAU * dice.share();
    one((0..count)
        .flat_map(|_| {
            angle += dice.between(0.55 * PI, 1.45 * PI);
            let corner = polar(angle, dice.between(0.5, 1.1));
            // Twice, so that the curve through the points keeps its corner.
            [corner; 2]
        })
        .collect())
}

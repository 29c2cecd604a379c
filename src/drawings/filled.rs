//! Images that no pen drew: areas, textures and noise, as photos of things and clothes have them. They are pixels from the
//! start.

use std::f32::consts::{PI, TAU};

use super::dice::Dice;
use crate::mnist::{PIXELS, SIDE};

/// `[28, 28]`, 0 to 255.
pub(super) type Picture = [u8; PIXELS];
type Painter = fn(&mut Dice) -> Picture;

pub(super) const LEARNT: [Painter; 5] = [blobs, polygon, silhouette, gradient, noise];
pub(super) const HELD_BACK: [Painter; 2] = [stripes, checks];

/// What `ink` says of the centre of each pixel, both axes from -1 to 1; from 0 to 1.
fn paint(ink: impl Fn(f32, f32) -> f32) -> Picture {
    std::array::from_fn(|pixel| {
        let [x, y] = [pixel % SIDE, pixel / SIDE].map(|at| 2.0 * (at as f32 + 0.5) / SIDE as f32 - 1.0);
        (255.0 * ink(x, y).clamp(0.0, 1.0)).round() as u8
    })
}

/// From 0 to 1 over about a pixel around the edge, where `inside` is the distance from it.
fn soft(inside: f32) -> f32 {
    (0.5 + inside * SIDE as f32 / 2.0).clamp(0.0, 1.0)
}

/// A smooth surface of light and shade around `level`.
fn shade(dice: &mut Dice, level: f32) -> impl Fn(f32, f32) -> f32 + use<> {
    let waves: [[f32; 4]; 3] =
        std::array::from_fn(|_| [dice.within(0.15), dice.within(PI), dice.within(PI), TAU * dice.share()]);
    move |x, y| level + waves.iter().map(|[height, a, b, phase]| height * (a * x + b * y + phase).sin()).sum::<f32>()
}

fn blobs(dice: &mut Dice) -> Picture {
    let count = dice.count(1, 3);
    let blobs: Vec<[f32; 5]> = (0..count)
        .map(|_| {
            [dice.within(0.35), dice.within(0.35), dice.between(0.4, 0.95), dice.between(0.4, 0.95), PI * dice.share()]
        })
        .collect();
    let level = dice.between(0.4, 1.0);
    let shade = shade(dice, level);
    paint(|x, y| {
        let inside = |&[left, down, wide, high, angle]: &[f32; 5]| {
            let (x, y, (sin, cos)) = (x - left, y - down, angle.sin_cos());
            (1.0 - ((cos * x + sin * y) / wide).hypot((cos * y - sin * x) / high)) * wide.min(high)
        };
        soft(blobs.iter().map(inside).fold(-1.0, f32::max)) * shade(x, y)
    })
}

fn polygon(dice: &mut Dice) -> Picture {
    let (corners, start) = (dice.count(3, 9), TAU * dice.share());
    let radii: Vec<f32> = (0..=corners).map(|_| dice.between(0.5, 1.1)).collect();
    let level = dice.between(0.4, 1.0);
    let shade = shade(dice, level);
    paint(|x, y| {
        let turn = ((y.atan2(x) - start) / TAU).rem_euclid(1.0) * corners as f32;
        let (side, along) = ((turn as usize).min(corners - 1), turn.fract());
        let edge = (1.0 - along) * radii[side] + along * radii[(side + 1) % corners];
        soft(edge - x.hypot(y)) * shade(x, y)
    })
}

/// A thing that stands, the same on both sides, broader here and narrower there.
fn silhouette(dice: &mut Dice) -> Picture {
    let widths: [f32; 6] = std::array::from_fn(|_| dice.between(0.15, 0.95));
    let (top, slit) = (dice.between(0.75, 1.0), if dice.chance(0.3) { dice.between(-0.6, 0.6) } else { 2.0 });
    let (level, band) = (dice.between(0.3, 1.0), if dice.chance(0.3) { 0.3 } else { 0.0 });
    let (shade, pitch) = (shade(dice, level), dice.between(6.0, 20.0));
    paint(|x, y| {
        let at = ((y + 1.0) / 2.0 * 5.0).clamp(0.0, 4.999);
        let (row, along) = (at as usize, at.fract());
        let width = (1.0 - along) * widths[row] + along * widths[row + 1];
        // Legs, from the slit down.
        let inside = if y > slit { (width - x.abs()).min(x.abs() - 0.08) } else { width - x.abs() };
        soft(inside.min(top - y.abs())) * (shade(x, y) + band * (pitch * y).sin())
    })
}

fn gradient(dice: &mut Dice) -> Picture {
    let [right, down] = dice.place();
    let (level, edge) = (dice.between(0.2, 0.9), dice.between(0.6, 1.2));
    paint(|x, y| soft(edge - x.abs().max(y.abs())) * (level + 0.5 * (right * x + down * y)))
}

/// Noise, fine or coarse, with or without dark gaps.
fn noise(dice: &mut Dice) -> Picture {
    let cells = dice.count(4, 28);
    let (floor, gain) = (dice.between(0.0, 0.6), dice.between(0.8, 2.0));
    let values: Vec<f32> = (0..(cells + 2) * (cells + 2)).map(|_| dice.share()).collect();
    paint(|x, y| {
        let [x, y] = [x, y].map(|at| (at + 1.0) / 2.0 * cells as f32);
        let value = |column: usize, row: usize| values[row * (cells + 2) + column];
        let (column, row, right, down) = (x as usize, y as usize, x.fract(), y.fract());
        let upper = (1.0 - right) * value(column, row) + right * value(column + 1, row);
        let lower = (1.0 - right) * value(column, row + 1) + right * value(column + 1, row + 1);
        gain * ((1.0 - down) * upper + down * lower - floor)
    })
}

fn stripes(dice: &mut Dice) -> Picture {
    let (pitch, angle, size) = (dice.between(6.0, 25.0), PI * dice.share(), dice.between(0.6, 1.1));
    let (sin, cos) = angle.sin_cos();
    paint(|x, y| soft(size - x.abs().max(y.abs())) * (0.5 + 0.5 * (pitch * (cos * x + sin * y)).sin()))
}

fn checks(dice: &mut Dice) -> Picture {
    let (across, down, radius) = (dice.between(4.0, 14.0), dice.between(4.0, 14.0), dice.between(0.7, 1.3));
    paint(|x, y| soft(radius - x.hypot(y)) * (0.5 + 0.5 * ((across * x).sin() * (down * y).sin()).signum()))
}

//! Images that no pen drew: areas, textures and noise, as photos of things and clothes have them. They are pixels from the
//! start.

use std::f32::consts::{PI, TAU};

use super::dice::Dice;
use crate::mnist::{PIXELS, SIDE};

/// `[28, 28]`, 0 to 255.
pub(super) type Picture = [u8; PIXELS];
type Painter = fn(&mut Dice) -> Picture;

pub(super) const LEARNT: [Painter; 8] = [blobs, polygon, silhouette, gradient, noise, garment, low, scene];
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

/// What lies at `at`, above -1 and below 1, on straight lines between values that are evenly spread from -1 to 1.
fn profile<const N: usize>(values: &[f32; N], at: f32) -> f32 {
    let place = (at + 1.0) / 2.0 * (N - 1) as f32;
    let (before, along) = (place as usize, place.fract());
    (1.0 - along) * values[before] + along * values[before + 1]
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
        let width = profile(&widths, y);
        // Legs, from the slit down.
        let inside = if y > slit { (width - x.abs()).min(x.abs() - 0.08) } else { width - x.abs() };
        soft(inside.min(top - y.abs())) * (shade(x, y) + band * (pitch * y).sin())
    })
}

/// A trunk with a limb on either side, as long and as far away from it as it happens, of even or woven cloth.
fn garment(dice: &mut Dice) -> Picture {
    let (shoulder, waist, hem) = (dice.between(0.25, 0.6), dice.between(0.2, 0.55), dice.between(0.2, 0.75));
    let (top, neck) = (dice.between(0.7, 0.95), dice.between(0.0, 0.35));
    let (length, spread, thick) = (dice.between(0.2, 1.9), dice.between(0.0, 0.5), dice.between(0.08, 0.25));
    let (front, level) = (dice.chance(0.3), dice.between(0.2, 1.0));
    let (weave, pitch, slant) =
        (if dice.chance(0.5) { dice.between(0.1, 0.5) } else { 0.0 }, dice.between(6.0, 40.0), PI * dice.share());
    let (shade, (sin, cos)) = (shade(dice, level), slant.sin_cos());
    paint(|x, y| {
        let down = (y + top) / (2.0 * top);
        let half = if down < 0.5 {
            shoulder + 2.0 * down * (waist - shoulder)
        } else {
            waist + (2.0 * down - 1.0) * (hem - waist)
        };
        let trunk = (half - x.abs()).min(top - y.abs()).min(x.hypot(y + top) - neck);
        let limb_at = shoulder + spread * (y + top) / 2.0;
        let limb = (thick - (x.abs() - limb_at).abs()).min(y + top).min(length - top - y);
        let seam = if front { x.abs() - 0.05 } else { 1.0 };
        soft(trunk.max(limb).min(seam)) * (shade(x, y) + weave * (pitch * (cos * x + sin * y)).sin())
    })
}

/// A thing that lies: flat below, with a rise at one end, open here and there.
fn low(dice: &mut Dice) -> Picture {
    let heights: [f32; 7] = std::array::from_fn(|_| dice.between(0.1, 0.6));
    let (rise, shaft) = (dice.between(0.0, 1.2), dice.between(0.2, 0.8));
    let (ground, side) = (dice.between(0.1, 0.7), if dice.chance(0.5) { 1.0 } else { -1.0 });
    let (straps, pitch, level) =
        (if dice.chance(0.4) { 1.0 } else { 0.0 }, dice.between(5.0, 14.0), dice.between(0.3, 1.0));
    let shade = shade(dice, level);
    paint(|x, y| {
        let x = side * x;
        let lift = if x < shaft - 1.0 { rise } else { 0.0 };
        let height = profile(&heights, x) + lift;
        let inside = (ground - y).min(height - (ground - y)).min(0.95 - x.abs());
        // Cut out above the sole.
        let gaps = straps * (pitch * (x + 0.6 * y)).sin();
        let cut = if ground - y > 0.12 { -0.1 * gaps.max(0.0) * 4.0 } else { 0.0 };
        soft(inside + cut) * shade(x, y)
    })
}

/// Areas over one another on a ground that is not black, as in a photo.
fn scene(dice: &mut Dice) -> Picture {
    let ground = if dice.chance(0.7) { dice.between(0.05, 0.9) } else { 0.0 };
    let ground = shade(dice, ground);
    let areas: Vec<_> = (0..dice.count(2, 6))
        .map(|_| {
            let ([left, down], level) = (dice.place(), dice.between(0.0, 1.0));
            let (wide, high, angle) = (dice.between(0.08, 0.8), dice.between(0.15, 0.9), PI * dice.share());
            let (round, weave, pitch) =
                (dice.chance(0.5), if dice.chance(0.3) { 0.3 } else { 0.0 }, dice.between(6.0, 30.0));
            let shade = shade(dice, level);
            move |x: f32, y: f32| {
                let (x, y, (sin, cos)) = (x - left, y - down, angle.sin_cos());
                let (along, across) = ((cos * x + sin * y) / wide, (cos * y - sin * x) / high);
                let away = if round { along.hypot(across) } else { along.abs().max(across.abs()) };
                (soft((1.0 - away) * wide.min(high)), shade(x, y) + weave * (pitch * along).sin())
            }
        })
        .collect();
    paint(|x, y| {
        areas.iter().fold(ground(x, y), |below, area| {
            let (cover, grey) = area(x, y);
            below + cover * (grey - below)
        })
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

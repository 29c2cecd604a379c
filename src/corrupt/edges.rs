//! Canny's edges (Canny, "A Computational Approach to Edge Detection", 1986): where the slope of the blurred image is steepest, in
//! lines a pixel wide.

use std::f32::consts::PI;

use super::filter::{at_edge, blurred};
use crate::mnist::{PIXELS, SIDE};
use crate::picture::Pixels;

/// A slope above this is an edge.
const SURE: f32 = 0.2;
/// A slope above this is one where it hangs together with an edge.
const LIKELY: f32 = 0.1;

/// White outlines on black.
pub fn outlines(ink: &Pixels) -> Pixels {
    let slopes = slopes(&blurred(ink, 1.0));
    let ridge: Pixels =
        std::array::from_fn(|at| if is_crest(&slopes, at) { slopes[at][0].hypot(slopes[at][1]) } else { 0.0 });
    let mut edges = ridge.map(|slope| slope > SURE);
    let mut open: Vec<usize> = (0..PIXELS).filter(|at| edges[*at]).collect();
    while let Some(at) = open.pop() {
        for near in neighbours(at) {
            if ridge[near] > LIKELY && !edges[near] {
                edges[near] = true;
                open.push(near);
            }
        }
    }
    edges.map(|is_edge| if is_edge { 1.0 } else { 0.0 })
}

/// Sobel's slopes to the right and down, of each pixel.
fn slopes(ink: &Pixels) -> [[f32; 2]; PIXELS] {
    std::array::from_fn(|at| {
        let (y, x) = ((at / SIDE) as isize, (at % SIDE) as isize);
        let slope = |[down, right]: [isize; 2]| {
            let side = |to: isize| {
                let along = |by: isize| at_edge(ink, y + to * down + by * right, x + to * right + by * down);
                (along(-1) + 2.0 * along(0) + along(1)) / 4.0
            };
            side(1) - side(-1)
        };
        [slope([0, 1]), slope([1, 0])]
    })
}

/// Whether no pixel before or behind in the direction of the slope is steeper.
fn is_crest(slopes: &[[f32; 2]; PIXELS], at: usize) -> bool {
    let steepness = |y: isize, x: isize| {
        let side = 0..SIDE as isize;
        if !side.contains(&y) || !side.contains(&x) {
            return 0.0;
        }
        let [right, down] = slopes[y as usize * SIDE + x as usize];
        right.hypot(down)
    };
    let (y, x) = ((at / SIDE) as isize, (at % SIDE) as isize);
    let [right, down] = slopes[at];
    // In which of the eight directions it is steepest.
    let (sine, cosine) = ((down.atan2(right) * 4.0 / PI).round() * PI / 4.0).sin_cos();
    let (dy, dx) = (sine.round() as isize, cosine.round() as isize);
    let own = steepness(y, x);
    own > steepness(y - dy, x - dx) && own >= steepness(y + dy, x + dx)
}

/// The up to eight pixels around one.
fn neighbours(at: usize) -> impl Iterator<Item = usize> {
    let around = |at: usize| at.saturating_sub(1)..(at + 2).min(SIDE);
    around(at / SIDE).flat_map(move |y| around(at % SIDE).map(move |x| y * SIDE + x))
}

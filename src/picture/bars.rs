//! Bars across a picture on which ink and paper have changed places: what is higher than digits, as wide as a stroke or wider,
//! and has square corners, is paper, and what is light on it is ink.

use super::ink::Ink;
use super::mask::{self, Mask, Region};

/// At least so many columns of a bar are ink from top to bottom.
const SOLID: usize = 3;
/// So many rows at its top and at its bottom show how wide it is.
const CAP: usize = 3;
/// A bar is at least so many pixels high, ...
const SHORTEST: usize = 16;
/// ... and so many times as high as the highest digit.
const HIGHER: f32 = 1.15;

/// The ink with ink and paper swapped on bars, if there are digits then.
pub(super) fn swapped(ink: Ink) -> Ink {
    let mask = Mask::of(&ink);
    let bars = bars(&mask);
    let Some(shortest) = bars.iter().map(Region::height).min() else { return ink };
    let cell = mask::cell(&ink);
    let mut swapped = Ink { amounts: ink.amounts.clone(), ..ink };
    for bar in &bars {
        for y in bar.rows[0] * cell..((bar.rows[1] + 1) * cell).min(ink.height) {
            for x in bar.columns[0] * cell..((bar.columns[1] + 1) * cell).min(ink.width) {
                let amount = &mut swapped.amounts[y * ink.width + x];
                *amount = if *amount > 0.75 { 0.0 } else { 1.0 - *amount };
            }
        }
    }
    let tallest = Mask::of(&swapped).regions().iter().map(Region::height).max().unwrap_or(0);
    if tallest >= 8 && shortest as f32 >= HIGHER * tallest as f32 { swapped } else { ink }
}

/// Upright bars, as regions without their pixels.
fn bars(mask: &Mask) -> Vec<Region> {
    let is_ink = |x: usize, y: usize| mask.inked[y * mask.width + x];
    let ends = |x: usize| -> Vec<[usize; 2]> {
        let column: Vec<bool> = (0..mask.height).map(|y| is_ink(x, y)).collect();
        let mut top = 0;
        let runs = column.chunk_by(|a, b| a == b).map(|run| {
            top += run.len();
            (run[0] && run.len() >= SHORTEST).then_some([top - run.len(), top - 1])
        });
        runs.flatten().collect()
    };
    let mut bars: Vec<Region> = Vec::new();
    let mut open: Vec<([usize; 2], usize)> = Vec::new();
    for x in 0..=mask.width {
        let here = if x < mask.width { ends(x) } else { Vec::new() };
        // Those that reach both edges are found below.
        let is_through = |rows: &[usize; 2]| *rows == [0, mask.height - 1];
        for (rows, first) in open.iter().filter(|(rows, _)| !is_through(rows)).filter(|(rows, _)| !here.contains(rows))
        {
            if x - first >= SOLID {
                let is_capped = |x: usize| (0..CAP).all(|row| is_ink(x, rows[0] + row) && is_ink(x, rows[1] - row));
                let left = (0..*first).rev().take_while(|x| is_capped(*x)).last().unwrap_or(*first);
                let right = (x..mask.width).take_while(|x| is_capped(*x)).last().unwrap_or(x - 1);
                if bars.last().is_none_or(|bar| bar.columns != [left, right] || bar.rows != *rows) {
                    bars.push(Region { pixels: Vec::new(), columns: [left, right], rows: *rows });
                }
            }
        }
        let first = |rows: &[usize; 2]| open.iter().find(|(open, _)| open == rows).map_or(x, |(_, first)| *first);
        open = here.into_iter().map(|rows| (rows, first(&rows))).collect();
    }
    bars.extend(through(mask));
    bars.retain(|bar| is_straight(bar, mask));
    bars
}

/// Whether there is paper along its sides, but where ink crosses them: a stroke of a small digit may have square corners.
fn is_straight(bar: &Region, mask: &Mask) -> bool {
    let [left, right] = bar.columns;
    let beside = left.checked_sub(1).into_iter().chain(Some(right + 1).filter(|x| *x < mask.width));
    let pixels = beside.flat_map(|x| (bar.rows[0]..=bar.rows[1]).map(move |y| y * mask.width + x));
    2 * pixels.filter(|at| mask.inked[*at]).count() <= bar.height()
}

/// Bars from one edge of the picture to the other, though there may be ink on all of their columns.
fn through(mask: &Mask) -> Vec<Region> {
    let is_ink = |x: usize, y: usize| mask.inked[y * mask.width + x];
    let rows = [0, mask.height - 1];
    if mask.height < SHORTEST {
        return Vec::new();
    }
    let is_capped: Vec<bool> =
        (0..mask.width).map(|x| (0..CAP).all(|row| is_ink(x, row) && is_ink(x, rows[1] - row))).collect();
    let mut end = 0;
    let bars = is_capped.chunk_by(|a, b| a == b).filter_map(|run| {
        end += run.len();
        let columns = end - run.len()..end;
        let inked = columns.clone().flat_map(|x| (0..mask.height).map(move |y| (x, y))).filter(|(x, y)| is_ink(*x, *y));
        let is_bar = run[0] && run.len() >= SOLID && 5 * inked.count() >= 3 * run.len() * mask.height;
        is_bar.then_some(Region { pixels: Vec::new(), columns: [columns.start, columns.end - 1], rows })
    });
    bars.collect()
}

//! Where digits that touch may part: candidate cuts from the top to the bottom of ink that hangs together, each along the
//! way with the least ink near its place, and the pieces between any two of them. Which are digits, the network says.

use std::borrow::Cow;

use super::bounds::Bounds;
use super::ink::Ink;
use super::parts::parts;

/// What is less wide, as a share of its height, is one digit.
const NARROW: f32 = 0.5;
/// What is wider, in heights, is a line: cut everywhere it would be thousands of pieces, none of them a digit.
const LONG: f32 = 20.0;
/// What has longer strokes, in widths of its box, is no row of digits but grain, or a weave: 8s that touch have less than four.
const TANGLED: f32 = 5.0;
/// Pieces of ink that is higher, in pixels, are made of cells of several: a digit becomes 20 pixels high.
const FINE: usize = 64;
/// Cuts are looked for in ink of this height, in pixels.
const HEIGHT: usize = 32;
/// How far a cut may lead to the left and to the right of its place, of that height.
const SLANT: usize = 2;
/// What a step aside costs, where a pixel of ink costs 1.
const ASIDE: f32 = 0.5;
/// Cuts are at least so far from each other and from the sides, of that height.
const APART: f32 = 1.5;
/// So many cuts are tried for each height that the ink is wide.
const CUTS: f32 = 12.0;
/// What hangs together and is less than this share of a piece is the end of a neighbour's stroke.
const CRUMB: f32 = 0.12;
/// A piece is less wide than this, as a share of the height.
const WIDE: f32 = 1.2;
/// Cuts that are farther from each other have no piece between them, which would be looked for in what may be a long line.
const FAR: f32 = 2.0 * WIDE;

/// What lies between two cuts, which are counted from 0, the left side, on.
pub(super) struct Piece {
    pub from: usize,
    pub to: usize,
    /// What the cut on the right costs.
    pub cost: f32,
    /// Where it is in the ink.
    pub bounds: Bounds,
    /// So many pixels of that are a pixel of its own ink wide and high.
    pub cell: usize,
    pub ink: Ink,
}

/// A cut from the top to the bottom.
struct Cut {
    /// For each row of pixels the first one on its right.
    places: Vec<usize>,
    /// The ink that it crosses, as a share of the height, and a little for each step aside.
    cost: f32,
}

/// The pieces that ink could be cut into; none where it is too narrow for two digits, a line, or a tangle.
pub(super) fn pieces(ink: &Ink) -> impl Iterator<Item = Piece> {
    let may_be_digits = (NARROW..LONG).contains(&(ink.width as f32 / ink.height as f32)) && !is_tangled(ink);
    may_be_digits.then(|| between_cuts(ink)).into_iter().flatten()
}

/// Whether there are more strokes in ink than digits beside each other have.
fn is_tangled(ink: &Ink) -> bool {
    ink.amounts.iter().sum::<f32>() > TANGLED * ink.width as f32 * ink.stroke_width()
}

/// The pieces between any two cuts of ink.
fn between_cuts(ink: &Ink) -> impl Iterator<Item = Piece> {
    let cell = ink.height.div_ceil(FINE);
    let size = [ink.width, ink.height];
    let ink = if cell > 1 {
        Cow::Owned(ink.resampled(size.map(|side| side.div_ceil(cell)), 1.0 / cell as f32, [0.0; 2]))
    } else {
        Cow::Borrowed(ink)
    };
    let cuts = cuts(&ink);
    let last = cuts.len() - 1;
    let place = |cut: &Cut| cut.places.iter().sum::<usize>() as f32 / ink.height as f32;
    let places: Vec<f32> = cuts.iter().map(place).collect();
    let is_near = &|from: usize, to: usize| places[to] - places[from] < FAR * ink.height as f32;
    let pairs = |from: usize| (from + 1..=last).take_while(move |to| is_near(from, *to)).map(move |to| (from, to));
    let shorter: Vec<(usize, usize)> = (0..last).flat_map(pairs).filter(|(from, to)| to - from < last).collect();
    let between = move |(from, to): (usize, usize)| piece(&ink, [from, to], [&cuts[from], &cuts[to]]);
    shorter.into_iter().filter_map(between).map(move |piece| piece.of_cells(cell, size))
}

impl Piece {
    /// The piece of ink of this size that it was found in, cell by cell.
    fn of_cells(self, cell: usize, size: [usize; 2]) -> Piece {
        let [right, bottom] = size.map(|side| side as u32);
        let [x, y, width, height] =
            [self.bounds.x, self.bounds.y, self.bounds.width, self.bounds.height].map(|at| at * cell as u32);
        let bounds = Bounds { x, y, width: width.min(right - x), height: height.min(bottom - y) };
        Piece { bounds, cell, ..self }
    }
}

/// The cuts from left to right, both sides among them.
fn cuts(ink: &Ink) -> Vec<Cut> {
    let sides = [0, ink.width].map(|side| Cut { places: vec![side; ink.height], cost: 0.0 });
    let scale = HEIGHT as f32 / ink.height as f32;
    let small = ink.resampled([(scale * ink.width as f32).ceil() as usize, HEIGHT], scale, [0.0; 2]);
    let mut found: Vec<Cut> = (0..small.width).map(|at| cheapest(&small, at)).collect();
    found.sort_by(|a, b| a.cost.total_cmp(&b.cost));
    let count = (CUTS * ink.width as f32 / ink.height as f32) as usize;
    let mut places = vec![0.0, small.width as f32];
    let mut kept: Vec<Cut> = Vec::new();
    for cut in found {
        let place = cut.places.iter().sum::<usize>() as f32 / HEIGHT as f32;
        if kept.len() < count && places.iter().all(|other| (place - other).abs() >= APART) {
            places.push(place);
            kept.push(cut);
        }
    }
    kept.sort_by_key(|cut| cut.places.iter().sum::<usize>());
    let full = |cut: Cut| {
        let row = |y: usize| (((y as f32 + 0.5) * scale) as usize).min(HEIGHT - 1);
        let place = |y| ((cut.places[row(y)] as f32 / scale).round() as usize).min(ink.width);
        Cut { places: (0..ink.height).map(place).collect(), ..cut }
    };
    let [left, right] = sides;
    let mut cuts = vec![left];
    for mut cut in kept.into_iter().map(full).chain([right]) {
        // No cut crosses the one before it.
        let before = &cuts[cuts.len() - 1].places;
        cut.places.iter_mut().zip(before).for_each(|(here, before)| *here = (*here).max(*before));
        cuts.push(cut);
    }
    cuts
}

/// The cut near column `place` that crosses the least ink.
fn cheapest(ink: &Ink, place: usize) -> Cut {
    let columns = place.saturating_sub(SLANT)..(place + SLANT + 1).min(ink.width);
    let first = columns.start;
    let mut costs = vec![0.0f32; columns.len()];
    let mut steps: Vec<Vec<usize>> = Vec::with_capacity(ink.height);
    for row in ink.amounts.chunks_exact(ink.width) {
        let step = |at: usize| {
            let from = at.saturating_sub(1)..(at + 2).min(costs.len());
            let cost = |from: usize| costs[from] + ASIDE * from.abs_diff(at) as f32;
            // Straight down, where it costs the same.
            let best = from.min_by(|a, b| (cost(*a), a.abs_diff(at)).partial_cmp(&(cost(*b), b.abs_diff(at))).unwrap());
            let best = best.expect("a column");
            (best, cost(best) + row[first + at])
        };
        let (from, sums): (Vec<usize>, Vec<f32>) = (0..costs.len()).map(step).unzip();
        steps.push(from);
        costs = sums;
    }
    let mut at = (0..costs.len()).min_by(|a, b| costs[*a].total_cmp(&costs[*b])).expect("a column");
    let cost = costs[at] / HEIGHT as f32;
    let mut places = Vec::with_capacity(ink.height);
    for from in steps.iter().rev() {
        places.push(first + at);
        at = from[at];
    }
    places.reverse();
    Cut { places, cost }
}

/// What lies between two cuts; `None` where it cannot be a digit.
fn piece(ink: &Ink, [from, to]: [usize; 2], [left, right]: [&Cut; 2]) -> Option<Piece> {
    let first = *left.places.iter().min()?;
    let strip = ink.between(first, &left.places, &right.places);
    let mut parts = parts(&strip);
    let mass: f32 = parts.iter().map(|part| part.mass).sum();
    parts.retain(|part| part.mass >= CRUMB * mass);
    let mut digit = parts.pop()?;
    parts.into_iter().for_each(|part| digit.join(part));
    let bounds = Bounds { x: digit.bounds.x + first as u32, ..digit.bounds };
    let is_digit = 2 * bounds.height as usize >= ink.height && (bounds.width as f32) < WIDE * ink.height as f32;
    is_digit.then(|| Piece { from, to, cost: right.cost, bounds, cell: 1, ink: digit.ink(&strip) })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Strokes of five pixels, 10 high, with a gap of two but for one line of pixels that goes through all of them.
    fn strokes(width: usize) -> Ink {
        let is_inked = |at: usize| at % width % 7 < 5 || at / width == 5;
        Ink { width, height: 10, amounts: (0..10 * width).map(|at| f32::from(u8::from(is_inked(at)))).collect() }
    }

    #[test]
    fn a_row_that_touches_is_cut_and_a_line_is_not() {
        let [one, two, row, line] = [4, 12, 190, 210].map(|width| pieces(&strokes(width)).count());
        assert_eq!((one, line), (0, 0));
        assert!(two > 0 && row > 10 * two, "{two} pieces of two strokes, {row} of a row");
    }

    /// Grain hangs together as digits that touch do.
    #[test]
    fn strokes_that_touch_are_cut_and_grain_is_not() {
        let grain = |width: usize| {
            let is_inked = |at: usize| (at % width).is_multiple_of(2) || (at / width).is_multiple_of(4);
            Ink { width, height: 40, amounts: (0..40 * width).map(|at| f32::from(u8::from(is_inked(at)))).collect() }
        };
        let [digits, grain] =
            [strokes(12).resampled([48, 40], 4.0, [0.0; 2]), grain(48)].map(|ink| pieces(&ink).count());
        assert!(digits > 0 && grain == 0, "{digits} pieces of strokes, {grain} of grain");
    }

    #[test]
    fn high_ink_is_cut_as_low_ink_is_cell_by_cell() {
        let low = Ink { height: 60, ..strokes(20).resampled([120, 60], 6.0, [0.0; 2]) };
        let high = low.resampled([480, 240], 4.0, [0.0; 2]);
        let of = |ink: &Ink| -> Vec<_> {
            pieces(ink).map(|piece| (piece.from, piece.to, piece.bounds, piece.ink)).collect()
        };
        let [low, high] = [of(&low), of(&high)];
        assert!(!low.is_empty());
        assert_eq!(low.len(), high.len());
        for ((from, to, bounds, ink), (high_from, high_to, large, cells)) in low.into_iter().zip(high) {
            let Bounds { x, y, width, height } = bounds;
            let times = Bounds { x: 4 * x, y: 4 * y, width: 4 * width, height: 4 * height };
            assert_eq!((from, to, times), (high_from, high_to, large));
            assert!(ink.amounts.iter().zip(&cells.amounts).all(|(a, b)| (a - b).abs() < 1e-4));
        }
    }
}

//! What the rules that are sure say of shorter lines: sides of frames lead from one of them to another, teeth of combs stand
//! on one side by side, and what is left on the way of a broken one belongs to it. And frames by what they hold.

use super::bounds::Bounds;
use super::lines::Line;
use super::mask::Mask;
use super::parts::Part;
use super::regions::Regions;

/// A side of a frame has this share of the height of digits at least: they may reach beyond it.
const SIDE: f32 = 0.7;
/// So many teeth make a comb: one line on a rule, or two, may be a 1.
const TEETH: usize = 3;
/// They differ in length by no more than so many pixels, and this share of it.
const UNEVEN: f32 = 2.0;
const UNEVEN_SHARE: f32 = 0.06;
/// A line is at most so many times, and pixels, as thick as the rules that it belongs to.
const THICKER: f32 = 1.5;
const THICKER_PIXELS: f32 = 1.0;

/// What a frame holds has this share of its height at least. ...
const HELD: f32 = 0.3;
/// ... It has ink in each corner, within this share of its shorter side, as a 0 around its own stroke has not, ...
const CORNER: f32 = 0.12;
/// ... and this share of the rows and columns in its middle passes two sides and nothing else, ...
const EMPTY: f32 = 0.9;
/// ... which are no thicker than this share of it.
const SIDES: f32 = 0.25;

/// The pixels of frames that hold a digit each and touch none, whatever their corners are like.
pub(super) fn around_digits(mask: &Mask, regions: &Regions) -> Vec<usize> {
    const LEAST: u32 = 8;
    let held = regions.parts.iter().filter(|part| part.bounds.height >= LEAST);
    let mut frames: Vec<usize> = held.filter_map(|part| frame_around(mask, regions, part.bounds)).collect();
    frames.sort_unstable();
    frames.dedup();
    frames.into_iter().flat_map(|frame| regions.parts[frame].pixels(mask.width)).collect()
}

/// The frame around what is within bounds: what all four ways from there, in the middle, meet first.
fn frame_around(mask: &Mask, regions: &Regions, held: Bounds) -> Option<usize> {
    let [x, y, width, height] = [held.x, held.y, held.width, held.height].map(|at| at as usize);
    let [column, row] = [x + width / 2, y + height / 2];
    let at = |x: usize, y: usize| y * mask.width + x;
    let inked = |pixel: &usize| mask.inked[*pixel];
    let met = [
        (0..x).rev().map(|x| at(x, row)).find(inked)?,
        (x + width..mask.width).map(|x| at(x, row)).find(inked)?,
        (0..y).rev().map(|y| at(column, y)).find(inked)?,
        (y + height..mask.height).map(|y| at(column, y)).find(inked)?,
    ];
    let [frame, others @ ..] = met.map(|at| regions.place[at]);
    let is_large = height as f32 >= HELD * regions.parts[frame].bounds.height as f32;
    let is_around = is_large && others.iter().all(|other| *other == frame);
    (is_around && regions.has_corners(mask, frame, CORNER) && is_empty(mask, regions, frame)).then_some(frame)
}

/// Whether nearly all rows and columns in the middle of a region pass two thin sides of it and nothing else.
fn is_empty(mask: &Mask, regions: &Regions, frame: usize) -> bool {
    let Bounds { x, y, width, height } = regions.parts[frame].bounds;
    let [x, y, width, height] = [x, y, width, height].map(|at| at as usize);
    let passes_two = |pixels: Vec<usize>| {
        let own: Vec<bool> = pixels.into_iter().map(|at| mask.inked[at] && regions.place[at] == frame).collect();
        let mut sides = own.chunk_by(|a, b| a == b).filter(|run| run[0]);
        sides.clone().count() == 2 && sides.all(|side| side.len() as f32 <= SIDES * own.len() as f32)
    };
    let row = |down: usize| (x..x + width).map(|x| (y + down) * mask.width + x).collect();
    let column = |right: usize| (y..y + height).map(|y| y * mask.width + x + right).collect();
    let is_empty = |size: usize, line: &dyn Fn(usize) -> Vec<usize>| {
        let middle = size / 4..size - size / 4;
        let least = EMPTY * middle.len() as f32;
        middle.filter(|at| passes_two(line(*at))).count() as f32 >= least
    };
    is_empty(height, &row) && is_empty(width, &column)
}

/// Which of `others` are sides and teeth of the rules, where digits are `height` pixels high.
pub(super) fn joined(mask: &Mask, rules: &[Line], others: Vec<Line>, height: f32) -> Vec<Line> {
    let thickest = rules.iter().map(|rule| rule.thickness).fold(0.0, f32::max);
    // Which rule has a pixel, from 1 on; of those that go down, and across.
    let mut places = [0, 1].map(|_| vec![0u32; mask.inked.len()]);
    for (number, rule) in (1..).zip(rules) {
        rule.pixels.iter().for_each(|at| places[usize::from(rule.is_across)][*at] = number);
    }
    let (mut sides, mut teeth) = (Vec::new(), Vec::new());
    for line in others.into_iter().filter(|line| line.thickness <= THICKER * thickest + THICKER_PIXELS) {
        let (reach, across) = (line.thickness as usize + 2, &places[usize::from(!line.is_across)]);
        let ends = [line.pixels[0], line.pixels[line.pixels.len() - 1]];
        let [first, last] = ends.map(|end| mask.within(end, reach).map(|at| across[at]).find(|rule| *rule > 0));
        match (first, last) {
            (Some(_), Some(_)) if line.length as f32 >= SIDE * height => sides.push(line),
            (Some(rule), None) => teeth.push((rule, false, line)),
            (None, Some(rule)) => teeth.push((rule, true, line)),
            _ => {}
        }
    }
    teeth.sort_by_key(|(rule, is_last, line)| (*rule, *is_last, line.length));
    let is_like = |a: &(u32, bool, Line), b: &(u32, bool, Line)| {
        let uneven = a.2.length.abs_diff(b.2.length) as f32;
        (a.0, a.1) == (b.0, b.1) && uneven <= UNEVEN + UNEVEN_SHARE * b.2.length as f32
    };
    let mut is_tooth = vec![false; teeth.len()];
    for at in 0..(teeth.len() + 1).saturating_sub(TEETH) {
        if is_like(&teeth[at], &teeth[at + TEETH - 1]) {
            is_tooth[at..at + TEETH].fill(true);
        }
    }
    let teeth = teeth.into_iter().zip(is_tooth).filter(|(_, is_tooth)| *is_tooth);
    sides.extend(teeth.map(|((.., tooth), _)| tooth));
    sides
}

/// Whether these lines, the longest of a picture, are a grid: so many each way that cross so many others each, as strokes of
/// digits never do.
pub(super) fn is_grid(mask: &Mask, lines: &[Line]) -> bool {
    const LINES: usize = 4;
    const MOST: usize = 200;
    let place = |at: usize| [at % mask.width, at / mask.width].map(|at| at as f32);
    let ends = |line: &Line| [line.pixels[0], line.pixels[line.pixels.len() - 1]].map(place);
    let [down, across] = [false, true].map(|is_across| {
        let lines = lines.iter().filter(|line| line.is_across == is_across);
        lines.take(MOST).map(ends).collect::<Vec<_>>()
    });
    let is_within = |along: usize, [first, last]: [[f32; 2]; 2], other: [[f32; 2]; 2]| {
        (first[along]..=last[along]).contains(&((other[0][along] + other[1][along]) / 2.0))
    };
    let meet = |across, down| is_within(0, across, down) && is_within(1, down, across);
    let is_across = |line: &&[[f32; 2]; 2]| down.iter().filter(|other| meet(**line, **other)).nth(LINES - 1).is_some();
    let is_down = |line: &&[[f32; 2]; 2]| across.iter().filter(|other| meet(**other, **line)).nth(LINES - 1).is_some();
    across.iter().filter(is_across).nth(LINES - 1).is_some() && down.iter().filter(is_down).nth(LINES - 1).is_some()
}

/// Whether what is left without the rules lies on the way of one of them and is as thin.
pub(super) fn is_on(mask: &Mask, rules: &[Line], part: &Part) -> bool {
    let place = |at: usize| [at % mask.width, at / mask.width].map(|at| at as f32);
    let [left, top, width, height] =
        [part.bounds.x, part.bounds.y, part.bounds.width, part.bounds.height].map(|at| at as f32);
    rules.iter().any(|rule| {
        let [long, thick] = if rule.is_across { [width, height] } else { [height, width] };
        let room = THICKER * rule.thickness + THICKER_PIXELS;
        if thick > room || long > rule.length as f32 {
            return false;
        }
        let [from, to] = [rule.pixels[0], rule.pixels[rule.pixels.len() - 1]].map(place);
        let [along, aside] = if rule.is_across { [0, 1] } else { [1, 0] };
        let middle = [left + width / 2.0, top + height / 2.0];
        let share = (middle[along] - from[along]) / (to[along] - from[along]).max(1.0);
        let way = from[aside] + share * (to[aside] - from[aside]);
        (-0.5..1.5).contains(&share) && (middle[aside] - way).abs() <= room
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 60 x 60 pixels with ink where `is_inked(x, y)`, counted from the middle.
    fn drawn(is_inked: impl Fn(f32, f32) -> bool) -> Mask {
        let place = |at: usize| at as f32 - 29.5;
        Mask { width: 60, height: 60, inked: (0..3600).map(|at| is_inked(place(at % 60), place(at / 60))).collect() }
    }

    /// A ring two pixels thick: 40 pixels wide and high, with corners of this radius.
    fn ring(x: f32, y: f32, radius: f32) -> bool {
        let [x, y] = [x, y].map(|at| at.abs() - (20.0 - radius));
        let distance = x.max(0.0).hypot(y.max(0.0)) + x.max(y).min(0.0);
        (radius - 2.0..=radius).contains(&distance)
    }

    /// A stroke down, 24 pixels long.
    fn stroke(x: f32, y: f32) -> bool {
        x.abs() < 2.0 && y.abs() < 12.0
    }

    #[test]
    fn a_frame_around_a_stroke_is_found_and_a_0_around_one_is_not() {
        for radius in [2.0, 6.0, 12.0] {
            let mask = drawn(|x, y| ring(x, y, radius) || stroke(x, y));
            let left = mask.without(around_digits(&mask, &Regions::of(&mask)).into_iter());
            assert!(left.inked == drawn(stroke).inked, "corners of {radius} pixels");
        }
        let round = drawn(|x, y| ring(x, y, 20.0) || stroke(x, y));
        assert!(around_digits(&round, &Regions::of(&round)).is_empty());
    }

    #[test]
    fn a_frame_that_a_digit_touches_or_that_holds_none_stays() {
        let touched = drawn(|x, y| ring(x, y, 6.0) || stroke(x, y) || (x.abs() < 2.0 && (10.0..20.0).contains(&y)));
        let beside = drawn(|x, y| ring(x, y, 6.0) || stroke(x, y + 8.0) || (y.abs() < 2.0 && (4.0..20.0).contains(&x)));
        let held_and_touched =
            drawn(|x, y| ring(x, y, 6.0) || stroke(x + 8.0, y) || ((4.0..20.0).contains(&x) && y.abs() < 9.0));
        let empty = drawn(|x, y| ring(x, y, 6.0));
        for mask in [touched, beside, held_and_touched, empty] {
            assert!(around_digits(&mask, &Regions::of(&mask)).is_empty());
        }
    }
}

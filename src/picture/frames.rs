//! What the rules that are sure say of shorter lines: sides of frames lead from one of them to another, teeth of combs stand
//! on one side by side, and what is left on the way of a broken one belongs to it.

use super::lines::Line;
use super::mask::Mask;
use super::parts::Part;

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

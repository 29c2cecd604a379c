//! Rules, frames, underlines and edges of sheets: long straight lines of even thickness, which are no ink of a digit's. A 7's
//! bar, a 1's foot and a 4's corner are lines, too, but no longer than digits are high.

use super::ink::Ink;
use super::mask::{self, Mask, Region};
use super::{bars, light};

/// Ink of which there is less than this share is pale.
const PALE: f32 = 0.3;
/// A line is at least so many pixels long, ...
const SHORTEST: usize = 12;
/// ... so many times as long as it is thick, ...
const SLIM: usize = 5;
/// ... and goes so many pixels straight on before it moves by one to a side.
const STRAIGHT: u8 = 6;
/// Digits are at least so many times as high as rules are thick.
const DIGITS: usize = 4;

/// A straight line across the picture or down.
struct Line {
    /// Its pixels but for those where something crosses it.
    region: Region,
    /// With what crosses it.
    length: usize,
    thickness: usize,
    /// From left to right, not from top to bottom.
    is_across: bool,
}

/// The ink without what is pale, such as the rules of paper, but for what is beside ink to the full, within a stroke's width.
fn darkened(mut ink: Ink) -> Ink {
    let reach = (ink.stroke_width().ceil() as usize).clamp(2, 64);
    let amounts: Vec<u8> = ink.amounts.iter().map(|amount| (255.0 * amount) as u8).collect();
    let near = light::filtered(&amounts, [ink.width, ink.height], reach, u8::max);
    let is_pale = |near: u8| f32::from(near) < 255.0 * PALE;
    ink.amounts.iter_mut().zip(near).filter(|(_, near)| is_pale(*near)).for_each(|(amount, _)| *amount = 0.0);
    ink
}

/// The ink without rules, and without what lies around a sheet.
pub(super) fn removed(ink: Ink) -> Ink {
    let mut ink = bars::swapped(darkened(ink));
    let mask = Mask::of(&ink);
    let rules = rules(&mask);
    let mut gone = vec![false; mask.inked.len()];
    rules.iter().flat_map(|rule| &rule.region.pixels).for_each(|at| gone[*at] = true);
    let kept = mask.without((0..gone.len()).filter(|at| gone[*at]));
    let regions = kept.regions();
    let thickest = rules.iter().map(|rule| rule.thickness).max().unwrap_or(0);
    let knots = knots(&mask, &regions, &gone, thickest);
    let around = around(&kept, &regions);
    knots.iter().chain(&around).flat_map(|region| &region.pixels).for_each(|at| gone[*at] = true);
    let (cell, width) = (mask::cell(&ink), ink.width);
    for (at, amount) in ink.amounts.iter_mut().enumerate() {
        if gone[at / width / cell * mask.width + at % width / cell] {
            *amount = 0.0;
        }
    }
    ink
}

/// Which lines are no digit's.
fn rules(mask: &Mask) -> Vec<Line> {
    let lines = lines(mask);
    // What is beside all lines; and with those down, too, which may be strokes of digits, for lines across.
    let beside = |is_out: fn(&Line, &Mask) -> bool| {
        let out = lines.iter().filter(|line| is_out(line, mask));
        Digits::of(&mask.without(out.flat_map(|line| line.region.pixels.iter().copied())))
    };
    let digits = [beside(|_, _| true), beside(|line, mask| line.is_across || line.spans(mask))];
    let regions = mask.regions();
    let mut place = vec![0; mask.inked.len()];
    regions.iter().enumerate().for_each(|(number, region)| region.pixels.iter().for_each(|at| place[*at] = number));
    let place = |line: &Line| place[line.region.pixels[0]];
    let mut own: Vec<Vec<&Line>> = regions.iter().map(|_| Vec::new()).collect();
    lines.iter().for_each(|line| own[place(line)].push(line));
    let is_framed = |(region, own): (&Region, &Vec<&Line>)| is_frame(region, own, &digits[0]);
    let is_framed: Vec<bool> = regions.iter().zip(&own).map(is_framed).collect();
    let is_rule = |line: &Line| {
        let region = &regions[place(line)];
        let is_frames = is_framed[place(line)] && is_side(line, region);
        is_frames || digits[usize::from(line.is_across)].are_less_than(line, region, mask)
    };
    let is_rule: Vec<bool> = lines.iter().map(is_rule).collect();
    lines.into_iter().zip(is_rule).filter(|(_, is_rule)| *is_rule).map(|(line, _)| line).collect()
}

/// What rules leave where they cross: no larger than they are thick, and beside what is gone.
fn knots<'a>(mask: &Mask, regions: &'a [Region], gone: &[bool], thickest: usize) -> Vec<&'a Region> {
    let is_beside = |region: &Region| {
        let mut near = region.pixels.iter().flat_map(|at| mask.near([at % mask.width, at / mask.width]));
        near.any(|at| gone[at])
    };
    let is_small = |region: &&Region| region.width().max(region.height()) <= 2 * thickest + 2;
    regions.iter().filter(is_small).filter(|region| is_beside(region)).collect()
}

/// What lies along the picture's border is no digit, if there is something else that may be one.
fn around<'a>(mask: &Mask, regions: &'a [Region]) -> Vec<&'a Region> {
    let [right, bottom] = [mask.width - 1, mask.height - 1];
    let corners = [0, right, bottom * mask.width, bottom * mask.width + right];
    let is_there = |at: &&usize| [0, right].contains(&(*at % mask.width)) || [0, bottom].contains(&(*at / mask.width));
    let on_border = |region: &Region| region.pixels.iter().filter(is_there).count();
    let tallest = |regions: &mut dyn Iterator<Item = &Region>| {
        let tallest = regions.map(Region::height).max().unwrap_or(0);
        if tallest >= 8 && 10 * tallest >= right.min(bottom) { tallest } else { 0 }
    };
    let is_around = |region: &Region| {
        let corners = region.pixels.iter().filter(|at| corners.contains(at)).count();
        corners >= 2 && 4 * on_border(region) > right + bottom + 2
    };
    let inside = tallest(&mut regions.iter().filter(|region| on_border(region) == 0));
    let is_along = |region: &Region| {
        let longer = region.width().max(region.height());
        10 * on_border(region) >= 7 * longer && 3 * inside >= longer && on_border(region) > 2
    };
    let others = tallest(&mut regions.iter().filter(|region| !is_around(region)));
    regions.iter().filter(|region| others > 0 && is_around(region) || inside > 0 && is_along(region)).collect()
}

/// What there is beside lines.
struct Digits {
    /// Where each stands, but specks.
    regions: Vec<Region>,
    height: usize,
    /// The width of its strokes.
    stroke: f32,
    bottom: usize,
}

impl Digits {
    fn of(rest: &Mask) -> Digits {
        let mut regions = rest.regions();
        let tallest = regions.iter().map(Region::height).max().unwrap_or(0);
        regions.retain(|region| 3 * region.height() > tallest);
        let pixels: usize = regions.iter().map(|region| region.pixels.len()).sum();
        let edges = regions.iter().flat_map(|region| &region.pixels).map(|at| {
            let [x, y] = [at % rest.width, at / rest.width];
            let is_out = [
                x == 0 || !rest.inked[at - 1],
                x + 1 == rest.width || !rest.inked[at + 1],
                y == 0 || !rest.inked[at - rest.width],
                y + 1 == rest.height || !rest.inked[at + rest.width],
            ];
            is_out.iter().filter(|is_out| **is_out).count()
        });
        // The outline of a slanted stroke is longer along pixels' sides.
        let stroke = 2.4 * pixels as f32 / edges.sum::<usize>().max(1) as f32;
        let bottom = regions.iter().map(|region| region.rows[1]).max().unwrap_or(0);
        Digits { regions, height: tallest, stroke, bottom }
    }

    /// Whether the line, in this region of ink, is too long to be theirs.
    fn are_less_than(&self, line: &Line, region: &Region, mask: &Mask) -> bool {
        if self.height < (DIGITS * line.thickness).max(8) {
            return false;
        }
        let is_alone = 20 * region.pixels.len() < 23 * line.region.pixels.len();
        let is_thin = 3.0 * line.thickness as f32 <= self.stroke;
        let times = match (line.is_across, is_alone) {
            (true, true) if line.region.rows[0] > self.bottom => 0.8,
            (true, true) => 1.1,
            (true, false) if is_thin => 1.1,
            (true, false) => 2.0,
            (false, true) => 1.5,
            (false, false) if is_thin => 1.5,
            (false, false) if line.spans(mask) => 2.5,
            (false, false) => f32::INFINITY,
        };
        line.length as f32 >= times * self.height as f32
    }
}

impl Line {
    /// Whether it goes from one edge of the picture to the other.
    fn spans(&self, mask: &Mask) -> bool {
        let side = if self.is_across { mask.width } else { mask.height };
        self.length + 2 + side / 50 >= side
    }
}

/// Whether lines close a frame around a digit.
fn is_frame(region: &Region, lines: &[&Line], digits: &Digits) -> bool {
    let thickest = lines.iter().map(|line| line.thickness).max().unwrap_or(0);
    let slack = 2 * thickest + region.width().max(region.height()) / 20;
    let is_near = |a: usize, b: usize| a.abs_diff(b) <= slack;
    let mut corners = [false; 4];
    for line in lines.iter().filter(|line| is_side(line, region)) {
        let (place, [first, last], at) =
            if line.is_across { (line.region.rows, region.rows, 0) } else { (line.region.columns, region.columns, 2) };
        corners[at] |= is_near(place[0], first);
        corners[at + 1] |= is_near(place[1], last);
    }
    let is_inside = |digit: &Region| {
        digit.columns[0] > region.columns[0]
            && digit.columns[1] < region.columns[1]
            && digit.rows[0] > region.rows[0]
            && digit.rows[1] < region.rows[1]
    };
    corners == [true; 4]
        && digits.regions.iter().any(|digit| digit.height() >= (DIGITS * thickest).max(8) && is_inside(digit))
}

/// Whether a line is as long as its region of ink.
fn is_side(line: &Line, region: &Region) -> bool {
    let side = if line.is_across { region.width() } else { region.height() };
    5 * line.length >= 4 * side
}

/// All lines across and down.
fn lines(mask: &Mask) -> Vec<Line> {
    let turned = mask.transposed();
    let across = lines_down(&turned).into_iter().map(|Line { region, length, thickness, .. }| {
        let pixels = region.pixels.iter().map(|at| at % turned.width * mask.width + at / turned.width).collect();
        Line {
            region: Region { pixels, columns: region.rows, rows: region.columns },
            length,
            thickness,
            is_across: true,
        }
    });
    lines_down(mask).into_iter().chain(across).collect()
}

fn lines_down(mask: &Mask) -> Vec<Line> {
    let [down, up] = [swept(mask, 0..mask.height), swept(mask, (0..mask.height).rev())];
    let lengths: Vec<usize> = down.iter().zip(&up).map(|(down, up)| usize::from(down + up).saturating_sub(1)).collect();
    let thickness = thickness(mask);
    let is_line = |at: usize| lengths[at] >= SHORTEST.max(SLIM * thickness[at]) && mask.inked[at];
    let slim = Mask { inked: (0..lengths.len()).map(is_line).collect(), ..*mask };
    let line = |mut region: Region| {
        let rows = |region: &Region| region.pixels.iter().map(|at| 1.0 / thickness[*at] as f32).sum::<f32>();
        let even = even_thickness(region.pixels.iter().map(|at| thickness[*at]).collect());
        let all = rows(&region);
        region.pixels.retain(|at| 2 * thickness[*at] <= 3 * even + 2);
        let length = region.pixels.iter().map(|at| lengths[*at]).max().unwrap_or(0);
        let is_even = 2.0 * rows(&region) >= all || length + 2 + mask.height / 50 >= mask.height;
        is_even.then_some(Line { region, length, thickness: even, is_across: false })
    };
    slim.regions().into_iter().filter_map(line).collect()
}

/// The thickness of a line of whose pixels these are the thicknesses, which a fifth of its rows do not reach: the others may
/// be on what it goes through.
fn even_thickness(mut thicknesses: Vec<usize>) -> usize {
    thicknesses.sort_unstable();
    let rows = |thickness: &usize| 1.0 / *thickness as f32;
    let mut left = 0.2 * thicknesses.iter().map(rows).sum::<f32>();
    let reaches = |thickness: &&usize| {
        left -= rows(thickness);
        left <= 0.0
    };
    thicknesses.iter().find(reaches).copied().unwrap_or(1)
}

/// How many pixels of ink the longest line has that ends in each pixel, going through the `rows` in their order.
fn swept(mask: &Mask, rows: impl Iterator<Item = usize>) -> Vec<u16> {
    let mut lengths = vec![0; mask.inked.len()];
    // The length, and how long it has gone straight on.
    let mut before = vec![(0u16, 0u8); mask.width + 2];
    let mut here = before.clone();
    for y in rows {
        for x in 0..mask.width {
            let at = y * mask.width + x;
            here[x + 1] = if mask.inked[at] {
                let (length, straight) = before[x + 1];
                let mut best = (length + 1, straight.saturating_add(1));
                for (length, straight) in [before[x], before[x + 2]] {
                    if straight >= STRAIGHT && length + 1 > best.0 {
                        best = (length + 1, 0);
                    }
                }
                best
            } else {
                (0, 0)
            };
            lengths[at] = here[x + 1].0;
        }
        std::mem::swap(&mut before, &mut here);
    }
    lengths
}

/// How many pixels of ink there are in a row, for each of them.
fn thickness(mask: &Mask) -> Vec<usize> {
    let mut thickness = Vec::with_capacity(mask.inked.len());
    for row in mask.inked.chunks_exact(mask.width) {
        for run in row.chunk_by(|a, b| a == b) {
            thickness.extend(std::iter::repeat_n(run.len(), run.len()));
        }
    }
    thickness
}

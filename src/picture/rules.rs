//! Rules, frames, underlines and edges of sheets: long straight lines of even thickness, which are no ink of a digit's. A 7's
//! bar, a 1's foot and a 4's corner are lines, too, but no longer than digits are high.

use std::cmp::Reverse;

use super::ink::Ink;
use super::light;
use super::mask::{self, Mask, Region};

/// Ink of which there is less than this share is pale.
const PALE: f32 = 0.3;
/// A line is at least so many pixels long, ...
const SHORTEST: usize = 12;
/// ... so many times as long as it is thick, ...
const SLIM: usize = 5;
/// ... at most so many strokes thick, ...
const THICK: f32 = 1.5;
/// Blurred edges make a line wider, in pixels.
const EDGES: f32 = 2.0;
/// ... and has this share of its length at least: ink crosses it, and it may be broken.
const WHOLE: f32 = 0.5;
/// It goes on behind a gap of so many strokes, ...
const GAP: f32 = 3.0;
/// ... no further to the side than this, in pixels, and than this for each pixel of the gap.
const ASIDE: f32 = 1.5;
const ASIDE_EACH: f32 = 0.2;
/// Where digits are found by what is left without lines, those are so many times as long as digits are high.
const LONG: f32 = 1.35;
/// Lines are no digits' if they lead from one line to another and are so many times as long as digits are high, ...
const LONG_SIDE: f32 = 1.1;
/// ... stand alone, as a 1 does, and are so many times as long, ...
const LONG_ALONE: f32 = 1.8;
/// ... or go across other ink and are so many times as long.
const LONG_ACROSS: f32 = 2.0;
/// Where digits are only seen in what hangs together with lines, those are longer: a 7 without its stem is a low bar.
const LONG_UNSURE: f32 = 6.0;
/// How high digits are is so high as this share of the ink is at most, ...
const TYPICAL: f32 = 0.75;
/// ... if this share of all ink at least is no line.
const LEFT: f32 = 0.35;
/// Ink that hangs together with no line says more, if it is this share of all.
const APART: f32 = 0.15;

/// A straight line across the picture or down.
struct Line {
    /// Its pixels but for those where something crosses it.
    pixels: Vec<usize>,
    /// With what crosses it.
    length: usize,
    thickness: f32,
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
    let mut ink = darkened(ink);
    let mut mask = Mask::of(&ink);
    clear(&mut ink, &mut mask, |_, mask| around(mask));
    clear(&mut ink, &mut mask, |ink, mask| crossed(mask, ink.stroke_width() / mask::cell(ink) as f32));
    clear(&mut ink, &mut mask, |_, mask| around(mask));
    ink
}

/// Takes away the ink of the pixels of the mask that are found.
fn clear(ink: &mut Ink, mask: &mut Mask, find: impl Fn(&Ink, &Mask) -> Vec<usize>) {
    let pixels = find(ink, mask);
    let (cell, width) = (mask::cell(ink), ink.width);
    for at in pixels {
        mask.inked[at] = false;
        let [left, top] = [at % mask.width * cell, at / mask.width * cell];
        for y in top..(top + cell).min(ink.height) {
            ink.amounts[y * width..][left..(left + cell).min(width)].fill(0.0);
        }
    }
}

/// The pixels of rules, and of what they leave where they cross.
fn crossed(mask: &Mask, stroke: f32) -> Vec<usize> {
    let rules = rules(mask, stroke);
    let thickest = rules.iter().map(|rule| rule.thickness.ceil() as usize).max().unwrap_or(0);
    let mut pixels: Vec<usize> = rules.into_iter().flat_map(|rule| rule.pixels).collect();
    let mut gone = vec![false; mask.inked.len()];
    pixels.iter().for_each(|at| gone[*at] = true);
    let kept = mask.without(pixels.iter().copied());
    pixels.extend(knots(&kept, &kept.regions(), &gone, thickest).iter().flat_map(|region| &region.pixels));
    pixels
}

/// The lines that are no digit's, where strokes are `stroke` pixels wide: those that are too long for what is left without them.
fn rules(mask: &Mask, stroke: f32) -> Vec<Line> {
    let mut lines = lines(mask, stroke);
    lines.sort_by_key(|line| Reverse(line.length));
    let regions = mask.regions();
    let mut place = vec![0; mask.inked.len()];
    regions.iter().enumerate().for_each(|(number, region)| region.pixels.iter().for_each(|at| place[*at] = number));
    let (mut count, mut digits) = (0, None);
    while let Some(longest) = lines.get(count) {
        let least = longest.length * 4 / 5;
        count = lines.partition_point(|line| line.length >= least);
        let Some(found) = digits_without(mask, &regions, &place, &lines[..count]) else { break };
        let times = if found.are_apart {
            if lines[..count].iter().all(|line| line.is_across) { LONG_SIDE } else { LONG }
        } else if lines[..count].iter().all(|line| line.spans(mask)) {
            LONG_ACROSS
        } else {
            LONG_UNSURE
        };
        if times * found.height <= lines[count - 1].length as f32 {
            digits = Some(found);
        }
    }
    let Some(Digits { height, are_apart }) = digits else { return Vec::new() };
    // What of a region is long lines, and where those are that go down, and across.
    let mut long = vec![0; regions.len()];
    let mut is_long = [0, 1].map(|_| vec![false; mask.inked.len()]);
    for line in lines.iter().filter(|line| line.length as f32 >= LONG_SIDE * height) {
        long[place[line.pixels[0]]] += line.pixels.len();
        line.pixels.iter().for_each(|at| is_long[usize::from(line.is_across)][*at] = true);
    }
    let is_alone = |line: &Line| {
        let place = place[line.pixels[0]];
        are_apart && 20 * regions[place].pixels.len() < 23 * long[place]
    };
    let is_rule = |line: &Line| {
        let (reach, others) = (line.thickness as usize + 3, &is_long[usize::from(!line.is_across)]);
        let mut ends = [line.pixels[0], line.pixels[line.pixels.len() - 1]].into_iter();
        let times = if ends.all(|end| mask.within(end, reach).any(|at| others[at])) {
            LONG_SIDE
        } else if is_alone(line) {
            if line.is_across { LONG_SIDE } else { LONG_ALONE }
        } else if line.is_across {
            if are_apart || line.spans(mask) { LONG_ACROSS } else { LONG_UNSURE }
        } else if line.spans(mask) {
            LONG_ALONE
        } else {
            f32::INFINITY
        };
        line.length as f32 >= times * height
    };
    lines.into_iter().filter(is_rule).collect()
}

impl Line {
    /// Whether it goes from one edge of the picture to the other.
    fn spans(&self, mask: &Mask) -> bool {
        10 * self.length >= 9 * if self.is_across { mask.width } else { mask.height }
    }
}

/// What is left beside lines.
struct Digits {
    height: f32,
    /// Whether they are seen in ink that hangs together with no line, and there is much of it.
    are_apart: bool,
}

/// How high digits are if these lines are none of theirs: by the ink that hangs together with no line, or if that is little by
/// what is left of all; `None` where that is little, too.
fn digits_without(mask: &Mask, regions: &[Region], place: &[usize], lines: &[Line]) -> Option<Digits> {
    let mut is_crossed = vec![false; regions.len()];
    lines.iter().for_each(|line| is_crossed[place[line.pixels[0]]] = true);
    let pixels = |regions: &[&Region]| regions.iter().map(|region| region.pixels.len()).sum::<usize>() as f32;
    let all = pixels(&regions.iter().collect::<Vec<_>>());
    let left = all - lines.iter().map(|line| line.pixels.len()).sum::<usize>() as f32;
    let apart: Vec<&Region> = regions.iter().zip(is_crossed).filter(|(_, is)| !is).map(|(region, _)| region).collect();
    if pixels(&apart) >= APART * all {
        return typical(apart.into_iter()).map(|height| Digits { height, are_apart: true });
    }
    let rest = mask.without(lines.iter().flat_map(|line| line.pixels.iter().copied())).regions();
    typical(rest.iter()).filter(|_| left >= LEFT * all).map(|height| Digits { height, are_apart: false })
}

/// The height that most of the ink is in regions below; `None` where there is nothing as large as a digit.
fn typical<'a>(regions: impl Iterator<Item = &'a Region>) -> Option<f32> {
    let mut sizes: Vec<(usize, usize)> = regions.map(|region| (region.height(), region.pixels.len())).collect();
    sizes.sort_unstable();
    let all: usize = sizes.iter().map(|(_, pixels)| pixels).sum();
    let mut below = 0;
    let reaches = |(_, pixels): &&(usize, usize)| {
        below += pixels;
        below as f32 >= TYPICAL * all as f32
    };
    sizes.iter().find(reaches).map(|(height, _)| *height as f32).filter(|height| *height >= 8.0)
}

/// What rules leave where they cross: no larger than they are thick, and beside what is gone.
fn knots<'a>(mask: &Mask, regions: &'a [Region], gone: &[bool], thickest: usize) -> Vec<&'a Region> {
    let is_beside = |region: &Region| {
        let mut near = region.pixels.iter().flat_map(|at| mask.within(*at, 1));
        near.any(|at| gone[at])
    };
    let is_small = |region: &&Region| region.width().max(region.height()) <= 2 * thickest + 2;
    regions.iter().filter(is_small).filter(|region| is_beside(region)).collect()
}

/// What lies along the picture's border, which is no digit if there is something else that may be one.
fn around(mask: &Mask) -> Vec<usize> {
    let [right, bottom] = [mask.width - 1, mask.height - 1];
    let is_there = |at: &&usize| [0, right].contains(&(*at % mask.width)) || [0, bottom].contains(&(*at / mask.width));
    let on_border = |region: &Region| region.pixels.iter().filter(is_there).count();
    let is_along = |region: &Region| 10 * on_border(region) >= 7 * region.width().max(region.height());
    let (along, others): (Vec<Region>, Vec<Region>) = mask.regions().into_iter().partition(is_along);
    let tallest = others.iter().map(Region::height).max().unwrap_or(0);
    let is_digit = tallest >= 8 && 10 * tallest >= right.min(bottom);
    along.into_iter().filter(|_| is_digit).flat_map(|region| region.pixels).collect()
}

/// All lines across and down.
fn lines(mask: &Mask, stroke: f32) -> Vec<Line> {
    let turned = mask.transposed();
    let across = lines_down(&turned, stroke).into_iter().map(|mut line| {
        line.pixels.iter_mut().for_each(|at| *at = *at % turned.width * mask.width + *at / turned.width);
        Line { is_across: true, ..line }
    });
    lines_down(mask, stroke).into_iter().chain(across).collect()
}

/// A line that may go on.
struct Track {
    /// Where its middle is in the last row that it has.
    x: f32,
    /// How far it goes aside from row to row.
    slope: f32,
    first: usize,
    last: usize,
    pixels: Vec<usize>,
    rows: usize,
}

impl Track {
    fn thickness(&self) -> f32 {
        self.pixels.len() as f32 / self.rows as f32
    }

    /// Which of the runs of a row, which are sorted, it goes on with.
    fn next(&self, y: usize, runs: &[[usize; 2]], is_taken: &[bool]) -> Option<usize> {
        let (rows, thickness) = ((y - self.last) as f32, self.thickness());
        let (x, room) = (self.x + rows * self.slope, ASIDE + ASIDE_EACH * (rows - 1.0));
        let is_like = |run: &[usize; 2]| {
            let width = (run[1] - run[0]) as f32;
            width <= 2.0 * thickness + 1.0 && thickness <= 2.0 * width + 1.0
        };
        let distance = |at: &usize| (middle(runs[*at]) - x).abs();
        let near = runs.partition_point(|run| middle(*run) < x - room)..runs.len();
        let near = near.take_while(|at| middle(runs[*at]) <= x + room);
        let free = near.filter(|at| !is_taken[*at] && is_like(&runs[*at]));
        free.min_by(|a, b| distance(a).total_cmp(&distance(b)))
    }

    fn go_on(&mut self, y: usize, columns: [usize; 2], width: usize) {
        let rows = (y - self.last) as f32;
        let x = middle(columns);
        self.slope += ((x - self.x) / rows - self.slope) * 0.1;
        self.x = x;
        self.last = y;
        self.rows += 1;
        self.pixels.extend((columns[0]..columns[1]).map(|x| y * width + x));
    }

    fn line(self) -> Option<Line> {
        let (length, thickness) = (self.last - self.first + 1, self.thickness());
        let is_long = length >= SHORTEST && length as f32 >= SLIM as f32 * thickness;
        let is_whole = self.rows as f32 >= WHOLE * length as f32;
        if !is_long || !is_whole {
            return None;
        }
        Some(Line { length, thickness, pixels: self.pixels, is_across: false })
    }
}

fn middle([from, to]: [usize; 2]) -> f32 {
    (from + to) as f32 / 2.0
}

/// All lines down, followed from row to row.
fn lines_down(mask: &Mask, stroke: f32) -> Vec<Line> {
    let thickest = (THICK * stroke + EDGES) as usize;
    let gap = (GAP * stroke) as usize + 3;
    let mut open: Vec<Track> = Vec::new();
    let mut lines = Vec::new();
    for (y, row) in mask.inked.chunks_exact(mask.width).enumerate() {
        let mut x = 0;
        let runs = row.chunk_by(|a, b| a == b).filter_map(|run| {
            x += run.len();
            (run[0] && run.len() <= thickest).then_some([x - run.len(), x])
        });
        let runs: Vec<[usize; 2]> = runs.collect();
        let mut is_taken = vec![false; runs.len()];
        // The oldest first.
        for track in &mut open {
            if let Some(at) = track.next(y, &runs, &is_taken) {
                is_taken[at] = true;
                track.go_on(y, runs[at], mask.width);
            }
        }
        let (ended, going): (Vec<Track>, Vec<Track>) =
            open.into_iter().partition(|track| y - track.last > gap.max(track.rows / 2));
        lines.extend(ended.into_iter().filter_map(Track::line));
        open = going;
        open.extend(runs.into_iter().zip(is_taken).filter(|(_, is_taken)| !is_taken).map(|(run, _)| {
            let pixels = (run[0]..run[1]).map(|x| y * mask.width + x).collect();
            Track { x: middle(run), slope: 0.0, first: y, last: y, pixels, rows: 1 }
        }));
    }
    lines.extend(open.into_iter().filter_map(Track::line));
    lines
}

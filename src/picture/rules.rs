//! Rules, frames, underlines and edges of sheets: long straight lines of even thickness, which are no ink of a digit's. A 7's
//! bar, a 1's foot and a 4's corner are lines, too, but no longer than digits are high.

use std::cmp::Reverse;
use std::collections::HashSet;
use std::mem;

use super::bounds::Bounds;
use super::frames;
use super::ink::Ink;
use super::lines::{Line, lines};
use super::mask::{self, Mask};
use super::morphology::filtered;
use super::parts::Part;
use super::regions::Regions;

/// Ink of which there is less than this share is pale.
const PALE: f32 = 0.3;
/// Where digits are found by what is left without lines, those are so many times as long as digits are high.
const LONG: f32 = 1.35;
/// Lines are no digits' if they lead from one line to another and are so many times as long as digits are high, ...
const LONG_SIDE: f32 = 1.1;
/// ... stand alone, as a 1 does, and are so many times as long, ...
const LONG_ALONE: f32 = 1.8;
/// ... go from edge to edge of the picture and are so many times as long, ...
const LONG_SPANNING: f32 = 2.0;
/// ... or go across other ink and are so many times as long, which the bars of three 7s that touch are not.
const LONG_ACROSS: f32 = 2.6;
/// Above or beside each other there are digits that are at least so high, and at most, as a share of how high most are, ...
const LEAST_STROKE: f32 = 0.7;
const MOST_STROKE: f32 = 1.6;
/// ... with more room between them than this share, ...
const ROOM: f32 = 0.12;
/// ... and that are no frames, which have ink in each corner, within this share of their shorter side.
const CORNER: f32 = 0.1;
/// Where digits are only seen in what hangs together with lines, those are longer: a 7 without its stem is a low bar.
const LONG_UNSURE: f32 = 6.0;
/// How high digits are is so high as this share of the ink is at most, ...
const TYPICAL: f32 = 0.75;
/// ... if this share of all ink at least is no line.
const LEFT: f32 = 0.35;
/// Ink that hangs together with no line says more, if it is this share of all.
const APART: f32 = 0.15;
/// What is so many times as wide as it is high is a bar, ...
const BAR: u32 = 4;
/// ... which says nothing of how high digits are where one digit has this share of all ink: a 7 without its stem is a bar.
const ONE: f32 = 0.9;

/// An underline is so many times as wide as it is high, ...
const FLAT: u32 = 5;
/// ... as wide as this share of the height of the digit above it, ...
const UNDER: f32 = 0.7;
/// ... this many times as wide as that, which the foot of a 2 that broke off is not, ...
const BEYOND: f32 = 1.1;
/// ... and no further below it than this share of its height.
const BELOW: f32 = 0.6;

/// The ink without what is pale, such as the rules of paper, but for what is beside ink to the full, within a stroke's width.
fn darkened(mut ink: Ink) -> Ink {
    let reach = (ink.stroke_width().ceil() as usize).clamp(2, 64);
    let amounts: Vec<u8> = ink.amounts.iter().map(|amount| (255.0 * amount) as u8).collect();
    let near = filtered(&amounts, [ink.width, ink.height], reach, u8::max);
    let is_pale = |near: u8| f32::from(near) < 255.0 * PALE;
    ink.amounts.iter_mut().zip(near).filter(|(_, near)| is_pale(*near)).for_each(|(amount, _)| *amount = 0.0);
    ink
}

/// Why ink is no digit's.
pub(super) enum Why {
    Pale,
    Around,
    Rule,
}

/// The ink without rules, and without what lies around a sheet. `tell` is shown what each step leaves.
pub(super) fn removed(mut ink: Ink, mut tell: impl FnMut(Why, &Ink)) -> Ink {
    let dark = darkened(ink.clone());
    tell(Why::Pale, &dark);
    let mut mask = Mask::of(&dark);
    clear(&mut ink, &mut mask, |_, mask| around(mask));
    tell(Why::Around, &ink);
    let crossed = |ink: &Ink, mask: &Mask| crossed(mask, ink.stroke_width() / mask::cell(ink) as f32);
    // Rules that are pale in part are seen to their ends only while they are whole.
    let mut mask = Mask::of(&ink);
    clear(&mut ink, &mut mask, crossed);
    tell(Why::Rule, &ink);
    ink = darkened(ink);
    tell(Why::Pale, &ink);
    let mut mask = Mask::of(&ink);
    clear(&mut ink, &mut mask, |_, mask| around(mask));
    tell(Why::Around, &ink);
    clear(&mut ink, &mut mask, crossed);
    clear(&mut ink, &mut mask, |_, mask| underlines(mask));
    tell(Why::Rule, &ink);
    clear(&mut ink, &mut mask, |_, mask| around(mask));
    tell(Why::Around, &ink);
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

/// The pixels of rules, and of what they leave: no larger than they are thick beside what is gone, where they cross, and what
/// lies on their way.
fn crossed(mask: &Mask, stroke: f32) -> Vec<usize> {
    let regions = Regions::of(mask);
    let rules = rules(mask, &regions, stroke);
    let thickest = rules.iter().map(|rule| rule.thickness.ceil() as u32).max().unwrap_or(0);
    let mut pixels: Vec<usize> = rules.iter().flat_map(|rule| rule.pixels.iter().copied()).collect();
    pixels.extend(frames::around_digits(mask, &regions));
    let kept = mask.without(pixels.iter().copied());
    let is_gone = |at: usize| mask.inked[at] && !kept.inked[at];
    let is_beside = |part: &Part| part.pixels(mask.width).flat_map(|at| mask.within(at, 1)).any(is_gone);
    let is_small = |part: &Part| part.bounds.width.max(part.bounds.height) <= 2 * thickest + 2;
    let is_left = |part: &Part| (is_small(part) && is_beside(part)) || frames::is_on(mask, &rules, part);
    for part in kept.parts().into_iter().filter(is_left) {
        pixels.extend(part.pixels(mask.width));
    }
    pixels
}

/// The pixels of short lines below a digit each, which touch nothing.
fn underlines(mask: &Mask) -> Vec<usize> {
    let Regions { parts, place } = Regions::of(mask);
    let is_underline = |part: &&Part| {
        let Bounds { x, y, width, height } = part.bounds;
        if width < FLAT * height {
            return false;
        }
        // No two of them pass the same pixels.
        let found = |row: u32| {
            let start = row as usize * mask.width + x as usize;
            (start..start + width as usize).find(|at| mask.inked[*at])
        };
        let Some((gap, above)) = (1..=y.min(width)).find_map(|gap| Some((gap, &parts[place[found(y - gap)?]]))) else {
            return false;
        };
        let [across, high] = [above.bounds.width, above.bounds.height].map(|side| side as f32);
        let is_below =
            (x..x + width).contains(&(above.bounds.x + above.bounds.width / 2)) && above.bounds.height > width / 2;
        let is_wide = width as f32 >= (UNDER * high).max(BEYOND * across);
        let mut rows = y + height..(y + height + gap).min(mask.height as u32);
        is_below && is_wide && gap as f32 <= BELOW * high && rows.all(|row| found(row).is_none())
    };
    parts.iter().filter(is_underline).flat_map(|part| part.pixels(mask.width)).collect()
}

/// The lines that are no digit's, where strokes are `stroke` pixels wide: those that are too long for what is left without them.
fn rules(mask: &Mask, regions: &Regions, stroke: f32) -> Vec<Line> {
    let mut lines = lines(mask, stroke);
    lines.sort_by_key(|line| Reverse(line.length));
    let Some(Digits { height, are_apart }) = digits(mask, regions, &lines) else { return Vec::new() };
    let straight = Straight::of(mask, regions, &lines, height);
    let is_rule = |line: &Line| {
        let (reach, others) = (line.thickness as usize + 3, &straight.is_long[usize::from(!line.is_across)]);
        let mut ends = [line.pixels[0], line.pixels[line.pixels.len() - 1]].into_iter();
        let times = if ends.all(|end| mask.within(end, reach).any(|at| others[at])) {
            LONG_SIDE
        } else if are_apart && straight.is_alone(line) {
            if line.is_across { LONG_SIDE } else { LONG_ALONE }
        } else if line.spans(mask) {
            if line.is_across { LONG_SPANNING } else { LONG_ALONE }
        } else if line.is_across {
            if are_apart { LONG_ACROSS } else { LONG_UNSURE }
        } else {
            f32::INFINITY
        };
        line.length as f32 >= times * height && !straight.are_strokes(line)
    };
    let (mut rules, others): (Vec<Line>, Vec<Line>) = lines.into_iter().partition(is_rule);
    let joined = frames::joined(mask, &rules, others, height);
    rules.extend(joined);
    rules
}

/// What of the regions is lines that may be no digit's, where digits are `height` pixels high.
struct Straight<'a> {
    mask: &'a Mask,
    regions: &'a Regions,
    height: f32,
    /// Which pixels are in long lines down, and across.
    is_long: [Vec<bool>; 2],
    /// How many of those each region has.
    long: [Vec<usize>; 2],
}

impl<'a> Straight<'a> {
    fn of(mask: &'a Mask, regions: &'a Regions, lines: &[Line], height: f32) -> Straight<'a> {
        let mut is_long = [0, 1].map(|_| vec![false; mask.inked.len()]);
        let mut long = [0, 1].map(|_| vec![0; regions.parts.len()]);
        for line in lines.iter().filter(|line| line.length as f32 >= LONG_SIDE * height) {
            let way = usize::from(line.is_across);
            for at in &line.pixels {
                if !mem::replace(&mut is_long[way][*at], true) {
                    long[way][regions.place[*at]] += 1;
                }
            }
        }
        Straight { mask, regions, height, is_long, long }
    }

    /// Whether the region where it begins is little else than long lines.
    fn is_alone(&self, line: &Line) -> bool {
        let place = self.regions.place(line);
        20 * (self.regions.parts[place].mass as usize) < 23 * (self.long[0][place] + self.long[1][place])
    }

    /// Whether a line is strokes of digits above or beside each other, which follow each other behind the room between those.
    fn are_strokes(&self, line: &Line) -> bool {
        let own: Vec<&[usize]> =
            line.pixels.chunk_by(|a, b| self.regions.place[*a] == self.regions.place[*b]).collect();
        let is_digit = |own: &&[usize]| {
            let place = self.regions.place[own[0]];
            let Bounds { width, height, .. } = self.regions.parts[place].bounds;
            let [across, high] = [width, height].map(|side| side as f32 / self.height);
            // Several digits that touch have bars that meet.
            let bar = own.len() as f32 / line.thickness / self.height;
            let is_slim = across < MOST_STROKE || (line.is_across && bar < LONG_ACROSS);
            is_slim && (LEAST_STROKE..MOST_STROKE).contains(&high) && !self.is_frame(place, line, own.len())
        };
        let room = |pair: &[&[usize]]| {
            let [before, behind] = [0, 1].map(|at| self.regions.sides(self.regions.place[pair[at][0]], line));
            behind[0] as f32 - before[1] as f32
        };
        own.len() > 1 && own.iter().all(is_digit) && own.windows(2).all(|pair| room(pair) > ROOM * self.height)
    }

    /// Whether a region is a frame, of which a line, that has `own` pixels of it, is one side.
    fn is_frame(&self, place: usize, line: &Line, own: usize) -> bool {
        2 * self.long[usize::from(line.is_across)][place] >= 3 * own
            && self.regions.has_corners(self.mask, place, CORNER)
    }
}

/// What is left beside lines.
struct Digits {
    height: f32,
    /// Whether they are seen in ink that hangs together with no line, and there is much of it.
    are_apart: bool,
}

/// What is left beside as many of the lines, which are sorted, the longest first, as are too long for it.
fn digits(mask: &Mask, regions: &Regions, lines: &[Line]) -> Option<Digits> {
    let (mut count, mut digits) = (0, None);
    while let Some(longest) = lines.get(count) {
        let least = longest.length * 4 / 5;
        count = lines.partition_point(|line| line.length >= least);
        let longest = &lines[..count];
        let Some(found) = digits_without(mask, regions, longest) else { break };
        let times = if found.are_apart {
            if longest.iter().all(|line| line.is_across) { LONG_SIDE } else { LONG }
        } else if longest.iter().all(|line| line.spans(mask)) {
            LONG_SPANNING
        } else {
            LONG_UNSURE
        };
        if times * found.height <= longest[count - 1].length as f32 {
            digits = Some(found);
        }
    }
    digits
}

/// How high digits are if these lines are none of theirs: by the ink that hangs together with no line, or if that is little by
/// what is left of all; `None` where that is little, too.
fn digits_without(mask: &Mask, regions: &Regions, lines: &[Line]) -> Option<Digits> {
    let crossed: HashSet<usize> = lines.iter().flat_map(|line| regions.led_through(line)).collect();
    let apart = || regions.parts.iter().enumerate().filter(|(at, _)| !crossed.contains(at)).map(|(_, part)| part);
    let all: f32 = regions.parts.iter().map(|part| part.mass).sum();
    if apart().map(|part| part.mass).sum::<f32>() >= APART * all {
        return typical(apart()).map(|part| Digits { height: part.bounds.height as f32, are_apart: true });
    }
    let left = all - lines.iter().map(|line| line.pixels.len()).sum::<usize>() as f32;
    if left < LEFT * all && !frames::is_grid(mask, lines) {
        return None;
    }
    let rest = mask.without(lines.iter().flat_map(|line| line.pixels.iter().copied())).parts();
    let is_one = regions.parts.iter().any(|part| part.mass >= ONE * all);
    let Bounds { width, height, .. } = typical(rest.iter())?.bounds;
    (!is_one || width < BAR * height).then_some(Digits { height: height as f32, are_apart: false })
}

/// The part in whose height and below most of the ink is; `None` where that is not as large as a digit.
fn typical<'a>(parts: impl Iterator<Item = &'a Part>) -> Option<&'a Part> {
    let mut parts: Vec<&Part> = parts.collect();
    parts.sort_unstable_by_key(|part| (part.bounds.height, part.mass as usize));
    let all: usize = parts.iter().map(|part| part.mass as usize).sum();
    let mut below = 0;
    let reaches = |part: &&Part| {
        below += part.mass as usize;
        below as f32 >= TYPICAL * all as f32
    };
    parts.into_iter().find(reaches).filter(|part| part.bounds.height >= 8)
}

/// What lies along the picture's border, which is no digit if there is something else that may be one.
fn around(mask: &Mask) -> Vec<usize> {
    let size = [mask.width, mask.height];
    let (along, others): (Vec<Part>, Vec<Part>) = mask.parts().into_iter().partition(|part| part.is_along_border(size));
    let tallest = others.iter().map(|part| part.bounds.height as usize).max().unwrap_or(0);
    if tallest < 8 || 10 * tallest < size[0].min(size[1]) - 1 {
        return Vec::new();
    }
    along.iter().flat_map(|part| part.pixels(mask.width)).collect()
}

//! Where everything stands: the picture in whole multiples of its pixels, with room around it for what is written above and
//! beside its digits.

use image::GrayImage;

use super::canvas::{Canvas, Rect, WHITE, mixed, width};
use super::{BOX, NO_DIGIT, SHADE, WORDS, colour};
use crate::network::{Classes, Judgement, best};
use crate::picture::{Digit, Fate, Trace};

/// The longer side is at least so many pixels long, ...
const LEAST_SIDE: u32 = 800;
/// ... and digits are at least so high, ...
const LEAST_DIGIT: u32 = 64;
/// ... but not if the longer side became longer than this.
const GREATEST_SIDE: u32 = 3200;
/// What is less wide has room for the legend.
const NARROWEST: u32 = 480;
/// How large is written what a digit is: a share of its height, but from the least to the greatest share of the longer side.
const LETTER: f32 = 0.4;
const LETTERS: [f32; 2] = [1.0 / 50.0, 1.0 / 20.0];
/// How large is written how sure that is, as a share of it, ...
const PERCENTAGE: f32 = 0.62;
/// ... how high a line of both is with what is around it, ...
const HIGH: f32 = 1.3;
/// ... how far letters reach below their feet, ...
const DESCENT: f32 = 0.2;
/// ... and how small they become where digits stand close to each other: smaller words cover each other rather than vanish.
const SMALLEST: f32 = 0.5;
/// So much of the picture is seen behind the colours, ...
const PALE: f32 = 0.3;
/// ... and so much of its colour has paper that is taken for entirely dark.
const SHADED: f32 = 0.8;
/// How much of its colour paper has that was turned.
const TURNED: f32 = 0.5;
/// So much ink has its colour to the full.
const FULL: f32 = 0.3;
/// How much of what is below it is hidden behind words, and behind what ties digits together.
const BEHIND_WORDS: f32 = 0.75;
const TIE: f32 = 0.5;

pub(super) struct Page {
    pub scale: u32,
    pub corner: [u32; 2],
    /// The picture's, `scale` times as large.
    size: [u32; 2],
    /// How large is written what a digit is, in pixels.
    letter: f32,
    /// Whether lines are numbered: there are several.
    has_lines: bool,
}

impl Page {
    pub fn of(picture: &GrayImage, digits: &[(Digit, Judgement)]) -> Page {
        let longer = picture.width().max(picture.height()).max(1);
        let mut heights: Vec<u32> = digits.iter().map(|(digit, _)| digit.bounds.height).collect();
        heights.sort_unstable();
        let height = heights.get(heights.len() / 2).copied().unwrap_or(longer).max(1);
        let wanted = LEAST_SIDE.div_ceil(longer).max(LEAST_DIGIT.div_ceil(height).min(GREATEST_SIDE / longer));
        let scale = wanted.max(1);
        let size = [picture.width(), picture.height()].map(|side| scale * side);
        let [least, greatest] = LETTERS.map(|share| share * (scale * longer) as f32);
        let letter = (LETTER * (scale * height) as f32).clamp(least, greatest);
        let has_lines = digits.iter().any(|(digit, _)| digit.line > 0);
        let left = if has_lines { 4.5 } else { 1.0 } * letter;
        let highest = digits.iter().map(|(digit, _)| digit.bounds.y).min().unwrap_or(u32::MAX);
        let top = (HIGH * letter - scale.saturating_mul(highest) as f32).max(letter / 2.0);
        Page { scale, corner: [left, top].map(|room| room as u32), size, letter, has_lines }
    }

    /// The canvas without the legend.
    pub fn size(&self) -> [u32; 2] {
        let right = self.letter as u32;
        let [width, height] = [0, 1].map(|axis| self.corner[axis] + self.size[axis]);
        [(width + right).max(NARROWEST), height]
    }

    /// Lays the picture down, pale, with the colours of what its pixels were taken for.
    pub fn lay(&self, canvas: &mut Canvas, picture: &GrayImage, trace: &Trace) {
        let width = picture.width() as usize;
        for (at, light) in picture.iter().enumerate() {
            let pale = mixed(WHITE, [*light; 3], PALE);
            let shade = trace.shade.as_ref().map_or(0.0, |shade| SHADED * shade[at]);
            let paper = mixed(pale, SHADE, shade);
            let share = if trace.fates[at] == Fate::Turned { TURNED } else { trace.amounts[at] / FULL };
            let colour = colour(trace.fates[at]).map_or(paper, |ink| mixed(paper, ink, share));
            let [x, y] = self.place([at % width, at / width].map(|at| at as u32));
            let [width, height] = [i64::from(self.scale); 2];
            canvas.fill(Rect { x, y, width, height }, colour, 1.0);
        }
    }

    /// Marks each digit, and the lines that they stand in.
    pub fn mark(&self, canvas: &mut Canvas, digits: &[(Digit, Judgement)], classes: &Classes) {
        digits.chunk_by(|(a, _), (b, _)| a.line == b.line).for_each(|line| self.tie(canvas, line));
        (0..digits.len()).for_each(|at| self.frame(canvas, digits, at, classes));
    }

    /// Ties the digits of a line together.
    fn tie(&self, canvas: &mut Canvas, line: &[(Digit, Judgement)]) {
        let thick = self.thick();
        let boxes: Vec<Rect> = line.iter().map(|(digit, _)| self.bounds(digit)).collect();
        let middle = |at: &Rect| at.y + at.height / 2;
        if self.has_lines {
            let (first, size) = (boxes[0], PERCENTAGE * self.letter);
            let words = format!("line {}", line[0].0.line + 1);
            let x = i64::from(self.corner[0]) - (width(&words, size) + size / 2.0) as i64;
            let y = middle(&first);
            canvas.write([x, y - (size / 2.0) as i64], &words, size, WORDS);
            canvas.line([i64::from(self.corner[0]), y], [first.x, y], thick, BOX, TIE);
        }
        for pair in boxes.windows(2) {
            canvas.line([pair[0].x + pair[0].width, middle(&pair[0])], [pair[1].x, middle(&pair[1])], thick, BOX, TIE);
        }
    }

    /// Draws a box around a digit, and writes above it what it is.
    fn frame(&self, canvas: &mut Canvas, digits: &[(Digit, Judgement)], at: usize, classes: &Classes) {
        let (digit, Judgement { probabilities, is_digit }) = &digits[at];
        let (bounds, thick) = (self.bounds(digit), self.thick());
        let (colour, dash) = if *is_digit { (BOX, 0) } else { (NO_DIGIT, 4 * thick) };
        canvas.outline(bounds, thick, dash, colour);
        let letter = self.letter_at(digits, at);
        let words = words(probabilities, *is_digit, classes).map(|(words, share)| (words, share * letter));
        let wide: f32 = words.iter().map(|(words, size)| width(words, *size)).sum();
        let (top, mut x) = (bounds.y - thick - letter as i64, bounds.x + (bounds.width - wide as i64) / 2);
        canvas.fill(Rect { x, y: top, width: wide as i64, height: letter as i64 }, WHITE, BEHIND_WORDS);
        for (words, size) in words {
            let y = top + ((1.0 - DESCENT) * (letter - size)) as i64;
            canvas.write([x, y], &words, size, colour);
            x += width(&words, size) as i64;
        }
    }

    /// How large is written above a digit: so that it reaches no neighbour in the line, and nothing above.
    fn letter_at(&self, digits: &[(Digit, Judgement)], at: usize) -> f32 {
        let boxes = || digits.iter().map(|(digit, _)| (digit.line, self.bounds(digit)));
        let (line, own) = (digits[at].0.line, self.bounds(&digits[at].0));
        let middle = |of: &Rect| of.x + of.width / 2;
        let beside =
            boxes().filter(|(other, _)| *other == line).map(|(_, other)| (middle(&other) - middle(&own)).abs());
        let beside = beside.filter(|distance| *distance > 0).min().unwrap_or(i64::MAX);
        let is_over = |other: &Rect| other.y < own.y && other.x < own.x + own.width && own.x < other.x + other.width;
        let above = boxes().filter(|(other, _)| *other < line).map(|(_, other)| other).filter(is_over);
        let above = above.map(|other| own.y - other.y - other.height).min().unwrap_or(i64::MAX);
        let widest = width("0 ", 1.0) + width(" 100%", PERCENTAGE);
        (beside as f32 / widest).min(above as f32 / HIGH).clamp(SMALLEST * self.letter, self.letter)
    }

    fn thick(&self) -> i64 {
        (self.letter / 10.0).ceil() as i64
    }

    fn bounds(&self, digit: &Digit) -> Rect {
        let bounds = digit.bounds;
        let [x, y] = self.place([bounds.x, bounds.y]);
        let [width, height] = [bounds.width, bounds.height].map(|side| i64::from(self.scale * side));
        Rect { x, y, width, height }
    }

    /// Where a pixel of the picture is.
    fn place(&self, at: [u32; 2]) -> [i64; 2] {
        [0, 1].map(|axis| i64::from(self.corner[axis] + self.scale * at[axis]))
    }
}

/// What is written above a digit, and how large, as a share of the letter.
fn words(probabilities: &[f32], is_digit: bool, classes: &Classes) -> [(String, f32); 2] {
    let best = best(probabilities);
    match is_digit {
        true => [(classes.names()[best].clone(), 1.0), (format!(" {:.0}%", 100.0 * probabilities[best]), PERCENTAGE)],
        false => [(classes.none().into(), PERCENTAGE), (String::new(), PERCENTAGE)],
    }
}

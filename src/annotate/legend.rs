//! What the colours mean, and how the picture was taken, below it.

use super::canvas::{Canvas, Colour, Rect, width};
use super::{BOX, NO_DIGIT, SHADE, WORDS, colour};
use crate::network::Judgement;
use crate::picture::{Digit, Fate, Trace};

/// How large its words are: a share of the canvas' width, but at least so many pixels, ...
const LETTER: f32 = 1.0 / 62.0;
const LEAST: f32 = 15.0;
/// ... and how far its lines are from each other, as a share of it.
const LINE: f32 = 1.5;
/// Paper that is darker by less, as a share, has no colour that is seen.
const SEEN: f32 = 0.04;

/// How a sign is drawn.
#[derive(Clone, Copy)]
enum Sign {
    Filled,
    Outlined,
    Dashed,
}

type Item = (Sign, Colour, &'static str);

pub(super) struct Legend {
    sentence: String,
    /// Line by line.
    items: Vec<Vec<Item>>,
    letter: f32,
}

impl Legend {
    /// Of what there is, on a canvas of that width.
    pub fn of(trace: &Trace, digits: &[(Digit, Judgement)], width: u32) -> Legend {
        let letter = (LETTER * width as f32).max(LEAST);
        let mut items: Vec<Vec<Item>> = vec![Vec::new()];
        let mut right = letter;
        for item in items_of(trace, digits) {
            if right + wide(&item, letter) > width as f32 {
                items.push(Vec::new());
                right = letter;
            }
            right += wide(&item, letter);
            items.last_mut().expect("a line").push(item);
        }
        Legend { sentence: sentence(trace, digits), items, letter }
    }

    pub fn height(&self) -> u32 {
        (LINE * self.letter * (self.items.len() + 2) as f32) as u32
    }

    /// Writes it from `top` on.
    pub fn write(&self, canvas: &mut Canvas, top: u32) {
        let (letter, line) = (self.letter, LINE * self.letter);
        let left = letter as i64;
        let mut y = top as f32 + line / 2.0;
        canvas.write([left, y as i64], &self.sentence, letter, WORDS);
        for items in &self.items {
            y += line;
            let mut x = letter;
            for item in items {
                let (sign, colour, words) = *item;
                let [left, top, side, thick] = [x, y, 0.8 * letter, letter / 8.0].map(|at| at.round() as i64);
                let square = Rect { x: left, y: top, width: side, height: side };
                match sign {
                    Sign::Filled => canvas.fill(square, colour, 1.0),
                    Sign::Outlined => canvas.outline(square, thick, 0, colour),
                    Sign::Dashed => canvas.outline(square, thick, 2 * thick, colour),
                }
                canvas.write([(x + 1.4 * letter) as i64, y as i64], words, letter, WORDS);
                x += wide(item, letter);
            }
        }
    }
}

/// How wide an item is, with the room behind it.
fn wide(item: &Item, letter: f32) -> f32 {
    2.8 * letter + width(item.2, letter)
}

fn sentence(trace: &Trace, digits: &[(Digit, Judgement)]) -> String {
    if trace.fates.iter().all(|fate| *fate == Fate::Paper) {
        return "Nothing but paper.".into();
    }
    let tones = if trace.is_paper_light { "Dark ink on light paper" } else { "Light ink on dark paper" };
    let light = if trace.shade.is_some() { "its light evened" } else { "taken as it is" };
    let count = match digits.len() {
        0 => "nothing that may be a digit".into(),
        1 => "1 box".into(),
        count => format!("{count} boxes"),
    };
    format!("{tones}, {light}: {count}.")
}

fn items_of(trace: &Trace, digits: &[(Digit, Judgement)]) -> Vec<Item> {
    let is_shaded = trace.shade.iter().flatten().any(|shade| *shade > SEEN);
    let is_there = |is_digit: bool| digits.iter().any(|(_, judgement)| judgement.is_digit == is_digit);
    let shade = if trace.is_paper_light { "darker paper: shade or a table" } else { "lighter paper: glare or a table" };
    let signs = [
        (is_there(true), (Sign::Outlined, BOX, "a digit, and how sure that is")),
        (is_there(false), (Sign::Dashed, NO_DIGIT, "no digit")),
        (is_shaded, (Sign::Filled, SHADE, shade)),
    ];
    let fates = [
        (Fate::Digit, "ink"),
        (Fate::Turned, "light and dark turned"),
        (Fate::Rule, "a rule or a frame"),
        (Fate::Around, "along the picture's edge"),
        (Fate::Pale, "too pale for ink"),
        (Fate::LeftOut, "ink of no digit"),
    ];
    let fates =
        fates.map(|(fate, words)| (trace.fates.contains(&fate), (Sign::Filled, colour(fate).unwrap_or(WORDS), words)));
    signs.into_iter().chain(fates).filter(|(is_there, _)| *is_there).map(|(_, item)| item).collect()
}

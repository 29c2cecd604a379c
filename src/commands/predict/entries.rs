//! What is told of a file: its digits, or what stands in their place.

use digits::network::Judgement;
use digits::picture::{Bounds, Digit};
use serde::Serialize;

/// A file and its digits, line by line, from left to right, or from the first image to the last.
#[derive(Serialize)]
pub struct FileReport {
    pub file: String,
    pub digits: Vec<Entry>,
}

#[derive(Serialize)]
#[serde(untagged)]
pub enum Entry {
    Digit(DigitReport),
    Blank(BlankReport),
}

/// In the place of an image of an IDX file that shows nothing.
#[derive(Serialize)]
pub struct BlankReport {
    digit: Option<usize>,
    is_digit: bool,
    blank: bool,
}

#[derive(Serialize)]
pub struct DigitReport {
    /// The most probable one.
    pub digit: usize,
    /// Its probability, from 0 to 1.
    pub confidence: f32,
    /// Whether it is a digit at all, as the model's threshold says.
    pub is_digit: bool,
    /// Which line of the picture it stands in, counted from 0.
    pub line: usize,
    /// Where it stands in the picture, in pixels.
    #[serde(rename = "box")]
    pub bounds: Bounds,
    /// The most probable digits, the first first.
    top: Vec<Guess>,
}

#[derive(Clone, Copy, Serialize)]
struct Guess {
    digit: usize,
    confidence: f32,
}

/// What the model said of each digit, and in its place each image that shows nothing.
pub fn entries(digits: &[(Digit, Judgement)], blank: &[usize], top: usize) -> Vec<Entry> {
    let mut reports = digits.iter().map(|(digit, answer)| DigitReport::new(digit, answer, top));
    let entry = |at: usize| match blank.binary_search(&at) {
        Ok(_) => Some(Entry::Blank(BlankReport { digit: None, is_digit: false, blank: true })),
        Err(_) => reports.next().map(Entry::Digit),
    };
    (0..digits.len() + blank.len()).map_while(entry).collect()
}

impl Entry {
    /// The line that it stands in, from 0.
    pub fn line(&self) -> usize {
        match self {
            Entry::Digit(report) => report.line,
            Entry::Blank(_) => 0,
        }
    }

    pub fn text(&self) -> String {
        match self {
            Entry::Digit(report) => report.text(),
            Entry::Blank(_) => "nothing".into(),
        }
    }
}

impl DigitReport {
    fn new(digit: &Digit, Judgement { probabilities, is_digit }: &Judgement, top: usize) -> DigitReport {
        let guess = |(digit, confidence): (usize, &f32)| Guess { digit, confidence: *confidence };
        let mut guesses: Vec<Guess> = probabilities.iter().enumerate().map(guess).collect();
        // Stable, so that of equals the smaller digit stands first.
        guesses.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
        guesses.truncate(top);
        let Guess { digit: best, confidence } = guesses[0];
        DigitReport {
            digit: best,
            confidence,
            is_digit: *is_digit,
            line: digit.line,
            bounds: digit.bounds,
            top: guesses,
        }
    }

    fn text(&self) -> String {
        let join = |guess: fn(&Guess) -> String| self.top.iter().map(guess).collect::<Vec<_>>().join(" or ");
        if self.is_digit {
            join(|guess| format!("{} ({:.1} %)", guess.digit, 100.0 * guess.confidence))
        } else {
            let guesses = join(|guess| format!("{}, {:.1} %", guess.digit, 100.0 * guess.confidence));
            format!("no digit (most like {guesses})")
        }
    }
}

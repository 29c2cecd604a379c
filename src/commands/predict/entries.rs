//! What is told of a file: its digits, or what stands in their place.

use digits::network::{Classes, Judgement};
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
    /// What it is called, where it is none of the ten digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
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
    /// What is said where it is no digit.
    #[serde(skip)]
    none: &'static str,
}

#[derive(Clone, Serialize)]
struct Guess {
    digit: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    class: Option<String>,
    confidence: f32,
}

/// What of an answer is told: how many guesses, and what the classes are called.
#[derive(Clone, Copy)]
pub struct Telling<'a> {
    pub top: usize,
    pub classes: &'a Classes,
}

/// What the model said of each digit, and in its place each image that shows nothing.
pub fn entries(digits: &[(Digit, Judgement)], blank: &[usize], telling: Telling) -> Vec<Entry> {
    let mut reports = digits.iter().map(|(digit, answer)| DigitReport::new(digit, answer, telling));
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
    fn new(digit: &Digit, Judgement { probabilities, is_digit }: &Judgement, telling: Telling) -> DigitReport {
        let Telling { top, classes } = telling;
        let name = |class: usize| (!classes.are_digits()).then(|| classes.names()[class].clone());
        let guess = |(digit, confidence): (usize, &f32)| Guess { digit, class: name(digit), confidence: *confidence };
        let mut guesses: Vec<Guess> = probabilities.iter().enumerate().map(guess).collect();
        // Stable, so that of equals the smaller digit stands first.
        guesses.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
        guesses.truncate(top);
        let Guess { digit: best, class, confidence } = guesses[0].clone();
        DigitReport {
            digit: best,
            class,
            confidence,
            is_digit: *is_digit,
            line: digit.line,
            bounds: digit.bounds,
            top: guesses,
            none: classes.none(),
        }
    }

    /// What is told of it: `7`, or a class's name, or `no digit`.
    pub fn name(&self) -> String {
        match &self.class {
            _ if !self.is_digit => self.none.into(),
            None => self.digit.to_string(),
            Some(class) => class.clone(),
        }
    }

    fn text(&self) -> String {
        let join = |guess: fn(&Guess) -> String| self.top.iter().map(guess).collect::<Vec<_>>().join(" or ");
        if self.is_digit {
            join(|guess| format!("{} ({:.1} %)", guess.name(), 100.0 * guess.confidence))
        } else {
            let guesses = join(|guess| format!("{}, {:.1} %", guess.name(), 100.0 * guess.confidence));
            format!("{} (most like {guesses})", self.name())
        }
    }
}

impl Guess {
    fn name(&self) -> String {
        self.class.clone().unwrap_or_else(|| self.digit.to_string())
    }
}

//! `digits predict`: which digits pictures show.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::anyhow;
use clap::Args;
use digits::model::Model;
use digits::network::Judgement;
use digits::picture::{Bounds, Digit, Pictures};
use digits::predict::{Digits, Reader};
use pollster::FutureExt as _;
use serde::Serialize;

use super::{CoreOptions, GpuOptions, model, say};

/// Tells which digits pictures show
#[derive(Args)]
pub struct Options {
    /// Pictures: PNG, JPEG or IDX files, or - for one on standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Model file that `digits train` wrote, in place of the one that ships with digits
    #[arg(long, value_name = "MODEL")]
    model: Option<PathBuf>,
    #[command(flatten)]
    core: CoreOptions,
    /// Tell so many of the most probable digits
    #[arg(long, value_name = "K", default_value = "1", value_parser = clap::value_parser!(u8).range(1..=10))]
    top: u8,
    /// Print a JSON object for each file, a line each
    #[arg(long)]
    json: bool,
}

/// A file and its digits, line by line, from left to right, or from the first image to the last.
#[derive(Serialize)]
struct FileReport {
    file: String,
    digits: Vec<DigitReport>,
}

#[derive(Serialize)]
struct DigitReport {
    /// The most probable one.
    digit: usize,
    /// Its probability, from 0 to 1.
    confidence: f32,
    /// Whether it is a digit at all, as the model's threshold says.
    is_digit: bool,
    /// Which line of the picture it stands in, counted from 0.
    line: usize,
    /// Where it stands in the picture, in pixels.
    #[serde(rename = "box")]
    bounds: Bounds,
    /// The most probable digits, the first first.
    top: Vec<Guess>,
}

#[derive(Clone, Copy, Serialize)]
struct Guess {
    digit: usize,
    confidence: f32,
}

/// Recognizes file after file. What is no picture is told and left out.
pub fn run(options: &Options, gpu: &GpuOptions) -> anyhow::Result<()> {
    let (file, _) = model(options.model.as_deref())?;
    let gpu = options.core.apply(&gpu.open()?)?;
    let mut reader = Reader::new(Model::new(&gpu, &file.network, &file.parameters)?, file.calibration);
    let mut failed = 0;
    for path in &options.files {
        let name = path.display().to_string();
        match digits_of(path) {
            Ok(digits) => {
                let digits = reader.read(digits).block_on()?;
                let report = |(digit, answer): &_| DigitReport::new(digit, answer, options.top.into());
                let digits = digits.iter().map(report).collect();
                print(&FileReport { file: name, digits }, options.json)?;
            }
            Err(error) => {
                failed += 1;
                writeln!(io::stderr(), "error: {error:#}")?;
            }
        }
    }
    match failed {
        0 => Ok(()),
        _ => Err(anyhow!("{failed} of {} files could not be read", options.files.len())),
    }
}

/// What a file shows.
fn digits_of(path: &Path) -> anyhow::Result<Digits> {
    let name = path.display();
    let pictures = if path.as_os_str() == "-" { Pictures::read(io::stdin().lock()) } else { Pictures::open(path) };
    let pictures = pictures.map_err(|error| anyhow!("{name} {error}"))?;
    Digits::of(&pictures).map_err(|error| anyhow!("{name} {error}"))
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

/// `seven.png: 7 (99.8 %), no digit (most like 3, 41.2 %)`; of several lines of digits each on one of its own.
fn print(report: &FileReport, as_json: bool) -> anyhow::Result<()> {
    if as_json {
        return Ok(say(&serde_json::to_string(report)?)?);
    }
    let lines: Vec<String> = report.digits.chunk_by(|a, b| a.line == b.line).map(text_of).collect();
    match &lines[..] {
        [line] => say(&format!("{}: {line}", report.file))?,
        lines => say(&format!("{}:\n  {}", report.file, lines.join("\n  ")))?,
    }
    Ok(())
}

fn text_of(line: &[DigitReport]) -> String {
    line.iter().map(DigitReport::text).collect::<Vec<_>>().join(", ")
}

//! `digits predict`: which digits pictures show.

mod annotated;

use std::io;
use std::path::{Path, PathBuf};

use anyhow::{anyhow, ensure};
use clap::Args;
use digits::model::Model;
use digits::network::Judgement;
use digits::picture::{Bounds, Digit, Pictures};
use digits::predict::{Digits, Reader};
use pollster::FutureExt as _;
use serde::Serialize;

use super::values::whole;
use super::{CoreOptions, GpuOptions, model, note, say};

/// Tells which digits pictures show
#[derive(Args)]
pub struct Options {
    /// Pictures: PNG, JPEG, WebP, GIF, BMP, TIFF or IDX files, folders, whose pictures are read by name, or - for one on standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Model file that `digits train` wrote, in place of the one that ships with digits
    #[arg(long, value_name = "MODEL")]
    model: Option<PathBuf>,
    #[command(flatten)]
    core: CoreOptions,
    /// Tell so many of the most probable digits
    #[arg(long, value_name = "K", default_value = "1", value_parser = whole::<u8>(1, 10))]
    top: u8,
    /// Print a JSON object for each file, a line each
    #[arg(long)]
    json: bool,
    /// Write the picture with what was read off it, and why: boxes and percentages, paper, rules, ink
    #[arg(long, value_name = "FILE.png")]
    annotate: Option<PathBuf>,
}

/// A file and its digits, line by line, from left to right, or from the first image to the last.
#[derive(Serialize)]
struct FileReport {
    file: String,
    digits: Vec<Entry>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Entry {
    Digit(DigitReport),
    Blank(BlankReport),
}

/// In the place of an image of an IDX file that shows nothing.
#[derive(Serialize)]
struct BlankReport {
    digit: Option<usize>,
    is_digit: bool,
    blank: bool,
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
    if let Some(out) = &options.annotate {
        annotated::check(out, &options.files)?;
    }
    let (file, _) = model(options.model.as_deref())?;
    let gpu = options.core.apply(&gpu.open()?)?;
    let mut reader = Reader::new(Model::new(&gpu, &file.network, &file.parameters)?, file.calibration);
    let (mut files, mut failed) = (0, 0);
    for path in options.files.iter().flat_map(|path| pictures_at(path)) {
        files += 1;
        let read = match path.and_then(|path| Ok((pictures_of(&path)?, path))) {
            Ok((pictures, path)) => read(&path, &pictures, &mut reader, options)?,
            Err(error) => Err(error),
        };
        if let Err(error) = read {
            failed += 1;
            note(&format!("error: {error:#}"));
        }
    }
    match failed {
        0 => Ok(()),
        _ => Err(anyhow!("{failed} of {files} files could not be read")),
    }
}

/// Tells what a file shows. The inner error is that it shows nothing, and the next file may be read.
fn read(
    path: &Path,
    pictures: &Pictures,
    reader: &mut Reader,
    options: &Options,
) -> anyhow::Result<anyhow::Result<()>> {
    let annotate = match &options.annotate {
        Some(out) => Some((out, annotated::picture(path, pictures)?)),
        None => None,
    };
    let write = |digits: &[_]| annotate.map_or(Ok(()), |(out, picture)| annotated::write(out, picture, digits));
    let name = path.display().to_string();
    let digits = match Digits::of(pictures) {
        Ok(digits) => digits,
        Err(error) => {
            write(&[])?;
            return Ok(Err(anyhow!("{} {error}", called(path))));
        }
    };
    let blank = digits.blank().to_vec();
    if !blank.is_empty() {
        note(&format!("note: {name} shows nothing in {}", numbered(&blank)));
    }
    let digits = reader.read(digits).block_on()?;
    write(&digits)?;
    let digits = entries(&digits, &blank, options.top.into());
    Ok(Ok(print(&FileReport { file: name, digits }, options.json)?))
}

/// The file, or the pictures of a folder, the first name first.
fn pictures_at(path: &Path) -> Vec<anyhow::Result<PathBuf>> {
    if !path.is_dir() {
        return vec![Ok(path.into())];
    }
    let name = path.display();
    let pictures = || -> anyhow::Result<Vec<PathBuf>> {
        let unreadable = |error| anyhow!("{name} cannot be read: {error}");
        let entries = path.read_dir().map_err(unreadable)?.map(|entry| Ok(entry?.path()));
        let mut pictures = entries.collect::<io::Result<Vec<PathBuf>>>().map_err(unreadable)?;
        pictures.retain(|path| path.is_file() && is_called_a_picture(path));
        ensure!(!pictures.is_empty(), "{name} is a folder without pictures ({})", EXTENSIONS.join(", "));
        pictures.sort();
        Ok(pictures)
    };
    pictures().map_or_else(|error| vec![Err(error)], |pictures| pictures.into_iter().map(Ok).collect())
}

/// How the names of pictures end.
const EXTENSIONS: [&str; 8] = ["png", "jpg", "jpeg", "webp", "gif", "bmp", "tif", "tiff"];

fn is_called_a_picture(path: &Path) -> bool {
    path.extension().is_some_and(|extension| EXTENSIONS.iter().any(|known| extension.eq_ignore_ascii_case(known)))
}

/// What a path is called in an error.
fn called(path: &Path) -> String {
    if path.as_os_str() == "-" { "standard input".into() } else { path.display().to_string() }
}

/// What a file holds.
fn pictures_of(path: &Path) -> anyhow::Result<Pictures> {
    let is_piped = path.as_os_str() == "-";
    let pictures = if is_piped { Pictures::read(io::stdin().lock()) } else { Pictures::open(path) };
    pictures.map_err(|error| anyhow!("{} {error}", called(path)))
}

/// What the model said of each digit, and in its place each image that shows nothing.
fn entries(digits: &[(Digit, Judgement)], blank: &[usize], top: usize) -> Vec<Entry> {
    let mut reports = digits.iter().map(|(digit, answer)| DigitReport::new(digit, answer, top));
    let entry = |at: usize| match blank.binary_search(&at) {
        Ok(_) => Some(Entry::Blank(BlankReport { digit: None, is_digit: false, blank: true })),
        Err(_) => reports.next().map(Entry::Digit),
    };
    (0..digits.len() + blank.len()).map_while(entry).collect()
}

/// `image 3`, or `images 3, 4, 5 and 9 more`, which count from 0.
fn numbered(images: &[usize]) -> String {
    const NAMED: usize = 10;
    let named: Vec<String> = images.iter().take(NAMED).map(usize::to_string).collect();
    let more = if images.len() > NAMED { format!(" and {} more", images.len() - NAMED) } else { String::new() };
    format!("image{} {}{more} (the first is image 0)", if images.len() == 1 { "" } else { "s" }, named.join(", "))
}

impl Entry {
    /// The line that it stands in, from 0.
    fn line(&self) -> usize {
        match self {
            Entry::Digit(report) => report.line,
            Entry::Blank(_) => 0,
        }
    }

    fn text(&self) -> String {
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

/// `seven.png: 7 (99.8 %), no digit (most like 3, 41.2 %)`; of several lines of digits each on one of its own.
fn print(report: &FileReport, as_json: bool) -> anyhow::Result<()> {
    if as_json {
        return Ok(say(&serde_json::to_string(report)?)?);
    }
    let lines: Vec<String> = report.digits.chunk_by(|a, b| a.line() == b.line()).map(text_of).collect();
    match &lines[..] {
        [line] => say(&format!("{}: {line}", report.file))?,
        lines => say(&format!("{}:\n  {}", report.file, lines.join("\n  ")))?,
    }
    Ok(())
}

fn text_of(line: &[Entry]) -> String {
    line.iter().map(Entry::text).collect::<Vec<_>>().join(", ")
}

//! `digits predict`: which digits pictures show, told one after the other, or many written to a file.

mod annotated;
mod entries;
mod many;
mod sources;
mod table;

use std::path::PathBuf;

use anyhow::anyhow;
use clap::Args;
use digits::model::Model;
use digits::predict::Reader;
use entries::{Entry, FileReport, Telling, entries};
use pollster::FutureExt as _;
use sources::{Source, SourceOptions};
use table::{Format, Table};

use super::values::whole;
use super::{CoreOptions, GpuOptions, Misuse, model, note, say};

/// Tells which digits pictures show
#[derive(Args)]
pub struct Options {
    #[command(flatten)]
    sources: SourceOptions,
    /// Model file that `digits train` wrote, in place of the one that ships with digits
    #[arg(long, value_name = "MODEL")]
    model: Option<PathBuf>,
    #[command(flatten)]
    core: CoreOptions,
    /// Tell so many of the most probable digits, or of the classes that the model has
    #[arg(long, value_name = "K", default_value = "1", value_parser = whole::<u8>(1, u8::MAX.into()))]
    top: u8,
    /// Print a JSON object for each file, a line each
    #[arg(long)]
    json: bool,
    /// Write what is found to a file instead, a row for each digit or such a JSON object for each file; meant for many pictures
    #[arg(long, value_name = "FILE.csv|FILE.jsonl", conflicts_with = "json")]
    out: Option<PathBuf>,
    /// Go on with an earlier --out file, with the same options: leave out the files that it tells of already
    #[arg(long)]
    resume: bool,
    /// Write the picture with what was read off it, and why: boxes and percentages, paper, rules, ink
    #[arg(long, value_name = "FILE.png", conflicts_with = "out")]
    annotate: Option<PathBuf>,
}

impl Options {
    /// The file to write to, if the options fit each other.
    fn table(&self) -> anyhow::Result<Option<Table>> {
        let misuse = |sentence: &str| Err(Misuse(sentence.into()).into());
        let Some(out) = &self.out else {
            return if self.resume {
                misuse("--resume goes on with an earlier --out file, so it needs --out")
            } else {
                Ok(None)
            };
        };
        let format = Format::of(out)?;
        if self.top > 1 && format == Format::Csv {
            return misuse("--top has no columns in a CSV file: choose a file that ends with .jsonl");
        }
        let table = if self.resume { Table::resumed(out, format) } else { Table::new(out, format) };
        table.map(Some)
    }
}

/// Recognizes file after file. What is no picture is told and left out.
pub fn run(options: &Options, gpu: &GpuOptions) -> anyhow::Result<()> {
    if let Some(out) = &options.annotate {
        annotated::check(out, &options.sources)?;
    }
    let table = options.table()?;
    let sources = options.sources.sources()?;
    let (file, _) = model(options.model.as_deref())?;
    let gpu = options.core.apply(&gpu.open()?)?;
    let telling = Telling { top: options.top.into(), classes: &file.classes };
    let mut reader = Reader::new(Model::new(&gpu, &file.network, &file.parameters)?, file.calibration);
    if let Some(mut table) = table {
        return many::run(sources, &mut table, &mut reader, telling);
    }
    let mut failed = 0;
    for source in &sources {
        if let Err(error) = read(source, &mut reader, options, telling)? {
            failed += 1;
            note(&format!("error: {error:#}"));
        }
    }
    match failed {
        0 => Ok(()),
        _ => Err(anyhow!("{failed} of {} files could not be read", sources.len())),
    }
}

/// Tells what a file shows. The inner error is that it shows nothing, and the next file may be read.
fn read(
    source: &Source,
    reader: &mut Reader,
    options: &Options,
    telling: Telling,
) -> anyhow::Result<anyhow::Result<()>> {
    let pictures = match source.pictures() {
        Ok(pictures) => pictures,
        Err(error) => return Ok(Err(error)),
    };
    let annotate = match &options.annotate {
        Some(out) => Some((out, annotated::picture(source.path(), &pictures)?)),
        None => None,
    };
    let write = |digits: &[_]| {
        annotate.map_or(Ok(()), |(out, picture)| annotated::write(out, picture, digits, telling.classes))
    };
    let digits = match source.digits(&pictures) {
        Ok(digits) => digits,
        Err(error) => {
            write(&[])?;
            return Ok(Err(error));
        }
    };
    let blank = digits.blank().to_vec();
    let name = source.name();
    if !blank.is_empty() {
        note(&format!("note: {name} shows nothing in {}", numbered(&blank)));
    }
    let digits = reader.read(digits).block_on()?;
    write(&digits)?;
    let digits = entries(&digits, &blank, telling);
    Ok(Ok(print(&FileReport { file: name, digits }, options.json)?))
}

/// `image 3`, or `images 3, 4, 5 and 9 more`, which count from 0.
fn numbered(images: &[usize]) -> String {
    const NAMED: usize = 10;
    let named: Vec<String> = images.iter().take(NAMED).map(usize::to_string).collect();
    let more = if images.len() > NAMED { format!(" and {} more", images.len() - NAMED) } else { String::new() };
    format!("image{} {}{more} (the first is image 0)", if images.len() == 1 { "" } else { "s" }, named.join(", "))
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

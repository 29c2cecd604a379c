//! `digits predict --out`: a file that grows by what each picture shows, as a row of CSV for each digit or a line of JSON for each
//! picture. What is told is in the file at once, so whatever ends the program, `--resume` finds it there; an older table
//! stays until the first row of the new one.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use anyhow::{anyhow, bail};
use csv::{ByteRecord, ReaderBuilder, WriterBuilder};
use digits::files;
use digits::picture::Bounds;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use super::super::Misuse;
use super::entries::{Entry, FileReport};

/// The first row of a CSV file.
const COLUMNS: [&str; 10] = ["path", "line", "index", "digit", "confidence", "x", "y", "width", "height", "error"];

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Csv,
    JsonLines,
}

/// A table; what is written is in the file at once.
pub struct Table {
    path: PathBuf,
    format: Format,
    earlier: Earlier,
    /// From the first row on.
    file: Option<File>,
}

/// What an older table has that stays.
#[derive(Debug, Default, PartialEq, Eq)]
struct Earlier {
    /// The files that it tells of, and whether each could be read.
    files: HashMap<String, bool>,
    /// Where the last of them ends, in bytes.
    length: usize,
    /// The file behind these of which nothing says whether all of its rows are there.
    last: Option<Last>,
}

#[derive(Debug, PartialEq, Eq)]
struct Last {
    name: String,
    was_read: bool,
    /// Where the last of its whole rows ends, in bytes.
    end: usize,
}

/// A row of CSV; for a picture that cannot be read with the error alone.
#[derive(Default, Serialize)]
struct Row<'a> {
    path: &'a str,
    /// Counted from 0, and the place in the line, too.
    line: Option<usize>,
    index: Option<usize>,
    digit: String,
    confidence: Option<f32>,
    x: Option<u32>,
    y: Option<u32>,
    width: Option<u32>,
    height: Option<u32>,
    error: &'a str,
}

/// A line of JSON for a picture that cannot be read.
#[derive(Serialize)]
struct Failure<'a> {
    file: &'a str,
    error: &'a str,
}

/// What is looked at of a line of JSON.
#[derive(Deserialize)]
struct Line {
    file: String,
    digits: Option<IgnoredAny>,
    error: Option<IgnoredAny>,
}

impl Format {
    /// The one that a file's name asks for.
    pub fn of(path: &Path) -> Result<Format, Misuse> {
        let ending = path.extension().map(|extension| extension.to_ascii_lowercase());
        match ending.as_deref().and_then(|ending| ending.to_str()) {
            Some("csv") => Ok(Format::Csv),
            Some("jsonl") => Ok(Format::JsonLines),
            _ => Err(Misuse(format!(
                "--out writes CSV or lines of JSON, so {} is to end with .csv or .jsonl",
                path.display()
            ))),
        }
    }

    /// What stands before the first file's rows.
    fn header(self) -> Vec<u8> {
        match self {
            Format::Csv => (COLUMNS.join(",") + "\n").into_bytes(),
            Format::JsonLines => Vec::new(),
        }
    }

    /// What a table has; `None` where the bytes are no table.
    fn earlier(self, bytes: &[u8]) -> Option<Earlier> {
        match self {
            Format::Csv if self.header().starts_with(bytes) => Some(Earlier::default()),
            Format::Csv => earlier_rows(bytes.strip_prefix(&self.header()[..])?, bytes.len()),
            Format::JsonLines => earlier_lines(bytes),
        }
    }
}

impl Table {
    /// A table in the place of an older one.
    pub fn new(path: &Path, format: Format) -> anyhow::Result<Table> {
        let table = Table::resumed(path, format)?;
        Ok(Table { earlier: Earlier::default(), ..table })
    }

    /// A table that goes on where an older one ends, or a new one where there is none.
    pub fn resumed(path: &Path, format: Format) -> anyhow::Result<Table> {
        let name = path.display();
        files::check(path).map_err(|error| anyhow!("{name} {error}"))?;
        let earlier = match fs::read(path) {
            Ok(bytes) => format.earlier(&bytes),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Some(Earlier::default()),
            Err(error) => bail!("{name} cannot be read: {error}"),
        };
        let Some(earlier) = earlier else {
            bail!(
                "{name} is there already and is no table of digits predict, so it is left as it is; give another name"
            );
        };
        Ok(Table { path: path.into(), format, earlier, file: None })
    }

    /// Takes away what an older table has behind what stays: an incomplete end, and what is going to be read again.
    pub fn go_on(&mut self, is_going_to_be_read: impl Fn(&str) -> bool) -> anyhow::Result<()> {
        let Earlier { files, length, last } = &mut self.earlier;
        if let Some(last) = last.take_if(|last| !is_going_to_be_read(&last.name)) {
            files.insert(last.name, last.was_read);
            *length = last.end;
        }
        if *length == 0 {
            return Ok(());
        }
        let cut = || {
            let mut file = File::options().write(true).open(&self.path)?;
            file.set_len(*length as u64)?;
            file.seek(SeekFrom::End(0))?;
            Ok(file)
        };
        let file = cut().map_err(|error| anyhow!("{} {}", self.path.display(), files::WriteError::Failed(error)))?;
        self.file = Some(file);
        Ok(())
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether a file could be read that an older table tells of.
    pub fn earlier(&self, name: &str) -> Option<bool> {
        self.earlier.files.get(name).copied()
    }

    /// Adds what a file shows.
    pub fn add(&mut self, report: &FileReport) -> anyhow::Result<()> {
        let text = match self.format {
            Format::Csv => csv_of(rows(report))?,
            Format::JsonLines => serde_json::to_string(report)? + "\n",
        };
        self.write(&text)
    }

    /// Adds why a file cannot be read.
    pub fn add_failure(&mut self, name: &str, error: &str) -> anyhow::Result<()> {
        let text = match self.format {
            Format::Csv => csv_of([Row { path: name, error, ..Row::default() }])?,
            Format::JsonLines => serde_json::to_string(&Failure { file: name, error })? + "\n",
        };
        self.write(&text)
    }

    fn write(&mut self, text: &str) -> anyhow::Result<()> {
        let written = match &mut self.file {
            Some(file) => file.write_all(text.as_bytes()).map_err(files::WriteError::Failed),
            None => {
                let begin = [&self.format.header(), text.as_bytes()].concat();
                files::start(&self.path, &begin).map(|file| self.file = Some(file))
            }
        };
        written.map_err(|error| anyhow!("{} {error}", self.path.display()))
    }
}

fn csv_of<'a>(rows: impl IntoIterator<Item = Row<'a>>) -> anyhow::Result<String> {
    let mut writer = WriterBuilder::new().has_headers(false).from_writer(Vec::new());
    rows.into_iter().try_for_each(|row| writer.serialize(row))?;
    Ok(String::from_utf8(writer.into_inner()?)?)
}

fn rows(report: &FileReport) -> impl Iterator<Item = Row<'_>> {
    let lines = report.digits.chunk_by(|a, b| a.line() == b.line());
    lines.flat_map(|line| line.iter().enumerate()).map(|(index, entry)| {
        let row = Row { path: &report.file, line: Some(entry.line()), index: Some(index), ..Row::default() };
        match entry {
            Entry::Blank(_) => Row { digit: "nothing".into(), ..row },
            Entry::Digit(report) => {
                let Bounds { x, y, width, height } = report.bounds;
                let [x, y, width, height] = [x, y, width, height].map(Some);
                Row { digit: report.name(), confidence: Some(report.confidence), x, y, width, height, ..row }
            }
        }
    })
}

/// What the rows behind the header of a table of `length` bytes tell.
fn earlier_rows(rows: &[u8], length: usize) -> Option<Earlier> {
    let header = length - rows.len();
    let mut reader = ReaderBuilder::new().has_headers(false).flexible(true).from_reader(rows);
    let mut earlier = Earlier { length: header, ..Earlier::default() };
    let mut record = ByteRecord::new();
    while reader.read_byte_record(&mut record).ok()? {
        let end = reader.position().byte() as usize;
        if record.len() != COLUMNS.len() || rows[end - 1] != b'\n' {
            // Only the end of a file may be missing.
            return (end == rows.len()).then_some(earlier);
        }
        let name = String::from_utf8(record[0].to_vec()).ok()?;
        let was_read = record[COLUMNS.len() - 1].is_empty();
        let next = Last { name, was_read, end: header + end };
        if let Some(last) = earlier.last.take_if(|last| last.name != next.name) {
            earlier.files.insert(last.name, last.was_read);
            earlier.length = last.end;
        }
        earlier.last = Some(next);
    }
    Some(earlier)
}

/// What lines of JSON tell; the last one may be incomplete.
fn earlier_lines(bytes: &[u8]) -> Option<Earlier> {
    let mut earlier = Earlier::default();
    for line in bytes.split_inclusive(|byte| *byte == b'\n').filter(|line| line.ends_with(b"\n")) {
        let Line { file, digits, error } = serde_json::from_slice(line).ok()?;
        if digits.is_some() == error.is_some() {
            return None;
        }
        earlier.files.insert(file, error.is_none());
        earlier.length += line.len();
    }
    // What has no whole line may be the beginning of one.
    const BEGIN: &[u8] = b"{\"file\":";
    (earlier.length > 0 || BEGIN.starts_with(bytes) || bytes.starts_with(BEGIN)).then_some(earlier)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Files of two rows, one and an error, whose names have to be quoted, and where each begins.
    fn table(format: Format) -> (Vec<u8>, Vec<usize>) {
        let mut bytes = format.header();
        let mut begins = Vec::new();
        for (at, name) in ["a.png", "b, \"c\"\nd.png", "ä.png", "b.png"].into_iter().enumerate() {
            begins.push(bytes.len());
            let row =
                |index| Row { path: name, line: Some(0), index: Some(index), digit: "7".into(), ..Row::default() };
            let text = match (format, at) {
                (Format::Csv, 2) => csv_of([Row { path: name, error: "no, no", ..Row::default() }]).unwrap(),
                (Format::Csv, at) => csv_of((0..=at % 2).map(row)).unwrap(),
                (Format::JsonLines, 2) => format!("{{\"file\":{name:?},\"error\":\"no\"}}\n"),
                (Format::JsonLines, _) => format!("{{\"file\":{name:?},\"digits\":[]}}\n"),
            };
            bytes.extend(text.into_bytes());
        }
        (bytes, begins)
    }

    #[test]
    fn wherever_a_table_breaks_off_whole_files_stay() {
        for (format, again) in [(Format::Csv, 1), (Format::JsonLines, 0)] {
            let (bytes, begins) = table(format);
            let ends: Vec<usize> = begins.iter().skip(1).copied().chain([bytes.len()]).collect();
            for cut in 0..=bytes.len() {
                let Earlier { files, length, last } = format.earlier(&bytes[..cut]).unwrap_or_else(|| panic!("{cut}"));
                // Of CSV the last file with a whole row is done again.
                let whole = ends.iter().filter(|end| **end <= cut).count();
                let begun = begins.iter().filter(|begin| **begin < cut).count();
                assert!((whole.saturating_sub(again)..=begun).contains(&files.len()) && files.len() <= whole, "{cut}");
                let expected =
                    if cut < begins[0] { 0 } else { begins[..].get(files.len()).copied().unwrap_or(bytes.len()) };
                assert!(length == expected || files.is_empty() && length <= begins[0], "{cut}: {length}");
                assert!(last.is_none_or(|last| length < last.end && last.end <= cut), "{cut}");
                assert!(files.values().filter(|was_read| !**was_read).count() == usize::from(files.len() > 2), "{cut}");
            }
        }
    }

    #[test]
    fn what_is_no_table_is_none_with_any_beginning() {
        let (rows, _) = table(Format::Csv);
        let (lines, _) = table(Format::JsonLines);
        let broken = [&rows[..], b"x,y\n", &rows[..]].concat();
        for bytes in [&b"mine"[..], b"path,line\n1,2\n", &lines, &broken] {
            assert_eq!(Format::Csv.earlier(bytes), None, "{}", String::from_utf8_lossy(bytes));
        }
        for bytes in [&b"mine"[..], b"{\"epoch\":1}\n", b"{\"file\":\"x\"}\n", b"{\"epoch\"", &rows] {
            assert_eq!(Format::JsonLines.earlier(bytes), None, "{}", String::from_utf8_lossy(bytes));
        }
    }
}

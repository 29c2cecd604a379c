//! Kaggle's CSV files: a row for each image, its label and its pixels, 0 to 255, row by row of a square. A first row may name
//! the columns; then the label's is called `label`, wherever it stands, and a file without one has no labels.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use csv::{Position, ReaderBuilder, StringRecord};
use image::GrayImage;

use super::{Fit, Found, Need, SetError, label};
use crate::limits::{CSV_ROW_MIB, SET_MIB};
use crate::mnist::DataSet;

pub fn is_called_csv(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("csv"))
}

/// The set of the files of `folder` whose names end with `train.csv` and `test.csv`; none where there is neither.
///
/// # Errors
/// A file that is damaged, or several for the same part.
pub fn folder(folder: &Path, fit: &Fit, need: Need) -> Result<Option<Found>, SetError> {
    let part = |word| match &files_called(folder, word)?[..] {
        [] => Ok(None),
        [file] => Ok(Some((file.clone(), read(file, fit)?))),
        several => {
            let names: Vec<_> = several.iter().filter_map(|file| Some(file.file_name()?.to_string_lossy())).collect();
            let (names, example) = (names.join(", "), several[0].display().to_string());
            Err(SetError::Several { folder: folder.into(), names, example })
        }
    };
    let test = part("test")?.and_then(|(_, data)| data);
    let is_enough = need == Need::Test && test.is_some();
    let training = if is_enough { None } else { part("train")? };
    let training = training.map(|(path, data)| data.ok_or_else(|| unlabelled(&path))).transpose()?;
    Ok((training.is_some() || test.is_some()).then(|| Found { training, test, ..Found::default() }))
}

/// The set that one file is: test images where its name says so, and else training images.
///
/// # Errors
/// A file that is damaged or has no labels.
pub fn file(path: &Path, fit: &Fit) -> Result<Found, SetError> {
    let data = Some(read(path, fit)?.ok_or_else(|| unlabelled(path))?);
    let (training, test) = if is_called(path, "test") { (None, data) } else { (data, None) };
    Ok(Found { training, test, ..Found::default() })
}

fn unlabelled(path: &Path) -> SetError {
    SetError::Csv { path: path.into(), line: 1, problem: "there is no column called label".into() }
}

/// The CSV files of a folder whose names end with `word`, by name.
fn files_called(folder: &Path, word: &str) -> Result<Vec<PathBuf>, SetError> {
    let unreadable = |reason| SetError::Unreadable { path: folder.into(), reason };
    let mut files = Vec::new();
    for entry in folder.read_dir().map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if is_called_csv(&path) && is_called(&path, word) && path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn is_called(path: &Path, word: &str) -> bool {
    path.file_stem().is_some_and(|stem| stem.to_string_lossy().to_lowercase().ends_with(word))
}

/// The images of a file; none where it has no labels.
fn read(path: &Path, fit: &Fit) -> Result<Option<DataSet>, SetError> {
    let problem = |line, problem| SetError::Csv { path: path.into(), line, problem };
    let row_left = Cell::new(ROW);
    let file = File::open(path).map_err(|reason| SetError::Unreadable { path: path.into(), reason })?;
    let mut reader = ReaderBuilder::new().has_headers(false).flexible(true).from_reader(Rows { file, left: &row_left });
    let mut record = StringRecord::new();
    let mut last = 0;
    let torn = |error: csv::Error, last: u64| match error.position().map(Position::line) {
        Some(line) => problem(line, "it is torn, or no text".into()),
        None => problem(last + 1, error.to_string()),
    };
    let (mut columns, mut data) = (None, DataSet { images: Vec::new(), labels: Vec::new() });
    while reader.read_record(&mut record).map_err(|error| torn(error, last))? {
        row_left.set(ROW);
        let line = record.position().map_or(1, Position::line);
        last = line;
        let Columns { label_at, count } = match columns {
            Some(columns) => columns,
            None => {
                let found = Columns::of(&record).map_err(|sentence| problem(line, sentence))?;
                let Some((found, is_header)) = found else { return Ok(None) };
                columns = Some(found);
                if is_header {
                    continue;
                }
                found
            }
        };
        if record.len() != count {
            return Err(problem(line, format!("there are {} numbers in place of {count}", record.len())));
        }
        let (number, image) = row(&record, label_at).map_err(|sentence| problem(line, sentence))?;
        data.labels.push(label(number).map_err(|error| problem(line, format!("it {error}")))?);
        data.images.extend(fit.apply(image));
        if data.images.len() > SET_MIB << 20 {
            return Err(SetError::TooLarge(path.into()));
        }
    }
    if data.labels.is_empty() { Err(problem(1, "there are no images".into())) } else { Ok(Some(data)) }
}

/// A row, in bytes.
const ROW: u64 = CSV_ROW_MIB << 20;

/// A file that ends with an error where a row goes on for too long, since rows are kept whole: how much of one is `left` is
/// set again behind each.
struct Rows<'a> {
    file: File,
    left: &'a Cell<u64>,
}

impl Read for Rows<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        let left = self.left.get().checked_sub(read as u64);
        self.left.set(left.ok_or_else(|| {
            io::Error::other(format!("it is longer than {CSV_ROW_MIB} MiB, the most that a row may have"))
        })?);
        Ok(read)
    }
}

/// Where the label stands, and how many columns there are.
#[derive(Clone, Copy)]
struct Columns {
    label_at: usize,
    count: usize,
}

impl Columns {
    /// By the first row, and whether that names them; none where there is no label.
    fn of(first: &StringRecord) -> Result<Option<(Columns, bool)>, String> {
        let count = first.len();
        let is_header = first.iter().any(|field| field.trim().parse::<f64>().is_err());
        let at = first.iter().position(|name| name.trim().eq_ignore_ascii_case("label"));
        // A file without names has a label more than a square has pixels.
        let label_at = if is_header { at } else { Some(0) };
        let Some(label_at) = label_at else { return Ok(None) };
        if count < 2 || !is_square(count - 1) {
            return Err(format!("a label and the pixels of a square are {count} columns for no square"));
        }
        Ok(Some((Columns { label_at, count }, is_header)))
    }
}

fn is_square(pixels: usize) -> bool {
    pixels.isqrt().pow(2) == pixels
}

/// The label of a row, and its image.
fn row(record: &StringRecord, label_at: usize) -> Result<(i64, GrayImage), String> {
    let mut pixels = Vec::with_capacity(record.len());
    let mut label = 0;
    for (at, field) in record.iter().enumerate() {
        let field = field.trim();
        if at == label_at {
            label = field.parse().map_err(|_| format!("the label {field:?} is no whole number"))?;
        } else {
            pixels.push(field.parse().map_err(|_| format!("the pixel {field:?} is no whole number from 0 to 255"))?);
        }
    }
    let side = pixels.len().isqrt() as u32;
    Ok((label, GrayImage::from_raw(side, side, pixels).expect("a square has its pixels")))
}

//! Pen files: labelled drawings, one a line, in columns separated by tabs: `id label set split writer strokes`, the last
//! in the text form of [`Strokes`]. Lines that start with `#` are comments. UCI's own files are read, too. The file is raw or gzip.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::bufread::MultiGzDecoder;
use flate2::write::GzEncoder;

use super::strokes::{Strokes, StrokesError};
use super::uci;
use crate::files::{self, WriteError};
use crate::limits::{PEN_MIB, POINTS};
use crate::mnist::CLASSES;
use crate::mnist::idx::GZIP;

/// A drawing and what it shows.
#[derive(Clone, Debug, PartialEq)]
pub struct PenSample {
    pub id: String,
    /// The digit that is drawn, below [`CLASSES`].
    pub label: u8,
    /// The collection that it belongs to.
    pub set: String,
    /// The part of the collection.
    pub split: String,
    /// Who drew it.
    pub writer: String,
    pub strokes: Strokes,
}

/// Why a pen file cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum PenError {
    #[error("{} cannot be read: {reason}", .file.display())]
    Unreadable { file: PathBuf, reason: io::Error },
    #[error("{} {problem}", .file.display())]
    Unwritable { file: PathBuf, problem: WriteError },
    #[error("{} is packed by compress; unpack it first, as gunzip does", .0.display())]
    Compressed(PathBuf),
    #[error("{} has more than {PEN_MIB} MiB unpacked, the most that is read; take it apart", .0.display())]
    TooLarge(PathBuf),
    #[error("{} holds no drawing", .0.display())]
    Empty(PathBuf),
    #[error("{}: line {line} {problem}", .file.display())]
    Line { file: PathBuf, line: usize, problem: LineProblem },
}

/// What is wrong with a line; the message goes on after its number.
#[derive(Debug, thiserror::Error)]
pub enum LineProblem {
    #[error("has {0} columns, not the 6 of a drawing (id, label, set, split, writer, strokes), separated by tabs")]
    Columns(usize),
    #[error("has {0} numbers, not the {numbers} of a drawing (x and y of 8 points, then the label)", numbers = uci::NUMBERS)]
    Numbers(usize),
    #[error("holds \"{0}\", which is no whole number from 0 to 100")]
    Coordinate(String),
    #[error("begins a drawing, but does not end in its digit, such as \"8\"")]
    Unlabelled,
    #[error("holds \"{0}\", which is no point; a point is two numbers with a space between them, such as 12 7")]
    NoPoint(String),
    #[error("lifts the pen, but there is no point since it went down")]
    NoStroke,
    #[error("comes in the middle of a drawing: the pen is still down, or never was")]
    Open,
    #[error("is of a drawing of more than {POINTS} points, the most that is read")]
    ManyPoints,
    #[error("is no text in UTF-8")]
    NoText,
    #[error("has the label \"{0}\", but labels are 0 to 9")]
    Label(String),
    #[error(transparent)]
    Strokes(#[from] StrokesError),
}

/// How a file writes drawings down.
#[derive(Clone, Copy)]
enum Form {
    /// Columns, as [`write_pen_file`] does.
    Columns,
    /// UCI's `pendigits.tra`.
    Resampled,
    /// UCI's `pendigits-orig.tra`.
    Unipen,
}

/// The samples of a pen file or of one of UCI's, raw or gzip, in its order.
///
/// # Errors
/// A file that cannot be read or holds no drawing, or a line that is none; the error names the file and the line.
pub fn read_pen_file(path: &Path) -> Result<Vec<PenSample>, PenError> {
    let file = File::open(path).map_err(|reason| PenError::Unreadable { file: path.into(), reason })?;
    decode_pen_file(path, BufReader::new(file), |label| usize::from(label) < CLASSES)
}

/// [`read_pen_file`], out of the bytes of the file named `path`; `is_label` says what its labels may be.
pub(crate) fn decode_pen_file(
    path: &Path,
    mut file: impl BufRead,
    is_label: impl Fn(u8) -> bool,
) -> Result<Vec<PenSample>, PenError> {
    let unreadable = |reason| PenError::Unreadable { file: path.into(), reason };
    let start = file.fill_buf().map_err(unreadable)?;
    if start.starts_with(&[0x1f, 0x9d]) {
        return Err(PenError::Compressed(path.into()));
    }
    let read = if start.starts_with(&GZIP) {
        files::read_at_most(MultiGzDecoder::new(file), PEN_MIB)
    } else {
        files::read_at_most(file, PEN_MIB)
    };
    let bytes = read.map_err(unreadable)?.ok_or_else(|| PenError::TooLarge(path.into()))?;
    let (mut form, mut samples, mut segments) = (None, Vec::new(), uci::Segments::default());
    let text = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(&bytes).trim_ascii_end();
    for (index, line) in text.split(|byte| *byte == b'\n').enumerate() {
        let named = |problem| PenError::Line { file: path.into(), line: index + 1, problem };
        let line = str::from_utf8(line).map_err(|_| named(LineProblem::NoText))?;
        let line = line.strip_suffix('\r').unwrap_or(line);
        if line.starts_with('#') || line.trim().is_empty() {
            continue;
        }
        match *form.get_or_insert_with(|| Form::of(line)) {
            Form::Columns => samples.push(PenSample::parse(line, &is_label).map_err(named)?),
            Form::Resampled => samples.push(uci::parse_resampled(line, samples.len()).map_err(named)?),
            Form::Unipen => segments.read(line).map_err(named)?,
        }
    }
    let last = || text.split(|byte| *byte == b'\n').count();
    samples.extend(segments.finish().map_err(|problem| PenError::Line { file: path.into(), line: last(), problem })?);
    if samples.is_empty() { Err(PenError::Empty(path.into())) } else { Ok(samples) }
}

impl Form {
    /// The form of a file whose first line is this one.
    fn of(line: &str) -> Form {
        if line.trim_start().starts_with('.') {
            Form::Unipen
        } else if uci::words(line).count() == uci::NUMBERS || !line.contains('\t') && line.contains([',', ' ']) {
            Form::Resampled
        } else {
            Form::Columns
        }
    }
}

/// Writes a pen file, gzip where its name ends in `.gz`, and only then replaces what had its name.
///
/// # Errors
/// A file that cannot be written.
pub fn write_pen_file(path: &Path, samples: &[PenSample]) -> Result<(), PenError> {
    let is_gzip = path.extension().is_some_and(|extension| extension == "gz");
    let bytes = if is_gzip { encode_pen_file(samples) } else { text(samples).into_bytes() };
    files::replace(path, &bytes).map_err(|problem| PenError::Unwritable { file: path.into(), problem })
}

/// The bytes of a pen file, gzip.
pub fn encode_pen_file(samples: &[PenSample]) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
    gzip.write_all(text(samples).as_bytes()).and_then(|()| gzip.finish()).expect("memory takes all that is written")
}

fn text(samples: &[PenSample]) -> String {
    let mut text = String::from("#id\tlabel\tset\tsplit\twriter\tstrokes (x,y of points, y down)\n");
    text.extend(samples.iter().map(PenSample::line));
    text
}

impl PenSample {
    /// The `number`-th drawing that somebody taught the model.
    pub fn taught(number: usize, label: u8, strokes: Strokes) -> PenSample {
        let [set, split, writer] = ["digits-draw", "taught", "user"].map(String::from);
        PenSample { id: number.to_string(), label, set, split, writer, strokes }
    }

    fn parse(line: &str, is_label: impl Fn(u8) -> bool) -> Result<PenSample, LineProblem> {
        let columns: Vec<&str> = line.split('\t').collect();
        let [id, label, set, split, writer, strokes] = columns[..] else {
            return Err(LineProblem::Columns(columns.len()));
        };
        let known = label.parse().ok().filter(|&label| is_label(label));
        if strokes.split(['|', ' ']).count() > POINTS {
            return Err(LineProblem::ManyPoints);
        }
        Ok(PenSample {
            id: id.into(),
            label: known.ok_or_else(|| LineProblem::Label(label.into()))?,
            set: set.into(),
            split: split.into(),
            writer: writer.into(),
            strokes: strokes.parse()?,
        })
    }

    fn line(&self) -> String {
        let PenSample { id, label, set, split, writer, strokes } = self;
        format!("{id}\t{label}\t{set}\t{split}\t{writer}\t{strokes}\n")
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::fs;

    use super::*;

    fn sample() -> PenSample {
        let strokes = "0,0 10.5,-3|7,7".parse().unwrap();
        let [id, set, split, writer] = ["a 1", "hand", "all", "me"].map(String::from);
        PenSample { id, label: 7, set, split, writer, strokes }
    }

    fn read_bytes(bytes: &[u8]) -> (String, Result<Vec<PenSample>, PenError>) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pen.tsv");
        fs::write(&path, bytes).unwrap();
        (path.display().to_string(), read_pen_file(&path))
    }

    /// What is in a file with these bytes.
    pub fn read(bytes: &[u8]) -> Vec<PenSample> {
        read_bytes(bytes).1.unwrap_or_else(|error| panic!("{error}"))
    }

    /// The message for a file with these bytes, after the file's name.
    pub fn message(bytes: &[u8]) -> String {
        let (path, samples) = read_bytes(bytes);
        let message = samples.unwrap_err().to_string();
        message.strip_prefix(&path).unwrap_or_else(|| panic!("{message}")).into()
    }

    #[test]
    fn what_is_written_is_read_again_raw_and_gzip() {
        let folder = tempfile::tempdir().unwrap();
        let samples = [sample(), PenSample { label: 0, ..sample() }];
        for (name, start) in [("pen.tsv", *b"#i"), ("pen.tsv.gz", [0x1f, 0x8b])] {
            let path = folder.path().join(name);
            write_pen_file(&path, &samples).unwrap();
            assert!(fs::read(&path).unwrap().starts_with(&start));
            assert_eq!(read_pen_file(&path).unwrap(), samples);
        }
    }

    #[test]
    fn a_byte_order_mark_and_line_ends_of_windows_make_no_difference() {
        let line = sample().line();
        let windows = format!("\u{feff}{}", line.replace('\n', "\r\n").repeat(2));
        assert_eq!(read(windows.as_bytes()), [sample(), sample()]);
        let comment = format!("\u{feff}# a comment\r\n{line}");
        assert_eq!(read(comment.as_bytes()), [sample()]);
    }

    #[test]
    fn a_bad_line_is_named_by_its_number() {
        let with = |line: &str| message(format!("# a comment\n{}{line}\n", sample().line()).as_bytes());
        assert!(with("1\t2\t3").starts_with(": line 3 has 3 columns, not the 6 of a drawing"));
        assert_eq!(with("1\t10\ts\ts\tw\t1,2"), ": line 3 has the label \"10\", but labels are 0 to 9");
        assert!(with("1\t1\ts\ts\tw\t1,2 3").starts_with(": line 3 holds \"3\", which is no point"));
        assert_eq!(with("1\t1\ts\ts\tw\t1,2||3,4"), ": line 3 holds a stroke without a point");
    }

    #[test]
    fn a_file_that_is_no_pen_file_is_named() {
        assert_eq!(message(b"# only a comment\n"), " holds no drawing");
        assert_eq!(message(&[0xff, 0xfe, b'\n']), ": line 1 is no text in UTF-8");
        assert_eq!(message(&[0x1f, 0x9d, 0x90]), " is packed by compress; unpack it first, as gunzip does");
        let whole = encode_pen_file(&[sample()]);
        assert!(message(&whole[..whole.len() - 9]).starts_with(" cannot be read: "));
        let error = read_pen_file("no/pen.tsv".as_ref()).unwrap_err().to_string();
        assert!(error.starts_with("no/pen.tsv cannot be read: "), "{error}");
        let error = write_pen_file("no/pen.tsv".as_ref(), &[]).unwrap_err().to_string();
        assert_eq!(error, "no/pen.tsv cannot be written: there is no folder no");
    }
}

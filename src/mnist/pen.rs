//! Pen files: labelled drawings, one a line, in columns separated by tabs: `id label set split writer strokes`, the last
//! in the text form of [`Strokes`]. Lines that start with `#` are comments. The file is raw or gzip.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::bufread::MultiGzDecoder;
use flate2::write::GzEncoder;

use super::CLASSES;
use super::strokes::{Strokes, StrokesError};
use crate::files::{self, WriteError};

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
    #[error("has the label \"{0}\", but labels are 0 to 9")]
    Label(String),
    #[error(transparent)]
    Strokes(#[from] StrokesError),
}

/// The samples of a pen file, raw or gzip, in its order.
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
    let is_gzip = file.fill_buf().map_err(unreadable)?.starts_with(&[0x1f, 0x8b]);
    let input: Box<dyn BufRead + '_> =
        if is_gzip { Box::new(BufReader::new(MultiGzDecoder::new(file))) } else { Box::new(file) };
    let mut samples = Vec::new();
    for (index, line) in input.lines().enumerate() {
        let line = line.map_err(unreadable)?;
        if !line.starts_with('#') && !line.trim().is_empty() {
            let named = |problem| PenError::Line { file: path.into(), line: index + 1, problem };
            samples.push(PenSample::parse(&line, &is_label).map_err(named)?);
        }
    }
    if samples.is_empty() { Err(PenError::Empty(path.into())) } else { Ok(samples) }
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
mod tests {
    use std::fs;

    use super::*;

    fn sample() -> PenSample {
        let strokes = "0,0 10.5,-3|7,7".parse().unwrap();
        let [id, set, split, writer] = ["a 1", "hand", "all", "me"].map(String::from);
        PenSample { id, label: 7, set, split, writer, strokes }
    }

    /// The message for a file with these bytes, after the file's name.
    fn message(bytes: &[u8]) -> String {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pen.tsv");
        fs::write(&path, bytes).unwrap();
        let message = read_pen_file(&path).unwrap_err().to_string();
        message.strip_prefix(&path.display().to_string()).unwrap_or_else(|| panic!("{message}")).into()
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
        assert!(message(&[0xff, 0xfe, b'\n']).starts_with(" cannot be read: "));
        let whole = encode_pen_file(&[sample()]);
        assert!(message(&whole[..whole.len() - 9]).starts_with(" cannot be read: "));
        let error = read_pen_file("no/pen.tsv".as_ref()).unwrap_err().to_string();
        assert!(error.starts_with("no/pen.tsv cannot be read: "), "{error}");
        let error = write_pen_file("no/pen.tsv".as_ref(), &[]).unwrap_err().to_string();
        assert_eq!(error, "no/pen.tsv cannot be written: there is no folder no");
    }
}

//! Sets of IDX files: of any count and size, one pair of files for training and one for tests, or one of them alone. Found by
//! their names, as MNIST's, EMNIST's and QMNIST's are called; a set of MNIST's shape goes through the `mnist` crate.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use image::GrayImage;
use rayon::prelude::*;
use walkdir::WalkDir;

use super::{Fit, Found, Need, SetError, WrongLabel, label};
use crate::limits::{PICTURE_SIDE, SET_MIB};
use crate::mnist::idx::{self, GZIP, unpack};
use crate::mnist::{Content, DataError, DataSet, Problem, SIDE, Split};

/// What is wrong with a file; the message goes on after its name.
#[derive(Debug, thiserror::Error)]
pub enum IdxError {
    #[error(transparent)]
    File(#[from] Problem),
    #[error("holds numbers of a kind that is not read: images are bytes, labels are bytes or 32-bit integers")]
    Kind,
    #[error("has {dimensions} dimensions, which are no {content}")]
    Dimensions { dimensions: u8, content: Content },
    #[error("holds {labels} labels for {images} images")]
    Count { labels: usize, images: usize },
    #[error("holds no images")]
    Empty,
    #[error(transparent)]
    Label(#[from] WrongLabel),
}

/// Bytes, and 32-bit integers.
const BYTE: u8 = 8;
const INTEGER: u8 = 12;

/// The largest that a gzip file can unpack to, in its sizes.
const MOST_PACKED: u64 = 1032;

/// The pairs of files of a set: images and labels.
#[derive(Default)]
pub struct Files {
    folder: PathBuf,
    /// What their names begin with.
    prefix: String,
    training: Pair,
    test: Pair,
}

#[derive(Default)]
struct Pair {
    images: Option<PathBuf>,
    labels: Option<PathBuf>,
}

/// The numbers of a file.
struct Array {
    sizes: Vec<usize>,
    /// Those of a byte each, or of four.
    kind: u8,
    bytes: Vec<u8>,
}

/// The set whose IDX files lie in `folder`, each maybe in a folder of its own that is called like it.
///
/// # Errors
/// There are several.
pub fn of_folder(folder: &Path) -> Result<Option<Files>, SetError> {
    let mut sets = sets_in(folder);
    if sets.len() > 1 {
        let names: Vec<&str> = sets.keys().map(|prefix| prefix.trim_end_matches('-')).collect();
        let example = folder.join(names.iter().find(|name| !name.is_empty()).unwrap_or(&"")).display().to_string();
        let names = names.iter().map(|name| if name.is_empty() { "one without a name" } else { name });
        let names = names.collect::<Vec<_>>().join(", ");
        return Err(SetError::Several { folder: folder.into(), names, example });
    }
    Ok(sets.pop_first().map(|(_, files)| files))
}

/// The set whose files lie beside `path` and begin with its name.
///
/// # Errors
/// None; it is as [`of_folder`].
pub fn of_prefix(path: &Path) -> Result<Option<Files>, SetError> {
    let name = path.file_name().map(|name| format!("{}-", name.to_string_lossy()));
    let folder = path.parent().map(|folder| if folder == Path::new("") { Path::new(".") } else { folder });
    Ok(name.zip(folder).and_then(|(name, folder)| sets_in(folder).remove(&name)))
}

/// The sets of a folder, by what their files' names begin with.
fn sets_in(folder: &Path) -> BTreeMap<String, Files> {
    let is_of_interest =
        |entry: &walkdir::DirEntry| entry.depth() == 0 || parse(&entry.file_name().to_string_lossy()).is_some();
    let entries = WalkDir::new(folder).max_depth(2).follow_links(true).sort_by_file_name().into_iter();
    let mut sets = BTreeMap::new();
    for entry in entries.filter_entry(is_of_interest).flatten().filter(|entry| entry.file_type().is_file()) {
        let Some((prefix, is_test, content)) = parse(&entry.file_name().to_string_lossy()) else { continue };
        let files =
            sets.entry(prefix.clone()).or_insert_with(|| Files { folder: folder.into(), prefix, ..Files::default() });
        let pair = if is_test { &mut files.test } else { &mut files.training };
        let place = match content {
            Content::Images => &mut pair.images,
            Content::Labels => &mut pair.labels,
        };
        // The raw file comes before the packed one.
        place.get_or_insert_with(|| entry.into_path());
    }
    sets
}

/// What a name tells: `emnist-letters-`, whether it is of the test part, and what the file holds.
fn parse(name: &str) -> Option<(String, bool, Content)> {
    let name = name.strip_suffix(".gz").unwrap_or(name);
    let (stem, content) = [("-images", Content::Images), ("-labels", Content::Labels)]
        .into_iter()
        .find_map(|(word, content)| Some((name.split_once(word)?, content)))
        .and_then(|((stem, end), content)| {
            end.strip_prefix(['-', '.'])?.starts_with("idx").then_some((stem, content))
        })?;
    let part = [("train", false), ("t10k", true), ("test", true)];
    let (prefix, is_test) = part.into_iter().find_map(|(word, is_test)| Some((stem.strip_suffix(word)?, is_test)))?;
    (prefix.is_empty() || prefix.ends_with('-')).then(|| (prefix.into(), is_test, content))
}

impl Files {
    /// The parts.
    ///
    /// # Errors
    /// A file is damaged, or lacks its partner.
    pub fn read(&self, fit: &Fit, need: Need) -> Result<Found, SetError> {
        if fit.is_nothing(SIDE, SIDE) && self.is_like_mnist() {
            match Split::from_folder(&self.folder) {
                // Labels of other classes are no damage.
                Err(DataError::File { problem: Problem::WrongLabel { .. }, .. }) => {}
                split => return Ok(split?.into()),
            }
        }
        let read = |pair: &Pair, part| pair.read(&self.folder, part, fit);
        let test = read(&self.test, "test")?;
        let is_enough = need == Need::Test && test.is_some();
        let training = if is_enough { None } else { read(&self.training, "training")? };
        Ok(Found { training, test, ..Found::default() })
    }

    /// Whether these are 60,000 and 10,000 images of 28 x 28 with their labels.
    fn is_like_mnist(&self) -> bool {
        let has = |path: &Option<PathBuf>, expected: &[usize]| {
            path.as_deref()
                .is_some_and(|path| header(path).is_ok_and(|(kind, sizes)| kind == BYTE && sizes == expected))
        };
        let is_pair = |pair: &Pair, count| has(&pair.images, &[count, SIDE, SIDE]) && has(&pair.labels, &[count]);
        self.prefix.is_empty() && is_pair(&self.training, 60_000) && is_pair(&self.test, 10_000)
    }
}

impl Pair {
    fn read(&self, folder: &Path, part: &'static str, fit: &Fit) -> Result<Option<DataSet>, SetError> {
        let half = |has, lacks| SetError::Half { folder: folder.into(), has: format!("{part} {has}"), lacks };
        match (&self.images, &self.labels) {
            (None, None) => Ok(None),
            (Some(_), None) => Err(half("images", "their labels")),
            (None, Some(_)) => Err(half("labels", "their images")),
            (Some(images), Some(labels)) => {
                let labels = read_labels(labels)?;
                let (images, path) = (read_images(images, labels.len(), fit)?, images.clone());
                if labels.is_empty() {
                    return Err(SetError::Idx { path, problem: IdxError::Empty });
                }
                Ok(Some(DataSet { images, labels }))
            }
        }
    }
}

/// The images of a file, of which there are to be `count`, each as `fit` says.
fn read_images(path: &Path, count: usize, fit: &Fit) -> Result<Vec<u8>, SetError> {
    let problem = |problem| SetError::Idx { path: path.into(), problem };
    let (kind, sizes) = header(path).map_err(|error| problem(error.into()))?;
    let [images, height, width] = sizes[..] else {
        let wrong = Problem::WrongContent { found: Content::Labels, expected: Content::Images };
        return Err(problem(match sizes.len() {
            1 => wrong.into(),
            other => IdxError::Dimensions { dimensions: other as u8, content: Content::Images },
        }));
    };
    if kind != BYTE {
        return Err(problem(IdxError::Kind));
    }
    if images != count {
        return Err(problem(IdxError::Count { labels: count, images }));
    }
    if height == 0 || width == 0 {
        return Err(problem(IdxError::Empty));
    }
    if height.max(width) > PICTURE_SIDE as usize {
        return Err(problem(Problem::LongSide { height: height as u32, width: width as u32 }.into()));
    }
    if count.saturating_mul(fit.pixels()) > SET_MIB << 20 {
        return Err(SetError::TooLarge(path.into()));
    }
    let Array { bytes, .. } = array(path)?;
    if fit.is_nothing(height, width) {
        return Ok(bytes);
    }
    let image =
        |pixels: &[u8]| GrayImage::from_raw(width as u32, height as u32, pixels.to_vec()).expect("it has them all");
    Ok(bytes.par_chunks_exact(height * width).flat_map_iter(|pixels| fit.apply(image(pixels))).collect())
}

/// The labels of a file: bytes, or integers, of which QMNIST's files have a row for each image and the label in front.
fn read_labels(path: &Path) -> Result<Vec<u8>, SetError> {
    let problem = |problem| SetError::Idx { path: path.into(), problem };
    let Array { sizes, kind, bytes } = array(path)?;
    let numbers: Vec<i64> = match (kind, &sizes[..]) {
        (BYTE, [_]) => bytes.into_iter().map(i64::from).collect(),
        (INTEGER, [_] | [_, _]) => {
            let row = 4 * sizes.get(1).copied().unwrap_or(1).max(1);
            let rows = bytes.chunks_exact(row);
            rows.map(|row| i32::from_be_bytes([row[0], row[1], row[2], row[3]]).into()).collect()
        }
        (BYTE, [_, _, _]) => {
            let wrong = Problem::WrongContent { found: Content::Images, expected: Content::Labels };
            return Err(problem(wrong.into()));
        }
        (_, sizes) => {
            return Err(problem(IdxError::Dimensions { dimensions: sizes.len() as u8, content: Content::Labels }));
        }
    };
    numbers.into_iter().map(label).collect::<Result<_, _>>().map_err(|error| problem(error.into()))
}

/// What kind of numbers a file has, and how many of them in each dimension.
fn header(path: &Path) -> Result<(u8, Vec<usize>), Problem> {
    const LONGEST: usize = 4 + 4 * 4;
    let bytes = unpack(File::open(path).map(BufReader::new).map_err(Problem::Unreadable)?, LONGEST)?;
    let truncated = |expected| Problem::Truncated { found: bytes.len(), expected };
    let &[zero, one, kind, dimensions] = bytes.first_chunk().ok_or(truncated(4))?;
    if [zero, one] != [0, 0] || !matches!(kind, 8..=14) || !(1..=4).contains(&dimensions) {
        return Err(Problem::NotIdx([zero, one, kind, dimensions]));
    }
    let length = 4 + 4 * usize::from(dimensions);
    let header = bytes.get(..length).ok_or(truncated(length))?;
    Ok((kind, idx::sizes(header).into_iter().map(|size| size as usize).collect()))
}

/// All numbers of a file. Nothing is allocated that the file is too short to have.
fn array(path: &Path) -> Result<Array, SetError> {
    let problem = |problem| SetError::Idx { path: path.into(), problem };
    let (kind, sizes) = header(path).map_err(|error| problem(error.into()))?;
    let width = match kind {
        BYTE => 1,
        INTEGER => 4,
        _ => return Err(problem(IdxError::Kind)),
    };
    let numbers = sizes.iter().fold(width, |numbers: usize, size| numbers.saturating_mul(*size));
    let header_length = 4 + 4 * sizes.len();
    let expected = numbers.saturating_add(header_length);
    let input = opened(path, expected).map_err(|error| problem(error.into()))?;
    if expected > SET_MIB << 20 {
        return Err(SetError::TooLarge(path.into()));
    }
    let mut bytes = unpack(input, expected).map_err(|error| problem(error.into()))?;
    match bytes.len() {
        length if length < expected => Err(problem(Problem::Truncated { found: length, expected }.into())),
        length if length > expected => Err(problem(Problem::TooLong { expected }.into())),
        _ => {
            bytes.drain(..header_length);
            Ok(Array { sizes, kind, bytes })
        }
    }
}

/// A file that says it has so many bytes, if it is long enough to.
fn opened(path: &Path, expected: usize) -> Result<BufReader<File>, Problem> {
    let file = File::open(path).map_err(Problem::Unreadable)?;
    let found = file.metadata().map_err(Problem::Unreadable)?.len();
    let mut input = BufReader::new(file);
    let is_packed = input.fill_buf().map_err(Problem::Unreadable)?.starts_with(&GZIP);
    match is_packed {
        true if expected as u64 > found.saturating_mul(MOST_PACKED) => Err(Problem::TruncatedGzip),
        false if expected as u64 > found => Err(Problem::Truncated { found: found as usize, expected }),
        _ => Ok(input),
    }
}

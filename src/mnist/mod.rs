//! Digits coming in: a set of 60,000 training and 10,000 test images, MNIST itself or any set of its shape, checked and
//! split. The pixels stay bytes, 0 to 255, as the files hold them; dividing by 255 is the GPU's part.
//!
//! The original files are embedded in the program. Every file is checked before the `mnist` crate reads it, because the
//! crate panics on whatever it does not expect; it finds the checked files in a temporary folder.

pub(crate) mod idx;

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

use idx::IdxFile;
pub use idx::{Content, Problem};

/// The pixels of an image, 28 x 28.
pub const PIXELS: usize = SIDE * SIDE;
/// Labels are 0 to 9.
pub const CLASSES: usize = 10;
/// The images of the training part.
pub const TRAINING: usize = 50_000;
/// The height and the width of an image.
pub const SIDE: usize = 28;

const VALIDATION: usize = 10_000;
const TEST: usize = 10_000;

/// Images and what they show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataSet {
    /// `[count, H, W]`, of MNIST [count, 28, 28]: 0 for the background to 255 for the ink.
    pub images: Vec<u8>,
    /// `[count]`, each below the number of classes, of MNIST [`CLASSES`], or 254 where no digit is shown.
    pub labels: Vec<u8>,
}

/// A set in three parts that share no image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Split {
    /// The first 50,000 training images: what the network learns from.
    pub training: DataSet,
    /// The last 10,000 training images: how well it learns, epoch by epoch.
    pub validation: DataSet,
    /// The 10,000 test images: how well it learned, looked at once, at the end.
    pub test: DataSet,
}

/// Why a set cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    #[error("there is no folder {}; give the folder that holds the four IDX files of the set", .0.display())]
    NoFolder(PathBuf),
    #[error("{} is no folder; give the folder that holds the four IDX files of the set", .0.display())]
    NotAFolder(PathBuf),
    #[error(
        "{} has no file {name}, raw or with .gz; a set is the four files train-images-idx3-ubyte, \
         train-labels-idx1-ubyte, t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte", .folder.display()
    )]
    NoFile { folder: PathBuf, name: String },
    #[error("{file} {problem}")]
    File { file: String, problem: Problem },
    #[error("cannot unpack the images into {}: {reason}; set TMPDIR to a folder with 60 MB free", .folder.display())]
    Unpack { folder: PathBuf, reason: io::Error },
}

impl DataSet {
    /// Images and labels out of two IDX files, raw or gzip, of `count` images of MNIST's shape.
    ///
    /// # Errors
    /// A file that is damaged, cut short, or holds something else.
    pub fn from_idx(count: usize, images: &[u8], labels: &[u8]) -> Result<DataSet, DataError> {
        let read = |content: Content, bytes| {
            let file = IdxFile { stem: "", content, count, embedded: &[] };
            let unpacked =
                file.read(bytes).map_err(|problem| DataError::File { file: content.to_string(), problem })?;
            Ok(unpacked[content.header_length()..].to_vec())
        };
        Ok(DataSet { images: read(Content::Images, images)?, labels: read(Content::Labels, labels)? })
    }

    /// Adds the images of another set behind these.
    pub fn append(&mut self, other: DataSet) {
        self.images.extend(other.images);
        self.labels.extend(other.labels);
    }

    /// Leaves out all images but the first `count`.
    pub fn truncate(&mut self, count: usize) {
        self.images.truncate(count * self.pixels());
        self.labels.truncate(count);
    }

    /// The number of images.
    pub fn count(&self) -> usize {
        self.labels.len()
    }

    /// How many pixels an image has.
    pub fn pixels(&self) -> usize {
        if self.labels.is_empty() { PIXELS } else { self.images.len() / self.labels.len() }
    }

    /// The pixels of image `index`, `[H, W]`.
    ///
    /// # Panics
    /// If there is no image `index`.
    pub fn image(&self, index: usize) -> &[u8] {
        let pixels = self.pixels();
        &self.images[index * pixels..][..pixels]
    }
}

impl Split {
    /// MNIST, out of the program itself: without the `mnist` crate, which reads folders, a byte at a time.
    ///
    /// # Errors
    /// The program's file is damaged.
    pub fn embedded() -> Result<Split, DataError> {
        Split::from_files(FILES.each_ref().map(|file| file.embedded))
    }

    /// The classes that images for validation or test show and none for training does.
    pub fn untaught(&self) -> BTreeSet<u8> {
        let shown = |data: &DataSet| data.labels.iter().copied().collect::<BTreeSet<u8>>();
        &(&shown(&self.validation) | &shown(&self.test)) - &shown(&self.training)
    }

    /// The set whose four IDX files these are, raw or gzip: the images and labels of the training part, then of the test
    /// part. For where there are no folders; the result is that of [`Split::from_folder`].
    ///
    /// # Errors
    /// A file that is damaged, cut short or not of MNIST's shape; the error names it.
    pub fn from_files(files: [&[u8]; 4]) -> Result<Split, DataError> {
        let [images, labels, test_images, test_labels] = files;
        let mut training = DataSet::from_idx(TRAINING + VALIDATION, images, labels)?;
        let images = training.images.split_off(TRAINING * PIXELS);
        let validation = DataSet { images, labels: training.labels.split_off(TRAINING) };
        Ok(Split { training, validation, test: DataSet::from_idx(TEST, test_images, test_labels)? })
    }

    /// The set whose four IDX files lie in `folder`, named as MNIST's or with `.idx` for `-idx`, raw or gzip. Where a
    /// file lies there in several forms, the raw one is read. Each may lie in a folder of its own, named like the file, as
    /// Kaggle's do.
    ///
    /// # Errors
    /// A file that is missing, damaged, cut short or not of MNIST's shape; the error names it.
    pub fn from_folder(folder: &Path) -> Result<Split, DataError> {
        if !folder.exists() {
            return Err(DataError::NoFolder(folder.into()));
        }
        if !folder.is_dir() {
            return Err(DataError::NotAFolder(folder.into()));
        }
        load(|file| {
            let path = file_in(folder, file)
                .or_else(|| file.spellings().iter().find_map(|name| file_in(&folder.join(name), file)));
            let path = path.ok_or_else(|| DataError::NoFile { folder: folder.into(), name: file.name() })?;
            let name = path.display().to_string();
            match File::open(path) {
                Ok(opened) => Ok((name, BufReader::new(opened))),
                Err(reason) => Err(DataError::File { file: name, problem: Problem::Unreadable(reason) }),
            }
        })
    }
}

/// The files of a set; the training files hold the validation part, too.
static FILES: [IdxFile; 4] = [
    IdxFile {
        stem: "train",
        content: Content::Images,
        count: TRAINING + VALIDATION,
        embedded: include_bytes!("../../data/mnist/train-images-idx3-ubyte.gz"),
    },
    IdxFile {
        stem: "train",
        content: Content::Labels,
        count: TRAINING + VALIDATION,
        embedded: include_bytes!("../../data/mnist/train-labels-idx1-ubyte.gz"),
    },
    IdxFile {
        stem: "t10k",
        content: Content::Images,
        count: TEST,
        embedded: include_bytes!("../../data/mnist/t10k-images-idx3-ubyte.gz"),
    },
    IdxFile {
        stem: "t10k",
        content: Content::Labels,
        count: TEST,
        embedded: include_bytes!("../../data/mnist/t10k-labels-idx1-ubyte.gz"),
    },
];

/// Where `folder` has the file, under any of its names.
fn file_in(folder: &Path, file: &IdxFile) -> Option<PathBuf> {
    file.spellings().map(|name| folder.join(name)).into_iter().find(|path| path.exists() && !path.is_dir())
}

/// Checks what `open` gives for each of the four files, a name for messages and the bytes, then has the `mnist` crate
/// read the checked files.
fn load<R: BufRead>(open: impl Fn(&'static IdxFile) -> Result<(String, R), DataError>) -> Result<Split, DataError> {
    let unpack = |reason| DataError::Unpack { folder: std::env::temp_dir(), reason };
    let folder = tempfile::Builder::new().prefix("digits-").tempdir().map_err(unpack)?;
    for file in &FILES {
        let (name, input) = open(file)?;
        let bytes = file.read(input).map_err(|problem| DataError::File { file: name, problem })?;
        std::fs::write(folder.path().join(file.name()), bytes).map_err(unpack)?;
    }
    let path = folder.path().to_str().ok_or_else(|| unpack(io::Error::other("its path is not UTF-8")))?;
    Ok(read_checked(path))
}

/// The three sizes must add up to 70,000: for fewer, the crate takes training images for test images.
fn read_checked(folder: &str) -> Split {
    let mut set = mnist::MnistBuilder::new()
        .base_path(folder)
        .label_format_digit()
        .training_set_length(TRAINING as u32)
        .validation_set_length(VALIDATION as u32)
        .test_set_length(TEST as u32)
        .finalize();
    // The crate splits the other parts off these two, whose memory still has the size of the whole.
    set.trn_img.shrink_to_fit();
    set.trn_lbl.shrink_to_fit();
    Split {
        training: DataSet { images: set.trn_img, labels: set.trn_lbl },
        validation: DataSet { images: set.val_img, labels: set.val_lbl },
        test: DataSet { images: set.tst_img, labels: set.tst_lbl },
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use tempfile::TempDir;

    use super::*;

    /// The four embedded files, uncompressed.
    fn raw() -> [Vec<u8>; 4] {
        FILES.each_ref().map(|file| file.read(file.embedded).unwrap())
    }

    /// A folder with the embedded files, named `NAME.gz`.
    fn folder() -> TempDir {
        let folder = tempfile::tempdir().unwrap();
        for file in &FILES {
            fs::write(folder.path().join(file.name() + ".gz"), file.embedded).unwrap();
        }
        folder
    }

    fn message(folder: &Path) -> String {
        Split::from_folder(folder).unwrap_err().to_string()
    }

    fn sum(data: &DataSet) -> u64 {
        data.images.iter().map(|&pixel| u64::from(pixel)).sum()
    }

    fn of_each_class(data: &DataSet) -> [usize; CLASSES] {
        std::array::from_fn(|class| data.labels.iter().filter(|&&label| usize::from(label) == class).count())
    }

    #[test]
    fn embedded_files_are_mnist() {
        let Split { training, validation, test } = Split::embedded().unwrap();
        assert_eq!(training.labels[..5], [5, 0, 4, 1, 9]);
        assert_eq!(validation.labels[..5], [3, 8, 6, 9, 6]);
        assert_eq!(test.labels[..5], [7, 2, 1, 0, 4]);
        assert_eq!(of_each_class(&training), [4932, 5678, 4968, 5101, 4859, 4506, 4951, 5175, 4842, 4988]);
        assert_eq!(of_each_class(&validation), [991, 1064, 990, 1030, 983, 915, 967, 1090, 1009, 961]);
        assert_eq!(of_each_class(&test), [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]);
        assert_eq!([&training, &validation, &test].map(sum), [1_309_089_051, 258_209_494, 264_923_200]);
    }

    #[test]
    fn split_is_disjoint_and_complete() {
        let Split { training, validation, test } = Split::embedded().unwrap();
        let parts = [&training, &validation, &test];
        assert_eq!(parts.map(DataSet::count), [50_000, 10_000, 10_000]);
        assert_eq!(parts.map(|part| part.images.len()), [50_000 * PIXELS, 10_000 * PIXELS, 10_000 * PIXELS]);
        let [training_images, training_labels, test_images, test_labels] = raw();
        assert!([&training.images[..], &validation.images].concat() == training_images[16..]);
        assert!([&training.labels[..], &validation.labels].concat() == training_labels[8..]);
        assert!(test.images == test_images[16..] && test.labels == test_labels[8..]);
        assert_eq!(validation.image(9_999), &training_images[16 + 59_999 * PIXELS..]);
    }

    #[test]
    fn from_files_splits_as_the_mnist_crate_does() {
        let files = FILES.each_ref().map(|file| file.embedded);
        assert!(Split::from_files(files).unwrap() == Split::embedded().unwrap());
        let [images, labels, ..] = files;
        let swapped = Split::from_files([labels, images, labels, images]).unwrap_err().to_string();
        assert_eq!(swapped, "images is an IDX file of labels, not images");
    }

    #[test]
    fn from_folder_reads_either_spelling_raw_or_gzip() {
        let folder = folder();
        let at = |name: &str| folder.path().join(name);
        let [_, _, test_images, test_labels] = raw();
        fs::rename(at("train-images-idx3-ubyte.gz"), at("train-images.idx3-ubyte.gz")).unwrap();
        fs::write(at("t10k-images-idx3-ubyte"), test_images).unwrap();
        fs::remove_file(at("t10k-images-idx3-ubyte.gz")).unwrap();
        fs::write(at("t10k-labels.idx1-ubyte"), test_labels).unwrap();
        fs::remove_file(at("t10k-labels-idx1-ubyte.gz")).unwrap();
        assert!(Split::from_folder(folder.path()).unwrap() == Split::embedded().unwrap());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 4, "the folder is left as it was");
    }

    #[test]
    fn missing_folders_and_files_are_named() {
        let folder = folder();
        assert!(
            message(&folder.path().join("nowhere")).ends_with("the folder that holds the four IDX files of the set")
        );
        let file = folder.path().join("t10k-labels-idx1-ubyte.gz");
        let is_no_folder = format!("{} is no folder; give the folder that holds the four IDX files", file.display());
        assert!(message(&file).starts_with(&is_no_folder), "{}", message(&file));
        fs::remove_file(file).unwrap();
        let message = message(folder.path());
        assert!(message.starts_with(&folder.path().display().to_string()), "{message}");
        assert!(message.contains("has no file t10k-labels-idx1-ubyte, raw or with .gz"), "{message}");
    }

    #[test]
    fn a_damaged_file_is_named() {
        let folder = folder();
        let path = folder.path().join("train-labels-idx1-ubyte.gz");
        fs::write(&path, FILES[0].embedded).unwrap();
        assert_eq!(message(folder.path()), format!("{} is an IDX file of images, not labels", path.display()));
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        assert!(message(folder.path()).contains("has no file train-labels-idx1-ubyte, raw or with .gz"));
    }

    #[test]
    fn folders_named_like_the_files_are_looked_into_and_passed_by() {
        let folder = folder();
        let at = |name: &str| folder.path().join(name);
        // Beside the file, as Kaggle's archive unpacks, and around it.
        fs::create_dir(at("train-images-idx3-ubyte")).unwrap();
        fs::create_dir(at("t10k-labels-idx1-ubyte")).unwrap();
        fs::rename(at("t10k-labels-idx1-ubyte.gz"), at("t10k-labels-idx1-ubyte/t10k-labels.idx1-ubyte.gz")).unwrap();
        assert!(Split::from_folder(folder.path()).unwrap() == Split::embedded().unwrap());
    }
}

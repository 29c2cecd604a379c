//! Data sets other than MNIST: IDX files of any count, a folder of pictures per class, and Kaggle's CSV files, of any number of
//! classes up to 250. A reader brings every image to one size and gives each part that the files have; what they do not
//! have is cut off the training images, and how is said.

mod csv;
mod fit;
mod folders;
mod idx;
mod split;

use std::path::{Path, PathBuf};

pub use fit::{Change, Fit};
pub use idx::IdxError;
pub use split::{Cut, Parts};

use crate::limits::SET_MIB;
use crate::mnist::{DataError, DataSet};
use crate::network::{Classes, ClassesError};
use crate::picture::PictureError;

/// A set as its files have it; a part that they lack is none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    pub training: Option<DataSet>,
    pub validation: Option<DataSet>,
    pub test: Option<DataSet>,
    /// What the files call the classes, whose places here the labels are; without names the labels are as they stand.
    pub names: Option<Vec<String>>,
}

/// What is wanted of a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    Everything,
    /// The test images alone, where the files have some; the others may be missing, and are not looked at.
    Test,
}

/// Why a set cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SetError {
    #[error(transparent)]
    Mnist(#[from] DataError),
    #[error("there is no folder {}; give the folder that holds the data set, or a CSV file", .0.display())]
    NoFolder(PathBuf),
    #[error("{} is no folder; give the folder that holds the data set, or a CSV file", .0.display())]
    NotAFolder(PathBuf),
    #[error(
        "{} holds no data set: it has no IDX files, such as train-images-idx3-ubyte, no train.csv, and no folders of \
         pictures, one for each class", .0.display()
    )]
    Nothing(PathBuf),
    #[error("{} cannot be read: {reason}", .path.display())]
    Unreadable { path: PathBuf, reason: std::io::Error },
    #[error("{} {problem}", .path.display())]
    Idx { path: PathBuf, problem: IdxError },
    #[error(
        "{} has the files of several sets, {names}: say which, as in --data {example}", .folder.display()
    )]
    Several { folder: PathBuf, names: String, example: String },
    #[error("{} has {has} and lacks {lacks}", .folder.display())]
    Half { folder: PathBuf, has: String, lacks: &'static str },
    #[error("{} {problem}", .path.display())]
    Picture { path: PathBuf, problem: PictureError },
    #[error("{} has no pictures (png, jpg, ...) of the class {class}", .folder.display())]
    EmptyClass { folder: PathBuf, class: String },
    #[error("{} has a folder {name}, but the training images have no such class", .folder.display())]
    OtherClass { folder: PathBuf, name: String },
    #[error("{} line {line}: {problem}", .path.display())]
    Csv { path: PathBuf, line: u64, problem: String },
    #[error("{} has images that take more than {SET_MIB} MiB, the most that is read; leave some out", .0.display())]
    TooLarge(PathBuf),
    #[error("{}: {problem}", .folder.display())]
    Classes { folder: PathBuf, problem: ClassesError },
}

/// Why a set does not fit what is wanted of it; the message goes on after its name.
#[derive(Debug, thiserror::Error)]
pub enum Unfit {
    #[error("gives an image for {part} the label {label}, but the labels of its classes are {first} to {last}")]
    Label { part: &'static str, label: u8, first: u8, last: usize },
    #[error("has the class {name}, which is none of the model's: {known}")]
    UnknownClass { name: String, known: String },
    #[error("names its classes by folders: leave out --classes")]
    Named,
    #[error("does not have classes to tell apart: {0}")]
    Classes(#[from] ClassesError),
    #[error("has validation images of its own: leave out --validation")]
    OwnValidation,
    #[error("has {images} training images, of which {wanted} cannot be kept: some must be kept and some left")]
    Cut { images: usize, wanted: String },
}

/// A label that is none.
#[derive(Debug, thiserror::Error)]
#[error("has the label {0}, but labels are 0 to {most}", most = Classes::MOST - 1)]
pub struct WrongLabel(i64);

impl Found {
    /// MNIST, out of the program itself.
    ///
    /// # Errors
    /// The program's file is damaged.
    pub fn mnist() -> Result<Found, SetError> {
        Ok(crate::mnist::Split::embedded()?.into())
    }

    /// The set at `path`, its images as `fit` says: a folder, or a CSV file, or a folder and what the names of its IDX files
    /// begin with, `emnist/emnist-letters`.
    ///
    /// # Errors
    /// There is no set, or a file is damaged.
    pub fn read(path: &Path, fit: &Fit, need: Need) -> Result<Found, SetError> {
        if path.is_file() && csv::is_called_csv(path) {
            return csv::file(path, fit);
        }
        if !path.is_dir() {
            return match idx::of_prefix(path)? {
                Some(files) => files.read(fit, need),
                None if path.exists() => Err(SetError::NotAFolder(path.into())),
                None => Err(SetError::NoFolder(path.into())),
            };
        }
        if let Some(files) = idx::of_folder(path)? {
            return files.read(fit, need);
        }
        if let Some(found) = csv::folder(path, fit, need)? {
            return Ok(found);
        }
        folders::read(path, fit, need)?.ok_or_else(|| SetError::Nothing(path.into()))
    }

    /// The classes that the set has: those of its folders; or one for each label up to the largest, from 1 where the labels
    /// of the training images begin there, as EMNIST's letters do, and else from 0, with the names that are `given`.
    ///
    /// # Errors
    /// They are too many, or the names are not theirs.
    pub fn classes(&self, given: Option<Vec<String>>) -> Result<Classes, Unfit> {
        if let Some(names) = &self.names {
            let is_given = given.is_some();
            return if is_given { Err(Unfit::Named) } else { Ok(Classes::named(names.clone(), 0)?) };
        }
        let labels = |data: &Option<DataSet>| data.iter().flat_map(|data| data.labels.clone()).collect::<Vec<_>>();
        let training = labels(&self.training);
        let first = u8::from(training.iter().min() == Some(&1));
        let all = [training, labels(&self.validation), labels(&self.test)].concat();
        let last = all.into_iter().max().unwrap_or(0);
        match given {
            None => Ok(Classes::of_labels(first, last)?),
            Some(names) => Ok(Classes::named(names, first)?),
        }
    }

    /// The parts, their labels counted from 0 as `classes` has them.
    ///
    /// # Errors
    /// An image shows none of the classes.
    pub fn labelled(mut self, classes: &Classes) -> Result<Found, Unfit> {
        let places = self.names.as_ref().map(|names| places(names, classes)).transpose()?;
        let parts = [("training", &mut self.training), ("validation", &mut self.validation), ("test", &mut self.test)];
        for (part, data) in parts.into_iter().filter_map(|(part, data)| Some((part, data.as_mut()?))) {
            for label in &mut data.labels {
                *label = match &places {
                    Some(places) => places[usize::from(*label)],
                    None => place(*label, part, classes)?,
                };
            }
        }
        self.names = None;
        Ok(self)
    }
}

/// The class that each of a set's `names` is.
fn places(names: &[String], classes: &Classes) -> Result<Vec<u8>, Unfit> {
    let place = |name: &String| {
        let at = classes.names().iter().position(|known| known == name);
        at.map(|at| at as u8)
            .ok_or_else(|| Unfit::UnknownClass { name: name.clone(), known: classes.names().join(", ") })
    };
    names.iter().map(place).collect()
}

/// The class of a label.
fn place(label: u8, part: &'static str, classes: &Classes) -> Result<u8, Unfit> {
    let first = classes.first_label();
    let class = label.checked_sub(first).filter(|class| usize::from(*class) < classes.count());
    let last = usize::from(first) + classes.count() - 1;
    class.ok_or(Unfit::Label { part, label, first, last })
}

/// A label that is read as a number.
fn label(number: i64) -> Result<u8, WrongLabel> {
    let label = u8::try_from(number).ok().filter(|label| usize::from(*label) < Classes::MOST);
    label.ok_or(WrongLabel(number))
}

impl From<crate::mnist::Split> for Found {
    fn from(split: crate::mnist::Split) -> Found {
        let mut training = split.training;
        training.append(split.validation);
        Found { training: Some(training), test: Some(split.test), ..Found::default() }
    }
}

#[cfg(test)]
mod tests;

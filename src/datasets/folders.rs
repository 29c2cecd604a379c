//! A folder of pictures for each class, as torchvision's ImageFolder has them: `train/CLASS/*.png` with `test/CLASS/` and
//! `validation/CLASS/` beside it where they are there, or `CLASS/*.png` alone.

use std::path::{Path, PathBuf};

use rayon::prelude::*;
use walkdir::WalkDir;

use super::{Fit, Found, Need, SetError};
use crate::limits::SET_MIB;
use crate::mnist::DataSet;
use crate::network::{Classes, ClassesError};
use crate::picture::{PictureError, Pictures, is_called_a_picture};

/// What folders of the parts of a set are called.
const TRAINING: [&str; 2] = ["train", "training"];
const VALIDATION: [&str; 3] = ["validation", "valid", "val"];
const TEST: [&str; 2] = ["test", "testing"];

/// The set whose classes have folders in `folder`, or in the folders of its parts; none where there are no folders. The classes
/// are in the order of their names, those of the training images where there are some.
///
/// # Errors
/// A folder without pictures, a picture that is damaged, or a class that the training images do not have.
pub fn read(folder: &Path, fit: &Fit, need: Need) -> Result<Option<Found>, SetError> {
    let inside = folders_in(folder)?;
    if inside.is_empty() {
        return Ok(None);
    }
    let part = |names: &[&str]| {
        let is_called = |path: &&PathBuf| names.iter().any(|name| name_of(path).eq_ignore_ascii_case(name));
        inside.iter().find(is_called).cloned()
    };
    let mut parts = [part(&TRAINING), part(&VALIDATION), part(&TEST)];
    if parts.iter().all(Option::is_none) {
        parts[0] = Some(folder.into());
    }
    let of_names = parts.iter().flatten().next().expect("one of them is there");
    let names: Vec<String> = folders_in(of_names)?.iter().map(|path| name_of(path)).collect();
    if !(2..=Classes::MOST).contains(&names.len()) {
        let problem = ClassesError::Count { found: names.len() };
        return Err(SetError::Classes { folder: of_names.clone(), problem });
    }
    let read = |part: &Option<PathBuf>| part.as_deref().map(|part| images(part, &names, fit)).transpose();
    if need == Need::Test && parts[2].is_some() {
        (parts[0], parts[1]) = (None, None);
    }
    let [training, validation, test] = [read(&parts[0])?, read(&parts[1])?, read(&parts[2])?];
    Ok(Some(Found { training, validation, test, names: Some(names) }))
}

/// The images of a part, each class by the names of its pictures. The classes take turns, so the last of all, which validation
/// may keep, are the last of each, and the first the first.
fn images(part: &Path, names: &[String], fit: &Fit) -> Result<DataSet, SetError> {
    let mut pictures = Vec::new();
    for folder in folders_in(part)? {
        let name = name_of(&folder);
        let Some(class) = names.iter().position(|known| *known == name) else {
            return Err(SetError::OtherClass { folder: part.into(), name });
        };
        let mut paths = Vec::new();
        for entry in WalkDir::new(&folder).follow_links(true).sort_by_file_name() {
            let entry = entry.map_err(|error| unreadable(&folder, error))?;
            let is_hidden = entry.file_name().to_string_lossy().starts_with('.');
            if entry.file_type().is_file() && !is_hidden && is_called_a_picture(entry.path()) {
                paths.push(entry.into_path());
            }
        }
        if paths.is_empty() {
            return Err(SetError::EmptyClass { folder, class: name });
        }
        let count = paths.len() as f64;
        pictures.extend((1..).zip(paths).map(|(turn, path)| (f64::from(turn) / count, path, class as u8)));
    }
    if pictures.len().saturating_mul(fit.pixels()) > SET_MIB << 20 {
        return Err(SetError::TooLarge(part.into()));
    }
    pictures.sort_by(|a, b| a.0.total_cmp(&b.0));
    let open = |(_, path, _): &(f64, PathBuf, u8)| match Pictures::open(path) {
        Ok(Pictures::Picture(picture)) => Ok(fit.apply(picture)),
        Ok(Pictures::Images(_)) => Err(SetError::Picture { path: path.clone(), problem: PictureError::NotAPicture }),
        Err(problem) => Err(SetError::Picture { path: path.clone(), problem }),
    };
    let images: Vec<Vec<u8>> = pictures.par_iter().map(open).collect::<Result<_, _>>()?;
    Ok(DataSet { images: images.concat(), labels: pictures.into_iter().map(|(.., class)| class).collect() })
}

/// The folders in a folder, by name, without hidden ones.
fn folders_in(folder: &Path) -> Result<Vec<PathBuf>, SetError> {
    let mut folders = Vec::new();
    for entry in WalkDir::new(folder).min_depth(1).max_depth(1).follow_links(true).sort_by_file_name() {
        let entry = entry.map_err(|error| unreadable(folder, error))?;
        if entry.file_type().is_dir() && !entry.file_name().to_string_lossy().starts_with('.') {
            folders.push(entry.into_path());
        }
    }
    Ok(folders)
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn unreadable(folder: &Path, error: walkdir::Error) -> SetError {
    let path = error.path().unwrap_or(folder).to_path_buf();
    SetError::Unreadable { path, reason: error.into() }
}

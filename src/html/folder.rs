//! Where pages go. What lies there already is left as it is, unless it is an earlier page of this program.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use super::Page;
use crate::figures::{Figure, GENERATOR};
use crate::files::{self, WriteError};

/// The page's own name in its folder.
const INDEX: &str = "index.html";

/// A folder that a page and its pictures may be written to.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
}

/// Why pages cannot go somewhere.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    #[error("{} is no folder; give the name of one that is empty, new or holds an earlier report", .0.display())]
    NotAFolder(PathBuf),
    #[error("{} holds {name}, which is no part of an earlier report, so it is left as it is; give another folder", .folder.display())]
    HoldsOther { folder: PathBuf, name: String },
    #[error("{} would have the name of a part of the report; give another name", .0.display())]
    Taken(PathBuf),
    #[error("{} is there already and is no page of digits, so it is left as it is; give another name", .0.display())]
    NotAPage(PathBuf),
    #[error("{} {problem}", .path.display())]
    Unwritable { path: PathBuf, problem: WriteError },
}

impl FolderError {
    /// Whether another place would do.
    pub fn is_misuse(&self) -> bool {
        !matches!(self, FolderError::Unwritable { .. })
    }
}

impl Folder {
    /// Makes the folder where it is missing. What it holds must be an earlier report, hidden, or one of the files `beside`, which the
    /// same command writes.
    ///
    /// # Errors
    /// It holds anything else, or cannot be written.
    pub fn prepare(path: &Path, beside: &[&Path]) -> Result<Folder, FolderError> {
        if path.exists() && !path.is_dir() {
            return Err(FolderError::NotAFolder(path.into()));
        }
        let failed = |error| unwritable(path, WriteError::Failed(error));
        fs::create_dir_all(path).map_err(failed)?;
        let place = path.canonicalize().map_err(failed)?;
        let is_in_it = |file: &&&Path| {
            let folder = file.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."));
            folder.canonicalize().is_ok_and(|folder| folder == place)
        };
        let beside: Vec<&Path> = beside.iter().filter(is_in_it).copied().collect();
        if let Some(file) = beside.iter().find(|file| is_name_of_ours(file)) {
            return Err(FolderError::Taken(file.to_path_buf()));
        }
        for entry in fs::read_dir(path).map_err(failed)? {
            let file = entry.map_err(failed)?.path();
            let name = file.file_name().unwrap_or_default().to_string_lossy();
            let is_of_command = || beside.iter().any(|beside| beside.file_name() == file.file_name());
            let is_known = name.starts_with('.') || is_of_command() || is_name_of_ours(&file) && is_ours(&file);
            if !is_known {
                return Err(FolderError::HoldsOther { folder: path.into(), name: name.into() });
            }
        }
        let index = path.join(INDEX);
        files::check(&index).map_err(|problem| unwritable(&index, problem))?;
        Ok(Folder { path: path.into() })
    }

    /// Writes the pictures and the page, all or none, then takes away what is left of an earlier one. Gives the page's place.
    ///
    /// # Errors
    /// A file cannot be written; an earlier report is whole then.
    pub fn write(&self, page: &Page) -> Result<PathBuf, FolderError> {
        let index = self.path.join(INDEX);
        let pictures: Vec<String> = page.figures.iter().map(Figure::file).collect();
        let names = page.figures.iter().map(|figure| self.path.join(format!("{}.svg", figure.name)));
        let mut written: Vec<(PathBuf, &[u8])> = names.zip(pictures.iter().map(String::as_bytes)).collect();
        written.push((index.clone(), page.html.as_bytes()));
        files::replace_all(&written).map_err(|(path, problem)| unwritable(&path, problem))?;
        let failed = |error| unwritable(&self.path, WriteError::Failed(error));
        for entry in fs::read_dir(&self.path).map_err(failed)? {
            let file = entry.map_err(failed)?.path();
            if !written.iter().any(|(path, _)| *path == file) && is_name_of_ours(&file) && is_ours(&file) {
                fs::remove_file(&file).map_err(failed)?;
            }
        }
        Ok(index)
    }
}

/// Whether [`write_page`] could write `path`.
///
/// # Errors
/// It cannot be written, or something else is there.
pub fn check_page(path: &Path) -> Result<(), FolderError> {
    files::check(path).map_err(|problem| unwritable(path, problem))?;
    if path.exists() && !is_ours(path) { Err(FolderError::NotAPage(path.into())) } else { Ok(()) }
}

/// Writes a page without files for its pictures.
///
/// # Errors
/// It cannot be written.
pub fn write_page(path: &Path, page: &Page) -> Result<(), FolderError> {
    files::replace(path, page.html.as_bytes()).map_err(|problem| unwritable(path, problem))
}

fn unwritable(path: &Path, problem: WriteError) -> FolderError {
    FolderError::Unwritable { path: path.into(), problem }
}

fn is_name_of_ours(path: &Path) -> bool {
    path.ends_with(INDEX) || path.extension().is_some_and(|ending| ending == "svg")
}

/// Whether a file says near its beginning that this program made it.
fn is_ours(path: &Path) -> bool {
    let mut beginning = Vec::new();
    let read = File::open(path).and_then(|file| file.take(1 << 10).read_to_end(&mut beginning));
    read.is_ok() && String::from_utf8_lossy(&beginning).contains(&format!("=\"{GENERATOR}\""))
}

#[cfg(test)]
mod tests {
    use maud::html;

    use super::*;
    use crate::figures::sheet;
    use crate::html::frame;

    fn figure(name: &str) -> Figure {
        sheet(name, "nothing", &[], 1)
    }

    fn page(names: &[&str]) -> Page {
        let html = frame::page("a page", &html! {});
        Page { html, figures: names.iter().map(|name| figure(name)).collect() }
    }

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_report_takes_the_place_of_an_earlier_one_and_of_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/folder");
        let written = Folder::prepare(&path, &[]).unwrap().write(&page(&["loss", "accuracy"])).unwrap();
        assert_eq!(
            (written, names(&path)),
            (path.join(INDEX), vec!["accuracy.svg".into(), INDEX.into(), "loss.svg".into()])
        );
        fs::write(path.join(".hidden"), "x").unwrap();
        Folder::prepare(&path, &[]).unwrap().write(&page(&["loss"])).unwrap();
        assert_eq!(names(&path), [".hidden", INDEX, "loss.svg"]);
        for name in ["notes.txt", "drawing.svg"] {
            fs::write(path.join(name), "<svg/>").unwrap();
            let error = Folder::prepare(&path, &[]).unwrap_err();
            assert!(error.is_misuse() && error.to_string().contains(&format!("folder holds {name}, ")), "{error}");
            fs::remove_file(path.join(name)).unwrap();
        }
        fs::write(path.join(INDEX), "<html>my own</html>").unwrap();
        assert!(Folder::prepare(&path, &[]).is_err());
        assert!(matches!(Folder::prepare(&path.join(INDEX), &[]), Err(FolderError::NotAFolder(_))));
    }

    #[test]
    fn files_of_the_same_command_may_lie_beside_but_not_under_a_name_of_the_report() {
        let folder = tempfile::tempdir().unwrap();
        let model = folder.path().join("model");
        fs::write(&model, "x").unwrap();
        assert!(Folder::prepare(folder.path(), &[]).is_err());
        assert!(Folder::prepare(folder.path(), &[&model]).is_ok());
        assert!(Folder::prepare(folder.path(), &[Path::new("model")]).is_err(), "a file of another folder");
        let taken = folder.path().join("loss.svg");
        assert!(matches!(Folder::prepare(folder.path(), &[&model, &taken]), Err(FolderError::Taken(_))));
    }

    #[test]
    fn a_page_alone_takes_the_place_of_a_page_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("page.html");
        check_page(&path).unwrap();
        write_page(&path, &page(&[])).unwrap();
        check_page(&path).unwrap();
        fs::write(&path, "{\"epoch\":1}").unwrap();
        assert!(check_page(&path).unwrap_err().is_misuse());
    }
}

//! Which pictures to read: files, those of folders, and those that a list names.

use std::collections::HashSet;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{anyhow, ensure};
use clap::Args;
use digits::files::{load, read_at_most};
use digits::limits::TEXT_MIB;
use digits::picture::{EXTENSIONS, Pictures, is_called_a_picture};
use digits::predict::Digits;
use walkdir::WalkDir;

use super::super::{Misuse, text_of};

/// Where pictures are.
#[derive(Args)]
pub struct SourceOptions {
    /// Pictures: PNG, JPEG, WebP, GIF, BMP, TIFF or IDX files, folders, whose pictures are read by name, or - for one on standard input
    #[arg(required_unless_present = "files_from", value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Read the pictures that a list names, too, a path a line or with NUL bytes between them; - for one on standard input
    #[arg(long, value_name = "FILE")]
    files_from: Option<PathBuf>,
    /// Read the pictures of folders in folders, too
    #[arg(short, long)]
    recursive: bool,
}

/// A file to read, or what there is in its place.
pub struct Source {
    path: PathBuf,
    /// Why it cannot be read, if that is known.
    problem: Option<String>,
}

impl SourceOptions {
    /// The picture, where the options name one file and nothing else.
    pub fn only(&self) -> Result<&Path, String> {
        match (&self.files[..], &self.files_from) {
            ([picture], None) if picture.is_dir() => Err(format!("one picture, and {} is a folder", picture.display())),
            ([picture], None) => Ok(picture),
            (_, Some(list)) => Err(format!("one picture, not the list {}", list.display())),
            (several, None) => Err(format!("one picture, not {}", several.len())),
        }
    }

    /// What the options name, in the order in which they do.
    pub fn sources(&self) -> anyhow::Result<Vec<Source>> {
        let listed = match &self.files_from {
            Some(list) if is_piped(list) && self.files.iter().any(|path| is_piped(path)) => {
                let twice = "the list and a picture cannot both be on standard input: give one of them as a file";
                return Err(Misuse(twice.into()).into());
            }
            Some(list) => listed(list)?,
            None => Vec::new(),
        };
        Ok(self.files.iter().chain(&listed).flat_map(|path| self.sources_at(path)).collect())
    }

    /// The file, or the pictures of a folder, the first name first.
    fn sources_at(&self, path: &Path) -> Vec<Source> {
        if !path.is_dir() {
            return vec![path.to_path_buf().into()];
        }
        let depth = if self.recursive { usize::MAX } else { 1 };
        let entries = WalkDir::new(path).max_depth(depth).follow_links(true).sort_by_file_name();
        let pictures: Vec<Source> = entries.into_iter().filter_map(picture_at).collect();
        if pictures.is_empty() {
            let deeper = if self.recursive { "" } else { "; --recursive reads those in its folders" };
            let problem =
                format!("{} is a folder without pictures ({}){deeper}", path.display(), EXTENSIONS.join(", "));
            return vec![Source { path: path.into(), problem: Some(problem) }];
        }
        pictures
    }
}

impl Source {
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What the path is called where it is told.
    pub fn name(&self) -> String {
        self.path.display().to_string()
    }

    /// What the file holds.
    pub fn pictures(&self) -> anyhow::Result<Pictures> {
        ensure!(self.problem.is_none(), "{}", self.problem.as_deref().unwrap_or_default());
        let pictures =
            if is_piped(&self.path) { Pictures::read(io::stdin().lock()) } else { Pictures::open(&self.path) };
        pictures.map_err(|error| anyhow!("{} {error}", called(&self.path)))
    }

    /// The digits of what the file holds.
    pub fn digits(&self, pictures: &Pictures) -> anyhow::Result<Digits> {
        Digits::of(pictures).map_err(|error| anyhow!("{} {error}", called(&self.path)))
    }
}

impl From<PathBuf> for Source {
    fn from(path: PathBuf) -> Source {
        Source { path, problem: None }
    }
}

/// Each path once, where it is first.
pub fn each_once(mut sources: Vec<Source>) -> Vec<Source> {
    let mut seen = HashSet::new();
    sources.retain(|source| seen.insert(source.path.clone()));
    sources
}

fn is_piped(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// What a path is called in an error.
fn called(path: &Path) -> String {
    if is_piped(path) { "standard input".into() } else { path.display().to_string() }
}

/// What to read of an entry of a folder, if it is a picture, or a folder that cannot be read.
fn picture_at(entry: walkdir::Result<walkdir::DirEntry>) -> Option<Source> {
    match entry {
        Ok(entry) if entry.file_type().is_file() && is_called_a_picture(entry.path()) => Some(entry.into_path().into()),
        Ok(_) => None,
        Err(error) => {
            let path = error.path()?.to_path_buf();
            let is_gone = error.io_error().is_some_and(|error| error.kind() == io::ErrorKind::NotFound);
            if is_gone && !is_called_a_picture(&path) {
                return None;
            }
            let name = path.display();
            let problem = match (error.io_error(), error.loop_ancestor()) {
                (None, Some(_)) => format!("{name} leads back to a folder that it is in"),
                (error, _) => {
                    format!("{name} cannot be read: {}", error.map_or_else(String::new, io::Error::to_string))
                }
            };
            Some(Source { path, problem: Some(problem) })
        }
    }
}

/// The paths of a list.
fn listed(list: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let name = called(list);
    let read = if is_piped(list) { read_at_most(io::stdin().lock(), TEXT_MIB) } else { load(list, TEXT_MIB) };
    let bytes = text_of(read, &name)?;
    let paths: Vec<PathBuf> = if bytes.contains(&0) {
        bytes.split(|byte| *byte == 0).map(path_of).collect()
    } else {
        let lines = bytes.split(|byte| *byte == b'\n');
        lines.map(|line| path_of(line.strip_suffix(b"\r").unwrap_or(line))).collect()
    };
    let paths: Vec<PathBuf> = paths.into_iter().filter(|path| !path.as_os_str().is_empty()).collect();
    ensure!(!paths.is_empty(), "{name} names no picture: a list has a path in each line");
    Ok(paths)
}

#[cfg(unix)]
fn path_of(bytes: &[u8]) -> PathBuf {
    use std::os::unix::ffi::OsStringExt as _;
    OsString::from_vec(bytes.to_vec()).into()
}

#[cfg(not(unix))]
fn path_of(bytes: &[u8]) -> PathBuf {
    OsString::from(String::from_utf8_lossy(bytes).into_owned()).into()
}

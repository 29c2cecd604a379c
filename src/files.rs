//! Files that appear whole or not at all: they are written beside their place, then renamed, so whatever happens, there
//! is the new file or the one before. And files that are read only as far as memory goes.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

/// Why a file cannot be written; the message goes on after the file's name.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    #[error("cannot be written: {}{}", .0, way_out(.0))]
    Failed(io::Error),
    #[error("cannot be written: there is no folder {}", .0.display())]
    NoFolder(PathBuf),
    #[error("cannot be written: it is not an ordinary file")]
    NotAFile,
}

/// All that `input` has; `None` where that is more than `most` MiB: a file may be larger than the memory, and a pipe has no end.
///
/// # Errors
/// It cannot be read.
pub fn read_at_most(input: impl Read, most: u64) -> io::Result<Option<Vec<u8>>> {
    let (mut bytes, most) = (Vec::new(), most << 20);
    input.take(most + 1).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 <= most).then_some(bytes))
}

/// [`read_at_most`], of the file at `path`, which is not read where its length says enough.
///
/// # Errors
/// It cannot be read.
pub fn load(path: &Path, most: u64) -> io::Result<Option<Vec<u8>>> {
    let file = File::open(path)?;
    if file.metadata()?.len() > most << 20 { Ok(None) } else { read_at_most(file, most) }
}

/// Puts a file with these bytes in place of what is at `path`.
///
/// # Errors
/// A folder that cannot be written, or a `path` that is a folder or a device.
pub fn replace(path: &Path, bytes: &[u8]) -> Result<(), WriteError> {
    start(path, bytes).map(drop)
}

/// [`replace`], for a file that goes on.
///
/// # Errors
/// Those of [`replace`].
pub fn start(path: &Path, bytes: &[u8]) -> Result<File, WriteError> {
    rename(write_beside(path, bytes)?, path)
}

/// [`replace`], for files that belong together: no one takes its place before all are written.
///
/// # Errors
/// Those of [`replace`], with the file that has it.
pub fn replace_all(files: &[(PathBuf, &[u8])]) -> Result<(), (PathBuf, WriteError)> {
    let named = |path: &PathBuf| {
        let path = path.clone();
        |problem| (path, problem)
    };
    let write = |(path, bytes): &(PathBuf, &[u8])| write_beside(path, bytes).map_err(named(path));
    let written: Vec<NamedTempFile> = files.iter().map(write).collect::<Result<_, _>>()?;
    let mut pairs = files.iter().zip(written);
    pairs.try_for_each(|((path, _), file)| rename(file, path).map(drop).map_err(named(path)))
}

/// Whether [`replace`] could write `path`.
///
/// # Errors
/// Those of [`replace`].
pub fn check(path: &Path) -> Result<(), WriteError> {
    create_beside(path).map(drop)
}

/// What takes lines as they come where `path` leads, which is no file to put another one in place of: a pipe, a terminal, or
/// what the program has open. A named pipe is waited for until somebody reads it.
///
/// # Errors
/// It cannot be opened.
#[cfg(unix)]
pub fn stream(path: &Path) -> io::Result<Option<Box<dyn Write>>> {
    use std::os::unix::fs::FileTypeExt as _;
    // Opened anew, an output that goes into a file would have two ends, each writing over the other's lines.
    match path.to_str() {
        Some("/dev/stdout" | "/dev/fd/1" | "/proc/self/fd/1") => return Ok(Some(Box::new(io::stdout()))),
        Some("/dev/stderr" | "/dev/fd/2" | "/proc/self/fd/2") => return Ok(Some(Box::new(io::stderr()))),
        _ => {}
    }
    let is_open = ["/dev/fd", "/proc/self/fd"].iter().any(|folder| path.starts_with(folder));
    let kind = path.metadata().map(|metadata| metadata.file_type());
    if !is_open && !kind.is_ok_and(|kind| kind.is_fifo() || kind.is_char_device()) {
        return Ok(None);
    }
    Ok(Some(Box::new(File::options().append(true).open(path)?)))
}

/// Nothing that is known here.
///
/// # Errors
/// None.
#[cfg(not(unix))]
pub fn stream(_: &Path) -> io::Result<Option<Box<dyn Write>>> {
    Ok(None)
}

/// What to do about an error, behind its own words, where the system's words do not say it.
pub(crate) fn way_out(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "; make room there, or choose another place",
        io::ErrorKind::FileTooLarge => "; so large a file is not allowed there: choose another place",
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            "; choose a place that you may write to, or have it allowed"
        }
        _ => "",
    }
}

/// A file in the folder of `path` with these bytes on the disk, which goes away unless it is renamed.
fn write_beside(path: &Path, bytes: &[u8]) -> Result<NamedTempFile, WriteError> {
    let mut file = create_beside(path)?;
    // The file itself, whose errors do not tell its passing name.
    file.as_file_mut().write_all(bytes).and_then(|()| file.as_file().sync_all()).map_err(WriteError::Failed)?;
    Ok(file)
}

fn rename(file: NamedTempFile, path: &Path) -> Result<File, WriteError> {
    file.persist(path).map_err(|error| WriteError::Failed(error.error))
}

/// An empty file in the folder of `path`, which goes away unless it is renamed.
fn create_beside(path: &Path) -> Result<NamedTempFile, WriteError> {
    if path.metadata().is_ok_and(|metadata| !metadata.is_file()) {
        return Err(WriteError::NotAFile);
    }
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    if !folder.is_dir() {
        return Err(WriteError::NoFolder(folder.into()));
    }
    let mut builder = tempfile::Builder::new();
    // Temporary files are for their owner's eyes only; these are to be as readable as any other file.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder.prefix(".digits-").tempfile_in(folder).map_err(|error| WriteError::Failed(without_path(error)))
}

/// The error without the path that `tempfile` adds, which is of no file that the user knows.
fn without_path(error: io::Error) -> io::Error {
    match error.to_string().split_once(" at path \"") {
        Some((reason, _)) => io::Error::new(error.kind(), reason),
        None => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_than_a_limit_is_read_of_a_file_or_of_what_never_ends() {
        assert_eq!(read_at_most(io::repeat(7), 1).unwrap(), None);
        let whole = io::repeat(7).take(1 << 20);
        assert_eq!(read_at_most(whole, 1).unwrap(), Some(vec![7; 1 << 20]));
        let file = NamedTempFile::new().unwrap();
        file.as_file().set_len(1 << 20).unwrap();
        assert_eq!(load(file.path(), 1).unwrap(), Some(vec![0; 1 << 20]));
        file.as_file().set_len(1 << 40).unwrap();
        assert_eq!(load(file.path(), 1).unwrap(), None);
    }

    #[test]
    fn an_error_tells_its_reason_and_not_the_passing_file() {
        let folder = tempfile::tempdir().unwrap();
        let long = tempfile::Builder::new().prefix(&"x".repeat(300)).tempfile_in(&folder).unwrap_err();
        let (kind, text) = (long.kind(), long.to_string());
        assert!(text.contains("xxx"), "{text}");
        let bare = without_path(long);
        assert!(bare.kind() == kind && text.starts_with(&bare.to_string()), "{bare}");
        assert!(!bare.to_string().contains("xxx") && !bare.to_string().is_empty(), "{bare}");
    }
}

//! A folder of files, held in memory by their relative addresses: gathered from disk, and put in place whole or not at
//! all.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::{fs, io};

use anyhow::{Context, Result, ensure};

/// What stands under which address, with `/` between folders, in the order of the addresses.
pub type Files = BTreeMap<String, Vec<u8>>;

pub fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("{} cannot be read", path.display()))
}

/// All files of a folder and its folders, but for hidden ones, which editors and systems leave behind.
pub fn gather(folder: &Path) -> Result<Files> {
    let mut files = Files::new();
    let mut rest = vec![(folder.to_path_buf(), String::new())];
    while let Some((folder, prefix)) = rest.pop() {
        let unreadable = || format!("the folder {} cannot be read", folder.display());
        for entry in fs::read_dir(&folder).with_context(unreadable)? {
            let path = entry.with_context(unreadable)?.path();
            let name = path.file_name().unwrap_or_default().to_str();
            let name = name.with_context(|| format!("{} has a name that is no text", path.display()))?;
            if name.starts_with('.') {
                continue;
            }
            let address = format!("{prefix}{name}");
            if path.is_dir() {
                rest.push((path, address + "/"));
            } else {
                files.insert(address, read(&path)?);
            }
        }
    }
    Ok(files)
}

/// Adds files to others; none may stand in the place of another.
pub fn add(files: &mut Files, more: Files) -> Result<()> {
    for (address, bytes) in more {
        ensure!(!files.contains_key(&address), "two files of the page have the address {address}");
        files.insert(address, bytes);
    }
    Ok(())
}

/// Puts a folder with these files in place of what is at `folder`. They are written beside it first, so that whatever
/// goes wrong on the way, there is the folder from before.
pub fn replace(folder: &Path, files: &Files) -> Result<()> {
    let (new, old) = (beside(folder, ".new")?, beside(folder, ".old")?);
    for leftover in [&new, &old] {
        remove(leftover).with_context(|| format!("{} cannot be removed", leftover.display()))?;
    }
    for (address, bytes) in files {
        let path = new.join(address);
        let parent = path.parent().unwrap_or(&new);
        fs::create_dir_all(parent)
            .and_then(|()| fs::write(&path, bytes))
            .with_context(|| format!("{} cannot be written", path.display()))?;
    }
    let had_one = folder.exists();
    let swap = || -> io::Result<()> {
        if had_one {
            fs::rename(folder, &old)?;
        }
        fs::rename(&new, folder).inspect_err(|_| {
            if had_one {
                let _ = fs::rename(&old, folder);
            }
        })
    };
    swap().with_context(|| format!("{} cannot be put in place", folder.display()))?;
    remove(&old).with_context(|| format!("{} cannot be removed", old.display()))
}

fn beside(folder: &Path, ending: &str) -> Result<PathBuf> {
    let name = folder.file_name().with_context(|| format!("{} is no folder to build", folder.display()))?;
    let mut beside = OsString::from(name);
    beside.push(ending);
    Ok(folder.with_file_name(beside))
}

fn remove(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        done => done,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(list: &[(&str, &str)]) -> Files {
        list.iter().map(|(address, text)| ((*address).into(), text.as_bytes().into())).collect()
    }

    #[test]
    fn a_folder_is_replaced_whole() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("web");
        for files in [of(&[("a", "1"), ("old/b", "2")]), of(&[("a", "3"), ("new/c", "4")])] {
            replace(&folder, &files).unwrap();
            assert_eq!(gather(&folder).unwrap(), files);
        }
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 1, "something was left beside the folder");
    }

    #[test]
    fn a_failure_leaves_the_folder_from_before() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("web");
        let before = of(&[("a", "1")]);
        replace(&folder, &before).unwrap();
        // A file cannot be a folder too.
        let error = replace(&folder, &of(&[("b", "2"), ("b/c", "3")])).unwrap_err();
        assert!(error.to_string().ends_with("cannot be written"), "{error}");
        assert_eq!(gather(&folder).unwrap(), before);
        replace(&folder, &of(&[("d", "4")])).expect("the leftover of the failure does not matter");
    }

    #[test]
    fn hidden_files_are_not_gathered() {
        let place = tempfile::tempdir().unwrap();
        fs::write(place.path().join(".index.html.swp"), "").unwrap();
        fs::write(place.path().join("index.html"), "").unwrap();
        assert_eq!(gather(place.path()).unwrap(), of(&[("index.html", "")]));
    }

    #[test]
    fn no_file_takes_the_place_of_another() {
        let mut files = of(&[("a", "1")]);
        let error = add(&mut files, of(&[("a", "2")])).unwrap_err();
        assert_eq!(error.to_string(), "two files of the page have the address a");
    }
}

//! The web page's folder: the engine, the page around it, the model that it starts with, and MNIST for training. Every
//! file in it is served as it is, and the same sources give the same bytes.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use crate::files::{self, Files};
use crate::{cargo, engine, idx, version};

/// The model's address, and where it comes from: the shipped model in the form that is the least to load.
pub const MODEL: &str = "model.safetensors";
const MODEL_SOURCE: &str = "data/models/digits.compact.safetensors";

/// PyTorch's numbers, which a check compares with.
const GOLDEN: &str = "golden.safetensors";
const GOLDEN_SOURCE: &str = "data/golden/small.safetensors";

/// What a lesson's steps are mixed with, so that the model keeps what it knows.
const KNOWN_IMAGES: u32 = 2000;

const MNIST: [&str; 4] = [
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
];

/// The repository that cargo runs this program in. Where it was built need not be the same: checkouts can share a target
/// folder.
pub fn repository() -> PathBuf {
    let package = env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    Path::new(&package).parent().expect("xtask lies in the repository").into()
}

/// `target/web`, wherever cargo keeps `target`.
pub fn default_folder() -> Result<PathBuf> {
    Ok(cargo::target_folder(&repository())?.join("web"))
}

/// Whether the user's folder may be replaced: it is empty, or a page that was built before.
pub fn check_replaceable(folder: &Path) -> Result<()> {
    let is_ours = !folder.exists() || folder.join(version::SCRIPT).is_file();
    ensure!(
        is_ours || folder.read_dir().is_ok_and(|mut entries| entries.next().is_none()),
        "{} holds something else than this page, which would be lost; choose another --out",
        folder.display()
    );
    Ok(())
}

/// Builds the page and puts it in place of what is at `folder`.
pub fn build(folder: &Path) -> Result<Files> {
    let repository = repository();
    // Whatever is missing is missed before the compiler is asked for minutes of work.
    let mut page = written(&repository.join("web/page"))?;
    files::add(&mut page, model(&repository.join(MODEL_SOURCE))?)?;
    files::add(&mut page, Files::from([(GOLDEN.into(), files::read(&repository.join(GOLDEN_SOURCE))?)]))?;
    files::add(&mut page, mnist(&repository.join("data/mnist"))?)?;
    files::add(&mut page, engine::bind(&cargo::build_engine(&repository)?)?)?;
    let script = version::script(&page);
    files::add(&mut page, Files::from([(version::SCRIPT.into(), script.into_bytes())]))?;
    files::replace(folder, &page)?;
    Ok(page)
}

/// What is written by hand, but for the types that only editors and checkers read.
fn written(folder: &Path) -> Result<Files> {
    let mut files = files::gather(folder)?;
    files.retain(|address, _| !address.ends_with(".d.ts"));
    ensure!(files.contains_key("index.html"), "{} has no index.html", folder.display());
    Ok(files)
}

fn model(path: &Path) -> Result<Files> {
    ensure!(path.exists(), "the page's model is missing: {}", path.display());
    Ok(Files::from([(MODEL.into(), files::read(path)?)]))
}

fn mnist(folder: &Path) -> Result<Files> {
    let mut files = Files::new();
    for name in MNIST {
        files.insert(format!("mnist/{name}"), files::read(&folder.join(name))?);
    }
    for (part, whole) in [("known-images.gz", MNIST[0]), ("known-labels.gz", MNIST[1])] {
        let first = idx::first(&files[&format!("mnist/{whole}")], KNOWN_IMAGES);
        files.insert(part.into(), first.with_context(|| folder.join(whole).display().to_string())?);
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn only_a_page_or_an_empty_folder_is_replaced() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path();
        check_replaceable(&folder.join("none")).unwrap();
        check_replaceable(folder).unwrap();
        fs::write(folder.join("thesis.tex"), "").unwrap();
        let error = check_replaceable(folder).unwrap_err().to_string();
        assert!(error.contains(" holds something else than this page"), "{error}");
        fs::write(folder.join(version::SCRIPT), "").unwrap();
        check_replaceable(folder).unwrap();
    }

    #[test]
    fn a_missing_model_is_named() {
        let error = model(Path::new("nowhere/digits.safetensors")).unwrap_err().to_string();
        assert_eq!(error, "the page's model is missing: nowhere/digits.safetensors");
    }

    #[test]
    fn types_are_for_editors_only() {
        let place = tempfile::tempdir().unwrap();
        for name in ["index.html", "messages.d.ts"] {
            fs::write(place.path().join(name), "").unwrap();
        }
        assert!(written(place.path()).unwrap().into_keys().eq(["index.html"]));
    }
}

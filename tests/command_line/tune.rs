//! What is measured of tile shapes: once, within a budget, and into a file that may be lost or damaged at any time.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::tempdir;

use super::{NETWORK, bytes, digits, json, stderr, success};

/// A short training of one epoch.
const ONE_EPOCH: [&str; 9] = ["train", "--network", NETWORK, "--train-images", "64", "--epochs", "1", "--batch", "32"];

/// Runs with what it remembers in the folder `cache`.
fn run_with_cache(folder: &Path, cache: &str, options: &[&str]) -> String {
    success(&digits(folder, options).env("XDG_CACHE_HOME", folder.join(cache)).output().unwrap())
}

/// The one file in the folder `cache`, if there is any.
fn remembered(folder: &Path, cache: &str) -> Option<PathBuf> {
    let files: Vec<PathBuf> =
        fs::read_dir(folder.join(cache).join("digits")).ok()?.map(|file| file.unwrap().path()).collect();
    assert_eq!(files.len(), 1, "{files:?}");
    Some(files[0].clone())
}

#[test]
fn tune_measures_once_and_replaces_what_is_damaged() {
    let folder = tempdir().unwrap();
    let tune = |options: &[&str]| {
        let options = [&["tune", "--network", NETWORK, "--batch", "32"], options].concat();
        run_with_cache(folder.path(), "cache", &options)
    };
    let measured = |printed: &str| {
        let line = printed.lines().find_map(|line| line.strip_prefix("measured ")).unwrap().trim();
        let words: Vec<usize> = line.split(' ').filter_map(|word| word.parse().ok()).collect();
        (words[0], words[1])
    };
    let first = tune(&[]);
    let (products, all) = measured(&first);
    assert!(products == all && all >= 3, "{first}");
    let file = remembered(folder.path(), "cache").unwrap();
    assert!(first.contains(file.to_str().unwrap()) && first.contains("dense/forward.matmul"), "{first}");
    let written = fs::read(&file).unwrap();
    assert_eq!(measured(&tune(&[])), (0, all));
    assert!(fs::read(&file).unwrap() == written);
    let report = json(&tune(&["--json"]));
    assert_eq!(report["products"].as_array().unwrap().len(), all, "{report}");
    assert_eq!(measured(&tune(&["--fresh"])), (all, all));

    fs::write(&file, &written[..written.len() / 2]).unwrap();
    assert_eq!(measured(&tune(&[])), (all, all));
    assert_eq!(json(&fs::read_to_string(&file).unwrap())["products"].as_array().unwrap().len(), all);
}

#[test]
fn a_training_tunes_within_its_budget_and_not_with_no_tune() {
    let folder = tempdir().unwrap();
    let train = |cache: &str, options: &[&str]| {
        run_with_cache(
            folder.path(),
            cache,
            &[&ONE_EPOCH[..], &["--out", &format!("{cache}.model")], options].concat(),
        );
    };
    train("default", &["--no-tune"]);
    assert_eq!(remembered(folder.path(), "default"), None);
    train("tuned", &["--tune-budget", "60"]);
    let file = remembered(folder.path(), "tuned").unwrap();
    let choices = json(&fs::read_to_string(&file).unwrap());
    assert!(choices["products"].as_array().unwrap().iter().all(|product| product["chosen"].is_string()), "{choices}");
    assert!(bytes(folder.path(), "default.model") == bytes(folder.path(), "tuned.model"), "tuning changes the model");

    fs::write(&file, "damaged").unwrap();
    train("tuned", &["--no-tune"]);
    assert_eq!(fs::read(&file).unwrap(), b"damaged");
    train("tuned", &["--tune-budget", "0.000001"]);
    let choices = json(&fs::read_to_string(&file).unwrap());
    assert!(choices["products"].as_array().unwrap().iter().all(|product| product["chosen"].is_null()), "{choices}");
}

#[test]
fn a_cache_that_cannot_be_written_is_told_once_and_ends_nothing() {
    let folder = tempdir().unwrap();
    fs::write(folder.path().join("file"), "").unwrap();
    let mut command = digits(folder.path(), &["tune", "--network", NETWORK, "--batch", "32"]);
    let output = command.env("XDG_CACHE_HOME", folder.path().join("file")).output().unwrap();
    success(&output);
    let notes = stderr(&output);
    assert_eq!(notes.lines().filter(|line| line.contains("cannot be written")).count(), 1, "{notes}");
}

//! Trainings that are killed: they go on to the same bytes, and what cannot go on is told in a sentence.

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::thread::sleep;
use std::time::Instant;

use super::{NETWORK, bytes, digits, failure, run, stderr, success};

/// With all that a step depends on: moments, a mean of the weights, a schedule, dropout and images that are drawn anew.
const TRAINING: [&str; 17] = [
    "train",
    "--network",
    NETWORK,
    "--train-images",
    "1550",
    "--epochs",
    "3",
    "--batch",
    "32",
    "--schedule",
    "cosine",
    "--average",
    "0.9",
    "--augment",
    "rotate 10 | noise 0.1",
    "--out",
    "model",
];

/// A line of JSON without its times.
fn epochs(folder: &Path) -> Vec<[f64; 2]> {
    let log = fs::read_to_string(folder.join("log")).unwrap();
    let numbers = |line: &str| {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        ["val_loss", "val_accuracy"].map(|name| line[name].as_f64().unwrap_or_default())
    };
    log.lines().map(numbers).collect()
}

#[test]
fn a_training_that_is_killed_again_and_again_ends_with_the_bytes_of_one_that_is_not() {
    let unbroken = tempfile::tempdir().unwrap();
    let started = Instant::now();
    let printed = success(&run(unbroken.path(), &[&TRAINING[..], &["--log", "log"]].concat()));
    let whole = started.elapsed();
    assert!(printed.contains("SHA-256 of its parameters "), "{printed}");

    let broken = tempfile::tempdir().unwrap();
    let begin = [&TRAINING[..], &["--log", "log", "--checkpoint", "kept", "--every", "5"]].concat();
    let goes_on = || broken.path().join("kept/newest.digits").exists();
    let mut resumed = 0;
    // Each is killed later than the one before, so that some are killed in every part of the work.
    for round in 1..=6 {
        let options = if goes_on() { vec!["train", "--resume", "kept"] } else { begin.clone() };
        resumed += usize::from(options.len() == 3);
        let mut child = digits(broken.path(), &options).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        sleep(whole.mul_f64(0.3 + 0.1 * f64::from(round)));
        child.kill().unwrap();
        child.wait().unwrap();
    }
    assert!(resumed > 2, "{resumed} of six found a checkpoint");
    let printed = success(&run(broken.path(), &["train", "--resume", "kept"]));
    assert!(printed.contains("resumed   in epoch "), "{printed}");
    assert!(bytes(broken.path(), "model") == bytes(unbroken.path(), "model"));
    assert_eq!(epochs(broken.path()), epochs(unbroken.path()));
}

/// A folder with checkpoints of a training that Ctrl-C or anything else ended; here it went to its end.
fn finished() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    success(&run(folder.path(), &[&TRAINING[..], &["--checkpoint", "kept", "--every", "20"]].concat()));
    folder
}

#[test]
fn checkpoints_change_no_bit_and_a_damaged_one_gives_way_to_the_one_before_or_is_named() {
    let folder = finished();
    let model = bytes(folder.path(), "model");
    let newest = folder.path().join("kept/newest.digits");
    let whole = fs::read(&newest).unwrap();
    fs::write(&newest, &whole[..whole.len() / 2]).unwrap();
    let output = run(folder.path(), &["train", "--resume", "kept"]);
    assert!(
        stderr(&output).contains("newest.digits is damaged: its checksum does not fit; going on from the one before")
    );
    success(&output);
    assert!(bytes(folder.path(), "model") == model);

    fs::write(&newest, &whole[1..]).unwrap();
    fs::remove_file(folder.path().join("kept/before.digits")).unwrap();
    let message = failure(&run(folder.path(), &["train", "--resume", "kept"]));
    assert!(message.ends_with("newest.digits is no checkpoint of digits"), "{message}");
    assert!(bytes(folder.path(), "model") == model, "what the user had is left alone");
}

#[test]
fn what_cannot_go_on_or_be_kept_is_told_in_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let message = failure(&run(folder.path(), &["train", "--resume", "nowhere"]));
    assert_eq!(message, "error: nowhere holds no checkpoint; give the folder that --checkpoint named");
    let misuse = |options: &[&str], expected: &str| {
        let output = run(folder.path(), options);
        assert_eq!(output.status.code(), Some(2), "{options:?}");
        assert!(stderr(&output).contains(expected), "{}", stderr(&output));
    };
    misuse(&["train", "--resume", "kept", "--network", "dense 10"], "--resume");
    misuse(&["train", "--every", "5"], "--checkpoint");
    misuse(&["train", "--checkpoint", "kept", "--every", "often"], "neither a number of steps");
    fs::write(folder.path().join("file"), "").unwrap();
    let message = failure(&run(folder.path(), &["train", "--checkpoint", "file"]));
    assert!(message.starts_with("error: the folder file cannot be made: "), "{message}");
}

#[cfg(unix)]
#[test]
fn a_training_whose_images_are_others_now_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/mnist");
    for file in fs::read_dir(data).unwrap().map(|entry| entry.unwrap()) {
        std::os::unix::fs::symlink(file.path(), folder.path().join(file.file_name())).unwrap();
    }
    let options = ["--network", "dense 10", "--epochs", "1", "--train-images", "640", "--data", ".", "--out", "model"];
    success(&run(folder.path(), &[&["train"], &options[..], &["--checkpoint", "kept", "--every", "2"]].concat()));
    let [labels, images] =
        ["train-labels-idx1-ubyte.gz", "t10k-labels-idx1-ubyte.gz"].map(|name| folder.path().join(name));
    assert!(labels.exists() && images.exists());
    fs::remove_file(&images).unwrap();
    let count = 10_000u32;
    let header = [&[0, 0, 8, 1][..], &count.to_be_bytes()].concat();
    fs::write(folder.path().join("t10k-labels-idx1-ubyte"), [header, vec![3; count as usize]].concat()).unwrap();
    let message = failure(&run(folder.path(), &["train", "--resume", "kept"]));
    assert!(message.contains("the images are not those that the training was begun with"), "{message}");
}

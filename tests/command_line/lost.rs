//! Trainings on a driver that fails on purpose, at the device itself: what is lost, what goes on, and what is said.

use std::fs;
use std::path::Path;
use std::process::Output;

use super::faulty::fail_on_purpose;
use super::{NETWORK, bytes, digits, failure, stderr, success};

const TRAINING: [&str; 11] =
    ["train", "--no-tune", "--network", NETWORK, "--train-images", "1550", "--epochs", "2", "--batch", "32", "--out"];

/// Runs the program in `folder` on a driver with such faults.
fn run_with_faults(folder: &Path, faults: &str, options: &[&str]) -> Output {
    fail_on_purpose(&mut digits(folder, options), folder, faults).output().unwrap()
}

#[test]
fn a_training_whose_driver_loses_the_device_goes_on_by_itself_and_ends_with_the_bytes_of_one_that_is_not_broken() {
    let folder = tempfile::tempdir().unwrap();
    let train = |faults: &str, out: &str| {
        let kept = format!("{out}, kept");
        let options = [&TRAINING[..], &[out, "--log", "log", "--checkpoint", &kept, "--every", "10"]].concat();
        let output = run_with_faults(folder.path(), faults, &options);
        success(&output);
        let log = fs::read_to_string(folder.path().join("log")).unwrap();
        let epochs: Vec<_> = log
            .lines()
            .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["val_loss"].clone())
            .collect();
        (bytes(folder.path(), out), epochs, stderr(&output))
    };
    let (model, epochs, said) = train("none", "unbroken");
    assert!(epochs.len() == 3 && !said.contains("lost"), "{said}");
    for fault in ["submit 60", "wait 25"] {
        let (broken, told, said) = train(fault, fault);
        let sentence = "note: the GPU failed: the device was lost; it was opened again, and the training goes on from its checkpoint behind step ";
        assert_eq!(said.matches(sentence).count(), 1, "{said}");
        assert!(broken == model && told == epochs, "{fault}: {told:?}");
    }
}

#[test]
fn what_a_failure_of_the_gpu_costs_and_what_can_be_done_is_told_in_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let fails = |faults: &str, options: &[&str]| failure(&run_with_faults(folder.path(), faults, options));
    let help = "; if it fails again, a smaller --batch or another --backend may help";
    let lost = "error: the GPU failed: the device was lost";

    let twice = fails("wait 25,wait 10", &[&TRAINING[..], &["model", "--checkpoint", "kept", "--every", "5"]].concat());
    let goes_on = "`digits train --resume kept` goes on from the last checkpoint";
    assert_eq!(twice, format!("{lost}, for the second time; {goes_on}{help}"));
    success(&run_with_faults(folder.path(), "none", &["train", "--resume", "kept"]));

    let without = fails("wait 5", &[&TRAINING[..], &["model"]].concat());
    let cost = "what it had learnt is lost, which --checkpoint DIR would have kept";
    assert_eq!(without, format!("{lost}; {cost}{help}"));

    let large = ["train", "--no-tune", "--network", NETWORK, "--batch", "20000", "--out", "model"];
    let memory = fails("memory 2", &large);
    assert_eq!(
        memory,
        "error: the GPU has no memory left: choose a smaller batch or network, or close what else uses it"
    );
    assert_eq!(fails("wait 1", &["eval"]), lost);
}

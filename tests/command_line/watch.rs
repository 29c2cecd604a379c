//! A training that is to be watched where nobody can: it says so and is the same.
#![cfg(feature = "window")]

use super::{NETWORK, bytes, digits, stderr, success};

#[cfg(target_os = "linux")]
#[test]
fn without_a_display_a_watched_training_says_so_and_writes_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let options = ["train", "--network", NETWORK, "--train-images", "320", "--epochs", "2", "--batch", "32", "--out"];
    let train = |more: &[&str]| {
        let mut command = digits(folder.path(), &[&options[..], more].concat());
        for name in ["DISPLAY", "WAYLAND_DISPLAY", "WAYLAND_SOCKET"] {
            command.env_remove(name);
        }
        command.output().unwrap()
    };
    let (alone, watched) = (train(&["alone"]), train(&["watched", "--watch"]));
    let lines = |printed: String| printed.lines().count();
    assert_eq!(lines(success(&alone)), lines(success(&watched)));
    assert!(bytes(folder.path(), "alone") == bytes(folder.path(), "watched"));
    let note = "note: there is no display to open a window on (neither WAYLAND_DISPLAY nor WAYLAND_SOCKET nor DISPLAY \
                is set); the training goes on without";
    let notes = |output| stderr(output).lines().filter(|line| *line == note).count();
    assert_eq!((notes(&alone), notes(&watched)), (0, 1), "{}", stderr(&watched));
}

//! What is said where something is asked for that cannot be done, and what of the user's is left as it was.

use std::fs;

use super::{NETWORK, SHORT, TRAINED, bytes, digits, failure, run, stderr};

/// The sentence for options that make no sense.
#[track_caller]
fn misuse(options: &[&str]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let output = run(folder.path(), options);
    assert_eq!(output.status.code(), Some(2), "{options:?}: {}", stderr(&output));
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 0, "{options:?}");
    stderr(&output).lines().next().unwrap().to_string()
}

#[test]
fn numbers_that_are_none_are_told_with_what_is_allowed() {
    let count = "from 1 to 4,294,967,295";
    for (options, expected) in [
        (["train", "--epochs", "1e3"], format!("\"1e3\" is no whole number {count}")),
        (["train", "--epochs", "0"], format!("\"0\" is no whole number {count}")),
        (["train", "--batch", "-1"], format!("\"-1\" is no whole number {count}")),
        (["train", "--patience", "x"], format!("\"x\" is no whole number {count}")),
        (["train", "--seed", "1.5"], "\"1.5\" is no whole number from 0 to 4,294,967,295".into()),
        (["train", "--train-images", "0"], format!("\"0\" is no whole number {count}")),
        (["tune", "--batch", "0"], "\"0\" is no whole number from 1 to 50,000".into()),
        (["train", "--learning-rate", "0,1"], "\"0,1\" is no number from 1.2e-38 to 3.4e38, such as 0.001".into()),
        (["train", "--dropout", "1"], "\"1\" is no number from 0 to 0.9999999".into()),
        (["tune", "--budget", "soon"], "\"soon\" is no number of seconds, such as 10 or 0.5".into()),
    ] {
        let sentence = misuse(&options);
        let end = format!(": {expected}");
        assert!(sentence.starts_with("error: ") && sentence.contains(options[1]), "{sentence}");
        assert!(sentence.ends_with(&end), "{sentence}");
    }
    assert!(misuse(&["predict", "--top", "0", "x.png"]).ends_with("\"0\" is no whole number from 1 to 255"));
    let many = misuse(&["train", "--train-images", "60000"]);
    assert_eq!(many, "error: --train-images 60000 is more than the 50,000 training images");
}

#[test]
fn an_export_needs_a_file_of_its_own_for_each_form() {
    let nothing = "error: nothing to write: give --onnx FILE, --safetensors FILE, or both";
    assert_eq!(misuse(&["export"]), nothing);
    let twice = "error: --onnx and --safetensors both name x: choose another file for one of them";
    assert_eq!(misuse(&["export", "--onnx", "x", "--safetensors", "./x"]), twice);
    let itself = "error: x is the model itself: choose another file to write";
    assert_eq!(misuse(&["export", "x", "--safetensors", "./x"]), itself);
}

#[test]
fn an_import_needs_another_file_to_write_and_numbers_of_a_normalisation() {
    let itself = "error: --out is x itself: choose another file to write";
    assert_eq!(misuse(&["import", "x", "--out", "./x"]), itself);
    let sentence = misuse(&["import", "x", "--out", "y", "--normalised", "0.5"]);
    assert!(sentence.ends_with(": give two numbers with a comma between them: 0.1307,0.3081"), "{sentence}");
}

#[test]
fn a_relu_of_its_own_is_shown_its_place() {
    let sentence = misuse(&["train", "--network", "dense 128 | relu | dense 10"]);
    assert!(
        sentence.ends_with("relu stands behind its layer, without a | between them: `dense 128 relu`"),
        "{sentence}"
    );
}

#[test]
fn the_model_and_the_log_need_a_file_each() {
    for log in ["x", "./x", "../x"] {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("inner");
        fs::create_dir(&inner).unwrap();
        let out = if log == "../x" { folder.path().join("x").display().to_string() } else { "x".into() };
        let output = run(&inner, &["train", "--out", &out, "--log", log]);
        assert_eq!(output.status.code(), Some(2), "{log}");
        assert!(stderr(&output).contains("error: --log and --out both name "), "{}", stderr(&output));
    }
}

#[test]
fn a_training_that_fails_leaves_the_older_log_and_no_other_file_is_taken_for_one() {
    let folder = tempfile::tempdir().unwrap();
    let older = "{\"epoch\":1,\"train_loss\":0.5}\n";
    fs::write(folder.path().join("log"), older).unwrap();
    let error = failure(&run(folder.path(), &[&SHORT[..10], &["1e20", "--log", "log"]].concat()));
    assert!(error.starts_with("error: the loss is no longer a number"), "{error}");
    assert_eq!(bytes(folder.path(), "log"), older.as_bytes());
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);

    fs::copy(TRAINED.0.path().join("model"), folder.path().join("model")).unwrap();
    let error = failure(&run(folder.path(), &["train", "--network", NETWORK, "--log", "model"]));
    assert!(error.starts_with("error: model is there already and is no log of a training"), "{error}");
    assert!(bytes(folder.path(), "model") == bytes(TRAINED.0.path(), "model"));
}

#[test]
fn a_file_in_the_place_of_a_folder_of_data_is_told() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file"), "x").unwrap();
    let error = failure(&run(folder.path(), &["eval", "--data", "file"]));
    assert_eq!(error, "error: file is no folder; give the folder that holds the data set, or a CSV file");
}

#[cfg(target_os = "linux")]
#[test]
fn errors_of_files_name_those_that_the_user_gave() {
    let folder = tempfile::tempdir().unwrap();
    for option in ["--out", "--log"] {
        let error = failure(&run(folder.path(), &["train", option, "/proc/new"]));
        assert!(error.starts_with("error: /proc/new cannot be written: ") && !error.contains(".digits"), "{error}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn an_output_without_room_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let error = failure(&digits(folder.path(), &["gpus"]).stdout(full).output().unwrap());
    assert!(error.starts_with("error: the output cannot be written: No space left"), "{error}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_backend_of_other_platforms_is_no_reason_to_install_a_driver() {
    let folder = tempfile::tempdir().unwrap();
    let expected = "error: metal is no backend of this platform; choose vulkan or gl";
    assert_eq!(failure(&run(folder.path(), &["gpus", "--backend", "metal"])), expected);
    let mut command = digits(folder.path(), &["gpus"]);
    assert_eq!(failure(&command.env("WGPU_BACKEND", "metal").output().unwrap()), expected);
}

#[test]
fn what_files_may_ask_for_is_told_and_a_list_that_asks_for_more_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    for options in [&["limits"][..], &["help", "limits"]] {
        let output = run(folder.path(), options);
        let told = String::from_utf8(output.stdout).unwrap();
        assert!(told.contains("100 million pixels") && told.contains("67,108,864 weights"), "{told}");
    }
    fs::File::create(folder.path().join("list")).unwrap().set_len((64 << 20) + 1).unwrap();
    let output = run(folder.path(), &["predict", "--files-from", "list"]);
    assert_eq!(stderr(&output), "error: list is larger than 64 MiB, the most that is read of a text\n");
}

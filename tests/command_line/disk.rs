//! Disks that are full or may not be written to: what is said, and what of the user's is left as it was.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::LazyLock;

use serde_json::Value;
use tempfile::TempDir;
use walkdir::WalkDir;

use super::predict::{picture, test_images};
use super::{NETWORK, TRAINED, bytes, digits, failure, json, run, stderr, success};

const TRAIN: [&str; 7] = ["train", "--network", NETWORK, "--train-images", "320", "--batch", "32"];

const ONNX: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/import/keras_perceptron.onnx");

/// Commands that write into the folder `disk`, and a number of bytes that is less than what they write.
const WRITERS: [(&[&str], u32); 12] = [
    (&["export", "--onnx", "disk/onnx"], 100_000),
    (&["export", "--safetensors", "disk/weights"], 100_000),
    (&["import", ONNX, "--out", "disk/imported"], 1_000),
    (&["compact", "--out", "disk/compact"], 100_000),
    (&["predict", "one.png", "--out", "disk/table.csv"], 0),
    (&["predict", "one.png", "--out", "disk/table.jsonl"], 20),
    (&["predict", "one.png", "--annotate", "disk/annotated.png"], 100),
    (&["report", "log", "--out", "disk/page.html"], 1_000),
    (&["man", "--out", "disk/man"], 100),
    (&["train", "--out", "disk/model"], 1_000),
    (&["train", "--log", "disk/log"], 20),
    (&["train", "--report", "disk/report"], 100_000),
];

/// The whole command line; all trainings are the same short one.
fn whole(options: &[&'static str]) -> Vec<&'static str> {
    match options {
        ["train", options @ ..] => [&TRAIN[..], &["--epochs", "1"], options].concat(),
        options => options.to_vec(),
    }
}

/// A folder with what the commands read, and the folder `disk` with what each of them wrote where it could.
fn written() -> TempDir {
    static WRITTEN: LazyLock<TempDir> = LazyLock::new(|| {
        let folder = tempfile::tempdir().unwrap();
        for name in ["model", "log"] {
            fs::copy(TRAINED.0.path().join(name), folder.path().join(name)).unwrap();
        }
        picture(&test_images(), 1, 56).save(folder.path().join("one.png")).unwrap();
        fs::create_dir(folder.path().join("disk")).unwrap();
        for (options, _) in WRITERS {
            success(&run(folder.path(), &whole(options)));
        }
        folder
    });
    let folder = tempfile::tempdir().unwrap();
    for entry in WalkDir::new(WRITTEN.path()).min_depth(1).into_iter().map(Result::unwrap) {
        let to = folder.path().join(entry.path().strip_prefix(WRITTEN.path()).unwrap());
        if entry.file_type().is_dir() {
            fs::create_dir(to).unwrap();
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
    folder
}

/// All files of the folder `disk`: their bytes, and the number that tells whether another took a file's place.
fn contents(folder: &Path) -> BTreeMap<PathBuf, (u64, Vec<u8>)> {
    let entries = WalkDir::new(folder.join("disk")).into_iter().map(Result::unwrap);
    let files = entries.filter(|entry| entry.file_type().is_file());
    files
        .map(|entry| (entry.path().into(), (entry.metadata().unwrap().ino(), fs::read(entry.path()).unwrap())))
        .collect()
}

/// The program where the folder `disk` has so much room, and again after so many refusals.
fn on_full_disk(folder: &Path, options: &[&str], room: u32, refusals: u32) -> Output {
    full_disk(folder, options).env("ROOM", room.to_string()).env("REFUSALS", refusals.to_string()).output().unwrap()
}

/// The program where the folder `disk` takes everything and keeps nothing, but after so many refusals.
fn on_late_disk(folder: &Path, options: &[&str], refusals: u32) -> Output {
    full_disk(folder, options).env("ROOM", "0").env("REFUSALS", refusals.to_string()).env("LATE", "1").output().unwrap()
}

/// full_disk.c plays the disk, since only a privileged user can have a real one that is full.
fn full_disk(folder: &Path, options: &[&str]) -> Command {
    static DISK: LazyLock<TempDir> = LazyLock::new(|| {
        let folder = tempfile::tempdir().unwrap();
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/command_line/full_disk.c");
        let mut compiler = Command::new("cc");
        compiler
            .args(["-Wall", "-Werror", "-O1", "-shared", "-fPIC", "-o"])
            .arg(folder.path().join("disk.so"))
            .arg(source);
        success(&compiler.output().unwrap());
        folder
    });
    let mut command = digits(folder, options);
    command
        .env("LD_PRELOAD", DISK.path().join("disk.so"))
        .env("FULL_DISK", folder.join("disk").canonicalize().unwrap());
    command
}

#[test]
fn a_full_disk_is_told_by_the_file_and_leaves_the_older_one_and_nothing_else() {
    let folder = written();
    let before = contents(folder.path());
    for (options, room) in WRITERS {
        let output = on_full_disk(folder.path(), &whole(options), room, u32::MAX);
        let error = failure(&output);
        let reason =
            " cannot be written: No space left on device (os error 28); make room there, or choose another place";
        let name = error
            .strip_prefix("error: ")
            .and_then(|rest| rest.strip_suffix(reason))
            .unwrap_or_else(|| panic!("{error}"));
        assert!(name.starts_with(options.last().unwrap()), "{error}");
        assert!(contents(folder.path()) == before, "{options:?}");
    }
}

/// A log and a table grow line by line. They are synced when they begin, and lines are not.
#[test]
fn a_disk_that_has_no_room_when_a_file_is_to_be_kept_leaves_the_older_one_and_nothing_else() {
    let folder = written();
    let before = contents(folder.path());
    for (options, _) in WRITERS {
        let error = failure(&on_late_disk(folder.path(), &whole(options), u32::MAX));
        let is_told = error.starts_with(&format!("error: {}", options.last().unwrap()))
            && error.contains(" cannot be written: No space left on device (os error 28); make room there");
        assert!(is_told, "{error}");
        assert!(contents(folder.path()) == before, "{options:?}");
    }

    let options = [&TRAIN[..], &["--epochs", "2", "--checkpoint", "disk/kept", "--every", "4", "--out"]].concat();
    success(&on_late_disk(folder.path(), &[&options[..], &["late"]].concat(), 1));
    fs::remove_file(folder.path().join("late")).unwrap();
    success(&run(folder.path(), &["train", "--resume", "disk/kept"]));
    fs::remove_dir_all(folder.path().join("disk/kept")).unwrap();
    success(&run(folder.path(), &[&options[..], &["never"]].concat()));
    assert!(bytes(folder.path(), "late") == bytes(folder.path(), "never"));
}

#[test]
fn a_folder_that_is_read_only_is_told_before_anything_takes_time() {
    let folder = written();
    let before = contents(folder.path());
    let set_mode = |mode| {
        for entry in WalkDir::new(folder.path().join("disk")).into_iter().map(Result::unwrap) {
            if entry.file_type().is_dir() {
                fs::set_permissions(entry.path(), PermissionsExt::from_mode(mode)).unwrap();
            }
        }
    };
    set_mode(0o555);
    let reason = "Permission denied (os error 13); choose a place that you may write to, or have it allowed";
    for (options, _) in WRITERS.into_iter().chain([(&["train", "--checkpoint", "disk"][..], 0)]) {
        let output = without_privilege(digits(folder.path(), &whole(options)));
        let error = failure(&output);
        assert!(error.starts_with(&format!("error: {}", options.last().unwrap())), "{error}");
        assert!(error.ends_with(&format!(" cannot be written: {reason}")), "{error}");
        assert!(output.stdout.is_empty(), "{options:?}");
        assert!(contents(folder.path()) == before, "{options:?}");
    }
    let new = without_privilege(digits(folder.path(), &whole(&["train", "--checkpoint", "disk/new"])));
    assert_eq!(failure(&new), format!("error: the folder disk/new cannot be made: {reason}"));
    set_mode(0o755);
}

/// Root writes wherever it likes; here it may not.
fn without_privilege(command: Command) -> Output {
    let id = Command::new("id").arg("-u").output().unwrap();
    if id.stdout != b"0\n" {
        let mut command = command;
        return command.output().unwrap();
    }
    let mut narrowed = Command::new("setpriv");
    let none = "-dac_override,-dac_read_search";
    narrowed.args(["--bounding-set", none, "--inh-caps", none]).arg(command.get_program()).args(command.get_args());
    narrowed.current_dir(command.get_current_dir().unwrap());
    narrowed.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    narrowed.output().unwrap()
}

#[test]
fn a_training_goes_on_without_checkpoints_that_find_no_room_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("disk")).unwrap();
    let options = [&TRAIN[..], &["--epochs", "2", "--checkpoint", "disk/kept", "--every", "4"]].concat();
    success(&run(folder.path(), &[&options[..], &["--out", "model"]].concat()));
    let before = contents(folder.path());
    assert_eq!(before.len(), 2);
    let full = on_full_disk(folder.path(), &[&options[..], &["--out", "model-full"]].concat(), 100, u32::MAX);
    success(&full);
    let said = stderr(&full);
    let notes: Vec<&str> = said.lines().filter(|line| line.contains("disk/kept")).collect();
    let reason = "No space left on device (os error 28); make room there, or choose another place";
    let once = format!("note: disk/kept/newest.digits cannot be written: {reason}; the training goes on");
    let [first, last] = notes[..] else { panic!("{said}") };
    assert_eq!(first, once);
    let end = last
        .strip_prefix("note: ")
        .and_then(|rest| rest.strip_suffix(" checkpoints could not be written into disk/kept"));
    let [missed, of] =
        end.and_then(|end| end.split_once(" of the ")).map(|(a, b)| [a, b]).unwrap_or_else(|| panic!("{said}"));
    assert!(missed == of && missed.parse::<u32>().unwrap() >= 2, "{said}");
    assert!(contents(folder.path()) == before);

    let again = on_full_disk(folder.path(), &[&options[..], &["--out", "model-again"]].concat(), 100, 1);
    success(&again);
    assert!(stderr(&again).contains("note: 1 of the "), "{}", stderr(&again));
    fs::remove_file(folder.path().join("model-again")).unwrap();
    success(&run(folder.path(), &["train", "--resume", "disk/kept"]));
    for name in ["model-full", "model-again"] {
        assert!(bytes(folder.path(), name) == bytes(folder.path(), "model"), "{name}");
    }
}

#[test]
fn a_model_or_a_line_of_the_log_that_finds_no_room_is_written_later() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("disk")).unwrap();
    let options = [&TRAIN[..], &["--epochs", "4"]].concat();
    success(&run(folder.path(), &[&options[..], &["--out", "model", "--log", "log"]].concat()));
    let first = bytes(folder.path(), "log").iter().position(|byte| *byte == b'\n').unwrap() as u32 + 1;

    // The first line finds room, the second in part.
    let full =
        on_full_disk(folder.path(), &[&options[..], &["--out", "x", "--log", "disk/log"]].concat(), first + 50, 1);
    success(&full);
    assert!(stderr(&full).contains("note: disk/log cannot be written: No space left on device"), "{}", stderr(&full));
    let epochs = |name: &str| -> Vec<Value> {
        let log = String::from_utf8(bytes(folder.path(), name)).unwrap();
        log.lines().map(|line| json(line)["val_loss"].clone()).collect()
    };
    assert_eq!(epochs("disk/log"), epochs("log"));
    let never = on_full_disk(
        folder.path(),
        &[&options[..], &["--out", "y", "--log", "disk/log"]].concat(),
        first + 50,
        u32::MAX,
    );
    assert!(failure(&never).starts_with("error: disk/log cannot be written: No space left on device"));
    assert_eq!(epochs("disk/log"), epochs("log")[..1]);

    let late = on_full_disk(folder.path(), &[&options[..], &["--out", "disk/model"]].concat(), 100, 2);
    success(&late);
    assert_eq!(stderr(&late).matches("note: disk/model cannot be written: ").count(), 1, "{}", stderr(&late));
    for name in ["x", "y", "disk/model"] {
        assert!(bytes(folder.path(), name) == bytes(folder.path(), "model"), "{name}");
    }
}

#[test]
fn a_log_into_an_output_goes_line_by_line_beside_what_is_printed() {
    let folder = tempfile::tempdir().unwrap();
    let train = |log: &'static str| whole(&["train", "--out", "model", "--log", log]);
    let logged = |printed: &str| {
        let fields = printed.lines().filter(|line| line.starts_with('{')).map(json);
        fields.map(|line| [line["epoch"].is_u64(), line["test_loss"].is_f64()]).collect::<Vec<_>>()
    };
    let expected = [[true, false], [false, true]];
    let printed = success(&run(folder.path(), &train("/dev/stdout")));
    assert_eq!(logged(&printed), expected, "{printed}");
    assert!(printed.contains("test accuracy "), "{printed}");

    // Into a file of its own, the output keeps what was told before.
    let file = fs::File::create(folder.path().join("told")).unwrap();
    success(&digits(folder.path(), &train("/dev/stderr")).stderr(file).output().unwrap());
    let told = String::from_utf8(bytes(folder.path(), "told")).unwrap();
    assert_eq!(logged(&told), expected, "{told}");
    assert!(told.contains("compiling kernels"), "{told}");
    success(&run(folder.path(), &train("/dev/null")));
}

//! The program as its users meet it: a real, short training, what it leaves behind, and what is said when something is
//! wrong. All trainings share one small network, so that its kernels are compiled once.

mod checkpoint;
mod datasets;
#[cfg(target_os = "linux")]
mod disk;
mod export;
#[cfg(target_os = "linux")]
#[path = "../faulty/mod.rs"]
mod faulty;
mod import;
mod install;
#[cfg(target_os = "linux")]
mod lost;
mod many;
mod mistakes;
mod predict;
mod report;
mod resume;
mod tune;
mod watch;

use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::LazyLock;
use std::{env, fs};

use digits::network::{Calibration, Classes, ModelFile, Network, Parameters, Shape, Summary};
use serde_json::Value;
use tempfile::TempDir;

/// Small, and helpless without good filters: what the dense layer sees of an image is 36 numbers.
const NETWORK: &str = "conv 4 9x9 relu | pool 6 | dropout 0.1 | dense 10";

/// The last batch of an epoch is shorter than the others.
const SHORT: [&str; 11] = [
    "train",
    "--network",
    NETWORK,
    "--train-images",
    "2550",
    "--epochs",
    "4",
    "--batch",
    "32",
    "--learning-rate",
    "0.003",
];

/// A folder with `model` and `log` of a short training, and what it printed.
static TRAINED: LazyLock<(TempDir, String)> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    let output = run(folder.path(), &[&SHORT[..], &["--out", "model", "--log", "log"]].concat());
    (folder, success(&output))
});

/// What the program remembers of this adapter in these tests, in the place of what the user has it remember.
static CACHE: LazyLock<TempDir> = LazyLock::new(|| tempfile::tempdir().unwrap());

fn digits(folder: &Path, options: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_digits"));
    command.current_dir(folder).args(options).env("RUST_BACKTRACE", "1").env("XDG_CACHE_HOME", CACHE.path());
    // Compiled kernels stay where Mesa has them, or every run of the tests would compile them anew.
    if let (None, Some(folder)) = (env::var_os("MESA_SHADER_CACHE_DIR"), dirs::cache_dir()) {
        command.env("MESA_SHADER_CACHE_DIR", folder);
    }
    command
}

fn run(folder: &Path, options: &[&str]) -> Output {
    digits(folder, options).output().unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// What a command that must succeed printed.
#[track_caller]
fn success(output: &Output) -> String {
    assert!(output.status.success(), "{}", stderr(output));
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// The one line that a command which must fail said, beside its notes.
#[track_caller]
fn failure(output: &Output) -> String {
    let stderr = stderr(output);
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    let is_no_error = |line: &&str| !line.starts_with("note: ") && !line.starts_with("compiling kernels");
    let lines: Vec<&str> = stderr.lines().filter(is_no_error).collect();
    assert!(lines.len() == 1 && lines[0].starts_with("error: "), "{stderr}");
    lines[0].into()
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn bytes(folder: &Path, name: &str) -> Vec<u8> {
    fs::read(folder.join(name)).unwrap()
}

#[test]
fn a_short_training_reaches_what_a_broken_gradient_could_not() {
    let (folder, printed) = &*TRAINED;
    let log = fs::read_to_string(folder.path().join("log")).unwrap();
    let lines: Vec<Value> = log.lines().map(json).collect();
    assert_eq!(lines.len(), 5, "{log}");
    for (line, epoch) in lines.iter().zip(1..=4) {
        assert_eq!(line["epoch"], epoch);
        for field in ["seconds", "train_loss", "val_loss", "val_accuracy", "val_seconds"] {
            assert!(line[field].as_f64().is_some_and(|number| number > 0.0), "{field} of {line}");
        }
    }
    let last = &lines[4];
    // It reaches 88 %. Where the gradient of the filters is zero it reaches 63 %; with rows and columns swapped 70 %;
    // with the wrong sign 32 %.
    assert!(last["test_accuracy"].as_f64() > Some(0.8), "{last}");
    let numbers = ["test_loss", "total_seconds", "train_seconds", "images_per_s", "median_epoch_seconds", "gflops"];
    for field in [&numbers[..], &["min_epoch_seconds", "max_epoch_seconds"]].concat() {
        assert!(last[field].as_f64().is_some_and(|number| number > 0.0), "{field} of {last}");
    }
    assert_eq!((&last["network"], &last["batch"], &last["seed"]), (&NETWORK.into(), &32.into(), &0.into()));
    let accuracy = format!("test accuracy {:.2} %", 100.0 * last["test_accuracy"].as_f64().unwrap());
    assert!(printed.contains(&accuracy) && printed.contains("\n  4/4 "), "{printed}");
    if cfg!(target_os = "linux") {
        let peak = last["peak_rss_mib"].as_f64().unwrap();
        assert!(peak < 1000.0, "{peak} MiB");
    }
}

#[test]
fn eval_agrees_with_the_training_that_wrote_the_model() {
    let folder = TRAINED.0.path();
    let log = fs::read_to_string(folder.join("log")).unwrap();
    let lines: Vec<Value> = log.lines().map(json).collect();
    let test = json(&success(&run(folder, &["eval", "model", "--json"])));
    assert_eq!((&test["accuracy"], &test["loss"]), (&lines[4]["test_accuracy"], &lines[4]["test_loss"]));
    let validation = json(&success(&run(folder, &["eval", "model", "--json", "--set", "validation"])));
    let kept = lines[4]["kept_epoch"].as_u64().unwrap();
    let logged = (&lines[kept as usize - 1]["val_accuracy"], &lines[kept as usize - 1]["val_loss"]);
    assert_eq!((&validation["accuracy"], &validation["loss"]), logged);

    let counts = test["confusion"].as_array().unwrap().iter().flat_map(|row| row.as_array().unwrap());
    assert_eq!(counts.map(|count| count.as_u64().unwrap()).sum::<u64>(), 10_000);
    assert_eq!(test["classes"][1]["images"], 1135);
    let printed = success(&run(folder, &["eval", "model"]));
    assert!(printed.contains("actual") && printed.contains("recall"), "{printed}");

    let summary = ModelFile::load(&folder.join("model")).unwrap().summary;
    assert_eq!((u64::from(summary.epochs), summary.images_seen), (kept, kept * 2550));
    assert_eq!(summary.validation_accuracy, lines[kept as usize - 1]["val_accuracy"].as_f64());
    assert_eq!(summary.test_accuracy, lines[4]["test_accuracy"].as_f64());
}

#[test]
fn a_training_calibrates_its_model_and_eval_tells_what_that_is_worth() {
    let folder = TRAINED.0.path();
    let model = ModelFile::load(&folder.join("model")).unwrap();
    let eval = |name: &str| json(&success(&run(folder, &["eval", name, "--set", "validation", "--json"])));
    let fitted = eval("model");
    let calibration = Calibration {
        temperature: fitted["calibration"]["temperature"].as_f64().unwrap() as f32,
        threshold: fitted["calibration"]["threshold"].as_f64().map(|threshold| threshold as f32),
    };
    assert_eq!(calibration, model.calibration);
    // 0.7 % of 10,000 images.
    assert_eq!(fitted["refused"], 70);
    let bins = fitted["reliability"].as_array().unwrap();
    let right = bins.iter().map(|bin| bin["images"].as_f64().unwrap() * bin["accuracy"].as_f64().unwrap());
    assert!((right.sum::<f64>() / 10_000.0 - fitted["accuracy"].as_f64().unwrap()).abs() < 1e-9);
    let error = |report: &Value| report["calibration_error"].as_f64().unwrap();
    // What an hour of training makes too sure of itself, four epochs leave too modest or about right: both ways are mended.
    for (name, temperature) in [("sure", 0.4), ("modest", 2.5)] {
        let calibration = Calibration { temperature, threshold: None };
        ModelFile { calibration, ..model.clone() }.save(&folder.join(name)).unwrap();
        assert!(
            error(&fitted) < 0.02 && error(&eval(name)) > 0.05,
            "{name}: {} {}",
            error(&fitted),
            error(&eval(name))
        );
    }

    let printed = success(&run(folder, &["eval", "model", "--set", "validation", "--reliability"]));
    for expected in
        ["no digit     70 of 10,000 refused (0.70 %), threshold ", " (15 bins), temperature ", "mean confidence"]
    {
        assert!(printed.contains(expected), "{expected}: {printed}");
    }
}

#[test]
fn eval_reads_drawings_from_a_pen_file() {
    let folder = tempfile::tempdir().unwrap();
    fs::copy(TRAINED.0.path().join("model"), folder.path().join("model")).unwrap();
    let one = "1\t1\thand\tall\tme\t50,0 50,100\n";
    let zero = "2\t0\thand\tall\tme\t50,0 20,15 10,50 20,85 50,100 80,85 90,50 80,15 50,0\n";
    fs::write(folder.path().join("pen.tsv"), format!("# two drawings\n{one}{zero}")).unwrap();
    let report = json(&success(&run(folder.path(), &["eval", "model", "--pen", "pen.tsv", "--json"])));
    assert_eq!(
        (&report["data"], &report["set"], &report["images"]),
        (&json("\"pen.tsv\""), &json("\"drawn\""), &json("2"))
    );
    assert_eq!(report["accuracy"], 1.0);
    fs::write(folder.path().join("bad.tsv"), format!("{one}{}", &zero[..9])).unwrap();
    let error = failure(&run(folder.path(), &["eval", "model", "--pen", "bad.tsv"]));
    assert!(error.starts_with("error: bad.tsv: line 2 has "), "{error}");
    let misuse = run(folder.path(), &["eval", "model", "--pen", "pen.tsv", "--set", "test"]);
    assert_eq!(misuse.status.code(), Some(2));
}

#[test]
fn eval_tests_the_model_that_ships_on_what_corruptions_leave() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("pen.tsv"), "1\t1\thand\tall\tme\t50,0 50,100\n").unwrap();
    let options = ["eval", "--pen", "pen.tsv", "--corrupt"];
    let report = json(&success(&run(folder.path(), &[&options[..], &["--json"]].concat())));
    assert_eq!((&report["model"], &report["accuracy"]), (&json("\"the one that ships with digits\""), &json("1.0")));
    let kinds = report["corrupted"]["kinds"].as_array().unwrap();
    assert_eq!(kinds.len(), 15);
    let right: u64 = kinds.iter().map(|kind| 1 - kind["errors"].as_u64().unwrap()).sum();
    assert_eq!(report["corrupted"]["mean_accuracy"], right as f64 / 15.0, "{report}");
    assert!(right >= 8, "a plain stroke is a one after most corruptions: {report}");
    let printed = success(&run(folder.path(), &options));
    for kind in kinds {
        assert!(printed.contains(kind["kind"].as_str().unwrap()), "{printed}");
    }
}

#[test]
fn eval_measures_the_drawings_that_are_built_in() {
    let folder = TRAINED.0.path();
    let eval = |set| json(&success(&run(folder, &["eval", "model", "--drawings", set, "--json"])));
    let writers = eval("writers");
    assert_eq!((&writers["images"], &writers["data"]), (&json("1499"), &json("\"test writers\"")));
    let named = |sets: &Value, name: &str| {
        sets.as_array().unwrap().iter().find(|set| set["name"] == name).unwrap_or_else(|| panic!("{sets}")).clone()
    };
    let hooked = named(&eval("kinds"), "nine-hooked");
    assert!(hooked["images"] == 70 && hooked["accuracy"].is_f64(), "{hooked}");
    let letters = named(&eval("no-digits"), "letters");
    assert!(letters["accuracy"].is_null() && letters["mistake"][1].as_f64().unwrap() > 0.0, "{letters}");
    for command in [
        &["eval", "--drawings", "kinds", "--data", "x"][..],
        &["eval", "--drawings", "kinds", "--set", "training"],
        &["eval", "--drawings", "kinds", "--reliability"],
        &["eval", "--drawings", "no-digits", "--corrupt"],
        &["train", "--with-drawings", "--data", "x"],
    ] {
        assert_eq!(run(folder, command).status.code(), Some(2), "{command:?}");
    }
}

#[test]
fn training_with_drawings_sees_more_images_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let options = ["train", "--network", NETWORK, "--train-images", "512", "--epochs", "1", "--batch", "512"];
    let printed = success(&run(folder.path(), &[&options[..], &["--with-drawings", "--log", "log"]].concat()));
    assert!(printed.contains("data      MNIST and drawings: 31,542 training, 11,000 validation"), "{printed}");
    let log = fs::read_to_string(folder.path().join("log")).unwrap();
    assert_eq!(json(log.lines().last().unwrap())["data"], "MNIST and drawings");
}

#[test]
fn the_epoch_that_is_best_on_the_validation_images_is_kept_or_the_last() {
    // Steps this large ruin what the first epochs learned.
    let ruinous = [&SHORT[..4], &["300", "--epochs", "5", "--batch", "8", "--learning-rate", "0.2"]].concat();
    for (options, name) in [(&[][..], "best"), (&["--keep", "last"], "last")] {
        let folder = tempfile::tempdir().unwrap();
        success(&run(folder.path(), &[&ruinous[..], options, &["--log", "log", "--out", "model"]].concat()));
        let log = fs::read_to_string(folder.path().join("log")).unwrap();
        let lines: Vec<Value> = log.lines().map(json).collect();
        let accuracy = |line: &Value| line["val_accuracy"].as_f64().unwrap();
        let best = lines[..5].iter().max_by(|a, b| accuracy(a).total_cmp(&accuracy(b))).unwrap();
        assert_ne!(best["epoch"], 5, "the best epoch is the last, so this test tells nothing: {log}");
        let kept = if name == "best" { &best["epoch"] } else { &lines[4]["epoch"] };
        assert_eq!(&lines[5]["kept_epoch"], kept, "{log}");
        let summary = ModelFile::load(&folder.path().join("model")).unwrap().summary;
        assert_eq!(Some(u64::from(summary.epochs)), kept.as_u64());
    }
}

#[test]
fn one_seed_gives_the_same_bytes_however_many_steps_go_in_a_submit() {
    let folder = TRAINED.0.path();
    for (name, steps) in [("by-1", "1"), ("by-16", "16")] {
        success(&run(folder, &[&SHORT[..], &["--out", name, "--steps-per-submit", steps]].concat()));
        assert!(bytes(folder, "model") == bytes(folder, name), "{steps} steps per submit");
    }
    success(&run(folder, &[&SHORT[..], &["--out", "other", "--seed", "1"]].concat()));
    assert!(bytes(folder, "model") != bytes(folder, "other"));
}

#[test]
fn a_training_out_of_patience_ends_with_the_best_epoch_so_far() {
    // Steps this large ruin what the first epochs learned.
    let folder = tempfile::tempdir().unwrap();
    let ruinous =
        ["300", "--epochs", "50", "--batch", "8", "--learning-rate", "0.2", "--patience", "2", "--log", "log"];
    success(&run(folder.path(), &[&SHORT[..4], &ruinous].concat()));
    let log = fs::read_to_string(folder.path().join("log")).unwrap();
    let lines: Vec<Value> = log.lines().map(json).collect();
    let (last, epochs) = lines.split_last().unwrap();
    assert!(epochs.len() < 50, "{log}");
    assert_eq!(last["kept_epoch"].as_u64().unwrap() + 2, epochs.len() as u64, "{log}");
}

#[test]
fn a_training_goes_on_from_a_model_with_its_network() {
    let folder = TRAINED.0.path();
    let still = ["--epochs", "1", "--learning-rate", "1e-12", "--train-images", "100", "--batch", "50"];
    success(&run(folder, &[&["train", "--from", "model", "--out", "again"], &still[..]].concat()));
    let [before, after] = ["model", "again"].map(|name| ModelFile::load(&folder.join(name)).unwrap());
    assert_eq!(before.network, after.network);
    assert_eq!(before.summary.test_accuracy, after.summary.test_accuracy);
}

#[test]
fn a_recipe_is_told_and_kept_in_the_model() {
    let folder = tempfile::tempdir().unwrap();
    let options = ["--preset", "quick", "--epochs", "2", "--label-smoothing", "0.1", "--average", "0.9"];
    let printed = success(&run(folder.path(), &[&SHORT[..5], &options].concat()));
    let recipe = ModelFile::load(&folder.path().join("digits.safetensors")).unwrap().summary.recipe.unwrap();
    assert!(printed.contains(&format!("recipe    {recipe}")), "{printed}");
    assert!(recipe.starts_with("one-cycle") && recipe.ends_with("label smoothing 0.1, average 0.9"), "{recipe}");
}

#[test]
fn sgd_dropout_and_augmentation_are_options() {
    let folder = tempfile::tempdir().unwrap();
    let options = ["--optimiser", "sgd", "--momentum", "0.8", "--dropout", "0.2", "--augment", "thickness .2|rotate 2"];
    let printed = success(&run(folder.path(), &[&SHORT[..9], &options].concat()));
    assert!(printed.contains("sgd, learning rate 0.01"), "{printed}");
    let model = ModelFile::load(&folder.path().join("digits.safetensors")).unwrap();
    assert_eq!(model.network.to_string(), NETWORK.replace("0.1", "0.2"));
    assert_eq!(model.summary.optimiser, "sgd");
    assert_eq!(model.summary.augment.as_deref(), Some("rotate 2 | thickness 0.2"));
    assert!(model.summary.test_accuracy > Some(0.7), "{printed}");
}

#[test]
fn options_that_make_no_sense_exit_2_and_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let wrong: &[&[&str]] = &[
        &["--epochs", "0"],
        &["--batch", "0"],
        &["--batch", "50001"],
        &["--batch", "100", "--train-images", "99"],
        &["--train-images", "0"],
        &["--train-images", "50001"],
        &["--learning-rate", "-1"],
        &["--learning-rate", "0"],
        &["--learning-rate", "NaN"],
        &["--learning-rate", "inf"],
        &["--learning-rate", "1e-50"],
        &["--momentum", "1", "--optimizer", "sgd"],
        &["--momentum", "0.9"],
        &["--epsilon", "0"],
        &["--epsilon", "1e-7", "--optimizer", "sgd"],
        &["--optimizer", "adamw"],
        &["--weight-decay", "0.1", "--optimizer", "sgd"],
        &["--weight-decay", "1"],
        &["--betas", "0.9"],
        &["--betas", "0.9,1"],
        &["--average", "1"],
        &["--warm-up", "1"],
        &["--label-smoothing", "-0.1"],
        &["--schedule", "linear"],
        &["--preset", "fast"],
        &["--patience", "0"],
        &["--patience", "2", "--keep", "last"],
        &["--from", "model", "--network", "dense 10"],
        &["--seed", "-1"],
        &["--augment", "rotate 90"],
        &["--augment", "blur 1"],
        &["--augment", ""],
        &["--dropout", "1"],
        &["--dropout", "0.99999999999"],
        &["--dropout", "0.1", "--network", "dense 10"],
        &["--network", "pool 30 | dense 10"],
        &["--network", "dense 12"],
        &["--backend", "directx"],
        &["--tune-budget", "-1"],
        &["--tune-budget", "soon"],
        &["--no-tune", "--tune-budget", "1"],
        &["--colour"],
    ];
    for options in wrong {
        let output = run(folder.path(), &[&["train"], *options].concat());
        let stderr = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{options:?}: {stderr}");
        assert!(stderr.starts_with("error: ") && stderr.contains(options[0]), "{options:?}: {stderr}");
    }
    assert_eq!(run(folder.path(), &[]).status.code(), Some(2));
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
}

#[test]
fn the_long_help_of_train_explains_layers_and_the_short_one_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let printed = |options: &[&str]| success(&run(folder.path(), options));
    let [long, same, short] = [&["help", "train"][..], &["train", "--help"], &["train", "-h"]].map(printed);
    assert!(long == same && long.contains("conv FILTERS HxW [same|valid] [stride STRIDE] [relu]"), "{long}");
    assert!(!short.contains("conv FILTERS") && short.lines().count() < long.lines().count() / 2, "{short}");
}

#[test]
fn files_that_cannot_be_used_are_named_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let model = bytes(TRAINED.0.path(), "model");
    fs::write(at("cut"), &model[..model.len() - 1]).unwrap();
    assert!(failure(&run(folder.path(), &["eval", "cut"])).contains("cut is not a whole safetensors file"));
    assert!(failure(&run(folder.path(), &["eval", "none"])).contains("none cannot be read"));
    assert!(failure(&run(folder.path(), &["train", "--from", "none"])).contains("none cannot be read"));
    assert!(failure(&run(folder.path(), &["train", "--out", "no/model"])).contains("there is no folder no"));
    let error = failure(&run(folder.path(), &["train", "--log", "no/log"]));
    assert!(error.starts_with("error: no/log cannot be written: "), "{error}");

    fs::write(at("whole"), &model).unwrap();
    let error = failure(&run(folder.path(), &["eval", "whole", "--data", "none"]));
    assert!(error.contains("there is no folder none"), "{error}");
    fs::create_dir(at("data")).unwrap();
    let images = fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/data/mnist/train-images-idx3-ubyte.gz")).unwrap();
    fs::write(at("data/train-images-idx3-ubyte.gz"), &images[..100_000]).unwrap();
    let labels = concat!(env!("CARGO_MANIFEST_DIR"), "/data/mnist/train-labels-idx1-ubyte.gz");
    fs::copy(labels, at("data/train-labels-idx1-ubyte.gz")).unwrap();
    let error = failure(&run(folder.path(), &["train", "--data", "data"]));
    assert!(error.contains("train-images-idx3-ubyte.gz is a gzip file that breaks off"), "{error}");
}

#[test]
fn a_model_of_other_classes_does_not_fit_the_data() {
    let folder = tempfile::tempdir().unwrap();
    let network = Network::parse(Shape::MNIST, "dense 12").unwrap();
    let summary = Summary {
        epochs: 1,
        batch: 1,
        optimiser: "adam".into(),
        learning_rate: 1e-3,
        recipe: None,
        seed: 0,
        augment: None,
        images_seen: 1,
        validation_accuracy: None,
        test_accuracy: None,
    };
    let model = ModelFile {
        parameters: Parameters::glorot(&network, 0),
        network,
        classes: Classes::numbered(12),
        calibration: Calibration::default(),
        summary,
    };
    model.save(&folder.path().join("letters")).unwrap();
    let error = failure(&run(folder.path(), &["eval", "letters"]));
    assert_eq!(error, "error: letters does not fit: it tells 12 classes apart, but the data have 10");
}

#[test]
fn a_diverging_training_says_so_and_leaves_the_older_model() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("digits.safetensors"), "an older file").unwrap();
    let error = failure(&run(folder.path(), &[&SHORT[..10], &["1e20"]].concat()));
    assert!(error.starts_with("error: the loss is no longer a number in step "), "{error}");
    assert!(error.ends_with(" of epoch 1: choose a smaller learning rate"), "{error}");
    assert_eq!(bytes(folder.path(), "digits.safetensors"), b"an older file");
}

#[cfg(unix)]
#[test]
fn ctrl_c_keeps_what_was_trained() {
    use std::io::{BufRead, BufReader};

    for keep in ["best", "last"] {
        let folder = tempfile::tempdir().unwrap();
        let mut options = SHORT;
        options[6] = "1000";
        let mut command = digits(folder.path(), &[&options[..], &["--keep", keep]].concat());
        let mut training = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(training.stdout.take().unwrap()).lines().map(Result::unwrap);
        assert!(lines.any(|line| line.trim_start().starts_with("1/1000 ")));
        let kill = Command::new("kill").args(["-INT", &training.id().to_string()]).status().unwrap();
        assert!(kill.success());
        lines.for_each(drop);
        let output = training.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(130));
        let stopped = "stopped; digits.safetensors holds the model after ";
        assert!(stderr(&output).contains(stopped), "{}", stderr(&output));
        let summary = ModelFile::load(&folder.path().join("digits.safetensors")).unwrap().summary;
        assert!(summary.epochs >= 1 && summary.images_seen >= 2550 && summary.test_accuracy.is_none(), "{summary:?}");
        success(&run(folder.path(), &["eval", "digits.safetensors"]));
    }
}

#[test]
fn bench_prints_figures_that_it_can_be_compared_with() {
    let folder = tempfile::tempdir().unwrap();
    let printed = success(&run(folder.path(), &["bench", "infer", "--json"]));
    let report = json(&printed);
    assert_eq!(report["version"], env!("CARGO_PKG_VERSION"));
    for field in ["adapter", "driver", "backend", "core", "operands"] {
        assert!(report[field].as_str().is_some_and(|text| !text.is_empty()), "{field} of {report}");
    }
    let infer = &report["infer"];
    for work in ["one_image", "empty_submit", "read_back"] {
        let [median, p99] = ["median_seconds", "p99_seconds"].map(|field| infer[work][field].as_f64().unwrap());
        assert!(0.0 < median && median <= p99 && p99 < 10.0, "{work} of {infer}");
    }
    for (work, images) in [("many_images", 1024.0), ("stream", 8192.0)] {
        let [seconds, rate] = ["seconds", "images_per_second"].map(|field| infer[work][field].as_f64().unwrap());
        assert!((seconds * rate - images).abs() < 1e-6, "{infer}");
    }
    let [files, images] = ["files", "images"].map(|what| infer["reading"][what]["images_per_second"].as_f64().unwrap());
    assert!(0.0 < files && files < images, "more is done to read a file than to recognize its digit: {infer}");
    assert!(report["step"].is_null(), "{report}");

    fs::write(folder.path().join("old"), &printed).unwrap();
    let compared = success(&run(folder.path(), &["bench", "infer", "--compare", "old"]));
    let many = compared.lines().find(|line| line.starts_with("infer: 1024 images ")).unwrap();
    let ratio: f64 = many.split_whitespace().last().unwrap().parse().unwrap();
    // The same program on the same adapter, but the machine may be busy with other tests.
    assert!((0.1..10.0).contains(&ratio), "{compared}");
    assert!(!compared.contains("differs"), "{compared}");
}

#[test]
fn bench_names_what_it_cannot_compare_with() {
    let folder = tempfile::tempdir().unwrap();
    let compare = |name: &str| failure(&run(folder.path(), &["bench", "infer", "--compare", name]));
    assert!(compare("none").starts_with("error: none cannot be read: "));
    for (name, text) in
        [("damaged", "{\"adapter\": \"a"), ("foreign", "{\"accuracy\": 0.99}"), ("binary", "\u{0}\u{1}")]
    {
        fs::write(folder.path().join(name), text).unwrap();
        let error = compare(name);
        assert!(error.starts_with(&format!("error: {name} is not what `digits bench --json` printed: ")), "{error}");
    }
    for options in [&["everything"][..], &["--core", "fast"], &["--operands", "disk"], &["--json", "--compare", "old"]]
    {
        let output = run(folder.path(), &[&["bench"], options].concat());
        assert_eq!(output.status.code(), Some(2), "{options:?}: {}", stderr(&output));
    }
}

#[test]
fn mixed_precision_trains_where_the_adapter_has_matrices_for_it_and_else_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let adapters = success(&run(folder.path(), &["gpus"]));
    let chosen = adapters.lines().find(|line| line.starts_with('*')).unwrap();
    let few = ["train", "--network", NETWORK, "--train-images", "320", "--batch", "32", "--epochs", "1"];
    let train = run(folder.path(), &[&few[..], &["--precision", "mixed", "--out", "mixed"]].concat());
    if chosen.contains("cooperative matrices") {
        assert!(success(&train).contains("mixed precision"), "{adapters}");
        return;
    }
    assert!(failure(&train).starts_with("error: --precision mixed needs an adapter with cooperative matrices"));
    assert!(!folder.path().join("mixed").exists());
    let bench = run(folder.path(), &["bench", "step", "--core", "cooperative"]);
    assert!(failure(&bench).starts_with("error: --core cooperative needs an adapter with cooperative matrices"));
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let mut command = digits(TRAINED.0.path(), &["eval", "model"]);
    let mut eval = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(eval.stdout.take());
    let output = eval.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    let stderr = stderr(&output);
    assert!(stderr.lines().all(|line| line.starts_with("note: ")), "{stderr}");
}

#[test]
fn gpus_lists_the_adapters_and_marks_the_chosen_one() {
    let folder = tempfile::tempdir().unwrap();
    let printed = success(&run(folder.path(), &["gpus"]));
    assert_eq!(printed.lines().filter(|line| line.starts_with("*  ")).count(), 1, "{printed}");
    let error = failure(&run(folder.path(), &["gpus", "--adapter", "no such adapter"]));
    assert!(error.starts_with("error: no adapter matches \"no such adapter\"; there are: 0 "), "{error}");
}

#[cfg(target_os = "linux")]
#[test]
fn without_any_driver_every_command_says_how_to_get_one() {
    let model = TRAINED.0.path().join("model");
    for options in [&["gpus"][..], &["train"], &["eval", model.to_str().unwrap()]] {
        let folder = tempfile::tempdir().unwrap();
        let mut command = digits(folder.path(), options);
        command.env("VK_DRIVER_FILES", "/nowhere").env("VK_ICD_FILENAMES", "/nowhere").env_remove("WGPU_BACKEND");
        let error = failure(&command.output().unwrap());
        assert!(error.starts_with("error: no GPU adapter was found: "), "{error}");
        assert!(error.contains("sudo apt install mesa-vulkan-drivers"), "{error}");
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
    }
}

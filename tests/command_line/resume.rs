//! Every option of `digits train`, one by one: a training that goes on from a checkpoint ends with the model and the log of the one
//! that left it. An option that the help has and the table below has not is a failure.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::path::Path;

use digits::mnist::{DataSet, PIXELS, SIDE, Split};
use tempfile::TempDir;

use super::{NETWORK, bytes, failure, json, run, success};

/// What every training has, where the option at hand does not stand in its place.
const BASE: [[&str; 2]; 8] = [
    ["--data", "set"],
    ["--validation", "40"],
    ["--network", NETWORK],
    ["--epochs", "3"],
    ["--batch", "16"],
    ["--every", "5"],
    ["--out", "model"],
    ["--log", "log"],
];

/// What an option is to do.
enum Restored {
    /// Given so, beside other options, it changes the model or the log.
    Model(&'static [&'static str], &'static [&'static str]),
    /// Given so, it has a file written, which is there again.
    File(&'static [&'static str], &'static str),
    /// It needs an adapter that not everybody has.
    Mixed(&'static [&'static str]),
    /// It chooses no bit and no file: why it is left out.
    No(#[expect(dead_code, reason = "for the reader")] &'static str),
}

use Restored::{File, Mixed, Model, No};

const NAMES: &str = "zero,one,two,three,four,five,six,seven,eight,nine";

/// Steps that change nothing, so that the first epoch stays the best.
const STILL: &[&str] = &["--learning-rate", "1e-12", "--epochs", "4"];

/// More images than a short test should see one by one.
const MANY: &[&str] = &["--batch", "1024", "--train-images", "1024", "--epochs", "1"];

const OPTIONS: [(&str, Restored); 40] = [
    ("network", Model(&["--network", "conv 4 9x9 relu | pool 6 | dense 10"], &[])),
    ("from", Model(&["--from", "given"], &[])),
    ("dropout", Model(&["--dropout", "0.4"], &[])),
    ("data", Model(&["--data", "other"], &[])),
    ("transpose", Model(&["--transpose"], &[])),
    ("invert", Model(&["--invert"], &[])),
    ("validation", Model(&["--validation", "30%"], &[])),
    ("classes", Model(&["--classes", NAMES], &[])),
    ("input", Model(&["--input", "20x20"], &[])),
    ("with-drawings", Model(&["--with-drawings"], MANY)),
    ("pen", Model(&["--pen", "pen.tsv"], &[])),
    ("train-images", Model(&["--train-images", "90"], &[])),
    ("precision", Mixed(&["--precision", "mixed"])),
    ("seed", Model(&["--seed", "1"], &[])),
    ("keep", Model(&["--keep", "last"], STILL)),
    ("patience", Model(&["--patience", "1"], STILL)),
    ("out", File(&["--out", "another"], "another")),
    ("log", File(&["--log", "figures"], "figures")),
    ("checkpoint", File(&[], "kept/newest.digits")),
    ("every", File(&["--every", "6"], "kept/newest.digits")),
    ("resume", No("it is what goes on")),
    ("report", File(&["--report", "report"], "report/index.html")),
    ("watch", No("it opens a window, which tests/window looks at")),
    ("no-tune", No("no result depends on tile shapes: tests/tiles.rs")),
    ("tune-budget", No("the same")),
    ("help", No("it trains nothing")),
    ("preset", Model(&["--preset", "quick"], &[])),
    ("epochs", Model(&["--epochs", "2"], &[])),
    ("batch", Model(&["--batch", "20"], &[])),
    ("optimizer", Model(&["--optimizer", "sgd"], &[])),
    ("learning-rate", Model(&["--learning-rate", "0.004"], &[])),
    ("schedule", Model(&["--schedule", "cosine"], &[])),
    ("warm-up", Model(&["--warm-up", "0.6"], &[])),
    ("betas", Model(&["--betas", "0.5,0.9"], &[])),
    ("epsilon", Model(&["--epsilon", "0.001"], &[])),
    ("weight-decay", Model(&["--weight-decay", "0.1"], &[])),
    ("momentum", Model(&["--momentum", "0.5"], &["--optimizer", "sgd"])),
    ("label-smoothing", Model(&["--label-smoothing", "0.2"], &[])),
    ("average", Model(&["--average", "0.7"], &[])),
    ("augment", Model(&["--augment", "rotate 10 | noise 0.1"], &[])),
];

/// Where it computes, which a checkpoint tells of and compares: the options that all commands have.
const GPU: [&str; 2] = ["adapter", "backend"];

fn write(folder: &Path, name: &str, data: &DataSet, part: &str) {
    let count = data.count() as u32;
    let side = SIDE as u32;
    let idx = |kind: u8, sizes: &[u32], bytes: &[u8]| {
        let sizes: Vec<u8> = sizes.iter().flat_map(|size| size.to_be_bytes()).collect();
        [&[0, 0, 8, kind][..], &sizes, bytes].concat()
    };
    let at = |what: &str| folder.join(name).join(format!("{part}-{what}-ubyte"));
    fs::create_dir_all(folder.join(name)).unwrap();
    fs::write(at("images-idx3"), idx(3, &[count, side, side], &data.images)).unwrap();
    fs::write(at("labels-idx1"), idx(1, &[count], &data.labels)).unwrap();
}

/// The model of a training, and the figures in its log that are no times.
type Left = (Vec<u8>, Vec<[f64; 2]>);

fn left(folder: &Path, options: &[&str]) -> Left {
    let named = |option: &str, usual| match options.iter().position(|name| *name == option) {
        Some(at) => options[at + 1],
        None => usual,
    };
    let log = String::from_utf8(bytes(folder, named("--log", "log"))).unwrap();
    let figures = |line| ["val_loss", "test_loss"].map(|name| json(line)[name].as_f64().unwrap_or_default());
    (bytes(folder, named("--out", "model")), log.lines().map(figures).collect())
}

/// What the options read.
fn inputs() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let images = Split::embedded().unwrap().test;
    let part = |from: usize, count: usize| DataSet {
        images: images.images[from * PIXELS..][..count * PIXELS].to_vec(),
        labels: images.labels[from..][..count].to_vec(),
    };
    for (name, from) in [("set", 0), ("other", 300)] {
        write(folder.path(), name, &part(from, 160), "train");
        write(folder.path(), name, &part(1_000, 40), "t10k");
    }
    fs::write(folder.path().join("pen.tsv"), "1\t1\thand\tall\tme\t50,0 50,100\n").unwrap();
    success(&run(
        folder.path(),
        &["train", "--data", "set", "--network", NETWORK, "--epochs", "1", "--batch", "16", "--out", "given"],
    ));
    folder
}

/// `digits train` with the base's options and these, a flag or a name and a value each.
fn command<'a>(options: &[&'a str]) -> Vec<&'a str> {
    let has = |name: &str| options.contains(&name);
    let is_replaced = |name: &str| match name {
        "--network" => has("--from"),
        "--data" => has("1024"),
        "--validation" => has("1024"),
        _ => false,
    };
    let base = BASE.iter().filter(|[name, _]| !has(name) && !is_replaced(name)).flatten().copied();
    ["train", "--checkpoint", "kept"].into_iter().chain(base).chain(options.iter().copied()).collect()
}

/// What a training left that also left checkpoints, and went on from the last but one to the same; a file of its is there again.
fn resumed(folder: &Path, options: &[&str], file: &str) -> Left {
    let kept = folder.join("kept");
    let _ = fs::remove_dir_all(&kept);
    success(&run(folder, &command(options)));
    let whole = left(folder, options);
    // As if it had been killed after the one before.
    for gone in BTreeSet::from(["kept/newest.digits", file]) {
        fs::remove_file(folder.join(gone)).unwrap();
    }
    let printed = success(&run(folder, &["train", "--resume", "kept"]));
    assert!(printed.contains("resumed   in epoch "), "{options:?}: {printed}");
    assert!(left(folder, options) == whole, "{options:?}");
    assert!(folder.join(file).exists(), "{options:?}: {file}");
    whole
}

#[test]
fn every_option_of_a_training_holds_for_what_goes_on_from_its_checkpoint() {
    let folder = inputs();
    let help = success(&run(folder.path(), &["train", "-h"]));
    let names = help.lines().filter_map(|line| line.trim_start().trim_start_matches("-h, ").strip_prefix("--"));
    let offered: BTreeSet<&str> = names.map(|rest| rest.split(' ').next().unwrap()).collect();
    let known: BTreeSet<&str> = OPTIONS.iter().map(|(name, _)| *name).chain(GPU).collect();
    assert_eq!(offered, known, "an option needs a line in the table");

    let mut plain: HashMap<&[&str], Left> = HashMap::new();
    for (name, restored) in OPTIONS {
        match restored {
            Model(option, beside) => {
                let without = plain.entry(beside).or_insert_with(|| {
                    success(&run(folder.path(), &command(beside)));
                    left(folder.path(), beside)
                });
                let given = resumed(folder.path(), &[option, beside].concat(), "model");
                assert!(given != *without, "--{name} changes nothing, so this tells nothing");
            }
            File(option, file) => drop(resumed(folder.path(), option, file)),
            Mixed(option) => {
                let adapters = success(&run(folder.path(), &["gpus"]));
                let chosen = adapters.lines().find(|line| line.starts_with('*')).unwrap();
                if chosen.contains("cooperative matrices") {
                    resumed(folder.path(), option, "model");
                } else {
                    assert!(
                        failure(&run(folder.path(), &command(option))).contains("--precision mixed needs an adapter")
                    );
                }
            }
            No(_) => {}
        }
    }
}

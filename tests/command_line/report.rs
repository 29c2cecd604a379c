//! Reports: pages and pictures that a training, an evaluation and several logs leave to look at.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use roxmltree::Document;
use safetensors::SafeTensors;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{SHORT, TRAINED, bytes, digits, failure, json, run, stderr, success};

fn text(folder: &Path, name: &str) -> String {
    String::from_utf8(bytes(folder, name)).unwrap()
}

fn names(folder: &Path) -> BTreeSet<String> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

/// What a pointer finds in a picture.
fn tips(svg: &str) -> Vec<String> {
    let document = Document::parse(svg).unwrap();
    let titles = document.descendants().filter(|node| node.has_tag_name("title"));
    titles.filter_map(|title| title.text()).map(String::from).collect()
}

#[track_caller]
fn assert_asks_for_nothing(page: &str) {
    for elsewhere in ["http:", "https:", "<script", "<link", "<iframe", "url(", "@import", " src="] {
        assert!(!page.contains(elsewhere), "the page has {elsewhere}");
    }
}

#[track_caller]
fn assert_has(page: &str, parts: &[&str]) {
    for part in parts {
        assert!(page.contains(part), "the page lacks {part}");
    }
}

/// SHA-256 of the tensors of a model file, layer by layer.
fn hash(model: &[u8]) -> String {
    let tensors = SafeTensors::deserialize(model).unwrap();
    let mut hasher = Sha256::new();
    for name in ["conv1.weight", "conv1.bias", "dense1.weight", "dense1.bias"] {
        hasher.update(tensors.tensor(name).unwrap().data());
    }
    hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn a_report_changes_no_bit_of_a_training_and_tells_the_numbers_of_its_log() {
    let folder = tempfile::tempdir().unwrap();
    let report = folder.path().join("report");
    let printed = success(&run(
        folder.path(),
        &[&SHORT[..], &["--report", "report", "--out", "report/model", "--log", "report/log"]].concat(),
    ));
    assert!(printed.ends_with("report report/index.html\n"), "{printed}");
    assert!(bytes(&report, "model") == bytes(TRAINED.0.path(), "model"), "the model is another");

    let page = text(&report, "index.html");
    assert_asks_for_nothing(&page);
    let sections =
        ["training", "classes", "mistakes", "certainty", "inside", "run"].map(|id| format!("<section id=\"{id}\">"));
    assert_has(&page, &sections.each_ref().map(String::as_str));
    let lines: Vec<Value> = text(&report, "log").lines().map(json).collect();
    let (last, epochs) = lines.split_last().unwrap();
    let number = |line: &Value, name: &str| line[name].as_f64().unwrap();
    for line in epochs {
        let [training, validation] =
            ["train_loss", "val_loss"].map(|name| format!("<td>{:.4}</td>", number(line, name)));
        let [accuracy, seconds] = [
            format!("<td>{:.2} %</td>", 100.0 * number(line, "val_accuracy")),
            format!("<td>{:.2}</td>", number(line, "seconds")),
        ];
        assert_has(&page, &[&(training + &validation + &accuracy + &seconds)]);
    }
    let accuracy = format!("<h1>{:.2} % of 10,000 test images right</h1>", 100.0 * number(last, "test_accuracy"));
    let kept = format!("<strong>{} of 4</strong>", last["kept_epoch"]);
    let command =
        "digits train --network 'conv 4 9x9 relu | pool 6 | dropout 0.1 | dense 10' --train-images 2550 --epochs 4";
    let adapter = last["adapter"].as_str().unwrap().split(',').next().unwrap();
    let loss = format!("<strong>{:.4}</strong>", number(last, "test_loss"));
    assert_has(&page, &[&accuracy, &kept, &loss, command, adapter, &hash(&bytes(&report, "model")), "<dd>2,550</dd>"]);

    let pictures = [
        "accuracy",
        "confusion",
        "feature-maps-1",
        "filters",
        "learning-rate",
        "loss",
        "mistakes",
        "reliability",
        "seconds",
    ];
    let expected =
        pictures.map(|name| format!("{name}.svg")).into_iter().chain(["index.html", "log", "model"].map(String::from));
    assert_eq!(names(&report), expected.collect());
    for name in pictures {
        assert!(!tips(&text(&report, &format!("{name}.svg"))).is_empty(), "{name}");
    }
    let loss = tips(&text(&report, "loss.svg"));
    assert_eq!(loss.iter().filter(|tip| tip.starts_with("epoch ")).count(), 8, "{loss:?}");

    // Again, in the place of the first.
    let again =
        [&SHORT[..6], &["1", "--batch", "32", "--report", "report", "--out", "report/model", "--log", "report/log"]]
            .concat();
    success(&run(folder.path(), &again));
    assert_ne!(text(&report, "index.html"), page);
}

/// A training of many epochs with a report that Ctrl-C is pressed in behind the first, and again as soon as it says so.
#[cfg(unix)]
fn stopped(folder: &Path, is_pressed_again: bool) -> (Option<i32>, String) {
    let press = |training: &Child| {
        assert!(Command::new("kill").args(["-INT", &training.id().to_string()]).status().unwrap().success());
    };
    let mut options = SHORT;
    options[6] = "1000";
    let mut command = digits(folder, &[&options[..], &["--report", "report"]].concat());
    let mut training = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(training.stdout.take().unwrap()).lines().map(Result::unwrap);
    assert!(lines.any(|line| line.trim_start().starts_with("1/1000 ")));
    press(&training);
    let mut told = String::new();
    for line in BufReader::new(training.stderr.take().unwrap()).lines().map(Result::unwrap) {
        if is_pressed_again && line.contains("Ctrl-C again ends without it") {
            press(&training);
        }
        told += &(line + "\n");
    }
    told.extend(lines);
    (training.wait().unwrap().code(), told)
}

#[cfg(unix)]
#[test]
fn ctrl_c_behind_an_epoch_leaves_a_report_of_the_model_that_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let (code, told) = stopped(folder.path(), false);
    assert_eq!(code, Some(130), "{told}");
    assert!(told.contains("stopped; digits.safetensors holds the model after "), "{told}");
    assert!(told.ends_with("report report/index.html"), "{told}");
    let page = text(&folder.path().join("report"), "index.html");
    let evaluation = json(&success(&run(folder.path(), &["eval", "digits.safetensors", "--json"])));
    let right = format!("{:.2} % of 10,000 test images right", 100.0 * evaluation["accuracy"].as_f64().unwrap());
    let model = bytes(folder.path(), "digits.safetensors");
    assert_has(&page, &[&right, &hash(&model), "The training was stopped before its end; this is the model after "]);
    assert!(tips(&text(&folder.path().join("report"), "loss.svg")).iter().any(|tip| tip.starts_with("epoch 1")));
}

#[cfg(unix)]
#[test]
fn ctrl_c_again_ends_without_the_report() {
    let folder = tempfile::tempdir().unwrap();
    let (code, told) = stopped(folder.path(), true);
    assert_eq!(code, Some(130), "{told}");
    assert!(told.contains("note: stopped; the report comes") && !told.contains("holds the model"), "{told}");
    assert!(!folder.path().join("report/index.html").exists());
}

#[test]
fn a_report_of_a_model_has_the_confusion_that_eval_prints() {
    let folder = tempfile::tempdir().unwrap();
    let model = TRAINED.0.path().join("model");
    let printed = success(&run(folder.path(), &["eval", model.to_str().unwrap(), "--report", "new/report", "--json"]));
    let evaluation = json(&printed);
    let report = folder.path().join("new/report");
    let page = text(&report, "index.html");
    assert_asks_for_nothing(&page);
    assert_has(
        &page,
        &[
            "Report of a model",
            "<section id=\"run\">",
            &format!("<strong>{:.4}</strong>", evaluation["loss"].as_f64().unwrap()),
        ],
    );
    assert!(!page.contains("<section id=\"training\">") && !report.join("loss.svg").exists());

    let tips = tips(&text(&report, "confusion.svg"));
    let counts = evaluation["confusion"].as_array().unwrap();
    for (row, line) in counts.iter().enumerate() {
        let all: u64 = line.as_array().unwrap().iter().map(|count| count.as_u64().unwrap()).sum();
        for (column, count) in line.as_array().unwrap().iter().enumerate() {
            let tip = format!("{count} of {all} images of {row} were taken for {column} ");
            assert!(tips.iter().any(|found| found.starts_with(&tip)), "{tip}: {tips:?}");
        }
    }
    let mistakes = text(&report, "mistakes.svg");
    assert_eq!(Document::parse(&mistakes).unwrap().descendants().filter(|node| node.has_tag_name("tspan")).count(), 40);
    let classes = &evaluation["classes"][3];
    let share = |name: &str| format!("<td>{:.2} %</td>", 100.0 * classes[name].as_f64().unwrap());
    let row = ["precision", "recall", "f1"].map(share).concat();
    assert_has(&page, &[&format!("<th scope=\"row\">3</th>{row}<td>1,010</td>")]);
}

#[test]
fn a_folder_that_holds_other_things_is_refused_before_anything_takes_time() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("mine")).unwrap();
    fs::write(folder.path().join("mine/notes"), "mine").unwrap();
    fs::write(folder.path().join("file"), "mine").unwrap();
    for command in ["train", "eval"] {
        for (name, expected) in
            [("mine", "mine holds notes, which is no part of an earlier report"), ("file", "file is no folder")]
        {
            let output = run(folder.path(), &[command, "--report", name]);
            let told = stderr(&output);
            assert_eq!(output.status.code(), Some(2), "{told}");
            assert!(told.starts_with(&format!("error: {expected}")) && !told.contains("compiling"), "{told}");
        }
    }
    let output = run(folder.path(), &["train", "--report", "new", "--out", "new/loss.svg"]);
    let expected = "error: new/loss.svg would have the name of a part of the report";
    assert!(output.status.code() == Some(2) && stderr(&output).starts_with(expected), "{}", stderr(&output));
    let output = run(folder.path(), &["eval", "--drawings", "kinds", "--report", "new"]);
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    assert_eq!(names(folder.path()), ["file", "mine", "new"].map(String::from).into());
    assert_eq!(names(&folder.path().join("new")), BTreeSet::new());
    assert_eq!(names(&folder.path().join("mine")), ["notes".to_string()].into());
}

#[test]
fn a_report_that_cannot_be_written_loses_neither_model_nor_log() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = digits(folder.path(), &[&SHORT[..], &["--report", "report", "--log", "log"]].concat());
    let mut training = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(training.stdout.take().unwrap()).lines().map(Result::unwrap);
    assert!(lines.any(|line| line.trim_start().starts_with("1/4 ")));
    fs::remove_dir(folder.path().join("report")).unwrap();
    fs::write(folder.path().join("report"), "in the way").unwrap();
    assert!(lines.any(|line| line.starts_with("saved digits.safetensors")));
    let error = failure(&training.wait_with_output().unwrap());
    assert!(error.starts_with("error: report/") && error.contains(" cannot be written: "), "{error}");
    assert!(bytes(folder.path(), "digits.safetensors") == bytes(TRAINED.0.path(), "model"));
    assert_eq!(text(folder.path(), "log").lines().count(), 5);
}

#[test]
fn logs_are_laid_side_by_side() {
    let folder = tempfile::tempdir().unwrap();
    let log = text(TRAINED.0.path(), "log");
    let name = "<b>&'1'.jsonl";
    fs::write(folder.path().join(name), &log).unwrap();
    fs::write(folder.path().join("other.jsonl"), log.replace("\"seed\":0", "\"seed\":7")).unwrap();
    fs::write(folder.path().join("stopped.jsonl"), log.lines().next().unwrap().to_string() + "\n").unwrap();
    let report = |logs: &[&str]| run(folder.path(), &[&["report"], logs, &["--out", "page.html"]].concat());
    assert_eq!(success(&report(&[name, "other.jsonl", "stopped.jsonl"])), "report page.html\n");
    let page = text(folder.path(), "page.html");
    assert_asks_for_nothing(&page);
    assert!(!page.contains("<b>"), "a name is markup");
    let accuracy = 100.0 * json(log.lines().last().unwrap())["test_accuracy"].as_f64().unwrap();
    let row =
        |name: &str, [a, b, c]: [&str; 3]| format!("<th scope=\"row\">{name}</th><td{a}</td><td{b}</td><td{c}</td>");
    let best = format!(" class=\"best\">{accuracy:.2} %");
    assert_has(
        &page,
        &[
            &row("seed", [">0", ">7", ">–"]),
            &row("test accuracy", [&best, &best, ">–"]),
            "&lt;b&gt;",
            "3 trainings side by side",
        ],
    );
    let (differing, alike) = page.split_once("id=\"alike\"").unwrap();
    assert!(!differing.contains(">precision<") && alike.contains("<dt>training images</dt><dd>2,550</dd>"), "{page}");
    success(&report(&[name]));
    assert_has(&text(folder.path(), "page.html"), &["One training"]);

    fs::write(folder.path().join("foreign"), "{\"accuracy\":1}\n").unwrap();
    assert!(failure(&report(&["foreign"])).starts_with("error: foreign is no log of a training: line 1: "));
    assert!(failure(&report(&["none"])).starts_with("error: none cannot be read: "));
    let output = run(folder.path(), &["report", name, "--out", "other.jsonl"]);
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    assert!(
        stderr(&output).starts_with("error: other.jsonl is there already and is no page of digits"),
        "{}",
        stderr(&output)
    );
}

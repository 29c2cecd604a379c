//! Many pictures at a time: folders in folders, lists, and the file that `predict --out` writes and goes on with.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Output, Stdio};

use image::{GrayImage, Luma};
use serde_json::Value;
use tempfile::{TempDir, tempdir};

use super::predict::{picture, scribble, test_images};
use super::{bytes, digits, json, run, stderr, success};

/// A folder with a digit, below it one with three, what is no picture, a scribble, and what a list may name only by NUL bytes.
fn pictures() -> (TempDir, Vec<u64>) {
    let (folder, images) = (tempdir().unwrap(), test_images());
    let path = |name: &str| folder.path().join(name);
    fs::create_dir_all(path("all/below/deep")).unwrap();
    picture(&images, 1, 56).save(path("all/a.png")).unwrap();
    picture(&images, 3, 80).save(path("all/below/three, \"quoted\".png")).unwrap();
    fs::write(path("all/below/broken.png"), "no picture").unwrap();
    scribble().save(path("all/below/deep/scribble.png")).unwrap();
    fs::write(path("all/below/notes.txt"), "no picture").unwrap();
    picture(&images, 1, 28).save(path("all/z.png")).unwrap();
    let labels = images.labels[..3].iter().map(|label| u64::from(*label)).collect();
    (folder, labels)
}

/// The rows of a CSV file below its header.
fn rows(bytes: &[u8]) -> Vec<Vec<String>> {
    let text = |row: csv::StringRecord| row.iter().map(str::to_string).collect();
    csv::Reader::from_reader(bytes).records().map(|row| text(row.unwrap())).collect()
}

/// What a command said that ends with exit code 1; nothing moves on what is no terminal.
#[track_caller]
fn errors(output: &Output) -> Vec<String> {
    let said = stderr(output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    let lines = said.lines().filter(|line| !line.starts_with("note: ")).map(str::to_string).collect();
    assert!(said.lines().all(|line| line.starts_with("note: ") || line.starts_with("error: ")), "{said}");
    lines
}

#[test]
fn a_table_has_a_row_for_each_digit_below_a_folder_and_goes_on_behind_what_is_no_picture() {
    let (folder, labels) = pictures();
    let output = run(folder.path(), &["predict", "-r", "all", "--out", "t.csv"]);
    let told = errors(&output);
    assert!(told[0].starts_with("error: all/below/broken.png is no picture: ") && told.len() == 2, "{told:?}");
    assert_eq!(told[1], "error: 1 of 5 files could not be read");
    let text = bytes(folder.path(), "t.csv");
    assert!(text.starts_with(b"path,line,index,digit,confidence,x,y,width,height,error\n"));
    let rows = rows(&text);
    let three = "all/below/three, \"quoted\".png";
    let paths = ["all/a.png", "all/below/broken.png", "all/below/deep/scribble.png", three, three, three, "all/z.png"];
    assert_eq!(rows.iter().map(|row| &row[0]).collect::<Vec<_>>(), paths);
    assert!(rows[1][1..9].iter().all(String::is_empty) && rows[1][9] == told[0]["error: ".len()..]);
    assert_eq!(rows[2][3], "no digit");
    for (at, label) in [(0, labels[0]), (3, labels[0]), (4, labels[1]), (5, labels[2]), (6, labels[0])] {
        let row = &rows[at];
        assert_eq!((&row[1], &row[3], &row[9]), (&"0".into(), &label.to_string(), &String::new()));
        assert!((0.5..=1.0).contains(&row[4].parse::<f32>().unwrap()), "{row:?}");
    }
    let reports = run(folder.path(), &["predict", "--json", three]);
    for (at, digit) in json(&success(&reports))["digits"].as_array().unwrap().iter().enumerate() {
        let row = &rows[3 + at];
        assert_eq!(row[2], at.to_string());
        let bounds = ["x", "y", "width", "height"].map(|side| digit["box"][side].to_string());
        assert_eq!(row[5..9], bounds);
    }
    let flat = success(&run(folder.path(), &["predict", "all", "--out", "flat.csv"]));
    assert_eq!(flat, "saved flat.csv of 2 files\n");
}

#[test]
fn lines_of_json_are_those_that_are_printed_and_a_line_for_what_is_no_picture() {
    let (folder, _) = pictures();
    errors(&run(folder.path(), &["predict", "-r", "all", "--top", "2", "--out", "t.JSONL"]));
    let lines: Vec<Value> = fs::read_to_string(folder.path().join("t.JSONL")).unwrap().lines().map(json).collect();
    let printed = run(folder.path(), &["predict", "-r", "all", "--top", "2", "--json"]);
    let printed: Vec<Value> = String::from_utf8(printed.stdout).unwrap().lines().map(json).collect();
    assert_eq!((lines.len(), printed.len()), (5, 4));
    assert!(lines[1]["error"].as_str().unwrap().starts_with("all/below/broken.png is no picture"));
    for (line, printed) in lines.iter().filter(|line| line["error"].is_null()).zip(&printed) {
        assert_eq!(line["file"], printed["file"]);
        let digits = line["digits"].as_array().unwrap().iter().zip(printed["digits"].as_array().unwrap());
        for (digit, printed) in digits {
            for field in ["digit", "is_digit", "line", "box"] {
                assert_eq!(digit[field], printed[field]);
            }
            assert_eq!(digit["top"].as_array().unwrap().len(), 2);
        }
    }
}

#[test]
fn a_list_on_standard_input_is_read_by_lines_or_by_nul_bytes() {
    let (folder, _) = pictures();
    let names = |list: &str| {
        let mut command = digits(folder.path(), &["predict", "--files-from", "-", "--json"]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(list.as_bytes()).unwrap();
        let printed = success(&child.wait_with_output().unwrap());
        printed.lines().map(|line| json(line)["file"].as_str().unwrap().to_string()).collect::<Vec<_>>()
    };
    assert_eq!(names("all/z.png\r\n\nall/a.png"), ["all/z.png", "all/a.png"]);
    fs::copy(folder.path().join("all/a.png"), folder.path().join("two\nlines.png")).unwrap();
    assert_eq!(names("two\nlines.png\0all\0"), ["two\nlines.png", "all/a.png", "all/z.png"]);
}

#[test]
fn what_is_read_depends_neither_on_the_pictures_beside_it_nor_on_their_number() {
    let (folder, images) = (tempdir().unwrap(), test_images());
    for at in 0..150 {
        let mut one = images.clone();
        one.images.drain(..at * digits::mnist::PIXELS);
        picture(&one, 1 + at % 2, 28).save(folder.path().join(format!("{at:03}.png"))).unwrap();
    }
    success(&run(folder.path(), &["predict", ".", "--out", "all.csv"]));
    let all = rows(&bytes(folder.path(), "all.csv"));
    for name in ["./000.png", "./001.png", "./077.png", "./149.png"] {
        success(&run(folder.path(), &["predict", name, name, "--out", "one.csv"]));
        let one = rows(&bytes(folder.path(), "one.csv"));
        assert_eq!(one, all.iter().filter(|row| row[0] == name).cloned().collect::<Vec<_>>());
    }
}

#[test]
fn a_table_that_broke_off_is_gone_on_with_to_the_same_bytes() {
    let (folder, _) = pictures();
    for name in ["t.csv", "t.jsonl"] {
        let options = ["predict", "-r", "all", "--out", name];
        errors(&run(folder.path(), &options));
        let whole = bytes(folder.path(), name);
        let text = String::from_utf8(whole.clone()).unwrap();
        // In the header, in the picture of three, within and between its rows, and behind all.
        let three = text.find("quoted").unwrap();
        for cut in [3, three, text.find("all/z.png").unwrap() - 4, text.len()] {
            fs::write(folder.path().join(name), &whole[..cut]).unwrap();
            let output = run(folder.path(), &[&options[..], &["--resume"]].concat());
            assert_eq!(errors(&output).last().unwrap(), "error: 1 of 5 files could not be read", "{name} {cut}");
            assert!(bytes(folder.path(), name) == whole, "{name} {cut}");
        }
        // What is told already is not looked at again.
        let broken = fs::read(folder.path().join("all/a.png")).unwrap();
        fs::write(folder.path().join("all/a.png"), "no picture").unwrap();
        fs::write(folder.path().join(name), &whole[..three]).unwrap();
        errors(&run(folder.path(), &[&options[..], &["--resume"]].concat()));
        assert!(bytes(folder.path(), name) == whole, "{name}");
        fs::write(folder.path().join("all/a.png"), broken).unwrap();
    }
}

#[cfg(unix)]
#[test]
fn ctrl_c_leaves_what_was_read_and_the_rest_is_read_later() {
    let (folder, _) = pictures();
    let path = |name: &str| folder.path().join(name);
    let is_done = |command: &mut std::process::Command| command.status().unwrap().success();
    assert!(is_done(std::process::Command::new("mkfifo").arg(path("slow.png"))));
    let options = ["predict", "slow.png", "all/a.png", "all/z.png", "--out", "t.csv"];
    let child = digits(folder.path(), &options).stderr(Stdio::piped()).spawn().unwrap();
    // Waits until the program reads.
    let mut slow = fs::File::options().write(true).open(path("slow.png")).unwrap();
    assert!(is_done(std::process::Command::new("kill").args(["-INT", &child.id().to_string()])));
    std::thread::sleep(std::time::Duration::from_millis(200));
    slow.write_all(&fs::read(path("all/a.png")).unwrap()).unwrap();
    drop(slow);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    assert!(stderr(&output).contains("stopped; t.csv tells of 1 of 3 files"), "{}", stderr(&output));
    assert_eq!(rows(&bytes(folder.path(), "t.csv")).len(), 1);
    fs::remove_file(path("slow.png")).unwrap();
    fs::copy(path("all/a.png"), path("slow.png")).unwrap();
    success(&run(folder.path(), &[&options[..], &["--resume"]].concat()));
    assert_eq!(rows(&bytes(folder.path(), "t.csv")).len(), 3);
}

#[test]
fn an_older_table_is_replaced_and_no_other_file_is_taken_for_one() {
    let (folder, _) = pictures();
    let path = |name: &str| folder.path().join(name);
    success(&run(folder.path(), &["predict", "all", "--out", "t.csv"]));
    success(&run(folder.path(), &["predict", "all/z.png", "--out", "t.csv"]));
    assert_eq!(rows(&bytes(folder.path(), "t.csv")).len(), 1);
    // Other pictures come behind.
    success(&run(folder.path(), &["predict", "all/a.png", "--out", "t.csv", "--resume"]));
    let names: Vec<String> = rows(&bytes(folder.path(), "t.csv")).into_iter().map(|row| row[0].clone()).collect();
    assert_eq!(names, ["all/z.png", "all/a.png"]);
    for (name, text) in [("own.csv", "name,price\na,1\n"), ("own.jsonl", "{\"a\":1}\n")] {
        fs::write(path(name), text).unwrap();
        for resume in [&[][..], &["--resume"]] {
            let output = run(folder.path(), &[&["predict", "all/a.png", "--out", name], resume].concat());
            let expected = format!(
                "error: {name} is there already and is no table of digits predict, so it is left as it is; give another name"
            );
            assert_eq!(errors(&output), [expected]);
            assert_eq!(bytes(folder.path(), name), text.as_bytes());
        }
    }
}

#[track_caller]
fn refused(folder: &Path, options: &[&str], code: i32, expected: &str) {
    let output = run(folder, &[&["predict"], options].concat());
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(code), "{said}");
    assert!(said.lines().next().unwrap().starts_with(&format!("error: {expected}")), "{said}");
}

#[test]
fn what_cannot_be_done_is_told_in_a_sentence() {
    let folder = tempdir().unwrap();
    GrayImage::from_pixel(9, 9, Luma([0])).save(folder.path().join("a.png")).unwrap();
    fs::write(folder.path().join("empty.txt"), "\n").unwrap();
    for (options, code, expected) in [
        (
            &["a.png", "--out", "t.xlsx"][..],
            2,
            "--out writes CSV or lines of JSON, so t.xlsx is to end with .csv or .jsonl",
        ),
        (&["a.png", "--resume"], 2, "--resume goes on with an earlier --out file, so it needs --out"),
        (&["a.png", "--top", "2", "--out", "t.csv"], 2, "--top has no columns in a CSV file"),
        (&["--files-from", "l", "--annotate", "o.png"], 2, "--annotate o.png takes one picture, not the list l"),
        (&["-", "--files-from", "-"], 2, "the list and a picture cannot both be on standard input"),
        (&["--files-from", "none.txt"], 1, "none.txt cannot be read: "),
        (&["--files-from", "empty.txt"], 1, "empty.txt names no picture"),
        (&["a.png", "--out", "no/t.csv"], 1, "no/t.csv cannot be written: there is no folder no"),
    ] {
        refused(folder.path(), options, code, expected);
    }
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 2);
}

//! What an installed program tells of itself, to people, shells and `man`.

use std::fs;
#[cfg(target_os = "linux")]
use std::process::Command;

use super::{bytes, failure, run, stderr, success};

#[test]
fn the_version_names_wgpus_and_a_commit_where_there_is_one() {
    let folder = tempfile::tempdir().unwrap();
    let [short, long] = ["-V", "--version"].map(|option| success(&run(folder.path(), &[option])));
    assert_eq!(short, long);
    let lock = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.lock")).unwrap();
    let (_, rest) = lock.split_once("name = \"wgpu\"\nversion = \"").unwrap();
    let wgpu = rest.split('"').next().unwrap();
    let start = concat!("digits ", env!("CARGO_PKG_VERSION"), " (");
    let commit = long.strip_prefix(start).and_then(|rest| rest.strip_suffix(&format!("wgpu {wgpu})\n"))).unwrap();
    let Some(commit) = commit.strip_prefix("commit ") else { return assert_eq!(commit, "") };
    let commit = commit.strip_suffix(", ").unwrap();
    let digits = commit.strip_suffix(" with changes").unwrap_or(commit);
    assert!(digits.len() >= 7 && digits.chars().all(|digit| digit.is_ascii_hexdigit()), "{long}");
}

#[test]
fn every_shell_has_completions_of_every_command_and_option() {
    let folder = tempfile::tempdir().unwrap();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = success(&run(folder.path(), &["completions", shell]));
        for name in ["selftest", "learning-rate"] {
            assert!(script.contains(name), "{shell}: {script}");
        }
    }
    let output = run(folder.path(), &["completions", "cmd"]);
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
}

#[cfg(target_os = "linux")]
#[test]
fn bash_completes_a_command_and_an_option() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("script"), success(&run(folder.path(), &["completions", "bash"]))).unwrap();
    let complete = |words: &str, last: usize, word: &str| {
        let ask = format!(
            "source ./script; COMP_WORDS=({words}); COMP_CWORD={last}; _digits digits '{word}' digits; echo \"${{COMPREPLY[*]}}\""
        );
        success(&Command::new("bash").args(["--norc", "-c", &ask]).current_dir(&folder).output().unwrap())
    };
    assert_eq!(complete("digits sel", 1, "sel"), "selftest\n");
    assert_eq!(complete("digits train --learn", 2, "--learn"), "--learning-rate\n");
}

#[test]
fn man_has_a_page_of_the_program_and_of_each_command() {
    let folder = tempfile::tempdir().unwrap();
    success(&run(folder.path(), &["man", "--out", "new/man1"]));
    let pages = folder.path().join("new/man1");
    let help = success(&run(folder.path(), &["--help"]));
    let (_, commands) = help.split_once("Commands:\n").unwrap();
    let commands: Vec<&str> = commands
        .lines()
        .take_while(|line| !line.is_empty())
        .map(|line| line.split_whitespace().next().unwrap())
        .collect();
    let own = commands.iter().filter(|command| **command != "help");
    for command in own.clone() {
        assert_eq!(
            bytes(&pages, &format!("digits-{command}.1")),
            success(&run(folder.path(), &["man", command])).as_bytes()
        );
    }
    assert_eq!(fs::read_dir(&pages).unwrap().count(), own.count() + 1);
    let page = success(&run(folder.path(), &["man"]));
    assert!(page.contains(concat!("\"digits ", env!("CARGO_PKG_VERSION"), "\"")), "{page}");
    assert!(success(&run(folder.path(), &["man", "train"])).contains("\\fB\\-\\-learning\\-rate\\fR"));
}

#[test]
fn man_says_what_it_has_no_page_of_and_where_it_cannot_write() {
    let folder = tempfile::tempdir().unwrap();
    let output = run(folder.path(), &["man", "trian"]);
    assert!(output.status.code() == Some(2) && stderr(&output).contains("there is no command trian; there are: "));
    fs::write(folder.path().join("file"), "").unwrap();
    assert!(failure(&run(folder.path(), &["man", "--out", "file"])).starts_with("error: file cannot be made: "));
}

#[test]
fn the_self_test_passes_and_says_so_in_json() {
    let output = run(std::env::temp_dir().as_path(), &["selftest", "--json"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["failed"], 0);
    let rows = report["rows"].as_array().unwrap();
    assert_eq!(report["passed"].as_u64(), Some(rows.len() as u64));
    for operation in ["PyTorch's steps", "a training", "planted NaN", "update/adam", "conv/backward_input"] {
        let row = rows.iter().find(|row| row["operation"] == operation);
        assert!(row.is_some_and(|row| row["passed"] == true && row["difference"].is_null()), "{operation}");
    }
}

//! What the manifests promise, and where their rules are left: the oldest Rust, one build of each crate, and unsafe code.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use walkdir::WalkDir;

/// Files with unsafe code, and how many places each has. The lint `unsafe_code` refuses any other.
const UNSAFE: [(&str, usize); 5] = [
    ("src/gpu/device.rs", 1),
    ("src/gpu/pipeline.rs", 1),
    ("src/main.rs", 1),
    ("tests/faulty/driver.rs", 1),
    ("tests/fuzz.rs", 1),
];

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// What cargo says of the manifests and `Cargo.lock`.
fn cargo(arguments: &[&str]) -> String {
    let mut cargo = Command::new(env!("CARGO"));
    let output = cargo.current_dir(repository()).args(arguments).arg("--locked").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// A version's major and minor number.
fn version(text: &str) -> (u32, u32) {
    let mut numbers = text.split('.').map(|number| number.parse().unwrap());
    (numbers.next().unwrap(), numbers.next().unwrap())
}

/// All that is compiled, by its path in the repository; not what is built, and not what npm brought.
fn rust_and_manifests() -> Vec<(String, String)> {
    let is_ours = |name: &str| !name.starts_with('.') && name != "target" && name != "node_modules";
    let walk = WalkDir::new(repository()).min_depth(1);
    let entries = walk.into_iter().filter_entry(|entry| is_ours(&entry.file_name().to_string_lossy()));
    let files = entries.map(Result::unwrap).filter(|entry| entry.file_type().is_file()).filter_map(|entry| {
        let path = entry.path().strip_prefix(repository()).unwrap().to_str().unwrap().replace('\\', "/");
        let is_read = path.ends_with(".rs") || path.ends_with("Cargo.toml");
        is_read.then(|| (path, fs::read_to_string(entry.path()).unwrap()))
    });
    files.collect()
}

#[test]
fn unsafe_code_is_where_it_was_agreed_on_and_every_package_refuses_the_rest() {
    let mut found = BTreeMap::new();
    // Not in one piece, or this file would be found.
    let [expected, allowed] = ["expect", "allow"].map(|word| format!("{word}(unsafe_code"));
    for (path, text) in rust_and_manifests() {
        assert!(!text.contains(&allowed), "{path} allows unsafe code; it is to expect it, and to say why");
        let count = text.matches(&expected).count();
        assert_eq!(text.matches(&format!("{expected}, reason = \"")).count(), count, "{path}");
        if count > 0 {
            found.insert(path, count);
        }
    }
    let known = UNSAFE.map(|(path, count)| (path.to_string(), count));
    assert_eq!(found, known.into(), "a new place needs a reason that holds, and a line here");
    for (path, text) in rust_and_manifests().iter().filter(|(path, _)| path.ends_with("Cargo.toml")) {
        // A package of its own, outside the workspace, has a lint of its own.
        let refuses =
            ["[lints]\nworkspace = true\n", "unsafe_code = \"deny\"\n"].iter().any(|lint| text.contains(lint));
        assert!(refuses, "{path} does not take the lints of the workspace");
    }
}

/// So no older Rust can build it; that this one can, .ci/run shows.
#[test]
fn the_oldest_rust_is_the_one_that_the_neediest_crate_asks_for() {
    let promised = ["Cargo.toml", "web/Cargo.toml", "xtask/Cargo.toml"].map(|path| {
        let text = fs::read_to_string(repository().join(path)).unwrap();
        let (_, rest) = text.split_once("rust-version = \"").unwrap_or_else(|| panic!("{path} promises none"));
        rest.split('"').next().unwrap().to_string()
    });
    assert!(promised.iter().all(|one| *one == promised[0]), "{promised:?}");

    let rustc = Command::new("rustc").arg("-vV").output().unwrap();
    let rustc = String::from_utf8(rustc.stdout).unwrap();
    let host = rustc.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
    let metadata = cargo(&["metadata", "--format-version", "1", "--filter-platform", host]);
    let metadata: Value = serde_json::from_str(&metadata).unwrap();
    let others = metadata["packages"].as_array().unwrap().iter().filter(|package| !package["source"].is_null());
    let needs = others.filter_map(|package| {
        Some((version(package["rust_version"].as_str()?), package["name"].as_str().unwrap().to_string()))
    });
    let neediest = needs.max().unwrap();
    assert_eq!(neediest.0, version(&promised[0]), "{}", neediest.1);
}

/// Each crate of the program is a line, with the features that it is built with, where `kinds` of dependencies are built.
fn crates(kinds: &str) -> BTreeSet<String> {
    let tree = ["tree", "--prefix", "none", "--no-dedupe", "--edges", kinds, "--format", "{p} with {f}"];
    cargo(&tree).lines().map(str::to_string).collect()
}

/// Else the program is built twice by who builds it and tests it: a minute and a half on two cores.
#[test]
fn tests_ask_no_crate_of_the_program_for_other_features() {
    let tested = crates("normal,build,dev");
    let others: Vec<String> = crates("normal,build").difference(&tested).cloned().collect();
    assert!(others.is_empty(), "ask for what the tests ask for, too, in the feature `languages`: {others:?}");
}

//! Puts the shaders where the program includes them from, without their comments, which are for readers and a tenth of what
//! a page would load; and tells the program what its version is made of beside its own number.

use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=shaders");
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it"));
    tell_version(&root);
    copy(&root.join("shaders"), &out.join("shaders"))
}

/// wgpu's version, and whether git is to be asked for a commit: not of sources that only lie within somebody's repository.
fn tell_version(root: &Path) {
    println!("cargo::rustc-check-cfg=cfg(checkout)");
    if root.join(".git").exists() {
        println!("cargo::rustc-cfg=checkout");
    }
    // A program that has digits for a library may keep the lock elsewhere, and asks for no version.
    let Ok(lock) = fs::read_to_string(root.join("Cargo.lock")) else { return };
    println!("cargo::rerun-if-changed=Cargo.lock");
    let wgpu =
        lock.split("[[package]]").find_map(|package| package.trim().strip_prefix("name = \"wgpu\"\nversion = \""));
    let version = wgpu.and_then(|rest| rest.split('"').next()).expect("Cargo.lock names wgpu");
    println!("cargo::rustc-env=WGPU_VERSION={version}");
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        if entry.file_type()?.is_dir() {
            copy(&path, &target)?;
        } else if path.extension().is_some_and(|ending| ending == "wgsl") {
            fs::write(target, without_comments(&fs::read_to_string(&path)?))?;
        }
    }
    Ok(())
}

/// The lines of code, and those that have lines written out.
fn without_comments(text: &str) -> String {
    let mut out = String::new();
    for line in text.lines() {
        let comment = line.trim_start();
        let is_kept = comment.starts_with("// repeat ") || comment == "// end";
        let code = if is_kept { line } else { line.split_once("//").map_or(line, |(code, _)| code).trim_end() };
        if !code.is_empty() {
            out.push_str(code);
            out.push('\n');
        }
    }
    out
}

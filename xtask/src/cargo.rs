//! Cargo, told to build the engine for browsers; and what it needs for that.

use std::env;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, anyhow, ensure};

const TARGET: &str = "wasm32-unknown-unknown";
const PACKAGE: &str = "digits-web";
const PROFILE: &str = "wasm";

/// The folder that cargo keeps for what it builds in the repository: `target`, unless the user has it elsewhere.
pub fn target_folder(repository: &Path) -> Result<PathBuf> {
    let output = cargo(repository)
        .args(["metadata", "--locked", "--no-deps", "--format-version", "1"])
        .stderr(Stdio::inherit())
        .output()
        .context("cargo cannot be started")?;
    ensure!(output.status.success(), "cargo metadata failed");
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).context("cargo metadata is no JSON")?;
    let folder = metadata["target_directory"].as_str().context("cargo metadata names no target folder")?;
    Ok(folder.into())
}

/// Builds the engine, and gives the path of what the compiler made of it.
pub fn build_engine(repository: &Path) -> Result<PathBuf> {
    add_target()?;
    let status = cargo(repository)
        .args(["build", "--locked", "--package", PACKAGE, "--profile", PROFILE, "--target", TARGET])
        .args(["--config", &remapped_sources()])
        .status()
        .context("cargo cannot be started")?;
    ensure!(status.success(), "the engine does not build; cargo says above why");
    let name = PACKAGE.replace('-', "_") + ".wasm";
    Ok(target_folder(repository)?.join(TARGET).join(PROFILE).join(name))
}

pub fn cargo(repository: &Path) -> Command {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(repository);
    cargo
}

/// A setting for cargo that keeps the place of this user's crates out of the engine's messages: it is nobody's business,
/// and two machines would not build the same bytes.
fn remapped_sources() -> String {
    let home = env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(env::home_dir()?.join(".cargo"))).unwrap_or_default();
    let flag = format!("--remap-path-prefix={}=crates", home.join("registry").join("src").display());
    format!("target.{TARGET}.rustflags=[{}]", serde_json::json!(flag))
}

/// Has rustup add the standard library for browsers, where it is missing.
fn add_target() -> Result<()> {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc).args(["--print", "target-libdir", "--target", TARGET]).output();
    let output = output.context("rustc cannot be started")?;
    if Path::new(String::from_utf8_lossy(&output.stdout).trim()).is_dir() {
        return Ok(());
    }
    match Command::new("rustup").args(["target", "add", TARGET]).status() {
        Ok(status) => {
            ensure!(status.success(), "rustup could not add {TARGET}, which the engine is built for");
            Ok(())
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Err(anyhow!(
            "the engine is built for Rust's target {TARGET}, which is missing; type `rustup target add {TARGET}`, with \
             rustup from https://rustup.rs"
        )),
        Err(error) => Err(error).context("rustup cannot be started"),
    }
}

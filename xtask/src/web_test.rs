//! `cargo xtask web-test`: builds the page and the program, and runs the tests in web/tests, which open the page in real
//! browsers and compare it with the program. What they need and is missing is told, never passed over.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{fs, thread};

use anyhow::{Context, Result, bail, ensure};

use crate::server::Server;
use crate::{cargo, files, page};

/// Runs all tests, or those of the files whose names have `part` in them.
pub fn run(part: &str) -> Result<()> {
    let repository = page::repository();
    let web = repository.join("web");
    let chromium = program("CHROMIUM", &["chromium", "chromium-browser"])?;
    let firefox = program("FIREFOX", &["firefox-esr", "firefox"])?;
    let node = program("NODE", &["node"])?;
    install_packages(&web)?;
    succeed(Command::new(&node).arg("node_modules/typescript/bin/tsc").args(["-p", "."]).current_dir(&web), "tsc")?;

    let folder = page::default_folder()?;
    page::build(&folder)?;
    succeed(cargo::cargo(&repository).args(["build", "--release", "--locked"]), "cargo build --release --locked")?;
    let target = cargo::target_folder(&repository)?;
    let server = Server::bind(&folder, 0)?;
    let address = format!("http://127.0.0.1:{}/", server.port());
    thread::spawn(move || server.run());

    let mut tests = Command::new(node);
    // One after the other, since they measure times.
    tests.args(["--test", "--test-concurrency=1", "--test-reporter=spec"]);
    tests.args(test_files(&web.join("tests"), part)?);
    tests.envs([("DIGITS_PAGE", address.into()), ("DIGITS_PICTURES", target.join("web-test"))]);
    tests.envs([("DIGITS", target.join("release").join(format!("digits{}", env::consts::EXE_SUFFIX)))]);
    tests.envs([("CHROMIUM", chromium), ("FIREFOX", firefox)]);
    succeed(&mut tests, "the page's tests")
}

/// The program that an environment variable names, or the first of these that there is.
fn program(variable: &str, names: &[&str]) -> Result<PathBuf> {
    if let Some(path) = env::var_os(variable) {
        return Ok(path.into());
    }
    let folders: Vec<PathBuf> = env::split_paths(&env::var_os("PATH").unwrap_or_default()).collect();
    let files = names.iter().map(|name| format!("{name}{}", env::consts::EXE_SUFFIX));
    let mut paths = files.flat_map(|file| folders.iter().map(move |folder| folder.join(&file)));
    paths.find(|path| path.is_file()).with_context(|| {
        format!(
            "there is no {}, which the page's tests need: `./scripts/setup.sh --with-web` installs it, or set {variable} \
             to where one is",
            names[0]
        )
    })
}

/// Has npm install what web/package-lock.json lists, where something else is installed.
fn install_packages(web: &Path) -> Result<()> {
    let (lock, installed) = (web.join("package-lock.json"), web.join("node_modules/.xtask-lock.json"));
    let lock = files::read(&lock)?;
    if fs::read(&installed).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    let npm = program("NPM", &[if cfg!(windows) { "npm.cmd" } else { "npm" }])?;
    succeed(Command::new(npm).args(["ci", "--no-fund", "--no-audit"]).current_dir(web), "npm ci")?;
    fs::write(&installed, lock).with_context(|| format!("{} cannot be written", installed.display()))
}

fn test_files(folder: &Path, part: &str) -> Result<Vec<PathBuf>> {
    let names = files::gather(folder)?.into_keys().filter(|name| name.ends_with(".test.js") && name.contains(part));
    let paths: Vec<PathBuf> = names.map(|name| folder.join(name)).collect();
    ensure!(!paths.is_empty(), "{} has no such tests", folder.display());
    Ok(paths)
}

/// Runs a command, which must succeed; what it says is seen.
fn succeed(command: &mut Command, what: &str) -> Result<()> {
    let status = command.status().with_context(|| format!("{what} cannot be started"))?;
    if !status.success() {
        bail!("{what} failed; it says above why");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_that_is_missing_is_named_with_what_installs_it() {
        let error = program("NO_SUCH_VARIABLE", &["no-such-browser", "nor-this"]).unwrap_err().to_string();
        assert!(error.starts_with("there is no no-such-browser, ") && error.contains("./scripts/setup.sh --with-web"));
    }
}

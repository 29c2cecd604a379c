//! `digits man`: pages for `man`, one of the program and one of each command, made of the options themselves.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use clap::{Args, Command};
use clap_mangen::Man;
use digits::files;

use super::{Misuse, say};

/// Prints the manual page of digits or of a command, or writes all of them into a folder
///
/// To read one: digits man train | man -l -
#[derive(Args)]
pub struct Options {
    /// Command whose page to print [default: the page of digits]
    #[arg(value_name = "COMMAND", conflicts_with = "out")]
    command: Option<String>,
    /// Folder to write all pages to, such as ~/.local/share/man/man1
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// Prints or writes pages of `program`.
pub fn run(options: &Options, program: Command) -> anyhow::Result<()> {
    // The commit is no part of a page, so the same version has the same pages.
    let mut program = program.version(env!("CARGO_PKG_VERSION")).disable_help_subcommand(true);
    program.build();
    match &options.out {
        Some(folder) => write(&program, folder),
        None => print(&program, options.command.as_deref()),
    }
}

fn print(program: &Command, name: Option<&str>) -> anyhow::Result<()> {
    let command = match name {
        None => program,
        Some(name) => program.find_subcommand(name).ok_or_else(|| {
            let names: Vec<&str> = program.get_subcommands().map(Command::get_name).collect();
            Misuse(format!("there is no command {name}; there are: {}", names.join(", ")))
        })?,
    };
    let mut text = Vec::new();
    Man::new(command.clone()).render(&mut text)?;
    Ok(say(String::from_utf8(text)?.trim_end_matches('\n'))?)
}

fn write(program: &Command, folder: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    for command in std::iter::once(program).chain(program.get_subcommands()) {
        let (page, mut text) = (Man::new(command.clone()), Vec::new());
        page.render(&mut text)?;
        let path = folder.join(page.get_filename());
        files::replace(&path, &text).map_err(|error| anyhow!("{} {error}", path.display()))?;
    }
    let pages = 1 + program.get_subcommands().count();
    Ok(say(&format!("saved {pages} pages in {}", folder.display()))?)
}

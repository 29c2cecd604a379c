//! `digits predict --out`: the pictures that a table does not have yet, many at a time.

use std::path::Path;

use anyhow::{Error, anyhow};
use digits::predict::{Found, Reader};
use indicatif::{HumanCount, ProgressBar, ProgressStyle};

use super::super::interrupt::{Interrupt, Interrupted};
use super::super::{note, say};
use super::entries::{FileReport, Telling, entries};
use super::sources::{Source, each_once};
use super::table::Table;

/// Adds to the table what the files show of which it does not tell yet.
pub fn run(sources: Vec<Source>, table: &mut Table, reader: &mut Reader, telling: Telling) -> anyhow::Result<()> {
    let mut sources = each_once(sources);
    table.go_on(|name| sources.iter().any(|source| source.name() == name))?;
    let (all, mut done, mut failed) = (sources.len(), 0, 0);
    sources.retain(|source| {
        let earlier = table.earlier(&source.name());
        done += usize::from(earlier.is_some());
        failed += usize::from(earlier == Some(false));
        earlier.is_none()
    });
    let interrupt = Interrupt::install()?;
    let bar = ProgressBar::new(all as u64).with_style(style()).with_position(done as u64);
    let find = |at: usize| -> anyhow::Result<_> {
        let source = &sources[at];
        source.digits(&source.pictures()?)
    };
    let read = reader.read_many(sources.len(), find, |at, found| -> anyhow::Result<()> {
        let name = sources[at].name();
        match found {
            Ok(Found { digits, blank }) => {
                table.add(&FileReport { digits: entries(&digits, &blank, telling), file: name })?
            }
            Err(error) => {
                failed += 1;
                let error = format!("{error:#}");
                bar.suspend(|| note(&format!("error: {error}")));
                table.add_failure(&name, &error)?;
            }
        }
        done += 1;
        bar.inc(1);
        if interrupt.is_pressed() && done < all { Err(stopped(table.path(), [done, all])) } else { Ok(()) }
    });
    bar.finish_and_clear();
    read?;
    say(&format!("saved {} of {} files", table.path().display(), HumanCount(all as u64)))?;
    match failed {
        0 => Ok(()),
        _ => Err(anyhow!("{failed} of {all} files could not be read")),
    }
}

fn stopped(out: &Path, [done, all]: [usize; 2]) -> Error {
    let (out, [done, all]) = (out.display(), [done, all].map(|files| HumanCount(files as u64)));
    Interrupted(format!("stopped; {out} tells of {done} of {all} files, and the same command with --resume goes on"))
        .into()
}

fn style() -> ProgressStyle {
    ProgressStyle::with_template("{wide_bar} {human_pos}/{human_len} files  {per_sec}  {eta} left")
        .expect("the template is sound")
}

//! `digits report`: the logs of trainings side by side, as a page.

use std::path::PathBuf;

use clap::Args;
use digits::html::{check_page, runs_page, write_page};
use digits::report::TrainingLog;

use super::pages::{command_line, refused};
use super::say;

/// Lays trainings side by side in an HTML page: their curves in one plot, and how they differ
#[derive(Args)]
pub struct Options {
    /// Logs that `digits train --log` wrote
    #[arg(required = true, value_name = "LOG.jsonl")]
    logs: Vec<PathBuf>,
    /// Page to write
    #[arg(long, value_name = "FILE.html")]
    out: PathBuf,
}

/// Writes the page and says where.
pub fn run(options: &Options) -> anyhow::Result<()> {
    check_page(&options.out).map_err(refused)?;
    let logs = options.logs.iter().map(|path| TrainingLog::load(path)).collect::<Result<Vec<_>, _>>()?;
    write_page(&options.out, &runs_page(&logs, &command_line()))?;
    Ok(say(&format!("report {}", options.out.display()))?)
}

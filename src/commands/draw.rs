//! `digits draw`: the window.

use std::path::PathBuf;

use anyhow::bail;
use clap::Args;
use digits::{session, window};

use super::{GpuOptions, model};

/// Opens a window to draw digits in, and shows what the network thinks of them
#[derive(Args)]
pub struct Options {
    /// Model file that `digits train` wrote, in place of the one that ships with digits
    #[arg(long, value_name = "MODEL")]
    model: Option<PathBuf>,
}

/// Runs until the window is closed.
pub fn run(options: &Options, gpu: &GpuOptions) -> anyhow::Result<()> {
    let (file, origin) = model(options.model.as_deref())?;
    if let Some(problem) = session::unfit(&file) {
        bail!("{origin} does not fit: {problem}");
    }
    Ok(window::run(gpu.request(), file, origin)?)
}

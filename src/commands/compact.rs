//! `digits compact`: a model file with its weights in eight bits.

use std::path::PathBuf;

use clap::Args;
use indicatif::BinaryBytes;

use super::{model, say};

/// Writes a model with its weights in eight bits, in a quarter of the space, as the web page loads it
#[derive(Args)]
pub struct Options {
    /// Model file that `digits train` wrote [default: the one that ships with digits]
    #[arg(value_name = "MODEL")]
    model: Option<PathBuf>,
    /// Model file to write
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

/// Writes the file and says how large it is.
pub fn run(options: &Options) -> anyhow::Result<()> {
    let (file, name) = model(options.model.as_deref())?;
    file.save_compact(&options.out)?;
    let bytes = options.out.metadata()?.len();
    Ok(say(&format!("saved {}, {} of {name}", options.out.display(), BinaryBytes(bytes)))?)
}

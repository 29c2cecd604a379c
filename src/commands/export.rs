//! `digits export`: a model for other programs.

use std::path::{Path, PathBuf};

use anyhow::anyhow;
use clap::Args;
use digits::{export, files};
use indicatif::BinaryBytes;

use super::train::place;
use super::{Misuse, model, say};

/// Writes a model for other programs: as ONNX, or as weights for PyTorch
#[derive(Args)]
pub struct Options {
    /// Model file that `digits train` wrote [default: the one that ships with digits]
    #[arg(value_name = "MODEL")]
    model: Option<PathBuf>,
    /// ONNX file to write: from `pixels`, 0 to 1, to calibrated `probabilities`
    #[arg(long, value_name = "FILE")]
    onnx: Option<PathBuf>,
    /// Weights to write, with the names and layouts of a PyTorch nn.Sequential, which is printed
    #[arg(long, value_name = "FILE")]
    safetensors: Option<PathBuf>,
}

/// Writes the files, if all of them can be written, and says what they are.
pub fn run(options: &Options) -> anyhow::Result<()> {
    let outs: Vec<&Path> = [&options.onnx, &options.safetensors].into_iter().flatten().map(PathBuf::as_path).collect();
    refuse_misuse(options.model.as_deref(), &outs)?;
    let (file, name) = model(options.model.as_deref())?;
    for path in &outs {
        files::check(path).map_err(|error| anyhow!("{} {error}", path.display()))?;
    }
    if let Some(path) = &options.onnx {
        write(path, &export::onnx(&file), &format!("of {name}, ONNX with opset {}", export::OPSET))?;
    }
    if let Some(path) = &options.safetensors {
        let sequential = export::sequential(&file.network);
        write(path, &export::pytorch(&file), &format!("of {name}, weights for\n{sequential}"))?;
    }
    Ok(())
}

fn refuse_misuse(model: Option<&Path>, outs: &[&Path]) -> Result<(), Misuse> {
    let sentence = match outs {
        [] => "nothing to write: give --onnx FILE, --safetensors FILE, or both".into(),
        [onnx, safetensors] if is_same(onnx, safetensors) => {
            format!("--onnx and --safetensors both name {}: choose another file for one of them", onnx.display())
        }
        _ => match model.filter(|model| outs.iter().any(|out| is_same(model, out))) {
            Some(model) => format!("{} is the model itself: choose another file to write", model.display()),
            None => return Ok(()),
        },
    };
    Err(Misuse(sentence))
}

fn is_same(one: &Path, other: &Path) -> bool {
    place(one).is_some_and(|one| Some(one) == place(other))
}

fn write(path: &Path, bytes: &[u8], what: &str) -> anyhow::Result<()> {
    files::replace(path, bytes).map_err(|error| anyhow!("{} {error}", path.display()))?;
    Ok(say(&format!("saved {}, {} {what}", path.display(), BinaryBytes(bytes.len() as u64)))?)
}

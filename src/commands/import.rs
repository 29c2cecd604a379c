//! `digits import`: a model of another program.

use std::path::PathBuf;

use clap::Args;
use digits::import::{self, ImportProblem, Imported};
use digits::network::{ModelFile, Network};
use digits::report;
use indicatif::BinaryBytes;

use super::train::place;
use super::{Misuse, parse_network, say};

/// Makes a model file of what PyTorch, Keras or another program trained
#[derive(Args)]
pub struct Options {
    /// Weights of PyTorch or Keras as safetensors, or an ONNX file
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Model file to write
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Network whose weights these are, as `digits train` takes it; an ONNX file says it itself
    #[arg(long, value_name = "TEXT", value_parser = parse_network)]
    network: Option<Network>,
    /// What was taken of the pixels, 0 to 1, and what they were then divided by: 0.1307,0.3081 in PyTorch's example
    #[arg(long, value_name = "MEAN,STD", value_parser = parse_pair, allow_hyphen_values = true)]
    normalised: Option<[f32; 2]>,
}

fn parse_pair(text: &str) -> Result<[f32; 2], String> {
    let pair = text
        .split_once(',')
        .and_then(|(mean, deviation)| Some([mean.trim().parse::<f32>().ok()?, deviation.trim().parse::<f32>().ok()?]));
    pair.ok_or_else(|| "give two numbers with a comma between them: 0.1307,0.3081".into())
}

/// Writes the model and says what it is.
pub fn run(options: &Options) -> anyhow::Result<()> {
    if place(&options.file).is_some_and(|file| Some(file) == place(&options.out)) {
        return Err(Misuse(format!("--out is {} itself: choose another file to write", options.file.display())).into());
    }
    let Imported { model, sources } =
        import::import(&options.file, options.network.as_ref()).map_err(|error| match error.problem {
            ImportProblem::NeedsNetwork => anyhow::Error::new(Misuse(error.to_string())),
            _ => error.into(),
        })?;
    let matrices = model.network.matrices();
    let found: Vec<String> =
        matrices.iter().zip(&sources).map(|(matrix, source)| format!("{} from {source}", matrix.name)).collect();
    let model = normalised(model, options.normalised)?;
    model.save(&options.out)?;
    let (out, bytes) = (options.out.display(), options.out.metadata()?.len());
    say(&report::network_table(&model.network))?;
    say(&format!("{}\n", found.join(", ")))?;
    say(&format!("saved {out}, {} out of {}, {}", BinaryBytes(bytes), options.file.display(), calibration(&model)))?;
    Ok(say(&format!("`digits eval {out}` measures it"))?)
}

fn normalised(model: ModelFile, by: Option<[f32; 2]>) -> Result<ModelFile, Misuse> {
    let Some([mean, deviation]) = by else { return Ok(model) };
    let normalised = import::normalised(&model, mean, deviation);
    normalised.ok_or_else(|| Misuse(format!("--normalised {mean},{deviation}: the second number must be above 0.004")))
}

fn calibration(model: &ModelFile) -> String {
    match model.calibration.temperature {
        1.0 => "not calibrated: its percentages are as its softmax gives them".into(),
        temperature => format!("calibrated, with the temperature {temperature}"),
    }
}

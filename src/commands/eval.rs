//! `digits eval`: how well a model recognises a set of images.

use std::path::PathBuf;

use anyhow::bail;
use clap::{Args, ValueEnum};
use digits::evaluate::Evaluator;
use digits::layers::batch::Images;
use digits::mnist::Split;
use digits::model::Model;
use digits::network::ModelFile;
use digits::report::{ClassFigures, Confusion};
use digits::train::EVALUATION_BATCH;
use indicatif::HumanCount;
use serde::Serialize;

use super::tiles::TileOptions;
use super::{DataOptions, GpuOptions, class_mismatch, say};

/// Tests a model: accuracy, loss, and which digits it takes for which
#[derive(Args)]
pub struct Options {
    /// Model file that `digits train` wrote
    #[arg(value_name = "MODEL")]
    model: PathBuf,
    #[command(flatten)]
    data: DataOptions,
    #[command(flatten)]
    tiles: TileOptions,
    /// Part of the set to test on
    #[arg(long, value_name = "PART", default_value = "test")]
    set: Part,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Part {
    Test,
    Validation,
    Training,
}

/// What `--json` prints.
#[derive(Serialize)]
struct Report {
    model: String,
    network: String,
    data: String,
    set: &'static str,
    images: usize,
    accuracy: f64,
    loss: f64,
    confusion: Confusion,
    classes: Vec<ClassFigures>,
}

/// Evaluates the model and prints what came of it.
pub fn run(options: &Options, gpu: &GpuOptions) -> anyhow::Result<()> {
    let file = ModelFile::load(&options.model)?;
    if let Some(problem) = class_mismatch(&file.network) {
        bail!("{} does not fit: {problem}", options.model.display());
    }
    let Split { training, validation, test } = options.data.load()?;
    let gpu = options.tiles.remembered(&gpu.open()?);
    let (name, data) = match options.set {
        Part::Test => ("test", test),
        Part::Validation => ("validation", validation),
        Part::Training => ("training", training),
    };
    let model = Model::new(&gpu, &file.network, &file.parameters)?;
    let images = Images::new(&gpu, &data.images, &data.labels)?;
    let evaluation = Evaluator::new(&model, &images, EVALUATION_BATCH)?.run()?;
    let confusion = Confusion::new(file.network.classes(), &data.labels, &evaluation.predictions);
    let (accuracy, loss) = (evaluation.accuracy(&data.labels), evaluation.loss());
    if options.json {
        let report = Report {
            model: options.model.display().to_string(),
            network: file.network.to_string(),
            data: options.data.name(),
            set: name,
            images: data.count(),
            accuracy,
            loss,
            classes: confusion.classes(),
            confusion,
        };
        return Ok(say(&serde_json::to_string(&report)?)?);
    }
    let count = |images: usize| HumanCount(images as u64);
    say(&format!("model     {}: {}", options.model.display(), file.network))?;
    say(&format!("data      {}, {} {name} images", options.data.name(), count(data.count())))?;
    say(&format!("accuracy  {:.2} % ({} right)", 100.0 * accuracy, count(confusion.right())))?;
    say(&format!("loss      {loss:.4}"))?;
    say(&format!("\n{}\n\n{}", confusion.matrix_table(), confusion.class_table()))?;
    Ok(())
}

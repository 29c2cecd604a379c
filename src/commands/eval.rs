//! `digits eval`: how well a model recognises a set of images, or of drawings.

mod corrupted;

use std::path::PathBuf;

use anyhow::bail;
use clap::{Args, ValueEnum};
use corrupted::Corrupted;
use digits::evaluate::{self, Evaluator};
use digits::layers::batch::Images;
use digits::mnist::{DataSet, Split, read_pen_file};
use digits::model::Model;
use digits::report::{ClassFigures, Confusion};
use indicatif::HumanCount;
use pollster::FutureExt as _;
use serde::Serialize;

use super::tiles::TileOptions;
use super::{DataOptions, GpuOptions, class_mismatch, model, say};

/// Tests a model: accuracy, loss, and which digits it takes for which
#[derive(Args)]
pub struct Options {
    /// Model file that `digits train` wrote [default: the model that ships with digits]
    #[arg(value_name = "MODEL")]
    model: Option<PathBuf>,
    #[command(flatten)]
    data: DataOptions,
    #[command(flatten)]
    tiles: TileOptions,
    /// Part of the set to test on
    #[arg(long, value_name = "PART", default_value = "test")]
    set: Part,
    /// Pen file to test on instead: labelled drawings, raw or gzip, each made into an image as MNIST's were
    #[arg(long, value_name = "FILE", conflicts_with_all = ["data", "set"])]
    pen: Option<PathBuf>,
    /// Test on the same images after each of fifteen corruptions, too: blur, noise, fog, lines, rotation, ...
    #[arg(long)]
    corrupt: bool,
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
    #[serde(skip_serializing_if = "Option::is_none")]
    corrupted: Option<Corrupted>,
}

impl Options {
    /// Where the images come from, which they are, and the images.
    fn images(&self) -> anyhow::Result<(String, &'static str, DataSet)> {
        if let Some(file) = &self.pen {
            return Ok((file.display().to_string(), "drawn", DataSet::from_drawings(&read_pen_file(file)?)));
        }
        let Split { training, validation, test } = self.data.load()?;
        let (set, data) = match self.set {
            Part::Test => ("test", test),
            Part::Validation => ("validation", validation),
            Part::Training => ("training", training),
        };
        Ok((self.data.name(), set, data))
    }
}

/// Evaluates the model and prints what came of it.
pub fn run(options: &Options, gpu: &GpuOptions) -> anyhow::Result<()> {
    let (file, name) = model(options.model.as_deref())?;
    if let Some(problem) = class_mismatch(&file.network) {
        bail!("{name} does not fit: {problem}");
    }
    let (source, set, data) = options.images()?;
    let gpu = options.tiles.remembered(&gpu.open()?);
    let model = Model::new(&gpu, &file.network, &file.parameters)?;
    let images = Images::new(&gpu, &data.images, &data.labels)?;
    let evaluation = Evaluator::new(&model, &images, evaluate::batch(&gpu))?.run().block_on()?;
    let confusion = Confusion::new(file.network.classes(), &data.labels, &evaluation.predictions);
    let (accuracy, loss) = (evaluation.accuracy(&data.labels), evaluation.loss());
    if options.json {
        let report = Report {
            model: name,
            network: file.network.to_string(),
            data: source,
            set,
            images: data.count(),
            accuracy,
            loss,
            classes: confusion.classes(),
            confusion,
            corrupted: options.corrupt.then(|| corrupted::measure(&model, &data, |_| Ok(()))).transpose()?,
        };
        return Ok(say(&serde_json::to_string(&report)?)?);
    }
    let count = |images: usize| HumanCount(images as u64);
    say(&format!("model     {name}: {}", file.network))?;
    say(&format!("data      {source}, {} {set} images", count(data.count())))?;
    say(&format!("accuracy  {:.2} % ({} right)", 100.0 * accuracy, count(confusion.right())))?;
    say(&format!("loss      {loss:.4}"))?;
    say(&format!("\n{}\n\n{}", confusion.matrix_table(), confusion.class_table()))?;
    if options.corrupt {
        corrupted::print(&model, &data, accuracy)?;
    }
    Ok(())
}

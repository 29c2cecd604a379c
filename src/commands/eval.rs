//! `digits eval`: how well a model recognises a set of images, or of drawings.

use std::path::PathBuf;

use anyhow::bail;
use clap::{Args, ValueEnum};
use digits::drawings;
use digits::evaluate::{self, Evaluator};
use digits::layers::batch::Images;
use digits::mnist::{DataSet, Split, read_pen_file};
use digits::model::Model;
use digits::network::ModelFile;
use digits::report::{ClassFigures, Confusion};
use indicatif::HumanCount;
use pollster::FutureExt as _;
use serde::Serialize;

use super::sets::{self, Sets};
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
    /// Pen file to test on instead: labelled drawings, raw or gzip, each made into an image as MNIST's were
    #[arg(long, value_name = "FILE", conflicts_with_all = ["data", "set"])]
    pen: Option<PathBuf>,
    /// Drawings to test on instead, which are built in: digits by writers who are held back, digits of each kind that MNIST
    /// hardly has, or what is no digit
    #[arg(long, value_name = "NAME", conflicts_with_all = ["data", "set", "pen"])]
    drawings: Option<DrawingsName>,
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

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum DrawingsName {
    Writers,
    Kinds,
    NoDigits,
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

impl Options {
    /// The drawings that the options ask for, where each kind is counted by itself.
    fn sets(&self) -> Option<Sets> {
        match self.drawings? {
            DrawingsName::Writers => None,
            DrawingsName::Kinds => Some(Sets::kinds()),
            DrawingsName::NoDigits => Some(Sets::no_digits()),
        }
    }

    /// Where the images come from, which they are, and the images.
    fn images(&self) -> anyhow::Result<(String, &'static str, DataSet)> {
        if let Some(file) = &self.pen {
            return Ok((file.display().to_string(), "drawn", DataSet::from_drawings(&read_pen_file(file)?)));
        }
        if self.drawings == Some(DrawingsName::Writers) {
            return Ok(("held-back writers".into(), "drawn", drawings::test()));
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
    let file = ModelFile::load(&options.model)?;
    if let Some(problem) = class_mismatch(&file.network) {
        bail!("{} does not fit: {problem}", options.model.display());
    }
    let gpu = options.tiles.remembered(&gpu.open()?);
    let model = Model::new(&gpu, &file.network, &file.parameters)?;
    if let Some(sets) = options.sets() {
        return sets::run(&sets, &model, options.json);
    }
    let (source, set, data) = options.images()?;
    let images = Images::new(&gpu, &data.images, &data.labels)?;
    let evaluation = Evaluator::new(&model, &images, evaluate::batch(&gpu))?.run().block_on()?;
    let confusion = Confusion::new(file.network.classes(), &data.labels, &evaluation.predictions);
    let (accuracy, loss) = (evaluation.accuracy(&data.labels), evaluation.loss());
    if options.json {
        let report = Report {
            model: options.model.display().to_string(),
            network: file.network.to_string(),
            data: source,
            set,
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
    say(&format!("data      {source}, {} {set} images", count(data.count())))?;
    say(&format!("accuracy  {:.2} % ({} right)", 100.0 * accuracy, count(confusion.right())))?;
    say(&format!("loss      {loss:.4}"))?;
    say(&format!("\n{}\n\n{}", confusion.matrix_table(), confusion.class_table()))?;
    Ok(())
}

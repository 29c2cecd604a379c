//! `digits eval`: how well a model recognises a set of images, or of drawings, and how far its percentages can be trusted.

mod corrupted;

use std::path::PathBuf;

use anyhow::{bail, ensure};
use clap::{Args, ValueEnum};
use corrupted::Corrupted;
use digits::calibrate::{BINS, Certainty, Sample};
use digits::datasets::Need;
use digits::drawings;
use digits::evaluate::{self, Evaluator};
use digits::html::Origin;
use digits::inspect::Judged;
use digits::layers::batch::Images;
use digits::mnist::{CLASSES, DataSet, SIDE, Split};
use digits::model::Model;
use digits::network::{Calibration, ModelFile, Shape};
use digits::pen::read_pen_file;
use digits::report::{ClassFigures, Confusion, reliability_table};
use indicatif::HumanCount;
use pollster::FutureExt as _;
use serde::Serialize;

use super::pages::{self, ReportOptions};
use super::sets::{self, Sets};
use super::tiles::TileOptions;
use super::{DataOptions, GpuOptions, Misuse, class_mismatch, model, no_digits, note, say};

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
    #[arg(long, value_name = "FILE", conflicts_with_all = ["data", "set", "validation"])]
    pen: Option<PathBuf>,
    /// Tell, too, how often it is right where it is how sure
    #[arg(long)]
    reliability: bool,
    /// Test on the same images after each of fifteen corruptions, too: blur, noise, fog, lines, rotation, ...
    #[arg(long)]
    corrupt: bool,
    /// Drawings to test on instead, which are built in: digits by the writers of a part, digits by those who do not train of
    /// each kind that MNIST hardly has, or what is no digit
    #[arg(long, value_name = "NAME", conflicts_with_all = ["data", "pen", "validation"])]
    drawings: Option<DrawingsName>,
    #[command(flatten)]
    report: ReportOptions,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
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

/// For more classes a matrix is too wide to read, and so many of the most frequent mistakes are told instead.
const WIDEST_MATRIX: usize = 16;
const MOST_MISTAKES: usize = 20;

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
    /// Where they are not the ten digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    class_names: Option<Vec<String>>,
    #[serde(flatten)]
    certainty: Certainty,
    #[serde(skip_serializing_if = "Option::is_none")]
    corrupted: Option<Corrupted>,
}

impl Part {
    fn name(self) -> &'static str {
        match self {
            Part::Test => "test",
            Part::Validation => "validation",
            Part::Training => "training",
        }
    }

    fn of_drawings(self) -> drawings::Part {
        match self {
            Part::Test => drawings::Part::Test,
            Part::Validation => drawings::Part::Validation,
            Part::Training => drawings::Part::Training,
        }
    }
}

impl Options {
    /// Whether the options fit each other.
    fn check(&self) -> Result<(), Misuse> {
        let ignored = match self.drawings {
            Some(DrawingsName::Kinds) if self.set != Part::Test => {
                return Err(Misuse("--drawings kinds has no parts, so --set does not go with it".into()));
            }
            None | Some(DrawingsName::Writers) => None,
            _ if self.corrupt => Some("--corrupt"),
            _ if self.report.is_asked_for() => Some("--report"),
            _ => self.reliability.then_some("--reliability"),
        };
        ignored.map_or(Ok(()), |option| {
            Err(Misuse(format!("{option} goes with a set of digits, not with --drawings kinds or no-digits")))
        })
    }

    /// The drawings that the options ask for, where each kind is counted by itself.
    fn sets(&self) -> Option<Sets> {
        match self.drawings? {
            DrawingsName::Writers => None,
            DrawingsName::Kinds => Some(Sets::kinds()),
            DrawingsName::NoDigits => Some(Sets::no_digits(self.set.of_drawings())),
        }
    }

    /// Why what was asked for cannot be done with a model, if so.
    fn problem(&self, file: &ModelFile) -> Option<String> {
        let input = file.network.input();
        let other_size = |what: &str| {
            (input != Shape::MNIST).then(|| format!("it takes images of {input}, and {what} of {SIDE}x{SIDE} pixels"))
        };
        if self.data.is_mnist() {
            let other_classes = class_mismatch(&file.network, CLASSES).or_else(|| no_digits(file));
            return other_classes.or_else(|| other_size("these are"));
        }
        self.corrupt.then(|| other_size("--corrupt is for those")).flatten()
    }

    /// Where the images come from, which they are, and the images.
    fn images(&self, file: &ModelFile) -> anyhow::Result<(String, &'static str, DataSet)> {
        if let Some(file) = &self.pen {
            return Ok((file.display().to_string(), "drawn", drawings::images_of(&read_pen_file(file)?)));
        }
        if self.drawings == Some(DrawingsName::Writers) {
            return Ok((format!("{} writers", self.set.name()), "drawn", drawings::digits(self.set.of_drawings())));
        }
        let Shape { height, width, .. } = file.network.input();
        let need = if self.set == Part::Test { Need::Test } else { Need::Everything };
        let given = self.data.read([height, width], need, |_| Ok(file.classes.clone()))?;
        if let Some(said) = given.as_ref().and_then(|data| data.said_of_cuts()) {
            note(&format!("note: of {}, {said}", self.data.name()));
        }
        let Split { training, validation, test } = given.map_or_else(Split::embedded, |data| Ok(data.split))?;
        let data = match self.set {
            Part::Test => test,
            Part::Validation => validation,
            Part::Training => training,
        };
        let (name, set) = (self.data.name(), self.set.name());
        ensure!(data.count() > 0, "{name} has no {set} images: choose others with --set");
        Ok((name, set, data))
    }
}

/// Evaluates the model, prints what came of it, and writes the report that was asked for.
pub fn run(options: &Options, gpu: &GpuOptions) -> anyhow::Result<()> {
    options.check()?;
    let folder = options.report.folder(&[])?;
    let (file, name) = model(options.model.as_deref())?;
    if let Some(problem) = options.problem(&file) {
        bail!("{name} does not fit: {problem}");
    }
    let gpu = options.tiles.remembered(&gpu.open()?);
    let model = Model::new(&gpu, &file.network, &file.parameters)?;
    if let Some(sets) = options.sets() {
        return sets::run(&sets, &model, &file.calibration, options.json);
    }
    let (source, set, data) = options.images(&file)?;
    let images = Images::new(&gpu, &data.images, &data.labels)?;
    let evaluation = Evaluator::new(&model, &images, evaluate::batch(&gpu))?.run().block_on()?;
    let sample = Sample::of(&model, &data).block_on()?;
    let certainty = Certainty::of(&sample, file.calibration);
    let classes = &file.classes;
    let (images, evaluation, sample) = (&data, &evaluation, &sample);
    let judged = Judged { data: &source, set, classes, images, evaluation, sample, certainty: &certainty };
    options.tell(&name, &file, &model, &judged)?;
    let Some(folder) = folder else { return Ok(()) };
    let page = pages::write(&folder, (&name, &model), &file.parameters, judged, Origin::File(&file.summary));
    let page = page.block_on()?;
    if options.json {
        note(&page);
    } else {
        say(&page)?;
    }
    Ok(())
}

impl Options {
    fn tell(&self, name: &str, file: &ModelFile, model: &Model, judged: &Judged) -> anyhow::Result<()> {
        let Judged { data: source, set, images: data, evaluation, certainty, .. } = judged;
        let confusion = Confusion::new(file.network.classes(), &data.labels, &evaluation.predictions);
        let (accuracy, loss) = (evaluation.accuracy(&data.labels), evaluation.loss());
        if self.json {
            let report = Report {
                model: name.into(),
                network: file.network.to_string(),
                data: source.to_string(),
                set,
                images: data.count(),
                accuracy,
                loss,
                classes: confusion.classes(),
                class_names: (!file.classes.are_digits()).then(|| file.classes.names().to_vec()),
                confusion,
                certainty: Certainty::clone(certainty),
                corrupted: self.corrupt.then(|| corrupted::measure(model, data, |_| Ok(()))).transpose()?,
            };
            return Ok(say(&serde_json::to_string(&report)?)?);
        }
        let count = |images: usize| HumanCount(images as u64);
        say(&format!("model        {name}: {}", file.network))?;
        say(&format!("data         {source}, {} {set} images", count(data.count())))?;
        say(&format!("accuracy     {:.2} % ({} right)", 100.0 * accuracy, count(confusion.right())))?;
        say(&format!("loss         {loss:.4}"))?;
        tell(certainty, data.count(), file.classes.none())?;
        let (names, what) = (file.classes.names(), if file.classes.are_digits() { "digit" } else { "class" });
        let matrix = match names.len() {
            ..=WIDEST_MATRIX => confusion.matrix_table(names),
            _ => confusion.mistakes_table(names, MOST_MISTAKES),
        };
        say(&format!("\n{matrix}\n\n{}", confusion.class_table(what, names)))?;
        if self.reliability {
            say(&format!("\n{}", reliability_table(&certainty.reliability)))?;
        }
        if self.corrupt {
            corrupted::print(model, data, accuracy)?;
        }
        Ok(())
    }
}

/// What the percentages are worth, line by line; `none` is what is said of what shows none of the classes.
fn tell(certainty: &Certainty, images: usize, none: &str) -> anyhow::Result<()> {
    let Calibration { temperature, threshold } = certainty.calibration;
    let error = 100.0 * certainty.calibration_error;
    say(&format!("calibration  expected error {error:.2} % ({BINS} bins), temperature {temperature:.3}"))?;
    if let Some(threshold) = threshold {
        let share = 100.0 * certainty.refused as f64 / images as f64;
        let [refused, images] = [certainty.refused, images].map(|images| HumanCount(images as u64));
        say(&format!("{none:<11}  {refused} of {images} refused ({share:.2} %), threshold {threshold:.3}"))?;
    }
    Ok(())
}

//! `digits bench`: how fast this adapter trains and recognises, and how far from its limits that is.

use std::path::PathBuf;

use anyhow::{Context as _, ensure};
use clap::{Args, ValueEnum};
use digits::gpu::{Gpu, Operands, Settings};
use digits::layers::batch::Images;
use digits::measure::{Inference, Kernels, Reading, Scale, Start, Steps, Sweep};
use digits::mnist::{SIDE, Split};
use digits::report::{BenchReport, Comparison};
use indicatif::ProgressBar;

use super::tiles::TileOptions;
use super::{CoreOptions, GpuOptions, say};

/// Measures this adapter: kernels, a training step, recognition, and how the cost grows with the work
#[derive(Args)]
pub struct Options {
    /// What to measure
    #[arg(default_value = "all")]
    part: Part,
    #[command(flatten)]
    core: CoreOptions,
    /// Where kernels read their operands, in place of the adapter's own
    #[arg(long, value_name = "PLACE")]
    operands: Option<OperandsName>,
    #[command(flatten)]
    tiles: TileOptions,
    /// Print JSON
    #[arg(long, conflicts_with = "compare")]
    json: bool,
    /// Print each figure beside the one in a file that --json wrote
    #[arg(long, value_name = "OLD.json")]
    compare: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Every operation, forward and backward, beside the most that the adapter does
    Kernels,
    /// A training step, and where it goes
    Step,
    /// Recognition of one image, of a batch and of a stream, and reading of many pictures
    Infer,
    /// Training steps of larger batches and wider networks
    Scale,
    /// A training up to its first step, and where that goes
    Start,
    /// All of these
    All,
    /// What tile shapes are worth, at many sizes; takes minutes
    Sweep,
}

impl Part {
    fn has(self, part: Part) -> bool {
        self == part || (self == Part::All && part != Part::Sweep)
    }
}

#[derive(Clone, Copy, ValueEnum)]
enum OperandsName {
    Buffers,
    Textures,
}

/// Measures a part, puts its figures into the report and gives their table.
type Measure = fn(&Gpu, &mut BenchReport) -> anyhow::Result<String>;

const PARTS: [(Part, &str, Measure); 6] = [
    (Part::Start, "a start", |gpu, report| Ok(report.start.insert(Start::measure(gpu)?).table())),
    (Part::Kernels, "kernels", |gpu, report| Ok(report.kernels.insert(Kernels::measure(gpu, &images(gpu)?)?).table())),
    (Part::Step, "a training step", |gpu, report| Ok(report.step.insert(Steps::measure(gpu, &images(gpu)?)?).table())),
    (Part::Infer, "recognition", |gpu, report| Ok(report.infer.insert(inference(gpu)?).table())),
    (Part::Sweep, "tile shapes", |gpu, report| Ok(report.sweep.insert(Sweep::measure(gpu, &images(gpu)?)?).table())),
    (Part::Scale, "larger sizes", |gpu, report| Ok(report.scale.insert(Scale::measure(gpu, &images(gpu)?)?).table())),
];

/// Measures the parts one after the other. Tables are printed as they come, JSON and a comparison at the end.
pub fn run(options: &Options, gpu: &GpuOptions) -> anyhow::Result<()> {
    let old = options.compare.as_deref().map(BenchReport::load).transpose()?;
    let gpu = options.tiles.remembered(&gpu.open()?);
    let gpu = gpu.with(options.settings(&gpu)?);
    let mut report = BenchReport::new(&gpu);
    if !options.json {
        say(&report.machine.header())?;
    }
    let progress = ProgressBar::new_spinner();
    for (_, name, measure) in PARTS.iter().filter(|(part, ..)| options.part.has(*part)) {
        progress.set_message(format!("measuring {name}"));
        progress.tick();
        let table = measure(&gpu, &mut report)?;
        if !options.json && old.is_none() {
            progress.suspend(|| say(&format!("\n{table}")))?;
        }
    }
    progress.finish_and_clear();
    if options.json {
        say(&serde_json::to_string(&report)?)?;
    }
    if let Some(old) = old {
        let comparison = Comparison::new(&old, &report);
        ensure!(!comparison.changes.is_empty(), "none of these figures stands in the older file");
        comparison.differences().iter().try_for_each(|line| say(line))?;
        say(&format!("\n{}", comparison.table()))?;
    }
    Ok(())
}

/// Digits of as many pictures, which lie in files meanwhile.
const PICTURES: usize = 1024;

fn inference(gpu: &Gpu) -> anyhow::Result<Inference> {
    let mut test = Split::embedded()?.test;
    test.truncate(PICTURES);
    let folder = tempfile::tempdir().context("there is no place for pictures to measure with")?;
    let save = |at: usize| {
        let path = folder.path().join(format!("{at}.png"));
        let saved = image::save_buffer(&path, test.image(at), SIDE as u32, SIDE as u32, image::ColorType::L8);
        saved.map(|()| path).context("a picture to measure with cannot be written")
    };
    let files = (0..PICTURES).map(save).collect::<anyhow::Result<Vec<_>>>()?;
    let reading = Reading::measure(gpu, &files, &test.images)?;
    Ok(Inference { reading: Some(reading), ..Inference::measure(gpu)? })
}

/// What training steps are measured on.
fn images(gpu: &Gpu) -> anyhow::Result<Images> {
    let training = Split::embedded()?.training;
    Ok(Images::new(gpu, &training.images, &training.labels)?)
}

impl Options {
    /// The adapter's own settings but for those that were asked for.
    fn settings(&self, gpu: &Gpu) -> anyhow::Result<Settings> {
        let mut settings = self.core.apply(gpu)?.settings();
        match self.operands {
            None => {}
            Some(OperandsName::Buffers) => settings.operands = Operands::Buffers,
            Some(OperandsName::Textures) => settings.operands = Operands::Textures,
        }
        Ok(settings)
    }
}

//! `digits train`: options into a job and its session.

mod checkpoints;
mod given;
mod introduction;
mod lost;
mod session;
mod watch;

use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::bail;
use clap::{Args, ValueEnum};
use digits::checkpoint::{Checkpoint, hash_of};
use digits::drawings::{self, Mixture, Part};
use digits::gpu::{Gpu, Settings};
use digits::mnist::{CLASSES, DataSet, Split, TRAINING};
use digits::network::{self, Calibration, Classes, Layer, ModelFile, Network, Parameters, Shape};
use digits::pen::read_pen_file;
use digits::recipe::Recipe;
use digits::report::Log;
use digits::session::Watched;
use digits::train::{Job, Keep, train_through};
use indicatif::HumanCount;
use pollster::FutureExt as _;
use watch::Watching;
pub use watch::run;

use self::checkpoints::{CheckpointOptions, Keeper};
use self::given::{no_room, untaught};
use self::introduction::introduce;
use self::lost::Device;
use self::session::{Report, Session, Told};
use super::data::{Data, parse_input};
use super::interrupt::{Interrupt, Interrupted};
use super::pages::ReportOptions;
use super::recipe::RecipeOptions;
use super::screen::Screen;
use super::tiles::TileOptions;
use super::values::{parse_seconds, parse_share, whole};
use super::{DataOptions, GpuOptions, Misuse, cooperative_core, note};

/// Trains a network and writes it to a model file
#[derive(Args)]
#[command(after_long_help = network::GRAMMAR)]
pub struct Options {
    #[arg(long, value_name = "TEXT", help = format!("Layers of the network, with | between them [default: {}, or as many units as the data have classes]", network::SEED))]
    network: Option<String>,
    /// Go on from a model file, with its network
    #[arg(long, value_name = "MODEL", conflicts_with = "network")]
    from: Option<PathBuf>,
    /// Rate of the network's dropout layers, from 0 to below 1, in place of the one in its text
    #[arg(long, value_name = "RATE", allow_negative_numbers = true, value_parser = parse_share)]
    dropout: Option<f64>,
    #[command(flatten)]
    data: DataOptions,
    /// Names of the data's classes, in the order of their labels: with commas between them, or a file with a name in each line
    #[arg(long, value_name = "NAMES|FILE", requires = "data", conflicts_with = "from")]
    classes: Option<String>,
    /// Height and width that the network takes, even numbers from 8 to 64; the data are scaled to it [default: 28x28]
    #[arg(long, value_name = "HxW", requires = "data", conflicts_with = "from", value_parser = parse_input)]
    input: Option<Shape>,
    /// Learn from drawings, too: by people with a pen, deformed copies of theirs and of templates, and what is no digit
    #[arg(long, conflicts_with = "data")]
    with_drawings: bool,
    /// Learn from your own drawings, too: a pen file, as the window exports them; deformed copies of each are added
    #[arg(long, value_name = "FILE")]
    pen: Option<PathBuf>,
    /// Train on only the first COUNT of the training images, of MNIST's 50,000 or those of --data
    #[arg(long, value_name = "COUNT", allow_negative_numbers = true, value_parser = whole::<u32>(1, u32::MAX.into()))]
    train_images: Option<u32>,
    #[command(flatten)]
    recipe: RecipeOptions,
    /// What is multiplied: f32, or f16 on the adapter's matrix units; sums, gradients and parameters are f32 in either
    #[arg(long, value_name = "NAME", default_value = "single")]
    precision: PrecisionName,
    /// Chooses the first weights, the order of the images, how they are drawn anew and the units that are dropped
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true, default_value_t = 0, value_parser = whole::<u32>(0, u32::MAX.into()))]
    seed: u32,
    /// Epoch whose model is kept, of all or of those before Ctrl-C: the one that gets most validation images right, or the last
    #[arg(long, value_name = "EPOCH", default_value = "best")]
    keep: KeepName,
    /// End after so many epochs without a better one than before
    #[arg(long, value_name = "EPOCHS", allow_negative_numbers = true, value_parser = whole::<u32>(1, u32::MAX.into()))]
    patience: Option<u32>,
    /// Model file to write, after every epoch that is the best so far
    #[arg(long, value_name = "FILE", default_value = "digits.safetensors")]
    out: PathBuf,
    /// File to write figures to: a line of JSON for each epoch and one for the whole
    #[arg(long, value_name = "FILE.jsonl")]
    log: Option<PathBuf>,
    #[command(flatten)]
    checkpoints: CheckpointOptions,
    #[command(flatten)]
    report: ReportOptions,
    /// Opens a window on the training, which stays until it is closed: curves, filters, mistakes, and a canvas to draw on
    #[cfg(feature = "window")]
    #[arg(long)]
    watch: bool,
    #[command(flatten)]
    tiles: TileOptions,
    /// How long to measure the tile shapes of kernels that are new to this adapter [default: 10 on a GPU, 0 on a software driver]
    #[arg(long, value_name = "SECONDS", allow_negative_numbers = true, conflicts_with = "no_tune", value_parser = parse_seconds)]
    tune_budget: Option<Duration>,
    /// Steps that the GPU gets at a time [default: as many as take a quarter of a second, all that are on their way together]
    #[arg(long, value_name = "COUNT", allow_negative_numbers = true, hide = true, value_parser = whole::<u16>(1, u16::MAX.into()))]
    steps_per_submit: Option<u16>,
}

#[derive(Clone, Copy, ValueEnum)]
enum PrecisionName {
    Single,
    Mixed,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum KeepName {
    Best,
    Last,
}

/// The training whose checkpoint is to go on, if one is asked for: its options stand in it, as a command line.
pub fn resumed(options: &Options) -> anyhow::Result<Option<Checkpoint>> {
    options.checkpoints.resumed().map(|folder| checkpoints::read(folder)).transpose()
}

/// Trains as the options say, `watched` or not, from the start or where one with these options was `resumed`. Whatever ends the
/// training early, the model file holds the epoch to keep of those that are finished, where it could be written; after Ctrl-C
/// the newest step, where that is what is kept, or no epoch is finished.
fn run_watched(
    options: &Options,
    gpu_options: &GpuOptions,
    watched: Option<Watched>,
    resumed: Option<Checkpoint>,
) -> anyhow::Result<()> {
    let started = Instant::now();
    let recipe = options.recipe.recipe()?;
    options.check()?;
    let from = options.from.as_deref().map(ModelFile::load).transpose()?;
    let given = options.given(from.as_ref())?;
    // What does not fit is told before anything takes time.
    let classes = given.as_ref().map_or(Classes::numbered(CLASSES), |data| data.classes.clone());
    let mut job = options.job(&recipe, from, &classes, given.as_ref())?;
    if watched.is_some() && job.network.input() != Shape::MNIST {
        return Err(Misuse("--watch shows images of 28x28: leave it out, or --input".into()).into());
    }
    let said = given.as_ref().map(|data| data.said.clone());
    let [_, counted] = options.training_images(given.as_ref());
    // First, since model and log may go into it.
    let folder = options.report.folder(&[Some(options.out.as_path()), options.log.as_deref()])?;
    ModelFile::check_path(&options.out)?;
    let checkpoints = options.checkpoints.folder()?;
    let arguments = match &resumed {
        Some(checkpoint) => checkpoint.arguments.clone(),
        None if checkpoints.is_some() => checkpoints::arguments()?,
        None => Vec::new(),
    };
    let log = options.log.as_deref().map(Log::new).transpose()?;
    let interrupt = Interrupt::install()?;
    // The images are unpacked while the device opens.
    let (data, gpu) = thread::scope(|scope| {
        let data = scope.spawn(|| options.load(given.map(|data| data.split)));
        let gpu = gpu_options.open();
        (data.join().unwrap_or_else(|panic| resume_unwind(panic)), gpu)
    });
    let ((data, known), gpu) = (data?, options.with_precision(gpu?)?);
    if let Some(problem) = no_room(&data.training, counted, gpu.largest_tensor()) {
        bail!(problem);
    }
    // Drawings come on top of the images that the options count.
    job.plan = recipe.plan(data.training.count(), options.seed);
    let hash = if checkpoints.is_some() || resumed.is_some() { hash_of(&data) } else { String::new() };
    if let Some(checkpoint) = &resumed {
        checkpoints::compare(checkpoint, &hash, &gpu)?;
    }
    introduce(options, &recipe, &job, &gpu, &data, (&classes, said))?;
    if let Some(sentence) = untaught(&data, &classes) {
        note(&sentence);
    }
    let watching = Watching::begin(watched, &job, &classes, &data.validation);
    let screen = Screen::new(job.epochs);
    let gpu = options.tiles.apply(&gpu, options.tune_budget.unwrap_or(tune_budget(&gpu)), screen.spinner());
    let summary = options.summary(&recipe);
    let mut session = Session {
        out: &options.out,
        keep: job.keep,
        log,
        run: options.run(&recipe, &job, &gpu, &data),
        interrupt,
        screen,
        watching,
        started,
        epochs: Vec::new(),
        network: &job.network,
        classes: &classes,
        known,
        report: folder.map(|folder| Report {
            folder,
            plan: job.plan,
            data: options.data.name(),
            images: data.test.clone(),
        }),
        keeper: checkpoints.map(|folder| Keeper::new(folder, arguments, hash, &gpu)),
        told: Told::default(),
        calibration: Calibration::default(),
        summary,
        device: Device::new(|| {
            let again = options.with_precision(Gpu::open(&gpu_options.request()).block_on()?)?;
            // What is known of tile shapes is known of this adapter.
            Ok(if again.info() == gpu.info() { again.with_tiles(gpu.tiles().clone()) } else { again })
        }),
    };
    let state = resumed.map(|checkpoint| session.go_on(checkpoint)).transpose()?;
    let plan = options.checkpoints.plan(state);
    let done = train_through(&gpu, &job, data, plan, &mut session).block_on();
    session.screen.clear();
    if done.as_ref().is_err_and(|error| error.is::<Interrupted>())
        && let Err(error) = session.report_stopped(&gpu).block_on()
    {
        note(&format!("note: there is no report: {error:#}"));
    }
    if let Some(missed) = session.keeper.as_ref().and_then(Keeper::missed) {
        note(&missed);
    }
    if done.as_ref().is_err_and(|error| !error.is::<Interrupted>()) && session.summary.epochs > 0 {
        note(&format!("note: {} holds the model of epoch {}", options.out.display(), session.summary.epochs));
    }
    done.map_err(|error| session.advised(error))
}

impl Options {
    /// Whether the options fit each other.
    fn check(&self) -> Result<(), Misuse> {
        if self.patience.is_some() && self.keep == KeepName::Last {
            return Err(Misuse("--patience waits for a better epoch, so it goes only with --keep best".into()));
        }
        if let Some(log) = &self.log
            && place(log).is_some_and(|log| Some(log) == place(&self.out))
        {
            let log = log.display();
            return Err(Misuse(format!("--log and --out both name {log}: choose another file for one of them")));
        }
        Ok(())
    }

    /// How many training images there are, and how many of them the options count.
    fn training_images(&self, given: Option<&Data>) -> [usize; 2] {
        let all = given.map_or(TRAINING, |data| data.split.training.count());
        [all, self.train_images.map_or(all, |count| count as usize)]
    }

    /// The training that the options ask for, if they fit the data.
    fn job(
        &self,
        recipe: &Recipe,
        from: Option<ModelFile>,
        classes: &Classes,
        given: Option<&Data>,
    ) -> anyhow::Result<Job> {
        let [all, images] = self.training_images(given);
        let misuse = |sentence: String| Err(Misuse(sentence).into());
        if images > all {
            return misuse(format!(
                "--train-images {images} is more than the {} training images",
                HumanCount(all as u64)
            ));
        }
        if recipe.batch > images {
            return misuse(format!(
                "--batch {} is more than the {images} training images: choose a smaller one",
                recipe.batch
            ));
        }
        let (network, parameters) = match from {
            None => {
                let network = self.rated(&self.network(classes.count())?)?;
                let parameters = Parameters::glorot(&network, self.seed);
                (network, parameters)
            }
            Some(file) => (self.rated(&file.network)?, file.parameters),
        };
        Ok(Job {
            network,
            parameters,
            plan: recipe.plan(images, self.seed),
            epochs: recipe.epochs,
            keep: self.keep.into(),
            patience: self.patience,
            steps_per_submit: self.steps_per_submit.map(usize::from),
        })
    }

    /// The network with the rate of its dropout layers that was asked for.
    fn rated(&self, network: &Network) -> Result<Network, Misuse> {
        let Some(rate) = self.dropout else { return Ok(network.clone()) };
        let is_dropout = |layer: &Layer| matches!(layer, Layer::Dropout { .. });
        if !network.layers().iter().any(is_dropout) {
            return Err(Misuse("--dropout sets the rate of dropout layers, but the network has none".into()));
        }
        let rated = |layer: &Layer| if is_dropout(layer) { Layer::Dropout { rate: rate as f32 } } else { *layer };
        let layers: Vec<String> = network.layers().iter().map(|layer| rated(layer).to_string()).collect();
        Ok(Network::parse(network.input(), &layers.join(" | ")).expect("the shapes stay the same"))
    }

    /// The adapter, set to multiply as the options ask.
    fn with_precision(&self, gpu: Gpu) -> anyhow::Result<Gpu> {
        Ok(match self.precision {
            PrecisionName::Single => gpu,
            PrecisionName::Mixed => {
                let core = cooperative_core(&gpu, "--precision mixed")?;
                gpu.with(Settings { core, ..gpu.settings() })
            }
        })
    }

    /// The images, those that were asked for or MNIST, and the sets that validate, each by itself.
    fn load(&self, given: Option<Split>) -> anyhow::Result<(Split, Vec<DataSet>)> {
        let mut data = given.map_or_else(Split::embedded, Ok)?;
        if let Some(count) = self.train_images {
            data.training.truncate(count as usize);
        }
        let mut known = vec![data.validation.clone()];
        if self.with_drawings {
            data.training.append(drawings::training(&Mixture::default(), self.seed));
            let drawn = drawings::digits(Part::Validation);
            known.push(drawn.clone());
            data.validation.append(drawn);
        }
        if let Some(file) = &self.pen {
            data.training.append(drawings::own(&read_pen_file(file)?, self.seed));
        }
        Ok((data, known))
    }
}

impl PrecisionName {
    fn name(self) -> &'static str {
        match self {
            PrecisionName::Single => "single",
            PrecisionName::Mixed => "mixed",
        }
    }
}

impl From<KeepName> for Keep {
    fn from(name: KeepName) -> Keep {
        match name {
            KeepName::Best => Keep::Best,
            KeepName::Last => Keep::Last,
        }
    }
}

/// On a software driver none: compiling a kernel takes it most of a second, and its times hardly depend on the tile shape.
fn tune_budget(gpu: &Gpu) -> Duration {
    Duration::from_secs(if gpu.is_software() { 0 } else { 10 })
}

/// Where a file is or would be, however it is called.
pub(super) fn place(path: &Path) -> Option<PathBuf> {
    path.canonicalize().ok().or_else(|| {
        let folder = path.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."));
        Some(folder.canonicalize().ok()?.join(path.file_name()?))
    })
}

//! `digits train`: options into a job, and the events of its training into lines, a log and a model file.

use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context;
use clap::{Args, ValueEnum, value_parser};
use digits::gpu::{Gpu, Settings};
use digits::mnist::{Split, TRAINING};
use digits::model::Model;
use digits::network::{self, Layer, ModelFile, Network, Parameters, Summary};
use digits::reference::Optimiser;
use digits::reference::adam::Adam;
use digits::reference::sgd::Sgd;
use digits::report::{Log, Run, Times, adapter_line, network_table};
use digits::train::{Epoch, Event, Job, Keep, Progress, Test, train};
use digits::trainer::Plan;
use indicatif::HumanCount;
use pollster::FutureExt as _;

use super::interrupt::{Interrupt, Interrupted};
use super::screen::Screen;
use super::tiles::{TileOptions, parse_seconds};
use super::{DataOptions, GpuOptions, Misuse, cooperative_core, note, parse_network, say};

/// Trains a network and writes it to a model file
#[derive(Args)]
#[command(after_long_help = network::GRAMMAR)]
pub struct Options {
    /// Layers of the network, with | between them
    #[arg(long, value_name = "TEXT", default_value = network::SEED, value_parser = parse_network)]
    network: Network,
    /// Rate of the network's dropout layers, from 0 to below 1, in place of the one in its text
    #[arg(long, value_name = "RATE", allow_negative_numbers = true, value_parser = parse_share)]
    dropout: Option<f64>,
    #[command(flatten)]
    data: DataOptions,
    /// Train on only the first COUNT of the 50,000 training images
    #[arg(long, value_name = "COUNT", allow_negative_numbers = true, value_parser = value_parser!(u32).range(1..=TRAINING as i64))]
    train_images: Option<u32>,
    /// How often to go through the training images
    #[arg(long, value_name = "COUNT", allow_negative_numbers = true, default_value_t = 15, value_parser = value_parser!(u32).range(1..))]
    epochs: u32,
    /// Images of a training step
    #[arg(long, value_name = "COUNT", allow_negative_numbers = true, default_value_t = 128, value_parser = value_parser!(u32).range(1..))]
    batch: u32,
    /// Rule that turns gradients into steps
    #[arg(long, visible_alias = "optimiser", value_name = "NAME", default_value = "adam")]
    optimizer: OptimizerName,
    /// Size of the steps [default: 0.001 for adam, 0.01 for sgd]
    #[arg(long, value_name = "RATE", allow_negative_numbers = true, value_parser = parse_positive)]
    learning_rate: Option<f64>,
    /// What Adam adds to the root of the mean square, after the bias correction [default: 1e-8]
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true, value_parser = parse_positive)]
    epsilon: Option<f64>,
    /// How much of the last step goes on in the next, from 0 to below 1, with sgd [default: 0.9]
    #[arg(long, value_name = "SHARE", allow_negative_numbers = true, value_parser = parse_share)]
    momentum: Option<f64>,
    /// What is multiplied: f32, or f16 on the adapter's matrix units; sums, gradients and parameters are f32 in either
    #[arg(long, value_name = "NAME", default_value = "single")]
    precision: PrecisionName,
    /// Chooses the first weights, the order of the images and the units that are dropped
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true, default_value_t = 0)]
    seed: u32,
    /// Epoch whose model is kept, of all or of those before Ctrl-C: the one that gets most validation images right, or the last
    #[arg(long, value_name = "EPOCH", default_value = "best")]
    keep: KeepName,
    /// Model file to write, after every epoch that is the best so far
    #[arg(long, value_name = "FILE", default_value = "digits.safetensors")]
    out: PathBuf,
    /// File to write figures to: a line of JSON for each epoch and one for the whole
    #[arg(long, value_name = "FILE.jsonl")]
    log: Option<PathBuf>,
    #[command(flatten)]
    tiles: TileOptions,
    /// How long to measure the tile shapes of kernels that are new to this adapter [default: 10 on a GPU, 0 on a software driver]
    #[arg(long, value_name = "SECONDS", allow_negative_numbers = true, conflicts_with = "no_tune", value_parser = parse_seconds)]
    tune_budget: Option<Duration>,
    /// Steps that the GPU gets at a time [default: as many as take a quarter of a second, all that are on their way together]
    #[arg(long, value_name = "COUNT", allow_negative_numbers = true, hide = true, value_parser = value_parser!(u16).range(1..))]
    steps_per_submit: Option<u16>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum OptimizerName {
    Adam,
    Sgd,
}

#[derive(Clone, Copy, ValueEnum)]
enum PrecisionName {
    Single,
    Mixed,
}

#[derive(Clone, Copy, ValueEnum)]
enum KeepName {
    Best,
    Last,
}

/// Trains as the options say. Whatever ends the training early, the model file holds the epoch to keep of those that are
/// finished; after Ctrl-C the newest step, where that is what is kept, or no epoch is finished.
pub fn run(options: &Options, gpu: &GpuOptions) -> anyhow::Result<()> {
    let started = Instant::now();
    let job = options.job()?;
    ModelFile::check_path(&options.out)?;
    let interrupt = Interrupt::install()?;
    // The images are unpacked while the device opens.
    let (data, gpu) = thread::scope(|scope| {
        let data = scope.spawn(|| options.load());
        let gpu = gpu.open();
        (data.join().unwrap_or_else(|panic| resume_unwind(panic)), gpu)
    });
    let (data, gpu) = (data?, options.with_precision(gpu?)?);
    let log = options.log.as_deref().map(create_log).transpose()?;
    introduce(options, &job, &gpu, &data)?;
    let screen = Screen::new(job.epochs);
    let gpu = options.tiles.apply(&gpu, options.tune_budget.unwrap_or(tune_budget(&gpu)), screen.spinner());
    let summary = options.summary(&job);
    let mut session = Session {
        out: &options.out,
        keep: job.keep,
        log,
        run: options.run(&job, &gpu, &data),
        interrupt,
        screen,
        started,
        epoch_seconds: Vec::new(),
        network: &job.network,
        summary,
    };
    let done = train(&gpu, &job, data, async |event, model| session.on(event, model).await).block_on();
    session.screen.clear();
    if done.as_ref().is_err_and(|error| !error.is::<Interrupted>()) && session.summary.epochs > 0 {
        note(&format!("note: {} holds the model of epoch {}", options.out.display(), session.summary.epochs));
    }
    done
}

impl Options {
    /// The training that the options ask for, if they fit each other.
    fn job(&self) -> Result<Job, Misuse> {
        let images = self.train_images.unwrap_or(TRAINING as u32);
        if self.batch > images {
            let batch = self.batch;
            return Err(Misuse(format!(
                "--batch {batch} is more than the {images} training images: choose a smaller one"
            )));
        }
        let network = self.network()?;
        Ok(Job {
            parameters: Parameters::glorot(&network, self.seed),
            network,
            plan: Plan { batch: self.batch as usize, optimiser: self.optimiser()?, seed: self.seed },
            epochs: self.epochs,
            keep: self.keep.into(),
            steps_per_submit: self.steps_per_submit.map(usize::from),
        })
    }

    fn network(&self) -> Result<Network, Misuse> {
        let Some(rate) = self.dropout else { return Ok(self.network.clone()) };
        let is_dropout = |layer: &Layer| matches!(layer, Layer::Dropout { .. });
        if !self.network.layers().iter().any(is_dropout) {
            return Err(Misuse("--dropout sets the rate of dropout layers, but the network has none".into()));
        }
        let rated = |layer: &Layer| if is_dropout(layer) { Layer::Dropout { rate: rate as f32 } } else { *layer };
        let layers: Vec<String> = self.network.layers().iter().map(|layer| rated(layer).to_string()).collect();
        Ok(Network::parse(self.network.input(), &layers.join(" | ")).expect("the shapes stay the same"))
    }

    fn optimiser(&self) -> Result<Optimiser, Misuse> {
        let learning_rate = self.learning_rate();
        match (self.optimizer, self.epsilon, self.momentum) {
            (OptimizerName::Adam, epsilon, None) => {
                let usual = Adam::new(learning_rate);
                Ok(Optimiser::Adam(Adam { epsilon: epsilon.unwrap_or(usual.epsilon), ..usual }))
            }
            (OptimizerName::Adam, _, Some(_)) => Err(Misuse("--momentum goes only with --optimizer sgd".into())),
            (OptimizerName::Sgd, None, momentum) => {
                Ok(Optimiser::Sgd(Sgd { learning_rate, momentum: momentum.unwrap_or(0.9) }))
            }
            (OptimizerName::Sgd, Some(_), _) => Err(Misuse("--epsilon goes only with --optimizer adam".into())),
        }
    }

    fn learning_rate(&self) -> f64 {
        self.learning_rate.unwrap_or(match self.optimizer {
            OptimizerName::Adam => 1e-3,
            OptimizerName::Sgd => 1e-2,
        })
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

    fn load(&self) -> anyhow::Result<Split> {
        let mut data = self.data.load()?;
        if let Some(count) = self.train_images {
            data.training.truncate(count as usize);
        }
        Ok(data)
    }

    /// Before the first step.
    fn summary(&self, job: &Job) -> Summary {
        Summary {
            epochs: 0,
            batch: self.batch,
            optimiser: self.optimizer.name().into(),
            learning_rate: self.learning_rate(),
            seed: job.plan.seed,
            images_seen: 0,
            validation_accuracy: None,
            test_accuracy: None,
        }
    }

    fn run(&self, job: &Job, gpu: &Gpu, data: &Split) -> Run {
        Run {
            network: job.network.to_string(),
            batch: job.plan.batch,
            optimizer: self.optimizer.name().into(),
            learning_rate: self.learning_rate(),
            seed: job.plan.seed,
            precision: self.precision.name().into(),
            adapter: adapter_line(gpu),
            images: data.training.count(),
            flop_per_image: job.network.training_flop(),
        }
    }
}

impl OptimizerName {
    fn name(self) -> &'static str {
        match self {
            OptimizerName::Adam => "adam",
            OptimizerName::Sgd => "sgd",
        }
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

fn create_log(path: &Path) -> anyhow::Result<Log> {
    Log::create(path).with_context(|| format!("{} cannot be written", path.display()))
}

/// Prints what is about to happen.
fn introduce(options: &Options, job: &Job, gpu: &Gpu, data: &Split) -> anyhow::Result<()> {
    let count = |images: usize| HumanCount(images as u64);
    let [training, validation, test] = [&data.training, &data.validation, &data.test].map(|part| count(part.count()));
    say(&format!("adapter   {}", adapter_line(gpu)))?;
    say(&format!(
        "data      {}: {training} training, {validation} validation, {test} test images",
        options.data.name()
    ))?;
    say(&format!(
        "training  {} epochs, batch {}, {}, learning rate {}, {} precision, seed {}",
        job.epochs,
        job.plan.batch,
        options.optimizer.name(),
        options.learning_rate(),
        options.precision.name(),
        job.plan.seed
    ))?;
    Ok(say(&format!("\n{}\n", network_table(&job.network)))?)
}

/// A training in progress, as this command sees it.
struct Session<'a> {
    out: &'a Path,
    keep: Keep,
    log: Option<Log>,
    run: Run,
    interrupt: Interrupt,
    screen: Screen,
    started: Instant,
    epoch_seconds: Vec<f64>,
    network: &'a Network,
    /// Of the newest model.
    summary: Summary,
}

impl Session<'_> {
    async fn on(&mut self, event: Event<'_>, model: &Model) -> anyhow::Result<()> {
        match event {
            Event::Progress(progress) => self.progress(&progress, model).await,
            Event::Epoch(epoch, _, parameters) => self.epoch(&epoch, parameters),
            Event::Test(score) => self.test(&score, model).await,
        }
    }

    async fn progress(&mut self, progress: &Progress, model: &Model) -> anyhow::Result<()> {
        self.screen.progress(progress);
        if self.interrupt.is_pressed() && (self.keep == Keep::Last || self.summary.epochs == 0) {
            let (images_seen, parameters) = (progress.learnt, model.read_parameters().await?);
            self.save(Summary { images_seen, validation_accuracy: None, ..self.summary.clone() }, &parameters)?;
        }
        self.stop_if_asked()
    }

    fn epoch(&mut self, epoch: &Epoch, parameters: &Parameters) -> anyhow::Result<()> {
        if epoch.kept == epoch.epoch {
            let images_seen = u64::from(epoch.epoch) * epoch.images as u64;
            let validation_accuracy = Some(epoch.validation.accuracy);
            let summary = Summary { epochs: epoch.epoch, images_seen, validation_accuracy, ..self.summary.clone() };
            self.save(summary, parameters)?;
        }
        self.epoch_seconds.push(epoch.seconds);
        if let Some(log) = &mut self.log {
            log.epoch(epoch).context("the log cannot be written")?;
        }
        self.screen.epoch(epoch)?;
        self.stop_if_asked()
    }

    async fn test(&mut self, test: &Test, model: &Model) -> anyhow::Result<()> {
        self.screen.clear();
        let summary = Summary { test_accuracy: Some(test.score.accuracy), ..self.summary.clone() };
        self.save(summary, &model.read_parameters().await?)?;
        let times = Times::of(&self.epoch_seconds).expect("a training has an epoch");
        let total = self.started.elapsed().as_secs_f64();
        if let Some(log) = &mut self.log {
            log.finish(&self.run, test, times, total).context("the log cannot be written")?;
        }
        let Test { epoch, score } = test;
        say(&format!(
            "\ntest accuracy {:.2} %, loss {:.4} (model of epoch {epoch})",
            100.0 * score.accuracy,
            score.loss
        ))?;
        Ok(say(&format!("saved {} after {total:.1} s", self.out.display()))?)
    }

    fn stop_if_asked(&self) -> anyhow::Result<()> {
        if !self.interrupt.is_pressed() {
            return Ok(());
        }
        let (images, out) = (HumanCount(self.summary.images_seen), self.out.display());
        Err(Interrupted(format!("stopped; {out} holds the model after {images} training images")).into())
    }

    /// Writes the model and remembers what it is.
    fn save(&mut self, summary: Summary, parameters: &Parameters) -> anyhow::Result<()> {
        let file = ModelFile { network: self.network.clone(), parameters: parameters.clone(), summary };
        file.save(self.out)?;
        self.summary = file.summary;
        Ok(())
    }
}

fn parse_share(text: &str) -> Result<f64, &'static str> {
    // It must stay below 1 in the GPU's precision, too.
    let share = text.parse().ok().filter(|share: &f64| (0.0..1.0).contains(&(*share as f32)));
    share.ok_or("it must be a number from 0 to below 1")
}

fn parse_positive(text: &str) -> Result<f64, &'static str> {
    // The GPU's numbers have 32 bits.
    let rate = text.parse().ok().filter(|rate: &f64| *rate > 0.0 && (*rate as f32).is_normal());
    rate.ok_or("it must be a number above 0, such as 0.001")
}

//! `cargo bench`: every operation at the seed network's sizes, forward and backward, and whole training steps, on the
//! default adapter. A line gives the median of nine runs, after one that compiles. `cargo bench -- --core tile` and
//! `cargo bench -- --operands buffers` measure the choices that the adapter would not be given.

use anyhow::Context;
use clap::Parser;
use digits::gpu::{Core, Gpu, Operands, Request, Settings};
use digits::layers::batch::Images;
use digits::measure::{self, Measurement};
use digits::mnist::Split;
use digits::network::{Network, Parameters, SEED, Shape};
use digits::reference::Optimiser;
use digits::reference::adam::Adam;
use digits::trainer::{Plan, Trainer};

const BATCH: usize = 128;

/// Measures every operation and a training step.
#[derive(Parser)]
struct Options {
    #[arg(long, value_parser = ["broadcast", "tile"])]
    core: Option<String>,
    #[arg(long, value_parser = ["buffers", "textures"])]
    operands: Option<String>,
    /// Given by cargo
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    let gpu = Gpu::open(&Request::default())?;
    let gpu = gpu.with(options.settings(&gpu)?);
    println!("{} ({}), {:?}", gpu.info().name, gpu.info().driver_info, gpu.settings());
    println!("{:24} {:44} {:>9} {:>9} {:>8}", "operation", "shape", "ms", "GFLOP/s", "GB/s");
    for measurement in measure::operations(&gpu, BATCH) {
        let Measurement { operation, shape, seconds, flops, bytes } = measurement?;
        let (rate, traffic) = (flops / seconds / 1e9, bytes / seconds / 1e9);
        println!("{operation:24} {shape:44} {:9.3} {rate:9.2} {traffic:8.2}", seconds * 1e3);
    }
    let seconds = training_step(&gpu)?;
    let shape = format!("N {BATCH}, {:.0} images/s", BATCH as f64 / seconds);
    println!("{:24} {shape:44} {:9.3}", "training step", seconds * 1e3);
    Ok(())
}

impl Options {
    fn settings(&self, gpu: &Gpu) -> anyhow::Result<Settings> {
        let mut settings = gpu.settings();
        if let Some(name) = &self.core {
            let is_asked_for = |core: &Core| (name == "tile") == (*core == Core::Tile);
            settings.core = gpu.cores().into_iter().find(is_asked_for).context("this adapter cannot run that core")?;
        }
        match self.operands.as_deref() {
            Some("buffers") => settings.operands = Operands::Buffers,
            Some(_) => settings.operands = Operands::Textures,
            None => {}
        }
        Ok(settings)
    }
}

/// Seconds of a step of the default training.
fn training_step(gpu: &Gpu) -> anyhow::Result<f64> {
    let network = Network::parse(Shape::MNIST, SEED)?;
    let training = Split::embedded()?.training;
    let images = Images::new(gpu, &training.images, &training.labels)?;
    let plan = Plan { batch: BATCH, optimiser: Optimiser::Adam(Adam::new(1e-3)), seed: 0 };
    let mut trainer = Trainer::new(gpu, &network, &Parameters::glorot(&network, 0), &images, &plan)?;
    trainer.begin_epoch(0);
    // Steps beyond the first epoch's last would find no images; nine runs of at most 16 steps end before.
    Ok(measure::seconds(trainer.step())?)
}

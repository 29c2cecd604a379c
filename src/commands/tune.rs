//! `digits tune`: measures which tile shapes suit this adapter, and shows what is known.

use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use digits::gpu::{Choices, Gpu, Origin, Tiles, Tuner};
use digits::layers::batch::Images;
use digits::measure::Training;
use digits::mnist::{PIXELS, TRAINING};
use digits::model::Model;
use digits::network::{self, Network, Parameters};
use digits::recognize::Recognizer;
use digits::report::{adapter_line, tuning_table};
use indicatif::ProgressBar;

use super::tiles;
use super::values::{parse_seconds, whole};
use super::{GpuOptions, parse_network, say};

/// Measures which tile shapes are the fastest on this adapter, remembers them, and shows what is known
#[derive(Args)]
pub struct Options {
    /// Network whose training and recognition to tune
    #[arg(long, value_name = "TEXT", default_value = network::SEED, value_parser = parse_network)]
    network: Network,
    /// Images of a training step
    #[arg(long, value_name = "COUNT", allow_negative_numbers = true, default_value_t = 128, value_parser = whole::<u32>(1, TRAINING as u64))]
    batch: u32,
    /// How long to measure; what is not reached is left for another time
    #[arg(long, value_name = "SECONDS", allow_negative_numbers = true, default_value = "120", value_parser = parse_seconds)]
    budget: Duration,
    /// Forget what is remembered of this adapter first
    #[arg(long)]
    fresh: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Measures what is not known yet and prints what is.
pub fn run(options: &Options, gpu: &GpuOptions) -> anyhow::Result<()> {
    let gpu = gpu.open()?;
    let origin = Origin::of(&gpu);
    let mut choices = if options.fresh { Choices::new(origin.clone()) } else { tiles::remembered(&gpu) };
    // Those that a shorter time did not reach.
    choices.products.retain(|choice| choice.chosen.is_some());
    let file = tiles::cache_file(&gpu);
    let progress = ProgressBar::new_spinner();
    progress.enable_steady_tick(Duration::from_millis(100));
    let tuner = Arc::new(tiles::tuner(choices, file.clone(), options.budget, &progress));
    options.build(&gpu.with_tiles(Tiles::Tuned(tuner.clone())))?;
    progress.finish_and_clear();
    let products = tuner.asked();
    if options.json {
        return Ok(say(&serde_json::to_string(&Choices { origin, products })?)?);
    }
    say(&format!("adapter     {}", adapter_line(&gpu)))?;
    say(&format!("core        {}", gpu.settings().core))?;
    say(&format!(
        "remembered  {}",
        file.map_or("nowhere: there is no cache folder".into(), |file| file.display().to_string())
    ))?;
    say(&format!("measured    {}\n", summary(&tuner)))?;
    Ok(say(&tuning_table(&products))?)
}

impl Options {
    /// Builds all kernels, which has their tile shapes chosen.
    fn build(&self, gpu: &Gpu) -> anyhow::Result<()> {
        let n = self.batch as usize;
        let images = Images::new(gpu, &vec![0; n * PIXELS], &vec![0; n])?;
        Training::new(gpu, &self.network, &images, n)?;
        let model = Model::new(gpu, &self.network, &Parameters::glorot(&self.network, 0))?;
        Recognizer::<f32>::new(&model, 1)?;
        Ok(())
    }
}

fn summary(tuner: &Tuner) -> String {
    let products = tuner.asked();
    let unknown = products.iter().filter(|choice| choice.chosen.is_none()).count();
    let (measured, time) = tuner.spent();
    let text = format!("{measured} of {} products in {:.1} s", products.len(), time.as_secs_f64());
    match (unknown, measured) {
        (0, 0) => format!("{text}: all were known; --fresh measures them anew"),
        (0, _) => text,
        (unknown, _) => format!("{text}; {unknown} were not reached: run it again, or with a larger --budget"),
    }
}

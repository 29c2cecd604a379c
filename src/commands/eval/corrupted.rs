//! `digits eval --corrupt`: how well a model recognises the same images after each corruption.

use digits::corrupt::Corruption;
use digits::evaluate::{self, Evaluator};
use digits::gpu::GpuError;
use digits::layers::batch::Images;
use digits::mnist::{DataSet, PIXELS};
use digits::model::Model;
use pollster::FutureExt as _;
use rayon::prelude::*;
use serde::Serialize;

use crate::commands::say;

/// Every model meets the same images.
const SEED: u32 = 0;

/// What came of one kind of corruption.
#[derive(Serialize)]
pub struct Figures {
    kind: &'static str,
    errors: usize,
    accuracy: f64,
}

/// What `--json` has.
#[derive(Serialize)]
pub struct Corrupted {
    mean_accuracy: f64,
    kinds: Vec<Figures>,
}

/// Evaluates `model` on `data` after each kind of corruption, and hands each one's figures to `tell` once they are known.
pub fn measure(
    model: &Model,
    data: &DataSet,
    mut tell: impl FnMut(&Figures) -> anyhow::Result<()>,
) -> anyhow::Result<Corrupted> {
    let mut kinds = Vec::new();
    for kind in Corruption::ALL {
        let figures = figures(model, data, kind)?;
        tell(&figures)?;
        kinds.push(figures);
    }
    let mean_accuracy = kinds.iter().map(|kind| kind.accuracy).sum::<f64>() / kinds.len() as f64;
    Ok(Corrupted { mean_accuracy, kinds })
}

/// Prints a table, each row once it is known.
pub fn print(model: &Model, data: &DataSet, clean_accuracy: f64) -> anyhow::Result<()> {
    let row = |name: &str, accuracy: f64, errors: &str| {
        say(format!("{name:<12}  {:>8.2} %  {errors:>6}", 100.0 * accuracy).trim_end())
    };
    say("\ncorruption      accuracy  errors")?;
    let errors = (data.count() as f64 * (1.0 - clean_accuracy)).round();
    row("none", clean_accuracy, &errors.to_string())?;
    let tell = |kind: &Figures| Ok(row(kind.kind, kind.accuracy, &kind.errors.to_string())?);
    let corrupted = measure(model, data, tell)?;
    Ok(row("mean of all", corrupted.mean_accuracy, "")?)
}

fn figures(model: &Model, data: &DataSet, kind: Corruption) -> Result<Figures, GpuError> {
    let corrupt = |(index, image)| kind.apply(image, SEED, index as u32);
    let pixels: Vec<u8> = data.images.par_chunks_exact(PIXELS).enumerate().flat_map_iter(corrupt).collect();
    let images = Images::new(model.gpu(), &pixels, &data.labels)?;
    let evaluation = Evaluator::new(model, &images, evaluate::batch(model.gpu()))?.run().block_on()?;
    let accuracy = evaluation.accuracy(&data.labels);
    let errors = (data.count() as f64 * (1.0 - accuracy)).round() as usize;
    Ok(Figures { kind: kind.name(), errors, accuracy })
}

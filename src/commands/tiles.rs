//! Tile shapes as commands choose them: what was measured before lies in the user's cache folder, and what is measured now
//! goes there.

use std::env;
use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use clap::Args;
use digits::gpu::{Choices, Event, Gpu, Origin, Tiles, Tuner};
use indicatif::ProgressBar;

use super::note;

/// Whether to use what was measured.
#[derive(Args)]
pub struct TileOptions {
    /// Use the default tile shapes, and neither read nor write what was measured of others
    #[arg(long)]
    no_tune: bool,
}

impl TileOptions {
    /// `gpu`, using what is remembered and measuring the rest for about `budget`, with a line on `progress`.
    pub fn apply(&self, gpu: &Gpu, budget: Duration, progress: &ProgressBar) -> Gpu {
        if self.no_tune {
            return gpu.clone();
        }
        let choices = remembered(gpu);
        if choices.products.is_empty() && budget.is_zero() {
            return gpu.clone();
        }
        gpu.with_tiles(Tiles::Tuned(Arc::new(tuner(choices, cache_file(gpu), budget, progress))))
    }

    /// `gpu`, using what is remembered.
    pub fn remembered(&self, gpu: &Gpu) -> Gpu {
        self.apply(gpu, Duration::ZERO, &ProgressBar::hidden())
    }
}

/// Where the tile shapes of this adapter are remembered; nowhere where the user has no folder for caches.
pub fn cache_file(gpu: &Gpu) -> Option<PathBuf> {
    // On systems where it is not usual, too, so that it can be set everywhere.
    let set = env::var_os("XDG_CACHE_HOME").map(PathBuf::from).filter(|folder| folder.is_absolute());
    Some(set.or_else(dirs::cache_dir)?.join("digits").join(Origin::of(gpu).file_name()))
}

/// What is remembered of this adapter.
pub fn remembered(gpu: &Gpu) -> Choices {
    let origin = Origin::of(gpu);
    match cache_file(gpu) {
        Some(file) => Choices::load(&file, origin),
        None => Choices::new(origin),
    }
}

/// Measures what `choices` lack, says so on `progress`, and writes all that it knows to `file`.
pub fn tuner(choices: Choices, file: Option<PathBuf>, budget: Duration, progress: &ProgressBar) -> Tuner {
    let (progress, before) = (progress.clone(), progress.message());
    let (is_announced, is_lost) = (AtomicBool::new(io::stderr().is_terminal()), AtomicBool::new(false));
    Tuner::new(choices, budget, move |event| match event {
        Event::Measuring { kernel, shape } => {
            progress.set_message(format!("measuring tile shapes, once: {kernel} {shape}"));
            if !is_announced.swap(true, Ordering::Relaxed) {
                note(&format!("note: measuring tile shapes, once, for at most {} s", budget.as_secs_f64()));
            }
        }
        Event::Learned(choices) => {
            progress.set_message(before.clone());
            let saved = file.as_ref().map(|file| (file, choices.save(file)));
            if let Some((file, Err(error))) = saved
                && !is_lost.swap(true, Ordering::Relaxed)
            {
                let file = file.display();
                progress.suspend(|| note(&format!("note: this will be measured anew, since {file} {error}")));
            }
        }
    })
}

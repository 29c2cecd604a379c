//! What tile shapes are worth: every matrix product of training steps of many sizes, in many shapes, and the whole steps with
//! the default shapes and with the fastest. The rule that puts shapes in order is fitted and judged by such figures.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::scale::widened;
use super::{BATCH, Training, sample};
use crate::gpu::{Choice, Choices, Gpu, GpuError, Origin, Tiles, Tuner};
use crate::layers::batch::Images;

/// Tile shapes by the size of a training step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sweep {
    pub sizes: Vec<Swept>,
}

/// A training step of one size.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Swept {
    pub batch: usize,
    /// Filters and units, as a multiple of the seed network's.
    pub width: f64,
    /// A step with the default shapes.
    pub default_seconds: f64,
    /// A step with the fastest, each found alone.
    pub tuned_seconds: f64,
    /// Each product with the times of its shapes, the default first.
    pub products: Vec<Choice>,
}

/// Shapes of a product, at most.
const BREADTH: usize = 24;

/// Batch and width: the seed network from short batches to long ones, then narrower and wider ones.
const SIZES: [(usize, f64); 7] =
    [(32, 1.0), (BATCH, 1.0), (1024, 1.0), (4096, 1.0), (BATCH, 0.25), (BATCH, 2.0), (BATCH, 4.0)];

impl Sweep {
    /// Measures all sizes on `images`, and leaves out what does not fit the adapter.
    ///
    /// # Errors
    /// A kernel cannot be built or the device failed.
    pub fn measure(gpu: &Gpu, images: &Images) -> Result<Sweep, GpuError> {
        let mut sizes = Vec::new();
        for (batch, width) in SIZES {
            match Swept::measure(gpu, images, batch, width) {
                Ok(size) => sizes.push(size),
                Err(GpuError::TooLarge { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Sweep { sizes })
    }
}

impl Swept {
    fn measure(gpu: &Gpu, images: &Images, batch: usize, width: f64) -> Result<Swept, GpuError> {
        let network = widened(width);
        let step = |tiles: Tiles| {
            let mut training = Training::new(&gpu.with_tiles(tiles), &network, images, batch)?;
            Ok::<f64, GpuError>(sample(|steps| training.time(steps))?.median())
        };
        let tuner = Tuner::new(Choices::new(Origin::of(gpu)), Duration::MAX, |_| ()).with_breadth(BREADTH);
        let tuner = Arc::new(tuner);
        let tuned_seconds = step(Tiles::Tuned(tuner.clone()))?;
        let default_seconds = step(Tiles::Default)?;
        Ok(Swept { batch, width, default_seconds, tuned_seconds, products: tuner.asked() })
    }
}

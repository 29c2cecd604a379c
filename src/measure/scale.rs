//! How the cost of a training step grows with the work: larger batches, and wider networks.

use serde::{Deserialize, Serialize};

use super::{BATCH, Ceiling, Training, sample, seed_network};
use crate::gpu::{Gpu, GpuError};
use crate::layers::batch::Images;
use crate::network::{Layer, Network, Shape};

/// Training steps of other sizes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Scale {
    /// What the adapter does at most; none in older reports.
    #[serde(default)]
    pub ceiling: Option<Ceiling>,
    /// The seed network in batches of 32 to 4,096 images.
    pub batches: Vec<Point>,
    /// Networks from a quarter as wide as the seed network to four times as wide, in batches of 128.
    pub widths: Vec<Point>,
}

/// A training step of one size.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Point {
    pub batch: usize,
    /// Filters and units, as a multiple of the seed network's.
    pub width: f64,
    pub network: String,
    /// Multiplications and additions that a step cannot do without.
    pub flops_per_image: u64,
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// What came of measuring a size.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Outcome {
    Measured {
        /// Of a step.
        seconds: f64,
        images_per_second: f64,
    },
    /// Not, and why.
    Skipped { skipped: String },
}

impl Scale {
    /// Measures steps on `images`.
    ///
    /// # Errors
    /// A kernel cannot be built or the device failed. A size whose tensors the adapter cannot bind is skipped.
    pub fn measure(gpu: &Gpu, images: &Images) -> Result<Scale, GpuError> {
        let ceiling = Some(Ceiling::measure(gpu)?);
        let batch = |power: u32| Point::measure(gpu, images, 1 << power, 1.0);
        let batches = (5..=12).map(batch).collect::<Result<Vec<Point>, GpuError>>()?;
        let seed = batches.iter().find(|point| point.batch == BATCH).expect("it is one of the sizes");
        let width = |width: f64| match width {
            1.0 => Ok(seed.clone()),
            width => Point::measure(gpu, images, BATCH, width),
        };
        let widths = [0.25, 0.5, 1.0, 2.0, 4.0].into_iter().map(width).collect::<Result<_, GpuError>>()?;
        Ok(Scale { ceiling, batches, widths })
    }
}

impl Point {
    fn measure(gpu: &Gpu, images: &Images, batch: usize, width: f64) -> Result<Point, GpuError> {
        let network = widened(width);
        let samples =
            Training::new(gpu, &network, images, batch).and_then(|mut training| sample(|steps| training.time(steps)));
        let outcome = match samples {
            Ok(samples) => {
                let seconds = samples.median();
                Outcome::Measured { seconds, images_per_second: batch as f64 / seconds }
            }
            Err(GpuError::TooLarge { bytes, most, .. }) => {
                let mib = |bytes: u64| bytes.div_ceil(1 << 20);
                let skipped =
                    format!("it needs a tensor of {} MiB, and the adapter binds {} MiB", mib(bytes), mib(most));
                Outcome::Skipped { skipped }
            }
            Err(error) => return Err(error),
        };
        Ok(Point { batch, width, flops_per_image: network.training_flop(), network: network.to_string(), outcome })
    }
}

/// The seed network with so many times as many filters and units, but for the classes.
pub(super) fn widened(width: f64) -> Network {
    let seed = seed_network();
    let (classes, hidden) = seed.layers().split_last().expect("a network has layers");
    let scaled = |count: usize| (count as f64 * width) as usize;
    let widen = |layer: &Layer| match *layer {
        Layer::Conv { filters, kernel, padding, stride, activation } => {
            Layer::Conv { filters: scaled(filters), kernel, padding, stride, activation }.to_string()
        }
        Layer::Dense { units, activation } => Layer::Dense { units: scaled(units), activation }.to_string(),
        Layer::Pool { .. } | Layer::Dropout { .. } | Layer::BatchNorm { .. } => layer.to_string(),
    };
    let layers: Vec<String> = hidden.iter().map(widen).chain([classes.to_string()]).collect();
    Network::parse(Shape::MNIST, &layers.join(" | ")).expect("a wider network is a network")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::SEED;

    #[test]
    fn a_wider_network_has_more_filters_and_units_and_as_many_classes() {
        let twice = "conv 64 3x3 relu | pool 2 | conv 96 3x3 relu | pool 2 | dropout 0.25 | dense 1000 relu | dense 10";
        assert_eq!(widened(2.0).to_string(), twice);
        assert_eq!(widened(1.0).to_string(), SEED);
        assert_eq!(widened(0.25).classes(), 10);
    }
}

//! How long recognition takes: one image, as somebody waits for it, and many.

use std::time::{Duration, Instant};

use pollster::FutureExt as _;
use serde::{Deserialize, Serialize};

#[cfg(not(target_arch = "wasm32"))]
use super::Reading;
use super::{sample, seed_network};
use crate::gpu::{Gpu, GpuError, Recording, Tensor};
use crate::model::Model;
use crate::network::Parameters;
use crate::recognize::Recognizer;
use crate::samples::Samples;

/// Recognition with the seed network, from images on the host to probabilities on the host.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Inference {
    /// A submit without work and the wait for it: what the driver takes for itself.
    pub empty_submit: Latency,
    /// One number from the GPU to the host.
    pub read_back: Latency,
    /// A drawing: its pixels are `f32`.
    pub one_image: Latency,
    /// In one batch; the pixels are bytes, as in files.
    pub many_images: Throughput,
    /// In several batches, of which a few are on their way at a time. Reports that are older have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stream: Option<Throughput>,
    /// Of the digits of many pictures. Reports that are older have none.
    #[cfg(not(target_arch = "wasm32"))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reading: Option<Reading>,
}

/// How long one waits.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Latency {
    pub runs: usize,
    pub median_seconds: f64,
    /// 99 of 100 runs take no longer.
    pub p99_seconds: f64,
}

/// How much is done at a time.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Throughput {
    /// How many images are there at once.
    pub batch: usize,
    /// Of all of them.
    pub seconds: f64,
    pub images_per_second: f64,
}

/// Runs of each latency.
const RUNS: usize = 500;

/// Images of a batch, where many count, and batches of a stream.
const MANY: usize = 1024;
const BATCHES: usize = 8;

impl Inference {
    /// Measures recognition of one image, of 1,024 and of 8,192, whose time does not depend on what they show. Of pictures it
    /// does: [`Reading`] is measured by itself.
    ///
    /// # Errors
    /// A kernel cannot be built or the device failed.
    pub fn measure(gpu: &Gpu) -> Result<Inference, GpuError> {
        let network = seed_network();
        let model = Model::new(gpu, &network, &Parameters::glorot(&network, 0))?;
        let features = network.input().features();
        let (empty, number) = (Recording::new(gpu), Tensor::zeros(gpu, "a number", 1)?);
        let (one, image) = (Recognizer::new(&model, 1)?, vec![0.5; features]);
        let (many, images) = (Recognizer::new(&model, MANY)?, vec![127; BATCHES * MANY * features]);
        let recognition =
            |images: &[u8], count| Throughput::measure(count, || many.recognize(images).block_on().map(drop));
        Ok(Inference {
            empty_submit: Latency::measure(|| empty.submit(1).and_then(|()| gpu.wait()))?,
            read_back: Latency::measure(|| number.read::<f32>(gpu).block_on().map(drop))?,
            one_image: Latency::measure(|| one.recognize(&image).block_on().map(drop))?,
            many_images: recognition(&images[..MANY * features], MANY)?,
            stream: Some(recognition(&images, BATCHES * MANY)?),
            #[cfg(not(target_arch = "wasm32"))]
            reading: None,
        })
    }
}

impl Latency {
    /// After two runs that compile and allocate.
    fn measure(mut work: impl FnMut() -> Result<(), GpuError>) -> Result<Latency, GpuError> {
        let mut time = || {
            let start = Instant::now();
            work()?;
            Ok::<f64, GpuError>(start.elapsed().as_secs_f64())
        };
        (0..2).try_for_each(|_| time().map(drop))?;
        let samples = Samples::new((0..RUNS).map(|_| time()).collect::<Result<_, GpuError>>()?);
        Ok(Latency { runs: RUNS, median_seconds: samples.median(), p99_seconds: samples.quantile(0.99) })
    }
}

impl Throughput {
    /// Of `count` images, which `work` does.
    pub(super) fn measure(
        count: usize,
        mut work: impl FnMut() -> Result<(), GpuError>,
    ) -> Result<Throughput, GpuError> {
        let time = |times: usize| {
            let start = Instant::now();
            (0..times).try_for_each(|_| work())?;
            Ok::<Duration, GpuError>(start.elapsed())
        };
        let seconds = sample(time)?.median();
        Ok(Throughput { batch: count, seconds, images_per_second: count as f64 / seconds })
    }
}

//! How long recognition takes: one image, as somebody waits for it, and many.

use std::time::{Duration, Instant};

use pollster::FutureExt as _;
use serde::{Deserialize, Serialize};

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
    pub one_image: Latency,
    pub many_images: Throughput,
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
    pub batch: usize,
    /// Of a batch.
    pub seconds: f64,
    pub images_per_second: f64,
}

/// Runs of each latency.
const RUNS: usize = 500;

/// Images of a batch, where many count.
const MANY: usize = 1024;

impl Inference {
    /// Measures recognition of one image and of 1,024 at a time. The time does not depend on what they show.
    ///
    /// # Errors
    /// A kernel cannot be built or the device failed.
    pub fn measure(gpu: &Gpu) -> Result<Inference, GpuError> {
        let network = seed_network();
        let model = Model::new(gpu, &network, &Parameters::glorot(&network, 0))?;
        let images = vec![0.5; MANY * network.input().features()];
        let (empty, number) = (Recording::new(gpu), Tensor::zeros(gpu, "a number", 1)?);
        let recognizer = Recognizer::new(&model, 1)?;
        let image = &images[..network.input().features()];
        Ok(Inference {
            empty_submit: Latency::measure(|| empty.submit(1).and_then(|()| gpu.wait()))?,
            read_back: Latency::measure(|| number.read::<f32>(gpu).block_on().map(drop))?,
            one_image: Latency::measure(|| recognizer.recognize(image).block_on().map(drop))?,
            many_images: Throughput::measure(&Recognizer::new(&model, MANY)?, &images)?,
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
    fn measure(recognizer: &Recognizer, images: &[f32]) -> Result<Throughput, GpuError> {
        let time = |times: usize| {
            let start = Instant::now();
            (0..times).try_for_each(|_| recognizer.recognize(images).block_on().map(drop))?;
            Ok::<Duration, GpuError>(start.elapsed())
        };
        let seconds = sample(time)?.median();
        Ok(Throughput { batch: MANY, seconds, images_per_second: MANY as f64 / seconds })
    }
}

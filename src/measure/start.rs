//! How long a training takes to its first step, and where that goes.

use std::time::Duration;

use pollster::FutureExt as _;
use serde::{Deserialize, Serialize};

use super::{BATCH, Training, seed_network};
use crate::gpu::{Gpu, GpuError, Request};
use crate::layers::batch::Images;
use crate::mnist::{DataError, Split};
use crate::platform::Instant;

/// The parts of a start, one after the other; `digits train` reads the images while the device opens.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Start {
    /// The driver, the adapter and the device.
    pub device_seconds: f64,
    /// MNIST, unpacked and checked.
    pub data_seconds: f64,
    /// The images on their way to the device.
    pub upload_seconds: f64,
    /// A step is recorded: its tensors are there, its kernels begin to compile.
    pub record_seconds: f64,
    /// The first step, which waits for its kernels.
    pub first_step_seconds: f64,
}

/// Why a start cannot be measured.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(transparent)]
    Gpu(#[from] GpuError),
    #[error(transparent)]
    Data(#[from] DataError),
}

impl Start {
    /// Starts anew what `gpu` is, used as it is. The driver may remember kernels that it compiled before.
    ///
    /// # Errors
    /// The device cannot be opened again, a kernel cannot be built, or the images that are built in are damaged.
    pub fn measure(gpu: &Gpu) -> Result<Start, StartError> {
        let info = gpu.info();
        let request = Request { adapter: Some(info.name.clone()), backend: Some(info.backend.to_string()) };
        let mut watch = Watch { since: Instant::now() };
        let opened = Gpu::open(&request).block_on()?;
        let device_seconds = watch.lap();
        let data = Split::embedded()?.training;
        let data_seconds = watch.lap();
        let opened = opened.with(gpu.settings()).with_tiles(gpu.tiles().clone());
        let images = Images::new(&opened, &data.images, &data.labels)?;
        opened.wait()?;
        let upload_seconds = watch.lap();
        let mut training = Training::new(&opened, &seed_network(), &images, BATCH)?;
        let record_seconds = watch.lap();
        training.time(1)?;
        let first_step_seconds = watch.lap();
        Ok(Start { device_seconds, data_seconds, upload_seconds, record_seconds, first_step_seconds })
    }
}

struct Watch {
    since: Instant,
}

impl Watch {
    /// Seconds since the last lap.
    fn lap(&mut self) -> f64 {
        let time: Duration = self.since.elapsed();
        self.since = Instant::now();
        time.as_secs_f64()
    }
}

//! A recording that is run again and again on what the host has, one input after the other, each in one submit. Several
//! may be on their way: while the GPU works on one, the host brings the next and takes away the last.

use std::sync::{Arc, Mutex};

use bytemuck::Pod;

use super::device::lock;
use super::reading::{Reading, Staging};
use super::{Gpu, GpuError, Recording, Tensor};

/// A recording with the tensor that it reads and the tensor that it writes.
pub struct Replayer {
    recording: Recording,
    input: Tensor,
    output: Tensor,
    /// Memory for outputs that none is on its way to.
    idle: Arc<Mutex<Vec<Staging>>>,
}

/// One run of a recording, on its way.
#[must_use = "its output is lost unless somebody awaits it"]
pub struct Replay {
    reading: Reading,
    idle: Arc<Mutex<Vec<Staging>>>,
}

impl Replayer {
    /// `recording` reads `input` and writes `output`, and begins with nothing that an earlier run has left in others.
    pub fn new(recording: Recording, input: Tensor, output: Tensor) -> Replayer {
        Replayer { recording, input, output, idle: Arc::default() }
    }

    /// The device that it runs on.
    pub fn gpu(&self) -> &Gpu {
        self.recording.gpu()
    }

    /// Puts `numbers` at the beginning of the input and runs the recording, without waiting. Runs follow each other in the
    /// order in which they were started.
    ///
    /// # Errors
    /// The driver refuses a kernel.
    ///
    /// # Panics
    /// If there are more numbers than the input holds.
    pub fn start<T: Pod>(&self, numbers: &[T]) -> Result<Replay, GpuError> {
        let gpu = self.gpu();
        let staging = lock(&self.idle).pop();
        let staging = staging.unwrap_or_else(|| Staging::new(gpu, self.output.len()));
        self.input.write(gpu, numbers);
        let output = [(&self.output, 0..self.output.len())];
        let reading = Reading::start(gpu, self.recording.encoder()?, &output, staging);
        Ok(Replay { reading, idle: self.idle.clone() })
    }
}

impl Replay {
    /// Waits for the output and hands it to `take`.
    ///
    /// # Errors
    /// The device failed.
    pub async fn finish<T: Pod, R>(self, take: impl FnOnce(&[T]) -> R) -> Result<R, GpuError> {
        let (taken, staging) = self.reading.finish(take).await?;
        lock(&self.idle).push(staging);
        Ok(taken)
    }
}

//! Numbers on their way from the device to the host: they are copied to memory that the host reads, and awaited there. Any
//! number of copies may be on their way; each is awaited behind its own submit, not behind later ones.

use std::ops::Range;

use async_channel::Receiver;
use bytemuck::Pod;
use wgpu::{BufferAsyncError, BufferUsages, CommandEncoder, SubmissionIndex};

use super::{Gpu, GpuError, Tensor};

/// Memory that the device copies to and the host reads. Browsers free it late, if ever, unless they are told to.
#[derive(Debug)]
pub(super) struct Staging(wgpu::Buffer);

impl Staging {
    /// Room for `length` numbers of 32 bits.
    pub fn new(gpu: &Gpu, length: usize) -> Staging {
        Staging(gpu.device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("staging"),
            size: 4 * length as u64,
            usage: BufferUsages::MAP_READ | BufferUsages::COPY_DST,
            mapped_at_creation: false,
        }))
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        self.0.destroy();
    }
}

/// A copy that was asked for.
#[must_use = "what it brings is lost unless somebody awaits it"]
pub struct Reading {
    gpu: Gpu,
    staging: Staging,
    submission: SubmissionIndex,
    told: Receiver<Result<(), BufferAsyncError>>,
}

impl Reading {
    /// Asks for parts of tensors, one behind the other, as they are behind all submitted work, without waiting.
    pub fn of(gpu: &Gpu, parts: &[(&Tensor, Range<usize>)]) -> Reading {
        let encoder = gpu.device.create_command_encoder(&Default::default());
        let staging = Staging::new(gpu, parts.iter().map(|(_, range)| range.len()).sum());
        Reading::start(gpu, encoder, parts, staging)
    }

    /// Submits the commands of `encoder` and behind them the copy of parts of tensors to `staging`, which they fill.
    pub(super) fn start(
        gpu: &Gpu,
        mut encoder: CommandEncoder,
        parts: &[(&Tensor, Range<usize>)],
        staging: Staging,
    ) -> Reading {
        let mut end = 0;
        for (tensor, range) in parts {
            let (first, bytes) = (4 * range.start as u64, 4 * range.len() as u64);
            encoder.copy_buffer_to_buffer(tensor.buffer(), first, &staging.0, end, bytes);
            end += bytes;
        }
        let submission = gpu.queue.submit([encoder.finish()]);
        let (tell, told) = async_channel::bounded(1);
        staging.0.slice(..).map_async(wgpu::MapMode::Read, move |result| {
            // Whoever asked may have stopped waiting.
            let _ = tell.try_send(result);
        });
        Reading { gpu: gpu.clone(), staging, submission, told }
    }

    /// Waits for the copy.
    ///
    /// # Errors
    /// The device failed.
    pub async fn numbers<T: Pod>(self) -> Result<Vec<T>, GpuError> {
        Ok(self.finish(|numbers: &[T]| numbers.to_vec()).await?.0)
    }

    /// Waits for the copy and hands it to `take`; gives what that makes of it, and the memory, for another reading.
    ///
    /// # Errors
    /// The device failed.
    pub(super) async fn finish<T: Pod, R>(self, take: impl FnOnce(&[T]) -> R) -> Result<(R, Staging), GpuError> {
        let Reading { gpu, staging, submission, told } = self;
        if let Err(error) = gpu.wait_for(submission) {
            gpu.settle().await?;
            return Err(error);
        }
        let mapped = told.recv().await;
        gpu.settle().await?;
        gpu.check()?;
        let failed = |error: &dyn std::error::Error| GpuError::Failed(error.to_string());
        mapped.map_err(|error| failed(&error))?.map_err(|error| failed(&error))?;
        let view = staging.0.get_mapped_range(..).map_err(|error| failed(&error))?;
        let taken = match bytemuck::try_cast_slice(&view) {
            Ok(numbers) => take(numbers),
            // A page has a copy of the memory, which may lie anywhere.
            Err(_) => take(&bytemuck::pod_collect_to_vec(&view)),
        };
        drop(view);
        staging.0.unmap();
        Ok((taken, staging))
    }
}

//! Dispatches that are recorded once and replayed: the commands of a training step never change.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::joint::{Joint, Part};
use super::kernel::Dispatch;
use super::{Gpu, GpuError, Kernel, KernelError, Operands, Tensor};
use crate::platform::Instant;

/// Dispatches in their order, and the copies to textures that they need.
#[derive(Clone)]
pub struct Recording {
    gpu: Gpu,
    commands: Vec<Command>,
    /// The tensors whose texture holds what their buffer holds, at the end of the recording.
    fresh: Vec<Tensor>,
    /// Kernels that are to share a dispatch, while such are recorded.
    together: Option<Vec<Part>>,
    /// How long a run may take, as far as is known, in nanoseconds.
    expected: Arc<AtomicU64>,
}

/// No submit is to take longer. Drivers end what takes about two seconds, and the device with it.
const LONGEST: Duration = Duration::from_millis(500);

#[derive(Clone)]
enum Command {
    Copy(Tensor),
    Run(Dispatch),
}

impl Recording {
    /// Nothing yet.
    pub fn new(gpu: &Gpu) -> Recording {
        Recording {
            gpu: gpu.clone(),
            commands: Vec::new(),
            fresh: Vec::new(),
            together: None,
            // Until somebody tells, each dispatch goes in a submit of its own, but for software drivers, which end nothing.
            expected: Arc::new(AtomicU64::new(if gpu.is_software() { 0 } else { u64::MAX })),
        }
    }

    /// The device that the recording runs on.
    pub fn gpu(&self) -> &Gpu {
        &self.gpu
    }

    /// Takes `tensor` for constant: where kernels read textures, its copy is made now and not in every replay. Whoever
    /// writes the tensor later needs a new recording.
    pub fn hold(&mut self, tensor: &Tensor) {
        if self.gpu.settings().operands == Operands::Textures {
            let mut encoder = self.gpu.device.create_command_encoder(&Default::default());
            tensor.copy_to_texture(&self.gpu, &mut encoder);
            self.gpu.queue.submit([encoder.finish()]);
            self.fresh.push(tensor.clone());
        }
    }

    /// Adds a dispatch, and before it a copy to the texture of each tensor that it reads and that was written since.
    ///
    /// # Panics
    /// Where it is to share a dispatch: only products can.
    pub fn push(&mut self, dispatch: Dispatch) {
        assert!(self.together.is_none(), "{} is no product", dispatch.name());
        for tensor in &dispatch.textures {
            if !self.fresh.iter().any(|fresh| fresh.is(tensor)) {
                self.commands.push(Command::Copy(tensor.clone()));
                self.fresh.push(tensor.clone());
            }
        }
        self.fresh.retain(|fresh| !dispatch.written.iter().any(|written| written.is(fresh)));
        self.fresh.extend(dispatch.refreshed.iter().cloned());
        self.commands.push(Command::Run(dispatch));
    }

    /// Has the products that `record` records run in one dispatch, where that can be: they must not wait for each other. Software
    /// drivers are busy with each alone.
    ///
    /// # Errors
    /// Those of `record`, or the driver refuses the kernel.
    pub fn together(&mut self, record: impl FnOnce(&mut Recording) -> Result<(), GpuError>) -> Result<(), GpuError> {
        let settings = self.gpu.settings();
        if !settings.core.is_for_gpus() || settings.operands == Operands::Textures {
            return record(self);
        }
        self.together = Some(Vec::new());
        let recorded = record(self);
        let parts = self.together.take().unwrap_or_default();
        recorded?;
        self.push_parts(&parts)
    }

    /// Whether what is recorded is to share a dispatch.
    pub fn is_together(&self) -> bool {
        self.together.is_some()
    }

    /// Adds a product, to others if it is to share their dispatch.
    ///
    /// # Errors
    /// The driver refuses the kernel.
    pub fn push_part(&mut self, part: Part) -> Result<(), GpuError> {
        match &mut self.together {
            Some(parts) => parts.push(part),
            None => self.push_parts(&[part])?,
        }
        Ok(())
    }

    fn push_parts(&mut self, parts: &[Part]) -> Result<(), GpuError> {
        let dispatch = match parts {
            [] => return Ok(()),
            [Part { source, tensors, workgroups, .. }] => {
                let tensors: Vec<(&str, &Tensor)> =
                    tensors.iter().map(|(name, tensor)| (name.as_str(), tensor)).collect();
                Kernel::new(&self.gpu, source)?.bind(&self.gpu, &tensors, *workgroups)?
            }
            parts if Joint::is_possible(&self.gpu, parts) => Kernel::side_by_side(&self.gpu, parts)?,
            [first, rest @ ..] => {
                self.push_parts(std::slice::from_ref(first))?;
                return self.push_parts(rest);
            }
        };
        self.push(dispatch);
        Ok(())
    }

    /// Each command as a recording of its own, with its name: a kernel's, or `copy` for a copy to a texture.
    pub fn commands(&self) -> impl Iterator<Item = (&str, Recording)> {
        self.commands.iter().map(|command| {
            let name = match command {
                Command::Copy(_) => "copy",
                Command::Run(dispatch) => dispatch.name(),
            };
            (name, Recording { commands: vec![command.clone()], ..Recording::new(&self.gpu) })
        })
    }

    /// What its kernels write, in their order.
    pub fn written(&self) -> impl Iterator<Item = &Tensor> {
        self.commands.iter().flat_map(|command| match command {
            Command::Copy(_) => &[],
            Command::Run(dispatch) => dispatch.written.as_slice(),
        })
    }

    /// The name of each kernel that is run and its workgroups, without the copies to textures.
    pub fn dispatches(&self) -> impl Iterator<Item = (&str, [u32; 3])> {
        self.commands.iter().filter_map(|command| match command {
            Command::Copy(_) => None,
            Command::Run(dispatch) => Some((dispatch.name(), dispatch.workgroups)),
        })
    }

    /// Tells how long a run takes; how much goes in one submit follows from that, and nothing else does.
    pub fn expect(&self, time: Duration) {
        self.expected.store(time.as_nanos() as u64, Ordering::Relaxed);
    }

    /// Submits the recording `times` times, without waiting for it. The device begins while the rest is still encoded.
    ///
    /// # Errors
    /// The device failed earlier.
    pub fn submit(&self, times: usize) -> Result<(), GpuError> {
        let (runs, pieces) = share(Duration::from_nanos(self.expected.load(Ordering::Relaxed)));
        for replays in encoders(times, runs) {
            if pieces == 1 {
                self.gpu.queue.submit([self.encode(replays)?]);
                continue;
            }
            for piece in self.commands.chunks(self.commands.len().div_ceil(pieces).max(1)) {
                let mut encoder = self.gpu.device.create_command_encoder(&Default::default());
                self.encode_into(&mut encoder, piece, 1)?;
                self.gpu.queue.submit([encoder.finish()]);
            }
        }
        self.gpu.check()
    }

    /// The recording, once, for what comes behind it in the same submit.
    ///
    /// # Errors
    /// The driver refuses a kernel.
    pub(super) fn encoder(&self) -> Result<wgpu::CommandEncoder, KernelError> {
        let mut encoder = self.gpu.device.create_command_encoder(&Default::default());
        self.encode_into(&mut encoder, &self.commands, 1)?;
        Ok(encoder)
    }

    /// Runs the recording `times` times, and gives the time from the submit to the end of the work. What the host does
    /// before, encoding the commands, does not count. Not for a page, which cannot wait.
    ///
    /// # Errors
    /// The device failed.
    pub fn time(&self, times: usize) -> Result<Duration, GpuError> {
        let buffers = encoders(times, MOST).map(|replays| self.encode(replays)).collect::<Result<Vec<_>, _>>()?;
        self.gpu.wait()?;
        let start = Instant::now();
        self.gpu.queue.submit(buffers);
        self.gpu.wait()?;
        Ok(start.elapsed())
    }

    fn encode(&self, times: usize) -> Result<wgpu::CommandBuffer, KernelError> {
        let mut encoder = self.gpu.device.create_command_encoder(&Default::default());
        self.encode_into(&mut encoder, &self.commands, times)?;
        Ok(encoder.finish())
    }

    fn encode_into(
        &self,
        encoder: &mut wgpu::CommandEncoder,
        commands: &[Command],
        times: usize,
    ) -> Result<(), KernelError> {
        let mut commands = (0..times).flat_map(|_| commands).peekable();
        while let Some(command) = commands.next() {
            match command {
                Command::Copy(tensor) => tensor.copy_to_texture(&self.gpu, encoder),
                Command::Run(first) => {
                    let mut pass = encoder.begin_compute_pass(&Default::default());
                    run(&mut pass, first)?;
                    while let Some(Command::Run(next)) = commands.next_if(|command| matches!(command, Command::Run(_)))
                    {
                        run(&mut pass, next)?;
                    }
                }
            }
        }
        Ok(())
    }
}

/// The most replays of an encoder: enough to drown what an encoder costs, few enough that it is soon done, and that no thousands of
/// passes stand in it, which slow every later submit.
const MOST: usize = 16;

/// The replays of each encoder, for so many in all.
fn encoders(times: usize, most: usize) -> impl Iterator<Item = usize> {
    (0..times).step_by(most).map(move |first| (times - first).min(most))
}

/// How many runs go in a submit where one takes `time`, and in how many pieces one goes.
fn share(time: Duration) -> (usize, usize) {
    let nanos = time.as_nanos().max(1);
    let runs = (LONGEST.as_nanos() / nanos).clamp(1, MOST as u128);
    (runs as usize, nanos.div_ceil(LONGEST.as_nanos()) as usize)
}

fn run(pass: &mut wgpu::ComputePass, dispatch: &Dispatch) -> Result<(), KernelError> {
    pass.set_pipeline(dispatch.kernel.pipeline()?);
    pass.set_bind_group(0, &dispatch.bind_group, &[]);
    let [x, y, z] = dispatch.workgroups;
    pass.dispatch_workgroups(x, y, z);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_submit_takes_longer_than_half_a_second_as_far_as_is_known() {
        let shares = [0, 1, 30, 100, 500, 501, 5_000].map(|milliseconds| share(Duration::from_millis(milliseconds)));
        assert_eq!(shares, [(16, 1), (16, 1), (16, 1), (5, 1), (1, 1), (1, 2), (1, 10)]);
        assert_eq!(encoders(12, 5).collect::<Vec<_>>(), [5, 5, 2]);
        let (runs, pieces) = share(Duration::from_nanos(u64::MAX));
        assert!(runs == 1 && pieces > 1_000_000, "nothing is known: {runs} runs, {pieces} pieces");
    }
}

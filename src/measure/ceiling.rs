//! What an adapter does at most, measured by two kernels of this program: multiply-adds that never leave the registers,
//! and a copy too large for any cache.

use serde::{Deserialize, Serialize};

use super::sample;
use crate::gpu::{Gpu, GpuError, Kernel, Operands, Recording, Settings, Source, Tensor};

/// The most that an adapter does.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ceiling {
    /// Multiplications and additions.
    pub flops_per_second: f64,
    /// Read and written, together.
    pub bytes_per_second: f64,
}

/// Which of the two a kernel comes nearer to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Bound {
    Arithmetic,
    Memory,
}

/// How the arithmetic kernel is laid out.
#[derive(Clone, Copy)]
struct Arithmetic {
    invocations: usize,
    /// Sums of an invocation that do not wait for each other, each a vector of four.
    chains: usize,
    /// Multiply-adds of a chain that are written out in the body of its loop.
    steps: usize,
    rounds: usize,
}

/// Enough to fill every GPU: 4 GFLOP in `2^18` invocations. Compilers differ in how much they keep in registers and in
/// how long a body they order well, so the best of several counts.
const ARITHMETIC: [Arithmetic; 3] = [
    Arithmetic { invocations: 1 << 18, chains: 2, steps: 8, rounds: 128 },
    Arithmetic { invocations: 1 << 18, chains: 2, steps: 64, rounds: 16 },
    Arithmetic { invocations: 1 << 18, chains: 4, steps: 32, rounds: 16 },
];

/// Numbers of the copy: 128 MiB, the most that every adapter binds.
const COPY: usize = 1 << 25;

/// Invocations in a workgroup of either kernel.
const WORKGROUP: usize = 256;

/// Workgroups in a row of the copy's dispatch.
const ROW: usize = 512;

impl Ceiling {
    /// Measures `gpu`, whatever its settings are: the best run counts, since all that disturbs one only slows it.
    ///
    /// # Errors
    /// The device failed.
    pub fn measure(gpu: &Gpu) -> Result<Ceiling, GpuError> {
        let mut ceiling = Ceiling { flops_per_second: 0.0, bytes_per_second: 0.0 };
        for layout in ARITHMETIC {
            let (recording, _) = arithmetic(gpu, layout)?;
            let rate = layout.flops() / sample(|times| recording.time(times))?.shortest();
            ceiling.flops_per_second = ceiling.flops_per_second.max(rate);
        }
        let numbers: Vec<f32> = (0..COPY).map(|index| index as f32).collect();
        for operands in [Operands::Buffers, Operands::Textures] {
            let gpu = gpu.with(Settings { operands, ..gpu.settings() });
            let (recording, _) = copy(&gpu, &numbers)?;
            // With textures these are two copies, the driver's to the texture and the kernel's; either may be faster.
            for (_, recording) in recording.commands() {
                let rate = 8.0 * COPY as f64 / sample(|times| recording.time(times))?.shortest();
                ceiling.bytes_per_second = ceiling.bytes_per_second.max(rate);
            }
        }
        Ok(ceiling)
    }

    /// The kernels that measure it.
    pub fn sources() -> Vec<Source> {
        ARITHMETIC.into_iter().map(Arithmetic::source).chain([copy_source()]).collect()
    }

    /// The share of the ceiling that work reaches, from 0 to 1, and which of the two that is: the nearer one.
    pub fn share(&self, flops: f64, bytes: f64, seconds: f64) -> (f64, Bound) {
        let arithmetic = flops / seconds / self.flops_per_second;
        let memory = bytes / seconds / self.bytes_per_second;
        if arithmetic > memory { (arithmetic, Bound::Arithmetic) } else { (memory, Bound::Memory) }
    }
}

impl Arithmetic {
    fn source(self) -> Source {
        Source::new("arithmetic", &["ceiling/arithmetic"])
            .with("CHAINS", self.chains)
            .with("STEPS", self.steps)
            .with("ROUNDS", self.rounds)
    }

    fn flops(self) -> f64 {
        (2 * 4 * self.invocations * self.chains * self.steps * self.rounds) as f64
    }
}

/// The multiply-adds, and the tensor `[invocations, 4]` that their sums go to.
fn arithmetic(gpu: &Gpu, layout: Arithmetic) -> Result<(Recording, Tensor), GpuError> {
    let y = Tensor::zeros(gpu, "the sums of the chains", 4 * layout.invocations)?;
    let workgroups = [(layout.invocations / WORKGROUP) as u32, 1, 1];
    Ok((recording(gpu, &layout.source(), &[("y", &y)], workgroups)?, y))
}

/// The copy of `numbers`, a multiple of 4 x [`WORKGROUP`] x [`ROW`], and the tensor that they go to.
fn copy(gpu: &Gpu, numbers: &[f32]) -> Result<(Recording, Tensor), GpuError> {
    let x = Tensor::new(gpu, "the original", numbers)?;
    let y = Tensor::zeros(gpu, "the copy", numbers.len())?;
    let workgroups = [ROW as u32, (numbers.len() / 4 / WORKGROUP / ROW) as u32, 1];
    Ok((recording(gpu, &copy_source(), &[("x", &x), ("y", &y)], workgroups)?, y))
}

fn copy_source() -> Source {
    Source::new("copy", &["ceiling/copy", "each"])
}

fn recording(
    gpu: &Gpu,
    source: &Source,
    tensors: &[(&str, &Tensor)],
    workgroups: [u32; 3],
) -> Result<Recording, GpuError> {
    let mut recording = Recording::new(gpu);
    recording.push(Kernel::new(gpu, source)?.bind(gpu, tensors, workgroups)?);
    Ok(recording)
}

#[cfg(test)]
mod tests {
    use pollster::FutureExt as _;

    use super::*;
    use crate::gpu::Request;

    fn gpu() -> Gpu {
        Gpu::open(&Request::default()).block_on().unwrap_or_else(|error| panic!("{error}"))
    }

    #[test]
    fn the_arithmetic_kernel_does_every_multiply_add_that_it_is_credited_with() {
        let (gpu, layout) = (gpu(), Arithmetic { invocations: 2 * WORKGROUP, chains: 3, steps: 4, rounds: 5 });
        let (recording, y) = arithmetic(&gpu, layout).unwrap();
        recording.submit(1).unwrap();
        let sums: Vec<f32> = y.read(&gpu).block_on().unwrap();
        for (id, found) in sums.chunks_exact(4).enumerate() {
            let (a, b) = (1.0 - 0.001 * (id % 8) as f64, 0.001 * (id % 4) as f64);
            let chain = |chain: usize| (0..layout.steps * layout.rounds).fold(chain as f64, |x, _| a * x + b);
            let expected: f64 = (0..layout.chains).map(chain).sum();
            for found in found {
                assert!((f64::from(*found) - expected).abs() < 1e-4, "invocation {id}: {found} is not {expected}");
            }
        }
    }

    #[test]
    fn the_copy_kernel_copies_every_number() {
        let gpu = gpu();
        let numbers: Vec<f32> = (0..8 * WORKGROUP * ROW).map(|index| index as f32).collect();
        for operands in [Operands::Buffers, Operands::Textures] {
            let gpu = gpu.with(Settings { operands, ..gpu.settings() });
            let (recording, y) = copy(&gpu, &numbers).unwrap();
            recording.submit(1).unwrap();
            assert!(y.read::<f32>(&gpu).block_on().unwrap() == numbers, "{operands:?}");
        }
    }

    #[test]
    fn the_share_of_the_ceiling_is_the_larger_one() {
        let ceiling = Ceiling { flops_per_second: 100.0, bytes_per_second: 10.0 };
        assert_eq!(ceiling.share(100.0, 1.0, 2.0), (0.5, Bound::Arithmetic));
        assert_eq!(ceiling.share(0.0, 1.0, 0.5), (0.2, Bound::Memory));
    }
}

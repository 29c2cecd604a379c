//! How long each operation takes at the sizes of a training step, beside the step and beside what the adapter does at
//! most.

use serde::{Deserialize, Serialize};

use super::{BATCH, Bound, Ceiling, Training, sample};
use crate::cases::{self, Case};
use crate::gpu::{Gpu, GpuError, Recording};
use crate::layers::batch::Images;

/// Every operation of the table of cases, measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Kernels {
    pub ceiling: Ceiling,
    /// A whole training step.
    pub step_seconds: f64,
    pub operations: Vec<Measurement>,
}

/// The time of one operation. What it reads lies on the GPU, and in the caches as far as it fits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Measurement {
    pub operation: String,
    pub shape: String,
    pub seconds: f64,
    /// Multiplications and additions.
    pub flops: f64,
    /// What must at least be read and written.
    pub bytes: f64,
    /// Its part of a training step, from 0 to 1; `None` where the step has no such kernel of this size.
    pub share_of_step: Option<f64>,
    /// The larger of its shares of the ceilings, from 0 to 1, and which that is.
    pub share_of_ceiling: f64,
    pub bound: Bound,
}

impl Kernels {
    /// Measures every operation at the sizes of the seed network's training step, and the step on `images`.
    ///
    /// # Errors
    /// A kernel cannot be built or the device failed.
    pub fn measure(gpu: &Gpu, images: &Images) -> Result<Kernels, GpuError> {
        let ceiling = Ceiling::measure(gpu)?;
        let mut training = Training::seed(gpu, images)?;
        let step_seconds = sample(|steps| training.time(steps))?.median();
        let step = training.recording();
        let measure = |case: Case| {
            let recording = case.prepare(gpu)?.recording;
            let seconds = sample(|times| recording.time(times))?.median();
            let (share_of_ceiling, bound) = ceiling.share(case.flops, case.bytes, seconds);
            let uses = uses(case.operation, &recording, step);
            Ok(Measurement {
                operation: case.operation.into(),
                shape: case.shape,
                seconds,
                flops: case.flops,
                bytes: case.bytes,
                share_of_step: uses.map(|uses| uses * seconds / step_seconds),
                share_of_ceiling,
                bound,
            })
        };
        let cases = cases::seed_network(BATCH).into_iter().filter(|case| case.is_for(gpu));
        let operations = cases.map(measure).collect::<Result<_, GpuError>>()?;
        Ok(Kernels { ceiling, step_seconds, operations })
    }
}

/// How often a step does what a case of `operation` does, if it does: cases repeat what changes from time to time, as
/// Adam does.
fn uses(operation: &str, case: &Recording, step: &Recording) -> Option<f64> {
    let own: Vec<_> = case.dispatches().filter(|(name, _)| is_kernel_of(operation, name)).collect();
    let first = own.first()?;
    let in_step = step.dispatches().filter(|dispatch| dispatch == first).count();
    (in_step > 0).then_some(in_step as f64 / own.len() as f64)
}

/// Whether the kernel `name`, a file and an entry point, is the operation's, a file or a file and a direction; of kernels that
/// share a dispatch, each.
fn is_kernel_of(operation: &str, name: &str) -> bool {
    let is_one = |operation: &str, name: &str| {
        name.split_once('.').is_some_and(|(file, entry)| operation == file || operation == format!("{file}/{entry}"))
    };
    let (operations, names): (Vec<&str>, Vec<&str>) = (operation.split(" + ").collect(), name.split(" + ").collect());
    operations.len() == names.len() && operations.iter().zip(names).all(|(operation, name)| is_one(operation, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kernels_belong_to_the_operation_of_their_file_or_entry_point() {
        assert!(is_kernel_of("conv/pooled", "conv/pooled.matmul"));
        assert!(is_kernel_of("pool/backward", "pool.backward"));
        assert!(!is_kernel_of("pool/backward", "pool.forward"));
        assert!(!is_kernel_of("conv/backward_weights", "pool.backward"));
        let joint = "conv/backward_weights.matmul + conv/backward_input.matmul";
        assert!(is_kernel_of("conv/backward_weights + conv/backward_input", joint));
        assert!(!is_kernel_of("conv/backward_weights", joint));
    }
}

//! How long kernels take: every operation at the seed network's sizes, and whole training steps.

use std::time::{Duration, Instant};

use crate::cases::seed_network;
use crate::gpu::{Gpu, GpuError, Recording};

/// The time of one operation.
#[derive(Clone, Debug, PartialEq)]
pub struct Measurement {
    pub operation: &'static str,
    pub shape: String,
    pub seconds: f64,
    /// Multiplications and additions.
    pub flops: f64,
    /// What must at least be read and written.
    pub bytes: f64,
}

/// Runs of which the median counts.
const RUNS: usize = 9;

/// A run is repeated in one submit until it takes about this long, which drowns the cost of the submit.
const RUN_TIME: Duration = Duration::from_millis(20);

/// More would take a training step, repeated in all runs, beyond the batches of its epoch.
const MOST_IN_A_SUBMIT: f64 = 16.0;

/// Measures every operation at the sizes of the seed network's training step on batches of `n`, one after the other.
pub fn operations(gpu: &Gpu, n: usize) -> impl Iterator<Item = Result<Measurement, GpuError>> + '_ {
    seed_network(n).into_iter().map(|case| {
        let seconds = seconds(&case.prepare(gpu)?.recording)?;
        let (operation, shape) = (case.operation, case.shape);
        Ok(Measurement { operation, shape, seconds, flops: case.flops, bytes: case.bytes })
    })
}

/// The median time of one run of a recording, after a run that compiles its kernels.
///
/// # Errors
/// The device failed.
pub fn seconds(recording: &Recording) -> Result<f64, GpuError> {
    let run = |times: usize| {
        let start = Instant::now();
        recording.submit(times)?;
        recording.gpu().wait()?;
        Ok::<f64, GpuError>(start.elapsed().as_secs_f64() / times as f64)
    };
    run(1)?;
    let times = (RUN_TIME.as_secs_f64() / run(1)?).ceil().clamp(1.0, MOST_IN_A_SUBMIT) as usize;
    let mut seconds = (0..RUNS).map(|_| run(times)).collect::<Result<Vec<f64>, GpuError>>()?;
    seconds.sort_by(f64::total_cmp);
    Ok(seconds[RUNS / 2])
}

//! How long things take on an adapter: every operation, a training step and its parts, recognition, how the cost grows
//! with the work, and what the adapter could do at most.
//!
//! Times are wall times from a submit to the end of its work, which is repeated until the submit does not count, and of
//! several such runs the median. The GPU's own timestamps are not used: not every adapter has them, and nothing shows that
//! those of every driver enclose just the work between them.

mod ceiling;
mod inference;
mod kernels;
#[cfg(not(target_arch = "wasm32"))]
mod pictures;
mod scale;
mod start;
mod step;
mod sweep;

use std::time::Duration;

pub use ceiling::{Bound, Ceiling};
pub use inference::{Inference, Latency, Throughput};
pub use kernels::{Kernels, Measurement};
#[cfg(not(target_arch = "wasm32"))]
pub use pictures::Reading;
pub use scale::{Outcome, Point, Scale};
pub use start::{Start, StartError};
pub use step::{Command, Steps, Training};
pub use sweep::{Sweep, Swept};

use crate::gpu::GpuError;
use crate::network::{Network, SEED, Shape};
use crate::samples::Samples;

/// Images of a training step, but where the batch is what changes.
pub const BATCH: usize = 128;

/// Runs of the same work: as many as take no longer than [`BUDGET`] together, within these bounds.
const LEAST_RUNS: usize = 3;
const MOST_RUNS: usize = 9;
const BUDGET: Duration = Duration::from_secs(1);

/// A run repeats short work until it takes about this long, which drowns the cost of the submit.
const RUN_TIME: Duration = Duration::from_millis(40);

/// The commands of more could take longer to encode than to run.
const MOST_REPEATS: f64 = 1000.0;

/// Times one piece of work, after a first time that compiles its kernels. `time(repeats)` does the work so many times and
/// says how long all took.
///
/// # Errors
/// Those of `time`.
pub fn sample(mut time: impl FnMut(usize) -> Result<Duration, GpuError>) -> Result<Samples, GpuError> {
    time(1)?;
    let once = time(1)?.as_secs_f64();
    let repeats = (RUN_TIME.as_secs_f64() / once).ceil().clamp(1.0, MOST_REPEATS);
    let runs = ((BUDGET.as_secs_f64() / (once * repeats)) as usize).clamp(LEAST_RUNS, MOST_RUNS);
    let seconds = (0..runs).map(|_| Ok(time(repeats as usize)?.as_secs_f64() / repeats));
    Ok(Samples::new(seconds.collect::<Result<_, GpuError>>()?))
}

/// The network whose cost is measured.
fn seed_network() -> Network {
    Network::parse(Shape::MNIST, SEED).expect("the seed network is a network")
}

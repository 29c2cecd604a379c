//! Does this adapter compute what it should: every case of the table with every core that the adapter runs, and the
//! training of three steps that PyTorch has done, too.

use std::collections::BTreeSet;

use crate::cases::{self, Verdict};
use crate::gpu::{Core, Gpu, GpuError, Settings};

/// One operation with one core, over all its cases.
#[derive(Debug)]
pub struct Row {
    pub core: Core,
    /// An operation of the table, or `training`.
    pub operation: &'static str,
    pub cases: usize,
    /// What the worst case came to; the first that differs or fails, if any does.
    pub outcome: Result<Verdict, GpuError>,
}

impl Row {
    /// Whether every case agrees with the reference.
    pub fn passed(&self) -> bool {
        matches!(self.outcome, Ok(Verdict::Agrees { .. }))
    }
}

/// Runs everything, a row at a time.
pub fn run(gpu: &Gpu) -> impl Iterator<Item = Row> {
    gpu.cores().into_iter().flat_map(move |core| {
        let gpu = gpu.with(Settings { core, ..gpu.settings() });
        let cases = cases::parity().into_iter().filter(|case| case.is_for(&gpu));
        let operations: BTreeSet<&'static str> = cases.map(|case| case.operation).collect();
        let training = gpu.clone();
        let training = move || Row { core, operation: "training", cases: 1, outcome: cases::golden(&training) };
        let rows = operations.into_iter().map(move |operation| row(&gpu, operation));
        rows.chain(std::iter::once_with(training))
    })
}

fn row(gpu: &Gpu, operation: &'static str) -> Row {
    let cases: Vec<_> = cases::parity().into_iter().filter(|case| case.operation == operation).collect();
    let mut outcome = Ok(Verdict::Agrees { worst: 0.0 });
    for case in &cases {
        outcome = match (outcome, case.check(gpu)) {
            (Ok(Verdict::Agrees { worst }), Ok(Verdict::Agrees { worst: next })) => {
                Ok(Verdict::Agrees { worst: worst.max(next) })
            }
            (Ok(Verdict::Agrees { .. }), Ok(Verdict::Differs(difference))) => {
                Ok(Verdict::Differs(format!("{}: {difference}", case.shape)))
            }
            (Ok(Verdict::Agrees { .. }), Err(error)) => Err(error),
            (earlier, _) => earlier,
        };
    }
    Row { core: gpu.settings().core, operation, cases: cases.len(), outcome }
}

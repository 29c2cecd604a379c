//! Does this adapter compute what it should: with every core that the adapter runs, the training of three steps that
//! PyTorch has done, too, and every case of the table.

use std::collections::BTreeSet;

use crate::cases::{self, Verdict};
use crate::gpu::{Core, Gpu, GpuError, Settings};
use crate::reference::golden::Golden;

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

    /// What came of it, in words.
    pub fn detail(&self) -> String {
        match &self.outcome {
            Ok(Verdict::Agrees { worst }) => format!("{worst:.3} of the error allowed"),
            Ok(Verdict::Differs(difference)) => format!("DIFFERS: {difference}"),
            Err(error) => format!("FAILS: {error}"),
        }
    }
}

/// Runs everything, with PyTorch's numbers out of `golden`, and tells `rows` of each as it is done; an error that it returns
/// ends the test and is handed on.
///
/// # Errors
/// Those of `rows`.
pub async fn run<E>(gpu: &Gpu, golden: &Golden<'_>, mut rows: impl AsyncFnMut(Row) -> Result<(), E>) -> Result<(), E> {
    for core in gpu.cores() {
        let gpu = gpu.with(Settings { core, ..gpu.settings() });
        rows(Row { core, operation: "training", cases: 1, outcome: cases::golden(&gpu, golden).await }).await?;
        let cases = cases::parity().into_iter().filter(|case| case.is_for(&gpu));
        let operations: BTreeSet<&'static str> = cases.map(|case| case.operation).collect();
        for operation in operations {
            rows(row(&gpu, operation).await).await?;
        }
    }
    Ok(())
}

async fn row(gpu: &Gpu, operation: &'static str) -> Row {
    let cases: Vec<_> = cases::parity().into_iter().filter(|case| case.operation == operation).collect();
    let mut outcome = Ok(Verdict::Agrees { worst: 0.0 });
    for case in &cases {
        outcome = match (outcome, case.check(gpu).await) {
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

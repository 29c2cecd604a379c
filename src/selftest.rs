//! Does this adapter compute what it should: with every core that the adapter runs, the training of three steps that
//! PyTorch has done, too, one that must learn and repeat itself, a NaN planted in each tensor, and every case of the table, twice.

use std::collections::{BTreeMap, VecDeque};

use crate::cases::{self, Case, Prepared, Verdict};
use crate::gpu::{Core, Gpu, GpuError, Settings};
use crate::reference::golden::Golden;

/// One operation with one core, over all its cases.
#[derive(Debug)]
pub struct Row {
    pub core: Core,
    /// An operation of the table, or `PyTorch's steps`, `a training` or `planted NaN`.
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

/// Runs everything with every core of the adapter, one after the other, as [`run_core`] does with one.
///
/// # Errors
/// Those of `rows`.
pub async fn run<E>(gpu: &Gpu, golden: &Golden<'_>, mut rows: impl AsyncFnMut(Row) -> Result<(), E>) -> Result<(), E> {
    for core in gpu.cores() {
        run_core(&gpu.with(Settings { core, ..gpu.settings() }), golden, &mut rows).await?;
    }
    Ok(())
}

/// Runs everything with the core of `gpu` and PyTorch's numbers out of `golden`, and tells `rows` of each as it is done; an error
/// that it returns ends the test and is handed on. A device that fails ends it, too: [`Gpu::check`] says how.
///
/// # Errors
/// Those of `rows`.
pub async fn run_core<E>(
    gpu: &Gpu,
    golden: &Golden<'_>,
    mut rows: impl AsyncFnMut(Row) -> Result<(), E>,
) -> Result<(), E> {
    let core = gpu.settings().core;
    rows(Row { core, operation: "PyTorch's steps", cases: 1, outcome: cases::golden(gpu, golden).await }).await?;
    rows(Row { core, operation: "a training", cases: 1, outcome: cases::repeated(gpu).await }).await?;
    rows(planted(gpu).await).await?;
    let mut operations: BTreeMap<&'static str, Vec<Case>> = BTreeMap::new();
    for case in cases::parity().into_iter().filter(|case| case.is_for(gpu)) {
        operations.entry(case.operation).or_default().push(case);
    }
    let mut ahead = VecDeque::new();
    for (operation, cases) in operations {
        ahead.push_back(Ahead::new(gpu, operation, cases));
        if ahead.len() > AHEAD
            && let Some(first) = ahead.pop_front()
        {
            rows(first.row(gpu).await).await?;
        }
        if gpu.check().is_err() {
            return Ok(());
        }
    }
    for operation in ahead {
        rows(operation.row(gpu).await).await?;
    }
    Ok(())
}

/// Whether a case agrees with the reference, and gives the same bits when it is run once more on the same inputs.
async fn twice(gpu: &Gpu, case: &Case, prepared: Result<Prepared, GpuError>) -> Result<Verdict, GpuError> {
    let prepared = prepared?;
    let verdict = prepared.check(gpu).await?;
    let again = case.prepare(gpu)?;
    again.recording.submit(1)?;
    match verdict {
        Verdict::Agrees { .. } if prepared.bits(gpu).await? != again.bits(gpu).await? => {
            Ok(Verdict::Differs("run twice, it comes to other bits".into()))
        }
        verdict => Ok(verdict),
    }
}

async fn planted(gpu: &Gpu) -> Row {
    let (cases, outcome) = match cases::planted(gpu).await {
        Ok((cases, verdict)) => (cases, Ok(verdict)),
        Err(error) => (0, Err(error)),
    };
    Row { core: gpu.settings().core, operation: "planted NaN", cases, outcome }
}

/// Operations whose kernels compile while those before are checked.
const AHEAD: usize = 4;

/// The cases of an operation, prepared.
struct Ahead {
    operation: &'static str,
    cases: Vec<(Case, Result<Prepared, GpuError>)>,
}

impl Ahead {
    fn new(gpu: &Gpu, operation: &'static str, cases: Vec<Case>) -> Ahead {
        let prepared = |case: Case| {
            let prepared = case.prepare(gpu);
            (case, prepared)
        };
        Ahead { operation, cases: cases.into_iter().map(prepared).collect() }
    }

    async fn row(self, gpu: &Gpu) -> Row {
        let (operation, cases) = (self.operation, self.cases.len());
        let mut outcome = Ok(Verdict::Agrees { worst: 0.0 });
        for (case, prepared) in self.cases {
            let (shape, verdict) = (&case.shape, twice(gpu, &case, prepared).await);
            outcome = match (outcome, verdict) {
                (Ok(Verdict::Agrees { worst }), Ok(Verdict::Agrees { worst: next })) => {
                    Ok(Verdict::Agrees { worst: worst.max(next) })
                }
                (Ok(Verdict::Agrees { .. }), Ok(Verdict::Differs(difference))) => {
                    Ok(Verdict::Differs(format!("{shape}: {difference}")))
                }
                (Ok(Verdict::Agrees { .. }), Err(error)) => Err(error),
                (earlier, _) => earlier,
            };
        }
        Row { core: gpu.settings().core, operation, cases, outcome }
    }
}

//! Does this adapter compute what it should: the training of three steps that PyTorch has done, too, one that must learn and
//! repeat itself, a NaN planted in each tensor, and every case of the table, twice, each with every core that the adapter runs.

use std::collections::{BTreeMap, VecDeque};
use std::iter::Enumerate;
use std::sync::{Arc, Mutex, PoisonError};
use std::vec::IntoIter;

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
    fn new(gpu: &Gpu, operation: &'static str, cases: usize, outcome: Result<Verdict, GpuError>) -> Row {
        Row { core: gpu.settings().core, operation, cases, outcome }
    }

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

/// What is left to check, which several devices of an adapter may take from side by side.
pub struct Worklist(Mutex<Enumerate<IntoIter<Item>>>);

/// What is checked on one device, with one core after the other, so that kernels that are the same are compiled once.
enum Item {
    Trainings(&'static [Training]),
    Operation(&'static str, Vec<Case>),
}

#[derive(Clone, Copy)]
enum Training {
    Golden,
    Repeated,
    Planted,
}

impl Worklist {
    /// Everything.
    pub fn all() -> Worklist {
        let mut operations: BTreeMap<&'static str, Vec<Case>> = BTreeMap::new();
        for case in cases::parity() {
            operations.entry(case.operation).or_default().push(case);
        }
        let operations = operations.into_iter().map(|(operation, cases)| Item::Operation(operation, cases));
        // Those that train the same network are on one device.
        let trainings: [&[Training]; 2] = [&[Training::Golden], &[Training::Repeated, Training::Planted]];
        let items = trainings.map(Item::Trainings).into_iter().chain(operations);
        Worklist(Mutex::new(items.collect::<Vec<Item>>().into_iter().enumerate()))
    }

    fn next(&self) -> Option<(usize, Item)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).next()
    }
}

/// Checks what is left of `work` with every core of the adapter, PyTorch's numbers out of `golden`. Tells `done` what came of each
/// item, a row for each core, and which one it is, counted from 0; an error that it returns ends the test and is handed on. A device
/// that fails ends it, too: [`Gpu::check`] says how.
///
/// # Errors
/// Those of `done`.
pub async fn run<E>(
    gpu: &Gpu,
    golden: &Golden<'_>,
    work: &Worklist,
    mut done: impl AsyncFnMut(usize, Vec<Row>) -> Result<(), E>,
) -> Result<(), E> {
    let cores: Vec<Gpu> = gpu.cores().into_iter().map(|core| gpu.with(Settings { core, ..gpu.settings() })).collect();
    let mut ahead = VecDeque::new();
    while let Some((place, item)) = work.next() {
        match item {
            Item::Trainings(trainings) => {
                let mut rows = Vec::new();
                for training in trainings {
                    for gpu in &cores {
                        rows.push(training.row(gpu, golden).await);
                    }
                }
                done(place, rows).await?;
            }
            Item::Operation(operation, cases) => ahead.push_back((place, Ahead::new(&cores, operation, cases))),
        }
        if ahead.len() > AHEAD
            && let Some((place, first)) = ahead.pop_front()
        {
            done(place, first.rows(&cores).await).await?;
        }
        if gpu.check().is_err() {
            return Ok(());
        }
    }
    for (place, operation) in ahead {
        done(place, operation.rows(&cores).await).await?;
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

impl Training {
    async fn row(self, gpu: &Gpu, golden: &Golden<'_>) -> Row {
        match self {
            Training::Golden => Row::new(gpu, "PyTorch's steps", 1, cases::golden(gpu, golden).await),
            Training::Repeated => Row::new(gpu, "a training", 1, cases::repeated(gpu).await),
            Training::Planted => match cases::planted(gpu).await {
                Ok((cases, verdict)) => Row::new(gpu, "planted NaN", cases, Ok(verdict)),
                Err(error) => Row::new(gpu, "planted NaN", 0, Err(error)),
            },
        }
    }
}

/// Operations whose kernels compile while those before are checked.
const AHEAD: usize = 2;

/// A case, and what came of preparing it.
type Tried = (Arc<Case>, Result<Prepared, GpuError>);

/// An operation whose cases are prepared.
struct Ahead {
    operation: &'static str,
    /// For each core, those of its cases.
    cores: Vec<Vec<Tried>>,
}

impl Ahead {
    fn new(cores: &[Gpu], operation: &'static str, cases: Vec<Case>) -> Ahead {
        let cases: Vec<Arc<Case>> = cases.into_iter().map(Arc::new).collect();
        let prepared = |gpu: &Gpu| {
            let own = cases.iter().filter(|case| case.is_for(gpu));
            own.map(|case| (case.clone(), case.prepare(gpu))).collect()
        };
        Ahead { operation, cores: cores.iter().map(prepared).collect() }
    }

    async fn rows(self, cores: &[Gpu]) -> Vec<Row> {
        let mut rows = Vec::new();
        for (gpu, cases) in cores.iter().zip(self.cores).filter(|(_, cases)| !cases.is_empty()) {
            let count = cases.len();
            rows.push(Row::new(gpu, self.operation, count, worst(gpu, cases).await));
        }
        rows
    }
}

/// What the worst case came to; the first that differs or fails, if any does.
async fn worst(gpu: &Gpu, cases: Vec<Tried>) -> Result<Verdict, GpuError> {
    let mut worst: f64 = 0.0;
    for (case, prepared) in cases {
        match twice(gpu, &case, prepared).await? {
            Verdict::Agrees { worst: next } => worst = worst.max(next),
            Verdict::Differs(difference) => return Ok(Verdict::Differs(format!("{}: {difference}", case.shape))),
        }
    }
    Ok(Verdict::Agrees { worst })
}

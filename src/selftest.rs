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

/// Where a row stands among all, whichever device comes to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Which item of the list it belongs to, counted from 0.
    pub item: usize,
    /// Whether that has no more.
    pub is_last: bool,
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
    /// Everything that goes with a core of the adapter.
    pub fn all(gpu: &Gpu) -> Worklist {
        let cores = with_each_core(gpu);
        let mut operations: BTreeMap<&'static str, Vec<Case>> = BTreeMap::new();
        for case in cases::parity().into_iter().filter(|case| cores.iter().any(|gpu| case.is_for(gpu))) {
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

/// Checks what is left of `work` with every core of the adapter, PyTorch's numbers out of `golden`, and tells `rows` of each as it is
/// done; an error that it returns ends the test and is handed on. A device that fails ends it, too: [`Gpu::check`] says how.
///
/// # Errors
/// Those of `rows`.
pub async fn run<E>(
    gpu: &Gpu,
    golden: &Golden<'_>,
    work: &Worklist,
    mut rows: impl AsyncFnMut(Place, Row) -> Result<(), E>,
) -> Result<(), E> {
    let cores = with_each_core(gpu);
    let mut ahead = VecDeque::new();
    while let Some((item, work)) = work.next() {
        match work {
            Item::Trainings(trainings) => {
                let mut left = trainings.len() * cores.len();
                for training in trainings {
                    for gpu in &cores {
                        left -= 1;
                        rows(Place { item, is_last: left == 0 }, training.row(gpu, golden).await).await?;
                    }
                }
            }
            Item::Operation(operation, cases) => ahead.push_back(Ahead::new(item, operation, &cores, cases)),
        }
        if ahead.len() > AHEAD
            && let Some(first) = ahead.pop_front()
        {
            first.check(&mut rows).await?;
        }
        if gpu.check().is_err() {
            return Ok(());
        }
    }
    for operation in ahead {
        operation.check(&mut rows).await?;
    }
    Ok(())
}

fn with_each_core(gpu: &Gpu) -> Vec<Gpu> {
    gpu.cores().into_iter().map(|core| gpu.with(Settings { core, ..gpu.settings() })).collect()
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
    item: usize,
    operation: &'static str,
    /// The cores that it has cases for, with those.
    cores: Vec<(Gpu, Vec<Tried>)>,
}

impl Ahead {
    fn new(item: usize, operation: &'static str, cores: &[Gpu], cases: Vec<Case>) -> Ahead {
        let cases: Vec<Arc<Case>> = cases.into_iter().map(Arc::new).collect();
        let prepared = |gpu: &Gpu| {
            let own = cases.iter().filter(|case| case.is_for(gpu));
            (gpu.clone(), own.map(|case| (case.clone(), case.prepare(gpu))).collect())
        };
        let cores = cores.iter().map(prepared).filter(|(_, cases): &(Gpu, Vec<Tried>)| !cases.is_empty());
        Ahead { item, operation, cores: cores.collect() }
    }

    async fn check<E>(self, rows: &mut impl AsyncFnMut(Place, Row) -> Result<(), E>) -> Result<(), E> {
        let mut left = self.cores.len();
        for (gpu, cases) in self.cores {
            left -= 1;
            let count = cases.len();
            let row = Row::new(&gpu, self.operation, count, worst(&gpu, cases).await);
            rows(Place { item: self.item, is_last: left == 0 }, row).await?;
        }
        Ok(())
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

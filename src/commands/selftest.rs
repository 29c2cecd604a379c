//! `digits selftest`: whether the adapter computes what the reference and PyTorch compute.

use std::collections::BTreeMap;
use std::sync::mpsc;
use std::time::Instant;
use std::{io, panic, thread};

use anyhow::bail;
use digits::cases::Verdict;
use digits::gpu::{Gpu, Request};
use digits::reference::golden::Golden;
use digits::report::adapter_line;
use digits::selftest::{self, Place, Row, Worklist};
use pollster::FutureExt as _;
use serde::Serialize;

use super::version::VERSION;
use super::{GpuOptions, say};

/// Checks that the adapter computes what the reference and PyTorch compute
///
/// Every kernel, with every way to multiply that the adapter has, is compared with the reference at odd sizes, and run twice, which
/// must give the same bits. A training must follow PyTorch's numbers, another must learn and repeat itself, and a NaN that is planted
/// in each tensor of a training must be found. The exit code is 1 if a line differs.
#[derive(clap::Args)]
pub struct Options {
    /// Print one line of JSON instead of a table
    #[arg(long)]
    json: bool,
}

/// What `--json` prints.
#[derive(Serialize)]
struct Report<'a> {
    version: &'a str,
    adapter: &'a str,
    system: &'a str,
    seconds: f64,
    passed: usize,
    failed: usize,
    rows: &'a [RowReport],
}

#[derive(Serialize)]
struct RowReport {
    core: String,
    operation: &'static str,
    cases: usize,
    passed: bool,
    /// The worst error as a share of the error allowed, where all agree.
    worst: Option<f64>,
    /// What differs, where something does.
    difference: Option<String>,
}

/// A real GPU was checked on so many.
const DEVICES: usize = 3;

const SYSTEM: [&str; 2] = [std::env::consts::OS, std::env::consts::ARCH];

/// Prints a line for each operation and core, and at last what stands in a report of a fault. Fails if one of them differs.
pub fn run(options: &Options, request: &GpuOptions) -> anyhow::Result<()> {
    let started = Instant::now();
    let gpu = request.open()?;
    let adapter = adapter_line(&gpu);
    if !options.json {
        say(&format!("adapter   {adapter}\n"))?;
        say("core        operation                    cases  worst error / allowed  verdict")?;
    }
    let mut rows = Vec::new();
    side_by_side(&gpu, &request.request(), |row| {
        let row = RowReport::from(row);
        let told = if options.json { Ok(()) } else { say(&row.line()) };
        rows.push(row);
        told
    })?;
    let failed = rows.iter().filter(|row| !row.passed).count();
    let (passed, seconds) = (rows.len() - failed, started.elapsed().as_secs_f64());
    let report = Report {
        version: &VERSION,
        adapter: &adapter,
        system: &SYSTEM.join(" "),
        seconds,
        passed,
        failed,
        rows: &rows,
    };
    say(&if options.json { serde_json::to_string(&report)? } else { report.text() })?;
    if failed > 0 {
        bail!("this adapter or its driver does not compute what it should: {failed} of {} lines differ", rows.len());
    }
    Ok(())
}

/// Checks everything on several devices of an adapter at the same time, and tells `each` what came of it in the order of the list.
/// A software driver compiles all kernels of a device in one thread, so there are as many devices as threads, up to [`DEVICES`].
fn side_by_side(gpu: &Gpu, request: &Request, mut each: impl FnMut(Row) -> io::Result<()>) -> anyhow::Result<()> {
    let (golden, work) = (Golden::open(), Worklist::all(gpu));
    let others = thread::available_parallelism().map_or(0, |threads| threads.get().min(DEVICES) - 1);
    let mut gpus = vec![gpu.clone()];
    for _ in 0..others {
        gpus.push(Gpu::open(request).block_on()?);
    }
    thread::scope(|scope| {
        let (done, inbox) = mpsc::channel();
        let test = |gpu: Gpu| {
            let (done, golden, work) = (done.clone(), &golden, &work);
            scope.spawn(move || {
                // It ends early where nobody listens any more.
                let _ = selftest::run(&gpu, golden, work, async |place, row| done.send((place, row))).block_on();
                gpu.check()
            })
        };
        let tests: Vec<_> = gpus.into_iter().map(test).collect();
        drop(done);
        let (mut early, mut next): (BTreeMap<usize, Vec<(Place, Row)>>, _) = (BTreeMap::new(), 0);
        for (place, row) in inbox {
            early.entry(place.item).or_default().push((place, row));
            while let Some(rows) = early.remove(&next) {
                let is_whole = rows.last().is_some_and(|(place, _)| place.is_last);
                rows.into_iter().try_for_each(|(_, row)| each(row))?;
                if !is_whole {
                    break;
                }
                next += 1;
            }
        }
        // Where a device failed, those behind what it left.
        early.into_values().flatten().try_for_each(|(_, row)| each(row))?;
        for test in tests {
            test.join().unwrap_or_else(|words| panic::resume_unwind(words))?;
        }
        Ok(())
    })
}

impl From<Row> for RowReport {
    fn from(row: Row) -> RowReport {
        let passed = row.passed();
        let (worst, difference) = match row.outcome {
            Ok(Verdict::Agrees { worst }) => (Some(worst), None),
            Ok(Verdict::Differs(difference)) => (None, Some(difference)),
            Err(error) => (None, Some(format!("it fails: {error}"))),
        };
        RowReport { core: row.core.to_string(), operation: row.operation, cases: row.cases, passed, worst, difference }
    }
}

impl RowReport {
    fn line(&self) -> String {
        let worst = self.worst.map_or(String::new(), |worst| format!("{worst:.3}"));
        let verdict = self.difference.as_ref().map_or("agrees".into(), |difference| format!("DIFFERS: {difference}"));
        format!("{:11} {:28} {:>5}  {worst:>21}  {verdict}", self.core, self.operation, self.cases)
    }
}

impl Report<'_> {
    /// What a person who reports a fault copies.
    fn text(&self) -> String {
        let Report { version, adapter, system, seconds, passed, failed, rows } = self;
        let mut text = format!(
            "\n{passed} passed, {failed} failed\n\nTo report what you saw, copy this:\n\n```\ndigits {version}, {system}\n\
             {adapter}\nselftest: {passed} passed, {failed} failed, in {seconds:.0} s\n"
        );
        for row in rows.iter().filter(|row| !row.passed) {
            text += &row.line();
            text.push('\n');
        }
        text + "```"
    }
}

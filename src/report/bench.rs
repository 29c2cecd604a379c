//! What `digits bench` found out: one JSON object for programs, tables for people.

use std::path::Path;

use indicatif::HumanCount;
use serde::{Deserialize, Serialize};

use super::units::{percent, si};
use crate::files::load;
use crate::gpu::{self, Choice, Gpu, Tiles, Timing};
use crate::limits::TEXT_MIB;
use crate::measure::{
    Bound, Ceiling, Inference, Kernels, Latency, Outcome, Point, Reading, Scale, Start, Steps, Sweep, Swept, Throughput,
};
use crate::network::SEED;

/// The figures of one machine: the parts that were measured. In JSON every figure is in an SI unit, which its name tells:
/// seconds, flops (multiplications and additions), bytes, each also per second.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BenchReport {
    #[serde(flatten)]
    pub machine: Machine,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kernels: Option<Kernels>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<Steps>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub infer: Option<Inference>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scale: Option<Scale>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start: Option<Start>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sweep: Option<Sweep>,
}

/// What the figures are of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Machine {
    pub adapter: String,
    pub driver: String,
    pub backend: String,
    /// Of this program.
    pub version: String,
    pub core: String,
    pub operands: String,
    /// How matrix products get their tile shapes.
    #[serde(default = "default_tiles")]
    pub tiles: String,
}

/// Of reports that are older than the choice.
fn default_tiles() -> String {
    Tiles::Default.to_string()
}

/// Why a file holds no figures to compare with.
#[derive(Debug, thiserror::Error)]
pub enum BenchReportError {
    #[error("{path} cannot be read: {reason}")]
    Unreadable { path: String, reason: std::io::Error },
    #[error("{path} is larger than {TEXT_MIB} MiB, the most that is read of figures")]
    TooLarge { path: String },
    #[error("{path} is not what `digits bench --json` printed: {reason}")]
    Foreign { path: String, reason: serde_json::Error },
}

impl BenchReport {
    /// No figures yet.
    pub fn new(gpu: &Gpu) -> BenchReport {
        BenchReport {
            machine: Machine::of(gpu),
            kernels: None,
            step: None,
            infer: None,
            scale: None,
            start: None,
            sweep: None,
        }
    }

    /// Reads the JSON of an earlier report.
    ///
    /// # Errors
    /// A file that cannot be read or holds something else; the error names it.
    pub fn load(path: &Path) -> Result<BenchReport, BenchReportError> {
        let name = || path.display().to_string();
        let text = load(path, TEXT_MIB).map_err(|reason| BenchReportError::Unreadable { path: name(), reason })?;
        let text = text.ok_or_else(|| BenchReportError::TooLarge { path: name() })?;
        serde_json::from_slice(&text).map_err(|reason| BenchReportError::Foreign { path: name(), reason })
    }
}

impl Machine {
    /// The machine and how its adapter is used.
    pub fn of(gpu: &Gpu) -> Machine {
        let (info, settings) = (gpu.info(), gpu.settings());
        Machine {
            adapter: info.name.clone(),
            driver: gpu::driver(info),
            backend: info.backend.to_string(),
            version: env!("CARGO_PKG_VERSION").into(),
            core: settings.core.to_string(),
            operands: settings.operands.to_string(),
            tiles: gpu.tiles().to_string(),
        }
    }

    /// The lines that stand above every table.
    pub fn header(&self) -> String {
        let Machine { adapter, driver, backend, version, core, operands, tiles } = self;
        format!(
            "digits   {version}\nadapter  {adapter}, {driver}, {backend}\nsettings {core} core, operands from {operands}, {tiles} tiles"
        )
    }
}

impl Kernels {
    /// A line for each operation, below the ceiling.
    pub fn table(&self) -> String {
        let header = ["operation", "shape", "time", "GFLOP/s", "GB/s", "of a step", "of the ceiling", "bound by"];
        let rows = self.operations.iter().map(|measured| {
            let bound = match measured.bound {
                Bound::Arithmetic => "arithmetic",
                Bound::Memory => "memory",
            };
            vec![
                measured.operation.clone(),
                measured.shape.clone(),
                si(measured.seconds, "s"),
                giga(measured.flops / measured.seconds),
                giga(measured.bytes / measured.seconds),
                measured.share_of_step.map_or("-".into(), percent),
                percent(measured.share_of_ceiling),
                bound.into(),
            ]
        });
        format!(
            "ceiling  {} of multiply-adds in registers, {} read and written by a copy\nstep     {}\n\n{}",
            si(self.ceiling.flops_per_second, "FLOP/s"),
            si(self.ceiling.bytes_per_second, "B/s"),
            si(self.step_seconds, "s"),
            super::table(2, header.map(String::from).to_vec(), rows)
        )
    }
}

impl Steps {
    /// A line for each command of a step, and the whole.
    pub fn table(&self) -> String {
        let alone: f64 = self.commands.iter().map(|command| command.seconds).sum();
        let row = |name: &str, seconds: f64| vec![name.into(), si(seconds, "s"), percent(seconds / alone)];
        let commands = self.commands.iter().map(|command| row(&command.name, command.seconds));
        let rows = commands.chain([row("sum of the commands alone", alone)]);
        let header = ["where a step goes", "time", "share"].map(String::from).to_vec();
        format!(
            "training step  {SEED}\n               {} images in {}: {} images/s\n\n{}",
            self.batch,
            si(self.seconds, "s"),
            count(self.images_per_second),
            super::table(1, header, rows)
        )
    }
}

impl Inference {
    /// A line for each latency and each throughput.
    pub fn table(&self) -> String {
        let row = |name: &str, latency: &Latency| {
            vec![
                name.into(),
                si(latency.median_seconds, "s"),
                si(latency.p99_seconds, "s"),
                count(latency.median_seconds.recip()),
            ]
        };
        let many = |what: &str, many: &Throughput| {
            vec![
                format!("{} {what}", count(many.batch as f64)),
                si(many.seconds, "s"),
                String::new(),
                count(many.images_per_second),
            ]
        };
        let mut rows = vec![row("one image", &self.one_image), many("images", &self.many_images)];
        rows.extend(self.stream.as_ref().map(|stream| many("images", stream)));
        if let Some(Reading { files, images }) = &self.reading {
            rows.extend([many("digits as images, as eval has them", images), many("digits in picture files", files)]);
        }
        rows.push(row("the driver's own: an empty submit", &self.empty_submit));
        rows.push(row("the driver's own: reading one number", &self.read_back));
        let header = ["recognition", "median", "99 of 100 within", "per second"].map(String::from).to_vec();
        super::table(1, header, rows)
    }
}

impl Scale {
    /// A line for each size of a batch, then one for each width of the network.
    pub fn table(&self) -> String {
        let header = ["width", "batch", "work per image", "step", "images/s", "GFLOP/s", "of the ceiling"];
        let points = || self.batches.iter().chain(&self.widths);
        let table =
            super::table(1, header.map(String::from).to_vec(), points().map(|point| point.row(self.ceiling.as_ref())));
        let skipped = points().filter_map(|point| match &point.outcome {
            Outcome::Measured { .. } => None,
            Outcome::Skipped { skipped } => {
                Some(format!("\nskipped: width x {}, batch {}: {skipped}", point.width, count(point.batch as f64)))
            }
        });
        std::iter::once(table).chain(skipped).collect()
    }
}

impl Point {
    fn row(&self, ceiling: Option<&Ceiling>) -> Vec<String> {
        let work = si(self.flops_per_image as f64, "FLOP");
        let mut row = vec![format!("x {}", self.width), count(self.batch as f64), work];
        row.extend(match &self.outcome {
            Outcome::Measured { seconds, images_per_second } => {
                let flops = self.flops_per_image as f64 * images_per_second;
                let share = ceiling.map_or("-".into(), |ceiling| percent(flops / ceiling.flops_per_second));
                [si(*seconds, "s"), count(*images_per_second), giga(flops), share]
            }
            Outcome::Skipped { .. } => ["-"; 4].map(String::from),
        });
        row
    }
}

impl Start {
    /// A line for each part, and the whole.
    pub fn table(&self) -> String {
        let parts = [
            ("the device opens", self.device_seconds),
            ("MNIST is unpacked", self.data_seconds),
            ("the images go up", self.upload_seconds),
            ("a step is recorded", self.record_seconds),
            ("the first step, with its kernels", self.first_step_seconds),
        ];
        let all: f64 = parts.iter().map(|(_, seconds)| seconds).sum();
        let rows = parts.into_iter().chain([("all, one after the other", all)]);
        let rows = rows.map(|(name, seconds)| vec![name.into(), si(seconds, "s"), percent(seconds / all)]);
        super::table(1, ["where a start goes", "time", "share"].map(String::from).to_vec(), rows)
    }
}

impl Sweep {
    /// A line for each product of each size, and for each size's whole step.
    pub fn table(&self) -> String {
        let header = ["width", "batch", "kernel", "shape", "default", "fastest", "speed-up"];
        let rows = self.sizes.iter().flat_map(Swept::rows);
        super::table(4, header.map(String::from).to_vec(), rows)
    }
}

impl Swept {
    fn rows(&self) -> Vec<Vec<String>> {
        let row = |kernel: &str, shape: &str, [default, fastest]: [(String, f64); 2]| {
            let time = |(tile, seconds): &(String, f64)| format!("{} {tile}", si(*seconds, "s"));
            let mut row = vec![format!("x {}", self.width), count(self.batch as f64), kernel.into(), shape.into()];
            row.extend([time(&default), time(&fastest), format!("{:.2}", default.1 / fastest.1)]);
            row
        };
        let product = |choice: &Choice| {
            let timing = |timing: &Timing| (timing.tile.clone(), timing.median_seconds);
            let fastest = choice.tiles.iter().min_by(|a, b| a.median_seconds.total_cmp(&b.median_seconds))?;
            Some(row(&choice.kernel, &choice.shape, [timing(choice.tiles.first()?), timing(fastest)]))
        };
        let step = [self.default_seconds, self.tuned_seconds].map(|seconds| (String::new(), seconds));
        self.products.iter().filter_map(product).chain([row("the whole step", "", step)]).collect()
    }
}

fn giga(number: f64) -> String {
    format!("{:.2}", number / 1e9)
}

fn count(number: f64) -> String {
    HumanCount(number.round() as u64).to_string()
}

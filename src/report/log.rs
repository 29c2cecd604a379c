//! The log of a training: a file with a line of JSON for each epoch and a last one for the whole.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use serde::Serialize;

use crate::samples::Samples;
use crate::train::{Epoch, Test};

/// An open log; what is written is in the file at once.
pub struct Log {
    file: File,
}

/// What the last line tells of the run, beside its figures.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Run {
    pub network: String,
    /// Where the images come from.
    pub data: String,
    pub batch: usize,
    pub optimizer: String,
    /// At its peak.
    pub learning_rate: f64,
    /// What else the recipe has, see [`crate::recipe::Recipe::notes`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recipe: Option<String>,
    pub seed: u32,
    /// The text of the augmentation, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub augment: Option<String>,
    pub precision: String,
    pub adapter: String,
    /// Training images of an epoch.
    #[serde(skip)]
    pub images: usize,
    /// Floating-point operations for each image of a training step.
    #[serde(skip)]
    pub flop_per_image: u64,
}

/// How long the training passes took, in seconds. The first compiles kernels, so the median and the maximum leave it
/// out where there are others.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Times {
    #[serde(rename = "train_seconds")]
    pub total: f64,
    #[serde(rename = "median_epoch_seconds")]
    pub median: f64,
    #[serde(rename = "min_epoch_seconds")]
    pub min: f64,
    #[serde(rename = "max_epoch_seconds")]
    pub max: f64,
}

#[derive(Serialize)]
struct EpochLine {
    epoch: u32,
    seconds: f64,
    train_loss: f64,
    val_loss: f64,
    val_accuracy: f64,
    val_seconds: f64,
}

#[derive(Serialize)]
struct LastLine<'a> {
    kept_epoch: u32,
    test_accuracy: f64,
    test_loss: f64,
    total_seconds: f64,
    #[serde(flatten)]
    times: Times,
    images_per_s: f64,
    gflops: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    peak_rss_mib: Option<f64>,
    #[serde(flatten)]
    run: &'a Run,
}

impl Log {
    /// Opens an empty file, in the place of an older one.
    ///
    /// # Errors
    /// The file cannot be created.
    pub fn create(path: &Path) -> io::Result<Log> {
        Ok(Log { file: File::create(path)? })
    }

    /// Adds the line of an epoch.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn epoch(&mut self, epoch: &Epoch) -> io::Result<()> {
        self.line(&EpochLine {
            epoch: epoch.epoch,
            seconds: epoch.seconds,
            train_loss: epoch.train_loss,
            val_loss: epoch.validation.loss,
            val_accuracy: epoch.validation.accuracy,
            val_seconds: epoch.validation_seconds,
        })
    }

    /// Adds the last line. `total_seconds` are those since the program started.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn finish(&mut self, run: &Run, test: &Test, times: Times, total_seconds: f64) -> io::Result<()> {
        let images_per_s = run.images as f64 / times.median;
        self.line(&LastLine {
            kept_epoch: test.epoch,
            test_accuracy: test.score.accuracy,
            test_loss: test.score.loss,
            total_seconds,
            times,
            images_per_s,
            gflops: images_per_s * run.flop_per_image as f64 / 1e9,
            peak_rss_mib: peak_memory(),
            run,
        })
    }

    fn line(&mut self, line: &impl Serialize) -> io::Result<()> {
        let mut text = serde_json::to_string(line)?;
        text.push('\n');
        self.file.write_all(text.as_bytes())
    }
}

impl Times {
    /// Of the epochs' `seconds`; `None` of none.
    pub fn of(seconds: &[f64]) -> Option<Times> {
        let warm = match seconds {
            [] => return None,
            [only] => Samples::new(vec![*only]),
            [_, warm @ ..] => Samples::new(warm.to_vec()),
        };
        let min = Samples::new(seconds.to_vec()).shortest();
        Some(Times { total: seconds.iter().sum(), median: warm.median(), min, max: warm.quantile(1.0) })
    }
}

/// The most memory that this process had at once, in MiB, where the system tells it (Linux).
fn peak_memory() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let kib: f64 =
        status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kib / 1024.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_leave_the_first_epoch_out_of_the_median_when_there_are_more() {
        assert_eq!(Times::of(&[]), None);
        assert_eq!(Times::of(&[9.0]), Some(Times { total: 9.0, median: 9.0, min: 9.0, max: 9.0 }));
        assert_eq!(Times::of(&[9.0, 2.0, 1.0]), Some(Times { total: 12.0, median: 1.5, min: 1.0, max: 2.0 }));
        assert_eq!(Times::of(&[1.0, 4.0, 2.0, 3.0]), Some(Times { total: 10.0, median: 3.0, min: 1.0, max: 4.0 }));
    }
}

//! The log of a training: a file with a line of JSON for each epoch and a last one for the whole. An older log stays until
//! the first line of the new one is there; whatever ends the program, the lines so far are in the file. A line that cannot be
//! written is written with the next one. Into a pipe or a terminal the lines go one by one.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::files::{self, WriteError};
use crate::samples::Samples;
use crate::train::{Epoch, Test};

/// A log; what is written is there at once.
pub struct Log {
    path: PathBuf,
    place: Place,
}

/// Where the lines go.
enum Place {
    File {
        /// All lines so far.
        text: String,
        /// From the first line on; not after a line that could not be written.
        file: Option<File>,
    },
    Stream(Box<dyn Write>),
}

/// Why a log cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("{} {problem}", .path.display())]
pub struct LogError {
    pub path: PathBuf,
    pub problem: LogProblem,
}

/// What is wrong with a log; the message goes on after the file's name.
#[derive(Debug, thiserror::Error)]
pub enum LogProblem {
    #[error(transparent)]
    Unwritable(#[from] WriteError),
    #[error("is there already and is no log of a training, so it is left as it is; give another name")]
    NotALog,
}

/// What the last line tells of the run, beside its figures.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
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

/// The line of an epoch.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct EpochLine {
    /// Counted from 1.
    pub epoch: u32,
    pub seconds: f64,
    pub train_loss: f64,
    pub val_loss: f64,
    pub val_accuracy: f64,
    pub val_seconds: f64,
}

/// The last line, of a training that went to its end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ending {
    pub kept_epoch: u32,
    pub test_accuracy: f64,
    pub test_loss: f64,
    /// Since the program started.
    pub total_seconds: f64,
    #[serde(flatten)]
    pub times: Times,
    pub images_per_s: f64,
    pub gflops: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peak_rss_mib: Option<f64>,
    #[serde(flatten)]
    pub run: Run,
}

impl From<&Epoch> for EpochLine {
    fn from(epoch: &Epoch) -> EpochLine {
        EpochLine {
            epoch: epoch.epoch,
            seconds: epoch.seconds,
            train_loss: epoch.train_loss,
            val_loss: epoch.validation.loss,
            val_accuracy: epoch.validation.accuracy,
            val_seconds: epoch.validation_seconds,
        }
    }
}

impl Ending {
    /// Of a training whose passes took so long. `total_seconds` are those since the program started.
    pub fn new(run: Run, test: &Test, times: Times, total_seconds: f64) -> Ending {
        let images_per_s = run.images as f64 / times.median;
        Ending {
            kept_epoch: test.epoch,
            test_accuracy: test.score.accuracy,
            test_loss: test.score.loss,
            total_seconds,
            times,
            images_per_s,
            gflops: images_per_s * run.flop_per_image as f64 / 1e9,
            peak_rss_mib: peak_memory(),
            run,
        }
    }
}

impl Log {
    /// A log in the place of an older one, which stays until the first line, or into a stream.
    ///
    /// # Errors
    /// The file cannot be written, or what is there is no log.
    pub fn new(path: &Path) -> Result<Log, LogError> {
        let place = Place::at(path).map_err(|problem| LogError { path: path.into(), problem })?;
        Ok(Log { path: path.into(), place })
    }

    /// Has `lines` in the place of all that is there. A stream goes on where it is: what was told is told.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn replace(&mut self, lines: &[EpochLine]) -> Result<(), LogError> {
        let Place::File { text, file } = &mut self.place else { return Ok(()) };
        (*text, *file) = (String::new(), None);
        lines.iter().try_for_each(|line| self.line(line))
    }

    /// Adds the line of an epoch.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn epoch(&mut self, line: &EpochLine) -> Result<(), LogError> {
        self.line(line)
    }

    /// Adds the last line.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn finish(&mut self, ending: &Ending) -> Result<(), LogError> {
        self.line(ending)
    }

    fn line(&mut self, line: &impl Serialize) -> Result<(), LogError> {
        let text = serde_json::to_string(line).expect("numbers and text have a JSON form") + "\n";
        let written = self.place.write(&self.path, &text);
        written.map_err(|error| LogError { path: self.path.clone(), problem: error.into() })
    }
}

impl Place {
    fn at(path: &Path) -> Result<Place, LogProblem> {
        if let Some(stream) = files::stream(path).map_err(WriteError::Failed)? {
            return Ok(Place::Stream(stream));
        }
        files::check(path)?;
        if is_other(path).map_err(WriteError::Failed)? {
            return Err(LogProblem::NotALog);
        }
        Ok(Place::File { text: String::new(), file: None })
    }

    fn write(&mut self, path: &Path, line: &str) -> Result<(), WriteError> {
        match self {
            Place::Stream(stream) => {
                stream.write_all(line.as_bytes()).and_then(|()| stream.flush()).map_err(WriteError::Failed)
            }
            Place::File { text, file } => {
                text.push_str(line);
                *file = Some(match file.take() {
                    Some(file) => append(file, line.as_bytes()).map_err(WriteError::Failed)?,
                    None => files::start(path, text.as_bytes())?,
                });
                Ok(())
            }
        }
    }
}

/// Adds all of the bytes or none.
fn append(mut file: File, bytes: &[u8]) -> io::Result<File> {
    let length = file.metadata()?.len();
    if let Err(error) = file.write_all(bytes) {
        file.set_len(length)?;
        return Err(error);
    }
    Ok(file)
}

/// Whether a file is there that is neither empty nor begins as a log does.
fn is_other(path: &Path) -> io::Result<bool> {
    /// Longer than any line of an epoch.
    const MOST: u64 = 1 << 12;
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        file => file?,
    };
    let mut line = Vec::new();
    BufReader::new(file.take(MOST)).read_until(b'\n', &mut line)?;
    let is_of_epoch = |line: serde_json::Value| line["epoch"].is_u64();
    Ok(!line.is_empty() && !serde_json::from_slice(&line).is_ok_and(is_of_epoch))
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
    fn only_an_empty_file_or_a_log_makes_place_for_a_log() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let problem = |text: &str| {
            std::fs::write(&path, text).unwrap();
            let error = Log::new(&path).err().map(|error| error.to_string());
            assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
            error
        };
        let long = format!("{{\"epoch\":1,\"note\":\"{}\"}}", "x".repeat(1 << 13));
        for text in ["", "{\"epoch\":1,\"seconds\":2.5}\n{\"epoch\":2", "{\"epoch\": 1}"] {
            assert_eq!(problem(text), None, "{text}");
        }
        for text in ["\n", "{\"accuracy\":1}\n", "[1]", "epoch 1", "\u{0}{\"epoch\":1}", &long] {
            let expected = format!("{} is there already and is no log of a training", path.display());
            assert!(problem(text).unwrap().starts_with(&expected), "{text}");
        }
    }

    #[test]
    fn an_older_log_stays_until_the_first_line_and_each_line_is_there_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let text = || std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, "{\"epoch\":9}\n").unwrap();
        let mut log = Log::new(&path).unwrap();
        assert_eq!(text(), "{\"epoch\":9}\n");
        log.line(&1).unwrap();
        assert_eq!(text(), "1\n");
        log.line(&2).unwrap();
        assert_eq!(text(), "1\n2\n");
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn a_named_pipe_gets_each_line_at_once_and_stays_a_pipe() {
        use std::os::unix::fs::FileTypeExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
        // Opened both ways, so that nobody waits for the other end.
        let end = File::options().read(true).write(true).open(&path).unwrap();
        let mut log = Log::new(&path).unwrap();
        let mut lines = BufReader::new(end).lines();
        for number in ["1", "2"] {
            log.line(&number).unwrap();
            assert_eq!(lines.next().unwrap().unwrap(), format!("\"{number}\""));
        }
        assert!(path.metadata().unwrap().file_type().is_fifo());
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1);
    }

    #[test]
    fn times_leave_the_first_epoch_out_of_the_median_when_there_are_more() {
        assert_eq!(Times::of(&[]), None);
        assert_eq!(Times::of(&[9.0]), Some(Times { total: 9.0, median: 9.0, min: 9.0, max: 9.0 }));
        assert_eq!(Times::of(&[9.0, 2.0, 1.0]), Some(Times { total: 12.0, median: 1.5, min: 1.0, max: 2.0 }));
        assert_eq!(Times::of(&[1.0, 4.0, 2.0, 3.0]), Some(Times { total: 10.0, median: 3.0, min: 1.0, max: 4.0 }));
    }
}

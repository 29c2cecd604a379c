//! The logs of trainings, read again.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{Ending, EpochLine};
use crate::files::load;
use crate::limits::TEXT_MIB;

/// What a training wrote with `digits train --log`.
#[derive(Clone, Debug, PartialEq)]
pub struct TrainingLog {
    /// What the user calls it: the file.
    pub name: String,
    /// At least one.
    pub epochs: Vec<EpochLine>,
    /// `None` where the training did not go to its end, or has not yet.
    pub ending: Option<Ending>,
}

/// Why a file is no log.
#[derive(Debug, thiserror::Error)]
#[error("{} {problem}", .path.display())]
pub struct TrainingLogError {
    path: PathBuf,
    problem: Problem,
}

#[derive(Debug, thiserror::Error)]
enum Problem {
    #[error("cannot be read: {0}")]
    Unreadable(std::io::Error),
    #[error("is larger than {TEXT_MIB} MiB, the most that is read of a log")]
    TooLarge,
    #[error("is no text in UTF-8; give a file that `digits train --log` wrote")]
    NoText,
    #[error("is no log of a training: line {line}: {reason}; give a file that `digits train --log` wrote")]
    Foreign { line: usize, reason: serde_json::Error },
    #[error(
        "has figures in line {line} that no training has: an accuracy is from 0 to 1, a loss or a time from 0 to {:.1e}",
        f32::MAX
    )]
    Figures { line: usize },
    #[error("has no epoch yet; give the log of a training that has finished one")]
    Empty,
}

impl TrainingLog {
    /// Reads a log, also of a training that goes on or was stopped.
    ///
    /// # Errors
    /// A file that cannot be read, is something else or has no epoch; the error names it.
    pub fn load(path: &Path) -> Result<TrainingLog, TrainingLogError> {
        let read = || {
            let bytes = load(path, TEXT_MIB).map_err(Problem::Unreadable)?.ok_or(Problem::TooLarge)?;
            parse(path.display().to_string(), str::from_utf8(&bytes).map_err(|_| Problem::NoText)?)
        };
        read().map_err(|problem| TrainingLogError { path: path.into(), problem })
    }
}

fn parse(name: String, text: &str) -> Result<TrainingLog, Problem> {
    let mut log = TrainingLog { name, epochs: Vec::new(), ending: None };
    // A line without an end is not written yet.
    for (at, line) in text.split_inclusive('\n').filter(|line| line.ends_with('\n')).enumerate() {
        let foreign = |reason| Problem::Foreign { line: at + 1, reason };
        let value: Value = serde_json::from_str(line).map_err(foreign)?;
        let is_possible = if value.get("epoch").is_some() {
            let epoch: EpochLine = serde_json::from_value(value).map_err(foreign)?;
            log.epochs.push(epoch);
            are_possible([epoch.train_loss, epoch.val_loss, epoch.seconds, epoch.val_seconds], epoch.val_accuracy)
        } else {
            let ending: Ending = serde_json::from_value(value).map_err(foreign)?;
            let Ending { test_loss, total_seconds, times, images_per_s, gflops, test_accuracy, .. } = ending;
            log.ending = Some(ending);
            are_possible([test_loss, total_seconds, times.total, times.median, images_per_s, gflops], test_accuracy)
        };
        if !is_possible {
            return Err(Problem::Figures { line: at + 1 });
        }
    }
    if log.epochs.is_empty() { Err(Problem::Empty) } else { Ok(log) }
}

/// Whether figures can be those of a training, which computes in 32 bits; an axis could not hold all others.
fn are_possible<const N: usize>(figures: [f64; N], accuracy: f64) -> bool {
    figures.iter().all(|figure| (0.0..=f64::from(f32::MAX)).contains(figure)) && (0.0..=1.0).contains(&accuracy)
}

#[cfg(test)]
mod tests {
    use super::*;

    const EPOCH: &str =
        r#"{"epoch":1,"seconds":2.5,"train_loss":0.5,"val_loss":0.25,"val_accuracy":0.9,"val_seconds":0.5}"#;

    #[test]
    fn a_log_is_read_up_to_the_line_that_is_not_whole() {
        let log = parse("a".into(), &format!("{EPOCH}\n{}", &EPOCH[..20])).unwrap();
        assert_eq!((log.epochs.len(), log.epochs[0].val_accuracy, log.ending), (1, 0.9, None));
    }

    #[test]
    fn what_is_no_log_is_told_with_its_line() {
        let problem = |text: &str| parse("a".into(), text).unwrap_err().to_string();
        for text in [EPOCH.replace("0.9", "\"much\""), "{\"accuracy\":1}".into(), "epoch 1".into(), "[1]".into()] {
            let expected = "is no log of a training: line 2: ";
            assert!(problem(&format!("{EPOCH}\n{text}\n")).starts_with(expected), "{text}");
        }
        assert!(problem("").starts_with("has no epoch"));
        for (old, new) in [("0.9", "1.5"), ("0.9", "-0.1"), ("0.25", "-1"), ("0.5", "1e300"), ("2.5", "-2.5")] {
            let text = format!("{EPOCH}\n{}\n", EPOCH.replacen(old, new, 1));
            assert!(problem(&text).starts_with("has figures in line 2 that no training has"), "{text}");
        }
    }
}

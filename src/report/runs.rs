//! The logs of trainings, read again.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{Ending, EpochLine};

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
    #[error("is no log of a training: line {line}: {reason}; give a file that `digits train --log` wrote")]
    Foreign { line: usize, reason: serde_json::Error },
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
            let text = std::fs::read_to_string(path).map_err(Problem::Unreadable)?;
            parse(path.display().to_string(), &text)
        };
        read().map_err(|problem| TrainingLogError { path: path.into(), problem })
    }
}

fn parse(name: String, text: &str) -> Result<TrainingLog, Problem> {
    let mut log = TrainingLog { name, epochs: Vec::new(), ending: None };
    // A line without an end is not written yet.
    for (at, line) in text.split_inclusive('\n').filter(|line| line.ends_with('\n')).enumerate() {
        let read = serde_json::from_str(line).and_then(|value: Value| {
            if value.get("epoch").is_some() {
                serde_json::from_value(value).map(|epoch| log.epochs.push(epoch))
            } else {
                serde_json::from_value(value).map(|ending| log.ending = Some(ending))
            }
        });
        read.map_err(|reason| Problem::Foreign { line: at + 1, reason })?;
    }
    if log.epochs.is_empty() { Err(Problem::Empty) } else { Ok(log) }
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
    }
}

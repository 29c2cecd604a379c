//! Checkpoints in files: what a training needs to go on to the same bits after it was killed at any instant. A folder holds the
//! newest and the one before it; a file is written beside its place, synced and renamed, and carries a checksum, so that one
//! that was cut or has a flipped bit is noticed, and the one before it is used.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytemuck::{cast_slice, pod_collect_to_vec};
use safetensors::tensor::{Dtype, SafeTensors, TensorView, serialize};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::files::{self, WriteError};
use crate::layers::clock::Clock;
use crate::limits::CHECKPOINT_MIB;
use crate::mnist::Split;
use crate::network::Parameters;
use crate::report::EpochLine;
use crate::train::{Progress, Score, State};
use crate::trainer;

/// How often a training writes one, where nobody says otherwise.
pub const DEFAULT_INTERVAL: Duration = Duration::from_secs(30);

/// A training that rests.
#[derive(Clone, Debug, PartialEq)]
pub struct Checkpoint {
    /// The options that it was begun with, as on the command line.
    pub arguments: Vec<String>,
    /// [`hash_of`] its data.
    pub data: String,
    /// The adapter and its settings.
    pub adapter: String,
    /// The epochs that are finished.
    pub epochs: Vec<EpochLine>,
    pub state: State,
}

/// Why a checkpoint cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    #[error("{} {problem}", .path.display())]
    Unwritable { path: PathBuf, problem: WriteError },
    #[error("the folder {} cannot be made: {reason}{}", .folder.display(), files::way_out(.reason))]
    NoFolder { folder: PathBuf, reason: io::Error },
    #[error("{} holds no checkpoint; give the folder that --checkpoint named", .0.display())]
    NoCheckpoint(PathBuf),
    #[error("{} {problem}", .path.display())]
    Unreadable { path: PathBuf, problem: CheckpointProblem },
}

/// What is wrong with the file of a checkpoint; the message goes on after the file's name.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointProblem {
    #[error("cannot be read: {0}")]
    Unreadable(io::Error),
    #[error("is no checkpoint of digits")]
    NoCheckpoint,
    #[error("is larger than {CHECKPOINT_MIB} MiB, the most that a checkpoint may have")]
    TooLarge,
    #[error("is damaged: its checksum does not fit")]
    Damaged,
    #[error(
        "was written by digits {0}, whose steps may come to other bits than those of {VERSION}: go on with that version"
    )]
    OtherVersion(String),
}

use CheckpointProblem as Problem;

/// The folder of a training's checkpoints.
#[derive(Clone, Debug)]
pub struct CheckpointFolder {
    path: PathBuf,
}

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The file begins with this and the checksum of the rest, as text, each on a line.
const MAGIC: &[u8] = b"digits checkpoint 1\n";
const CHECKSUM_LENGTH: usize = 64;

/// All but the vectors.
#[derive(Serialize, Deserialize)]
struct Notes {
    version: String,
    arguments: Vec<String>,
    data: String,
    adapter: String,
    epochs: Vec<EpochLine>,
    epoch: u32,
    batches: usize,
    clock: Vec<u8>,
    /// Epoch, images, of how many, learnt; loss and seconds as bits, which JSON would round.
    progress: [u64; 6],
    judged: u32,
    /// The epoch, and the bits of its loss and accuracy.
    kept: Option<(u32, [u64; 2])>,
}

impl CheckpointFolder {
    /// The folder `path`, which is made where there is none.
    ///
    /// # Errors
    /// It cannot be made, or no file can be written into it.
    pub fn create(path: &Path) -> Result<CheckpointFolder, CheckpointError> {
        fs::create_dir_all(path).map_err(|reason| CheckpointError::NoFolder { folder: path.into(), reason })?;
        let folder = CheckpointFolder { path: path.into() };
        let newest = folder.newest();
        files::check(&newest).map_err(|problem| CheckpointError::Unwritable { path: newest, problem })?;
        Ok(folder)
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes a checkpoint. The one that was the newest stays, as the one before.
    ///
    /// # Errors
    /// The file cannot be written; there is still a whole checkpoint then, if there was one.
    pub fn write(&self, checkpoint: &Checkpoint) -> Result<(), CheckpointError> {
        let (newest, bytes) = (self.newest(), encode(checkpoint));
        let unwritable = |problem| CheckpointError::Unwritable { path: newest.clone(), problem };
        // The new one is on the disk before the others change their names.
        let next = self.path.join("next.digits");
        files::replace(&next, &bytes).map_err(unwritable)?;
        if newest.exists() {
            fs::rename(&newest, self.before()).map_err(|error| unwritable(WriteError::Failed(error)))?;
        }
        fs::rename(&next, &newest).map_err(|error| unwritable(WriteError::Failed(error)))
    }

    /// The newest checkpoint of the folder `path` that is whole, and what is wrong with a newer one, if there is one.
    ///
    /// # Errors
    /// There is none, or none is whole, or the newest is another version's.
    pub fn read(path: &Path) -> Result<(Checkpoint, Option<CheckpointError>), CheckpointError> {
        let folder = CheckpointFolder { path: path.into() };
        let mut first = None;
        for path in [folder.newest(), folder.before()] {
            match read(&path) {
                Ok(Some(checkpoint)) => return Ok((checkpoint, first)),
                Ok(None) => {}
                Err(problem) => {
                    let is_other_version = matches!(problem, Problem::OtherVersion(_));
                    let error = CheckpointError::Unreadable { path, problem };
                    if is_other_version {
                        return Err(error);
                    }
                    first = first.or(Some(error));
                }
            }
        }
        Err(first.unwrap_or(CheckpointError::NoCheckpoint(path.into())))
    }

    fn newest(&self) -> PathBuf {
        self.path.join("newest.digits")
    }

    fn before(&self) -> PathBuf {
        self.path.join("before.digits")
    }
}

/// SHA-256 of all images and labels, part by part.
pub fn hash_of(data: &Split) -> String {
    let mut hasher = Sha256::new();
    for part in [&data.training, &data.validation, &data.test] {
        hasher.update((part.count() as u64).to_le_bytes());
        hasher.update(&part.images);
        hasher.update(&part.labels);
    }
    format!("{:x}", hasher.finalize())
}

/// As it stands in the file.
fn checksum(bytes: &[u8]) -> String {
    format!("{:x}", Sha256::digest(bytes))
}

/// The checkpoint of a file, if there is one.
fn read(path: &Path) -> Result<Option<Checkpoint>, Problem> {
    match files::load(path, CHECKPOINT_MIB) {
        Ok(bytes) => decode(&bytes.ok_or(Problem::TooLarge)?).map(Some),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Problem::Unreadable(error)),
    }
}

fn encode(checkpoint: &Checkpoint) -> Vec<u8> {
    let Checkpoint { arguments, data, adapter, epochs, state } = checkpoint;
    let State { trainer, progress, judged, kept } = state;
    let notes = Notes {
        version: VERSION.into(),
        arguments: arguments.clone(),
        data: data.clone(),
        adapter: adapter.clone(),
        epochs: epochs.clone(),
        epoch: trainer.epoch,
        batches: trainer.batches,
        clock: bytemuck::bytes_of(&trainer.clock).to_vec(),
        progress: numbers_of(progress),
        judged: *judged,
        kept: kept.as_ref().map(|(epoch, score, _)| (*epoch, [score.loss, score.accuracy].map(f64::to_bits))),
    };
    let mut tensors = vec![("parameters", &trainer.parameters), ("moments", &trainer.moments)];
    tensors.extend(trainer.average.as_ref().map(|average| ("average", average)));
    tensors.extend(kept.as_ref().map(|(_, _, parameters)| ("kept", &parameters.values)));
    let views = tensors.into_iter().map(|(name, values)| {
        let view = TensorView::new(Dtype::F32, vec![values.len()], cast_slice(values));
        (name, view.expect("the shape is that of the values"))
    });
    let notes = serde_json::to_string(&notes).expect("notes are plain data");
    let rest = serialize(views, Some(HashMap::from([("notes".into(), notes)]))).expect("the names differ");
    [MAGIC, checksum(&rest).as_bytes(), b"\n", &rest].concat()
}

fn decode(bytes: &[u8]) -> Result<Checkpoint, Problem> {
    let rest = bytes.strip_prefix(MAGIC).ok_or(Problem::NoCheckpoint)?;
    let (stated, rest) = rest.split_at_checked(CHECKSUM_LENGTH).ok_or(Problem::Damaged)?;
    let rest = rest.strip_prefix(b"\n").ok_or(Problem::Damaged)?;
    if checksum(rest).as_bytes() != stated {
        return Err(Problem::Damaged);
    }
    // From here on somebody made the file who could make a checksum, too.
    let of_another = |_| Problem::NoCheckpoint;
    let (_, header) = SafeTensors::read_metadata(rest).map_err(of_another)?;
    let tensors = SafeTensors::deserialize(rest).map_err(of_another)?;
    let text = header.metadata().as_ref().and_then(|metadata| metadata.get("notes")).ok_or(Problem::NoCheckpoint)?;
    let version = serde_json::from_str::<serde_json::Value>(text).ok();
    let version = version.as_ref().and_then(|notes| notes["version"].as_str()).ok_or(Problem::NoCheckpoint)?;
    if version != VERSION {
        return Err(Problem::OtherVersion(version.into()));
    }
    let notes: Notes = serde_json::from_str(text).map_err(|_| Problem::NoCheckpoint)?;
    let vector = |name: &str| -> Option<Vec<f32>> {
        let tensor = tensors.tensor(name).ok().filter(|tensor| tensor.dtype() == Dtype::F32)?;
        Some(pod_collect_to_vec(tensor.data()))
    };
    let needed = |name| vector(name).ok_or(Problem::NoCheckpoint);
    let clock: Clock = bytemuck::try_pod_read_unaligned(&notes.clock).map_err(|_| Problem::NoCheckpoint)?;
    let kept = match notes.kept {
        Some((epoch, bits)) => {
            let [loss, accuracy] = bits.map(f64::from_bits);
            Some((epoch, Score { loss, accuracy }, Parameters { values: needed("kept")? }))
        }
        None => None,
    };
    let trainer = trainer::State {
        epoch: notes.epoch,
        batches: notes.batches,
        clock,
        parameters: needed("parameters")?,
        moments: needed("moments")?,
        average: vector("average"),
    };
    Ok(Checkpoint {
        arguments: notes.arguments,
        data: notes.data,
        adapter: notes.adapter,
        epochs: notes.epochs,
        state: State { trainer, progress: progress_of(notes.progress), judged: notes.judged, kept },
    })
}

fn numbers_of(progress: &Progress) -> [u64; 6] {
    let &Progress { epoch, images, of, loss, seconds, learnt } = progress;
    [epoch.into(), images as u64, of as u64, learnt, loss.to_bits(), seconds.to_bits()]
}

fn progress_of([epoch, images, of, learnt, loss, seconds]: [u64; 6]) -> Progress {
    let [loss, seconds] = [loss, seconds].map(f64::from_bits);
    Progress { epoch: epoch as u32, images: images as usize, of: of as usize, loss, seconds, learnt }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::clock::Time;

    fn checkpoint(epoch: u32) -> Checkpoint {
        let score = Score { loss: 0.1, accuracy: 0.97 };
        let trainer = trainer::State {
            epoch,
            batches: 7,
            clock: Clock { done: Time { step: 19, batch: 6, ..Time::START }, ..Clock::START },
            parameters: vec![1.5, -0.0, f32::MIN_POSITIVE],
            moments: vec![0.25; 6],
            average: Some(vec![1.0; 3]),
        };
        let progress = Progress { epoch, images: 70, of: 100, loss: 1.0 / 3.0, seconds: 0.1, learnt: 170 };
        let kept = Some((1, score, Parameters { values: vec![3.0; 3] }));
        Checkpoint {
            arguments: vec!["--epochs".into(), "3".into()],
            data: "abc".into(),
            adapter: "an adapter".into(),
            epochs: Vec::new(),
            state: State { trainer, progress, judged: 1, kept },
        }
    }

    #[test]
    fn a_checkpoint_comes_back_to_the_bit() {
        assert_eq!(decode(&encode(&checkpoint(2))).unwrap(), checkpoint(2));
    }

    #[test]
    fn a_file_that_is_cut_or_has_a_flipped_bit_anywhere_is_refused() {
        let file = encode(&checkpoint(2));
        for length in 0..file.len() {
            assert!(decode(&file[..length]).is_err(), "{length} bytes");
        }
        for bit in 0..8 * file.len() {
            let mut flipped = file.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(decode(&flipped).is_err(), "bit {bit}");
        }
    }

    #[test]
    fn where_the_newest_is_damaged_or_gone_the_one_before_is_read_and_the_damage_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new");
        let checkpoints = CheckpointFolder::create(&path).unwrap();
        assert!(matches!(CheckpointFolder::read(&path), Err(CheckpointError::NoCheckpoint(_))));
        for epoch in [1, 2, 3] {
            checkpoints.write(&checkpoint(epoch)).unwrap();
        }
        let (newest, problem) = CheckpointFolder::read(&path).unwrap();
        assert!(newest == checkpoint(3) && problem.is_none());
        fs::write(checkpoints.newest(), b"digits checkpoint 1\nabc").unwrap();
        let (before, problem) = CheckpointFolder::read(&path).unwrap();
        assert_eq!(before, checkpoint(2));
        assert!(problem.unwrap().to_string().ends_with("newest.digits is damaged: its checksum does not fit"));
        fs::remove_file(checkpoints.newest()).unwrap();
        assert_eq!(CheckpointFolder::read(&path).unwrap().0, checkpoint(2));
        fs::write(checkpoints.before(), b"something else").unwrap();
        let error = CheckpointFolder::read(&path).unwrap_err().to_string();
        assert!(error.ends_with("before.digits is no checkpoint of digits"), "{error}");
    }

    #[test]
    fn another_version_s_checkpoint_is_refused_by_its_number() {
        let file = encode(&checkpoint(1));
        let rest = String::from_utf8_lossy(&file[MAGIC.len() + CHECKSUM_LENGTH + 1..]).into_owned();
        assert!(rest.contains(VERSION));
        // Of the same length, so that the header stays whole.
        let at = file.windows(VERSION.len()).position(|bytes| bytes == VERSION.as_bytes()).unwrap();
        let mut other = file.clone();
        other[at..at + VERSION.len()].copy_from_slice("9".repeat(VERSION.len()).as_bytes());
        let body = other[MAGIC.len() + CHECKSUM_LENGTH + 1..].to_vec();
        other[MAGIC.len()..][..CHECKSUM_LENGTH].copy_from_slice(checksum(&body).as_bytes());
        assert!(decode(&other).unwrap_err().to_string().contains("was written by digits 99999"));
    }
}

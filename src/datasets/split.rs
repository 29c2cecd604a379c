//! The parts of a set: what its files keep for validation and test, and what is cut off the training images where they keep none.
//! Where these are sorted by class, their end is one class or two, so what is kept is dealt out evenly instead.

use std::collections::HashSet;

use super::{Found, Unfit};
use crate::mnist::{DataSet, Split};

/// How many of the training images are kept for validation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Cut {
    Count(usize),
    /// From 0 to 1, of all.
    Share(f64),
}

/// A set in three parts, of which validation and test may be empty, and how that came, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parts {
    pub split: Split,
    pub said: String,
    /// Whether a part was cut off the training images.
    pub is_cut: bool,
}

/// What is kept where nothing else is asked for: of MNIST's 60,000 images the last 10,000.
const SIXTH: usize = 6;

impl Found {
    /// The three parts. What the files lack is cut off the end of the training images, or evenly out of them where they are sorted
    /// by class: the test images first, a sixth, then those for validation, as many as `validation` says or a sixth.
    ///
    /// # Errors
    /// There are too few images, or the files have a validation part and another is asked for.
    pub fn split(self, validation: Option<Cut>) -> Result<Parts, Unfit> {
        let Found { training, validation: own, test, .. } = self;
        let empty = || DataSet { images: Vec::new(), labels: Vec::new() };
        let Some(mut training) = training else {
            let [validation, test] = [own, test].map(|part| part.unwrap_or_else(empty));
            return Ok(Parts {
                split: Split { training: empty(), validation, test },
                said: "the files' own".into(),
                is_cut: false,
            });
        };
        if own.is_some() && validation.is_some() {
            return Err(Unfit::OwnValidation);
        }
        let is_sorted = is_sorted(&training.labels);
        let (mut said, mut is_cut) = (Vec::new(), false);
        let mut part = |name: &str, own: Option<DataSet>, wanted: Option<Cut>| -> Result<DataSet, Unfit> {
            match own {
                Some(own) => {
                    said.push(format!("{name} is the files' own"));
                    Ok(own)
                }
                None => {
                    let all = training.count();
                    let count = count(wanted, all)?;
                    is_cut = true;
                    let (which, why) = match is_sorted {
                        true => (format!("{count} of {all}"), ", spread evenly since they are sorted by class"),
                        false => (format!("the last {count} of {all}"), ""),
                    };
                    said.push(format!("{name} is {which} training images{why}"));
                    Ok(if is_sorted { dealt_out(&mut training, count) } else { cut(&mut training, count) })
                }
            }
        };
        let test = part("test", test, None)?;
        let validation = part("validation", own, validation)?;
        Ok(Parts { split: Split { training, validation, test }, said: said.join(", "), is_cut })
    }
}

/// How many of `all` images are kept, if some are left.
fn count(wanted: Option<Cut>, all: usize) -> Result<usize, Unfit> {
    let (count, said) = match wanted {
        None => ((all / SIXTH).max(1), "a sixth".into()),
        Some(Cut::Count(count)) => (count, count.to_string()),
        Some(Cut::Share(share)) => ((share * all as f64).round() as usize, format!("{} %", 100.0 * share)),
    };
    if (1..all).contains(&count) { Ok(count) } else { Err(Unfit::Cut { images: all, wanted: said }) }
}

/// Takes the last `count` images off `data`.
fn cut(data: &mut DataSet, count: usize) -> DataSet {
    let (left, pixels) = (data.count() - count, data.pixels());
    DataSet { images: data.images.split_off(left * pixels), labels: data.labels.split_off(left) }
}

/// Whether the images of each class stand together. Few images may by chance.
fn is_sorted(labels: &[u8]) -> bool {
    const FEW: usize = 4;
    let runs: Vec<u8> = labels.chunk_by(|a, b| a == b).map(|run| run[0]).collect();
    let classes = runs.iter().collect::<HashSet<_>>().len();
    classes > 1 && runs.len() == classes && labels.len() >= FEW * classes
}

/// Takes `count` images out of `data`, as far from each other as can be.
fn dealt_out(data: &mut DataSet, count: usize) -> DataSet {
    let (all, pixels) = (data.count(), data.pixels());
    let empty = || DataSet { images: Vec::with_capacity(data.images.len()), labels: Vec::new() };
    let [mut left, mut taken] = [empty(), empty()];
    // In the middle of their turn, so that the only image of a class at an end is left.
    let before = |at: usize| (at * count + all / 2) / all;
    for (at, (image, label)) in data.images.chunks_exact(pixels).zip(&data.labels).enumerate() {
        let part = if before(at) < before(at + 1) { &mut taken } else { &mut left };
        part.images.extend(image);
        part.labels.push(*label);
    }
    *data = left;
    taken
}

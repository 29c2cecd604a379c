//! The parts of a set: what its files keep for validation and test, and what is cut off the training images where they keep none.

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
    /// The three parts. What the files lack is cut off the end of the training images: the test images first, a sixth, then
    /// those for validation, as many as `validation` says or a sixth.
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
                    said.push(format!("{name} is the last {count} of {all} training images"));
                    Ok(cut(&mut training, count))
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

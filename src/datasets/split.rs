//! The parts of a set: what its files keep for validation and test, and what is cut off the training images where they keep none.

use super::{Found, Order, Unfit};
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
}

/// What is kept where nothing else is asked for: of MNIST's 60,000 images the last 10,000.
const SIXTH: usize = 6;

impl Found {
    /// The three parts. What the files lack is cut off the training images: the test images first, a sixth, then those for
    /// validation, as many as `validation` says or a sixth. Where the images are mixed it is the last of them; where they lie
    /// class by class it is every so many, so each class gives its share.
    ///
    /// # Errors
    /// There are too few images, or the files have a validation part and another is asked for.
    pub fn split(self, validation: Option<Cut>) -> Result<Parts, Unfit> {
        let Found { training, validation: own, test, order, .. } = self;
        let empty = || DataSet { images: Vec::new(), labels: Vec::new() };
        let Some(mut training) = training else {
            let split =
                Split { training: empty(), validation: own.unwrap_or_else(empty), test: test.unwrap_or_else(empty) };
            return Ok(Parts { split, said: "the files' own".into() });
        };
        let mut said = Vec::new();
        let mut cut = |training: &mut DataSet, part: &str, wanted: Option<Cut>| {
            let all = training.count();
            let count = count(wanted, all)?;
            said.push(format!("{part} is {} of {all} training images", order.describes(count)));
            Ok::<_, Unfit>(order.cut(training, count))
        };
        let (test, own_test) = match test {
            Some(test) => (test, true),
            None => (cut(&mut training, "test", None)?, false),
        };
        let (kept, own_validation) = match (own, validation) {
            (Some(_), Some(_)) => return Err(Unfit::OwnValidation),
            (Some(own), None) => (own, true),
            (None, wanted) => (cut(&mut training, "validation", wanted)?, false),
        };
        said.extend(
            [(own_validation, "validation"), (own_test, "test")]
                .iter()
                .filter(|(is_own, _)| *is_own)
                .map(|(_, part)| format!("{part} is the files' own")),
        );
        Ok(Parts { split: Split { training, validation: kept, test }, said: said.join(", ") })
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

impl Order {
    fn describes(self, count: usize) -> String {
        match self {
            Order::Mixed => format!("the last {count}"),
            Order::ByClass => format!("{count}, evenly of each class,"),
        }
    }

    /// Takes `count` images out of `data`.
    fn cut(self, data: &mut DataSet, count: usize) -> DataSet {
        let (all, pixels) = (data.count(), data.pixels());
        match self {
            Order::Mixed => {
                let images = data.images.split_off((all - count) * pixels);
                DataSet { images, labels: data.labels.split_off(all - count) }
            }
            Order::ByClass => {
                // The image behind each of `count` equal steps through them all.
                let is_kept = |at: usize| (at + 1) * count / all > at * count / all;
                let [mut kept, mut left] = [(); 2].map(|()| DataSet { images: Vec::new(), labels: Vec::new() });
                for at in 0..all {
                    let part = if is_kept(at) { &mut kept } else { &mut left };
                    part.images.extend(data.image(at));
                    part.labels.push(data.labels[at]);
                }
                *data = left;
                kept
            }
        }
    }
}

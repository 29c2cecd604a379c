//! Several sets of drawings, each with a name: what a model makes of each. They go through it together and are counted apart.

use digits::calibrate::Sample;
use digits::drawings::{self, Family, Part};
use digits::mnist::DataSet;
use digits::model::Model;
use digits::network::Calibration;
use digits::reference::softmax::NO_CLASS;
use digits::report::{SetFigures, set_table};
use pollster::FutureExt as _;

use super::say;

/// All sets in one, and the name and the size of each.
pub struct Sets {
    all: DataSet,
    parts: Vec<(String, usize)>,
}

impl Sets {
    /// Digits written in ways that MNIST hardly has.
    pub fn kinds() -> Sets {
        Sets::of(drawings::kinds().into_iter().map(|(name, data)| (name.into(), data)))
    }

    /// What is no digit, family by family.
    pub fn no_digits(part: Part) -> Sets {
        Sets::of(Family::all().map(|family| {
            let note = if Family::HELD_BACK.contains(&family) { " (held back)" } else { "" };
            (format!("{}{note}", family.name()), drawings::no_digits(part, family))
        }))
    }

    fn of(sets: impl Iterator<Item = (String, DataSet)>) -> Sets {
        let mut together = Sets { all: DataSet { images: Vec::new(), labels: Vec::new() }, parts: Vec::new() };
        for (name, data) in sets {
            together.parts.push((name, data.count()));
            together.all.append(data);
        }
        together
    }

    /// What each set was taken for, from the answers for all.
    fn figures(&self, answers: &[(u8, bool)]) -> Vec<SetFigures> {
        let (mut labels, mut answers) = (&self.all.labels[..], answers);
        let of = |(name, count): &(String, usize)| {
            let (actual, said);
            (actual, labels) = labels.split_at(*count);
            (said, answers) = answers.split_at(*count);
            SetFigures::new(name, actual, said, NO_CLASS)
        };
        self.parts.iter().map(of).collect()
    }
}

/// Prints a line for each set.
pub fn run(sets: &Sets, model: &Model, calibration: &Calibration, json: bool) -> anyhow::Result<()> {
    let figures = sets.figures(&Sample::of(model, &sets.all).block_on()?.answers(calibration));
    Ok(say(&if json { serde_json::to_string(&figures)? } else { set_table(&figures) })?)
}

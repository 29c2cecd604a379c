//! Several sets of drawings, each with a name: what a model makes of each. They go through it together and are counted apart.

use digits::drawings::{self, Family, NO_DIGIT, Part};
use digits::evaluate::{self, Evaluator};
use digits::layers::batch::Images;
use digits::mnist::DataSet;
use digits::model::Model;
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
    pub fn no_digits() -> Sets {
        Sets::of(Family::all().map(|family| {
            let note = if Family::HELD_BACK.contains(&family) { " (held back)" } else { "" };
            (format!("{}{note}", family.name()), drawings::no_digits(Part::Test, family))
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

    /// What each set was taken for, from the predictions for all.
    fn figures(&self, predictions: &[u8]) -> Vec<SetFigures> {
        let (mut labels, mut predictions) = (&self.all.labels[..], predictions);
        let of = |(name, count): &(String, usize)| {
            let (actual, predicted);
            (actual, labels) = labels.split_at(*count);
            (predicted, predictions) = predictions.split_at(*count);
            SetFigures::new(name, actual, predicted, NO_DIGIT)
        };
        self.parts.iter().map(of).collect()
    }
}

/// Prints a line for each set.
pub fn run(sets: &Sets, model: &Model, json: bool) -> anyhow::Result<()> {
    let gpu = model.gpu();
    let images = Images::new(gpu, &sets.all.images, &sets.all.labels)?;
    let evaluation = Evaluator::new(model, &images, evaluate::batch(gpu))?.run().block_on()?;
    let figures = sets.figures(&evaluation.predictions);
    Ok(say(&if json { serde_json::to_string(&figures)? } else { set_table(&figures) })?)
}

//! How a training goes about it, as people choose it: the optimiser, the course of its learning rate over the whole training, and
//! what else keeps a network from learning its images by heart. The presets are recipes that were measured; docs/results.md has
//! their figures.

use std::fmt::{self, Display, Formatter};

use crate::augment::Augment;
use crate::reference::Optimiser;
use crate::reference::adam::Adam;
use crate::reference::schedule::Schedule;
use crate::trainer::Plan;

/// A recipe for a training of any length on any number of images.
#[derive(Clone, Debug, PartialEq)]
pub struct Recipe {
    /// How often to go through the training images.
    pub epochs: u32,
    /// Images of a step, N.
    pub batch: usize,
    /// With the learning rate at its peak.
    pub optimiser: Optimiser,
    pub course: Course,
    /// See [`Plan::smoothing`].
    pub smoothing: f64,
    /// See [`Plan::average`].
    pub average: Option<f64>,
    /// See [`Plan::augment`].
    pub augment: Augment,
}

/// How the learning rate goes in the course of a whole training.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Course {
    /// The share of the training in which it rises to its peak, from 0 to below 1.
    pub warm_up: f64,
    pub then: Then,
}

/// What the learning rate does at its peak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// It stays there.
    Stay,
    /// It falls to zero at the end, as a cosine does.
    Fall,
}

impl Course {
    pub const CONSTANT: Course = Course { warm_up: 0.0, then: Then::Stay };
    pub const COSINE: Course = Course { warm_up: 0.0, then: Then::Fall };
    /// Smith, "A disciplined approach to neural network hyper-parameters", 2018; the share is PyTorch's.
    pub const ONE_CYCLE: Course = Course { warm_up: 0.3, then: Then::Fall };

    /// In a training of so many steps.
    pub fn schedule(&self, steps: u32) -> Schedule {
        let rise = (self.warm_up * f64::from(steps)) as u32;
        let fall = match self.then {
            Then::Stay => 0,
            Then::Fall => steps - rise,
        };
        Schedule { rise, fall }
    }
}

impl Recipe {
    /// The default: what a plain script does.
    pub fn seed() -> Recipe {
        Recipe {
            epochs: 15,
            batch: 128,
            optimiser: Optimiser::Adam(Adam::new(1e-3)),
            course: Course::CONSTANT,
            smoothing: 0.0,
            average: None,
            augment: Augment::NONE,
        }
    }

    /// As good as the default's 15 epochs in three.
    pub fn quick() -> Recipe {
        let adam = Adam { beta1: 0.8, beta2: 0.95, ..Adam::new(8e-3) };
        let (optimiser, course) = (Optimiser::Adam(adam), Course::ONE_CYCLE);
        Recipe { epochs: 3, optimiser, course, smoothing: 0.1, ..Recipe::seed() }
    }

    /// Longer, on images that are drawn anew for each step: what reads well what is turned, moved, pale, noisy or in part hidden.
    pub fn best() -> Recipe {
        let adam = Adam { beta2: 0.99, weight_decay: 0.05, ..Adam::new(5e-3) };
        let text = "rotate 10 | shift 2 | scale 0.1 | shear 0.1 | elastic 1 | contrast 0.7 | patch 12 | noise 0.25 | clean 0.5";
        let augment = Augment::parse(text).expect("it is an augmentation");
        let (optimiser, average) = (Optimiser::Adam(adam), Some(0.999));
        Recipe { epochs: 30, optimiser, smoothing: 0.05, average, augment, ..Recipe::quick() }
    }

    /// What a recipe has beside an optimiser and a constant learning rate, if anything.
    pub fn notes(&self) -> Option<String> {
        let text = self.to_string();
        (text != Recipe::seed().to_string()).then_some(text)
    }

    /// For a training on `images` images.
    pub fn plan(&self, images: usize, seed: u32) -> Plan {
        let steps = u32::try_from(images.div_ceil(self.batch)).ok().and_then(|steps| steps.checked_mul(self.epochs));
        // A training beyond 2^32 steps ends before its schedule does.
        let schedule = self.course.schedule(steps.unwrap_or(u32::MAX));
        let Recipe { batch, optimiser, smoothing, average, augment, .. } = *self;
        Plan { schedule, smoothing, average, augment, ..Plan::new(batch, optimiser, seed) }
    }
}

impl Display for Course {
    /// `constant`, `cosine`, `one-cycle`; with another warm-up, `constant, warm-up 0.1`.
    fn fmt(&self, f: &mut Formatter) -> fmt::Result {
        let (name, usual) = match self.then {
            _ if *self == Course::ONE_CYCLE => ("one-cycle", Course::ONE_CYCLE),
            Then::Stay => ("constant", Course::CONSTANT),
            Then::Fall => ("cosine", Course::COSINE),
        };
        f.write_str(name)?;
        if *self == usual { Ok(()) } else { write!(f, ", warm-up {}", self.warm_up) }
    }
}

impl Display for Recipe {
    /// What there is beside the size of batch and rate, but the augmentation: `one-cycle, weight decay 0.05, label smoothing 0.1, average 0.999`.
    fn fmt(&self, f: &mut Formatter) -> fmt::Result {
        let mut words = vec![self.course.to_string()];
        if let Optimiser::Adam(adam) = self.optimiser {
            let usual = Adam::new(adam.learning_rate);
            if [adam.beta1, adam.beta2] != [usual.beta1, usual.beta2] {
                words.push(format!("betas {},{}", adam.beta1, adam.beta2));
            }
            if adam.weight_decay > 0.0 {
                words.push(format!("weight decay {}", adam.weight_decay));
            }
        }
        if self.smoothing > 0.0 {
            words.push(format!("label smoothing {}", self.smoothing));
        }
        words.extend(self.average.map(|decay| format!("average {decay}")));
        f.write_str(&words.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_course_ends_with_the_training() {
        assert_eq!(Course::ONE_CYCLE.schedule(1000), Schedule { rise: 300, fall: 700 });
        assert_eq!(Course::COSINE.schedule(7), Schedule { rise: 0, fall: 7 });
        assert_eq!(Course::CONSTANT.schedule(1000), Schedule::CONSTANT);
        assert_eq!(Course { warm_up: 0.25, ..Course::CONSTANT }.schedule(8), Schedule { rise: 2, fall: 0 });
        let plan = Recipe { epochs: 3, batch: 100, course: Course::ONE_CYCLE, ..Recipe::seed() }.plan(250, 1);
        assert_eq!(plan.schedule, Schedule { rise: 2, fall: 7 }, "of nine steps");
    }

    #[test]
    fn a_recipe_tells_what_differs_from_the_default() {
        assert_eq!(Recipe::seed().to_string(), "constant");
        let adam = Adam { beta1: 0.8, weight_decay: 0.1, ..Adam::new(1.0) };
        let recipe = Recipe { optimiser: Optimiser::Adam(adam), smoothing: 0.1, average: Some(0.99), ..Recipe::seed() };
        assert_eq!(
            recipe.to_string(),
            "constant, betas 0.8,0.999, weight decay 0.1, label smoothing 0.1, average 0.99"
        );
        for (warm_up, then, expected) in [
            (0.3, Then::Fall, "one-cycle"),
            (0.1, Then::Fall, "cosine, warm-up 0.1"),
            (0.0, Then::Fall, "cosine"),
            (0.3, Then::Stay, "constant, warm-up 0.3"),
        ] {
            assert_eq!(Course { warm_up, then }.to_string(), expected);
        }
    }
}

//! How long a training step takes, and where it goes.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::{BATCH, sample, seed_network};
use crate::gpu::{Gpu, GpuError, Recording};
use crate::layers::batch::Images;
use crate::network::{Network, Parameters};
use crate::reference::Optimiser;
use crate::reference::adam::Adam;
use crate::trainer::{Plan, Trainer};

/// A training whose steps can be timed, however many.
pub struct Training {
    trainer: Trainer,
}

/// The time of a training step of the seed network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Steps {
    /// Images of a step.
    pub batch: usize,
    /// Of a whole step, as it is when many are submitted together.
    pub seconds: f64,
    pub images_per_second: f64,
    /// In their order.
    pub commands: Vec<Command>,
}

/// One command of a step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Command {
    /// The kernel, or the one that a copy to a texture is for.
    pub name: String,
    /// When the command is repeated alone.
    pub seconds: f64,
}

impl Training {
    /// The default training of `network` on `images` in batches of `n`.
    ///
    /// # Errors
    /// A tensor larger than the adapter can bind, or a kernel that cannot be built.
    pub fn new(gpu: &Gpu, network: &Network, images: &Images, n: usize) -> Result<Training, GpuError> {
        let plan = Plan::new(n, Optimiser::Adam(Adam::new(1e-3)), 0);
        Ok(Training { trainer: Trainer::new(gpu, network, &Parameters::glorot(network, 0), images, &plan)? })
    }

    /// The default training of the seed network.
    ///
    /// # Errors
    /// As [`Training::new`].
    pub fn seed(gpu: &Gpu, images: &Images) -> Result<Training, GpuError> {
        Training::new(gpu, &seed_network(), images, BATCH)
    }

    /// The time of so many steps, from the first call to the end of the work. Where an epoch has fewer, it begins anew,
    /// which does not count.
    ///
    /// # Errors
    /// The device failed.
    pub fn time(&mut self, steps: usize) -> Result<Duration, GpuError> {
        let (mut elapsed, mut left) = (Duration::ZERO, steps);
        while left > 0 {
            let now = left.min(self.trainer.steps_of_an_epoch());
            self.begin_epoch()?;
            let start = Instant::now();
            self.trainer.step().submit(now)?;
            self.gpu().wait()?;
            elapsed += start.elapsed();
            left -= now;
        }
        Ok(elapsed)
    }

    /// The kernels of a step.
    pub fn recording(&self) -> &Recording {
        self.trainer.step()
    }

    fn gpu(&self) -> &Gpu {
        self.trainer.model().gpu()
    }

    /// And waits for it, so that it counts for no step.
    fn begin_epoch(&mut self) -> Result<(), GpuError> {
        self.trainer.begin_epoch(0)?;
        self.gpu().wait()
    }
}

impl Steps {
    /// Measures a training step on `images` and each of its commands alone.
    ///
    /// # Errors
    /// The device failed.
    pub fn measure(gpu: &Gpu, images: &Images) -> Result<Steps, GpuError> {
        let mut training = Training::seed(gpu, images)?;
        // A GPU comes to its clocks only after some such work.
        sample(|steps| training.time(steps))?;
        let seconds = sample(|steps| training.time(steps))?.median();
        let step = training.recording().clone();
        let names = names(&step.commands().map(|(name, _)| name).collect::<Vec<_>>());
        let mut commands = Vec::new();
        // A command that is repeated does the same each time; the first begins the first step of an epoch.
        training.begin_epoch()?;
        for (name, (_, recording)) in names.into_iter().zip(step.commands()) {
            commands.push(Command { name, seconds: sample(|times| recording.time(times))?.median() });
        }
        Ok(Steps { batch: BATCH, seconds, images_per_second: BATCH as f64 / seconds, commands })
    }
}

/// Names that tell which kernel a copy is for: the next.
fn names(commands: &[&str]) -> Vec<String> {
    let kernel =
        |rest: &[&str]| rest.iter().find(|name| **name != "copy").map_or("nothing".into(), |name| name.to_string());
    let name = |(index, name): (usize, &&str)| match *name {
        "copy" => format!("copy for {}", kernel(&commands[index..])),
        name => name.into(),
    };
    commands.iter().enumerate().map(name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_are_named_after_the_kernel_that_they_are_for() {
        let expected = ["a", "copy for b", "copy for b", "b", "copy for nothing"];
        assert_eq!(names(&["a", "copy", "copy", "b", "copy"]), expected);
    }
}

//! What `digits train` is given in place of MNIST and the default network: a data set, the model to go on from, a network, and
//! whether these fit each other.

use anyhow::{anyhow, bail};
use digits::datasets::Need;
use digits::mnist::{CLASSES, SIDE};
use digits::network::{ModelFile, Network, Shape};

use super::super::data::{Data, class_names};
use super::super::{Misuse, class_mismatch, no_digits};
use super::Options;

impl Options {
    /// The data in place of MNIST as it is, for the model to go on from where there is one.
    pub(super) fn given(&self, from: Option<&ModelFile>) -> anyhow::Result<Option<Data>> {
        let input = from.map(|file| file.network.input()).or(self.input).unwrap_or(Shape::MNIST);
        if let Some(file) = from.filter(|_| self.data.is_mnist()) {
            self.refuse(class_mismatch(&file.network, CLASSES).or_else(|| no_digits(file)))?;
            self.refuse(
                (input != Shape::MNIST).then(|| format!("it takes images of {input}, and MNIST's are {SIDE}x{SIDE}")),
            )?;
        }
        let names = self.classes.as_deref().map(class_names).transpose()?;
        let data = self.data.read([input.height, input.width], Need::Everything, |found| match from {
            Some(file) => Ok(file.classes.clone()),
            None => found.classes(names),
        })?;
        match &data {
            Some(data) if data.split.training.count() == 0 => bail!("{} has no training images", self.data.name()),
            Some(data) if self.pen.is_some() && (!data.classes.are_digits() || input != Shape::MNIST) => {
                let what = "--pen adds drawings of the ten digits, 28x28 pixels, so it goes only with data of such";
                Err(Misuse(what.into()).into())
            }
            _ => Ok(data),
        }
    }

    /// Says why the model to go on from does not fit, if so.
    fn refuse(&self, problem: Option<String>) -> anyhow::Result<()> {
        match (&self.from, problem) {
            (Some(path), Some(problem)) => bail!("{} does not fit: {problem}", path.display()),
            _ => Ok(()),
        }
    }

    /// The network that was asked for, or the default one, for data with so many classes.
    pub(super) fn network(&self, classes: usize) -> anyhow::Result<Network> {
        let input = self.input.unwrap_or(Shape::MNIST);
        let Some(text) = &self.network else {
            let seed = Network::seed(input, classes);
            return seed
                .map_err(|error| anyhow!("the default network does not fit: {error}; give another with --network"));
        };
        let network = Network::parse(input, text).map_err(|error| Misuse(format!("--network: {error}")))?;
        match class_mismatch(&network, classes) {
            None => Ok(network),
            Some(problem) => {
                Err(Misuse(format!("--network does not fit: {problem}; let it end with dense {classes}")).into())
            }
        }
    }
}

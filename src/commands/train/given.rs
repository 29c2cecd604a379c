//! What `digits train` is given in place of MNIST and the default network: a data set, the model to go on from, a network, and
//! whether these fit each other.

use anyhow::{anyhow, bail};
use digits::datasets::Need;
use digits::mnist::{CLASSES, DataSet, SIDE, Split};
use digits::network::{Classes, ModelFile, Network, Shape};
use indicatif::HumanCount;

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

/// What to do about training images that need more than `most` bytes; `counted` of them are those that --train-images counts,
/// the others were added.
pub(super) fn no_room(training: &DataSet, counted: usize, most: u64) -> Option<String> {
    const MIB: f64 = (1 << 20) as f64;
    let (count, room) = (training.count(), most as usize / training.pixels());
    (count > room).then(|| {
        let [needed, most] = [training.images.len() as f64, most as f64].map(|bytes| bytes / MIB);
        let fitting = room.saturating_sub(count - counted);
        format!(
            "the {} training images take {needed:.1} MiB in one buffer, and the adapter binds at most {most:.1}: --train-images \
             {fitting} is the most that fits",
            HumanCount(count as u64)
        )
    })
}

/// What is said where validation or test images show classes that the training images do not.
pub(super) fn untaught(data: &Split, classes: &Classes) -> Option<String> {
    const NAMED: usize = 10;
    let untaught: Vec<&str> = data
        .untaught()
        .into_iter()
        .filter_map(|class| classes.names().get(usize::from(class)))
        .map(String::as_str)
        .collect();
    let more = untaught.len().saturating_sub(NAMED);
    let named = untaught[..untaught.len() - more].join(", ");
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    (!untaught.is_empty()).then(|| {
        format!(
            "note: no training image shows {named}{more}, but validation or test images do, which will be read wrong"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data(labels: &[u8]) -> DataSet {
        DataSet { images: vec![0; 784 * labels.len()], labels: labels.to_vec() }
    }

    #[test]
    fn the_most_images_that_fit_are_told_exactly() {
        let training = data(&[0; 10]);
        assert_eq!(no_room(&training, 10, 784 * 10), None);
        for (counted, most, fitting) in [(10, 784 * 10 - 1, 9), (10, 784 * 7, 7), (8, 784 * 7 + 783, 5)] {
            let told = no_room(&training, counted, most).unwrap();
            assert!(told.ends_with(&format!(": --train-images {fitting} is the most that fits")), "{told}");
        }
    }

    #[test]
    fn classes_that_are_judged_and_never_taught_are_named() {
        let split = |training, test| Split { training: data(training), validation: data(&[1]), test: data(test) };
        let told = |split, count| untaught(&split, &Classes::numbered(count));
        assert_eq!(told(split(&[2, 1, 0], &[0, 255]), 3), None);
        let one = told(split(&[0, 3], &[0]), 4).unwrap();
        assert!(one.starts_with("note: no training image shows 1, but "), "{one}");
        let many: Vec<u8> = (0..20).collect();
        let many = told(split(&[0, 4], &many), 20).unwrap();
        assert!(many.contains(" 1, 2, 3, 5, 6, 7, 8, 9, 10, 11 and 8 more, but "), "{many}");
    }
}

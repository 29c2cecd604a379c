//! Recognition: images on the host go in, the probability of each class comes out.
//!
//! ```
//! # use pollster::FutureExt as _;
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use digits::gpu::{Gpu, Request};
//! use digits::mnist::Split;
//! use digits::model::Model;
//! use digits::network::{ModelFile, best};
//! use digits::recognize::Recognizer;
//!
//! let file = ModelFile::shipped();
//! let gpu = Gpu::open(&Request::default()).block_on()?;
//! let recognizer = Recognizer::new(&Model::new(&gpu, &file.network, &file.parameters)?, 128)?;
//! let mut test = Split::embedded()?.test;
//! test.truncate(200);
//! let probabilities = recognizer.recognize(&test.images).block_on()?;
//! let answers = probabilities.chunks(10).map(best);
//! let right = answers.zip(&test.labels).filter(|(answer, label)| *answer == usize::from(**label)).count();
//! assert!(right >= 195);
//! # Ok(())
//! # }
//! ```

use std::collections::VecDeque;
use std::marker::PhantomData;

use crate::gpu::{GpuError, Recording, Replay, Replayer};
use crate::layers::turn::{self, Pixel};
use crate::layers::{append_images_outermost, to_images_innermost};
use crate::model::{Activations, Model, Pass};

/// A model that is ready for images whose pixels are `P`, a batch at a time: bytes, as files have them, or `f32` from 0 to 1,
/// as drawings have them. When the model's parameters change, it needs a new recognizer.
pub struct Recognizer<P> {
    n: usize,
    features: usize,
    classes: usize,
    activations: Activations,
    replayer: Replayer,
    pixel: PhantomData<P>,
}

/// Batches that are on their way at a time: the GPU works on one while the next waits for it and the host reads the last.
const IN_FLIGHT: usize = 3;

impl<P: Pixel> Recognizer<P> {
    /// Prepares to run `model` on `n` images at a time.
    ///
    /// # Errors
    /// A tensor larger than the adapter can bind, or a kernel that cannot be built.
    ///
    /// # Panics
    /// If the pixels of an image are no multiple of four.
    pub fn new(model: &Model, n: usize) -> Result<Recognizer<P>, GpuError> {
        let (features, classes) = (model.network().input().features(), model.network().classes());
        let activations = model.activations(n, Pass::Evaluate)?;
        let mut recording = Recording::new(model.gpu());
        recording.hold(model.parameters());
        let images = match n {
            1 => activations.images().clone(),
            _ => {
                let images = turn::images::<P>(model.gpu(), n, features)?;
                turn::forward::<P>(&mut recording, n, [&images, activations.images()])?;
                images
            }
        };
        let probabilities = model.record_recognition(&mut recording, &activations)?;
        let replayer = Replayer::new(recording, images, probabilities);
        Ok(Recognizer { n, features, classes, activations, replayer, pixel: PhantomData })
    }

    /// What the images became on their way, from the last batch of the last call of [`Recognizer::recognize`].
    pub(crate) fn activations(&self) -> &Activations {
        &self.activations
    }

    /// The probability of each class: any number of images [N, C, H, W] -> [N, classes].
    ///
    /// # Errors
    /// The device failed.
    ///
    /// # Panics
    /// If the last image has too few pixels.
    pub async fn recognize(&self, images: &[P]) -> Result<Vec<f32>, GpuError> {
        assert!(images.len().is_multiple_of(self.features), "{} pixels", images.len());
        let count = images.len() / self.features;
        let mut probabilities = Vec::with_capacity(count.next_multiple_of(self.n) * self.classes);
        let mut in_flight = VecDeque::with_capacity(IN_FLIGHT);
        // A batch that is not full leaves images of an earlier one behind its own; nobody looks at what becomes of them.
        for batch in images.chunks(self.n * self.features) {
            if in_flight.len() == IN_FLIGHT
                && let Some(replay) = in_flight.pop_front()
            {
                self.finish(replay, &mut probabilities).await?;
            }
            in_flight.push_back(self.start(batch)?);
        }
        while let Some(replay) = in_flight.pop_front() {
            self.finish(replay, &mut probabilities).await?;
        }
        probabilities.truncate(count * self.classes);
        Ok(probabilities)
    }

    /// Sends a batch. One image alone has none that it is turned among: the host puts its pixels apart in less time than a
    /// dispatch takes.
    fn start(&self, batch: &[P]) -> Result<Replay, GpuError> {
        match self.n {
            1 => {
                let numbers: Vec<f32> = batch.iter().map(|pixel| pixel.number()).collect();
                self.replayer.start(&to_images_innermost(&numbers, 1))
            }
            _ => self.replayer.start(batch),
        }
    }

    /// Appends what came of a batch, [N, classes].
    async fn finish(&self, replay: Replay, probabilities: &mut Vec<f32>) -> Result<(), GpuError> {
        replay.finish(|found| append_images_outermost(probabilities, found, self.n)).await
    }
}

#[cfg(test)]
mod tests {
    use pollster::FutureExt as _;

    use super::*;
    use crate::gpu::{Gpu, Request};
    use crate::network::{Network, Parameters, Shape};
    use crate::random::{Stream, uniform};
    use crate::reference;

    fn network() -> (Network, Parameters) {
        let text = "conv 4 3x3 relu | pool 2 | dropout 0.5 | dense 20 relu | dense 10";
        let network = Network::parse(Shape::MNIST, text).unwrap();
        let parameters = Parameters::glorot(&network, 1);
        (network, parameters)
    }

    fn model() -> Model {
        let gpu = Gpu::open(&Request::default()).block_on().unwrap_or_else(|error| panic!("{error}"));
        let (network, parameters) = network();
        Model::new(&gpu, &network, &parameters).unwrap()
    }

    fn images(seed: u32, count: usize) -> Vec<u8> {
        let pixels = (count * Shape::MNIST.features()) as u32;
        (0..pixels).map(|at| (255.0 * uniform(seed, Stream::Shuffle, 0, at)).round() as u8).collect()
    }

    fn expected(images: &[u8]) -> Vec<f64> {
        let (network, parameters) = network();
        let reference = reference::Model::new(&network, &parameters);
        let logits = reference.forward(&reference::turn::bytes(images), reference::Pass::Evaluate).pop().unwrap();
        reference::softmax::probabilities(&logits, network.classes())
    }

    #[track_caller]
    fn assert_near(found: &[f32], expected: &[f64]) {
        assert_eq!(found.len(), expected.len());
        for (at, (found, expected)) in found.iter().zip(expected).enumerate() {
            let error = (f64::from(*found) - expected).abs();
            assert!(error < 1e-5, "[{at}] is {found}, not {expected}");
        }
    }

    #[test]
    fn probabilities_are_those_of_the_reference_for_one_image_and_for_many() {
        let model = model();
        for n in [1, 35] {
            let bytes = Recognizer::<u8>::new(&model, n).unwrap();
            let numbers = Recognizer::<f32>::new(&model, n).unwrap();
            // The second batch must not see the first.
            for batch in 0..2 {
                let images = images(batch, n);
                let expected = expected(&images);
                assert_near(&bytes.recognize(&images).block_on().unwrap(), &expected);
                let images: Vec<f32> = images.into_iter().map(|pixel| f32::from(pixel) / 255.0).collect();
                assert_near(&numbers.recognize(&images).block_on().unwrap(), &expected);
            }
        }
    }

    #[test]
    fn many_batches_are_answered_in_their_order_and_the_last_may_be_short() {
        let model = model();
        let n = 5;
        let recognizer = Recognizer::<u8>::new(&model, n).unwrap();
        // More batches than are on their way at a time, twice, then fewer images than a batch, and none.
        for (seed, count) in [(1, 3 * IN_FLIGHT * n + 2), (2, (IN_FLIGHT + 1) * n), (3, 3), (4, 0)] {
            let images = images(seed, count);
            assert_near(&recognizer.recognize(&images).block_on().unwrap(), &expected(&images));
        }
    }

    #[test]
    fn what_nobody_waits_for_does_not_mix_with_what_is_asked_next() {
        let recognizer = Recognizer::<u8>::new(&model(), 2).unwrap();
        let images = images(5, 2 * IN_FLIGHT);
        drop(recognizer.replayer.start(&images[..2 * 784]).unwrap());
        let found = recognizer.recognize(&images).block_on().unwrap();
        assert_near(&found, &expected(&images));
    }
}

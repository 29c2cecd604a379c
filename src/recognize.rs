//! Recognition: images on the host go in, the probability of each class comes out.

use crate::gpu::{GpuError, Recording, Tensor};
use crate::layers::{to_images_innermost, to_images_outermost};
use crate::model::{Activations, Model, Pass};

/// A model that is ready for batches of a fixed size. When the model's parameters change, it needs a new recognizer.
pub struct Recognizer {
    n: usize,
    forward: Recording,
    activations: Activations,
    probabilities: Tensor,
}

impl Recognizer {
    /// Prepares to run `model` on `n` images at a time.
    ///
    /// # Errors
    /// A tensor larger than the adapter can bind, or a kernel that cannot be built.
    pub fn new(model: &Model, n: usize) -> Result<Recognizer, GpuError> {
        let activations = model.activations(n, Pass::Evaluate)?;
        let mut forward = Recording::new(model.gpu());
        forward.hold(model.parameters());
        let probabilities = model.record_recognition(&mut forward, &activations)?;
        Ok(Recognizer { n, forward, activations, probabilities })
    }

    /// What the images became on their way, from the last call of [`Recognizer::recognize`].
    pub(crate) fn activations(&self) -> &Activations {
        &self.activations
    }

    /// The probability of each class: images [N, C, H, W], pixels from 0 to 1 -> [N, classes].
    ///
    /// # Errors
    /// The device failed.
    ///
    /// # Panics
    /// If there are more or fewer images than the recognizer was made for.
    pub async fn recognize(&self, images: &[f32]) -> Result<Vec<f32>, GpuError> {
        let gpu = self.forward.gpu();
        let images = to_images_innermost(images, self.n);
        assert_eq!(images.len(), self.activations.images().len(), "the pixels of {} images", self.n);
        self.activations.images().write(gpu, &images);
        Ok(to_images_outermost(&self.forward.read(&self.probabilities).await?, self.n))
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

    #[test]
    fn probabilities_are_those_of_the_reference_for_one_image_and_for_many() {
        let gpu = Gpu::open(&Request::default()).block_on().unwrap_or_else(|error| panic!("{error}"));
        let text = "conv 4 3x3 relu | pool 2 | dropout 0.5 | dense 20 relu | dense 10";
        let network = Network::parse(Shape::MNIST, text).unwrap();
        let parameters = Parameters::glorot(&network, 1);
        let model = Model::new(&gpu, &network, &parameters).unwrap();
        for n in [1, 35] {
            let recognizer = Recognizer::new(&model, n).unwrap();
            // The second batch must not see the first.
            for batch in 0..2 {
                let pixels = n * network.input().features();
                let images: Vec<f32> = (0..pixels as u32).map(|at| uniform(batch, Stream::Shuffle, 0, at)).collect();
                let found = recognizer.recognize(&images).block_on().unwrap();
                let images: Vec<f64> = images.into_iter().map(f64::from).collect();
                let reference = reference::Model::new(&network, &parameters);
                let logits = reference.forward(&images, reference::Pass::Evaluate).pop().unwrap();
                let expected = reference::softmax::probabilities(&logits, 10);
                assert_eq!(found.len(), expected.len());
                for (at, (found, expected)) in found.iter().zip(&expected).enumerate() {
                    let error = (f64::from(*found) - expected).abs();
                    assert!(error < 1e-5, "batch {batch} of {n}: [{at}] is {found}, not {expected}");
                }
            }
        }
    }
}

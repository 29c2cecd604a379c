//! A whole network out of the operations: forward, loss, backward to the flat gradients, and steps of training. The
//! trainer on the GPU must give the losses that this gives.

use super::adam::{self, Adam};
use super::batch::Batch;
use super::batchnorm::{self, BatchNormShape, Statistics};
use super::conv::{self, ConvShape};
use super::dense::{self, DenseShape};
use super::dropout::{self, Dropout};
use super::pool::{self, PoolShape};
use super::sgd::{self, Sgd};
use super::{relu, relu_backward, softmax, update};
use crate::network::{Activation, Layer, Matrix, Network, Parameters, Shape};

/// A network and everything that training changes. The vectors have the flat layout of [`Parameters`].
#[derive(Clone, Debug)]
pub struct Model {
    network: Network,
    pub parameters: Vec<f64>,
    /// Adam's first moment, or the velocity of gradient descent.
    pub m: Vec<f64>,
    /// Adam's second moment.
    pub v: Vec<f64>,
    /// The training steps taken.
    pub steps: u32,
    /// How much of a label is spread over all classes, see [`softmax::target`].
    pub smoothing: f64,
}

/// How a batch goes through the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pass {
    /// Recognition: dropout does nothing, and batches are normalised by running statistics.
    Evaluate,
    /// Training: dropout draws for `step`, counted from 0, of a training with `seed` and room for `capacity` images, and batches
    /// are normalised by the statistics of their first `images`.
    Train { seed: u32, step: u32, capacity: usize, images: usize },
}

/// The rule that turns gradients into new parameters.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Optimiser {
    Adam(Adam),
    Sgd(Sgd),
}

impl Optimiser {
    /// At its peak, where there is a schedule.
    pub fn learning_rate(&self) -> f64 {
        match self {
            Optimiser::Adam(adam) => adam.learning_rate,
            Optimiser::Sgd(sgd) => sgd.learning_rate,
        }
    }

    /// The same rule with another learning rate.
    pub fn with_learning_rate(self, learning_rate: f64) -> Optimiser {
        match self {
            Optimiser::Adam(adam) => Optimiser::Adam(Adam { learning_rate, ..adam }),
            Optimiser::Sgd(sgd) => Optimiser::Sgd(Sgd { learning_rate, ..sgd }),
        }
    }
}

/// The gradient of the mean loss.
#[derive(Clone, Debug)]
pub struct Gradients {
    /// By the parameters, in their flat layout; of running statistics, the distance from the batch's.
    pub d_parameters: Vec<f64>,
    /// By each of [`Model::forward`]'s activations.
    pub d_activations: Vec<Vec<f64>>,
}

impl Model {
    /// A model before its first training step.
    pub fn new(network: &Network, parameters: &Parameters) -> Model {
        let parameters: Vec<f64> = parameters.values.iter().copied().map(f64::from).collect();
        let zeros = vec![0.0; parameters.len()];
        Model { network: network.clone(), parameters, m: zeros.clone(), v: zeros, steps: 0, smoothing: 0.0 }
    }

    /// What the network makes of `images`, `[N, C, H, W]`: they themselves, then the output of each layer, after its
    /// relu. The last are the logits.
    pub fn forward(&self, images: &[f64], pass: Pass) -> Vec<Vec<f64>> {
        let shapes = self.network.shapes();
        let n = images.len() / shapes[0].features();
        let mut activations = vec![images.to_vec()];
        for (index, layer) in self.network.layers().iter().enumerate() {
            let x = &activations[index];
            let y = match Operation::of(index, layer, n, &shapes, pass) {
                Operation::Conv(shape) => conv::forward(x, &self.weights(index), &self.biases(index), &shape),
                Operation::Dense(shape) => dense::forward(x, &self.weights(index), &self.biases(index), &shape),
                Operation::Pool(shape) => pool::forward(x, &shape),
                Operation::Dropout(dropout) => dropout::forward(x, &dropout),
                Operation::BatchNorm(shape) => {
                    let by = self.statistics(index, x, pass, &shape);
                    batchnorm::forward(x, &self.weights(index), &self.biases(index), &by, &shape)
                }
                Operation::Identity => x.clone(),
            };
            activations.push(match layer.activation() {
                Activation::Relu => relu(&y),
                Activation::Linear => y,
            });
        }
        activations
    }

    /// The mean loss of a batch.
    pub fn loss(&self, batch: &Batch, pass: Pass) -> f64 {
        let activations = self.forward(&batch.images, pass);
        self.mean_loss(&activations, &batch.labels)
    }

    fn mean_loss(&self, activations: &[Vec<f64>], labels: &[u8]) -> f64 {
        let logits = &activations[activations.len() - 1];
        softmax::mean(&softmax::forward(logits, labels, self.network.classes(), self.smoothing), labels)
    }

    /// The gradient of the mean loss, from what [`Model::forward`] gave in the same `pass` for images with `labels`.
    pub fn backward(&self, activations: &[Vec<f64>], labels: &[u8], pass: Pass) -> Gradients {
        let logits = &activations[activations.len() - 1];
        let d_logits = softmax::backward(logits, labels, self.network.classes(), self.smoothing);
        let mut d_parameters = vec![0.0; self.parameters.len()];
        let d_activations = self.descend(activations, d_logits, pass, |index, gradients| {
            let (d_weights, d_biases) = gradients();
            self.matrix(index).fill(&mut d_parameters, &d_weights, &d_biases);
        });
        if let Pass::Train { images, .. } = pass {
            self.fill_distances(&mut d_parameters, activations, images);
        }
        Gradients { d_parameters, d_activations }
    }

    /// The gradient, by each of the `activations`, of whatever has the gradient `d_logits`, `[N, classes]`, by the logits.
    pub fn backward_input(&self, activations: &[Vec<f64>], d_logits: Vec<f64>, pass: Pass) -> Vec<Vec<f64>> {
        self.descend(activations, d_logits, pass, |_, _| ())
    }

    /// Goes from the logits down to the images. Of each layer that has weights, `weights` is told the index, and a way to their
    /// gradient and that of the biases.
    fn descend(
        &self,
        activations: &[Vec<f64>],
        d_logits: Vec<f64>,
        pass: Pass,
        mut weights: impl FnMut(usize, &dyn Fn() -> (Vec<f64>, Vec<f64>)),
    ) -> Vec<Vec<f64>> {
        let shapes = self.network.shapes();
        let n = activations[0].len() / shapes[0].features();
        let mut d_activations = vec![Vec::new(); activations.len()];
        d_activations[self.network.layers().len()] = d_logits;
        for (index, layer) in self.network.layers().iter().enumerate().rev() {
            let (x, y, d_y) = (&activations[index], &activations[index + 1], &d_activations[index + 1]);
            let d_y = match layer.activation() {
                Activation::Relu => relu_backward(d_y, y),
                Activation::Linear => d_y.clone(),
            };
            d_activations[index] = match Operation::of(index, layer, n, &shapes, pass) {
                Operation::Conv(shape) => {
                    weights(index, &|| conv::backward_weights(&d_y, x, &shape));
                    conv::backward_input(&d_y, &self.weights(index), &shape)
                }
                Operation::Dense(shape) => {
                    weights(index, &|| dense::backward_weights(&d_y, x, &shape));
                    dense::backward_input(&d_y, &self.weights(index), &shape)
                }
                Operation::BatchNorm(shape) => {
                    let (by, w) = (self.statistics(index, x, pass, &shape), self.weights(index));
                    weights(index, &|| batchnorm::backward_weights(&d_y, x, &by, &shape));
                    match pass {
                        Pass::Train { images, .. } => batchnorm::backward_input(&d_y, x, &w, &by, images, &shape),
                        Pass::Evaluate => batchnorm::backward_running(&d_y, &w, &by, &shape),
                    }
                }
                Operation::Pool(shape) => pool::backward(&d_y, x, &shape),
                Operation::Dropout(dropout) => dropout::backward(&d_y, &dropout),
                Operation::Identity => d_y,
            };
        }
        d_activations
    }

    /// Trains one step on each of `batches`; gives the mean loss of each before its step.
    ///
    /// `seed` and `capacity` are dropout's, see [`Dropout`].
    pub fn train(&mut self, batches: &[Batch], optimiser: Optimiser, seed: u32, capacity: usize) -> Vec<f64> {
        let mut losses = Vec::new();
        for batch in batches {
            let images = batch.labels.iter().filter(|label| **label != softmax::NO_IMAGE).count();
            let pass = Pass::Train { seed, step: self.steps, capacity, images };
            let activations = self.forward(&batch.images, pass);
            losses.push(self.mean_loss(&activations, &batch.labels));
            let gradients = self.backward(&activations, &batch.labels, pass);
            self.step(&gradients.d_parameters, optimiser);
        }
        losses
    }

    /// One step of `optimiser`.
    pub fn step(&mut self, d_parameters: &[f64], optimiser: Optimiser) {
        self.steps += 1;
        let Model { network, parameters, m, v, steps, .. } = self;
        update::with_running(
            parameters,
            d_parameters,
            &network.matrices(),
            |parameters, d_parameters| match optimiser {
                Optimiser::Adam(adam) => adam::step(parameters, d_parameters, m, v, *steps, &adam),
                Optimiser::Sgd(sgd) => sgd::step(parameters, d_parameters, m, &sgd),
            },
        );
    }

    /// What the batch normalisation at `index` normalises x, [N, C, H, W], by.
    fn statistics(&self, index: usize, x: &[f64], pass: Pass, shape: &BatchNormShape) -> Statistics {
        match pass {
            Pass::Train { images, .. } => batchnorm::statistics(x, images, shape),
            Pass::Evaluate => self.running(index),
        }
    }

    fn running(&self, index: usize) -> Statistics {
        let [mean, variance] = self.matrix(index).statistics(&self.parameters);
        Statistics { mean, variance }
    }

    /// Puts the distance of all running statistics from those of a batch, with so many images, into a flat vector.
    fn fill_distances(&self, d_parameters: &mut [f64], activations: &[Vec<f64>], images: usize) {
        let (shapes, n) = (self.network.shapes(), activations[0].len() / self.network.input().features());
        for matrix in self.network.matrices().iter().filter(|matrix| matrix.is_norm()) {
            let shape = norm_shape(n, shapes[matrix.layer]);
            let batch = batchnorm::statistics(&activations[matrix.layer], images, &shape);
            let distances = self.running(matrix.layer).distance(&batch, images, &shape);
            let [means, variances] = [0, 1].map(|which| distances.iter().map(|of| of[which]).collect::<Vec<f64>>());
            matrix.fill_statistics(d_parameters, [&means, &variances]);
        }
    }

    /// The place of the parameters of layer `index`, which must have some.
    fn matrix(&self, index: usize) -> Matrix {
        let mut matrices = self.network.matrices().into_iter();
        matrices.find(|matrix| matrix.layer == index).expect("it is a layer with weights")
    }

    /// The weights of layer `index`, `[F, C, KH, KW]` or `[units, inputs]`.
    fn weights(&self, index: usize) -> Vec<f64> {
        self.matrix(index).weights(&self.parameters)
    }

    /// The biases of layer `index`, `[F]` or `[units]`.
    fn biases(&self, index: usize) -> Vec<f64> {
        self.matrix(index).biases(&self.parameters)
    }
}

/// What a layer does to a batch, with its sizes.
enum Operation {
    Conv(ConvShape),
    Dense(DenseShape),
    Pool(PoolShape),
    Dropout(Dropout),
    BatchNorm(BatchNormShape),
    Identity,
}

fn norm_shape(n: usize, Shape { channels: c, height: h, width: w }: Shape) -> BatchNormShape {
    BatchNormShape { n, c, h, w }
}

impl Operation {
    /// The operation of layer `index` on a batch of `n` images.
    fn of(index: usize, layer: &Layer, n: usize, shapes: &[Shape], pass: Pass) -> Operation {
        let input = shapes[index];
        let Shape { channels: c, height: h, width: w } = input;
        match (*layer, pass) {
            (Layer::Conv { filters: f, kernel, stride, .. }, _) => {
                Operation::Conv(ConvShape { n, c, h, w, f, kernel, padding: layer.padding(), stride, crop: [0, 0] })
            }
            (Layer::Dense { units, .. }, _) => Operation::Dense(DenseShape { n, inputs: input.features(), units }),
            (Layer::Pool { size }, _) => Operation::Pool(PoolShape { n, c, h, w, size }),
            (Layer::BatchNorm { .. }, _) => Operation::BatchNorm(norm_shape(n, input)),
            (Layer::Dropout { rate }, Pass::Train { seed, step, capacity, .. }) => {
                let (layer, features) = (index as u32, input.features());
                Operation::Dropout(Dropout { rate, seed, layer, step, features, capacity })
            }
            (Layer::Dropout { .. }, Pass::Evaluate) => Operation::Identity,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::differences::{assert_gradient, values};
    use super::*;

    const INPUT: Shape = Shape { channels: 2, height: 9, width: 8 };
    const LABELS: [u8; 4] = [3, 0, softmax::NO_IMAGE, 1];
    const TRAIN: Pass = Pass::Train { seed: 11, step: 2, capacity: 8, images: 4 };

    fn network() -> Network {
        let text =
            "conv 3 3x3 relu | pool 2 | dropout 0.3 | conv 4 1x3 same relu | dense 6 relu | dropout 0.2 | dense 4";
        Network::parse(INPUT, text).unwrap()
    }

    fn normalised() -> Network {
        let text =
            "batchnorm | conv 3 3x3 stride 2 | batchnorm relu | dropout 0.3 | dense 6 | batchnorm relu | dense 4";
        Network::parse(INPUT, text).unwrap()
    }

    fn model() -> Model {
        model_of(network())
    }

    fn model_of(network: Network) -> Model {
        let mut model = Model::new(&network, &Parameters::glorot(&network, 1));
        for matrix in network.matrices() {
            for (row, bias) in values(matrix.layer as u32, matrix.rows).into_iter().enumerate() {
                model.parameters[matrix.index(row, matrix.inputs)] = 0.3 * bias;
            }
        }
        model
    }

    fn batch() -> Batch {
        Batch { images: values(9, LABELS.len() * INPUT.features()), labels: LABELS.to_vec() }
    }

    fn gradients(model: &Model, batch: &Batch) -> Gradients {
        model.backward(&model.forward(&batch.images, TRAIN), &batch.labels, TRAIN)
    }

    // The loss has kinks, where a unit turns active or another pixel wins its window, and there it has no gradient. The
    // numbers of these tests are fixed, and none of their differences crosses a kink.

    #[test]
    fn model_parameter_gradient_agrees_with_finite_differences() {
        for network in [network(), normalised()] {
            let (model, batch) = (model_of(network), batch());
            let mut d_parameters = gradients(&model, &batch).d_parameters;
            // What stands for the gradient of running statistics is none: in training the loss does not hear of them.
            for matrix in model.network.matrices().iter().filter(|matrix| matrix.is_norm()) {
                matrix.fill_statistics(&mut d_parameters, [&vec![0.0; matrix.rows]; 2].map(Vec::as_slice));
            }
            assert_gradient("d_parameters", &model.parameters, &d_parameters, |parameters| {
                Model { parameters: parameters.to_vec(), ..model.clone() }.loss(&batch, TRAIN)
            });
        }
    }

    #[test]
    fn model_input_gradient_agrees_with_finite_differences() {
        for network in [network(), normalised()] {
            let (model, batch) = (model_of(network), batch());
            for pass in [TRAIN, Pass::Evaluate] {
                let activations = model.forward(&batch.images, pass);
                let d_images = &model.backward(&activations, &batch.labels, pass).d_activations[0];
                assert_gradient("d_images", &batch.images, d_images, |images| {
                    model.loss(&Batch { images: images.to_vec(), labels: batch.labels.clone() }, pass)
                });
            }
        }
    }

    #[test]
    fn model_drops_units_in_training_only_and_anew_in_each_step() {
        let (model, images) = (model(), batch().images);
        let logits = |pass| model.forward(&images, pass).pop().unwrap();
        let other_step = Pass::Train { seed: 11, step: 3, capacity: 8, images: 4 };
        assert_eq!(model.forward(&images, Pass::Evaluate)[2], model.forward(&images, Pass::Evaluate)[3]);
        assert_ne!(logits(Pass::Evaluate), logits(TRAIN));
        assert_ne!(logits(other_step), logits(TRAIN));
        assert_eq!(logits(TRAIN), logits(TRAIN));
    }

    #[test]
    fn model_counts_the_steps_of_dropout_from_zero() {
        let mut model = model();
        let at_rest = Optimiser::Sgd(Sgd { learning_rate: 0.0, momentum: 0.0 });
        let losses = [0, 1, 2].map(|step| model.loss(&batch(), Pass::Train { seed: 11, step, capacity: 8, images: 4 }));
        assert_eq!(model.train(&vec![batch(); 3], at_rest, 11, 8), losses);
    }

    #[test]
    fn model_learns_one_batch_by_heart_with_either_optimiser() {
        let sgd = Sgd { learning_rate: 0.02, momentum: 0.9 };
        for optimiser in [Optimiser::Adam(Adam::new(0.01)), Optimiser::Sgd(sgd)] {
            let mut model = model();
            let losses = model.train(&vec![batch(); 100], optimiser, 0, 4);
            let after = model.loss(&batch(), Pass::Evaluate);
            assert!(losses[0] > 1.0 && after < 0.05, "{optimiser:?}: from {} to {after}", losses[0]);
            let logits = model.forward(&batch().images, Pass::Evaluate).pop().unwrap();
            let predictions = softmax::predictions(&logits, 4);
            assert_eq!([predictions[0], predictions[1], predictions[3]], [3, 0, 1]);
        }
    }
}

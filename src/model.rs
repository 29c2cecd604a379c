//! A network on the GPU: its parameters, and how a batch goes forward and backward through its layers.
//!
//! ```
//! # use pollster::FutureExt as _;
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use digits::gpu::{Gpu, Request};
//! use digits::model::Model;
//! use digits::network::{Network, Parameters, Shape};
//!
//! let network = Network::parse(Shape::MNIST, "dense 10")?;
//! let gpu = Gpu::open(&Request::default()).block_on()?;
//! let model = Model::new(&gpu, &network, &Parameters::glorot(&network, 0))?;
//! let weights: Vec<f32> = model.parameters().read(&gpu).block_on()?;
//! assert_eq!(weights, Parameters::glorot(&network, 0).values);
//! # Ok(())
//! # }
//! ```

mod activations;
mod operation;

use crate::gpu::{Gpu, GpuError, Recording, Tensor};
use crate::layers::batchnorm::{self, Statistics};
use crate::layers::classifier::Classifier;
use crate::layers::clock::{Clock, Time};
use crate::layers::epilogue::Epilogue;
use crate::layers::softmax::{ScoreShape, Scores};
use crate::layers::transpose::Turned;
use crate::layers::update::{Gradients, Trained};
use crate::layers::{self, conv, dense, dropout, pool, softmax, transpose};
use crate::network::{Activation, Matrix, Network, Parameters, Shape};
pub use activations::Activations;
pub(crate) use operation::Operation;

/// A network and its parameters on the GPU. Clones share the parameters.
#[derive(Clone)]
pub struct Model {
    gpu: Gpu,
    network: Network,
    parameters: Tensor,
}

/// How a batch goes through the network.
#[derive(Clone, Copy)]
pub enum Pass<'a> {
    /// Recognition: dropout does nothing, and batches are normalised by running statistics.
    Evaluate,
    /// Training on a data set of `count` images: dropout draws for the clock's step, and batches are normalised by themselves.
    Train { seed: u32, clock: &'a Tensor, count: usize },
}

/// A batch of a labelled data set, and where what the network says of it goes.
#[derive(Clone, Copy)]
pub struct Labelled<'a> {
    pub shape: &'a ScoreShape,
    /// Counts the batches.
    pub clock: &'a Tensor,
    /// `[N]`
    pub labels: &'a Tensor,
    pub scores: &'a Scores,
}

/// What a backward pass is for.
#[derive(Clone, Copy)]
pub enum Wanted<'a> {
    /// The gradients by all parameters.
    Parameters(&'a Gradients),
    /// The gradient by the images, [H * W, N].
    Images(&'a Tensor),
}

/// What a way back through the layers starts from, and is for.
#[derive(Clone, Copy)]
struct Descent<'a> {
    activations: &'a Activations,
    pass: Pass<'a>,
    wanted: Wanted<'a>,
}

/// The output of one convolution with the pooling behind it, if there is one.
pub struct FeatureMaps<'a> {
    pub shape: Shape,
    /// [C, H, W, N]
    pub tensor: &'a Tensor,
}

impl Model {
    /// Brings a network's parameters to the GPU.
    ///
    /// # Errors
    /// They are larger than the adapter can bind.
    ///
    /// # Panics
    /// If the parameters are another network's.
    pub fn new(gpu: &Gpu, network: &Network, parameters: &Parameters) -> Result<Model, GpuError> {
        assert_eq!(Some(parameters.values.len()), network.matrices().last().map(Matrix::end));
        let parameters = Tensor::new(gpu, "parameters", &parameters.values)?;
        Ok(Model { gpu: gpu.clone(), network: network.clone(), parameters })
    }

    pub fn gpu(&self) -> &Gpu {
        &self.gpu
    }

    pub fn network(&self) -> &Network {
        &self.network
    }

    /// The flat vector of parameters, on the GPU.
    pub fn parameters(&self) -> &Tensor {
        &self.parameters
    }

    /// The same network with other parameters, in the flat layout.
    ///
    /// # Panics
    /// If they are another network's.
    pub fn with_parameters(&self, parameters: Tensor) -> Model {
        assert_eq!(parameters.len(), self.parameters.len());
        Model { gpu: self.gpu.clone(), network: self.network.clone(), parameters }
    }

    /// The parameters, brought back.
    ///
    /// # Errors
    /// The device failed.
    pub async fn read_parameters(&self) -> Result<Parameters, GpuError> {
        Ok(Parameters { values: self.parameters.read(&self.gpu).await? })
    }

    /// Puts other parameters in the place of these.
    ///
    /// # Panics
    /// If they are another network's.
    pub fn write_parameters(&self, parameters: &Parameters) {
        self.parameters.write(&self.gpu, &parameters.values);
    }

    /// Records the forward pass of a labelled batch, from the images to the losses and predictions.
    ///
    /// # Errors
    /// A kernel cannot be built.
    pub fn record_evaluation(
        &self,
        recording: &mut Recording,
        activations: &Activations,
        batch: &Labelled,
    ) -> Result<(), GpuError> {
        let &Labelled { shape, clock, labels, scores } = batch;
        let mut operations = Operation::of(&self.network, activations.n, Pass::Evaluate.seed());
        let last = self.pop_classifier(&mut operations);
        self.record_operations(recording, activations, Pass::Evaluate, &operations)?;
        match last.as_ref().and_then(Operation::classifier) {
            Some(classifier) => {
                let tensors = [clock, labels, &self.parameters, activations.last_input()];
                classifier.losses(recording, shape, tensors, scores)
            }
            None => softmax::forward(recording, shape, [clock, activations.logits(), labels], scores),
        }
    }

    /// Records the passes of a labelled batch forward and backward, from the images to the losses and to the gradient of their
    /// mean by every parameter, in the flat layout.
    ///
    /// # Errors
    /// A kernel cannot be built, or a gradient is larger than the adapter can bind.
    pub fn record_training(
        &self,
        recording: &mut Recording,
        activations: &Activations,
        seed: u32,
        batch: &Labelled,
        gradients: &Gradients,
    ) -> Result<(), GpuError> {
        let &Labelled { shape, clock, labels, scores } = batch;
        let (pass, wanted) = (Pass::Train { seed, clock, count: shape.count }, Wanted::Parameters(gradients));
        let mut operations = Operation::of(&self.network, activations.n, seed);
        let last = self.pop_classifier(&mut operations);
        self.record_operations(recording, activations, pass, &operations)?;
        let Some((last, classifier)) = last.as_ref().and_then(|last| Some((last, last.classifier()?))) else {
            softmax::forward(recording, shape, [clock, activations.logits(), labels], scores)?;
            return self.record_backward(recording, activations, pass, &scores.d_logits, wanted);
        };
        let x = activations.last_input();
        let d_x = self.gradient(x.len())?;
        let mut operations = operations.into_iter().enumerate().collect();
        let below = last.below(&mut operations).unwrap_or(Activation::Linear.into());
        classifier.gradients(recording, shape, below, [clock, labels, &self.parameters, x, &d_x], scores)?;
        let waiting = Some((last, [&scores.d_logits, x]));
        self.record_descent(recording, Descent { activations, pass, wanted }, operations, d_x, waiting)
    }

    /// Records the way from the images to the probability of each class, [classes, N], and gives where it stands.
    ///
    /// # Errors
    /// A kernel cannot be built.
    pub fn record_recognition(&self, recording: &mut Recording, activations: &Activations) -> Result<Tensor, GpuError> {
        let (gpu, n, pass) = (&self.gpu, activations.n, Pass::Evaluate);
        let mut operations = Operation::of(&self.network, n, pass.seed());
        let is_for_softmax = |last: &Classifier| dense::is_for_softmax(gpu, &last.shape);
        let last = self
            .pop_classifier(&mut operations)
            .or_else(|| operations.pop_if(|last| last.classifier().is_some_and(|last| is_for_softmax(&last))));
        self.record_operations(recording, activations, pass, &operations)?;
        if let Some(classifier) = last.as_ref().and_then(Operation::classifier) {
            let p = Tensor::zeros(gpu, "the probabilities", layers::activation_length(classifier.shape.units, n))?;
            let tensors = [&self.parameters, activations.last_input(), &p];
            match is_for_softmax(&classifier) {
                true => dense::softmax(recording, &classifier.shape, classifier.matrix, tensors)?,
                false => classifier.probabilities(recording, tensors)?,
            }
            return Ok(p);
        }
        // The softmax scores a batch of a data set; here the first and only one, and nobody asks for the loss.
        let shape = ScoreShape { n, classes: self.network.classes(), count: n, smoothing: 0.0 };
        let clock = Clock { now: Time { batch: 0, ..Time::START }, ..Clock::START }.tensor(gpu)?;
        let labels = Tensor::zeros(gpu, "the labels of a batch", layers::capacity(n))?;
        let scores = Scores::new(gpu, &shape)?;
        softmax::forward(recording, &shape, [&clock, activations.logits(), &labels], &scores)?;
        Ok(scores.probabilities)
    }

    /// Takes the last layer from the operations, if [`Classifier`]'s kernels are made for it.
    fn pop_classifier(&self, operations: &mut Vec<Operation>) -> Option<Operation> {
        operations.pop_if(|last| last.classifier().is_some_and(|last| last.is_for(&self.gpu)))
    }

    fn record_operations(
        &self,
        recording: &mut Recording,
        activations: &Activations,
        pass: Pass,
        operations: &[Operation],
    ) -> Result<(), GpuError> {
        let w = &self.parameters;
        let mut operations = operations.iter().enumerate().peekable();
        while let Some((index, operation)) = operations.next() {
            let (x, y) = (&activations.tensors[index], &activations.tensors[index + 1]);
            let dropout = match (operations.peek(), pass) {
                (Some((_, Operation::Dropout(dropout))), Pass::Train { clock, .. })
                    if operation.joins_dropout(&self.gpu) =>
                {
                    operations.next();
                    Some((dropout, clock))
                }
                _ => None,
            };
            let epilogue = |activation: &Activation| Epilogue { activation: *activation, dropout };
            match (operation, pass) {
                (Operation::Conv(shape, matrix, activation), _) => {
                    conv::forward(recording, shape, matrix, epilogue(activation), [w, x, y])?;
                }
                (Operation::ConvPool(shape, matrix, activation, _), _) => {
                    let tensors = [w, x, y, activations.winners(index)];
                    match &activations.winograd[index] {
                        Some(winograd) => winograd.forward_pooled(recording, matrix, *activation, tensors)?,
                        None => conv::forward_pooled(recording, shape, matrix, epilogue(activation), tensors)?,
                    }
                }
                (Operation::Dense(shape, matrix, activation), _) => {
                    dense::forward(recording, shape, matrix, epilogue(activation), [w, x, y])?;
                }
                (Operation::Pool(shape, below), _) => {
                    pool::forward(recording, shape, *below, [x, y, activations.winners(index)])?;
                }
                (Operation::Dropout(dropout), Pass::Train { clock, .. }) => {
                    dropout::forward(recording, dropout, [clock, x, y])?;
                }
                (Operation::Dropout(_), Pass::Evaluate) => {}
                (Operation::BatchNorm(shape, matrix, activation), Pass::Train { clock, count, .. }) => {
                    let batch = activations.statistics(index);
                    batchnorm::statistics(recording, shape, count, [clock, x, batch])?;
                    let by = Statistics::Batch(batch);
                    batchnorm::forward(recording, shape, matrix, *activation, by, [w, x, y])?;
                }
                (Operation::BatchNorm(shape, matrix, activation), Pass::Evaluate) => {
                    batchnorm::forward(recording, shape, matrix, *activation, Statistics::Running, [w, x, y])?;
                }
            }
        }
        Ok(())
    }

    /// The network's matrices as [`Model::record_backward`] needs them for the gradients of a training with `activations`.
    pub fn trained(&self, activations: &Activations) -> Vec<Trained> {
        let core = self.gpu.settings().core;
        let trained = |(index, operation): (usize, &Operation)| {
            let (matrix, splits) = match operation {
                Operation::ConvPool(shape, matrix, ..) if index == 0 => {
                    (matrix, conv::weight_gradient_pooled(shape, matrix).splits(core))
                }
                Operation::ConvPool(_, matrix, ..) if activations.winograd[index].is_some() => (matrix, 1),
                Operation::Conv(shape, matrix, _) | Operation::ConvPool(shape, matrix, ..) => {
                    (matrix, conv::weight_gradient(shape, matrix).splits(core))
                }
                Operation::Dense(shape, matrix, _) => (matrix, dense::weight_gradient(shape, matrix).splits(core)),
                Operation::BatchNorm(_, matrix, _) => (matrix, 1),
                Operation::Pool(..) | Operation::Dropout(_) => return None,
            };
            // Nothing asks the first for the gradient of its input.
            let is_turned = index > 0 && !matrix.is_norm();
            Some(Trained { matrix: matrix.clone(), splits, is_turned })
        };
        Operation::of(&self.network, activations.n, 0).iter().enumerate().filter_map(trained).collect()
    }

    /// Records the backward pass from the gradient of the logits to what is `wanted`, after the forward pass of the same
    /// activations.
    ///
    /// # Errors
    /// A kernel cannot be built, or a gradient is larger than the adapter can bind.
    pub fn record_backward(
        &self,
        recording: &mut Recording,
        activations: &Activations,
        pass: Pass,
        d_logits: &Tensor,
        wanted: Wanted,
    ) -> Result<(), GpuError> {
        let mut operations: Vec<_> =
            Operation::of(&self.network, activations.n, pass.seed()).into_iter().enumerate().collect();
        operations.retain(|(_, operation)| operation.is_in(pass));
        self.record_descent(recording, Descent { activations, pass, wanted }, operations, d_logits.clone(), None)
    }

    /// Records the backward pass through some of the operations, with their numbers, from the gradient by the output of the
    /// last of them. A layer's two gradients do not wait for each other, nor does one that is `waiting` from the layer above.
    fn record_descent(
        &self,
        recording: &mut Recording,
        Descent { activations, pass, wanted }: Descent,
        mut operations: Vec<(usize, Operation)>,
        mut d_y: Tensor,
        mut waiting: Option<(&Operation, [&Tensor; 2])>,
    ) -> Result<(), GpuError> {
        // By the sums of a convolution, where the layer above it has gone through the pooling between them.
        let mut d_sums = None;
        while let Some((index, operation)) = operations.pop() {
            let x = &activations.tensors[index];
            let below = operation.below(&mut operations);
            let mut waiting = |recording: &mut Recording| match (waiting.take(), wanted) {
                (Some((above, tensors)), Wanted::Parameters(gradients)) => {
                    above.record_weights_gradient(recording, tensors, gradients)
                }
                _ => Ok(()),
            };
            match (&operation, wanted) {
                // Nothing else asks for the gradient of the first convolution's output, so it is not stored.
                (Operation::ConvPool(shape, matrix, ..), Wanted::Parameters(gradients)) if below.is_none() => {
                    return recording.together(|recording| {
                        waiting(recording)?;
                        let tensors = [&d_y, activations.winners(index), x];
                        conv::backward_weights_pooled(recording, shape, tensors, gradients.parts(matrix))
                    });
                }
                (Operation::ConvPool(_, matrix, _, pool), _) => {
                    if let (Some(winograd), Wanted::Parameters(gradients)) = (&activations.winograd[index], wanted) {
                        let tensors = [&d_y, activations.winners(index), &gradients.parts(matrix).tensor];
                        winograd.backward_weights(recording, matrix, tensors)?;
                    }
                    d_y = match d_sums.take() {
                        Some(d_sums) => d_sums,
                        None => {
                            let d_sums = self.gradient(pool::input_length(pool))?;
                            pool::backward(recording, pool, [&d_y, activations.winners(index), &d_sums])?;
                            d_sums
                        }
                    };
                }
                (Operation::BatchNorm(shape, matrix, _), Wanted::Parameters(gradients)) => {
                    let tensors = [&self.parameters, activations.statistics(index), x, &d_y];
                    batchnorm::gradients(recording, shape, tensors, gradients.parts(matrix))?;
                }
                _ => {}
            }
            // The first convolution takes the gradient as the pooling has it.
            let is_stored = operations.len() > 1 || matches!(wanted, Wanted::Images(_));
            let pooling = operation.joins_pooling(&self.gpu, &operations).filter(|_| is_stored);
            let d_x = match (below, wanted) {
                (Some(_), _) => Some(self.gradient(pooling.map_or(x.len(), |(_, pool)| pool::input_length(pool)))?),
                (None, Wanted::Images(d_images)) => Some(d_images.clone()),
                // Nothing asks for the gradient by the images.
                (None, Wanted::Parameters(_)) => None,
            };
            let turned = match (&d_x, operation.matrix()) {
                (Some(d_x), Some(matrix)) => Some((self.turned(recording, matrix, wanted)?, d_x)),
                _ => None,
            };
            recording.together(|recording| {
                waiting(recording)?;
                if let (None, Wanted::Parameters(gradients)) = (&activations.winograd[index], wanted) {
                    operation.record_weights_gradient(recording, [&d_y, x], gradients)?;
                }
                let Some((turned, d_x)) = &turned else { return Ok(()) };
                let below = below.unwrap_or(Activation::Linear.into());
                let below = pooling.map_or(below, |(index, pool)| below.through(pool, activations.winners(index)));
                operation.record_input_gradient(recording, below, turned, [&d_y, x, d_x])
            })?;
            let Some(d_x) = d_x else { return Ok(()) };
            match (&operation, pass) {
                (Operation::Pool(shape, _), _) => {
                    pool::backward(recording, shape, [&d_y, activations.winners(index), &d_x])?;
                }
                (Operation::Dropout(dropout), Pass::Train { clock, .. }) => {
                    let below = operations.last().map_or(Activation::Linear, |(_, below)| below.activation());
                    dropout::backward(recording, dropout, below, [clock, &d_y, x, &d_x])?;
                }
                (Operation::Dropout(_), Pass::Evaluate) => unreachable!("an evaluation has no dropout"),
                (Operation::BatchNorm(shape, matrix, _), _) => {
                    let activation = operations.last().map_or(Activation::Linear, |(_, below)| below.activation());
                    let w = &self.parameters;
                    match wanted {
                        Wanted::Parameters(gradients) => {
                            let tensors = [w, activations.statistics(index), x, &d_y, &d_x];
                            batchnorm::backward(recording, shape, activation, tensors, gradients.parts(matrix))?;
                        }
                        Wanted::Images(_) => {
                            let tensors = [w, x, &d_y, &d_x];
                            batchnorm::backward_running(recording, shape, matrix, activation, tensors)?;
                        }
                    }
                }
                (Operation::Conv(..) | Operation::ConvPool(..) | Operation::Dense(..), _) => {}
            }
            d_sums = pooling.map(|_| d_x.clone());
            d_y = d_x;
        }
        match (waiting, wanted) {
            (Some((above, tensors)), Wanted::Parameters(gradients)) => {
                above.record_weights_gradient(recording, tensors, gradients)
            }
            _ => Ok(()),
        }
    }

    /// What each convolution made, as far as it is stored: behind the pooling that follows it at once.
    pub fn feature_maps<'a>(&self, activations: &'a Activations) -> Vec<FeatureMaps<'a>> {
        let mut shape = self.network.input();
        let outputs = Operation::of(&self.network, activations.n, 0).into_iter().zip(&activations.tensors[1..]);
        let maps = outputs.filter_map(|(operation, tensor)| {
            shape = operation.output(shape);
            matches!(operation, Operation::Conv(..) | Operation::ConvPool(..)).then_some(FeatureMaps { shape, tensor })
        });
        maps.collect()
    }

    fn gradient(&self, length: usize) -> Result<Tensor, GpuError> {
        Tensor::zeros(&self.gpu, "the gradient of an activation", length)
    }

    /// Turned weights: in a training those that the last update left.
    fn turned(&self, recording: &mut Recording, matrix: &Matrix, wanted: Wanted) -> Result<Turned, GpuError> {
        if let Wanted::Parameters(gradients) = wanted {
            return Ok(gradients.turned(matrix).expect("all but the first are turned").clone());
        }
        let turned = Turned::new(&self.gpu, matrix)?;
        transpose::forward(recording, &self.parameters, &turned)?;
        Ok(turned)
    }
}

impl Pass<'_> {
    /// Dropout's seed; any where it does nothing.
    fn seed(self) -> u32 {
        match self {
            Pass::Train { seed, .. } => seed,
            Pass::Evaluate => 0,
        }
    }
}

//! A network on the GPU: its parameters, and how a batch goes forward and backward through its layers.

use crate::gpu::{Gpu, GpuError, Recording, Tensor};
use crate::layers::clock::{Clock, Time};
use crate::layers::softmax::{ScoreShape, Scores};
use crate::layers::transpose::Turned;
use crate::layers::update::{Gradients, Trained};
use crate::layers::winograd::Winograd;
use crate::layers::{self, conv, dense, dropout, pool, softmax, transpose};
use crate::network::{Activation, Layer, Matrix, Network, Parameters, Shape};
use crate::reference::conv::ConvShape;
use crate::reference::dense::DenseShape;
use crate::reference::dropout::Dropout;
use crate::reference::pool::PoolShape;

/// A network and its parameters on the GPU. Clones share the parameters.
#[derive(Clone)]
pub struct Model {
    gpu: Gpu,
    network: Network,
    parameters: Tensor,
}

/// What a batch of `n` images becomes on its way through a network. Clones share the numbers.
#[derive(Clone)]
pub struct Activations {
    n: usize,
    /// The images, [H * W, N], then the output of each operation, [C, H, W, N].
    tensors: Vec<Tensor>,
    /// Of each operation that pools, what its windows took, [C, H, W, N / 4].
    winners: Vec<Option<Tensor>>,
    /// Of each convolution that goes Winograd's way, what it keeps.
    winograd: Vec<Option<Winograd>>,
}

/// How a batch goes through the network.
#[derive(Clone, Copy)]
pub enum Pass<'a> {
    /// Recognition: dropout does nothing.
    Evaluate,
    /// Training: dropout draws for the clock's step.
    Train { seed: u32, clock: &'a Tensor },
}

/// What a backward pass is for.
#[derive(Clone, Copy)]
pub enum Wanted<'a> {
    /// The gradients by all parameters.
    Parameters(&'a Gradients),
    /// The gradient by the images, [H * W, N].
    Images(&'a Tensor),
}

/// The output of one convolution with the pooling behind it, if there is one.
pub struct FeatureMaps<'a> {
    pub shape: Shape,
    /// [C, H, W, N]
    pub tensor: &'a Tensor,
}

/// What one kernel does forward: a layer, or a convolution with the pooling behind it, with its sizes.
pub(crate) enum Operation {
    Conv(ConvShape, Matrix, Activation),
    ConvPool(ConvShape, Matrix, Activation, PoolShape),
    Dense(DenseShape, Matrix, Activation),
    /// With the activation that made its input.
    Pool(PoolShape, Activation),
    Dropout(Dropout),
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

    /// Room for the activations of a batch of `n` images. In an evaluation dropout hands its input on.
    ///
    /// # Errors
    /// One of them is larger than the adapter can bind.
    pub fn activations(&self, n: usize, pass: Pass) -> Result<Activations, GpuError> {
        let zeros =
            |name: &str, shape: Shape| Tensor::zeros(&self.gpu, name, layers::activation_length(shape.features(), n));
        let mut shape = self.network.input();
        let mut tensors = vec![zeros("the images of a batch", shape)?];
        let (mut winners, mut winograd) = (Vec::new(), Vec::new());
        for operation in Operation::of(&self.network, n, 0) {
            shape = operation.output(shape);
            tensors.push(match (&operation, pass) {
                (Operation::Dropout(_), Pass::Evaluate) => tensors[tensors.len() - 1].clone(),
                _ => zeros(&format!("the output of {}", operation.name()), shape)?,
            });
            winners.push(match &operation {
                Operation::ConvPool(.., pool) | Operation::Pool(pool, _) => {
                    Some(Tensor::zeros(&self.gpu, "the winners of a pooling", pool::winners_length(pool))?)
                }
                Operation::Conv(..) | Operation::Dense(..) | Operation::Dropout(_) => None,
            });
            winograd.push(match &operation {
                Operation::ConvPool(shape, ..) => Winograd::new(&self.gpu, shape)?,
                _ => None,
            });
        }
        Ok(Activations { n, tensors, winners, winograd })
    }

    /// Records the forward pass from the images to the logits.
    ///
    /// # Errors
    /// A kernel cannot be built.
    pub fn record_forward(
        &self,
        recording: &mut Recording,
        activations: &Activations,
        pass: Pass,
    ) -> Result<(), GpuError> {
        self.record_operations(recording, activations, pass, Operation::of(&self.network, activations.n, pass.seed()))
    }

    /// Records the way from the images to the probability of each class, [classes, N], and gives where it stands.
    ///
    /// # Errors
    /// A kernel cannot be built.
    pub fn record_recognition(&self, recording: &mut Recording, activations: &Activations) -> Result<Tensor, GpuError> {
        let (gpu, n, pass) = (&self.gpu, activations.n, Pass::Evaluate);
        let mut operations = Operation::of(&self.network, n, pass.seed());
        let last = operations.pop_if(|last| match last {
            Operation::Dense(shape, _, Activation::Linear) => dense::is_for_softmax(gpu, shape),
            _ => false,
        });
        self.record_operations(recording, activations, pass, operations)?;
        if let Some(Operation::Dense(shape, matrix, _)) = last {
            let p = Tensor::zeros(gpu, "the probabilities", layers::activation_length(shape.units, n))?;
            let x = &activations.tensors[activations.tensors.len() - 2];
            dense::softmax(recording, &shape, &matrix, [&self.parameters, x, &p])?;
            return Ok(p);
        }
        // The softmax scores a batch of a data set; here the first and only one, and nobody asks for the loss.
        let shape = ScoreShape { n, classes: self.network.classes(), count: n };
        let clock = Clock { now: Time { batch: 0, ..Time::START }, ..Clock::START }.tensor(gpu)?;
        let labels = Tensor::zeros(gpu, "the labels of a batch", layers::capacity(n))?;
        let scores = Scores::new(gpu, &shape)?;
        softmax::forward(recording, &shape, [&clock, activations.logits(), &labels], &scores)?;
        Ok(scores.probabilities)
    }

    fn record_operations(
        &self,
        recording: &mut Recording,
        activations: &Activations,
        pass: Pass,
        operations: Vec<Operation>,
    ) -> Result<(), GpuError> {
        let w = &self.parameters;
        for (index, operation) in operations.into_iter().enumerate() {
            let (x, y) = (&activations.tensors[index], &activations.tensors[index + 1]);
            match (operation, pass) {
                (Operation::Conv(shape, matrix, activation), _) => {
                    conv::forward(recording, &shape, &matrix, activation, [w, x, y])?;
                }
                (Operation::ConvPool(shape, matrix, activation, _), _) => {
                    let tensors = [w, x, y, activations.winners(index)];
                    match &activations.winograd[index] {
                        Some(winograd) => winograd.forward_pooled(recording, &matrix, activation, tensors)?,
                        None => conv::forward_pooled(recording, &shape, &matrix, activation, tensors)?,
                    }
                }
                (Operation::Dense(shape, matrix, activation), _) => {
                    dense::forward(recording, &shape, &matrix, activation, [w, x, y])?;
                }
                (Operation::Pool(shape, below), _) => {
                    pool::forward(recording, &shape, below, [x, y, activations.winners(index)])?;
                }
                (Operation::Dropout(dropout), Pass::Train { clock, .. }) => {
                    dropout::forward(recording, &dropout, [clock, x, y])?;
                }
                (Operation::Dropout(_), Pass::Evaluate) => {}
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
                Operation::Pool(..) | Operation::Dropout(_) => return None,
            };
            // Nothing asks the first for the gradient of its input.
            Some(Trained { matrix: matrix.clone(), splits, is_turned: index > 0 })
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
        let mut d_y = d_logits.clone();
        while let Some((index, operation)) = operations.pop() {
            let x = &activations.tensors[index];
            let below = operations.last().map(|(_, operation)| operation.activation());
            match (&operation, wanted) {
                // Nothing else asks for the gradient of the first convolution's output, so it is not stored.
                (Operation::ConvPool(shape, matrix, ..), Wanted::Parameters(gradients)) if below.is_none() => {
                    let tensors = [&d_y, activations.winners(index), x];
                    return conv::backward_weights_pooled(recording, shape, tensors, gradients.parts(matrix));
                }
                (Operation::ConvPool(_, matrix, _, pool), _) => {
                    if let (Some(winograd), Wanted::Parameters(gradients)) = (&activations.winograd[index], wanted) {
                        let tensors = [&d_y, activations.winners(index), &gradients.parts(matrix).tensor];
                        winograd.backward_weights(recording, matrix, tensors)?;
                    }
                    let d_sums = self.gradient(layers::activation_length(pool.c * pool.h * pool.w, pool.n))?;
                    pool::backward(recording, pool, [&d_y, activations.winners(index), &d_sums])?;
                    d_y = d_sums;
                }
                _ => {}
            }
            if let (None, Wanted::Parameters(gradients)) = (&activations.winograd[index], wanted) {
                operation.record_weights_gradient(recording, [&d_y, x], gradients)?;
            }
            let d_x = match (below, wanted) {
                (Some(_), _) => self.gradient(x.len())?,
                // Nothing asks for the gradient by the images.
                (None, Wanted::Parameters(_)) => return Ok(()),
                (None, Wanted::Images(d_images)) => d_images.clone(),
            };
            let below = below.unwrap_or(Activation::Linear);
            match (&operation, pass) {
                (Operation::Conv(shape, matrix, _) | Operation::ConvPool(shape, matrix, ..), _) => {
                    let turned = self.turned(recording, matrix, wanted)?;
                    conv::backward_input(recording, shape, below, &turned, [&d_y, x, &d_x])?;
                }
                (Operation::Dense(shape, matrix, _), _) => {
                    let turned = self.turned(recording, matrix, wanted)?;
                    dense::backward_input(recording, shape, below, &turned, [&d_y, x, &d_x])?;
                }
                (Operation::Pool(shape, _), _) => {
                    pool::backward(recording, shape, [&d_y, activations.winners(index), &d_x])?;
                }
                (Operation::Dropout(dropout), Pass::Train { clock, .. }) => {
                    dropout::backward(recording, dropout, below, [clock, &d_y, x, &d_x])?;
                }
                (Operation::Dropout(_), Pass::Evaluate) => unreachable!("an evaluation has no dropout"),
            }
            d_y = d_x;
        }
        Ok(())
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

impl Operation {
    /// The operations of a network on batches of `n`; `seed` is dropout's. What a pooling leaves out of its input, a
    /// convolution before it does not compute.
    pub(crate) fn of(network: &Network, n: usize, seed: u32) -> Vec<Operation> {
        let matrix =
            |index| network.matrices().into_iter().find(|matrix| matrix.layer == index).expect("it has weights");
        let (mut operations, mut shape, mut below) = (Vec::new(), network.input(), Activation::Linear);
        let mut rest = network.layers().iter().enumerate().peekable();
        while let Some((index, layer)) = rest.next() {
            let Shape { channels: c, height: h, width: w } = shape;
            let operation = match *layer {
                Layer::Conv { filters: f, kernel, activation, .. } => {
                    let full = ConvShape { n, c, h, w, f, kernel, padding: layer.padding(), crop: [0, 0] };
                    let conv = match rest.peek() {
                        Some((_, Layer::Pool { size })) => {
                            ConvShape { crop: full.output().map(|length| length % size), ..full }
                        }
                        _ => full,
                    };
                    let [h, w] = conv.output();
                    let size = conv::POOLED_SIZE;
                    match rest.next_if(|(_, layer)| **layer == Layer::Pool { size }) {
                        Some(_) => {
                            Operation::ConvPool(conv, matrix(index), activation, PoolShape { n, c: f, h, w, size })
                        }
                        None => Operation::Conv(conv, matrix(index), activation),
                    }
                }
                Layer::Dense { units, activation } => {
                    Operation::Dense(DenseShape { n, inputs: c * h * w, units }, matrix(index), activation)
                }
                Layer::Pool { size } => Operation::Pool(PoolShape { n, c, h, w, size }, below),
                Layer::Dropout { rate } => {
                    let (layer, capacity) = (index as u32, layers::capacity(n));
                    Operation::Dropout(Dropout { rate, seed, layer, step: 0, features: c * h * w, capacity })
                }
            };
            shape = operation.output(shape);
            below = operation.activation();
            operations.push(operation);
        }
        operations
    }

    /// d_y and x -> the gradient of the operation's weights, if it has any.
    fn record_weights_gradient(
        &self,
        recording: &mut Recording,
        tensors: [&Tensor; 2],
        gradients: &Gradients,
    ) -> Result<(), GpuError> {
        match self {
            Operation::Conv(shape, matrix, _) | Operation::ConvPool(shape, matrix, ..) => {
                conv::backward_weights(recording, shape, tensors, gradients.parts(matrix))
            }
            Operation::Dense(shape, matrix, _) => {
                dense::backward_weights(recording, shape, tensors, gradients.parts(matrix))
            }
            Operation::Pool(..) | Operation::Dropout(_) => Ok(()),
        }
    }

    /// Whether a pass has it: an evaluation has no dropout.
    fn is_in(&self, pass: Pass) -> bool {
        !matches!((self, pass), (Operation::Dropout(_), Pass::Evaluate))
    }

    /// What a gradient by the output must be gated by. Behind a pooling the winners know it.
    fn activation(&self) -> Activation {
        match self {
            Operation::Conv(.., activation) | Operation::Dense(.., activation) => *activation,
            Operation::ConvPool(..) | Operation::Pool(..) | Operation::Dropout(_) => Activation::Linear,
        }
    }

    fn output(&self, input: Shape) -> Shape {
        let shape = |channels, [height, width]: [usize; 2]| Shape { channels, height, width };
        match self {
            Operation::Conv(conv, ..) => shape(conv.f, conv.output()),
            Operation::ConvPool(.., pool) | Operation::Pool(pool, _) => shape(pool.c, pool.output()),
            Operation::Dense(dense, ..) => Shape::flat(dense.units),
            Operation::Dropout(_) => input,
        }
    }

    fn name(&self) -> &str {
        match self {
            Operation::Conv(_, matrix, _) | Operation::ConvPool(_, matrix, ..) | Operation::Dense(_, matrix, _) => {
                &matrix.name
            }
            Operation::Pool(..) => "a pooling",
            Operation::Dropout(_) => "a dropout",
        }
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

impl Activations {
    /// The images, [H * W, N].
    pub fn images(&self) -> &Tensor {
        &self.tensors[0]
    }

    /// The output of the last layer, [classes, N].
    pub fn logits(&self) -> &Tensor {
        &self.tensors[self.tensors.len() - 1]
    }

    fn winners(&self, operation: usize) -> &Tensor {
        self.winners[operation].as_ref().expect("a pooling has winners")
    }
}

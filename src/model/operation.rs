//! The operations of a network as the GPU runs them: what one kernel does forward, which may be more than a layer.

use super::Pass;
use crate::gpu::{Gpu, GpuError, Recording, Tensor};
use crate::layers::classifier::Classifier;
use crate::layers::epilogue::Below;
use crate::layers::transpose::Turned;
use crate::layers::update::Gradients;
use crate::layers::{self, conv, dense};
use crate::network::{Activation, Layer, Matrix, Network, Shape};
use crate::reference::batchnorm::BatchNormShape;
use crate::reference::conv::ConvShape;
use crate::reference::dense::DenseShape;
use crate::reference::dropout::Dropout;
use crate::reference::pool::PoolShape;

/// What one kernel does forward: a layer, or a convolution with the pooling behind it, with its sizes.
pub(crate) enum Operation {
    Conv(ConvShape, Matrix, Activation),
    ConvPool(ConvShape, Matrix, Activation, PoolShape),
    Dense(DenseShape, Matrix, Activation),
    /// With the activation that made its input.
    Pool(PoolShape, Activation),
    Dropout(Dropout),
    BatchNorm(BatchNormShape, Matrix, Activation),
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
                Layer::Conv { filters: f, kernel, stride, activation, .. } => {
                    let full = ConvShape { n, c, h, w, f, kernel, padding: layer.padding(), stride, crop: [0, 0] };
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
                Layer::BatchNorm { activation } => {
                    Operation::BatchNorm(BatchNormShape { n, c, h, w }, matrix(index), activation)
                }
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

    /// d_y and x -> the gradient of the operation's weights, if it is a product.
    pub(super) fn record_weights_gradient(
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
            Operation::Pool(..) | Operation::Dropout(_) | Operation::BatchNorm(..) => Ok(()),
        }
    }

    /// d_y and x, if it is a product -> d_x, gated by what made x.
    pub(super) fn record_input_gradient(
        &self,
        recording: &mut Recording,
        below: Below,
        turned: &Turned,
        tensors: [&Tensor; 3],
    ) -> Result<(), GpuError> {
        match self {
            Operation::Conv(shape, ..) | Operation::ConvPool(shape, ..) => {
                conv::backward_input(recording, shape, below, turned, tensors)
            }
            Operation::Dense(shape, ..) => dense::backward_input(recording, shape, below, turned, tensors),
            Operation::Pool(..) | Operation::Dropout(_) | Operation::BatchNorm(..) => Ok(()),
        }
    }

    /// The weights that it multiplies by, if it is a product.
    pub(super) fn matrix(&self) -> Option<&Matrix> {
        match self {
            Operation::Conv(_, matrix, _) | Operation::ConvPool(_, matrix, ..) | Operation::Dense(_, matrix, _) => {
                Some(matrix)
            }
            Operation::Pool(..) | Operation::Dropout(_) | Operation::BatchNorm(..) => None,
        }
    }

    /// Whether its kernel, on `gpu`, also does the dropout behind it.
    pub(super) fn joins_dropout(&self, gpu: &Gpu) -> bool {
        // Winograd's way, which software drivers go, has none for it.
        gpu.settings().core.is_for_gpus() && self.is_product()
    }

    /// The pooling of the convolution under it, last of the `operations` below, if the kernel of its gradient by the input, on
    /// `gpu`, also goes back through that.
    pub(super) fn joins_pooling<'a>(
        &self,
        gpu: &Gpu,
        operations: &'a [(usize, Operation)],
    ) -> Option<(usize, &'a PoolShape)> {
        let is_joined = gpu.settings().core.is_for_gpus() && self.is_product();
        match operations.last() {
            Some((index, Operation::ConvPool(.., pool))) if is_joined => Some((*index, pool)),
            _ => None,
        }
    }

    /// Whether its passes are matrix products.
    fn is_product(&self) -> bool {
        self.matrix().is_some()
    }

    /// The operation as a last layer, if it has no activation.
    pub(super) fn classifier(&self) -> Option<Classifier<'_>> {
        match self {
            Operation::Dense(shape, matrix, Activation::Linear) => Some(Classifier { shape: *shape, matrix }),
            _ => None,
        }
    }

    /// Whether a pass has it: an evaluation has no dropout.
    pub(super) fn is_in(&self, pass: Pass) -> bool {
        !matches!((self, pass), (Operation::Dropout(_), Pass::Evaluate))
    }

    /// Whether a ReLU made its output, be it behind a pooling.
    fn is_relu(&self) -> bool {
        match self {
            Operation::Conv(.., activation)
            | Operation::ConvPool(.., activation, _)
            | Operation::Dense(.., activation)
            | Operation::BatchNorm(.., activation)
            | Operation::Pool(_, activation) => *activation == Activation::Relu,
            Operation::Dropout(_) => false,
        }
    }

    /// What made the operation's input, given the `operations` below it, if there are any. Dropout is taken from them where the
    /// kernel of the gradient by the input undoes it on its way.
    pub(super) fn below(&self, operations: &mut Vec<(usize, Operation)>) -> Option<Below<'static>> {
        if let [.., (_, made), (_, Operation::Dropout(dropout))] = &operations[..]
            && self.is_product()
            && made.is_relu()
        {
            let below = Below::relu_and(dropout);
            operations.pop();
            return Some(below);
        }
        operations.last().map(|(_, operation)| operation.activation().into())
    }

    /// What a gradient by the output must be gated by. Behind a pooling the winners know it.
    pub(super) fn activation(&self) -> Activation {
        match self {
            Operation::Conv(.., activation)
            | Operation::Dense(.., activation)
            | Operation::BatchNorm(.., activation) => *activation,
            Operation::ConvPool(..) | Operation::Pool(..) | Operation::Dropout(_) => Activation::Linear,
        }
    }

    pub(super) fn output(&self, input: Shape) -> Shape {
        let shape = |channels, [height, width]: [usize; 2]| Shape { channels, height, width };
        match self {
            Operation::Conv(conv, ..) => shape(conv.f, conv.output()),
            Operation::ConvPool(.., pool) | Operation::Pool(pool, _) => shape(pool.c, pool.output()),
            Operation::Dense(dense, ..) => Shape::flat(dense.units),
            Operation::Dropout(_) | Operation::BatchNorm(..) => input,
        }
    }

    pub(super) fn name(&self) -> &str {
        match self {
            Operation::Conv(_, matrix, _)
            | Operation::ConvPool(_, matrix, ..)
            | Operation::Dense(_, matrix, _)
            | Operation::BatchNorm(_, matrix, _) => &matrix.name,
            Operation::Pool(..) => "a pooling",
            Operation::Dropout(_) => "a dropout",
        }
    }
}

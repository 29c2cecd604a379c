//! Room for what a batch becomes on its way through a network.

use super::{Model, Operation, Pass};
use crate::gpu::{GpuError, Tensor};
use crate::layers::winograd::Winograd;
use crate::layers::{self, batchnorm, pool};
use crate::network::Shape;

/// What a batch of `n` images becomes on its way through a network. Clones share the numbers.
#[derive(Clone)]
pub struct Activations {
    pub(super) n: usize,
    /// The images, [H * W, N], then the output of each operation, [C, H, W, N].
    pub(super) tensors: Vec<Tensor>,
    /// Of each operation that pools, what its windows took, [C, H, W, N / 4].
    winners: Vec<Option<Tensor>>,
    /// Of each batch normalisation, the statistics of a batch in training, [C, 4].
    statistics: Vec<Option<Tensor>>,
    /// Of each convolution that goes Winograd's way, what it keeps.
    pub(super) winograd: Vec<Option<Winograd>>,
}

impl Activations {
    /// The images, [H * W, N].
    pub fn images(&self) -> &Tensor {
        &self.tensors[0]
    }

    /// The output of the last layer, [classes, N], where a kernel of its own makes it.
    pub(super) fn logits(&self) -> &Tensor {
        &self.tensors[self.tensors.len() - 1]
    }

    /// What the last layer takes.
    pub(super) fn last_input(&self) -> &Tensor {
        &self.tensors[self.tensors.len() - 2]
    }

    pub(super) fn statistics(&self, operation: usize) -> &Tensor {
        self.statistics[operation].as_ref().expect("a batch normalisation has statistics")
    }

    pub(super) fn winners(&self, operation: usize) -> &Tensor {
        self.winners[operation].as_ref().expect("a pooling has winners")
    }
}

impl Model {
    /// Room for the activations of a batch of `n` images. In an evaluation dropout hands its input on, and so it does in a
    /// training where the operation before has dropped already.
    ///
    /// # Errors
    /// One of them is larger than the adapter can bind.
    pub fn activations(&self, n: usize, pass: Pass) -> Result<Activations, GpuError> {
        let zeros =
            |name: &str, shape: Shape| Tensor::zeros(&self.gpu, name, layers::activation_length(shape.features(), n));
        let mut shape = self.network.input();
        let mut tensors = vec![zeros("the images of a batch", shape)?];
        let (mut winners, mut statistics, mut winograd) = (Vec::new(), Vec::new(), Vec::new());
        let mut joins_dropout = false;
        for operation in Operation::of(&self.network, n, 0) {
            shape = operation.output(shape);
            tensors.push(match (&operation, pass) {
                (Operation::Dropout(_), Pass::Evaluate) => tensors[tensors.len() - 1].clone(),
                (Operation::Dropout(_), Pass::Train { .. }) if joins_dropout => tensors[tensors.len() - 1].clone(),
                _ => zeros(&format!("the output of {}", operation.name()), shape)?,
            });
            winners.push(match &operation {
                Operation::ConvPool(.., pool) | Operation::Pool(pool, _) => {
                    Some(Tensor::zeros(&self.gpu, "the winners of a pooling", pool::winners_length(pool))?)
                }
                _ => None,
            });
            statistics.push(match &operation {
                Operation::BatchNorm(shape, ..) => {
                    let length = batchnorm::statistics_length(shape);
                    Some(Tensor::zeros(&self.gpu, "the statistics of a batch", length)?)
                }
                _ => None,
            });
            winograd.push(match &operation {
                Operation::ConvPool(shape, ..) => Winograd::new(&self.gpu, shape)?,
                _ => None,
            });
            joins_dropout = operation.joins_dropout(&self.gpu);
        }
        Ok(Activations { n, tensors, winners, statistics, winograd })
    }
}

//! What kernels do to numbers where they store them, in the place of passes over memory of their own: `shaders/relu.wgsl`,
//! `shaders/dropout/*.wgsl` and `shaders/pool/*.wgsl`. Forward that is an activation and dropout, backward the gates of both and
//! the way through a pooling below them.

use super::is_relu;
use crate::gpu::{Source, Tensor};
use crate::network::Activation;
use crate::random::Stream;
use crate::reference::dropout::Dropout;
use crate::reference::pool::PoolShape;

/// What becomes of a layer's sums before they are stored.
#[derive(Clone, Copy)]
pub struct Epilogue<'a> {
    pub activation: Activation,
    /// Behind the activation: dropout, which draws for the step of this clock.
    pub dropout: Option<(&'a Dropout, &'a Tensor)>,
}

/// What made the activations by which a gradient is asked.
#[derive(Clone, Copy)]
pub struct Below<'a> {
    activation: Activation,
    /// What dropout multiplied by where it kept a unit; one without it.
    scale: f32,
    /// Below both: a pooling that the gradient goes through, with its winners [C, OH, OW, N / 4].
    pooling: Option<(&'a PoolShape, &'a Tensor)>,
}

impl From<Activation> for Epilogue<'_> {
    fn from(activation: Activation) -> Self {
        Epilogue { activation, dropout: None }
    }
}

impl Epilogue<'_> {
    /// The file that is joined to a kernel of a batch, and the tensor that it binds.
    pub(super) fn join<'a>(
        &'a self,
        mut source: Source,
        tensors: &[(&'a str, &'a Tensor)],
    ) -> (Source, Vec<(&'a str, &'a Tensor)>) {
        let mut tensors = tensors.to_vec();
        match self.dropout {
            None => source.files.push("dropout/none"),
            Some((dropout, clock)) => {
                source = with_dropout(source, dropout);
                tensors.push(("clock", clock));
            }
        }
        (source, tensors)
    }
}

impl From<Activation> for Below<'_> {
    fn from(activation: Activation) -> Self {
        Below { activation, scale: 1.0, pooling: None }
    }
}

impl<'a> Below<'a> {
    /// A ReLU, and then dropout. What that kept of the numbers above zero is above zero, so that a gradient which is gated by
    /// them needs no random numbers.
    pub fn relu_and(dropout: &Dropout) -> Below<'static> {
        Below { activation: Activation::Relu, scale: scale(dropout), pooling: None }
    }

    /// The same behind a pooling: the gradient is that of the pooling's input [C, H, W, N], of which what belongs to no window is
    /// not written and must be zero.
    pub fn through(self, shape: &'a PoolShape, winners: &'a Tensor) -> Below<'a> {
        Below { pooling: Some((shape, winners)), ..self }
    }

    /// The file that is joined to a product that stores such a gradient, with its constants and the tensor that it binds.
    pub(super) fn join<'b>(
        &self,
        source: Source,
        tensors: &[(&'b str, &'b Tensor)],
    ) -> (Source, Vec<(&'b str, &'b Tensor)>)
    where
        'a: 'b,
    {
        let (mut source, mut tensors) = (self.constants(source), tensors.to_vec());
        match self.pooling {
            None => source.files.push("pool/none"),
            Some((shape, winners)) => {
                let [oh, ow] = shape.output();
                source.files.extend(["pool/joined", "winners"]);
                source = source.with("SIZE", shape.size).with("UNPOOLED_H", shape.h).with("UNPOOLED_W", shape.w);
                source = source.with("POOLED_H", oh).with("POOLED_W", ow);
                tensors.push(("winners", winners));
            }
        }
        (source, tensors)
    }

    /// The constants of a kernel that stores such a gradient.
    pub(super) fn constants(&self, source: Source) -> Source {
        source.with("RELU_BELOW", is_relu(self.activation)).with("SCALE", self.scale)
    }
}

/// Joins a dropout, whose sizes are also those of the batch, to a kernel.
pub(super) fn with_dropout(mut source: Source, dropout: &Dropout) -> Source {
    source.files.extend(["dropout/joined", "clock", "random"]);
    source
        .with("FEATURES", dropout.features)
        .with("SEED", dropout.seed)
        .with("STREAM", Stream::Dropout { layer: dropout.layer }.key())
        .with("THRESHOLD", dropout.threshold())
        .with("SCALE", scale(dropout))
}

fn scale(dropout: &Dropout) -> f32 {
    1.0 / (1.0 - dropout.rate)
}

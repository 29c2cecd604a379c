//! What kernels do to numbers where they store them, in the place of passes over memory of their own: `shaders/relu.wgsl` and
//! `shaders/dropout/*.wgsl`. Forward that is an activation and dropout, backward the gates of both.

use super::is_relu;
use crate::gpu::{Source, Tensor};
use crate::network::Activation;
use crate::random::Stream;
use crate::reference::dropout::Dropout;

/// What becomes of a layer's sums before they are stored.
#[derive(Clone, Copy)]
pub struct Epilogue<'a> {
    pub activation: Activation,
    /// Behind the activation: dropout, which draws for the step of this clock.
    pub dropout: Option<(&'a Dropout, &'a Tensor)>,
}

/// What made the activations by which a gradient is asked.
#[derive(Clone, Copy)]
pub struct Below {
    activation: Activation,
    /// What dropout multiplied by where it kept a unit; one without it.
    scale: f32,
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

impl From<Activation> for Below {
    fn from(activation: Activation) -> Self {
        Below { activation, scale: 1.0 }
    }
}

impl Below {
    /// A ReLU, and then dropout. What that kept of the numbers above zero is above zero, so that a gradient which is gated by
    /// them needs no random numbers.
    pub fn relu_and(dropout: &Dropout) -> Below {
        Below { activation: Activation::Relu, scale: scale(dropout) }
    }

    /// The constants of a kernel that stores such a gradient.
    pub(super) fn constants(self, source: Source) -> Source {
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

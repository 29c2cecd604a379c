//! What a training cannot go on from: a number that is none any more, NaN or infinite, what it was and in which step.

use std::fmt;

use crate::gpu::GpuError;
use crate::layers::update::{Kind, first_fault};
use crate::network::{Layer, Matrix, Network};

/// A number that is none any more.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fault {
    /// The step that made it, counted from 1 through all epochs; of what no step made it is the one before.
    pub step: u32,
    pub of: Of,
}

/// What was no number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Of {
    /// Of an image.
    Loss,
    /// A number of a layer, with the layer's index.
    Layer(Kind, usize, Layer),
}

/// Why steps bring no losses.
#[derive(Debug, thiserror::Error)]
pub enum StepError {
    #[error(transparent)]
    Gpu(#[from] GpuError),
    #[error("{} is no longer a number in step {}", .0.of, .0.step)]
    NotANumber(Fault),
}

impl Fault {
    /// The first of what the updates noted, see [`crate::layers::update::Gradients::faults`], and of the losses of the steps behind
    /// step `done`, `n` of each.
    pub(super) fn first(network: &Network, noted: &[u32], losses: &[f32], n: usize, done: u32) -> Option<Fault> {
        let loss = losses.iter().position(|loss| !loss.is_finite());
        let loss = loss.map(|image| Fault { step: done + (image / n) as u32 + 1, of: Of::Loss });
        let noted = first_fault(noted).map(|(step, kind, matrix)| {
            let layer = network.matrices()[matrix].layer;
            Fault { step, of: Of::Layer(kind, layer, network.layers()[layer]) }
        });
        match (loss, noted) {
            // A loss that is none makes gradients that are none, in the same step.
            (Some(loss), Some(noted)) if noted.step >= loss.step => Some(loss),
            (loss, noted) => noted.or(loss),
        }
    }

    /// The first of `values`, numbers of a kind in the flat layout, or several such vectors, as they are after `step`.
    pub(super) fn among(network: &Network, kind: Kind, values: &[f32], step: u32) -> Option<Fault> {
        // By their bits, all at once, which takes a tenth of the time of one after the other.
        let largest = values.iter().fold(0, |largest: u32, value| largest.max(value.to_bits() & !(1 << 31)));
        if f32::from_bits(largest).is_finite() {
            return None;
        }
        let matrices = network.matrices();
        let length = matrices.last().map_or(1, Matrix::end);
        let at = values.iter().position(|value| !value.is_finite())? % length;
        let layer = matrices.iter().find(|matrix| at < matrix.end())?.layer;
        Some(Fault { step, of: Of::Layer(kind, layer, network.layers()[layer]) })
    }
}

impl fmt::Display for Of {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, layer, text) = match self {
            Of::Loss => return f.write_str("the loss"),
            Of::Layer(kind, layer, text) => (kind, layer, text),
        };
        let what = match kind {
            Kind::Parameter => "a parameter",
            Kind::Average => "the average of a parameter",
            Kind::Gradient => "a gradient",
        };
        write!(f, "{what} of layer {} ({text})", layer + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::Shape;

    fn network() -> Network {
        Network::parse(Shape::MNIST, "dense 2 relu | dropout 0.5 | dense 10").expect("a network")
    }

    #[test]
    fn of_a_step_the_loss_comes_first_and_before_it_what_was_noted_earlier() {
        let (network, none) = (network(), u32::MAX);
        let first = |noted: &[u32], losses: &[f32]| {
            let fault = Fault::first(&network, noted, losses, 2, 10)?;
            Some(format!("{} {}", fault.of, fault.step))
        };
        assert_eq!(first(&[none; 6], &[0.5; 4]), None);
        assert_eq!(first(&[none; 6], &[0.5, 0.5, 0.5, f32::NAN]).unwrap(), "the loss 12");
        assert_eq!(first(&[none, none, 12, none, none, 12], &[0.5, 0.5, 0.5, f32::NAN]).unwrap(), "the loss 12");
        let parameter = first(&[none, none, 12, 11, none, 12], &[0.5, 0.5, 0.5, f32::INFINITY]);
        assert_eq!(parameter.unwrap(), "a parameter of layer 3 (dense 10) 11");
        assert_eq!(
            first(&[none, none, 12, none, none, none], &[0.5; 4]).unwrap(),
            "a gradient of layer 1 (dense 2 relu) 12"
        );
    }

    #[test]
    fn a_number_that_is_none_is_found_in_its_layer_wherever_it_stands() {
        let network = network();
        let length = network.matrices()[1].end();
        let mut moments = vec![-1.0; 2 * length];
        assert_eq!(Fault::among(&network, Kind::Parameter, &moments, 3), None);
        moments[2 * length - 1] = -f32::NAN;
        let found = Fault::among(&network, Kind::Parameter, &moments, 3).expect("it is there");
        assert_eq!((found.step, found.of.to_string()), (3, "a parameter of layer 3 (dense 10)".into()));
        moments[0] = f32::NEG_INFINITY;
        let found = Fault::among(&network, Kind::Parameter, &moments, 3).expect("it is there");
        assert_eq!(found.of.to_string(), "a parameter of layer 1 (dense 2 relu)");
    }
}

//! Models for other programs: as ONNX, which most runtimes take, and as weights for PyTorch. Both know smaller operations
//! than a network's layers: an activation is one of its own, and so is the step from an image to a vector.

mod onnx;
mod pytorch;

pub use onnx::{OPSET, onnx};
pub use pytorch::{pytorch, sequential};

use crate::network::{Activation, Layer, Matrix, ModelFile, Network};

/// An operation as other programs have them, and what to call it: its kind and its number among those of its kind.
struct Step {
    name: String,
    operation: Operation,
}

/// Images are [N, C, H, W] there, vectors [N, C].
enum Operation {
    Conv {
        matrix: Matrix,
        padding: [usize; 2],
        stride: usize,
    },
    Dense {
        matrix: Matrix,
    },
    /// Of images, or of vectors.
    BatchNorm {
        matrix: Matrix,
        is_flat: bool,
    },
    Relu,
    Pool {
        size: usize,
    },
    Dropout {
        rate: f32,
    },
    /// [N, C, H, W] -> [N, C * H * W], the order in which a dense layer has its weights.
    Flatten,
    /// [N, C] -> [N, C, 1, 1]
    Unflatten {
        channels: usize,
    },
}

impl Operation {
    fn kind(&self) -> &'static str {
        match self {
            Operation::Conv { .. } => "conv",
            Operation::Dense { .. } => "dense",
            Operation::BatchNorm { .. } => "batchnorm",
            Operation::Relu => "relu",
            Operation::Pool { .. } => "pool",
            Operation::Dropout { .. } => "dropout",
            Operation::Flatten => "flatten",
            Operation::Unflatten { .. } => "unflatten",
        }
    }

    /// Where its parameters lie, if it has some.
    fn matrix(&self) -> Option<&Matrix> {
        match self {
            Operation::Conv { matrix, .. } | Operation::Dense { matrix } | Operation::BatchNorm { matrix, .. } => {
                Some(matrix)
            }
            _ => None,
        }
    }
}

/// The operations of `network` in the order of the forward pass.
fn steps(network: &Network) -> Vec<Step> {
    let (shapes, mut matrices) = (network.shapes(), network.matrices().into_iter());
    let mut matrix = || matrices.next().expect("every convolution and dense layer has a matrix");
    let (mut operations, mut is_flat) = (Vec::new(), false);
    for (layer, shape) in network.layers().iter().zip(shapes) {
        match layer {
            Layer::Dense { .. } if !is_flat => {
                operations.push(Operation::Flatten);
                is_flat = true;
            }
            Layer::Conv { .. } | Layer::Pool { .. } if is_flat => {
                operations.push(Operation::Unflatten { channels: shape.channels });
                is_flat = false;
            }
            _ => {}
        }
        operations.push(match *layer {
            Layer::Conv { stride, .. } => Operation::Conv { matrix: matrix(), padding: layer.padding(), stride },
            Layer::Dense { .. } => Operation::Dense { matrix: matrix() },
            Layer::BatchNorm { .. } => Operation::BatchNorm { matrix: matrix(), is_flat },
            Layer::Pool { size } => Operation::Pool { size },
            Layer::Dropout { rate } => Operation::Dropout { rate },
        });
        if layer.activation() == Activation::Relu {
            operations.push(Operation::Relu);
        }
    }
    named(operations)
}

fn named(operations: Vec<Operation>) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::with_capacity(operations.len());
    for operation in operations {
        let kind = operation.kind();
        let number = 1 + steps.iter().filter(|step| step.operation.kind() == kind).count();
        steps.push(Step { name: format!("{kind}{number}"), operation });
    }
    steps
}

/// What a file says of its model besides the numbers. A threshold stands there only if the model has one.
fn metadata(model: &ModelFile) -> Vec<(&'static str, String)> {
    let mut metadata = vec![
        ("network", model.network.to_string()),
        ("pixels", "0 is paper, 1 is ink".into()),
        ("temperature", model.calibration.temperature.to_string()),
    ];
    metadata.extend(model.calibration.threshold.map(|threshold| ("threshold", threshold.to_string())));
    metadata
}

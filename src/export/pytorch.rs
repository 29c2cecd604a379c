//! A model's weights for PyTorch: a safetensors file with the names that an `nn.Sequential` of the network has, `0.weight`,
//! `0.bias` and so on, and the text of that `nn.Sequential`. The layouts are the same on both sides.

use std::collections::HashMap;

use bytemuck::cast_slice;
use safetensors::tensor::{Dtype, TensorView, serialize};

use super::{Operation, metadata, steps};
use crate::network::{ModelFile, Network, sort_header};

/// The bytes of the file. Its metadata have the `sequential`, the `temperature` by which the logits are to be divided, and the
/// `threshold`.
pub fn pytorch(model: &ModelFile) -> Vec<u8> {
    let values = &model.parameters.values;
    let mut tensors = Vec::new();
    for (index, step) in steps(&model.network).into_iter().enumerate() {
        if let Some(matrix) = step.operation.matrix() {
            tensors.push((format!("{index}.weight"), matrix.weight_shape.clone(), matrix.weights(values)));
            tensors.push((format!("{index}.bias"), vec![matrix.rows], matrix.biases(values)));
            if matrix.is_norm() {
                let [means, variances] = matrix.statistics(values);
                tensors.push((format!("{index}.running_mean"), vec![matrix.rows], means));
                tensors.push((format!("{index}.running_var"), vec![matrix.rows], variances));
            }
        }
    }
    let views = tensors.iter().map(|(name, shape, values)| {
        let view = TensorView::new(Dtype::F32, shape.clone(), cast_slice(values));
        (name, view.expect("a matrix has as many weights as its shape says"))
    });
    // Loaders look for this key, which says whose layouts these are.
    let own = [
        ("format", "pt".into()),
        ("program", concat!("digits ", env!("CARGO_PKG_VERSION")).into()),
        ("sequential", sequential(&model.network)),
    ];
    let metadata: HashMap<String, String> =
        metadata(model).into_iter().chain(own).map(|(key, value)| (key.into(), value)).collect();
    let mut file = serialize(views, Some(metadata)).expect("the tensors of a network have different names");
    sort_header(&mut file);
    file
}

/// The network as Python, from images [N, C, H, W] to logits [N, classes]: `nn.Sequential(nn.Conv2d(1, 32, (3, 3)), ...)`.
pub fn sequential(network: &Network) -> String {
    let modules = steps(network).into_iter().map(|step| match step.operation {
        Operation::Conv { matrix, padding, stride } => match matrix.weight_shape[..] {
            [filters, channels, height, width] => {
                let padding = if padding == [0, 0] {
                    String::new()
                } else {
                    format!(", padding=({}, {})", padding[0], padding[1])
                };
                let stride = if stride == 1 { String::new() } else { format!(", stride={stride}") };
                format!("nn.Conv2d({channels}, {filters}, ({height}, {width}){stride}{padding})")
            }
            _ => unreachable!("a convolution's weights are [F, C, KH, KW]"),
        },
        Operation::Dense { matrix } => format!("nn.Linear({}, {})", matrix.inputs, matrix.rows),
        Operation::BatchNorm { matrix, is_flat: true } => format!("nn.BatchNorm1d({})", matrix.rows),
        Operation::BatchNorm { matrix, is_flat: false } => format!("nn.BatchNorm2d({})", matrix.rows),
        Operation::Relu => "nn.ReLU()".into(),
        Operation::Pool { size } => format!("nn.MaxPool2d({size})"),
        Operation::Dropout { rate } => format!("nn.Dropout({rate})"),
        Operation::Flatten => "nn.Flatten()".into(),
        Operation::Unflatten { channels } => format!("nn.Unflatten(1, ({channels}, 1, 1))"),
    });
    format!("nn.Sequential({})", modules.collect::<Vec<_>>().join(", "))
}

//! Weights without a graph: a safetensors file with the names of PyTorch (`weight`, `running_mean`) or Keras (`kernel`,
//! `moving_mean`) and whatever stands in front of these. Tensors with one front are a layer's. Each layer of the network takes
//! the first that is of its kind and shape, in the order of the names, `conv2` before `conv10`.

use std::collections::BTreeMap;

use half::{bf16, f16};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};

use super::{ImportProblem as Problem, Imported, Weights, calibration, imported, reordered, transposed, variances};
use crate::network::{Layer, Matrix, Network, Padding, Shape, has_large_header};
use crate::reference::batchnorm::EPSILON;

/// What Keras adds to a variance where nothing else is said.
const KERAS_EPSILON: f32 = 1e-3;

/// The tensors with one front, by what they are to a layer.
#[derive(Default)]
struct Group<'a> {
    front: String,
    tensors: BTreeMap<Role, (String, TensorView<'a>)>,
    /// Whether it has Keras's names, and so its layouts.
    is_keras: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Role {
    Weight,
    Bias,
    Mean,
    Variance,
    Epsilon,
}

/// The model whose weights these bytes are. Where there is no `network`, the file must say it, as those of `digits export` do.
///
/// # Errors
/// Bytes that are no safetensors file, or tensors that do not fit the network: each layer that has none is named.
pub fn safetensors(bytes: &[u8], network: Option<&Network>) -> Result<Imported, Problem> {
    if has_large_header(bytes) {
        return Err(Problem::LargeHeader);
    }
    let (_, header) = SafeTensors::read_metadata(bytes).map_err(Problem::NotSafetensors)?;
    let tensors = SafeTensors::deserialize(bytes).map_err(Problem::NotSafetensors)?;
    let metadata = |key: &str| header.metadata().as_ref().and_then(|all| all.get(key)).map(String::as_str);
    let network = match (network, metadata("network")) {
        (Some(network), _) => network.clone(),
        (None, Some(text)) => Network::parse(Shape::MNIST, text).map_err(Problem::Network)?,
        (None, None) => return Err(Problem::NeedsNetwork),
    };
    let mut groups = groups(&tensors)?;
    let (mut found, mut problems) = (Vec::new(), Vec::new());
    for matrix in network.matrices() {
        let fits = |group: &Group| group.fits(&matrix);
        match groups.iter().position(fits) {
            Some(index) => found.push(groups.remove(index).weights(&network, &matrix)?),
            None => problems.push(missing(&network, &matrix, &groups)),
        }
    }
    let left = groups.iter().map(|group| format!("no layer takes {}", group.describe()));
    problems.extend(left);
    if !problems.is_empty() {
        return Err(Problem::Layers(problems));
    }
    let temperature = metadata("temperature").and_then(|text| text.parse().ok()).unwrap_or(1.0);
    imported(network, found, calibration(temperature, metadata("threshold")))
}

fn missing(network: &Network, matrix: &Matrix, groups: &[Group]) -> String {
    let of_kind = groups.iter().filter(|group| group.is_norm() == matrix.is_norm());
    let of_kind = of_kind.filter(|group| group.rank() == matrix.weight_shape.len()).map(Group::describe);
    let there: Vec<String> = of_kind.collect();
    let there = if there.is_empty() { "nothing of that kind".into() } else { there.join(", ") };
    let (number, layer) = (matrix.layer + 1, &network.layers()[matrix.layer]);
    format!("layer {number}, \"{layer}\", needs weights {:?}, and what is left has {there}", matrix.weight_shape)
}

/// All groups, in the order of their fronts.
fn groups<'a>(tensors: &SafeTensors<'a>) -> Result<Vec<Group<'a>>, Problem> {
    let mut groups: BTreeMap<String, Group> = BTreeMap::new();
    for (name, tensor) in tensors.tensors() {
        let (front, last) = name.rsplit_once(['.', '/']).unwrap_or(("", &name));
        let (role, is_keras) = match last {
            "weight" => (Role::Weight, false),
            "kernel" | "gamma" => (Role::Weight, true),
            "bias" => (Role::Bias, false),
            "beta" => (Role::Bias, true),
            "running_mean" => (Role::Mean, false),
            "moving_mean" => (Role::Mean, true),
            "running_var" => (Role::Variance, false),
            "moving_variance" => (Role::Variance, true),
            "epsilon" => (Role::Epsilon, true),
            "num_batches_tracked" => continue,
            _ => return Err(Problem::Layers(vec![format!("no layer has a tensor of the kind of {name}")])),
        };
        let group = groups.entry(natural(front)).or_default();
        group.front = front.into();
        group.is_keras |= is_keras;
        group.tensors.insert(role, (name, tensor));
    }
    Ok(groups.into_values().collect())
}

/// A key by which names come in the order in which people count: digits are filled up with zeros.
fn natural(name: &str) -> String {
    let (mut key, mut digits) = (String::new(), String::new());
    for letter in name.chars().chain(['\0']) {
        if letter.is_ascii_digit() {
            digits.push(letter);
            continue;
        }
        if !digits.is_empty() {
            key.push_str(&format!("{digits:0>20}"));
            digits.clear();
        }
        key.push(letter);
    }
    key
}

impl Group<'_> {
    fn is_norm(&self) -> bool {
        self.tensors.contains_key(&Role::Mean) && self.tensors.contains_key(&Role::Variance)
    }

    fn shape(&self, role: Role) -> Option<&[usize]> {
        self.tensors.get(&role).map(|(_, tensor)| tensor.shape())
    }

    /// That of the weights; a batch normalisation may have none.
    fn rank(&self) -> usize {
        self.weight_shape().len()
    }

    /// In the layout of the model file.
    fn weight_shape(&self) -> Vec<usize> {
        let shape = self.shape(if self.is_norm() { Role::Mean } else { Role::Weight }).unwrap_or_default();
        match *shape {
            [height, width, channels, filters] if self.is_keras => vec![filters, channels, height, width],
            [inputs, units] if self.is_keras => vec![units, inputs],
            _ => shape.to_vec(),
        }
    }

    fn fits(&self, matrix: &Matrix) -> bool {
        let rows = [Role::Bias, Role::Mean, Role::Variance].into_iter().chain(matrix.is_norm().then_some(Role::Weight));
        let mut rows = rows.filter_map(|role| self.shape(role));
        self.is_norm() == matrix.is_norm()
            && self.weight_shape() == matrix.weight_shape
            && rows.all(|shape| shape == [matrix.rows])
    }

    /// `fc1 [10, 8]`, with the shape of the bias where it is not a number for each row.
    fn describe(&self) -> String {
        let (front, shape) = (&self.front, self.weight_shape());
        let bias = self.shape(Role::Bias).filter(|bias| shape.first().is_none_or(|rows| *bias != [*rows]));
        let bias = bias.map_or_else(String::new, |bias| format!(" with a bias {bias:?}"));
        format!("{front} {shape:?}{bias}")
    }

    /// The numbers for `matrix`, which they fit.
    fn weights(&self, network: &Network, matrix: &Matrix) -> Result<Weights, Problem> {
        let read = |role, missing: f32| match self.tensors.get(&role) {
            Some((name, tensor)) => numbers(name, tensor),
            None => Ok(vec![missing; matrix.rows]),
        };
        let (mut weights, biases) = (read(Role::Weight, 1.0)?, read(Role::Bias, 0.0)?);
        let mut statistics = None;
        if matrix.is_norm() {
            let usual = if self.is_keras { KERAS_EPSILON } else { EPSILON as f32 };
            let epsilon = read(Role::Epsilon, usual)?.first().copied().unwrap_or(usual);
            statistics = Some([read(Role::Mean, 0.0)?, variances(&read(Role::Variance, 1.0)?, epsilon)]);
        }
        if self.is_keras {
            let input = network.shapes()[matrix.layer];
            weights = match network.layers()[matrix.layer] {
                Layer::Conv { .. } => {
                    refuse_keras_padding(network, matrix, input)?;
                    // [KH, KW, C, F] -> [F, KH, KW, C] -> [F, C, KH, KW], the same turn as that of a dense layer's inputs.
                    let kernel = Shape {
                        channels: matrix.weight_shape[1],
                        height: matrix.weight_shape[2],
                        width: matrix.weight_shape[3],
                    };
                    reordered(&transposed(&weights, matrix.rows), kernel, [1, 2, 0])
                }
                Layer::Dense { .. } => reordered(&transposed(&weights, matrix.rows), input, [1, 2, 0]),
                _ => weights,
            };
        }
        Ok(Weights { name: self.front.clone(), weights, biases, statistics })
    }
}

/// Keras puts the odd zero of `same` behind the image where a stride leaves one; digits and PyTorch put as many in front.
fn refuse_keras_padding(network: &Network, matrix: &Matrix, input: Shape) -> Result<(), Problem> {
    let layer = &network.layers()[matrix.layer];
    let Layer::Conv { kernel, padding: Padding::Same, stride, .. } = *layer else { return Ok(()) };
    let in_front =
        |size: usize, kernel: usize| ((size.div_ceil(stride) - 1) * stride + kernel).saturating_sub(size) / 2;
    if [in_front(input.height, kernel[0]), in_front(input.width, kernel[1])] == layer.padding() {
        return Ok(());
    }
    let number = matrix.layer + 1;
    Err(Problem::Layers(vec![format!(
        "layer {number}, \"{layer}\", lies otherwise in Keras, whose \"same\" puts fewer zeros before than behind an image of {input}; \
         train it with a stride of 1 or without padding"
    )]))
}

fn numbers(name: &str, tensor: &TensorView) -> Result<Vec<f32>, Problem> {
    let data = tensor.data();
    let values: Vec<f32> = match tensor.dtype() {
        Dtype::F32 => data.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect(),
        Dtype::F64 => data.as_chunks().0.iter().map(|bytes| f64::from_le_bytes(*bytes) as f32).collect(),
        Dtype::F16 => data.as_chunks().0.iter().map(|bytes| f16::from_le_bytes(*bytes).to_f32()).collect(),
        Dtype::BF16 => data.as_chunks().0.iter().map(|bytes| bf16::from_le_bytes(*bytes).to_f32()).collect(),
        other => return Err(Problem::Type { name: name.into(), found: other.to_string() }),
    };
    let whole: Option<usize> = tensor.shape().iter().try_fold(1, |product: usize, size| product.checked_mul(*size));
    if whole == Some(values.len()) { Ok(values) } else { Err(Problem::Size(name.into())) }
}

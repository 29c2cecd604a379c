//! Models that other programs trained, as model files: weights of PyTorch and Keras as safetensors, for a network that is
//! given as text, and ONNX, whose graph says the network, too. What the text form cannot say is refused with a reason.
//!
//! Nothing of a file is believed: sizes are compared with what is there before anything is made of them.

mod onnx;
mod tensors;

use std::io;
use std::path::{Path, PathBuf};

use safetensors::tensor::SafeTensorError;

use crate::files::load;
use crate::limits::{HEADER_MIB, IMPORT_MIB};
use crate::network::{
    Activation, Calibration, Classes, Layer, Matrix, ModelFile, Network, NetworkError, Parameters, Shape, Summary,
    flat_length,
};
use crate::reference::batchnorm::EPSILON;

pub use onnx::onnx;
pub use tensors::safetensors;

/// Why a file does not become a model.
#[derive(Debug, thiserror::Error)]
#[error("{} {problem}", .path.display())]
pub struct ImportError {
    pub path: PathBuf,
    pub problem: ImportProblem,
}

/// What is wrong with a file; the message goes on after its name.
#[derive(Debug, thiserror::Error)]
pub enum ImportProblem {
    #[error("cannot be read: {0}")]
    Unreadable(io::Error),
    #[error("is larger than {IMPORT_MIB} MiB, the most that is read of another program's file")]
    TooLarge,
    #[error("has a header of more than {HEADER_MIB} MiB, the most that is read")]
    LargeHeader,
    #[error("is {0}")]
    OtherFormat(&'static str),
    #[error("is not a whole safetensors file: {0}")]
    NotSafetensors(SafeTensorError),
    #[error("is neither a whole ONNX file nor a safetensors file: {0}")]
    NotOnnx(String),
    #[error("has weights without a network: say which with --network TEXT")]
    NeedsNetwork,
    #[error("has numbers of type {found} in {name}; save them as float32, float16, bfloat16 or float64")]
    Type { name: String, found: String },
    #[error("has another size in {0} than its shape says")]
    Size(String),
    #[error("has an infinite or NaN value in {0}, or one beyond float32")]
    NotFinite(String),
    #[error("has a variance below zero in {0}")]
    NegativeVariance(String),
    #[error("does not fit the network: {}", .0.join("; "))]
    Layers(Vec<String>),
    #[error("has the node \"{node}\" ({operator}), which the text of a network cannot say: {reason}")]
    Node { node: String, operator: String, reason: String },
    #[error("has a graph that the text of a network cannot say: {0}")]
    Graph(String),
    #[error("has a network that digits cannot run: {0}")]
    Network(NetworkError),
    #[error("has the network \"{found}\", not \"{given}\"")]
    OtherNetwork { found: String, given: String },
}

use ImportProblem as Problem;

/// The numbers of one layer, in the layouts of the model file.
struct Weights {
    /// What they are called, or where they come from, in the file.
    name: String,
    /// [F, C, KH, KW], [units, inputs] or `[C]`
    weights: Vec<f32>,
    /// `[F]`, `[units]` or `[C]`
    biases: Vec<f32>,
    /// The running means and variances of a batch normalisation, `[C]` each.
    statistics: Option<[Vec<f32>; 2]>,
}

/// A model out of another program's file.
#[derive(Clone, Debug, PartialEq)]
pub struct Imported {
    pub model: ModelFile,
    /// Where the numbers of each matrix of the network were found, in their order: the name in front of a layer's tensors, or of the
    /// weights that a node reads.
    pub sources: Vec<String>,
}

/// The model that another program's file at `path` holds, of the `network`, which an ONNX file can say itself.
///
/// # Errors
/// A file that cannot be read, is neither safetensors nor ONNX, or is of another network or of none that text can say.
pub fn import(path: &Path, network: Option<&Network>) -> Result<Imported, ImportError> {
    let imported = read(path).and_then(|bytes| match kind_of(&bytes)? {
        Kind::Safetensors => safetensors(&bytes, network),
        Kind::Onnx => onnx::read(&bytes, network, path.parent()),
    });
    imported.map_err(|problem| ImportError { path: path.into(), problem })
}

/// `model` for images of which another program takes `mean` and then divides by `deviation`: a batch normalisation in front,
/// with these as what it has seen, does so. There is none for a `deviation` that is zero or almost so.
pub fn normalised(model: &ModelFile, mean: f32, deviation: f32) -> Option<ModelFile> {
    let variance = f64::from(deviation).powi(2) - EPSILON;
    if !(mean.is_finite() && deviation > 0.0 && deviation.is_finite() && variance > 0.0) {
        return None;
    }
    let network = Network::parse(model.network.input(), &format!("batchnorm | {}", model.network)).ok()?;
    let mut values = vec![0.0; flat_length(&network)];
    let front = network.matrices()[0].clone();
    front.fill(&mut values, &[1.0], &[0.0]);
    front.fill_statistics(&mut values, [&[mean], &[variance as f32]]);
    values[front.end()..].copy_from_slice(&model.parameters.values);
    Some(ModelFile { network, parameters: Parameters { values }, ..model.clone() })
}

enum Kind {
    Safetensors,
    Onnx,
}

fn kind_of(bytes: &[u8]) -> Result<Kind, Problem> {
    match bytes {
        [b'P', b'K', 3, 4, ..] => Err(Problem::OtherFormat(
            "a zip file, as of torch.save or Keras; save its weights as safetensors: docs/exchange.md tells how",
        )),
        [0x89, b'H', b'D', b'F', ..] => {
            Err(Problem::OtherFormat("an HDF5 file; save the weights as safetensors: docs/exchange.md tells how"))
        }
        // The length of a header in JSON, then the header.
        [_, _, _, _, _, _, _, _, b'{', ..] => Ok(Kind::Safetensors),
        _ => Ok(Kind::Onnx),
    }
}

fn read(path: &Path) -> Result<Vec<u8>, Problem> {
    load(path, IMPORT_MIB).map_err(Problem::Unreadable)?.ok_or(Problem::TooLarge)
}

/// A model of what was found for each matrix of `network`, in their order and of their sizes.
fn imported(network: Network, found: Vec<Weights>, calibration: Calibration) -> Result<Imported, Problem> {
    let sources = found.iter().map(|found| found.name.clone()).collect();
    let mut values = vec![0.0; flat_length(&network)];
    for (matrix, found) in network.matrices().into_iter().zip(found) {
        fill(&matrix, found, &mut values)?;
    }
    let summary = Summary {
        epochs: 0,
        batch: 0,
        optimiser: "another program".into(),
        learning_rate: 0.0,
        recipe: Some("imported".into()),
        seed: 0,
        augment: None,
        images_seen: 0,
        validation_accuracy: None,
        test_accuracy: None,
    };
    let classes = Classes::numbered(network.classes());
    let model = ModelFile { network, parameters: Parameters { values }, classes, calibration, summary };
    Ok(Imported { model, sources })
}

fn fill(matrix: &Matrix, found: Weights, values: &mut [f32]) -> Result<(), Problem> {
    let Weights { name, weights, biases, statistics } = found;
    let all = [&weights, &biases].into_iter().chain(statistics.iter().flatten());
    if !all.flatten().all(|value| value.is_finite()) {
        return Err(Problem::NotFinite(name));
    }
    matrix.fill(values, &weights, &biases);
    if let Some([means, variances]) = statistics {
        if variances.iter().any(|variance| *variance < 0.0) {
            return Err(Problem::NegativeVariance(name));
        }
        matrix.fill_statistics(values, [&means, &variances]);
    }
    Ok(())
}

/// The variances to which digits adds what it adds, where another program adds `epsilon`.
fn variances(variances: &[f32], epsilon: f32) -> Vec<f32> {
    let more = f64::from(epsilon) - f64::from(EPSILON as f32);
    variances.iter().map(|variance| (f64::from(*variance) + more) as f32).collect()
}

/// Rows for columns: [rows, columns] -> [columns, rows].
fn transposed(values: &[f32], columns: usize) -> Vec<f32> {
    (0..columns).flat_map(|column| values.iter().skip(column).step_by(columns)).copied().collect()
}

/// `weights` of a dense layer, [units, inputs], whose inputs are the features of `shape` with the axes C, H, W (0, 1, 2) in the
/// `order` of the file, for inputs in the order C, H, W.
fn reordered(weights: &[f32], shape: Shape, order: [usize; 3]) -> Vec<f32> {
    let sizes = [shape.channels, shape.height, shape.width];
    let steps = [shape.height * shape.width, shape.width, 1];
    let [outer, middle, inner] = order;
    let mut places = Vec::with_capacity(shape.features());
    for a in 0..sizes[outer] {
        for b in 0..sizes[middle] {
            places.extend((0..sizes[inner]).map(|c| a * steps[outer] + b * steps[middle] + c * steps[inner]));
        }
    }
    let mut reordered = vec![0.0; weights.len()];
    for (to, from) in reordered.chunks_mut(shape.features()).zip(weights.chunks(shape.features())) {
        for (place, weight) in places.iter().zip(from) {
            to[*place] = *weight;
        }
    }
    reordered
}

/// A calibration by the `threshold` that `digits export` writes into metadata. What cannot be one is left out.
fn calibration(temperature: f32, threshold: Option<&str>) -> Calibration {
    let found = Calibration { temperature, threshold: threshold.and_then(|text| text.parse().ok()) };
    if found.is_valid() { found } else { Calibration::default() }
}

/// Whether two layers compute the same: dropout aside, and the padding of a kernel that needs none.
fn is_same(one: &Layer, other: &Layer) -> bool {
    let bare = |layer: &Layer| (layer.padding(), layer.to_string().replace(" same", ""));
    bare(one) == bare(other)
}

fn with_relu(mut layer: Layer) -> Layer {
    if let Layer::Conv { activation, .. } | Layer::Dense { activation, .. } | Layer::BatchNorm { activation } =
        &mut layer
    {
        *activation = Activation::Relu;
    }
    layer
}

//! The model file: a trained network with all that is needed to run it, in the safetensors format, which other tools
//! open, too.
//!
//! The tensors are `conv1.weight` `[F, C, KH, KW]`, `conv1.bias` `[F]`, `dense1.weight` `[units, inputs]`,
//! `dense1.bias` `[units]` and so on, float32. A compact file has the weights in eight bits and, beside them,
//! `conv1.weight.scale` `[F]`, by which the numbers of a filter or unit are to be multiplied. The metadata are strings:
//! `digits.format`, `program`, `network` (its text), `input`, `normalisation`, `classes` (`0,1,2` and so on, or an array of names
//! in JSON), `training` (a [`Summary`] in JSON) and, where it is not the default, `calibration` (a [`Calibration`] in JSON) and
//! `first label`. Equal models give equal bytes.

mod compact;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io;
use std::path::{Path, PathBuf};

use safetensors::tensor::{Dtype, SafeTensorError, SafeTensors, TensorView, serialize};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Calibration, Classes, ClassesError, Matrix, Network, NetworkError, Parameters, Shape, parameters};
use crate::files::{self, WriteError};
use crate::limits::{HEADER_MIB, MODEL_MIB};

/// A trained network, as its file holds it.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use digits::network::ModelFile;
///
/// let model = ModelFile::shipped();
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("model.safetensors");
/// model.save(&path)?;
/// assert!(ModelFile::load(&path)? == model);
/// assert_eq!(model.network.parameter_count(), 619_702);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct ModelFile {
    /// Reads a shape of [`Shape::of_images`].
    pub network: Network,
    pub parameters: Parameters,
    /// As many as the network has.
    pub classes: Classes,
    pub calibration: Calibration,
    pub summary: Summary,
}

/// How a model was trained, and how well it did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// Finished epochs.
    pub epochs: u32,
    /// Images in a training step.
    pub batch: u32,
    /// `adam` or `sgd`; `another program` of a model that was imported.
    pub optimiser: String,
    /// At its peak.
    pub learning_rate: f64,
    /// What else the recipe has, see [`crate::recipe::Recipe::notes`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recipe: Option<String>,
    pub seed: u32,
    /// How training images were drawn anew, an [`Augment`](crate::augment::Augment)'s text; nothing if they were not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub augment: Option<String>,
    /// Training images seen, each as often as it was.
    pub images_seen: u64,
    /// The share of the validation images that the model gets right, 0 to 1.
    pub validation_accuracy: Option<f64>,
    /// The share of the test images that the model gets right, 0 to 1.
    pub test_accuracy: Option<f64>,
}

/// Why a model file cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[error("{} {problem}", .path.display())]
pub struct ModelFileError {
    pub path: PathBuf,
    pub problem: ModelFileProblem,
}

/// What is wrong with a model file; the message goes on after the file's name.
#[derive(Debug, thiserror::Error)]
pub enum ModelFileProblem {
    #[error("cannot be read: {0}")]
    Unreadable(io::Error),
    #[error(transparent)]
    Unwritable(#[from] WriteError),
    #[error("is not written: {0} has an infinite or NaN value, so the training diverged; try a smaller learning rate")]
    Diverged(String),
    #[error("is larger than {MODEL_MIB} MiB, the most that a model may have")]
    TooLarge,
    #[error("has a header of more than {HEADER_MIB} MiB, the most that is read")]
    LargeHeader,
    #[error("is not a whole safetensors file ({0}); give a file that `digits train` wrote")]
    NotSafetensors(SafeTensorError),
    #[error("is not a model of digits: its metadata have no \"{0}\"; give a file that `digits train` wrote")]
    NoMetadata(&'static str),
    #[error("has the format {0:?}, but digits {version} reads {FORMAT:?} and {COMPACT_FORMAT:?}; use a newer digits", version = VERSION)]
    OtherFormat(String),
    #[error("has the {key} {found:?}, but it must be {expected:?}")]
    OtherMetadata { key: &'static str, found: String, expected: String },
    #[error("has the input {0:?}, but it must be grey images such as \"1x28x28\", of even sides from 8 to 64")]
    Input(String),
    #[error("has the classes {found:?}, but {problem}")]
    Classes { found: String, problem: ClassesError },
    #[error(
        "has the classes {found:?}, but its network has {expected}, and they must be \"0,1,2\" and so on or an array of names"
    )]
    NotClasses { found: String, expected: usize },
    #[error("has the first label {0:?}, but it must be a number from 0 to 249")]
    FirstLabel(String),
    #[error("has a network that cannot run: {0}")]
    Network(NetworkError),
    #[error("has a training summary that is not one: {0}")]
    Summary(serde_json::Error),
    #[error("has the calibration {0:?}, but it must be a temperature above 0 and a threshold from 0 to 1 or null")]
    Calibration(String),
    #[error("has no tensor {0}, which its network needs")]
    NoTensor(String),
    #[error("has a tensor {0:?}, which its network does not have")]
    ExtraTensor(String),
    #[error("has the tensor {name} as {found}, but its network needs {expected}")]
    OtherTensor { name: String, found: String, expected: String },
    #[error("has an infinite or NaN value in {0}")]
    NotFinite(String),
    #[error("has a variance below zero in {0}")]
    NegativeVariance(String),
}

use ModelFileProblem as Problem;

/// The default network, trained on MNIST and drawings.
const SHIPPED: &[u8] = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/data/models/digits.safetensors"));

const FORMAT: &str = "1";
/// Of compact files.
const COMPACT_FORMAT: &str = "2";
const VERSION: &str = env!("CARGO_PKG_VERSION");
const NORMALISATION: &str = "pixel / 255";
/// What files of labels call the first class, where that is not 0.
const FIRST_LABEL: &str = "first label";

impl ModelFile {
    /// Writes the file beside `path` and renames it, so whatever happens, `path` holds a whole model: the new one or
    /// the one before.
    ///
    /// # Errors
    /// A folder that cannot be written; parameters that are infinite or not numbers.
    ///
    /// # Panics
    /// If the network does not read a shape of [`Shape::of_images`], the parameters or the classes are not those of the network,
    /// or the calibration is none.
    pub fn save(&self, path: &Path) -> Result<(), ModelFileError> {
        write(path, self.encode())
    }

    /// [`ModelFile::save`], with the weights in eight bits.
    ///
    /// # Errors
    /// As [`ModelFile::save`].
    ///
    /// # Panics
    /// As [`ModelFile::save`].
    pub fn save_compact(&self, path: &Path) -> Result<(), ModelFileError> {
        write(path, self.encode_compact())
    }

    /// The bytes of the file.
    ///
    /// # Errors
    /// Parameters that are infinite or not numbers; the message goes on after the name of the file.
    ///
    /// # Panics
    /// As [`ModelFile::save`].
    pub fn encode(&self) -> Result<Vec<u8>, ModelFileProblem> {
        encode(self, FORMAT, |_, name, shape, values| vec![(name, Dtype::F32, shape, bytes(&values))])
    }

    /// [`ModelFile::encode`], with the weights in eight bits.
    ///
    /// # Errors
    /// As [`ModelFile::encode`].
    ///
    /// # Panics
    /// As [`ModelFile::save`].
    pub fn encode_compact(&self) -> Result<Vec<u8>, ModelFileProblem> {
        encode(self, COMPACT_FORMAT, |matrix, name, shape, values| {
            let (numbers, scales) = compact::quantise(&values, matrix.rows);
            let scale = (compact::scale_name(&name), Dtype::F32, vec![matrix.rows], bytes(&scales));
            let numbers = numbers.into_iter().map(|number| number as u8).collect();
            vec![(name, Dtype::I8, shape, numbers), scale]
        })
    }

    /// The model whose file has these bytes, which may be anything at all.
    ///
    /// # Errors
    /// They are not a whole, valid model; the message goes on after the name of the file.
    pub fn decode(bytes: &[u8]) -> Result<ModelFile, ModelFileProblem> {
        decode(bytes)
    }

    /// The model that ships with the program; `data/models/README.md` tells how it was trained.
    pub fn shipped() -> ModelFile {
        decode(SHIPPED).expect("a test reads the model that ships")
    }

    /// Whether [`ModelFile::save`] could write `path`: to be asked before a long training, not after it.
    ///
    /// # Errors
    /// A folder that cannot be written, or a `path` that is a folder or a device.
    pub fn check_path(path: &Path) -> Result<(), ModelFileError> {
        files::check(path).map_err(|error| ModelFileError { path: path.into(), problem: error.into() })
    }

    /// Reads a file, which may be anything at all.
    ///
    /// # Errors
    /// A file that is not a whole, valid model.
    pub fn load(path: &Path) -> Result<ModelFile, ModelFileError> {
        let decode = |bytes: Vec<u8>| decode(&bytes);
        read(path).and_then(decode).map_err(|problem| ModelFileError { path: path.into(), problem })
    }
}

/// A tensor's name, numbers, shape and bytes.
type Encoded = (String, Dtype, Vec<usize>, Vec<u8>);

fn write(path: &Path, bytes: Result<Vec<u8>, Problem>) -> Result<(), ModelFileError> {
    let written = bytes.and_then(|bytes| Ok(files::replace(path, &bytes)?));
    written.map_err(|problem| ModelFileError { path: path.into(), problem })
}

/// The bytes of a file whose weights `encode_weights` makes tensors of, from their matrix, name, shape and values.
fn encode(
    model: &ModelFile,
    format: &str,
    encode_weights: impl Fn(&Matrix, String, Vec<usize>, Vec<f32>) -> Vec<Encoded>,
) -> Result<Vec<u8>, Problem> {
    let ModelFile { network, parameters: Parameters { values }, classes, calibration, summary } = model;
    let input = network.input();
    assert_eq!(Shape::of_images(input.height, input.width), Some(input));
    assert_eq!(classes.count(), network.classes());
    assert_eq!(values.len(), parameters::flat_length(network));
    assert!(calibration.is_valid(), "{calibration:?}");
    let mut tensors = Vec::new();
    for matrix in network.matrices() {
        let [weight, bias] = tensor_names(&matrix);
        let (weights, biases) = (matrix.weights(values), matrix.biases(values));
        for (name, values) in [(&weight, &weights), (&bias, &biases)] {
            if !all_finite(values) {
                return Err(Problem::Diverged(name.clone()));
            }
        }
        tensors.extend(encode_weights(&matrix, weight, matrix.weight_shape.clone(), weights));
        tensors.push((bias, Dtype::F32, vec![matrix.rows], bytes(&biases)));
        if matrix.is_norm() {
            for (name, values) in statistics_names(&matrix).into_iter().zip(matrix.statistics(values)) {
                if !all_finite(&values) {
                    return Err(Problem::Diverged(name));
                }
                tensors.push((name, Dtype::F32, vec![matrix.rows], bytes(&values)));
            }
        }
    }
    let views = tensors.iter().map(|(name, dtype, shape, bytes)| {
        let view = TensorView::new(*dtype, shape.clone(), bytes);
        (name, view.expect("a matrix has as many weights as its shape says"))
    });
    let metadata = [
        ("digits.format", format.to_string()),
        ("program", format!("digits {VERSION}")),
        ("network", network.to_string()),
        ("input", input.to_string()),
        ("normalisation", NORMALISATION.into()),
        ("classes", text_of(classes)),
        ("training", serde_json::to_string(summary).expect("a summary is plain data")),
    ];
    let mut metadata: HashMap<String, String> = metadata.map(|(key, value)| (key.to_string(), value)).into();
    // Not where it is the default: files that were written before there were calibrations keep their bytes.
    if *calibration != Calibration::default() {
        let calibration = serde_json::to_string(calibration).expect("a calibration is plain data");
        metadata.insert("calibration".into(), calibration);
    }
    if classes.first_label() > 0 {
        metadata.insert(FIRST_LABEL.into(), classes.first_label().to_string());
    }
    let mut file = serialize(views, Some(metadata)).expect("the tensors of a network have different names");
    sort_header(&mut file);
    Ok(file)
}

/// Puts the header's keys in order. safetensors keeps the metadata in a hash map, whose order is another in every run.
pub(crate) fn sort_header(file: &mut [u8]) {
    let (length, rest) = file.split_first_chunk_mut().expect("a safetensors file starts with the header's length");
    let header = &mut rest[..u64::from_le_bytes(*length) as usize];
    let keys: BTreeMap<String, BTreeMap<String, Value>> = serde_json::from_slice(header).expect("the header is JSON");
    let sorted = serde_json::to_vec(&keys).expect("what came from JSON goes back");
    header[..sorted.len()].copy_from_slice(&sorted);
}

fn read(path: &Path) -> Result<Vec<u8>, Problem> {
    files::load(path, MODEL_MIB).map_err(Problem::Unreadable)?.ok_or(Problem::TooLarge)
}

fn decode(bytes: &[u8]) -> Result<ModelFile, Problem> {
    if has_large_header(bytes) {
        return Err(Problem::LargeHeader);
    }
    let (_, header) = SafeTensors::read_metadata(bytes).map_err(Problem::NotSafetensors)?;
    let tensors = SafeTensors::deserialize(bytes).map_err(Problem::NotSafetensors)?;
    let get = |key| header.metadata().as_ref().and_then(|metadata| metadata.get(key)).ok_or(Problem::NoMetadata(key));
    let demand = |key, expected: String| match get(key)? {
        found if *found == expected => Ok(()),
        found => Err(Problem::OtherMetadata { key, found: found.clone(), expected }),
    };
    match get("digits.format")?.as_str() {
        FORMAT | COMPACT_FORMAT => {}
        other => return Err(Problem::OtherFormat(other.into())),
    }
    let input = read_input(get("input")?)?;
    demand("normalisation", NORMALISATION.into())?;
    let network = Network::parse(input, get("network")?).map_err(Problem::Network)?;
    let classes = read_classes(get("classes")?, get(FIRST_LABEL).ok(), network.classes())?;
    let summary = serde_json::from_str(get("training")?).map_err(Problem::Summary)?;
    let calibration = get("calibration").map_or_else(|_| Ok(Calibration::default()), |text| read_calibration(text))?;
    let parameters = read_parameters(&network, &tensors)?;
    Ok(ModelFile { network, parameters, classes, calibration, summary })
}

/// Whether a safetensors file has a header that is larger than is read; one that says so and has not is none.
pub(crate) fn has_large_header(file: &[u8]) -> bool {
    let length = file.split_first_chunk().map(|(length, rest)| (u64::from_le_bytes(*length), rest.len() as u64));
    length.is_some_and(|(header, rest)| header > HEADER_MIB << 20 && header <= rest)
}

fn read_input(text: &str) -> Result<Shape, Problem> {
    let mut numbers = text.split('x').map(|number| number.parse().ok());
    let shape = match [numbers.next(), numbers.next(), numbers.next(), numbers.next()] {
        [Some(Some(1)), Some(Some(height)), Some(Some(width)), None] => Shape::of_images(height, width),
        _ => None,
    };
    shape.ok_or_else(|| Problem::Input(text.into()))
}

/// The names of `count` classes.
fn read_classes(text: &str, first_label: Option<&String>, count: usize) -> Result<Classes, Problem> {
    let numbered = Classes::numbered(count);
    if text == text_of(&numbered) && first_label.is_none() {
        return Ok(numbered);
    }
    let names: Option<Vec<String>> = serde_json::from_str(text).ok().filter(|names: &Vec<_>| names.len() == count);
    let names = names.ok_or_else(|| Problem::NotClasses { found: text.into(), expected: count })?;
    let first_label = first_label.map_or(Ok(0), |label| {
        let number = label.parse().ok().filter(|label| usize::from(*label) < Classes::MOST);
        number.ok_or_else(|| Problem::FirstLabel(label.clone()))
    })?;
    Classes::named(names, first_label).map_err(|problem| Problem::Classes { found: text.into(), problem })
}

fn read_calibration(text: &str) -> Result<Calibration, Problem> {
    let calibration = serde_json::from_str(text).ok().filter(Calibration::is_valid);
    calibration.ok_or_else(|| Problem::Calibration(text.into()))
}

/// The flat vector grows only as tensors are found, so a header cannot make it larger than four times its file.
fn read_parameters(network: &Network, tensors: &SafeTensors) -> Result<Parameters, Problem> {
    let (mut values, mut needed) = (Vec::new(), BTreeSet::new());
    for matrix in network.matrices() {
        let [weight, bias] = tensor_names(&matrix);
        let weights = match compact::read(tensors, &matrix, &weight)? {
            Some(weights) => {
                needed.insert(compact::scale_name(&weight));
                weights
            }
            None => read_tensor(tensors, &weight, &matrix.weight_shape)?,
        };
        let biases = read_tensor(tensors, &bias, &[matrix.rows])?;
        values.resize(matrix.end(), 0.0);
        matrix.fill(&mut values, &weights, &biases);
        needed.extend([weight, bias]);
        if matrix.is_norm() {
            let [mean, variance] = statistics_names(&matrix);
            let read = |name: &str| read_tensor(tensors, name, &[matrix.rows]);
            let (means, variances) = (read(&mean)?, read(&variance)?);
            if variances.iter().any(|variance| *variance < 0.0) {
                return Err(Problem::NegativeVariance(variance));
            }
            matrix.fill_statistics(&mut values, [&means, &variances]);
            needed.extend([mean, variance]);
        }
    }
    match tensors.names().into_iter().filter(|name| !needed.contains(*name)).min() {
        Some(extra) => Err(Problem::ExtraTensor(extra.into())),
        None => Ok(Parameters { values }),
    }
}

fn read_tensor(tensors: &SafeTensors, name: &str, shape: &[usize]) -> Result<Vec<f32>, Problem> {
    let tensor = tensors.tensor(name).map_err(|_| Problem::NoTensor(name.into()))?;
    if (tensor.dtype(), tensor.shape()) != (Dtype::F32, shape) {
        let found = format!("{} {:?}", tensor.dtype(), tensor.shape());
        return Err(Problem::OtherTensor { name: name.into(), found, expected: format!("{} {shape:?}", Dtype::F32) });
    }
    let numbers = tensor.data().chunks_exact(4);
    let values: Vec<f32> = numbers.map(|bytes| f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])).collect();
    if all_finite(&values) { Ok(values) } else { Err(Problem::NotFinite(name.into())) }
}

fn bytes(values: &[f32]) -> Vec<u8> {
    values.iter().copied().flat_map(f32::to_le_bytes).collect()
}

fn all_finite(values: &[f32]) -> bool {
    values.iter().all(|value| value.is_finite())
}

/// What a matrix's weights and biases are called.
pub fn tensor_names(matrix: &Matrix) -> [String; 2] {
    [format!("{}.weight", matrix.name), format!("{}.bias", matrix.name)]
}

/// What the running mean and variance of a batch normalisation are called, as in PyTorch.
pub fn statistics_names(matrix: &Matrix) -> [String; 2] {
    [format!("{}.running_mean", matrix.name), format!("{}.running_var", matrix.name)]
}

/// The name of each output: `0,1,2,3,4,5,6,7,8,9` where they are numbers, or an array in JSON.
fn text_of(classes: &Classes) -> String {
    if classes.are_numbered() {
        classes.names().join(",")
    } else {
        serde_json::to_string(classes.names()).expect("names are plain data")
    }
}

#[cfg(test)]
mod tests;

//! Models of other programs: files that PyTorch and Keras made (`scripts/make_imports.py`) give the logits that these gave, what
//! `digits export` writes comes back, and what the text form cannot say is refused with a reason.

mod damage;
mod graphs;

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use digits::export;
use digits::import::{self, Imported};
use digits::mnist::Split;
use digits::network::{Calibration, Classes, ModelFile, Network, Parameters, Shape};
use digits::random::{self, Stream};
use digits::reference::{Model, Pass};
use safetensors::tensor::{Dtype, TensorView, serialize};

const TORCH_NET: &str = "conv 3 3x3 relu | pool 2 | conv 4 3x3 same stride 2 | batchnorm relu | pool 2 | dropout 0.25 | \
                         dense 8 relu | dense 10";
const TORCH_FOLDED: &str =
    "conv 3 3x3 relu | pool 2 | conv 4 3x3 same stride 2 relu | pool 2 | dense 8 relu | dense 10";
const KERAS_NET: &str =
    "conv 3 3x3 relu | pool 2 | conv 4 3x3 same | batchnorm relu | pool 3 | dropout 0.25 | dense 8 relu | dense 10";
const KERAS_FOLDED: &str = "conv 3 3x3 relu | pool 2 | conv 4 3x3 same relu | pool 3 | dense 8 relu | dense 10";
const PERCEPTRON: &str = "pool 4 | dense 12 | batchnorm relu | dense 10";
const PERCEPTRON_FOLDED: &str = "pool 4 | dense 12 relu | dense 10";

/// The files, and the network of each; that of an ONNX file is found, not given.
const FILES: [(&str, &str); 13] = [
    ("torch_net.safetensors", TORCH_NET),
    ("torch_half.safetensors", PERCEPTRON),
    ("torch_bfloat.safetensors", PERCEPTRON),
    ("torch_double.safetensors", PERCEPTRON),
    ("torch_net.onnx", TORCH_FOLDED),
    ("torch_net_old.onnx", TORCH_FOLDED),
    ("torch_perceptron.onnx", PERCEPTRON_FOLDED),
    ("keras_net.safetensors", KERAS_NET),
    ("keras_perceptron.safetensors", PERCEPTRON),
    ("keras_net.onnx", KERAS_FOLDED),
    ("keras_net_torch.onnx", KERAS_FOLDED),
    ("keras_perceptron.onnx", PERCEPTRON_FOLDED),
    ("keras_perceptron_torch.onnx", PERCEPTRON_FOLDED),
];

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/import").join(name)
}

fn bytes(name: &str) -> Vec<u8> {
    std::fs::read(path(name)).unwrap()
}

fn network(text: &str) -> Network {
    Network::parse(Shape::MNIST, text).unwrap()
}

/// `[N, classes]`, of `images` `[N, C, H, W]`.
fn logits(model: &ModelFile, images: &[f64]) -> Vec<f64> {
    Model::new(&model.network, &model.parameters).forward(images, Pass::Evaluate).pop().unwrap()
}

/// The first `count` of MNIST's test images, `[count, 1, 28, 28]`.
fn images(count: usize) -> Vec<f64> {
    let test = Split::embedded().unwrap().test;
    (0..count).flat_map(|index| test.image(index).to_vec()).map(|pixel| f64::from(pixel) / 255.0).collect()
}

#[test]
fn every_file_of_pytorch_and_keras_gives_the_logits_that_they_gave() {
    let recorded: HashMap<String, Vec<Vec<f64>>> = serde_json::from_slice(&bytes("logits.json")).unwrap();
    assert_eq!(recorded.len(), FILES.len());
    for (name, text) in FILES {
        let given = name.ends_with(".safetensors").then(|| network(text));
        let Imported { model, .. } =
            import::import(&path(name), given.as_ref()).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(model.network.to_string(), text, "{name}");
        assert_eq!(model.calibration, Calibration::default());
        let theirs = &recorded[name];
        for (ours, theirs) in logits(&model, &images(theirs.len())).iter().zip(theirs.concat()) {
            assert!((ours - theirs).abs() < 1e-5, "{name}: {ours}, they have {theirs}");
        }
    }
}

#[test]
fn a_network_that_is_given_may_have_dropout_that_an_onnx_file_lacks_and_nothing_else() {
    let given =
        network("conv 3 3x3 relu | pool 2 | conv 4 3x3 same relu | dropout 0.5 | pool 3 | dense 8 relu | dense 10");
    let imported = import::onnx(&bytes("keras_net.onnx"), Some(&given)).unwrap();
    assert_eq!(imported.model.network, given);
    let plain = import::onnx(&bytes("keras_net.onnx"), None).unwrap();
    assert_eq!(imported.model.parameters, plain.model.parameters);
    let error = import::onnx(&bytes("keras_net.onnx"), Some(&network(KERAS_NET))).unwrap_err().to_string();
    assert_eq!(error, format!("has the network \"{KERAS_FOLDED}\", not \"{KERAS_NET}\""));
}

#[test]
fn a_model_tells_where_its_numbers_were_found() {
    let imported = import::safetensors(&bytes("torch_net.safetensors"), Some(&network(TORCH_NET))).unwrap();
    assert_eq!(imported.sources, ["conv1", "conv2", "bn", "fc1", "fc2"]);
}

#[test]
fn numbers_beside_an_onnx_file_are_read_from_its_folder_and_nowhere_else() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("model.onnx");
    let problem = |file: &Path| import::import(file, None).unwrap_err().problem.to_string();
    let start = "has a graph that the text of a network cannot say: the numbers of 2.weight are in another file, ";
    std::fs::write(&file, bytes("torch_perceptron.onnx")).unwrap();
    assert!(problem(&file).starts_with(&format!("{start}torch_perceptron.onnx.data, which cannot be read")));
    std::fs::write(folder.path().join("torch_perceptron.onnx.data"), [0; 100]).unwrap();
    assert_eq!(problem(&file), "has another size in 2.weight than its shape says");
    let elsewhere = bytes("torch_perceptron.onnx");
    let name = b"torch_perceptron.onnx.data";
    let place = elsewhere.windows(name.len()).position(|part| part == name).unwrap();
    let elsewhere = [&elsewhere[..place], b"../torch_perceptron.onnx.d", &elsewhere[place + name.len()..]].concat();
    std::fs::write(&file, elsewhere).unwrap();
    assert_eq!(problem(&file), format!("{start}which does not lie beside it"));
}

/// A model with numbers of all signs, and a calibration.
fn model(text: &str) -> ModelFile {
    let network = network(text);
    let mut parameters = Parameters::glorot(&network, 7);
    let random = |index: usize| random::uniform(7, Stream::Shuffle, 0, index as u32);
    for matrix in network.matrices() {
        for row in 0..matrix.rows {
            let index = matrix.index(row, matrix.inputs);
            parameters.values[index] = random(index) - 0.5;
            if matrix.is_norm() {
                let [mean, variance] = matrix.running(row);
                (parameters.values[mean], parameters.values[variance]) = (random(mean) - 0.5, random(variance));
            }
        }
    }
    let calibration = Calibration { temperature: 0.37, threshold: Some(0.612_345_7) };
    let classes = Classes::numbered(network.classes());
    ModelFile { network, parameters, classes, calibration, ..ModelFile::shipped() }
}

#[test]
fn what_export_writes_comes_back_to_the_bit() {
    for text in [
        "conv 4 3x3 relu | pool 2 | conv 6 3x3 same stride 2 | batchnorm relu | pool 2 | dense 20 relu | dense 10",
        "batchnorm | conv 4 5x3 same relu | conv 6 1x3 | pool 3 | dense 12 | batchnorm | dense 10",
        "pool 4 | dense 12 relu | conv 5 3x3 same relu | pool 1 | dense 7",
    ] {
        let model = model(text);
        let onnx = import::onnx(&export::onnx(&model), None).unwrap().model;
        let pytorch = import::safetensors(&export::pytorch(&model), None).unwrap().model;
        for found in [onnx, pytorch] {
            assert_eq!(found.network, model.network);
            assert!(found.parameters == model.parameters, "{text}");
            assert_eq!(found.calibration, model.calibration);
        }
    }
}

#[test]
fn a_batch_normalisation_in_front_does_what_another_program_did_to_its_images() {
    let (model, images) = (model("conv 3 3x3 same relu | pool 4 | dense 10"), images(2));
    let [mean, deviation] = [0.1307, 0.3081];
    let theirs: Vec<f64> = images.iter().map(|pixel| (pixel - mean) / deviation).collect();
    let ours = import::normalised(&model, mean as f32, deviation as f32).unwrap();
    assert_eq!(ours.network.to_string(), "batchnorm | conv 3 3x3 same relu | pool 4 | dense 10");
    for (ours, theirs) in logits(&ours, &images).iter().zip(logits(&model, &theirs)) {
        assert!((ours - theirs).abs() < 1e-5, "{ours}, not {theirs}");
    }
    for deviation in [0.0, -1.0, f32::NAN, 1e-4] {
        assert!(import::normalised(&model, 0.5, deviation).is_none(), "{deviation}");
    }
}

/// A safetensors file of zeros.
fn tensors(tensors: &[(&str, Dtype, &[usize])]) -> Vec<u8> {
    let zeros = vec![0; 1 << 16];
    let views = tensors.iter().map(|(name, dtype, shape)| {
        let length = shape.iter().product::<usize>() * dtype.bitsize() / 8;
        (*name, TensorView::new(*dtype, shape.to_vec(), &zeros[..length]).unwrap())
    });
    serialize(views, None).unwrap()
}

#[track_caller]
fn assert_refused(file: &[u8], text: &str, expected: &str) {
    assert_eq!(import::safetensors(file, Some(&network(text))).unwrap_err().to_string(), expected);
}

#[test]
fn weights_that_do_not_fit_are_told_layer_by_layer() {
    let f32 = Dtype::F32;
    let file = tensors(&[
        ("features.0.weight", f32, &[4, 1, 3, 3]),
        ("features.3.weight", f32, &[6, 3, 3, 3]),
        ("classifier.weight", f32, &[10, 30]),
    ]);
    assert_refused(
        &file,
        "conv 4 3x3 | pool 4 | conv 6 3x3 | dense 10",
        "does not fit the network: layer 3, \"conv 6 3x3\", needs weights [6, 4, 3, 3], and what is left has \
         features.3 [6, 3, 3, 3]; layer 4, \"dense 10\", needs weights [10, 96], and what is left has classifier [10, 30]; \
         no layer takes classifier [10, 30]; no layer takes features.3 [6, 3, 3, 3]",
    );
    let file = tensors(&[("fc.weight", f32, &[10, 49]), ("fc.bias", f32, &[9])]);
    assert_refused(
        &file,
        "pool 4 | batchnorm | dense 10",
        "does not fit the network: layer 2, \"batchnorm\", needs weights [1], and what is left has nothing of that kind; \
         layer 3, \"dense 10\", needs weights [10, 49], and what is left has fc [10, 49] with a bias [9]; \
         no layer takes fc [10, 49] with a bias [9]",
    );
    let file = tensors(&[("fc.weight", f32, &[10, 49]), ("fc.weight_hh", f32, &[9])]);
    assert_refused(
        &file,
        "pool 4 | dense 10",
        "does not fit the network: no layer has a tensor of the kind of fc.weight_hh",
    );
    let file = tensors(&[("fc.weight", Dtype::I8, &[10, 49])]);
    let expected = "has numbers of type I8 in fc.weight; save them as float32, float16, bfloat16 or float64";
    assert_refused(&file, "pool 4 | dense 10", expected);
}

#[test]
fn layers_of_one_shape_take_names_in_the_order_in_which_people_count() {
    let names: Vec<String> = (1..=11).map(|number| format!("fc{number}.weight")).collect();
    let mut all: Vec<(&str, Dtype, &[usize])> =
        names.iter().map(|name| (name.as_str(), Dtype::F32, &[49, 49][..])).collect();
    all.push(("out.weight", Dtype::F32, &[10, 49]));
    let text = format!("pool 4 | {}dense 10", "dense 49 | ".repeat(11));
    let imported = import::safetensors(&tensors(&all), Some(&network(&text))).unwrap();
    let expected: Vec<String> = (1..=11).map(|number| format!("fc{number}")).chain(["out".into()]).collect();
    assert_eq!(imported.sources, expected);
}

#[test]
fn a_batch_normalisation_of_keras_adds_a_thousandth_unless_the_file_says_otherwise() {
    let f32 = Dtype::F32;
    let mut all =
        vec![("bn/moving_mean", f32, &[1][..]), ("bn/moving_variance", f32, &[1]), ("dense/kernel", f32, &[784, 10])];
    let text = network("batchnorm | dense 10");
    let model = import::safetensors(&tensors(&all), Some(&text)).unwrap().model;
    let norm = &text.matrices()[0];
    let [means, variances] = norm.statistics(&model.parameters.values);
    assert!(means == [0.0] && (variances[0] - 0.00099).abs() < 1e-9, "{variances:?}");
    assert_eq!((norm.weights(&model.parameters.values), norm.biases(&model.parameters.values)), (vec![1.0], vec![0.0]));
    all.push(("bn/epsilon", f32, &[1]));
    let error = import::safetensors(&tensors(&all), Some(&text)).unwrap_err().to_string();
    assert_eq!(error, "has a variance below zero in bn");
}

#[test]
fn keras_strides_with_zeros_that_digits_puts_elsewhere_are_refused() {
    let file = tensors(&[("conv2d/kernel", Dtype::F32, &[3, 3, 1, 2]), ("dense/kernel", Dtype::F32, &[392, 10])]);
    let error =
        import::safetensors(&file, Some(&network("conv 2 3x3 same stride 2 | dense 10"))).unwrap_err().to_string();
    assert!(error.contains("layer 1, \"conv 2 3x3 same stride 2\", lies otherwise in Keras"), "{error}");
    // From 28 pixels a stride of 3 leaves the filters in the middle.
    let file = tensors(&[("conv2d/kernel", Dtype::F32, &[3, 3, 1, 2]), ("dense/kernel", Dtype::F32, &[200, 10])]);
    import::safetensors(&file, Some(&network("conv 2 3x3 same stride 3 | dense 10"))).unwrap();
}

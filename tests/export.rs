//! Exported models: the graph and the numbers of an ONNX file, read back from its bytes, and what onnxruntime makes of
//! images with it, beside what the reference makes of them; and the weights for PyTorch.
//!
//! `tests/onnxruntime.json` is what `scripts/check_onnx.py --record` printed of the files that these tests leave in
//! `target/tmp`, each with its checksum; the script tells how.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use digits::export;
use digits::mnist::Split;
use digits::network::{Calibration, Matrix, ModelFile, Network, Parameters, Shape};
use digits::random::{self, Stream};
use digits::reference::{Model, Pass, softmax};
use onnx_rs::ast::{AttributeType, Dimension, Graph, Node};
use safetensors::SafeTensors;
use serde::Deserialize;
use sha2::{Digest, Sha256};

/// The form of the network that ships; no zeros and zeros around images; no convolution; images behind a vector; and strides and
/// batch normalisation.
const NETWORKS: [(&str, &str); 5] = [
    ("usual", "conv 4 3x3 relu | pool 2 | conv 6 3x3 relu | pool 2 | dropout 0.25 | dense 20 relu | dense 10"),
    ("same", "conv 4 5x3 same relu | conv 6 1x3 | pool 3 | dropout 0 | dense 12 | dense 10"),
    ("dense", "dense 16 relu | dense 10"),
    ("behind", "pool 4 | dense 12 relu | conv 5 3x3 same relu | pool 1 | dense 7"),
    ("layers", "conv 4 3x3 same stride 2 | batchnorm relu | pool 2 | dense 12 | batchnorm relu | dense 10"),
];

/// What onnxruntime said.
#[derive(Deserialize)]
struct Record {
    sha256: String,
    /// `[N, classes]`, of the first N of MNIST's test images.
    probabilities: Vec<Vec<f32>>,
}

/// A model with biases and running statistics, too, and a calibration.
fn model(text: &str) -> ModelFile {
    let network = Network::parse(Shape::MNIST, text).unwrap();
    let mut parameters = Parameters::glorot(&network, 7);
    for matrix in network.matrices() {
        for row in 0..matrix.rows {
            let index = matrix.index(row, matrix.inputs);
            parameters.values[index] = random::uniform(7, Stream::Shuffle, 0, index as u32) - 0.5;
        }
        if matrix.is_norm() {
            for [mean, variance] in (0..matrix.rows).map(|row| matrix.running(row)) {
                let [a, b] = [mean, variance].map(|index| random::uniform(7, Stream::Shuffle, 0, index as u32));
                (parameters.values[mean], parameters.values[variance]) = (a - 0.5, b + 0.1);
            }
        }
    }
    let calibration = Calibration { temperature: 0.37, threshold: Some(0.612_345_7) };
    ModelFile { network, parameters, calibration, ..ModelFile::shipped() }
}

/// A node in a line: its operator, its name, what it reads, and its attributes.
fn line(node: &Node) -> String {
    assert_eq!(node.output, [node.name]);
    let attribute = |attribute: &onnx_rs::ast::Attribute| match &attribute.ints[..] {
        [] if attribute.r#type == AttributeType::Float => format!(" {}={}", attribute.name, attribute.f),
        [] => format!(" {}={}", attribute.name, attribute.i),
        ints => format!(" {}={ints:?}", attribute.name),
    };
    let attributes: String = node.attribute.iter().map(attribute).collect();
    format!("{} {} ({}){attributes}", node.op_type, node.name, node.input.join(", "))
}

fn lines(model: &ModelFile) -> Vec<String> {
    let bytes = export::onnx(model);
    onnx_rs::parse(&bytes).unwrap().graph.unwrap().node.iter().map(line).collect()
}

#[test]
fn the_graph_is_the_network_without_dropout_and_with_the_calibration() {
    let expected = [
        "Conv conv1 (pixels, conv1.weight, conv1.bias) kernel_shape=[3, 3] pads=[0, 0, 0, 0]",
        "Relu relu1 (conv1)",
        "MaxPool pool1 (relu1) kernel_shape=[2, 2] strides=[2, 2]",
        "Conv conv2 (pool1, conv2.weight, conv2.bias) kernel_shape=[3, 3] pads=[0, 0, 0, 0]",
        "Relu relu2 (conv2)",
        "MaxPool pool2 (relu2) kernel_shape=[2, 2] strides=[2, 2]",
        "Flatten flatten1 (pool2) axis=1",
        "Gemm dense1 (flatten1, dense1.weight, dense1.bias) transB=1",
        "Relu relu3 (dense1)",
        "Gemm dense2 (relu3, dense2.weight, dense2.bias) transB=1",
        "Div calibration (dense2, temperature)",
        "Softmax probabilities (calibration) axis=1",
    ];
    assert_eq!(lines(&ModelFile::shipped()), expected);
    assert_eq!(lines(&model(NETWORKS[0].1)), expected);
}

#[test]
fn zeros_around_an_image_are_said_on_all_four_sides_and_a_vector_becomes_an_image_again() {
    let same = lines(&model(NETWORKS[1].1));
    assert_eq!(same[0], "Conv conv1 (pixels, conv1.weight, conv1.bias) kernel_shape=[5, 3] pads=[2, 1, 2, 1]");
    assert_eq!(same[2], "Conv conv2 (relu1, conv2.weight, conv2.bias) kernel_shape=[1, 3] pads=[0, 0, 0, 0]");
    let behind = lines(&model(NETWORKS[3].1));
    assert_eq!(behind[3..5], ["Relu relu1 (dense1)", "Unsqueeze unflatten1 (relu1, spatial_axes)"]);
    assert!(behind[7].starts_with("MaxPool pool2") && behind[8].starts_with("Flatten flatten2"), "{behind:?}");
}

#[test]
fn strides_are_said_and_a_batch_normalisation_has_its_statistics_and_epsilon() {
    let layers = lines(&model(NETWORKS[4].1));
    assert_eq!(
        layers[..2],
        [
            "Conv conv1 (pixels, conv1.weight, conv1.bias) kernel_shape=[3, 3] pads=[1, 1, 1, 1] strides=[2, 2]",
            "BatchNormalization batchnorm1 (conv1, batchnorm1.weight, batchnorm1.bias, batchnorm1.running_mean, \
             batchnorm1.running_var) epsilon=0.00001",
        ]
    );
    assert!(layers[6].starts_with("BatchNormalization batchnorm2 (dense1, "), "{layers:?}");
}

fn shape<'a>(values: &'a [onnx_rs::ast::ValueInfo]) -> (&'a str, Vec<Dimension<'a>>) {
    let dims = values[0].tensor_shape().unwrap().dim.iter().map(|dim| dim.value.clone()).collect();
    (values[0].name, dims)
}

#[test]
fn the_file_says_what_goes_in_what_comes_out_and_how_to_read_it() {
    let model = model(NETWORKS[3].1);
    let bytes = export::onnx(&model);
    let file = onnx_rs::parse(&bytes).unwrap();
    assert_eq!(file.opset_import[0].version, export::OPSET);
    let graph = file.graph.as_ref().unwrap();
    let [n, one, side, classes] =
        [Dimension::Param("N"), Dimension::Value(1), Dimension::Value(28), Dimension::Value(7)];
    assert_eq!(shape(&graph.input), ("pixels", vec![n.clone(), one, side.clone(), side]));
    assert_eq!(shape(&graph.output), ("probabilities", vec![n, classes]));
    let metadata: HashMap<&str, &str> = file.metadata_props.iter().map(|entry| (entry.key, entry.value)).collect();
    assert_eq!((metadata["temperature"], metadata["threshold"]), ("0.37", "0.6123457"));
    assert_eq!(metadata["network"], NETWORKS[3].1);

    let plain = export::onnx(&ModelFile { calibration: Calibration::default(), ..model });
    let plain = onnx_rs::parse(&plain).unwrap();
    assert!(plain.metadata_props.iter().all(|entry| entry.key != "threshold"));
}

fn initializer(graph: &Graph, name: &str, shape: &[usize]) -> Vec<u32> {
    let tensor = graph.get_initializer(name).unwrap_or_else(|| panic!("no {name}"));
    assert_eq!(tensor.dims(), shape.iter().map(|size| *size as i64).collect::<Vec<_>>(), "{name}");
    bits(&tensor.as_f32().unwrap())
}

/// The running statistics of a batch normalisation; of others none.
fn statistics(matrix: &Matrix, values: &[f32]) -> Vec<Vec<f32>> {
    if matrix.is_norm() { matrix.statistics(values).into() } else { Vec::new() }
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

#[test]
fn every_parameter_is_in_the_onnx_file_to_the_bit() {
    for model in NETWORKS.map(|(_, text)| model(text)).into_iter().chain([ModelFile::shipped()]) {
        let bytes = export::onnx(&model);
        let graph = onnx_rs::parse(&bytes).unwrap().graph.unwrap();
        let values = &model.parameters.values;
        for matrix in model.network.matrices() {
            let weights = initializer(&graph, &format!("{}.weight", matrix.name), &matrix.weight_shape);
            assert_eq!(weights, bits(&matrix.weights(values)), "{}", matrix.name);
            let biases = initializer(&graph, &format!("{}.bias", matrix.name), &[matrix.rows]);
            assert_eq!(biases, bits(&matrix.biases(values)), "{}", matrix.name);
            for (name, numbers) in ["running_mean", "running_var"].iter().zip(statistics(&matrix, values)) {
                let found = initializer(&graph, &format!("{}.{name}", matrix.name), &[matrix.rows]);
                assert_eq!(found, bits(&numbers), "{}", matrix.name);
            }
        }
        assert_eq!(initializer(&graph, "temperature", &[]), [model.calibration.temperature.to_bits()]);
    }
}

/// Calibrated, `[N, classes]`, of `images` `[N, C, H, W]`.
fn reference(model: &ModelFile, images: &[f64]) -> Vec<f32> {
    let activations = Model::new(&model.network, &model.parameters).forward(images, Pass::Evaluate);
    let classes = model.network.classes();
    let probabilities = softmax::probabilities(activations.last().unwrap(), classes);
    let judge = |image: &[f64]| model.calibration.judge(image.iter().map(|p| *p as f32).collect()).probabilities;
    probabilities.chunks(classes).flat_map(judge).collect()
}

/// The same file, whichever digits wrote it.
fn without_version(file: &[u8]) -> Vec<u8> {
    onnx_rs::encode(&onnx_rs::Model { producer_version: "", ..onnx_rs::parse(file).unwrap() })
}

#[test]
fn onnxruntime_gives_the_probabilities_of_the_reference() {
    let records: HashMap<String, Record> = serde_json::from_str(include_str!("onnxruntime.json")).unwrap();
    let test = Split::embedded().unwrap().test;
    let files = NETWORKS.map(|(name, text)| (name, model(text), without_version(&export::onnx(&model(text)))));
    for (name, _, bytes) in &files {
        fs::write(Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.onnx")), bytes).unwrap();
    }
    for (name, model, bytes) in files {
        let sha256: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        let record = records.get(name).filter(|record| record.sha256 == sha256);
        let record = record.unwrap_or_else(|| panic!("record what onnxruntime says of {name}: scripts/check_onnx.py"));
        let images = (0..record.probabilities.len()).flat_map(|index| test.image(index));
        let images: Vec<f64> = images.map(|pixel| f64::from(*pixel) / 255.0).collect();
        for (ours, theirs) in reference(&model, &images).iter().zip(record.probabilities.iter().flatten()) {
            assert!((ours - theirs).abs() < 2e-6, "{name}: {ours}, onnxruntime has {theirs}");
        }
    }
}

#[test]
fn pytorch_finds_every_parameter_where_its_sequential_has_it() {
    for (text, places, sequential) in [
        (
            NETWORKS[0].1,
            &[0, 3, 8, 10][..],
            "nn.Sequential(nn.Conv2d(1, 4, (3, 3)), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(4, 6, (3, 3)), nn.ReLU(), \
             nn.MaxPool2d(2), nn.Dropout(0.25), nn.Flatten(), nn.Linear(150, 20), nn.ReLU(), nn.Linear(20, 10))",
        ),
        (
            NETWORKS[1].1,
            &[0, 2, 6, 7],
            "nn.Sequential(nn.Conv2d(1, 4, (5, 3), padding=(2, 1)), nn.ReLU(), nn.Conv2d(4, 6, (1, 3)), \
             nn.MaxPool2d(3), nn.Dropout(0), nn.Flatten(), nn.Linear(432, 12), nn.Linear(12, 10))",
        ),
        (
            NETWORKS[4].1,
            &[0, 1, 5, 6, 8],
            "nn.Sequential(nn.Conv2d(1, 4, (3, 3), stride=2, padding=(1, 1)), nn.BatchNorm2d(4), nn.ReLU(), \
             nn.MaxPool2d(2), nn.Flatten(), nn.Linear(196, 12), nn.BatchNorm1d(12), nn.ReLU(), nn.Linear(12, 10))",
        ),
        (
            NETWORKS[3].1,
            &[2, 5, 9],
            "nn.Sequential(nn.MaxPool2d(4), nn.Flatten(), nn.Linear(49, 12), nn.ReLU(), nn.Unflatten(1, (12, 1, 1)), \
             nn.Conv2d(12, 5, (3, 3), padding=(1, 1)), nn.ReLU(), nn.MaxPool2d(1), nn.Flatten(), nn.Linear(5, 7))",
        ),
    ] {
        let model = model(text);
        let bytes = export::pytorch(&model);
        let (_, header) = SafeTensors::read_metadata(&bytes).unwrap();
        let metadata = header.metadata().as_ref().unwrap();
        assert_eq!((metadata["format"].as_str(), metadata["sequential"].as_str()), ("pt", sequential));
        assert_eq!((metadata["temperature"].as_str(), metadata["threshold"].as_str()), ("0.37", "0.6123457"));
        let tensors = SafeTensors::deserialize(&bytes).unwrap();
        let norms = model.network.matrices().iter().filter(|matrix| matrix.is_norm()).count();
        assert_eq!(tensors.len(), 2 * (places.len() + norms));
        let found = |name: String| {
            let tensor = tensors.tensor(&name).unwrap();
            let values = tensor.data().chunks(4).map(|value| u32::from_le_bytes(value.try_into().unwrap()));
            (tensor.shape().to_vec(), values.collect::<Vec<_>>())
        };
        for (matrix, place) in model.network.matrices().iter().zip(places) {
            let values = &model.parameters.values;
            let weights = (matrix.weight_shape.clone(), bits(&matrix.weights(values)));
            assert_eq!(found(format!("{place}.weight")), weights, "{}", matrix.name);
            assert_eq!(found(format!("{place}.bias")), (vec![matrix.rows], bits(&matrix.biases(values))));
            for (name, numbers) in ["running_mean", "running_var"].iter().zip(statistics(matrix, values)) {
                assert_eq!(found(format!("{place}.{name}")), (vec![matrix.rows], bits(&numbers)));
            }
        }
    }
}

#[test]
fn equal_models_are_exported_to_equal_bytes() {
    let model = model(NETWORKS[0].1);
    assert!(export::onnx(&model) == export::onnx(&model) && export::pytorch(&model) == export::pytorch(&model));
}

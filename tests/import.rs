//! Models of other programs: files that PyTorch and Keras made (`scripts/make_imports.py`) give the logits that these gave, what
//! `digits export` writes comes back, and what the text form cannot say is refused with a reason.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use digits::export;
use digits::import::{self, Imported};
use digits::mnist::Split;
use digits::network::{Calibration, ModelFile, Network, Parameters, Shape};
use digits::random::{self, Stream};
use digits::reference::{Model, Pass};
use onnx_rs::ast::{
    Attribute, AttributeType, DataType, Dimension, Graph, Node, OpType, OperatorSetId, TensorProto, TensorShape,
    TensorShapeDimension, TensorTypeProto, TypeProto, TypeValue, ValueInfo,
};
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
    ModelFile { network, parameters, calibration, ..ModelFile::shipped() }
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

/// What becomes of a graph: its nodes, a line each as `Operator input ... -> output`, and its constants, all ones.
struct Sketch {
    nodes: Vec<(String, Vec<Attribute<'static>>)>,
    constants: Vec<(&'static str, Vec<i64>)>,
    input: Vec<i64>,
    /// Whether its constants are of one number, whatever their sizes are said to be.
    lies: bool,
}

impl Sketch {
    /// A network of one layer behind whatever `nodes` make of `x` and call `y`.
    fn new(nodes: Vec<(&str, Vec<Attribute<'static>>)>, constants: &[(&'static str, &[i64])]) -> Sketch {
        let nodes = nodes.into_iter().map(|(line, attributes)| (line.into(), attributes)).collect();
        let constants = constants.iter().map(|(name, dims)| (*name, dims.to_vec())).collect();
        Sketch { nodes, constants, input: vec![1, 28, 28], lies: false }
    }

    fn bytes(&self) -> Vec<u8> {
        fn node<'a>((line, attributes): &'a (String, Vec<Attribute<'static>>)) -> Node<'a> {
            let words: Vec<&str> = line.split_whitespace().collect();
            let arrow = words.iter().position(|word| *word == "->").unwrap();
            let (name, output) = (words[arrow + 1], vec![words[arrow + 1]]);
            let (op_type, input) = (OpType::from(words[0]), words[1..arrow].to_vec());
            Node { op_type, name, input, output, attribute: attributes.clone(), ..Node::default() }
        }
        let dim = |value| TensorShapeDimension { value, denotation: "" };
        let sizes = self.input.iter().map(|size| Dimension::Value(*size));
        let shape = TensorShape { dim: std::iter::once(Dimension::Param("N")).chain(sizes).map(dim).collect() };
        let tensor = TensorTypeProto { elem_type: DataType::Float, shape: Some(shape) };
        let r#type = Some(TypeProto { value: Some(TypeValue::Tensor(tensor)), denotation: "" });
        let ones = |(name, dims): &(&'static str, Vec<i64>)| {
            let count = if self.lies { 1 } else { dims.iter().product::<i64>() };
            TensorProto::from_f32(name, dims.clone(), vec![1.0; count as usize])
        };
        let graph = Graph {
            node: self.nodes.iter().map(node).collect(),
            initializer: self.constants.iter().map(ones).collect(),
            input: vec![ValueInfo { name: "x", r#type, ..ValueInfo::default() }],
            output: vec![ValueInfo { name: "y", ..ValueInfo::default() }],
            ..Graph::default()
        };
        let opset_import = vec![OperatorSetId { domain: "", version: 13 }];
        onnx_rs::encode(&onnx_rs::Model { graph: Some(graph), opset_import, ..onnx_rs::Model::default() })
    }

    fn problem(&self) -> String {
        import::onnx(&self.bytes(), None).unwrap_err().to_string()
    }

    fn network(&self) -> String {
        let imported = import::onnx(&self.bytes(), None).unwrap_or_else(|error| panic!("{error}"));
        imported.model.network.to_string()
    }
}

fn int(name: &'static str, i: i64) -> Attribute<'static> {
    Attribute { name, r#type: AttributeType::Int, i, ..Attribute::default() }
}

fn ints(name: &'static str, ints: &[i64]) -> Attribute<'static> {
    Attribute { name, r#type: AttributeType::Ints, ints: ints.to_vec(), ..Attribute::default() }
}

/// A convolution of three filters, 3x3, with these attributes, and a dense layer for the `features` that it leaves.
fn conv(attributes: Vec<Attribute<'static>>, features: i64) -> Sketch {
    let nodes = vec![("Conv x w -> c", attributes), ("Flatten c -> f", vec![]), ("MatMul f d -> y", vec![])];
    Sketch::new(nodes, &[("w", &[3, 1, 3, 3]), ("d", &[features, 10])])
}

#[test]
fn a_convolution_says_what_the_text_can_say_or_why_not() {
    assert_eq!(conv(vec![], 3 * 26 * 26).network(), "conv 3 3x3 | dense 10");
    assert_eq!(conv(vec![ints("pads", &[1; 4])], 3 * 28 * 28).network(), "conv 3 3x3 same | dense 10");
    // 28 pixels and one row behind them have as many places for filters as with none.
    let cut = vec![ints("pads", &[0, 0, 1, 1]), ints("strides", &[3, 3])];
    assert_eq!(conv(cut, 3 * 9 * 9).network(), "conv 3 3x3 stride 3 | dense 10");
    for (attributes, reason) in [
        (vec![int("group", 3)], "it convolves groups of channels by themselves"),
        (vec![ints("dilations", &[2, 2])], "it is dilated"),
        (vec![ints("strides", &[2, 1])], "its strides are [2, 1], not the same in both directions"),
        (
            vec![ints("pads", &[0, 0, 1, 1]), ints("strides", &[2, 2])],
            "it puts [0, 0] rows and columns of zeros before the image and [1, 1] behind it; `same` puts half a kernel on each \
             side, nothing else puts none",
        ),
    ] {
        let expected = format!("has the node \"c\" (Conv), which the text of a network cannot say: {reason}");
        assert_eq!(conv(attributes, 1).problem(), expected);
    }
}

#[test]
fn a_pooling_has_whole_windows_side_by_side_or_is_refused() {
    let pool = |attributes| {
        let nodes = vec![("MaxPool x -> b", attributes), ("Flatten b -> f", vec![]), ("MatMul f d -> y", vec![])];
        Sketch::new(nodes, &[("d", &[81, 10])])
    };
    let [windows, apart] = ["kernel_shape", "strides"].map(|name| move |size| ints(name, &[size; 2]));
    assert_eq!(pool(vec![windows(3), apart(3)]).network(), "pool 3 | dense 10");
    let over_the_edge = "its windows reach over the edge of the image, 1x28x28";
    for (attributes, reason) in [
        (vec![windows(3), apart(2)], "its windows of [3, 3] lie 2 apart, not side by side"),
        (vec![windows(3), apart(3), ints("pads", &[1; 4])], over_the_edge),
        (vec![windows(3), apart(3), int("ceil_mode", 1)], over_the_edge),
    ] {
        let expected = format!("has the node \"b\" (MaxPool), which the text of a network cannot say: {reason}");
        assert_eq!(pool(attributes).problem(), expected);
    }
}

#[test]
fn images_become_vectors_by_any_reshaping_that_keeps_each_for_itself() {
    let reshaped = |shape: &[i64]| {
        let shape = ("Constant -> shape", vec![ints("value_ints", shape)]);
        let nodes = vec![shape, ("Reshape x shape -> f", vec![]), ("MatMul f d -> y", vec![])];
        Sketch::new(nodes, &[("d", &[784, 10])])
    };
    for shape in [[-1, 784], [0, -1], [0, 784]] {
        assert_eq!(reshaped(&shape).network(), "dense 10");
    }
    for (shape, reason) in [
        (&[28, -1][..], "it mixes images"),
        (&[], "its shape is empty"),
        (&[0, 2, 392], "[1, 28, 28] does not become [2, 392] by joining axes"),
        (&[0, 0], "[1, 28, 28] does not become [1] by joining axes"),
        (
            &[-1, 0, i64::MAX, i64::MAX],
            "[1, 28, 28] does not become [1, 9223372036854775807, 9223372036854775807] by joining axes",
        ),
    ] {
        let problem = reshaped(shape).problem();
        assert!(
            problem.ends_with(&format!("\"f\" (Reshape), which the text of a network cannot say: {reason}")),
            "{problem}"
        );
    }
}

/// Nodes between the images and a dense layer that reads `features`.
fn between(nodes: &[&'static str], features: i64) -> Sketch {
    let last = ["Flatten b -> f", "MatMul f d -> y"];
    let nodes = nodes.iter().chain(&last).map(|line| (*line, vec![])).collect();
    Sketch::new(nodes, &[("d", &[features, 10]), ("w", &[3, 1, 3, 3]), ("three", &[3, 1, 1]), ("one", &[])])
}

#[test]
fn what_is_no_layer_is_refused_by_the_name_of_its_node() {
    for (nodes, expected) in [
        (&["GlobalAveragePool x -> b"][..], "\"b\" (GlobalAveragePool)"),
        (&["Sigmoid x -> b"], "its only activation is relu"),
        (&["Relu x -> b"], "it stands before any layer whose sums it could cut"),
        (&["Conv x w -> c", "Relu c -> e", "Add c e -> b"], "\"b\" (Add)"),
        (
            &["Conv x w -> c", "Relu x -> b"],
            "it does not read c, and in a network each layer reads what the one before wrote",
        ),
        (&["Mul x one -> b"], "it changes the image itself; leave it out, and say it with --normalised MEAN,STD"),
        (&["Conv x w -> c", "Div c one -> e", "Relu e -> b"], "\"b\" (Relu)"),
        (&["Conv x w -> c", "Softmax c -> b"], "it stands at the end, over the classes, alone"),
        (&["Conv x none -> b"], "none, is no constant"),
        (&["Einsum x w -> b"], "it has no such operation"),
    ] {
        let problem = between(nodes, 1).problem();
        assert!(problem.starts_with("has the node ") && problem.contains(expected), "{problem}");
    }
    let colours = Sketch { input: vec![3, 28, 28], ..conv(vec![], 1) };
    assert_eq!(
        colours.problem(),
        "has a graph that the text of a network cannot say: its input x is [?, 3, 28, 28], not images of 1x28x28"
    );
    let even = Sketch { constants: vec![("w", vec![3, 1, 2, 2]), ("d", vec![1, 10])], ..conv(vec![], 1) };
    assert!(even.problem().ends_with("its kernel is 2x2, and kernels have odd sides"));
}

#[test]
fn numbers_for_each_channel_go_into_the_layer_before_or_become_a_batch_normalisation() {
    let features = 3 * 26 * 26;
    let folded = between(&["Conv x w -> c", "Mul c three -> e", "Add three e -> b"], features);
    assert_eq!(folded.network(), "conv 3 3x3 | dense 10");
    let model = import::onnx(&folded.bytes(), None).unwrap().model;
    assert_eq!(model.network.matrices()[0].biases(&model.parameters.values), [1.0; 3]);
    let behind = between(&["Conv x w -> c", "Relu c -> e", "Mul e three -> g", "Add g three -> b"], features);
    assert_eq!(behind.network(), "conv 3 3x3 relu | batchnorm | dense 10");
    let model = import::onnx(&behind.bytes(), None).unwrap().model;
    // Each filter sums nine pixels: the relu cuts nothing, one is added, and all is summed once more.
    let white = logits(&model, &vec![1.0; 784]);
    assert!((white[0] - 10.0 * features as f64).abs() < 0.1, "{white:?}");
}

#[test]
fn no_damage_to_a_file_is_more_than_an_error() {
    for (name, text) in FILES {
        let (file, given) = (bytes(name), name.ends_with(".safetensors").then(|| network(text)));
        let import = |bytes: &[u8]| match &given {
            Some(network) => import::safetensors(bytes, Some(network)),
            None => import::onnx(bytes, None),
        };
        let whole = import(&file).ok();
        for length in (0..file.len()).step_by(7) {
            // Of ONNX the end may be missing that says how old its operators are.
            let cut = import(&file[..length]).ok();
            assert!(cut.is_none() || cut == whole, "{name} cut to {length} bytes");
        }
        for place in (0..file.len()).step_by(7) {
            for flip in [0x01, 0x80, 0xff] {
                let mut damaged = file.clone();
                damaged[place] ^= flip;
                drop(import(&damaged));
            }
        }
    }
}

/// A field of a message that is a message itself.
fn wrapped(field: u8, inner: &[u8]) -> Vec<u8> {
    let (mut bytes, mut length) = (vec![field << 3 | 2], inner.len());
    while length > 0x7f {
        bytes.push(length as u8 | 0x80);
        length >>= 7;
    }
    bytes.push(length as u8);
    [&bytes, inner].concat()
}

#[test]
fn files_that_are_made_to_take_all_memory_or_stack_are_refused() {
    let mut nested = Vec::new();
    for _ in 0..20_000 {
        nested = wrapped(1, &wrapped(5, &wrapped(6, &nested)));
    }
    let error = import::onnx(&wrapped(7, &nested), None).unwrap_err().to_string();
    assert!(error.ends_with("it has a graph within a graph"), "{error}");
    // The parser takes a graph for one that is said to be a number.
    let mut disguised = wrapped(7, &nested);
    disguised[0] = 7 << 3;
    let error = import::onnx(&disguised, None).unwrap_err().to_string();
    assert!(error.ends_with("a field has another type than ONNX gives it"), "{error}");
    let many: Vec<u8> = [0x0a, 0].repeat(100_000);
    let error = import::onnx(&wrapped(7, &many), None).unwrap_err().to_string();
    assert!(error.ends_with("it has more parts than a network of digits"), "{error}");
    let nodes = || vec![("Flatten x -> f", vec![]), ("MatMul f d -> y", vec![])];
    let liar = Sketch { lies: true, ..Sketch::new(nodes(), &[("d", &[1 << 40, 10])]) };
    assert_eq!(liar.problem(), "has another size in d than its shape says");
    let overflowing = Sketch { lies: true, ..Sketch::new(nodes(), &[("d", &[1 << 40, 1 << 40])]) };
    assert_eq!(overflowing.problem(), liar.problem());
    let mut greedy = Sketch::new(vec![], &[("d", &[784, 784])]);
    greedy.nodes = (0..200).map(|index| (format!("Transpose d -> t{index}"), vec![])).collect();
    assert!(greedy.problem().ends_with("the network is too large by then"), "{}", greedy.problem());
    greedy.nodes = (0..200).map(|index| (format!("MatMul m{index} d -> m{}", index + 1), vec![])).collect();
    greedy.nodes.insert(0, ("Flatten x -> m0".into(), vec![]));
    assert!(greedy.problem().ends_with("the network is too large by then"), "{}", greedy.problem());
    let header = (1u64 << 40).to_le_bytes();
    assert!(import::safetensors(&[&header[..], b"{}"].concat(), Some(&network("dense 10"))).is_err());
}

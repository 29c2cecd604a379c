//! Graphs that no exporter need have made: what of them the text form can say, and why the rest is refused.

use digits::import;
use onnx_rs::ast::{
    Attribute, AttributeType, DataType, Dimension, Graph, Node, OpType, OperatorSetId, TensorProto, TensorShape,
    TensorShapeDimension, TensorTypeProto, TypeProto, TypeValue, ValueInfo,
};

use super::logits;

/// What becomes of a graph: its nodes, a line each as `Operator input ... -> output`, and its constants, all ones.
pub struct Sketch {
    pub nodes: Vec<(String, Vec<Attribute<'static>>)>,
    pub constants: Vec<(&'static str, Vec<i64>)>,
    pub input: Vec<i64>,
    /// Whether its constants are of one number, whatever their sizes are said to be.
    pub lies: bool,
}

impl Sketch {
    /// A network of one layer behind whatever `nodes` make of `x` and call `y`.
    pub fn new(nodes: Vec<(&str, Vec<Attribute<'static>>)>, constants: &[(&'static str, &[i64])]) -> Sketch {
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

    pub fn problem(&self) -> String {
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

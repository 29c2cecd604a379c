//! A model as ONNX: a graph of standard operators from pixels to calibrated probabilities. Each operator's output has its
//! name, and the parameters have the names of the model file.

use onnx_rs::ast::{
    Attribute, AttributeType, DataType, Dimension, Graph, Model, Node, OpType, OperatorSetId, StringStringEntry,
    TensorProto, TensorShape, TensorShapeDimension, TensorTypeProto, TypeProto, TypeValue, ValueInfo,
};

use super::{Operation, metadata, steps};
use crate::network::{Matrix, ModelFile, Network, statistics_names, tensor_names};
use crate::reference::batchnorm::EPSILON;

/// The version of the standard operators, that of ONNX 1.8 (2020): the oldest whose softmax takes one axis.
pub const OPSET: i64 = 13;
/// The version of the file format that ONNX 1.8 has.
const IR_VERSION: i64 = 7;

/// [N, C, H, W], N being free
const INPUT: &str = "pixels";
/// [N, classes]
const OUTPUT: &str = "probabilities";
const TEMPERATURE: &str = "temperature";
/// The axes that an image has and a vector has not.
const SPATIAL_AXES: &str = "spatial_axes";

/// One node, before it is known what it reads. Its output has its name.
struct Operator {
    name: String,
    op_type: OpType<'static>,
    /// What it reads besides the output of the one before.
    constants: Vec<String>,
    attributes: Vec<Attribute<'static>>,
}

/// The bytes of an ONNX file that takes `pixels`, [N, C, H, W], to `probabilities`, [N, classes]. Dropout is left out, the
/// temperature of the calibration and the softmax are in it, and the threshold stands in the metadata.
pub fn onnx(model: &ModelFile) -> Vec<u8> {
    let (network, operators, metadata) = (&model.network, operators(&model.network), metadata(model));
    let text = network.to_string();
    let names: Vec<Vec<String>> = network.matrices().iter().map(names_of).collect();
    let input = network.input();
    let graph = Graph {
        name: "digits",
        doc_string: &text,
        node: nodes(&operators),
        initializer: initializers(model, &names),
        input: vec![value(INPUT, &[input.channels, input.height, input.width])],
        output: vec![value(OUTPUT, &[network.classes()])],
        ..Graph::default()
    };
    onnx_rs::encode(&Model {
        ir_version: IR_VERSION,
        opset_import: vec![OperatorSetId { domain: "", version: OPSET }],
        producer_name: "digits",
        producer_version: env!("CARGO_PKG_VERSION"),
        graph: Some(graph),
        metadata_props: metadata.iter().map(|(key, value)| StringStringEntry { key, value }).collect(),
        ..Model::default()
    })
}

/// The operators in the order of the forward pass.
fn operators(network: &Network) -> Vec<Operator> {
    let mut operators: Vec<Operator> = Vec::new();
    for step in steps(network) {
        let (op_type, attributes) = match step.operation {
            Operation::Conv { ref matrix, padding: [y, x], stride } => {
                let kernel = ints("kernel_shape", &matrix.weight_shape[2..]);
                let mut attributes = vec![kernel, ints("pads", &[y, x, y, x])];
                attributes.extend((stride > 1).then(|| ints("strides", &[stride; 2])));
                (OpType::Conv, attributes)
            }
            // The weights lie as [units, inputs], and are turned.
            Operation::Dense { .. } => (OpType::Gemm, vec![int("transB", 1)]),
            Operation::BatchNorm { .. } => (OpType::BatchNormalization, vec![float("epsilon", EPSILON as f32)]),
            Operation::Relu => (OpType::Relu, Vec::new()),
            Operation::Pool { size } => {
                (OpType::MaxPool, vec![ints("kernel_shape", &[size; 2]), ints("strides", &[size; 2])])
            }
            Operation::Dropout { .. } => continue,
            Operation::Flatten => (OpType::Flatten, vec![int("axis", 1)]),
            Operation::Unflatten { .. } => (OpType::Unsqueeze, Vec::new()),
        };
        let constants = match &step.operation {
            Operation::Unflatten { .. } => vec![SPATIAL_AXES.into()],
            operation => operation.matrix().map_or_else(Vec::new, names_of),
        };
        operators.push(Operator { name: step.name, op_type, constants, attributes });
    }
    let last =
        |name: &str, op_type, constants, attributes| Operator { name: name.into(), op_type, constants, attributes };
    operators.push(last("calibration", OpType::Div, vec![TEMPERATURE.into()], Vec::new()));
    operators.push(last(OUTPUT, OpType::Softmax, Vec::new(), vec![int("axis", 1)]));
    operators
}

/// A chain: each reads what the one before has written.
fn nodes(operators: &[Operator]) -> Vec<Node<'_>> {
    let outputs = operators.iter().map(|operator| operator.name.as_str());
    std::iter::once(INPUT).chain(outputs).zip(operators).map(|(input, operator)| node(operator, input)).collect()
}

fn node<'a>(operator: &'a Operator, input: &'a str) -> Node<'a> {
    Node {
        input: std::iter::once(input).chain(operator.constants.iter().map(String::as_str)).collect(),
        output: vec![&operator.name],
        name: &operator.name,
        op_type: operator.op_type.clone(),
        attribute: operator.attributes.clone(),
        ..Node::default()
    }
}

/// What the tensors of a matrix are called, in the order in which operators take them.
fn names_of(matrix: &Matrix) -> Vec<String> {
    let statistics = matrix.is_norm().then(|| statistics_names(matrix));
    tensor_names(matrix).into_iter().chain(statistics.into_iter().flatten()).collect()
}

fn initializers<'a>(model: &ModelFile, names: &'a [Vec<String>]) -> Vec<TensorProto<'a>> {
    let values = &model.parameters.values;
    let of_matrix = |(matrix, names): (Matrix, &'a Vec<String>)| {
        let statistics = matrix.is_norm().then(|| matrix.statistics(values));
        let rest = std::iter::once(matrix.biases(values)).chain(statistics.into_iter().flatten());
        let rest = rest.map(|numbers| (dims(&[matrix.rows]), numbers));
        let tensors = std::iter::once((dims(&matrix.weight_shape), matrix.weights(values))).chain(rest);
        let tensor = |(name, (shape, numbers)): (&'a String, _)| TensorProto::from_f32(name, shape, numbers);
        names.iter().zip(tensors).map(tensor).collect::<Vec<_>>()
    };
    let mut initializers: Vec<_> = model.network.matrices().into_iter().zip(names).flat_map(of_matrix).collect();
    initializers.push(TensorProto::from_f32(TEMPERATURE, vec![], vec![model.calibration.temperature]));
    if steps(&model.network).iter().any(|step| matches!(step.operation, Operation::Unflatten { .. })) {
        initializers.push(TensorProto::from_i64(SPATIAL_AXES, vec![2], vec![2, 3]));
    }
    initializers
}

/// A float32 tensor of any number of images, each of which has `shape`.
fn value<'a>(name: &'a str, shape: &[usize]) -> ValueInfo<'a> {
    let fixed = dims(shape).into_iter().map(Dimension::Value);
    let dim = std::iter::once(Dimension::Param("N")).chain(fixed);
    let dim = dim.map(|value| TensorShapeDimension { value, denotation: "" }).collect();
    let tensor = TensorTypeProto { elem_type: DataType::Float, shape: Some(TensorShape { dim }) };
    let r#type = Some(TypeProto { value: Some(TypeValue::Tensor(tensor)), denotation: "" });
    ValueInfo { name, r#type, ..ValueInfo::default() }
}

fn int(name: &'static str, i: i64) -> Attribute<'static> {
    Attribute { name, r#type: AttributeType::Int, i, ..Attribute::default() }
}

fn float(name: &'static str, f: f32) -> Attribute<'static> {
    Attribute { name, r#type: AttributeType::Float, f, ..Attribute::default() }
}

fn ints(name: &'static str, values: &[usize]) -> Attribute<'static> {
    Attribute { name, r#type: AttributeType::Ints, ints: dims(values), ..Attribute::default() }
}

fn dims(shape: &[usize]) -> Vec<i64> {
    shape.iter().map(|&size| size as i64).collect()
}

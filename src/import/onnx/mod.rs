//! ONNX: a graph of operators with the numbers that they take. It is read as a chain: from node to node goes one tensor, an
//! image or a vector, whose way of lying is kept track of, since Keras has the channels last. What is left is the network's text
//! and the numbers of its layers.

mod bounds;
mod chain;
mod constants;
mod external;
mod layers;
mod layout;
mod nodes;

use std::path::Path;

use onnx_rs::ast::{DataType, Dimension, Graph};

use super::{ImportProblem as Problem, Imported, Weights, calibration, imported, is_same};
use crate::network::{Layer, Network, Shape};
use chain::Chain;
use external::Beside;
use layout::Layout;

/// A layer and its numbers, if it has some.
struct Draft {
    layer: Layer,
    weights: Option<Weights>,
}

/// The model of an ONNX file with these bytes. A `network` that is given says where dropout stands, which these files do not, and
/// must else be the graph's. A division in front of the softmax is taken for the temperature.
///
/// # Errors
/// Bytes that are no ONNX file, and graphs that are not a chain of layers that the text form knows; the node is named.
pub fn onnx(bytes: &[u8], network: Option<&Network>) -> Result<Imported, Problem> {
    read(bytes, network, None)
}

/// [`onnx`], of a file in a `folder`, which may have some of its numbers beside it.
pub(super) fn read(bytes: &[u8], network: Option<&Network>, folder: Option<&Path>) -> Result<Imported, Problem> {
    bounds::check(bytes).map_err(|refusal| Problem::NotOnnx(refusal.to_string()))?;
    let file = onnx_rs::parse(bytes).map_err(|error| Problem::NotOnnx(error.to_string()))?;
    let graph = file.graph.as_ref().ok_or_else(|| Problem::NotOnnx("it has no graph".into()))?;
    let mut chain = Chain::new(graph, input(graph)?, Beside::new(folder))?;
    for node in &graph.node {
        chain.read(node)?;
    }
    let (drafts, temperature) = chain.finish(graph)?;
    let text: Vec<String> = drafts.iter().map(|draft| draft.layer.to_string()).collect();
    let found = Network::parse(Shape::MNIST, &text.join(" | ")).map_err(Problem::Network)?;
    let network = match network {
        Some(given) if fits(given, &found) => given.clone(),
        Some(given) => return Err(Problem::OtherNetwork { found: found.to_string(), given: given.to_string() }),
        None => found,
    };
    let threshold = file.metadata_props.iter().find(|entry| entry.key == "threshold").map(|entry| entry.value);
    let weights = drafts.into_iter().filter_map(|draft| draft.weights).collect();
    imported(network, weights, calibration(temperature, threshold))
}

/// Whether a network is another but for its dropout.
fn fits(given: &Network, found: &Network) -> bool {
    let given: Vec<&Layer> = given.layers().iter().filter(|layer| !matches!(layer, Layer::Dropout { .. })).collect();
    given.len() == found.layers().len() && given.iter().zip(found.layers()).all(|(given, found)| is_same(given, found))
}

/// What the images are called, how they lie, and how many there are, if that is fixed.
fn input<'a>(graph: &Graph<'a>) -> Result<(&'a str, Layout, Option<i64>), Problem> {
    let inputs = graph.non_init_inputs();
    let [input] = &inputs[..] else {
        return Err(Problem::Graph(format!("it has {} inputs in place of one, the images", inputs.len())));
    };
    if !matches!(input.tensor_elem_type(), Some(DataType::Float | DataType::Double | DataType::Float16)) {
        return Err(Problem::Graph(format!("its input {} is not of float32", input.name)));
    }
    let dims = input.tensor_shape().map_or(&[][..], |shape| &shape.dim[..]);
    let size = |dim: &onnx_rs::ast::TensorShapeDimension| match dim.value {
        Dimension::Value(size) => Some(size),
        Dimension::Param(_) => None,
    };
    let rest: Option<Vec<i64>> = dims.iter().skip(1).map(size).collect();
    let layout = rest.as_ref().and_then(|rest| Layout::image(Shape::MNIST).reshaped(rest));
    let layout = layout.ok_or_else(|| {
        let sizes: Vec<String> = dims.iter().map(|dim| size(dim).map_or("?".into(), |size| size.to_string())).collect();
        Problem::Graph(format!("its input {} is [{}], not images of {}", input.name, sizes.join(", "), Shape::MNIST))
    })?;
    Ok((input.name, layout, dims.first().and_then(size)))
}

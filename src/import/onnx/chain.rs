//! A graph, node by node: what is a constant is kept, what a shape is computed with, too, and each other node must read what the
//! one before it wrote.

use std::collections::HashMap;

use onnx_rs::ast::{Graph, Node, OpType};

use super::constants::{self, BATCH, Constant, Constants};
use super::external::Beside;
use super::layout::Layout;
use super::nodes::{attribute, int};
use super::{Draft, Problem};
use crate::limits::ONNX_NUMBERS;

/// The chain up to some node.
pub struct Chain<'a> {
    pub constants: Constants<'a>,
    /// How all images and vectors lie that were met so far.
    layouts: HashMap<&'a str, Layout>,
    /// What the last node wrote.
    at: &'a str,
    pub layout: Layout,
    /// How many images there are, if that is fixed.
    batch: Option<i64>,
    beside: Beside<'a>,
    pub drafts: Vec<Draft>,
    /// What the logits are divided by.
    pub temperature: Option<f32>,
    is_softmax_done: bool,
    /// How many more numbers may be made of what the file has: many nodes may take the same ones.
    numbers_left: usize,
}

impl<'a> Chain<'a> {
    /// A chain that starts with the images, of which it is told what they are called, how they lie, and how many there are, if that
    /// is fixed.
    pub fn new(
        graph: &Graph<'a>,
        (at, layout, batch): (&'a str, Layout, Option<i64>),
        beside: Beside<'a>,
    ) -> Result<Chain<'a>, Problem> {
        let constants = graph.initializer.iter().map(|tensor| Ok((tensor.name(), constants::read(tensor, &beside)?)));
        Ok(Chain {
            constants: constants.collect::<Result<_, Problem>>()?,
            layouts: HashMap::from([(at, layout.clone())]),
            at,
            layout,
            batch,
            beside,
            drafts: Vec::new(),
            temperature: None,
            is_softmax_done: false,
            numbers_left: ONNX_NUMBERS,
        })
    }

    /// Goes on by one node.
    pub fn read(&mut self, node: &Node<'a>) -> Result<(), Problem> {
        let problem = |reason: String| {
            let name = if node.name.is_empty() { node.output.first().copied().unwrap_or_default() } else { node.name };
            Problem::Node { node: name.into(), operator: node.op_type.to_string(), reason }
        };
        let Some(&output) = node.output.first() else { return Err(problem("it has no output".into())) };
        if !matches!(node.domain, "" | "ai.onnx") {
            return Err(problem(format!("it is of {}, and known are standard operators alone", node.domain)));
        }
        if let Some(constant) = self.constant(node)? {
            self.spend(constant.len()).map_err(problem)?;
            self.constants.insert(output, constant);
            return Ok(());
        }
        if node.input.iter().all(|input| self.constants.contains_key(input)) {
            return Err(problem("what it makes of its constants is not known".into()));
        }
        if !node.input.contains(&self.at) {
            return Err(problem(format!(
                "it does not read {}, and in a network each layer reads what the one before wrote",
                self.at
            )));
        }
        self.refuse_behind_the_end(node).and_then(|()| self.apply(node)).map_err(problem)?;
        self.layouts.insert(output, self.layout.clone());
        self.at = output;
        Ok(())
    }

    pub fn spend(&mut self, numbers: usize) -> Result<(), String> {
        let left = self.numbers_left.checked_sub(numbers);
        self.numbers_left =
            left.ok_or_else(|| format!("the network is too large by then: it has more than {ONNX_NUMBERS} numbers"))?;
        Ok(())
    }

    /// All layers and the temperature.
    pub fn finish(self, graph: &Graph) -> Result<(Vec<Draft>, f32), Problem> {
        match &graph.output[..] {
            [output] if output.name == self.at => Ok((self.drafts, self.temperature.unwrap_or(1.0))),
            [output] => Err(Problem::Graph(format!("its output {} is not what its last node writes", output.name))),
            outputs => Err(Problem::Graph(format!("it has {} outputs in place of one, the classes", outputs.len()))),
        }
    }

    /// The constant that `node` writes, if it is one.
    fn constant(&self, node: &Node<'a>) -> Result<Option<Constant>, Problem> {
        match node.op_type {
            OpType::Constant => constants::of_node(node, &self.beside),
            OpType::Shape => Ok(node.input.first().and_then(|input| self.layouts.get(input)).and_then(|layout| {
                let all: Vec<i64> =
                    std::iter::once(BATCH).chain(layout.dims().into_iter().map(|size| size as i64)).collect();
                let [start, end] = [int(node, "start", 0), int(node, "end", all.len() as i64)];
                let part = all.get(usize::try_from(start).ok()?..usize::try_from(end).ok()?)?;
                Some(Constant::Ints { is_list: true, values: part.to_vec() })
            })),
            _ => Ok(constants::fold(node, &self.constants)),
        }
    }

    /// Behind the softmax comes nothing, and behind the temperature the softmax.
    fn refuse_behind_the_end(&self, node: &Node) -> Result<(), String> {
        let is_nothing = matches!(node.op_type, OpType::Identity | OpType::Cast);
        let is_softmax = matches!(node.op_type, OpType::Softmax | OpType::LogSoftmax);
        if self.is_softmax_done && !is_nothing {
            return Err("it stands behind the softmax".into());
        }
        if self.temperature.is_some() && !is_nothing && !is_softmax {
            return Err(
                "all is multiplied or divided by one number in front of it, as may be in front of the softmax alone"
                    .into(),
            );
        }
        Ok(())
    }

    fn apply(&mut self, node: &Node<'a>) -> Result<(), String> {
        match node.op_type {
            OpType::Identity | OpType::Dropout => Ok(()),
            // To float32, float16 or float64, which changes nothing but the number of digits.
            OpType::Cast if matches!(int(node, "to", 0), 1 | 10 | 11) => Ok(()),
            OpType::Cast => Err("it makes whole numbers".into()),
            OpType::Conv => self.conv(node),
            OpType::MaxPool => self.pool(node),
            OpType::Gemm => self.gemm(node),
            OpType::MatMul => self.product(node),
            OpType::BatchNormalization => self.batchnorm(node),
            OpType::Relu => self.relu(),
            OpType::Add | OpType::Sub | OpType::Mul | OpType::Div => {
                let at = node.input.iter().position(|input| *input == self.at).unwrap_or_default();
                self.affine(node, at)
            }
            OpType::Flatten => self.flatten(node),
            OpType::Reshape => self.reshape(node),
            OpType::Transpose => self.transpose(node),
            OpType::Squeeze | OpType::Unsqueeze => self.squeeze(node),
            OpType::Softmax | OpType::LogSoftmax if self.layout.rank() == 1 && int(node, "axis", -1) != 0 => {
                self.is_softmax_done = true;
                Ok(())
            }
            ref other => Err(unknown(other).into()),
        }
    }

    /// A whole-number input, which exporters compute or give as an attribute.
    fn ints(&self, node: &Node, index: usize, name: &str) -> Option<Vec<i64>> {
        let input = node.input.get(index).and_then(|input| self.constants.get(input)).and_then(Constant::ints);
        input.map(<[i64]>::to_vec).or_else(|| attribute(node, name).map(|attribute| attribute.ints.clone()))
    }

    fn flatten(&mut self, node: &Node) -> Result<(), String> {
        let axis = int(node, "axis", 1);
        if axis != 1 && axis != -(self.layout.rank() as i64) {
            return Err(format!("its axis is {axis}, and images become vectors from axis 1 on"));
        }
        self.reshape_to(&[self.layout.shape.features() as i64])
    }

    fn reshape(&mut self, node: &Node) -> Result<(), String> {
        let target = self.ints(node, 1, "shape").ok_or("its shape is not known")?;
        let (dims, copies_zeros) = (self.layout.dims(), int(node, "allowzero", 0) == 0);
        let (&images, rest) = target.split_first().ok_or("its shape is empty")?;
        let is_batch = images == BATCH || (images == 0 && copies_zeros) || Some(images) == self.batch;
        if !(is_batch || images == -1 && !rest.contains(&-1)) {
            return Err("it mixes images".into());
        }
        let copied = |(axis, size): (usize, &i64)| match (size, dims.get(axis)) {
            (0, Some(same)) if copies_zeros => *same as i64,
            _ => *size,
        };
        self.reshape_to(&rest.iter().enumerate().map(copied).collect::<Vec<_>>())
    }

    fn reshape_to(&mut self, dims: &[i64]) -> Result<(), String> {
        let reshaped = self.layout.reshaped(dims);
        self.layout =
            reshaped.ok_or_else(|| format!("{:?} does not become {dims:?} by joining axes", self.layout.dims()))?;
        Ok(())
    }

    fn transpose(&mut self, node: &Node) -> Result<(), String> {
        let axes = attribute(node, "perm").map(|perm| perm.ints.iter().map(|axis| *axis as usize).collect::<Vec<_>>());
        let transposed = axes.and_then(|axes| self.layout.transposed(&axes));
        self.layout = transposed.ok_or("it mixes images")?;
        Ok(())
    }

    /// `Squeeze` takes axes with one place away, `Unsqueeze` adds some.
    fn squeeze(&mut self, node: &Node) -> Result<(), String> {
        let axes = self.ints(node, 1, "axes");
        let mut dims: Vec<i64> = self.layout.dims().into_iter().map(|size| size as i64).collect();
        let is_squeeze = node.op_type == OpType::Squeeze;
        let rank = dims.len() + 1 + if is_squeeze { 0 } else { axes.as_ref().map_or(0, Vec::len) };
        let Some(axes) = axes else {
            dims.retain(|size| *size != 1);
            return if is_squeeze { self.reshape_to(&dims) } else { Err("its axes are not known".into()) };
        };
        // Behind the axis of the batch.
        let place =
            |axis: &i64| usize::try_from(if *axis < 0 { axis + rank as i64 } else { *axis }).ok()?.checked_sub(1);
        let mut places: Vec<usize> = axes.iter().map(place).collect::<Option<_>>().ok_or("it mixes images")?;
        places.sort_unstable();
        if is_squeeze {
            places.reverse();
        }
        for place in places {
            match (is_squeeze, dims.get(place)) {
                (true, Some(1)) => drop(dims.remove(place)),
                (false, _) if place <= dims.len() => dims.insert(place, 1),
                _ => return Err("there is no such axis".into()),
            }
        }
        self.reshape_to(&dims)
    }
}

/// Why there is no place for an operator.
fn unknown(operator: &OpType) -> &'static str {
    match operator.as_str() {
        "AveragePool" | "GlobalAveragePool" | "GlobalMaxPool" | "LpPool" => {
            "its pooling takes the largest of each window alone"
        }
        "Sigmoid" | "Tanh" | "LeakyRelu" | "PRelu" | "Elu" | "Selu" | "Gelu" | "Clip" | "HardSigmoid" | "HardSwish"
        | "Softplus" | "Mish" | "Celu" | "Erf" => "its only activation is relu",
        "LayerNormalization" | "GroupNormalization" | "InstanceNormalization" => "its only normalisation is batchnorm",
        "Pad" => "zeros stand around the image of a convolution alone, by `same`",
        "Softmax" | "LogSoftmax" => "it stands at the end, over the classes, alone",
        "Concat" | "Sum" => "its layers are a chain without branches",
        _ => "it has no such operation",
    }
}

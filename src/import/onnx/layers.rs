//! The nodes that become layers, and those that change the numbers of the layer before them.

use onnx_rs::ast::{Node, OpType};

use super::Draft;
use super::chain::Chain;
use super::constants::Constant;
use super::layout::Layout;
use super::nodes::{float, int, padding, pair};
use crate::import::{Weights, reordered, transposed, variances, with_relu};
use crate::network::{Activation, Layer, Padding};
use crate::reference::batchnorm::EPSILON;

impl Chain<'_> {
    /// The numbers that a node reads, with their sizes.
    fn floats(&self, node: &Node, index: usize) -> Result<(&[usize], &[f32]), String> {
        let name = node.input.get(index).copied().unwrap_or_default();
        let constant = self.constants.get(name).and_then(Constant::floats);
        constant.ok_or_else(|| format!("what it computes with, {name}, is no constant"))
    }

    /// A number for each of `rows`, zeros where the node has none.
    fn biases(&self, node: &Node, rows: usize) -> Result<Vec<f32>, String> {
        match node.input.get(2) {
            None | Some(&"") => Ok(vec![0.0; rows]),
            Some(_) => match self.floats(node, 2)? {
                (_, [one]) => Ok(vec![*one; rows]),
                (dims, biases) if biases.len() == rows && dims.last() == Some(&rows) => Ok(biases.to_vec()),
                (dims, _) => Err(format!("its bias is {dims:?}, not one number for each of {rows}")),
            },
        }
    }

    fn push(
        &mut self,
        node: &Node,
        layer: Layer,
        (weights, biases): (Vec<f32>, Vec<f32>),
        statistics: Option<[Vec<f32>; 2]>,
    ) -> Result<(), String> {
        self.spend(weights.len())?;
        let name = node.input.get(1).copied().unwrap_or_default().into();
        self.drafts.push(Draft { layer, weights: Some(Weights { name, weights, biases, statistics }) });
        Ok(())
    }

    pub(super) fn conv(&mut self, node: &Node) -> Result<(), String> {
        let shape = self.layout.shape;
        let (dims, weights) = self.floats(node, 1)?;
        let &[filters, channels, height, width] = dims else {
            return Err(format!("its weights are {dims:?}, not [F, C, KH, KW]"));
        };
        if filters == 0 {
            return Err("it has no filters".into());
        }
        if int(node, "group", 1) != 1 {
            return Err("it convolves groups of channels by themselves".into());
        }
        if pair(node, "dilations", [1, 1])? != [1, 1] {
            return Err("it is dilated".into());
        }
        if !self.layout.is_image() || channels != shape.channels {
            return Err(format!("its weights are {dims:?}, and it reads {:?}", self.layout.dims()));
        }
        if height % 2 == 0 || width % 2 == 0 {
            return Err(format!("its kernel is {height}x{width}, and kernels have odd sides"));
        }
        let stride = self.stride(node)?;
        let pads = padding(node, [shape.height, shape.width], [height, width], stride)?;
        let with =
            |padding| Layer::Conv { filters, kernel: [height, width], padding, stride, activation: Activation::Linear };
        let is_so = |layer: &Layer| {
            let places =
                |pads: usize, size: usize, kernel: usize| (size + pads).checked_sub(kernel).map(|rest| rest / stride);
            let [rows, columns] = layer.padding();
            // Zeros behind the image that no filter reaches make no difference.
            pads[0] == [rows, columns]
                && places(pads[0][0] + pads[1][0], shape.height, height) == places(2 * rows, shape.height, height)
                && places(pads[0][1] + pads[1][1], shape.width, width) == places(2 * columns, shape.width, width)
        };
        let layer = [Padding::Valid, Padding::Same].map(with).into_iter().find(is_so).ok_or_else(|| {
            format!(
                "it puts {:?} rows and columns of zeros before the image and {:?} behind it; `same` puts half a kernel on each side, \
                 nothing else puts none",
                pads[0], pads[1]
            )
        })?;
        let (weights, biases) = (weights.to_vec(), self.biases(node, filters)?);
        self.layout = Layout::image(layer.output(shape)?);
        self.push(node, layer, (weights, biases), None)
    }

    fn stride(&self, node: &Node) -> Result<usize, String> {
        let strides = pair(node, "strides", [1, 1])?;
        let stride = usize::try_from(strides[0]).ok().filter(|stride| (1..=64).contains(stride));
        stride
            .filter(|_| strides[0] == strides[1])
            .ok_or_else(|| format!("its strides are {strides:?}, not the same in both directions"))
    }

    pub(super) fn pool(&mut self, node: &Node) -> Result<(), String> {
        let shape = self.layout.shape;
        let (kernel, stride) = (pair(node, "kernel_shape", [0, 0])?, self.stride(node)?);
        if kernel != [stride as i64; 2] {
            return Err(format!("its windows of {kernel:?} lie {stride} apart, not side by side"));
        }
        if !self.layout.is_image() || pair(node, "dilations", [1, 1])? != [1, 1] || node.output.len() > 1 {
            return Err("it pools something else than the windows of an image".into());
        }
        let is_cut = !(shape.height.is_multiple_of(stride) && shape.width.is_multiple_of(stride));
        let pads = padding(node, [shape.height, shape.width], [stride; 2], stride)?;
        if pads != [[0, 0]; 2] || (int(node, "ceil_mode", 0) != 0 && is_cut) {
            return Err(format!("its windows reach over the edge of the image, {shape}"));
        }
        let layer = Layer::Pool { size: stride };
        self.layout = Layout::image(layer.output(shape)?);
        self.drafts.push(Draft { layer, weights: None });
        Ok(())
    }

    pub(super) fn gemm(&mut self, node: &Node) -> Result<(), String> {
        if [float(node, "alpha", 1.0), float(node, "beta", 1.0)] != [1.0, 1.0] || int(node, "transA", 0) != 0 {
            return Err("it has an alpha or beta other than 1, or turns its input".into());
        }
        let turned = int(node, "transB", 0) != 0;
        let (dims, values) = self.floats(node, 1)?;
        let &[rows, columns] = dims else { return Err(format!("its weights are {dims:?}, not a matrix")) };
        let (units, weights) = if turned { (rows, values.to_vec()) } else { (columns, transposed(values, columns)) };
        let biases = self.biases(node, units)?;
        self.dense(node, weights, biases)
    }

    pub(super) fn product(&mut self, node: &Node) -> Result<(), String> {
        let (dims, values) = self.floats(node, 1)?;
        let &[_, units] = dims else { return Err(format!("its weights are {dims:?}, not a matrix")) };
        self.dense(node, transposed(values, units), vec![0.0; units])
    }

    /// `weights` are [units, inputs].
    fn dense(&mut self, node: &Node, weights: Vec<f32>, biases: Vec<f32>) -> Result<(), String> {
        let (shape, units) = (self.layout.shape, biases.len());
        let order = self.layout.order().ok_or_else(|| format!("it reads {:?}, not a vector", self.layout.dims()))?;
        if units == 0 || weights.len() != units * shape.features() {
            return Err(format!("its weights are not {units} times the {} numbers that it reads", shape.features()));
        }
        let layer = Layer::Dense { units, activation: Activation::Linear };
        self.push(node, layer, (reordered(&weights, shape, order), biases), None)?;
        self.layout = Layout::vector(units);
        Ok(())
    }

    pub(super) fn batchnorm(&mut self, node: &Node) -> Result<(), String> {
        let channels = self.layout.shape.channels;
        if int(node, "training_mode", 0) != 0 {
            return Err("it normalises by the batch, as in training; export the model in its evaluation mode".into());
        }
        if !(self.layout.is_image() || self.layout.is_channels(0)) {
            return Err(format!("it normalises {:?} otherwise than by channels", self.layout.dims()));
        }
        let part = |index| match self.floats(node, index)? {
            (_, values) if values.len() == channels => Ok(values.to_vec()),
            (dims, _) => Err(format!("its numbers are {dims:?}, not one for each of {channels} channels")),
        };
        let (weights, biases, means, spread) = (part(1)?, part(2)?, part(3)?, part(4)?);
        let statistics = [means, variances(&spread, float(node, "epsilon", EPSILON as f32))];
        self.push(node, Layer::BatchNorm { activation: Activation::Linear }, (weights, biases), Some(statistics))
    }

    /// The largest of a window is the same before and after what is negative has become zero, so a relu belongs to the last
    /// layer that has sums, however it is pooled.
    pub(super) fn relu(&mut self) -> Result<(), String> {
        let last = self.drafts.iter_mut().rfind(|draft| draft.layer.has_weights());
        let last = last.ok_or("it stands before any layer whose sums it could cut")?;
        last.layer = with_relu(last.layer);
        Ok(())
    }

    /// A sum with, or a product by, constants: one for each channel goes into the layer before it, one for all is the temperature.
    pub(super) fn affine(&mut self, node: &Node, at: usize) -> Result<(), String> {
        let (dims, values) = self.floats(node, 1 - at.min(1))?;
        let is_product = matches!(node.op_type, OpType::Mul | OpType::Div);
        if at == 1 && matches!(node.op_type, OpType::Sub | OpType::Div) {
            return Err("it subtracts from, or divides, a constant".into());
        }
        let channels = self.layout.shape.channels;
        let by_channel = match values {
            &[one] if is_product && channels > 1 => {
                let temperature = if node.op_type == OpType::Div { one } else { 1.0 / one };
                self.temperature =
                    Some(temperature).filter(|temperature| temperature.is_normal() && *temperature > 0.0);
                return self.temperature.map(drop).ok_or_else(|| format!("it multiplies by or divides by {one}"));
            }
            [one] => vec![*one; channels],
            values if self.is_by_channel(dims) => values.to_vec(),
            _ => return Err(format!("its numbers are {dims:?}, not one for each of {channels} channels")),
        };
        let line = |value: &f32| match (&node.op_type, f64::from(*value)) {
            (OpType::Add, value) => (1.0, value),
            (OpType::Sub, value) => (1.0, -value),
            (OpType::Mul, value) => (value, 0.0),
            (_, value) => (1.0 / value, 0.0),
        };
        let lines: Vec<(f64, f64)> = by_channel.iter().map(line).collect();
        let weights = self.sums()?;
        let inputs = weights.weights.len() / lines.len();
        for (row, (factor, _)) in weights.weights.chunks_mut(inputs).zip(&lines) {
            row.iter_mut().for_each(|weight| *weight = (f64::from(*weight) * factor) as f32);
        }
        for (bias, (factor, addend)) in weights.biases.iter_mut().zip(&lines) {
            *bias = (f64::from(*bias) * factor + addend) as f32;
        }
        Ok(())
    }

    /// Whether constants of sizes `dims` are one for each channel; sizes are compared from the last on.
    fn is_by_channel(&self, dims: &[usize]) -> bool {
        let rank = self.layout.rank() + 1;
        let mut long = dims.iter().rev().enumerate().filter(|(_, size)| **size != 1);
        let (Some((from_last, size)), None) = (long.next(), long.next()) else { return false };
        let Some(axis) = rank.checked_sub(from_last + 2) else { return false };
        dims.len() <= rank && *size == self.layout.shape.channels && self.layout.is_channels(axis)
    }

    /// The numbers of the layer before, if its sums are still as it made them, or else of a batch normalisation that is put behind it
    /// and does nothing.
    fn sums(&mut self) -> Result<&mut Weights, String> {
        let last = self
            .drafts
            .last()
            .ok_or("it changes the image itself; leave it out, and say it with --normalised MEAN,STD")?;
        if !(last.layer.has_weights() && last.layer.activation() == Activation::Linear) {
            let channels = self.layout.shape.channels;
            let statistics = [vec![0.0; channels], vec![(1.0 - EPSILON) as f32; channels]];
            let weights = Weights {
                name: "a batch normalisation".into(),
                weights: vec![1.0; channels],
                biases: vec![0.0; channels],
                statistics: Some(statistics),
            };
            let layer = Layer::BatchNorm { activation: Activation::Linear };
            self.drafts.push(Draft { layer, weights: Some(weights) });
        }
        let last = self.drafts.last_mut().and_then(|draft| draft.weights.as_mut());
        last.ok_or_else(|| "it has no layer before it".into())
    }
}

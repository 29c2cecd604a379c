//! Cases of the six matrix products, and of the turned weights that one of them reads.

use super::passes::{pack_winners, winners_of};
use super::{Absent, Case, Expected, Inputs, Output, Prepared, sum_tolerance};
use crate::gpu::{Gpu, GpuError, Recording, Tensor};
use crate::layers;
use crate::layers::parts::{Parts, WeightGradient};
use crate::layers::transpose::Turned;
use crate::network::{Activation, Matrix};
use crate::reference::conv::ConvShape;
use crate::reference::dense::DenseShape;
use crate::reference::pool::PoolShape;
use crate::reference::{self, relu, relu_backward};

/// Where the layer's weights lie in the cases: behind a few others, so that a forgotten offset shows.
pub(super) const OFFSET: usize = 8;

/// The forward and both backward passes of a convolution with a ReLU.
pub fn conv(shape: ConvShape) -> [Case; 3] {
    let [oh, ow] = shape.output();
    let (x, y) = (shape.c * shape.h * shape.w, shape.f * oh * ow);
    let taps = shape.kernel[0] * shape.kernel[1];
    let matrix = Matrix::new(0, "w", &[shape.f, shape.c, shape.kernel[0], shape.kernel[1]], OFFSET);
    let text = format!(
        "N {} C {} {}x{} F {} K {}x{} pad {} stride {}",
        shape.n, shape.c, shape.h, shape.w, shape.f, shape.kernel[0], shape.kernel[1], shape.padding[0], shape.stride
    );
    let flops = (2 * shape.n * y * shape.c * taps) as f64;
    let bytes = 4.0 * (shape.n * (x + y) + matrix.rows * matrix.inputs) as f64;
    let case = |operation, prepare| Case { operation, shape: text.clone(), flops, bytes, prepare };
    let (forward, weights) = (matrix.clone(), matrix.clone());
    [
        case(
            "conv/stored",
            Box::new(move |gpu| {
                let product = Product { matrix: &forward, x, y, n: shape.n, terms: shape.c * taps };
                product.forward(
                    gpu,
                    |w, b, x| reference::conv::forward(x, w, b, &shape),
                    |r, tensors| layers::conv::forward(r, &shape, &forward, Activation::Relu.into(), tensors),
                )
            }),
        ),
        case(
            "conv/backward_input",
            Box::new(move |gpu| {
                let product = Product { matrix: &matrix, x, y, n: shape.n, terms: shape.f * taps };
                product.backward_input(
                    gpu,
                    |w, d_y| reference::conv::backward_input(d_y, w, &shape),
                    |r, turned, tensors| {
                        layers::conv::backward_input(r, &shape, Activation::Relu.into(), turned, tensors)
                    },
                )
            }),
        ),
        case(
            "conv/backward_weights",
            Box::new(move |gpu| {
                let product = Product { matrix: &weights, x, y, n: shape.n, terms: shape.n * oh * ow };
                product.backward_weights(
                    gpu,
                    |d_y, x| reference::conv::backward_weights(d_y, x, &shape),
                    &layers::conv::weight_gradient(&shape, &weights),
                    |r, tensors, parts| layers::conv::backward_weights(r, &shape, tensors, parts),
                )
            }),
        ),
    ]
}

/// The passes of a convolution with a ReLU and a pooling behind it: forward, and backward to the weights.
pub fn conv_pooled(shape: ConvShape) -> [Case; 2] {
    let [h, w] = shape.output();
    let (x, sums, taps) = (shape.c * shape.h * shape.w, shape.f * h * w, shape.kernel[0] * shape.kernel[1]);
    let pool = PoolShape { n: shape.n, c: shape.f, h, w, size: layers::conv::POOLED_SIZE };
    let [oh, ow] = pool.output();
    let y = shape.f * oh * ow;
    let matrix = Matrix::new(0, "w", &[shape.f, shape.c, shape.kernel[0], shape.kernel[1]], OFFSET);
    let text = format!(
        "N {} C {} {}x{} F {} K {}x{} pool 2",
        shape.n, shape.c, shape.h, shape.w, shape.f, shape.kernel[0], shape.kernel[1]
    );
    let flops = (2 * shape.n * sums * shape.c * taps) as f64;
    let bytes = 4.0 * (shape.n * (x + y) + matrix.rows * matrix.inputs) as f64;
    let case = |operation, prepare| Case { operation, shape: text.clone(), flops, bytes, prepare };
    let weights = matrix.clone();
    [
        case(
            if shape.n == 1 { "conv/one" } else { "conv/pooled" },
            Box::new(move |gpu| {
                let product = Product { matrix: &matrix, x, y, n: shape.n, terms: shape.c * taps };
                product.forward_pooled(gpu, &shape, &pool)
            }),
        ),
        case(
            "conv/backward_weights_pooled",
            Box::new(move |gpu| {
                let activations = relu(&Inputs::new(gpu).values(shape.n * sums));
                let winners = winners_of(&activations, &reference::pool::forward(&activations, &pool), &pool);
                let winners = Tensor::new(gpu, "winners", &pack_winners(&winners, shape.n))?;
                Product { matrix: &weights, x, y, n: shape.n, terms: shape.n * h * w }.backward_weights(
                    gpu,
                    |d_y, x| {
                        let d_sums = relu_backward(&reference::pool::backward(d_y, &activations, &pool), &activations);
                        reference::conv::backward_weights(&d_sums, x, &shape)
                    },
                    &layers::conv::weight_gradient_pooled(&shape, &weights),
                    |r, [d_y, x], parts| layers::conv::backward_weights_pooled(r, &shape, [d_y, &winners, x], parts),
                )
            }),
        ),
    ]
}

/// The forward and both backward passes of a dense layer with a ReLU.
pub fn dense(shape: DenseShape) -> [Case; 3] {
    let (x, y) = (shape.inputs, shape.units);
    let matrix = Matrix::new(0, "w", &[y, x], OFFSET);
    let text = format!("N {} C {x} F {y}", shape.n);
    let flops = (2 * shape.n * x * y) as f64;
    let bytes = 4.0 * (shape.n * (x + y) + x * y) as f64;
    let case = |operation, prepare| Case { operation, shape: text.clone(), flops, bytes, prepare };
    let (forward, weights) = (matrix.clone(), matrix.clone());
    [
        case(
            if shape.n == 1 { "dense/one" } else { "dense/forward" },
            Box::new(move |gpu| {
                Product { matrix: &forward, x, y, n: shape.n, terms: x }.forward(
                    gpu,
                    |w, b, x| reference::dense::forward(x, w, b, &shape),
                    |r, tensors| layers::dense::forward(r, &shape, &forward, Activation::Relu.into(), tensors),
                )
            }),
        ),
        case(
            "dense/backward_input",
            Box::new(move |gpu| {
                Product { matrix: &matrix, x, y, n: shape.n, terms: y }.backward_input(
                    gpu,
                    |w, d_y| reference::dense::backward_input(d_y, w, &shape),
                    |r, turned, tensors| {
                        layers::dense::backward_input(r, &shape, Activation::Relu.into(), turned, tensors)
                    },
                )
            }),
        ),
        case(
            "dense/backward_weights",
            Box::new(move |gpu| {
                Product { matrix: &weights, x, y, n: shape.n, terms: shape.n }.backward_weights(
                    gpu,
                    |d_y, x| reference::dense::backward_weights(d_y, x, &shape),
                    &layers::dense::weight_gradient(&shape, &weights),
                    |r, tensors, parts| layers::dense::backward_weights(r, &shape, tensors, parts),
                )
            }),
        ),
    ]
}

/// The forward pass of a dense layer of one image, with a softmax.
pub fn dense_softmax(inputs: usize, classes: usize) -> Case {
    let shape = DenseShape { n: 1, inputs, units: classes };
    let matrix = Matrix::new(0, "w", &[classes, inputs], OFFSET);
    let prepare = Box::new(move |gpu: &Gpu| {
        Product { matrix: &matrix, x: inputs, y: classes, n: 1, terms: inputs }.forward(
            gpu,
            // A softmax has nothing below zero, which a ReLU would change.
            |w, b, x| reference::softmax::probabilities(&reference::dense::forward(x, w, b, &shape), classes),
            |r, tensors| layers::dense::softmax(r, &shape, &matrix, tensors),
        )
    });
    Case {
        operation: "dense/softmax",
        shape: format!("N 1 C {inputs} F {classes}"),
        flops: (2 * inputs * classes) as f64,
        bytes: 4.0 * (inputs + classes + inputs * classes) as f64,
        prepare,
    }
}

/// Weights of `weight_shape` turned around.
pub fn transpose(weight_shape: &'static [usize]) -> Case {
    let matrix = Matrix::new(0, "w", weight_shape, OFFSET);
    let bytes = 8.0 * (matrix.rows * matrix.inputs) as f64;
    let prepare = Box::new(move |gpu: &Gpu| {
        let mut inputs = Inputs::new(gpu);
        let parameters = inputs.values(matrix.end());
        let w_t = Tensor::poisoned(gpu, "w_t", OFFSET + layers::transpose::length(&matrix));
        w_t.write(gpu, &[0.0f32; OFFSET]);
        let mut recording = Recording::new(gpu);
        let turned = Turned { matrix: matrix.clone(), offset: OFFSET, tensor: w_t.clone() };
        layers::transpose::forward(&mut recording, &inputs.flat("parameters", &parameters)?, &turned)?;
        let mut values = vec![0.0; OFFSET];
        values.extend(reference::transpose::weights(&parameters, &matrix));
        Ok(Prepared {
            recording,
            outputs: vec![Output { tensor: w_t, expected: Expected::Flat { values, tolerance: f64::MIN_POSITIVE } }],
        })
    });
    Case { operation: "transpose", shape: format!("{weight_shape:?}"), flops: 0.0, bytes, prepare }
}

/// All parameters up to those of `matrix`, the padding behind its rows zero as in training.
pub(super) fn parameters(matrix: &Matrix, inputs: &mut Inputs) -> Vec<f64> {
    let mut flat = vec![0.5; OFFSET];
    flat.resize(matrix.end(), 0.0);
    let weights = inputs.values(matrix.rows * matrix.inputs);
    matrix.fill(&mut flat, &weights, &inputs.values(matrix.rows));
    flat
}

/// A layer with weights, reduced to sizes: `x` and `y` numbers an image, `terms` products a sum.
struct Product<'a> {
    matrix: &'a Matrix,
    x: usize,
    y: usize,
    n: usize,
    terms: usize,
}

type Result<T> = std::result::Result<T, GpuError>;

impl Product<'_> {
    fn forward(
        &self,
        gpu: &Gpu,
        reference: impl Fn(&[f64], &[f64], &[f64]) -> Vec<f64>,
        layer: impl Fn(&mut Recording, [&Tensor; 3]) -> Result<()>,
    ) -> Result<Prepared> {
        let mut inputs = Inputs::new(gpu);
        let (parameters, x) = (parameters(self.matrix, &mut inputs), inputs.values(self.n * self.x));
        let y = inputs.output("y", self.y, self.n);
        let mut recording = Recording::new(gpu);
        let on_gpu = inputs.images("x", &x, self.n, Absent::Anything)?;
        layer(&mut recording, [&inputs.flat("parameters", &parameters)?, &on_gpu, &y])?;
        let sums = reference(&self.matrix.weights(&parameters), &self.matrix.biases(&parameters), &x);
        Ok(self.images(recording, y, relu(&sums)))
    }

    fn forward_pooled(&self, gpu: &Gpu, shape: &ConvShape, pool: &PoolShape) -> Result<Prepared> {
        let mut inputs = Inputs::new(gpu);
        let (parameters, x) = (parameters(self.matrix, &mut inputs), inputs.values(self.n * self.x));
        let y = inputs.output("y", self.y, self.n);
        let winners = Tensor::poisoned(gpu, "winners", layers::pool::winners_length(pool));
        let mut recording = Recording::new(gpu);
        let on_gpu = inputs.images("x", &x, self.n, Absent::Anything)?;
        let tensors = [&inputs.flat("parameters", &parameters)?, &on_gpu, &y, &winners];
        layers::conv::forward_pooled(&mut recording, shape, self.matrix, Activation::Relu.into(), tensors)?;
        let sums =
            reference::conv::forward(&x, &self.matrix.weights(&parameters), &self.matrix.biases(&parameters), shape);
        let activations = relu(&sums);
        let largest = reference::pool::forward(&activations, pool);
        let expected = Expected::Winners { values: winners_of(&activations, &largest, pool), n: self.n };
        let mut prepared = self.images(recording, y, largest);
        prepared.outputs.push(Output { tensor: winners, expected });
        Ok(prepared)
    }

    fn backward_input(
        &self,
        gpu: &Gpu,
        reference: impl Fn(&[f64], &[f64]) -> Vec<f64>,
        layer: impl Fn(&mut Recording, &Turned, [&Tensor; 3]) -> Result<()>,
    ) -> Result<Prepared> {
        let mut inputs = Inputs::new(gpu);
        let parameters = parameters(self.matrix, &mut inputs);
        let (d_y, x) = (inputs.values(self.n * self.y), inputs.values(self.n * self.x));
        let d_x = inputs.output("d_x", self.x, self.n);
        let mut recording = Recording::new(gpu);
        let mut w_t = vec![0.5; OFFSET];
        w_t.extend(reference::transpose::weights(&parameters, self.matrix));
        let turned = Turned { matrix: self.matrix.clone(), offset: OFFSET, tensor: inputs.flat("w_t", &w_t)? };
        let on_gpu = inputs.images("d_y", &d_y, self.n, Absent::Zero)?;
        layer(&mut recording, &turned, [&on_gpu, &inputs.images("x", &x, self.n, Absent::Anything)?, &d_x])?;
        let values = relu_backward(&reference(&self.matrix.weights(&parameters), &d_y), &x);
        Ok(self.images(recording, d_x, values))
    }

    fn backward_weights(
        &self,
        gpu: &Gpu,
        reference: impl Fn(&[f64], &[f64]) -> (Vec<f64>, Vec<f64>),
        product: &WeightGradient,
        layer: impl Fn(&mut Recording, [&Tensor; 2], &Parts) -> Result<()>,
    ) -> Result<Prepared> {
        let mut inputs = Inputs::new(gpu);
        let (d_y, x) = (inputs.values(self.n * self.y), inputs.values(self.n * self.x));
        let (splits, length) = (product.splits(gpu.settings().core), self.matrix.rows * self.matrix.stride);
        let tensor = Tensor::poisoned(gpu, "d_parameters", OFFSET + splits * length);
        tensor.write(gpu, &[0.0f32; OFFSET]);
        let parts = Parts { matrix: self.matrix.clone(), splits, offset: OFFSET, tensor: tensor.clone() };
        let mut recording = Recording::new(gpu);
        let on_gpu = inputs.images("d_y", &d_y, self.n, Absent::Zero)?;
        layer(&mut recording, [&on_gpu, &inputs.images("x", &x, self.n, Absent::Anything)?], &parts)?;
        let (weights, biases) = reference(&d_y, &x);
        let mut values = vec![0.0; self.matrix.end()];
        self.matrix.fill(&mut values, &weights, &biases);
        let expected =
            Expected::Parts { values: values.split_off(OFFSET), splits, tolerance: sum_tolerance(self.terms) };
        Ok(Prepared { recording, outputs: vec![Output { tensor, expected }] })
    }

    fn images(&self, recording: Recording, tensor: Tensor, values: Vec<f64>) -> Prepared {
        let expected = Expected::Images { values, n: self.n, tolerance: sum_tolerance(self.terms) };
        Prepared { recording, outputs: vec![Output { tensor, expected }] }
    }
}

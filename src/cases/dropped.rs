//! Cases of the products that do dropout's work in their epilogue: forward they drop what they store, and backward to the
//! input they pass the gradient where dropout kept what a ReLU had made.

use super::products::{OFFSET, parameters};
use super::{Absent, Case, Expected, Inputs, Output, Prepared, sum_tolerance};
use crate::gpu::{Gpu, GpuError, Recording, Tensor};
use crate::layers::clock::{Clock, Time};
use crate::layers::epilogue::{Below, Epilogue};
use crate::layers::transpose::Turned;
use crate::layers::{self, capacity};
use crate::network::{Activation, Matrix};
use crate::reference::conv::ConvShape;
use crate::reference::dense::DenseShape;
use crate::reference::dropout::Dropout;
use crate::reference::pool::PoolShape;
use crate::reference::{self, relu, relu_backward};

/// A convolution between two dropouts, each behind a ReLU.
pub fn conv(shape: ConvShape) -> [Case; 2] {
    let [oh, ow] = shape.output();
    let taps = shape.kernel[0] * shape.kernel[1];
    let matrix = Matrix::new(0, "w", &[shape.f, shape.c, shape.kernel[0], shape.kernel[1]], OFFSET);
    let layer = Layer { x: shape.c * shape.h * shape.w, y: shape.f * oh * ow, n: shape.n, matrix };
    let text = format!(
        "N {} C {} {}x{} F {} K {}x{}",
        shape.n, shape.c, shape.h, shape.w, shape.f, shape.kernel[0], shape.kernel[1]
    );
    let flops = (2 * shape.n * layer.y * shape.c * taps) as f64;
    let (forward, backward) = (layer.clone(), layer.clone());
    [
        layer.case(
            "conv/stored/dropout",
            &text,
            flops,
            Box::new(move |gpu| {
                let sums = |w: &[f64], b: &[f64], x: &[f64]| reference::conv::forward(x, w, b, &shape);
                forward.forward(gpu, shape.c * taps, sums, |r, matrix, epilogue, tensors| {
                    layers::conv::forward(r, &shape, matrix, epilogue, tensors)
                })
            }),
        ),
        layer.case(
            "conv/backward_input/dropout",
            &text,
            flops,
            Box::new(move |gpu| {
                let d_x = |w: &[f64], d_y: &[f64]| reference::conv::backward_input(d_y, w, &shape);
                backward.backward_input(gpu, shape.f * taps, d_x, |r, below, turned, tensors| {
                    layers::conv::backward_input(r, &shape, below, turned, tensors)
                })
            }),
        ),
    ]
}

/// A convolution with a ReLU, a pooling and dropout behind it.
pub fn conv_pooled(shape: ConvShape) -> Case {
    let [h, w] = shape.output();
    let taps = shape.kernel[0] * shape.kernel[1];
    let pool = PoolShape { n: shape.n, c: shape.f, h, w, size: layers::conv::POOLED_SIZE };
    let [oh, ow] = pool.output();
    let matrix = Matrix::new(0, "w", &[shape.f, shape.c, shape.kernel[0], shape.kernel[1]], OFFSET);
    let layer = Layer { x: shape.c * shape.h * shape.w, y: shape.f * oh * ow, n: shape.n, matrix };
    let text = format!("N {} C {} {}x{} F {} pool 2", shape.n, shape.c, shape.h, shape.w, shape.f);
    let flops = (2 * shape.n * shape.f * h * w * shape.c * taps) as f64;
    let operation = if shape.n == 1 { "conv/one/dropout" } else { "conv/pooled/dropout" };
    layer.clone().case(
        operation,
        &text,
        flops,
        Box::new(move |gpu| {
            let winners = Tensor::zeros(gpu, "winners", layers::pool::winners_length(&pool))?;
            let largest = |w: &[f64], b: &[f64], x: &[f64]| {
                reference::pool::forward(&reference::conv::forward(x, w, b, &shape), &pool)
            };
            layer.forward(gpu, shape.c * taps, largest, |r, matrix, epilogue, [w, x, y]| {
                layers::conv::forward_pooled(r, &shape, matrix, epilogue, [w, x, y, &winners])
            })
        }),
    )
}

/// A dense layer between two dropouts, each behind a ReLU.
pub fn dense(shape: DenseShape) -> [Case; 2] {
    let matrix = Matrix::new(0, "w", &[shape.units, shape.inputs], OFFSET);
    let layer = Layer { x: shape.inputs, y: shape.units, n: shape.n, matrix };
    let text = format!("N {} C {} F {}", shape.n, shape.inputs, shape.units);
    let flops = (2 * shape.n * shape.inputs * shape.units) as f64;
    let (forward, backward) = (layer.clone(), layer.clone());
    let operation = if shape.n == 1 { "dense/one/dropout" } else { "dense/forward/dropout" };
    [
        layer.case(
            operation,
            &text,
            flops,
            Box::new(move |gpu| {
                let sums = |w: &[f64], b: &[f64], x: &[f64]| reference::dense::forward(x, w, b, &shape);
                forward.forward(gpu, shape.inputs, sums, |r, matrix, epilogue, tensors| {
                    layers::dense::forward(r, &shape, matrix, epilogue, tensors)
                })
            }),
        ),
        layer.case(
            "dense/backward_input/dropout",
            &text,
            flops,
            Box::new(move |gpu| {
                let d_x = |w: &[f64], d_y: &[f64]| reference::dense::backward_input(d_y, w, &shape);
                backward.backward_input(gpu, shape.units, d_x, |r, below, turned, tensors| {
                    layers::dense::backward_input(r, &shape, below, turned, tensors)
                })
            }),
        ),
    ]
}

/// A draw for `features` of `n` images in the third step, and the clock that shows it.
pub(super) fn draw(gpu: &Gpu, features: usize, n: usize) -> Result<(Dropout, Tensor), GpuError> {
    let dropout = Dropout { rate: 0.25, seed: 9, layer: 4, step: 2, features, capacity: capacity(n) };
    Ok((dropout, Clock { now: Time { step: 3, ..Time::START }, ..Clock::START }.tensor(gpu)?))
}

/// A layer with weights, reduced to sizes: `x` and `y` numbers an image.
#[derive(Clone)]
struct Layer {
    matrix: Matrix,
    x: usize,
    y: usize,
    n: usize,
}

impl Layer {
    fn case(&self, operation: &'static str, shape: &str, flops: f64, prepare: super::Prepare) -> Case {
        let bytes = 4.0 * (self.n * (self.x + self.y) + self.matrix.rows * self.matrix.inputs) as f64;
        Case { operation, shape: format!("{shape} rate 0.25"), flops, bytes, prepare }
    }

    /// Sums of `terms` products, by `reference` from weights, biases and x.
    fn forward(
        &self,
        gpu: &Gpu,
        terms: usize,
        reference: impl Fn(&[f64], &[f64], &[f64]) -> Vec<f64>,
        layer: impl Fn(&mut Recording, &Matrix, Epilogue, [&Tensor; 3]) -> Result<(), GpuError>,
    ) -> Result<Prepared, GpuError> {
        let mut inputs = Inputs::new(gpu);
        let (parameters, x) = (parameters(&self.matrix, &mut inputs), inputs.values(self.n * self.x));
        let y = inputs.output("y", self.y, self.n);
        let (dropout, clock) = draw(gpu, self.y, self.n)?;
        let mut recording = Recording::new(gpu);
        let epilogue = Epilogue { activation: Activation::Relu, dropout: Some((&dropout, &clock)) };
        let on_gpu = inputs.images("x", &x, self.n, Absent::Anything)?;
        layer(&mut recording, &self.matrix, epilogue, [&inputs.flat("parameters", &parameters)?, &on_gpu, &y])?;
        let sums = reference(&self.matrix.weights(&parameters), &self.matrix.biases(&parameters), &x);
        Ok(self.images(recording, y, reference::dropout::forward(&relu(&sums), &dropout), terms))
    }

    /// Sums of `terms` products, by `reference` from weights and d_y.
    fn backward_input(
        &self,
        gpu: &Gpu,
        terms: usize,
        reference: impl Fn(&[f64], &[f64]) -> Vec<f64>,
        layer: impl Fn(&mut Recording, Below, &Turned, [&Tensor; 3]) -> Result<(), GpuError>,
    ) -> Result<Prepared, GpuError> {
        let mut inputs = Inputs::new(gpu);
        let parameters = parameters(&self.matrix, &mut inputs);
        let (d_y, sums) = (inputs.values(self.n * self.y), inputs.values(self.n * self.x));
        let d_x = inputs.output("d_x", self.x, self.n);
        let (dropout, _) = draw(gpu, self.x, self.n)?;
        let mut recording = Recording::new(gpu);
        let x = inputs.images("x", &reference::dropout::forward(&relu(&sums), &dropout), self.n, Absent::Anything)?;
        let w_t = inputs.flat("w_t", &reference::transpose::weights(&parameters, &self.matrix))?;
        let on_gpu = inputs.images("d_y", &d_y, self.n, Absent::Zero)?;
        let turned = Turned { matrix: self.matrix.clone(), offset: 0, tensor: w_t };
        layer(&mut recording, Below::relu_and(&dropout), &turned, [&on_gpu, &x, &d_x])?;
        let dropped = reference::dropout::backward(&reference(&self.matrix.weights(&parameters), &d_y), &dropout);
        Ok(self.images(recording, d_x, relu_backward(&dropped, &sums), terms))
    }

    fn images(&self, recording: Recording, tensor: Tensor, values: Vec<f64>, terms: usize) -> Prepared {
        let expected = Expected::Images { values, n: self.n, tolerance: 2.0 * sum_tolerance(terms) };
        Prepared { recording, outputs: vec![Output { tensor, expected }] }
    }
}

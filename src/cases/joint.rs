//! Cases of products that share a dispatch where the core can: a layer's gradients by its weights and by its input, which do not
//! wait for each other.

use super::products::{OFFSET, parameters};
use super::{Absent, Case, Expected, Inputs, Output, Prepared, sum_tolerance};
use crate::gpu::{Gpu, GpuError, Recording, Tensor};
use crate::layers;
use crate::layers::parts::{Parts, WeightGradient};
use crate::layers::transpose::Turned;
use crate::network::{Activation, Matrix};
use crate::reference::conv::ConvShape;
use crate::reference::dense::DenseShape;
use crate::reference::{self, relu_backward};

/// Both gradients of a convolution, by an input that a ReLU made.
pub fn conv(shape: ConvShape) -> Case {
    let [oh, ow] = shape.output();
    let taps = shape.kernel[0] * shape.kernel[1];
    let layer = Layer {
        matrix: Matrix::new(0, "w", &[shape.f, shape.c, shape.kernel[0], shape.kernel[1]], OFFSET),
        x: shape.c * shape.h * shape.w,
        y: shape.f * oh * ow,
        n: shape.n,
        terms: [shape.n * oh * ow, shape.f * taps],
    };
    let text = format!(
        "N {} C {} {}x{} F {} K {}x{} pad {}",
        shape.n, shape.c, shape.h, shape.w, shape.f, shape.kernel[0], shape.kernel[1], shape.padding[0]
    );
    let flops = (4 * shape.n * layer.y * shape.c * taps) as f64;
    layer.clone().case("conv/backward_weights + conv/backward_input", text, flops, move |gpu| {
        layer.prepare(
            gpu,
            &layers::conv::weight_gradient(&shape, &layer.matrix),
            |d_y, x| reference::conv::backward_weights(d_y, x, &shape),
            |w, d_y| reference::conv::backward_input(d_y, w, &shape),
            |r, parts, turned, [d_y, x, d_x]| {
                layers::conv::backward_weights(r, &shape, [d_y, x], parts)?;
                layers::conv::backward_input(r, &shape, Activation::Relu.into(), turned, [d_y, x, d_x])
            },
        )
    })
}

/// Both gradients of a dense layer, by an input that a ReLU made.
pub fn dense(shape: DenseShape) -> Case {
    let layer = Layer {
        matrix: Matrix::new(0, "w", &[shape.units, shape.inputs], OFFSET),
        x: shape.inputs,
        y: shape.units,
        n: shape.n,
        terms: [shape.n, shape.units],
    };
    let text = format!("N {} C {} F {}", shape.n, shape.inputs, shape.units);
    let flops = (4 * shape.n * shape.inputs * shape.units) as f64;
    layer.clone().case("dense/backward_weights + dense/backward_input", text, flops, move |gpu| {
        layer.prepare(
            gpu,
            &layers::dense::weight_gradient(&shape, &layer.matrix),
            |d_y, x| reference::dense::backward_weights(d_y, x, &shape),
            |w, d_y| reference::dense::backward_input(d_y, w, &shape),
            |r, parts, turned, [d_y, x, d_x]| {
                layers::dense::backward_weights(r, &shape, [d_y, x], parts)?;
                layers::dense::backward_input(r, &shape, Activation::Relu.into(), turned, [d_y, x, d_x])
            },
        )
    })
}

/// A layer with weights, reduced to sizes: `x` and `y` numbers an image, `terms` products a sum of either gradient.
#[derive(Clone)]
struct Layer {
    matrix: Matrix,
    x: usize,
    y: usize,
    n: usize,
    terms: [usize; 2],
}

impl Layer {
    fn case(
        self,
        operation: &'static str,
        shape: String,
        flops: f64,
        prepare: impl Fn(&Gpu) -> Result<Prepared, GpuError> + Send + Sync + 'static,
    ) -> Case {
        let bytes = 4.0 * (self.n * (2 * self.x + self.y) + 2 * self.matrix.rows * self.matrix.inputs) as f64;
        Case { operation, shape, flops, bytes, prepare: Box::new(prepare) }
    }

    fn prepare(
        &self,
        gpu: &Gpu,
        product: &WeightGradient,
        weights: impl Fn(&[f64], &[f64]) -> (Vec<f64>, Vec<f64>),
        input: impl Fn(&[f64], &[f64]) -> Vec<f64>,
        layer: impl Fn(&mut Recording, &Parts, &Turned, [&Tensor; 3]) -> Result<(), GpuError>,
    ) -> Result<Prepared, GpuError> {
        let mut inputs = Inputs::new(gpu);
        let parameters = parameters(&self.matrix, &mut inputs);
        let (d_y, x) = (inputs.values(self.n * self.y), inputs.values(self.n * self.x));
        let d_x = inputs.output("d_x", self.x, self.n);
        let splits = product.splits(gpu.settings().core);
        let d_w = Tensor::poisoned(gpu, "d_w", splits * self.matrix.rows * self.matrix.stride);
        let parts = Parts { matrix: self.matrix.clone(), splits, offset: 0, tensor: d_w.clone() };
        let w_t = inputs.flat("w_t", &reference::transpose::weights(&parameters, &self.matrix))?;
        let turned = Turned { matrix: self.matrix.clone(), offset: 0, tensor: w_t };
        let d_y_on_gpu = inputs.images("d_y", &d_y, self.n, Absent::Zero)?;
        let x_on_gpu = inputs.images("x", &x, self.n, Absent::Anything)?;
        let mut recording = Recording::new(gpu);
        recording.together(|recording| layer(recording, &parts, &turned, [&d_y_on_gpu, &x_on_gpu, &d_x]))?;
        let (by_weights, by_biases) = weights(&d_y, &x);
        let mut flat = vec![0.0; self.matrix.end()];
        self.matrix.fill(&mut flat, &by_weights, &by_biases);
        let [of_weights, of_input] = self.terms.map(sum_tolerance);
        let d_w_values = Expected::Parts { values: flat.split_off(OFFSET), splits, tolerance: of_weights };
        let values = relu_backward(&input(&self.matrix.weights(&parameters), &d_y), &x);
        let d_x_values = Expected::Images { values, n: self.n, tolerance: of_input };
        let outputs = vec![Output { tensor: d_w, expected: d_w_values }, Output { tensor: d_x, expected: d_x_values }];
        Ok(Prepared { recording, outputs })
    }
}

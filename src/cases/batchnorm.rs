//! Cases of batch normalisation: by the statistics of a batch, the second and shorter one of a data set, and by running ones.

use super::passes::{ROUNDING, guarded_clock, prepared, updated};
use super::products::OFFSET;
use super::{Absent, Case, Expected, Inputs, Output, Prepare, Prepared, sum_tolerance};
use crate::gpu::{Gpu, GpuError, Recording, Tensor};
use crate::layers::batchnorm as layer;
use crate::layers::batchnorm::Statistics as By;
use crate::layers::clock::{Clock, Time};
use crate::layers::parts::Parts;
use crate::network::{Activation, Matrix};
use crate::reference::batchnorm::{self as reference, BatchNormShape, EPSILON, Statistics};
use crate::reference::{relu, relu_backward};

/// All of its passes, between two ReLUs.
pub fn batchnorm(shape: BatchNormShape) -> [Case; 6] {
    let BatchNormShape { n, c, h, w } = shape;
    let text = format!("N {n} C {c} {h}x{w}");
    let values = (n * c * h * w) as f64;
    let case = |operation, flops: f64, tensors: f64, prepare| {
        let (flops, bytes) = (flops * values, 4.0 * tensors * values);
        Case { operation, shape: text.clone(), flops, bytes, prepare }
    };
    let of = |prepare: fn(&Operands, &Gpu) -> Result<Prepared, GpuError>| -> Prepare {
        Box::new(move |gpu: &Gpu| prepare(&Operands::new(gpu, shape)?, gpu))
    };
    [
        case("batchnorm/statistics", 4.0, 1.0, of(Operands::statistics)),
        case("batchnorm/forward", 4.0, 2.0, of(Operands::forward)),
        case("batchnorm/forward/running", 4.0, 2.0, of(Operands::forward_running)),
        case("batchnorm/gradients", 5.0, 2.0, of(Operands::gradients)),
        case("batchnorm/backward", 8.0, 3.0, of(Operands::backward)),
        case("batchnorm/backward/running", 2.0, 2.0, of(Operands::backward_running)),
    ]
}

/// What the passes take, on the host and on the device.
struct Operands {
    shape: BatchNormShape,
    /// Images of the batch that are there.
    images: usize,
    matrix: Matrix,
    parameters: Vec<f64>,
    x: Vec<f64>,
    d_y: Vec<f64>,
    on_gpu: [Tensor; 3],
}

impl Operands {
    fn new(gpu: &Gpu, shape: BatchNormShape) -> Result<Operands, GpuError> {
        let BatchNormShape { n, c, h, w } = shape;
        let (images, features) = ((n - 1).max(1), c * h * w);
        let matrix = Matrix::new(0, "w", &[c], OFFSET);
        let mut inputs = Inputs::new(gpu);
        let mut parameters = inputs.values(matrix.end());
        let variances: Vec<f64> = inputs.values(c).iter().map(|value| value.abs() + 0.25).collect();
        let [means, _] = matrix.statistics(&parameters);
        matrix.fill_statistics(&mut parameters, [&means, &variances]);
        let (x, mut d_y) = (inputs.values(n * features), inputs.values(n * features));
        d_y[images * features..].fill(0.0);
        let on_gpu = [
            inputs.flat("parameters", &parameters)?,
            inputs.images("x", &x, n, Absent::Anything)?,
            inputs.images("d_y", &d_y, n, Absent::Zero)?,
        ];
        Ok(Operands { shape, images, matrix, parameters, x, d_y, on_gpu })
    }

    fn features(&self) -> usize {
        self.shape.c * self.shape.h * self.shape.w
    }

    fn output(&self, gpu: &Gpu, name: &str) -> Tensor {
        Inputs::new(gpu).output(name, self.features(), self.shape.n)
    }

    fn weights(&self) -> Vec<f64> {
        self.matrix.weights(&self.parameters)
    }

    fn running(&self) -> Statistics {
        let [mean, variance] = self.matrix.statistics(&self.parameters);
        Statistics { mean, variance }
    }

    fn batch(&self) -> Statistics {
        reference::statistics(&self.x, self.images, &self.shape)
    }

    /// The batch's statistics as the device has them, [C, 4].
    fn batch_rows(&self) -> Vec<f64> {
        let (batch, zero) =
            (self.batch(), Statistics { mean: vec![0.0; self.shape.c], variance: vec![0.0; self.shape.c] });
        let distances = zero.distance(&batch, self.images, &self.shape);
        let row = |c: usize| {
            let [_, minus_unbiased] = distances[c];
            [batch.mean[c], 1.0 / (batch.variance[c] + EPSILON).sqrt(), -minus_unbiased, self.images as f64]
        };
        (0..self.shape.c).flat_map(row).collect()
    }

    /// The gradients of the matrix, [C, 4].
    fn gradient_rows(&self) -> Vec<f64> {
        let batch = self.batch();
        let (d_weights, d_biases) = reference::backward_weights(&self.d_y, &self.x, &batch, &self.shape);
        let distances = self.running().distance(&batch, self.images, &self.shape);
        let row = |c: usize| [d_weights[c], d_biases[c], distances[c][0], distances[c][1]];
        (0..self.shape.c).flat_map(row).collect()
    }

    /// Room for the gradients, behind others, with these numbers.
    fn parts(&self, gpu: &Gpu, rows: &[f64]) -> Parts {
        let [tensor] = updated(gpu, ["d_w"], [&[&[0.0; OFFSET], rows].concat()]);
        Parts { matrix: self.matrix.clone(), splits: 1, offset: OFFSET, tensor }
    }

    fn statistics(&self, gpu: &Gpu) -> Result<Prepared, GpuError> {
        let now = Time { step: 7, batch: 1, ..Time::START };
        let clock = guarded_clock(gpu, Clock { now, ..Clock::START });
        let batch = Tensor::poisoned(gpu, "batch", layer::statistics_length(&self.shape));
        let mut recording = Recording::new(gpu);
        let count = self.shape.n + self.images;
        let [_, x, _] = &self.on_gpu;
        layer::statistics(&mut recording, &self.shape, count, [&clock, x, &batch])?;
        let expected = Expected::Flat { values: self.batch_rows(), tolerance: ROUNDING };
        Ok(Prepared { recording, outputs: vec![Output { tensor: batch, expected }] })
    }

    fn forward(&self, gpu: &Gpu) -> Result<Prepared, GpuError> {
        let batch = Inputs::new(gpu).flat("batch", &self.batch_rows())?;
        self.normalised(gpu, &self.batch(), By::Batch(&batch))
    }

    fn forward_running(&self, gpu: &Gpu) -> Result<Prepared, GpuError> {
        self.normalised(gpu, &self.running(), By::Running)
    }

    fn normalised(&self, gpu: &Gpu, statistics: &Statistics, by: By) -> Result<Prepared, GpuError> {
        let (y, mut recording) = (self.output(gpu, "y"), Recording::new(gpu));
        let [parameters, x, _] = &self.on_gpu;
        let tensors = [parameters, x, &y];
        layer::forward(&mut recording, &self.shape, &self.matrix, Activation::Relu, by, tensors)?;
        let biases = self.matrix.biases(&self.parameters);
        let expected = relu(&reference::forward(&self.x, &self.weights(), &biases, statistics, &self.shape));
        Ok(prepared(recording, y, expected, self.shape.n))
    }

    fn gradients(&self, gpu: &Gpu) -> Result<Prepared, GpuError> {
        let rows = self.gradient_rows();
        let parts = self.parts(gpu, &vec![f64::NAN; rows.len()]);
        let batch = Inputs::new(gpu).flat("batch", &self.batch_rows())?;
        let mut recording = Recording::new(gpu);
        let [parameters, x, d_y] = &self.on_gpu;
        layer::gradients(&mut recording, &self.shape, [parameters, &batch, x, d_y], &parts)?;
        // What is normalised is up to some deviations large.
        let tolerance = 4.0 * sum_tolerance(self.shape.n * self.shape.h * self.shape.w);
        let expected = Expected::Parts { values: rows, splits: 1, tolerance };
        Ok(Prepared { recording, outputs: vec![Output { tensor: parts.tensor, expected }] })
    }

    fn backward(&self, gpu: &Gpu) -> Result<Prepared, GpuError> {
        let parts = self.parts(gpu, &self.gradient_rows());
        let batch = Inputs::new(gpu).flat("batch", &self.batch_rows())?;
        let (d_x, mut recording) = (self.output(gpu, "d_x"), Recording::new(gpu));
        let [parameters, x, d_y] = &self.on_gpu;
        let tensors = [parameters, &batch, x, d_y, &d_x];
        layer::backward(&mut recording, &self.shape, Activation::Relu, tensors, &parts)?;
        let (weights, by) = (self.weights(), self.batch());
        let expected = reference::backward_input(&self.d_y, &self.x, &weights, &by, self.images, &self.shape);
        Ok(prepared(recording, d_x, relu_backward(&expected, &self.x), self.shape.n))
    }

    fn backward_running(&self, gpu: &Gpu) -> Result<Prepared, GpuError> {
        let (d_x, mut recording) = (self.output(gpu, "d_x"), Recording::new(gpu));
        let [parameters, x, d_y] = &self.on_gpu;
        let tensors = [parameters, x, d_y, &d_x];
        layer::backward_running(&mut recording, &self.shape, &self.matrix, Activation::Relu, tensors)?;
        let expected = reference::backward_running(&self.d_y, &self.weights(), &self.running(), &self.shape);
        Ok(prepared(recording, d_x, relu_backward(&expected, &self.x), self.shape.n))
    }
}

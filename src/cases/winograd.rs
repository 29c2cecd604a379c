//! Cases of Winograd's convolution: its transforms and its products.

use super::passes::{pack_winners, winners_of};
use super::products::OFFSET;
use super::{Absent, Case, Expected, Inputs, Output, Prepared, sum_tolerance};
use crate::gpu::{Gpu, GpuError, Recording, Tensor};
use crate::layers::winograd as layer;
use crate::layers::{self, pool};
use crate::network::{Activation, Matrix};
use crate::reference::conv::ConvShape;
use crate::reference::pool::PoolShape;
use crate::reference::winograd::{self, POINTS, tiles};
use crate::reference::{self, relu};

/// Every step of a convolution by filters of 3 x 3 with a ReLU and a pooling behind it.
pub fn winograd(shape: ConvShape) -> [Case; 5] {
    let sizes = Sizes::new(shape);
    let Sizes { tiles, .. } = sizes;
    let ConvShape { n, c, h, w, f, .. } = shape;
    let text = format!("N {n} C {c} {h}x{w} F {f} K 3x3 pool 2");
    let case = |operation, flops: usize, numbers: usize, prepare: fn(&Sizes, &Gpu) -> Result<Prepared, GpuError>| {
        let (shape, sizes) = (text.clone(), sizes.clone());
        let prepare = Box::new(move |gpu: &Gpu| prepare(&sizes, gpu));
        Case { operation, shape, flops: flops as f64, bytes: 4.0 * numbers as f64, prepare }
    };
    let (x, y) = (n * c * h * w, n * f * tiles);
    let (u, v) = (POINTS * f * c, n * tiles * POINTS * c);
    let product = 2 * n * tiles * POINTS * f * c;
    [
        case("winograd/filters/forward", 28 * f * c, 9 * f * c + u, Sizes::filters),
        case("winograd/filters/backward", 28 * f * c, 9 * f * c + u + y, Sizes::filters_backward),
        case("winograd/input", 2 * v, x + v, Sizes::input),
        case("winograd/pooled", product, u + v + y, Sizes::pooled),
        case("winograd/backward_weights", product, u + y + v, Sizes::backward_weights),
    ]
}

#[derive(Clone)]
struct Sizes {
    shape: ConvShape,
    pool: PoolShape,
    tiles: usize,
    matrix: Matrix,
}

/// A gradient of a pooling, as kernels read it and as it looks to the convolution below.
struct PooledGradient {
    d_y: Tensor,
    winners: Tensor,
    /// [N, F, OH, OW], zero but at the winners
    d_sums: Vec<f64>,
}

impl Sizes {
    fn new(shape: ConvShape) -> Sizes {
        let [h, w] = shape.output();
        let pool = PoolShape { n: shape.n, c: shape.f, h, w, size: layers::conv::POOLED_SIZE };
        let matrix = Matrix::new(0, "w", &[shape.f, shape.c, 3, 3], OFFSET);
        Sizes { shape, pool, tiles: tiles(&shape).iter().product(), matrix }
    }

    fn filters(&self, gpu: &Gpu) -> Result<Prepared, GpuError> {
        let (mut inputs, matrix) = (Inputs::new(gpu), &self.matrix);
        let weights = inputs.values(matrix.rows * matrix.inputs);
        let flat = self.parameters(&weights, &vec![0.5; matrix.rows]);
        let u = winograd::transform_filters(&weights);
        let on_gpu = Tensor::poisoned(gpu, "u", u.len());
        let mut recording = Recording::new(gpu);
        layer::filters(&mut recording, &self.shape, matrix, [&inputs.flat("w", &flat)?, &on_gpu])?;
        let expected = Expected::Flat { values: u, tolerance: sum_tolerance(9) };
        Ok(Prepared { recording, outputs: vec![Output { tensor: on_gpu, expected }] })
    }

    fn filters_backward(&self, gpu: &Gpu) -> Result<Prepared, GpuError> {
        let (mut inputs, shape, matrix) = (Inputs::new(gpu), &self.shape, &self.matrix);
        let gradient = self.gradient(&mut inputs)?;
        let parts = inputs.values(layer::filters_gradient_length(shape));
        let d_w = Tensor::poisoned(gpu, "d_w", matrix.end());
        d_w.write(gpu, &[0.0f32; OFFSET]);
        let mut recording = Recording::new(gpu);
        let tensors = [&inputs.flat("d_u", &parts)?, &gradient.d_y, &gradient.winners, &d_w];
        layer::filters_backward(&mut recording, shape, matrix, tensors)?;

        let length = shape.f * shape.c;
        let mut d_u = vec![0.0; POINTS * length];
        for (part, numbers) in parts.chunks_exact(length).enumerate() {
            let point = part / (parts.len() / length / POINTS);
            for (sum, number) in d_u[point * length..].iter_mut().zip(numbers) {
                *sum += number;
            }
        }
        let mut biases = vec![0.0; shape.f];
        for (plane, numbers) in gradient.d_sums.chunks_exact(4 * self.tiles).enumerate() {
            biases[plane % shape.f] += numbers.iter().sum::<f64>();
        }
        let values = self.parameters(&winograd::transform_filters_backward(&d_u), &biases);
        let expected = Expected::Flat { values, tolerance: sum_tolerance(shape.n * self.tiles) };
        Ok(Prepared { recording, outputs: vec![Output { tensor: d_w, expected }] })
    }

    fn input(&self, gpu: &Gpu) -> Result<Prepared, GpuError> {
        let (mut inputs, shape) = (Inputs::new(gpu), &self.shape);
        let x = inputs.values(shape.n * shape.c * shape.h * shape.w);
        let v = Tensor::poisoned(gpu, "v", layer::input_length(shape));
        let mut recording = Recording::new(gpu);
        layer::input(&mut recording, shape, [&inputs.images("x", &x, shape.n, Absent::Anything)?, &v])?;
        Ok(self.images(recording, v, winograd::transform_input(&x, shape), 4))
    }

    fn pooled(&self, gpu: &Gpu) -> Result<Prepared, GpuError> {
        let (mut inputs, shape, matrix) = (Inputs::new(gpu), &self.shape, &self.matrix);
        let (u, v) = (self.u(&mut inputs), inputs.values(shape.n * self.tiles * POINTS * shape.c));
        let biases = inputs.values(shape.f);
        let flat = self.parameters(&vec![0.5; matrix.rows * matrix.inputs], &biases);
        let y = inputs.output("y", shape.f * self.tiles, shape.n);
        let winners = Tensor::poisoned(gpu, "winners", pool::winners_length(&self.pool));
        let mut recording = Recording::new(gpu);
        let on_gpu = inputs.images("v", &v, shape.n, Absent::Anything)?;
        let tensors = [&inputs.flat("w", &flat)?, &inputs.flat("u", &u)?, &on_gpu, &y, &winners];
        layer::pooled(&mut recording, shape, matrix, Activation::Relu, tensors)?;
        let m = winograd::multiply(&u, &v, shape);
        let activations = relu(&winograd::transform_output(&m, &biases, shape));
        let largest = reference::pool::forward(&activations, &self.pool);
        let expected = Expected::Winners { values: winners_of(&activations, &largest, &self.pool), n: shape.n };
        let mut prepared = self.images(recording, y, largest, 16 * shape.c);
        prepared.outputs.push(Output { tensor: winners, expected });
        Ok(prepared)
    }

    fn backward_weights(&self, gpu: &Gpu) -> Result<Prepared, GpuError> {
        let (mut inputs, shape) = (Inputs::new(gpu), &self.shape);
        let gradient = self.gradient(&mut inputs)?;
        let v = inputs.values(shape.n * self.tiles * POINTS * shape.c);
        let d_u = Tensor::poisoned(gpu, "d_u", layer::filters_gradient_length(shape));
        let mut recording = Recording::new(gpu);
        let on_gpu = inputs.images("v", &v, shape.n, Absent::Anything)?;
        layer::backward_weights(&mut recording, shape, [&gradient.d_y, &gradient.winners, &on_gpu, &d_u])?;

        // [group, POINTS, F, C] -> [POINTS, group, F, C]
        let d_m = winograd::transform_output_backward(&gradient.d_sums, shape);
        let length = shape.f * shape.c;
        let images = layers::capacity(shape.n) * POINTS * length / layer::filters_gradient_length(shape);
        let of_images = |channels| images * self.tiles * POINTS * channels;
        let groups: Vec<Vec<f64>> = d_m
            .chunks(of_images(shape.f))
            .zip(v.chunks(of_images(shape.c)))
            .map(|(d_m, v)| winograd::multiply_backward_weights(d_m, v, shape))
            .collect();
        let values = (0..POINTS)
            .flat_map(|point| groups.iter().flat_map(move |group| &group[point * length..(point + 1) * length]))
            .copied()
            .collect();
        let expected = Expected::Flat { values, tolerance: sum_tolerance(images * self.tiles) };
        Ok(Prepared { recording, outputs: vec![Output { tensor: d_u, expected }] })
    }

    /// All parameters, or their gradients, up to the layer's.
    fn parameters(&self, weights: &[f64], biases: &[f64]) -> Vec<f64> {
        let mut flat = vec![0.0; self.matrix.end()];
        self.matrix.fill(&mut flat, weights, biases);
        flat
    }

    /// [POINTS, F, C]
    fn u(&self, inputs: &mut Inputs) -> Vec<f64> {
        inputs.values(POINTS * self.shape.f * self.shape.c)
    }

    fn gradient(&self, inputs: &mut Inputs) -> Result<PooledGradient, GpuError> {
        let Sizes { shape, pool, tiles, .. } = self;
        let activations = relu(&inputs.values(4 * shape.n * shape.f * tiles));
        let winners = winners_of(&activations, &reference::pool::forward(&activations, pool), pool);
        let d_y = inputs.values(shape.n * shape.f * tiles);
        Ok(PooledGradient {
            d_y: inputs.images("d_y", &d_y, shape.n, Absent::Zero)?,
            winners: Tensor::new(inputs.gpu, "winners", &pack_winners(&winners, shape.n))?,
            d_sums: reference::relu_backward(&reference::pool::backward(&d_y, &activations, pool), &activations),
        })
    }

    fn images(&self, recording: Recording, tensor: Tensor, values: Vec<f64>, terms: usize) -> Prepared {
        let expected = Expected::Images { values, n: self.shape.n, tolerance: sum_tolerance(terms) };
        Prepared { recording, outputs: vec![Output { tensor, expected }] }
    }
}

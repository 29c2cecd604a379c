//! Cases of the products that go back through a pooling in their epilogue: of their gradient by the input they store what the
//! pooling's backward pass makes of it.

use super::passes::{pack_winners, winners_of};
use super::products::{OFFSET, parameters};
use super::{Absent, Case, Expected, Inputs, Output, Prepared, dropped, sum_tolerance};
use crate::gpu::{Gpu, GpuError, Recording, Tensor};
use crate::layers;
use crate::layers::epilogue::Below;
use crate::layers::transpose::Turned;
use crate::network::Matrix;
use crate::reference::conv::ConvShape;
use crate::reference::dense::DenseShape;
use crate::reference::pool::PoolShape;
use crate::reference::{self, relu, relu_backward};

/// A convolution by `f` filters of 3 x 3 on what dropout left of what a pooling above a ReLU made.
pub fn conv(pool: PoolShape, f: usize) -> Case {
    let [h, w] = pool.output();
    let shape = ConvShape { n: pool.n, c: pool.c, h, w, f, kernel: [3, 3], padding: [1, 1], stride: 1, crop: [0, 0] };
    let layer = Layer { pool, y: f * h * w, terms: 9 * f, matrix: Matrix::new(0, "w", &[f, pool.c, 3, 3], OFFSET) };
    layer.case("conv/backward_input/pool", format!("F {f} K 3x3 pad 1"), move |layer, gpu| {
        let d_x = |w: &[f64], d_y: &[f64]| reference::conv::backward_input(d_y, w, &shape);
        layer.prepare(gpu, d_x, |r, below, turned, tensors| {
            layers::conv::backward_input(r, &shape, below, turned, tensors)
        })
    })
}

/// A dense layer on the same.
pub fn dense(pool: PoolShape, units: usize) -> Case {
    let inputs = pool.c * pool.output().iter().product::<usize>();
    let shape = DenseShape { n: pool.n, inputs, units };
    let layer = Layer { pool, y: units, terms: units, matrix: Matrix::new(0, "w", &[units, inputs], OFFSET) };
    layer.case("dense/backward_input/pool", format!("F {units}"), move |layer, gpu| {
        let d_x = |w: &[f64], d_y: &[f64]| reference::dense::backward_input(d_y, w, &shape);
        layer.prepare(gpu, d_x, |r, below, turned, tensors| {
            layers::dense::backward_input(r, &shape, below, turned, tensors)
        })
    })
}

/// A layer with weights above a pooling, with `y` numbers an image, each of `terms` products on the way back.
struct Layer {
    pool: PoolShape,
    y: usize,
    terms: usize,
    matrix: Matrix,
}

impl Layer {
    fn case(
        self,
        operation: &'static str,
        sizes: String,
        prepare: impl Fn(&Layer, &Gpu) -> Result<Prepared, GpuError> + Send + Sync + 'static,
    ) -> Case {
        let PoolShape { n, c, h, w, size } = self.pool;
        let pooled = c * self.pool.output().iter().product::<usize>();
        let flops = (2 * n * pooled * self.terms) as f64;
        let bytes = 4.0 * (n * (c * h * w + pooled + self.y) + self.matrix.rows * self.matrix.inputs) as f64;
        let shape = format!("N {n} C {c} {h}x{w} size {size} {sizes}");
        Case { operation, shape, flops, bytes, prepare: Box::new(move |gpu| prepare(&self, gpu)) }
    }

    /// Sums by `reference` from weights and d_y, through dropout, pooling and ReLU.
    fn prepare(
        &self,
        gpu: &Gpu,
        reference: impl Fn(&[f64], &[f64]) -> Vec<f64>,
        layer: impl Fn(&mut Recording, Below, &Turned, [&Tensor; 3]) -> Result<(), GpuError>,
    ) -> Result<Prepared, GpuError> {
        let pool = &self.pool;
        let mut inputs = Inputs::new(gpu);
        let parameters = parameters(&self.matrix, &mut inputs);
        let (d_y, sums) = (inputs.values(pool.n * self.y), relu(&inputs.values(pool.n * pool.c * pool.h * pool.w)));
        let largest = reference::pool::forward(&sums, pool);
        let (dropout, _) = dropped::draw(gpu, largest.len() / pool.n, pool.n)?;
        let x = inputs.images("x", &reference::dropout::forward(&largest, &dropout), pool.n, Absent::Anything)?;
        let winners = Tensor::new(gpu, "winners", &pack_winners(&winners_of(&sums, &largest, pool), pool.n))?;
        let w_t = inputs.flat("w_t", &reference::transpose::weights(&parameters, &self.matrix))?;
        let turned = Turned { matrix: self.matrix.clone(), offset: 0, tensor: w_t };
        let d_sums = inputs.output("d_sums", pool.c * pool.h * pool.w, pool.n);
        d_sums.write(gpu, &vec![0.0_f32; d_sums.len()]);
        let on_gpu = inputs.images("d_y", &d_y, pool.n, Absent::Zero)?;
        let mut recording = Recording::new(gpu);
        let below = Below::relu_and(&dropout).through(pool, &winners);
        layer(&mut recording, below, &turned, [&on_gpu, &x, &d_sums])?;
        let d_x = reference::dropout::backward(&reference(&self.matrix.weights(&parameters), &d_y), &dropout);
        let values = relu_backward(&reference::pool::backward(&d_x, &sums, pool), &sums);
        let expected = Expected::Images { values, n: pool.n, tolerance: 2.0 * sum_tolerance(self.terms) };
        Ok(Prepared { recording, outputs: vec![Output { tensor: d_sums, expected }] })
    }
}

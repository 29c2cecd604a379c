//! Weights turned for the backward pass to the input: `shaders/transpose.wgsl`.

use super::record_each;
use crate::gpu::{Gpu, GpuError, Recording, Source, Tensor};
use crate::network::Matrix;

/// Where a weight matrix lies turned: [C, taps, F], with F rounded up to a multiple of four, from `offset` on.
#[derive(Clone)]
pub struct Turned {
    pub matrix: Matrix,
    pub offset: usize,
    pub tensor: Tensor,
}

impl Turned {
    /// Room for one matrix.
    ///
    /// # Errors
    /// More than the adapter can bind.
    pub fn new(gpu: &Gpu, matrix: &Matrix) -> Result<Turned, GpuError> {
        let tensor = Tensor::zeros(gpu, &format!("{} transposed", matrix.name), length(matrix))?;
        Ok(Turned { matrix: matrix.clone(), offset: 0, tensor })
    }
}

/// The length of the turned weights.
pub fn length(matrix: &Matrix) -> usize {
    matrix.inputs * matrix.rows.next_multiple_of(4)
}

/// parameters (the flat vector, of which the matrix is a part) -> the turned weights
pub fn forward(recording: &mut Recording, parameters: &Tensor, turned: &Turned) -> Result<(), GpuError> {
    let Turned { matrix, offset, tensor } = turned;
    let source = Source::new("forward", &["transpose", "each"])
        .with("C", matrix.weight_shape[1])
        .with("F", matrix.rows)
        .with("TAPS", matrix.weight_shape[2..].iter().product::<usize>())
        .with("STRIDE4", matrix.stride / 4)
        .with("W_OFFSET4", matrix.offset / 4)
        .with("W_T_OFFSET4", offset / 4);
    let blocks = matrix.inputs.div_ceil(4) * matrix.rows.div_ceil(4);
    record_each(recording, &source, &[("w", parameters), ("w_t", tensor)], blocks)
}

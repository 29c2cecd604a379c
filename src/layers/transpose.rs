//! Weights turned for the backward pass to the input: `shaders/transpose.wgsl`.

use super::record_each;
use crate::gpu::{GpuError, Recording, Source, Tensor};
use crate::network::Matrix;

/// The length of the turned weights, [C, taps, F] with F rounded up to a multiple of four.
pub fn length(matrix: &Matrix) -> usize {
    let (channels, taps) = channels_and_taps(matrix);
    channels * taps * matrix.rows.next_multiple_of(4)
}

/// parameters (the flat vector, of which `matrix` is a part) -> w_t [C, taps, F]
pub fn forward(recording: &mut Recording, matrix: &Matrix, [parameters, w_t]: [&Tensor; 2]) -> Result<(), GpuError> {
    let (channels, taps) = channels_and_taps(matrix);
    let source = Source::new("forward", &["transpose", "each"])
        .with("C", channels)
        .with("F", matrix.rows)
        .with("TAPS", taps)
        .with("STRIDE4", matrix.stride / 4)
        .with("W_OFFSET4", matrix.offset / 4);
    let blocks = matrix.inputs.div_ceil(4) * matrix.rows.div_ceil(4);
    record_each(recording, &source, &[("w", parameters), ("w_t", w_t)], blocks)
}

fn channels_and_taps(matrix: &Matrix) -> (usize, usize) {
    (matrix.weight_shape[1], matrix.weight_shape[2..].iter().product())
}

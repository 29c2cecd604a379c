//! Sums of partial weight gradients: `shaders/reduce.wgsl`.

use super::product::Product;
use super::record_each;
use crate::gpu::{GpuError, Recording, Source, Tensor};
use crate::network::Matrix;

/// parts [splits, rows * stride] -> the part of d_parameters that is `matrix`'s.
pub fn sum(
    recording: &mut Recording,
    splits: usize,
    matrix: &Matrix,
    [parts, d_parameters]: [&Tensor; 2],
) -> Result<(), GpuError> {
    let length4 = matrix.rows * matrix.stride / 4;
    let source = Source::new("forward", &["reduce", "each"])
        .with("SPLITS", splits)
        .with("LENGTH4", length4)
        .with("W_OFFSET4", matrix.offset / 4);
    record_each(recording, &source, &[("parts", parts), ("d_w", d_parameters)], length4)
}

/// Records a weight gradient: into its place when it is computed in one part, else into parts that are then added up.
pub(super) fn record_parts(
    recording: &mut Recording,
    product: &Product,
    operation: Source,
    matrix: &Matrix,
    [d_y, x, d_parameters]: [&Tensor; 3],
) -> Result<(), GpuError> {
    let operation = operation.with("RELU", false).with("RELU_BELOW", false);
    if product.splits == 1 {
        let source = operation.with("W_OFFSET4", matrix.offset / 4);
        return product.record(recording, source, &[("d_y", d_y), ("x", x), ("d_w", d_parameters)]);
    }
    let name = format!("parts of d_{}", matrix.name);
    let parts = Tensor::zeros(recording.gpu(), &name, product.splits * matrix.rows * matrix.stride)?;
    product.record(recording, operation.with("W_OFFSET4", 0u32), &[("d_y", d_y), ("x", x), ("d_w", &parts)])?;
    sum(recording, product.splits, matrix, [&parts, d_parameters])
}

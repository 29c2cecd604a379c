//! Sums of partial weight gradients: `shaders/reduce.wgsl`.

use super::product::{Columns, Product, splits};
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

/// Records a weight gradient, a sum over `inner_blocks`: into its place when it is computed in one part, else into parts that are then added up.
pub(super) fn record_parts(
    recording: &mut Recording,
    operation: Source,
    inner_blocks: usize,
    matrix: &Matrix,
    [d_y, x, d_parameters]: [&Tensor; 3],
) -> Result<(), GpuError> {
    let splits = splits(inner_blocks);
    let columns = Columns::Blocks(matrix.stride / 4);
    let product = Product { rows: matrix.rows, columns, inner_blocks, parts: splits, splits };
    let operation = operation.with("STRIDE4", matrix.stride / 4).with("RELU", false).with("RELU_BELOW", false);
    if splits == 1 {
        let source = operation.with("W_OFFSET4", matrix.offset / 4);
        return product.record(recording, source, &[("d_y", d_y), ("x", x), ("d_w", d_parameters)]);
    }
    let name = format!("parts of d_{}", matrix.name);
    let parts = Tensor::zeros(recording.gpu(), &name, splits * matrix.rows * matrix.stride)?;
    product.record(recording, operation.with("W_OFFSET4", 0u32), &[("d_y", d_y), ("x", x), ("d_w", &parts)])?;
    sum(recording, splits, matrix, [&parts, d_parameters])
}

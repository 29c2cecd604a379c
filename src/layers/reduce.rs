//! Sums of partial weight gradients: `shaders/reduce.wgsl`.

use super::product::{Columns, Product, Scales, splits};
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

/// The sizes of the product that computes a weight gradient.
pub(super) struct WeightGradient {
    pub rows: usize,
    pub column_blocks: usize,
    pub inner_blocks: usize,
    pub scales: Scales,
}

/// Records a weight gradient, which `operation` computes from `operands`: into its place in d_parameters when it is
/// computed in one part, else into parts that are then added up.
pub(super) fn record_parts(
    recording: &mut Recording,
    operation: Source,
    gradient: &WeightGradient,
    matrix: &Matrix,
    operands: &[(&str, &Tensor)],
    d_parameters: &Tensor,
) -> Result<(), GpuError> {
    let WeightGradient { rows, column_blocks, inner_blocks, scales } = *gradient;
    let splits = splits(inner_blocks);
    let product =
        Product { rows, columns: Columns::Blocks(column_blocks), inner_blocks, parts: splits, splits, scales };
    let bind = |d_w| [operands, &[("d_w", d_w)]].concat();
    let operation = operation.with("STRIDE4", matrix.stride / 4).with("RELU", false).with("RELU_BELOW", false);
    if splits == 1 {
        let source = operation.with("W_OFFSET4", matrix.offset / 4);
        return product.record(recording, source, &bind(d_parameters));
    }
    let name = format!("parts of d_{}", matrix.name);
    let parts = Tensor::zeros(recording.gpu(), &name, splits * matrix.rows * matrix.stride)?;
    product.record(recording, operation.with("W_OFFSET4", 0u32), &bind(&parts))?;
    sum(recording, splits, matrix, [&parts, d_parameters])
}

//! Sums of partial weight gradients: `shaders/reduce.wgsl`.

use super::product::{Columns, Innermost, Product, Scales};
use super::tiles::MULTIPROCESSORS;
use super::{EACH_WORKGROUP, record_each};
use crate::gpu::{Core, GpuError, Recording, Source, Tensor};
use crate::network::Matrix;

/// parts [splits, rows * stride] -> the part of d_parameters that is `matrix`'s.
pub fn sum(
    recording: &mut Recording,
    splits: usize,
    matrix: &Matrix,
    [parts, d_parameters]: [&Tensor; 2],
) -> Result<(), GpuError> {
    /// Invocations that add up the parts of the same numbers, at most.
    const MOST_LANES: usize = 32;
    /// Parts that each of them should have.
    const PARTS_OF_A_LANE: usize = 4;
    let length4 = matrix.rows * matrix.stride / 4;
    let lanes = match recording.gpu().settings().core {
        // Software drivers are busy with a lane for each number, and barriers are dear there.
        Core::Broadcast { .. } => 1,
        Core::Tile | Core::Cooperative { .. } => (splits / PARTS_OF_A_LANE).next_power_of_two().min(MOST_LANES),
    };
    let source = Source::new("forward", &["reduce", "each"])
        .with("SPLITS", splits)
        .with("LENGTH4", length4)
        .with("LANES", lanes)
        .with("W_OFFSET4", matrix.offset / 4);
    let workgroups = length4.div_ceil(EACH_WORKGROUP / lanes);
    record_each(recording, &source, &[("parts", parts), ("d_w", d_parameters)], workgroups * EACH_WORKGROUP)
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
    let splits = splits(recording.gpu().settings().core, gradient);
    let product = Product {
        rows,
        columns: Columns::Blocks(column_blocks),
        inner_blocks,
        parts: splits,
        splits,
        innermost: Innermost::Inner,
        scales,
    };
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

/// In how many parts a weight gradient is summed: its result is small and its sum long, and parts run side by side. It follows
/// from the core and the shape alone, and so does the order in which numbers are added.
fn splits(core: Core, gradient: &WeightGradient) -> usize {
    let WeightGradient { rows, column_blocks, inner_blocks, .. } = *gradient;
    let part_blocks = match core {
        Core::Broadcast { .. } => {
            const BLOCKS_OF_A_PART: usize = 256;
            const MOST_PARTS: usize = 32;
            inner_blocks.div_ceil(inner_blocks.div_ceil(BLOCKS_OF_A_PART).min(MOST_PARTS))
        }
        Core::Tile | Core::Cooperative { .. } => {
            /// Rows and column blocks of a large tile.
            const TILE: [usize; 2] = [48, 16];
            /// Two for each multiprocessor of a large GPU, so that one multiplies while another waits.
            const WORKGROUPS: usize = 2 * MULTIPROCESSORS;
            const LEAST_BLOCKS_OF_A_PART: usize = 64;
            /// Inner blocks that workgroups go through in whole rounds.
            const ROUNDS: usize = 16;
            let most = (inner_blocks / LEAST_BLOCKS_OF_A_PART).max(1);
            let tiles = rows.div_ceil(TILE[0]) * column_blocks.div_ceil(TILE[1]);
            let parts = (WORKGROUPS / tiles).clamp(1, most);
            inner_blocks.div_ceil(parts).next_multiple_of(ROUNDS).min(inner_blocks)
        }
    };
    // Rounding the parts up may leave nothing for the last of them.
    inner_blocks.div_ceil(part_blocks)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_part_is_empty_and_short_sums_have_one() {
        let splits = |core, rows, column_blocks, inner_blocks| {
            splits(core, &WeightGradient { rows, column_blocks, inner_blocks, scales: Scales::NONE })
        };
        for core in [Core::Tile, Core::Broadcast { lanes: 8 }] {
            for inner_blocks in 1..3000 {
                let splits = splits(core, 12, 8, inner_blocks);
                assert!((splits - 1) * inner_blocks.div_ceil(splits) < inner_blocks, "{splits} of {inner_blocks}");
            }
            assert_eq!(splits(core, 500, 301, 32), 1);
        }
        assert_eq!(splits(Core::Broadcast { lanes: 8 }, 12, 8, 21_632), 32);
        assert_eq!(splits(Core::Tile, 12, 8, 21_632), 226);
        assert_eq!(splits(Core::Tile, 48, 73, 3200), 50);
    }
}

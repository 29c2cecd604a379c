//! Weight gradients in parts: a gradient is small and its sum long, so parts of the sum run side by side. What adds them up is
//! [`super::update`].

use super::product::{Bias, Columns, Innermost, MULTIPROCESSORS, Product, Scales};
use crate::gpu::{Core, GpuError, Recording, Source, Tensor};
use crate::network::Matrix;

/// Where the gradient of a weight matrix is computed: [splits, rows, stride] from `offset` on.
#[derive(Clone)]
pub struct Parts {
    pub matrix: Matrix,
    /// In how many parts.
    pub splits: usize,
    pub offset: usize,
    pub tensor: Tensor,
}

/// The sizes of the product that computes a weight gradient.
pub struct WeightGradient {
    pub(super) rows: usize,
    pub(super) column_blocks: usize,
    pub(super) inner_blocks: usize,
    pub(super) scales: Scales,
}

impl WeightGradient {
    /// In how many parts it is computed. It follows from the core and the shape alone, and so does the order in which numbers are
    /// added.
    pub fn splits(&self, core: Core) -> usize {
        let WeightGradient { rows, column_blocks, inner_blocks, .. } = *self;
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

    /// Records the product, which `operation` computes from `operands`.
    pub(super) fn record(
        &self,
        recording: &mut Recording,
        operation: Source,
        operands: &[(&str, &Tensor)],
        parts: &Parts,
    ) -> Result<(), GpuError> {
        let product = Product {
            rows: self.rows,
            columns: Columns::Blocks(self.column_blocks),
            inner_blocks: self.inner_blocks,
            parts: parts.splits,
            splits: parts.splits,
            innermost: Innermost::Inner,
            bias: Bias::Within,
            scales: self.scales,
        };
        let operation = operation
            .with("STRIDE4", parts.matrix.stride / 4)
            .with("W_OFFSET4", parts.offset / 4)
            .with("RELU", false)
            .with("RELU_BELOW", false);
        product.record(recording, operation, &[operands, &[("d_w", &parts.tensor)]].concat())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_part_is_empty_and_short_sums_have_one() {
        let splits = |core, rows, column_blocks, inner_blocks| {
            WeightGradient { rows, column_blocks, inner_blocks, scales: Scales::NONE }.splits(core)
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

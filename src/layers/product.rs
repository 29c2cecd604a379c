//! One matrix product: joins an operation's file to a core and chooses the core's tile.

use super::record;
use crate::gpu::{Core, GpuError, Recording, Source, Tensor};

/// The sizes of a product C[m, n] = sum over k of A[m, k] B[k, n], n and k in blocks of four.
pub(super) struct Product {
    pub rows: usize,
    pub columns: Columns,
    pub inner_blocks: usize,
    /// The parts into which the inner index is cut: equal ones, but for the last.
    pub parts: usize,
    /// The results that the parts are added up in; one, or one for each part.
    pub splits: usize,
}

/// How the columns are handed to invocations.
#[derive(Clone, Copy)]
pub(super) enum Columns {
    /// So many blocks, one to each invocation.
    Blocks(usize),
    /// So many windows of so many blocks, a window to each invocation.
    Windows { count: usize, blocks: usize },
}

impl Product {
    /// Records the product of `operation`, which brings its own constants.
    pub fn record(
        &self,
        recording: &mut Recording,
        mut operation: Source,
        tensors: &[(&str, &Tensor)],
    ) -> Result<(), GpuError> {
        if let Columns::Blocks(_) = self.columns {
            operation.files.push("matmul/blocks");
        }
        let (source, workgroups) = match recording.gpu().settings().core {
            Core::Broadcast { lanes } if self.is_narrow(lanes as usize) => self.rows(operation, lanes as usize),
            Core::Broadcast { lanes } => self.broadcast(operation, lanes as usize),
            Core::Tile => self.tile(operation),
        };
        let source = source
            .with("PARTS", self.parts)
            .with("PART_BLOCKS", self.inner_blocks.div_ceil(self.parts))
            .with("SPLITS", self.splits);
        record(recording, &source, tensors, workgroups)
    }

    /// `matmul/broadcast.wgsl`: as many rows as pay, since each load of B serves them all.
    fn broadcast(&self, operation: Source, lanes: usize) -> (Source, [usize; 3]) {
        /// A longer loop no longer fits the processor's cache of decoded instructions.
        const MOST_ROWS: usize = 48;
        /// Accumulators of an invocation, each a `vec4<f32>`: more no longer fit its first-level cache.
        const MOST_ACCUMULATORS: usize = 96;
        let (columns, blocks) = self.columns();
        // A tile costs its rows, wasted ones too, and its loads of B, which cost about as much as eight rows.
        let groups = (1..=(MOST_ROWS.min(MOST_ACCUMULATORS / blocks) / lanes).max(1))
            .min_by_key(|groups| self.rows.div_ceil(groups * lanes) * (groups * lanes + 8))
            .expect("there is at least one group");
        let mut source = operation.with("LANES", lanes).with("GROUPS", groups).with("BLOCKS", blocks);
        source.files.push("matmul/broadcast");
        (source, [columns.div_ceil(lanes), self.rows.div_ceil(groups * lanes), self.splits])
    }

    /// Whether the columns would leave most lanes idle.
    fn is_narrow(&self, lanes: usize) -> bool {
        matches!(self.columns, Columns::Blocks(count) if 2 * count <= lanes)
    }

    /// `matmul/rows.wgsl`: lanes along the rows.
    fn rows(&self, operation: Source, lanes: usize) -> (Source, [usize; 3]) {
        const MOST_ACCUMULATORS: usize = 8;
        let (columns, blocks) = self.columns();
        let groups = (MOST_ACCUMULATORS / columns).clamp(1, self.rows.div_ceil(lanes));
        let mut source = operation.with("LANES", lanes).with("GROUPS", groups).with("BLOCKS", blocks);
        source = source.with("TILE_COLUMNS", columns);
        source.files.push("matmul/rows");
        (source, [1, self.rows.div_ceil(groups * lanes), self.splits])
    }

    /// `matmul/tile.wgsl`: 64 rows by 16 column blocks.
    fn tile(&self, operation: Source) -> (Source, [usize; 3]) {
        let (columns, blocks) = self.columns();
        let mut source = operation.with("BLOCKS", blocks).with("ROWS", 8 / blocks);
        source.files.push("matmul/tile");
        (source, [columns.div_ceil(16 / blocks), self.rows.div_ceil(64), self.splits])
    }

    /// How many invocations share the columns, and how many blocks each has.
    fn columns(&self) -> (usize, usize) {
        match self.columns {
            Columns::Windows { count, blocks } => (count, blocks),
            Columns::Blocks(count) => (count, 1),
        }
    }
}

/// In how many parts a weight gradient is summed: its result is small and its sum long, and parts run side by side. The
/// rule depends on the shape alone, so that every core adds in the same parts.
pub(super) fn splits(inner_blocks: usize) -> usize {
    const BLOCKS_OF_A_SPLIT: usize = 256;
    const MOST_SPLITS: usize = 32;
    let splits = inner_blocks.div_ceil(BLOCKS_OF_A_SPLIT).min(MOST_SPLITS);
    // Rounding the parts up may leave nothing for the last of them.
    inner_blocks.div_ceil(inner_blocks.div_ceil(splits))
}

//! The shapes that `shaders/matmul/cooperative.wgsl` can have for a product, and the rule that puts them in order.
//!
//! The rule's constants were fitted to what an earlier form of the core took on an NVIDIA H100: the seed network's products for
//! a batch of 128, its weight gradients in three numbers of parts, each in 20 shapes, 300 in all. Half of the times that it
//! expects are within 7 % of those measured. Of the shapes that were measured, the one that it expects to be the fastest takes
//! 6 % longer than the fastest on average, 42 % at worst.
//!
//! Most of those shapes take more workgroup memory than WebGPU's default limits allow. With the shapes that are put first here,
//! which keep to them, a step of the seed network in mixed precision takes 99 to 108 us where one in single precision takes 142 to
//! 151, on that card.

use super::MOST_WORKGROUPS;
use super::product::{Innermost, MOST_BYTES, MOST_INVOCATIONS, MULTIPROCESSORS, Product, TOO_MANY_WORKGROUPS};
use crate::gpu::Matrices;

/// What multiplies: subgroups of up to `lanes` invocations, which hold fragments of `size` x `size` numbers together.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unit {
    pub lanes: usize,
    pub size: usize,
    pub matrices: Matrices,
}

/// How a workgroup divides the work on its tile of C: the constants of the shader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shape {
    /// Subgroups that deal out the fragments of k of the same results. It says in which order a sum is added, so it follows
    /// from the product alone.
    pub shares: usize,
    /// Inner blocks that are in workgroup memory at a time: whole fragments, as many for each share, so that a share has every
    /// `shares`-th fragment of a part however many these are.
    pub round: usize,
    /// Subgroups of a share along the rows and along the columns.
    pub down: usize,
    pub across: usize,
    /// Fragments of a subgroup along the rows and along the columns.
    pub rows: usize,
    pub columns: usize,
}

/// Numbers that end a row of A or B and one of C in workgroup memory, as in the shader.
const LEFT_OUT: usize = 8;
const LEFT_OUT_OF_C: usize = 4;

impl Shape {
    pub fn tile_rows(&self, unit: Unit) -> usize {
        self.rows * self.down * unit.size
    }

    /// Column blocks of a tile.
    pub fn tile_blocks(&self, unit: Unit) -> usize {
        self.columns * self.across * unit.size / 4
    }

    pub fn invocations(&self, unit: Unit) -> usize {
        self.shares * self.down * self.across * unit.lanes
    }

    /// Blocks of A and of B that an invocation loads in a round.
    pub fn loads(&self, unit: Unit) -> [usize; 2] {
        [self.tile_rows(unit), self.tile_blocks(unit)].map(|side| (self.round * side).div_ceil(self.invocations(unit)))
    }

    /// Workgroup memory for A and B, and for a stage of C.
    pub fn memory(&self, unit: Unit, innermost: Innermost) -> [usize; 2] {
        let (depth, width) = (4 * self.round, 4 * self.tile_blocks(unit));
        let (b_rows, b_row) = if innermost == Innermost::Inner { (width, depth) } else { (depth, width) };
        let [a, b] = [self.tile_rows(unit) * (depth + LEFT_OUT), b_rows * (b_row + LEFT_OUT)];
        let stage = self.shares * self.down * unit.size * (self.across * unit.size + LEFT_OUT_OF_C);
        [unit.bytes_of_operand() * (a + b), size_of::<f32>() * stage]
    }

    /// Whether the shader is made for it, and a driver will keep its numbers in registers.
    fn is_possible(&self, unit: Unit, product: &Product) -> bool {
        const MOST_LOADS: [usize; 2] = [8, 4];
        let [a, b] = self.loads(unit);
        // What a fragment has for each lane must do, where lanes are few.
        let most_a = MOST_LOADS[0].max(unit.size.pow(2) / (4 * unit.lanes));
        self.invocations(unit) <= MOST_INVOCATIONS
            && self.rows * self.columns <= unit.most_fragments()
            && a <= most_a
            && b <= MOST_LOADS[1]
            && self.memory(unit, product.innermost).iter().sum::<usize>() <= MOST_BYTES
    }

    /// About how long the product takes, in eighths of a multiprocessor's cycles.
    fn cost(&self, unit: Unit, product: &Product) -> u64 {
        /// To bring a block of four numbers to workgroup memory, to read 16 x 16 numbers from there, to multiply two such
        /// fragments, and to store a number of C.
        const LOAD: usize = 3;
        const READ: usize = 40;
        const MULTIPLY: usize = 32;
        const STORE: usize = 3;
        /// Until a round's first numbers are there, and until the sum of a fragment can take the next. A multiprocessor that
        /// has other workgroups works on those meanwhile.
        const WAIT: usize = 5600;
        const WAIT_FOR_SUM: usize = 160;
        const MOST_AT_A_TIME: usize = 6;
        const FRAGMENT: usize = 16;
        let (columns, blocks) = product.columns();
        let (rows, width, depth) = (self.tile_rows(unit), 4 * self.tile_blocks(unit), 4 * self.round);
        let across = (columns * blocks).div_ceil(self.tile_blocks(unit));
        if across > MOST_WORKGROUPS {
            return TOO_MANY_WORKGROUPS;
        }
        let turns = (product.rows.div_ceil(rows) * across * product.splits).div_ceil(MULTIPROCESSORS);
        let rounds = product.part_blocks().div_ceil(self.round) * (product.parts / product.splits);
        let read = (rows * self.across + width * self.down) * depth / FRAGMENT.pow(2);
        let multiplied = rows * width * depth / FRAGMENT.pow(3);
        let work = LOAD * self.round * (rows + width) + READ * read + MULTIPLY * multiplied;
        let sums = self.rows * self.columns * depth / (unit.size * self.shares);
        let wait = (WAIT + WAIT_FOR_SUM * sums) / turns.min(MOST_AT_A_TIME);
        (turns * (rounds * (work + wait) + STORE * rows * width)) as u64
    }
}

impl Unit {
    fn bytes_of_operand(self) -> usize {
        match self.matrices {
            Matrices::Cooperative => 2,
            Matrices::Emulated => size_of::<f32>(),
        }
    }

    /// Fragments of C that a subgroup holds, at most.
    fn most_fragments(self) -> usize {
        /// Each is written out.
        const MOST: usize = 12;
        const MOST_NUMBERS_OF_A_LANE: usize = 64;
        match self.matrices {
            Matrices::Cooperative => MOST.min(MOST_NUMBERS_OF_A_LANE * self.lanes / self.size.pow(2)).max(1),
            // They lie in no registers.
            Matrices::Emulated => MOST,
        }
    }

    /// Subgroups along the columns, at least: a stage has whole windows.
    fn least_across(self, product: &Product) -> usize {
        (4 * product.columns().1).div_ceil(self.size)
    }
}

/// The shapes for a product, of so many invocations if their number is given and there are such, the one first that should be
/// the fastest: of equal ones, that with the most invocations. Each has another tile, and all add in the same order.
pub(super) fn shapes(unit: Unit, product: &Product, invocations: Option<usize>) -> Vec<Shape> {
    /// Each costs the time to compile and measure it.
    const MOST: usize = 6;
    let mut all = possible(unit, product);
    let is_asked_for = |shape: &Shape| invocations == Some(shape.invocations(unit));
    if all.iter().any(is_asked_for) {
        all.retain(is_asked_for);
    }
    all.sort_by_key(|shape| (shape.cost(unit, product), std::cmp::Reverse(shape.invocations(unit))));
    let mut shapes: Vec<Shape> = Vec::new();
    for shape in all {
        let is_same_tile = |other: &Shape| {
            (other.tile_rows(unit), other.tile_blocks(unit)) == (shape.tile_rows(unit), shape.tile_blocks(unit))
        };
        let is_default = shapes.is_empty();
        let is_another =
            shapes.len() < MOST && shape.cost(unit, product) < TOO_MANY_WORKGROUPS && !shapes.iter().any(is_same_tile);
        if is_default || is_another {
            shapes.push(shape);
        }
    }
    shapes
}

/// The subgroups that deal out the k of a result: the fewer results a product has, the more.
fn shares(unit: Unit, product: &Product) -> usize {
    const MOST_SHARES: usize = 4;
    /// Results, in blocks of four, times the square of the shares.
    const BUSY: u64 = 3 << 18;
    /// Fragments of k that each has, at least.
    const FRAGMENTS: usize = 2;
    let (columns, blocks) = product.columns();
    let results = (product.rows * blocks * product.splits) as u64 * columns as u64;
    let fit = MOST_INVOCATIONS / (unit.lanes * unit.least_across(product));
    let fragments = (4 * product.part_blocks()).div_ceil(unit.size);
    let pays = |shares: &usize| results * (shares * shares) as u64 <= BUSY && FRAGMENTS * shares <= fragments;
    let doubled = |shares: &usize| Some(2 * shares);
    std::iter::successors(Some(2), doubled)
        .take_while(|shares| *shares <= MOST_SHARES.min(fit) && pays(shares))
        .last()
        .unwrap_or(1)
}

/// Every shape that the shader can have for a product.
fn possible(unit: Unit, product: &Product) -> Vec<Shape> {
    const DOWN: [usize; 3] = [1, 2, 4];
    const ACROSS: [usize; 4] = [1, 2, 4, 8];
    const ROWS: [usize; 5] = [1, 2, 3, 4, 6];
    const COLUMNS: [usize; 4] = [1, 2, 4, 8];
    const MOST_BLOCKS_OF_A_ROUND: usize = 32;
    let shares = shares(unit, product);
    // Rounds of whole fragments, as many for each share, and none longer than a part.
    let step = shares * unit.size / 4;
    let most = MOST_BLOCKS_OF_A_ROUND.min(product.part_blocks().next_multiple_of(step));
    let least_across = unit.least_across(product);
    let mut shapes = Vec::new();
    for down in DOWN {
        // Rows beyond the last of C are wasted.
        let has_rows = |rows: &usize| down * rows == 1 || (down * rows - 1) * unit.size < product.rows;
        for rows in ROWS.into_iter().filter(has_rows) {
            for across in ACROSS.into_iter().filter(|across| *across >= least_across) {
                for columns in COLUMNS {
                    let shape = |round| Shape { shares, round, down, across, rows, columns };
                    let rounds = (step..=most.max(step)).step_by(step);
                    shapes.extend(rounds.map(shape).filter(|shape| shape.is_possible(unit, product)));
                }
            }
        }
    }
    shapes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::product::Columns;

    const H100: Unit = Unit { lanes: 32, size: 16, matrices: Matrices::Cooperative };

    #[test]
    fn every_product_has_shapes_that_keep_to_the_limits_and_add_in_one_order() {
        let limits = wgpu::Limits::default();
        assert_eq!(MOST_INVOCATIONS as u32, limits.max_compute_invocations_per_workgroup);
        assert_eq!(MOST_BYTES as u32, limits.max_compute_workgroup_storage_size);
        let mut products = Vec::new();
        for (rows, inner_blocks) in [1, 10, 48, 4800].into_iter().flat_map(|rows| [1, 3, 73, 3200].map(|k| (rows, k))) {
            for (columns, innermost) in [
                (Columns::Blocks(7), Innermost::Columns),
                (Columns::Blocks(700_000), Innermost::Inner),
                (Columns::Windows { count: 1000, blocks: 4 }, Innermost::Columns),
            ] {
                products.push(Product::of_sizes(rows, columns, inner_blocks, 1, innermost));
            }
        }
        let mut units = Vec::new();
        for (lanes, size) in [4, 8, 16, 32, 64, 128].into_iter().flat_map(|lanes| [8, 16].map(|size| (lanes, size))) {
            units.extend([Matrices::Cooperative, Matrices::Emulated].map(|matrices| Unit { lanes, size, matrices }));
        }
        for (unit, product) in units.iter().flat_map(|unit| products.iter().map(|product| (*unit, product))) {
            let shapes = shapes(unit, product, None);
            assert!(!shapes.is_empty(), "{unit:?}: {} rows, {} inner blocks", product.rows, product.inner_blocks);
            for shape in &shapes {
                assert!(shape.is_possible(unit, product), "{shape:?}");
                assert_eq!(shape.shares, shapes[0].shares);
                assert_eq!(4 * shape.round % (shape.shares * unit.size), 0, "{shape:?}");
                assert_eq!(shape.across * unit.size % (4 * product.columns().1), 0, "{shape:?}");
            }
        }
    }

    #[test]
    fn subgroups_deal_out_long_sums_of_few_results() {
        let shares = |rows, blocks, inner_blocks, splits| {
            shares(H100, &Product::of_sizes(rows, Columns::Blocks(blocks), inner_blocks, splits, Innermost::Columns))
        };
        // The dense layers of the seed network, 128 and 4,096 images, its second convolution's weights, and its first.
        assert_eq!(shares(10, 32, 126, 1), 4);
        assert_eq!(shares(500, 32, 301, 1), 4);
        assert_eq!(shares(500, 1024, 301, 1), 1);
        assert_eq!(shares(48, 73, 3200, 40), 2);
        assert_eq!(shares(32, 21_632, 3, 1), 1);
    }
}

//! The shapes that `shaders/matmul/tile.wgsl` can have for a product, and the rule that puts them in order.
//!
//! The rule was fitted to what a trial of such a core measured on an NVIDIA H100: 143 products, of batches from 32 to 4,096 and
//! of networks from a quarter to four times as wide, each in about 14 shapes within WebGPU's default limits. Products of
//! under 10 us are left out, of which the measured times vary threefold. Of the shapes that can stand here, the one that the
//! rule puts first takes so much longer than the fastest of all that were measured:
//!
//! | | products | on average | at worst | the core before, on average |
//! |---|---|---|---|---|
//! | batches 32, 128, 1,024; half as wide, four times as wide: fitted | 42 | 15 % | 1.8 times | 5.6 times |
//! | batches 512, 4,096; a quarter as wide, twice as wide: held out | 36 | 11 % | 1.6 times | 5.3 times |
//!
//! (One of the first line, 4.7 times, is no part of "at worst": others of its product, near it, took 13 or 40 us by chance.)
//! With the fastest of the shapes that deal out the sums as the rule does it is 7 % and 6 %, so a tuner has something to find.

use std::collections::HashSet;

use super::MOST_WORKGROUPS;
use super::product::{Innermost, MOST_BYTES, MOST_INVOCATIONS, Product};

/// How a workgroup divides the work on its tile of C: the constants of the shader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shape {
    /// Invocations that deal out the k of the same results. Together with `round`, which is a multiple of it, it says in which
    /// order a sum is added, so both follow from the product alone.
    pub shares: usize,
    /// Inner blocks that are in workgroup memory at a time.
    pub round: usize,
    /// Invocations of a share along the rows and along the columns.
    pub down: usize,
    pub across: usize,
    /// Rows and columns of an invocation.
    pub rows: usize,
    pub width: usize,
}

/// The cost of a shape for which a dispatch has no room.
const TOO_MANY_WORKGROUPS: u64 = u64::MAX;

impl Shape {
    pub fn tile_rows(&self) -> usize {
        self.down * self.rows
    }

    pub fn tile_columns(&self) -> usize {
        self.across * self.width
    }

    pub fn invocations(&self) -> usize {
        self.shares * self.down * self.across
    }

    /// Blocks of A and of B that an invocation loads in a round, where columns have so many blocks.
    pub fn loads(&self, blocks: usize) -> [usize; 2] {
        [self.tile_rows(), self.tile_columns() * blocks].map(|side| (self.round * side).div_ceil(self.invocations()))
    }

    /// Workgroup memory for A and B, or for the sums of the shares, whichever is more.
    pub fn bytes(&self, blocks: usize) -> usize {
        let tiles = self.round * (self.tile_rows() + 1 + 4 * (self.tile_columns() * blocks + 1));
        let sums = if self.shares > 1 { self.invocations() * self.width * blocks } else { 0 };
        size_of::<[f32; 4]>() * tiles.max(sums)
    }

    /// Whether the shader is made for it, and a driver will keep its numbers in registers.
    fn is_possible(&self, product: &Product) -> bool {
        /// Accumulators and blocks under way, each a `vec4<f32>` or four of them.
        const MOST_ACCUMULATORS: usize = 24;
        const MOST_LOADS: [usize; 2] = [8, 4];
        let (_, blocks) = product.columns();
        let neighbours_load_neighbours = match product.innermost {
            Innermost::Columns => self.invocations().is_multiple_of(self.tile_columns() * blocks),
            Innermost::Inner => self.invocations().is_multiple_of(self.round),
        };
        let [a, b] = self.loads(blocks);
        neighbours_load_neighbours
            && self.round.is_multiple_of(self.shares)
            && self.rows * self.width * blocks <= MOST_ACCUMULATORS
            && a <= MOST_LOADS[0]
            && b <= MOST_LOADS[1]
            && self.bytes(blocks) <= MOST_BYTES
    }

    /// About how long the product takes, in eighths of a multiprocessor's cycles.
    fn cost(&self, product: &Product) -> u64 {
        /// Of a large GPU.
        const MULTIPROCESSORS: usize = 132;
        /// Cycles for a block of four numbers to come from memory to workgroup memory, where many do.
        const LOAD: usize = 8;
        /// Until a round's first numbers are there. A multiprocessor that has other workgroups multiplies meanwhile.
        const WAIT: usize = 6400;
        const MOST_AT_A_TIME: usize = 4;
        let (columns, blocks) = product.columns();
        let (rows, width) = (self.tile_rows(), self.tile_columns() * blocks);
        let across = columns.div_ceil(self.tile_columns());
        if across > MOST_WORKGROUPS {
            return TOO_MANY_WORKGROUPS;
        }
        let workgroups = product.rows.div_ceil(rows) * across * product.splits;
        let turns = workgroups.div_ceil(MULTIPROCESSORS);
        let rounds = product.part_blocks().div_ceil(self.round);
        let work = self.round * (rows * width + LOAD * (rows + 4 * width));
        turns as u64 * rounds as u64 * (work + WAIT / turns.min(MOST_AT_A_TIME)) as u64
    }

    /// Reads from workgroup memory that an invocation needs for one inner block.
    fn reads(&self, product: &Product) -> usize {
        self.rows + 4 * self.width * product.columns().1
    }
}

/// Up to `most` shapes for a product, of so many invocations if their number is given and there are such, the one first that should be the fastest: of equal ones, that with the most
/// invocations, then that with the fewest reads. All add in the same order, and those with another tile come before those that
/// only divide one in another way.
pub(super) fn shapes(product: &Product, invocations: Option<usize>, most: usize) -> Vec<Shape> {
    let mut all = possible(product);
    let is_asked_for = |shape: &Shape| invocations == Some(shape.invocations());
    if all.iter().any(is_asked_for) {
        all.retain(is_asked_for);
    }
    all.sort_by_key(|shape| {
        (shape.cost(product), std::cmp::Reverse(shape.invocations()), shape.reads(product), shape.across)
    });
    let default = *all.first().expect("a small tile is possible for every product");
    all.retain(|shape| {
        *shape == default || (shape.round == default.round && shape.cost(product) < TOO_MANY_WORKGROUPS)
    });
    let tile = |shape: &Shape| (shape.tile_rows(), shape.tile_columns());
    let mut tiles = HashSet::new();
    let (mut shapes, rest): (Vec<Shape>, Vec<Shape>) = all.into_iter().partition(|shape| tiles.insert(tile(shape)));
    shapes.extend(rest);
    shapes.truncate(most);
    shapes
}

/// The invocations that deal out the k of a result: the fewer results a product has, the more.
fn shares(product: &Product) -> usize {
    const MOST_SHARES: usize = 32;
    /// Results, in blocks of four, times the square of the shares.
    const BUSY: u64 = 3 << 20;
    let (columns, blocks) = product.columns();
    let results = (product.rows * blocks * product.splits) as u64 * columns as u64;
    let pays = |shares: &usize| results * (shares * shares) as u64 <= BUSY && 2 * shares <= product.part_blocks();
    let doubled = |shares: &usize| Some(2 * shares);
    std::iter::successors(Some(2), doubled)
        .take_while(|shares| *shares <= MOST_SHARES && pays(shares))
        .last()
        .unwrap_or(1)
}

/// Every shape that the shader can have for a product.
fn possible(product: &Product) -> Vec<Shape> {
    const INVOCATIONS: [usize; 3] = [64, 128, MOST_INVOCATIONS];
    const ACROSS: [usize; 6] = [1, 2, 4, 8, 16, 32];
    const ROWS: [usize; 10] = [1, 2, 3, 4, 5, 6, 7, 8, 10, 12];
    const ROUNDS: [usize; 4] = [4, 8, 16, 32];
    let (_, blocks) = product.columns();
    let widths = if blocks == 1 { 1..=2 } else { 1..=1 };
    let shares = shares(product);
    let part = product.part_blocks();
    // No shorter than four blocks, or a part; and most of it used.
    let own = Some(part).filter(|part| *part < ROUNDS[3]);
    let rounds: Vec<usize> = ROUNDS.into_iter().filter(|round| *round < 2 * part).chain(own).collect();
    let mut shapes = Vec::new();
    for invocations in INVOCATIONS {
        for across in ACROSS.into_iter().filter(|across| shares * across <= invocations) {
            let down = invocations / (shares * across);
            // Rows beyond the last of C are wasted.
            for rows in ROWS.into_iter().filter(|rows| down * rows < 2 * product.rows.next_multiple_of(8)) {
                for width in widths.clone() {
                    let shape = |round: &usize| Shape { shares, round: *round, down, across, rows, width };
                    shapes.extend(rounds.iter().map(shape).filter(|shape| shape.is_possible(product)));
                }
            }
        }
    }
    shapes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::product::{Columns, Scales};

    fn product(rows: usize, columns: Columns, inner_blocks: usize, splits: usize, innermost: Innermost) -> Product {
        Product { rows, columns, inner_blocks, parts: splits, splits, innermost, scales: Scales::NONE }
    }

    #[test]
    fn every_product_has_shapes_that_keep_to_the_limits_and_add_in_one_order() {
        let limits = wgpu::Limits::default();
        assert_eq!(MOST_INVOCATIONS as u32, limits.max_compute_invocations_per_workgroup);
        assert_eq!(MOST_BYTES as u32, limits.max_compute_workgroup_storage_size);
        for rows in [1, 3, 10, 48, 500, 4800] {
            for count in [1, 7, 32, 1000, 700_000] {
                for inner_blocks in [1, 2, 3, 5, 8, 73, 3200] {
                    for (columns, innermost) in [
                        (Columns::Blocks(count), Innermost::Columns),
                        (Columns::Blocks(count), Innermost::Inner),
                        (Columns::Windows { count, blocks: 4 }, Innermost::Columns),
                    ] {
                        let product = product(rows, columns, inner_blocks, 1, innermost);
                        let shapes = shapes(&product, None, 6);
                        for shape in &shapes {
                            assert!(shape.is_possible(&product), "{shape:?}");
                            assert!(shape.invocations() <= MOST_INVOCATIONS, "{shape:?}");
                            assert_eq!([shape.shares, shape.round], [shapes[0].shares, shapes[0].round]);
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn invocations_deal_out_long_sums_of_few_results() {
        let shares = |rows, blocks, inner_blocks, splits| {
            shares(&product(rows, Columns::Blocks(blocks), inner_blocks, splits, Innermost::Columns))
        };
        // The dense layers of the seed network, 128 and 4,096 images, and its first convolution.
        assert_eq!(shares(10, 32, 126, 1), 32);
        assert_eq!(shares(500, 32, 301, 1), 8);
        assert_eq!(shares(500, 1024, 301, 1), 2);
        assert_eq!(shares(32, 21_632, 3, 1), 1);
    }
}

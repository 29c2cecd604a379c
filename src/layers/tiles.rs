//! The shapes that `shaders/matmul/tile.wgsl` can have for a product, and the rule that puts them in order.
//!
//! The rule says how a multiprocessor spends its time. Its constants were fitted to what this core took on an NVIDIA H100: all 63
//! products of training steps of seven sizes (the seed network with batches from 32 to 4,096, and from a quarter to four times as
//! wide with 128), each in 4 to 53 shapes. Of these, the one that the rule puts first takes 2 % longer than the fastest on average,
//! and 14 % at worst (54 products of more than 4.8 us; of four more, the first was not among those measured). Of 2,048, 512, 256 and 64 images and of half the width
//! nothing went into the fit: docs/step.md has their whole steps.
//!
//! Workgroups have 128 invocations: of 51 products that were measured with 256, too, 46 took longer so, up to 1.7 times as long,
//! and the other five at most 11 % less. Twice 16 KB of workgroup memory, the next round's numbers in a
//! second half of it, and loads two rounds ahead were all slower or within the noise.

use std::cmp::Reverse;
use std::collections::HashSet;

use super::MOST_WORKGROUPS;
use super::product::{Innermost, MOST_BYTES, MULTIPROCESSORS, Product, TOO_MANY_WORKGROUPS};

/// Invocations that GPUs run in step, and how many such warps a multiprocessor has that multiply at the same time.
const WARP: usize = 32;
const AT_THE_SAME_TIME: usize = 4;

/// Invocations of a workgroup.
pub(super) const INVOCATIONS: usize = AT_THE_SAME_TIME * WARP;

/// How a workgroup divides the work on its tile of C: the constants of the shader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shape {
    /// Invocations that deal out the k of the same results. It says in which order a sum is added, so it follows from the product
    /// alone.
    pub shares: usize,
    /// Inner blocks that are in workgroup memory at a time, a multiple of the shares.
    pub round: usize,
    /// Invocations of a share along the rows and along the columns.
    pub down: usize,
    pub across: usize,
    /// Rows and columns of an invocation.
    pub rows: usize,
    pub width: usize,
}

/// Blocks of the columns that are a pixel of several images, where an operation leaves out parts.
const PIXEL: usize = 8;

impl Shape {
    pub fn tile_rows(&self) -> usize {
        self.down * self.rows
    }

    pub fn tile_columns(&self) -> usize {
        self.across * self.width
    }

    /// Blocks of A and of B that an invocation loads in a round, where columns have so many blocks.
    pub fn loads(&self, blocks: usize) -> [usize; 2] {
        [self.tile_rows(), self.tile_columns() * blocks].map(|side| (self.round * side).div_ceil(INVOCATIONS))
    }

    /// Workgroup memory for A and B, or for the sums of the shares, whichever is more.
    pub fn bytes(&self, blocks: usize) -> usize {
        let tiles = self.round * (self.tile_rows() + 1 + 4 * (self.tile_columns() * blocks + 1));
        let sums = if self.shares > 1 { INVOCATIONS * self.width * blocks } else { 0 };
        size_of::<[f32; 4]>() * tiles.max(sums)
    }

    /// Whether the shader is made for it, and a driver will keep its numbers in registers.
    fn is_possible(&self, product: &Product) -> bool {
        /// Accumulators and blocks under way, each a `vec4<f32>` or four of them. A window has four in each row.
        const MOST_ACCUMULATORS: usize = 16;
        const MOST_ACCUMULATORS_OF_WINDOWS: usize = 24;
        const MOST_LOADS: [usize; 2] = [8, 4];
        let (_, blocks) = product.columns();
        let neighbours_load_neighbours = match product.innermost {
            Innermost::Columns => INVOCATIONS.is_multiple_of(self.tile_columns() * blocks),
            Innermost::Inner => INVOCATIONS.is_multiple_of(self.round),
        };
        let most_accumulators = if blocks > 1 { MOST_ACCUMULATORS_OF_WINDOWS } else { MOST_ACCUMULATORS };
        let [a, b] = self.loads(blocks);
        neighbours_load_neighbours
            && self.round.is_multiple_of(self.shares)
            && self.rows * self.width * blocks <= most_accumulators
            && a <= MOST_LOADS[0]
            && b <= MOST_LOADS[1]
            && self.bytes(blocks) <= MOST_BYTES
    }

    /// About how long the product takes, in quarters of a multiprocessor's cycles. A round lasts as long as the multiprocessor
    /// has work for all its workgroups, or as long as one workgroup takes that is there alone, whichever is more; the other of
    /// the two is hidden for the most part.
    fn cost(&self, product: &Product) -> u64 {
        /// For a warp to multiply a block of A with one of B, where as many as can do so at the same time.
        const MULTIPLY: usize = 80;
        /// For a warp to read four numbers of a tile, and for four to come there from memory.
        const READ: usize = 1;
        const LOAD: usize = 1;
        /// Until a round's first numbers are there; and for a row of a share to be added up.
        const WAIT: usize = 1500;
        const ADD_UP: usize = 200;
        /// The part of what is hidden that still shows, and of the whole that each doubling of the shares costs beside that.
        const SHOWS: u64 = 5;
        const DOUBLED: u64 = 50;
        let (columns, blocks) = product.columns();
        let [rows, width] = [self.tile_rows(), self.tile_columns() * blocks];
        let across = columns.div_ceil(self.tile_columns());
        if across > MOST_WORKGROUPS {
            return TOO_MANY_WORKGROUPS;
        }
        let workgroups = product.rows.div_ceil(rows) * across * product.splits;
        let turns = workgroups.div_ceil(MULTIPROCESSORS);
        let waves = turns.div_ceil(self.at_a_time(blocks));
        let steps = self.round / self.shares;
        let multiply = steps * self.rows * self.width * blocks * MULTIPLY;
        let reads = steps * AT_THE_SAME_TIME * self.reads(product) * READ;
        let work = turns * (multiply + reads + self.round * (rows + 4 * width) * LOAD);
        let alone = waves * (WAIT + multiply);
        let add_up = if self.shares == 1 { 0 } else { self.rows * self.shares * ADD_UP };
        let rounds = product.part_blocks().div_ceil(self.round) * (product.parts / product.splits);
        let [work, alone, rounds] = [work, alone, rounds].map(|number| number as u64);
        let cost = rounds * (work.max(alone) + work.min(alone) / SHOWS) + (waves * add_up) as u64;
        cost + cost * u64::from(self.shares.ilog2()) / DOUBLED
    }

    /// Workgroups for which a multiprocessor has registers.
    fn at_a_time(&self, blocks: usize) -> usize {
        const REGISTERS: usize = 64 << 10;
        const MOST_OF_AN_INVOCATION: usize = 255;
        /// For addresses, and for what is read from a tile.
        const OTHERS: usize = 96;
        let [a, b] = self.loads(blocks);
        let own = 4 * (self.rows * self.width * blocks + a + 4 * b) + OTHERS;
        REGISTERS / (INVOCATIONS * own.min(MOST_OF_AN_INVOCATION))
    }

    /// Reads from workgroup memory that an invocation needs for one inner block.
    fn reads(&self, product: &Product) -> usize {
        self.rows + 4 * self.width * product.columns().1
    }
}

/// Up to `most` shapes for a product, the one first that should be the fastest: of equal ones, that with the fewest reads, then the
/// widest. All add in the same order, and those with another tile come before those that only divide one in another way.
pub(super) fn shapes(product: &Product, most: usize) -> Vec<Shape> {
    let mut all = possible(product);
    all.sort_by_cached_key(|shape| (shape.cost(product), shape.reads(product), Reverse(shape.across)));
    let shares = all.first().expect("a small tile is possible for every product").shares;
    all.retain(|shape| shape.shares == shares);
    // Those for which a dispatch has no room come last, and serve only where there are no others.
    all.truncate(all.partition_point(|shape| shape.cost(product) < TOO_MANY_WORKGROUPS).max(1));
    let mut tiles = HashSet::new();
    let (mut shapes, rest): (Vec<Shape>, Vec<Shape>) =
        all.into_iter().partition(|shape| tiles.insert((shape.tile_rows(), shape.tile_columns())));
    shapes.extend(rest);
    shapes.truncate(most);
    shapes
}

/// The rounds in which a product can go through its inner blocks.
fn rounds(product: &Product) -> Vec<usize> {
    const ROUNDS: [usize; 8] = [2, 3, 4, 6, 8, 12, 16, 32];
    let part = product.part_blocks();
    // Where B lies with the inner index innermost, half a line of memory is not worth a round.
    let shortest = match product.innermost {
        Innermost::Columns => ROUNDS[0],
        Innermost::Inner => 8,
    };
    // No shorter than that, or a part; and most of it used.
    let usual = ROUNDS.into_iter().filter(|round| (shortest..2 * part).contains(round));
    let own = match product.innermost {
        Innermost::Columns => Some(part).filter(|part| *part < 32 && !ROUNDS.contains(part)),
        // Of which the invocations of a workgroup are a multiple.
        Innermost::Inner => Some(part.next_power_of_two()).filter(|round| *round < shortest),
    };
    usual.chain(own).collect()
}

/// The shapes that the shader can have for a product, without those of which most is wasted.
fn possible(product: &Product) -> Vec<Shape> {
    const SHARES: [usize; 4] = [1, 2, 4, 8];
    const ACROSS: [usize; 6] = [1, 2, 4, 8, 16, 32];
    const ROWS: [usize; 10] = [1, 2, 3, 4, 5, 6, 7, 8, 10, 12];
    const WIDTHS: [usize; 3] = [1, 2, 4];
    let (columns, blocks) = product.columns();
    let widths = if blocks == 1 { &WIDTHS[..] } else { &WIDTHS[..1] };
    // Columns and rows beyond the last of C are wasted; where parts are left out, a tile has one pixel.
    let is_wide = |width: usize| match product.parts > product.splits {
        true => width == PIXEL,
        false => width <= 2 * columns.next_multiple_of(8),
    };
    let is_high = |rows: usize| rows <= 2 * product.rows.next_multiple_of(8);
    let rounds = rounds(product);
    let mut shapes = Vec::new();
    for shares in SHARES.into_iter().filter(|shares| *shares == 1 || 2 * shares <= product.part_blocks()) {
        for across in ACROSS.into_iter().filter(|across| shares * across <= INVOCATIONS) {
            let down = INVOCATIONS / (shares * across);
            for width in widths.iter().copied().filter(|width| is_wide(across * width)) {
                for rows in ROWS.into_iter().take_while(|rows| is_high(down * rows)) {
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
    use crate::layers::product::Columns;

    #[test]
    fn every_product_has_shapes_that_keep_to_the_limits_and_add_in_one_order() {
        let limits = wgpu::Limits::default();
        assert!(INVOCATIONS as u32 <= limits.max_compute_invocations_per_workgroup);
        assert_eq!(MOST_BYTES as u32, limits.max_compute_workgroup_storage_size);
        for rows in [1, 3, 10, 48, 500, 4800] {
            for count in [1, 7, 32, 1000, 700_000] {
                for inner_blocks in [1, 2, 3, 4, 5, 8, 13, 73, 3200] {
                    for (columns, innermost) in [
                        (Columns::Blocks(count), Innermost::Columns),
                        (Columns::Blocks(count), Innermost::Inner),
                        (Columns::Windows { count, blocks: 4 }, Innermost::Columns),
                    ] {
                        let product = Product::of_sizes(rows, columns, inner_blocks, 1, innermost);
                        let shapes = shapes(&product, 6);
                        for shape in &shapes {
                            assert!(shape.is_possible(&product), "{shape:?}");
                            assert_eq!(shape.shares * shape.down * shape.across, INVOCATIONS, "{shape:?}");
                            assert_eq!(shape.shares, shapes[0].shares);
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn first_come_the_shapes_that_were_the_fastest() {
        let first = |product| {
            let Shape { down, rows, across, width, shares, round } = shapes(&product, 1)[0];
            [down, rows, across, width, shares, round]
        };
        let windows = |rows, count, inner_blocks| {
            Product::of_sizes(rows, Columns::Windows { count, blocks: 4 }, inner_blocks, 1, Innermost::Columns)
        };
        // The second convolution of the seed network, 128 and 4,096 images.
        assert_eq!(first(windows(48, 800, 72)), [16, 3, 4, 1, 2, 8]);
        assert_eq!(first(windows(48, 25_600, 72)), [16, 3, 8, 1, 1, 4]);
    }

    #[test]
    fn invocations_deal_out_long_sums_of_few_results() {
        let shares = |rows, blocks, inner_blocks| {
            shapes(&Product::of_sizes(rows, Columns::Blocks(blocks), inner_blocks, 1, Innermost::Columns), 1)[0].shares
        };
        // The dense layers of the seed network, 128 images, and its first convolution.
        assert_eq!(shares(10, 32, 126), 8);
        assert_eq!(shares(500, 32, 301), 4);
        assert_eq!(shares(32, 21_632, 3), 1);
    }
}

//! The shapes that `shaders/matmul/tile.wgsl` can have for a product, and the rule that puts them in order.
//!
//! The rule says how a multiprocessor spends its time. Its constants were fitted to what such cores took on an NVIDIA H100: this
//! one, 11 products of the seed network with 128 images, each in 24 to 144 shapes; and a trial of it, 143 products of batches
//! from 32 to 4,096 and of networks from a quarter to four times as wide, each in about 25 shapes, of which a fifth could stand
//! here then. Of these, the one that the rule puts first takes so much longer than the fastest:
//!
//! | measured | products | on average | at worst |
//! |---|---|---|---|
//! | this core, batch 128: fitted | 11 | 6 % | 32 % |
//! | the trial, batches 128, 1,024; four times as wide: fitted | 29 of 47 | 5 % | 35 % |
//! | the trial, batches 512, 4,096; twice as wide: held out | 33 of 51 | 6 % | 58 % |
//! | the trial, batch 32; a quarter, half as wide: held out | 24 of 45 | 1 % | 10 % |
//!
//! The form of the rule was chosen with all but the last line in view. The products left out are those of less than 15 us (10 in
//! the last line, where clocks were low), of which the measured times vary threefold, one that the trial computed in another way,
//! and those of which no shape was measured that can stand here.
//!
//! Then `digits bench sweep` measured this core at seven sizes, 24 shapes each of those that the rule puts first. Shapes that are no
//! power of two across turned out slow where the batch is long (798 us for 510), since neighbours no longer load what lies
//! side by side, and so did such numbers of invocations along the rows (tiles of 60 rows 45 us for 28), and more than 12 accumulators
//! where there are no windows (278 us for 205); all are left out since. Of the
//! others that were measured, the one that the rule puts first takes 3 % longer than the fastest on average, and 12 % at worst (45
//! products of more than 12 us, batches 32 to 4,096, a quarter to four times as wide).

use std::collections::HashSet;

use super::MOST_WORKGROUPS;
use super::product::{
    Innermost, MOST_BYTES, MOST_INVOCATIONS, MULTIPROCESSORS, Product, TOO_MANY_WORKGROUPS, keep_of_size,
};

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

/// Blocks of the columns that are a pixel of several images, where an operation leaves out parts.
const PIXEL: usize = 8;

/// Invocations that GPUs run in step, and how many such warps a multiprocessor has that multiply at the same time.
const WARP: usize = 32;
const AT_THE_SAME_TIME: usize = 4;

/// Fewer leave too much to each of them to load; numbers between were slower, as rows or columns that are no power of two are.
const LEAST_INVOCATIONS: usize = AT_THE_SAME_TIME * WARP;

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
        /// Accumulators and blocks under way, each a `vec4<f32>` or four of them. More accumulators leave no registers for
        /// other workgroups, which multiply while one waits; a window has four in each row.
        const MOST_ACCUMULATORS: usize = 12;
        const MOST_ACCUMULATORS_OF_WINDOWS: usize = 24;
        const MOST_LOADS: [usize; 2] = [8, 4];
        let (_, blocks) = product.columns();
        let neighbours_load_neighbours = match product.innermost {
            Innermost::Columns => self.invocations().is_multiple_of(self.tile_columns() * blocks),
            Innermost::Inner => self.invocations().is_multiple_of(self.round),
        };
        let most_accumulators = if blocks > 1 { MOST_ACCUMULATORS_OF_WINDOWS } else { MOST_ACCUMULATORS };
        let rows_in_pairs = self.down == 1 || self.down.is_multiple_of(2);
        let [a, b] = self.loads(blocks);
        neighbours_load_neighbours
            && rows_in_pairs
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
        const READ: usize = 4;
        const LOAD: usize = 3;
        /// Until a round's first numbers are there, which takes longer where a part begins every few rounds; and for a
        /// row of a share to be added up.
        const WAIT: usize = 4000;
        const WAIT_FOR_PART: usize = 6000;
        const ADD_UP: usize = 150;
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
        let warps = self.invocations().div_ceil(WARP);
        let busy = if turns == 1 { warps.next_multiple_of(AT_THE_SAME_TIME) } else { warps };
        let multiply = steps * self.rows * self.width * blocks * MULTIPLY;
        let wait = if leaves_out_parts(product) { WAIT_FOR_PART } else { WAIT };
        let work = busy * multiply / AT_THE_SAME_TIME
            + steps * warps * self.reads(product) * READ
            + self.round * (rows + 4 * width) * LOAD;
        let add_up = if self.shares == 1 { 0 } else { self.rows * self.shares * ADD_UP };
        let [turns, waves] = [turns, waves].map(|times| times as u64);
        let [work, alone] = [turns * work as u64, waves * (wait + multiply) as u64];
        let rounds = (product.part_blocks().div_ceil(self.round) * (product.parts / product.splits)) as u64;
        let cost = rounds * (work.max(alone) + work.min(alone) / 4) + waves * add_up as u64;
        // Of two pixels more parts are needed than of one; counted for 3 x 3 taps on 13 x 13 pixels.
        if leaves_out_parts(product) && width > PIXEL { cost / 15 * 16 } else { cost }
    }

    /// Workgroups for which a multiprocessor has registers.
    fn at_a_time(&self, blocks: usize) -> usize {
        const REGISTERS: usize = 64 << 10;
        const MOST_OF_AN_INVOCATION: usize = 255;
        /// For addresses, and for what is read from a tile.
        const OTHERS: usize = 80;
        let [a, b] = self.loads(blocks);
        let own = 4 * (self.rows * self.width * blocks + a + 4 * b) + OTHERS;
        (REGISTERS / (self.invocations() * own.min(MOST_OF_AN_INVOCATION))).max(1)
    }

    /// Reads from workgroup memory that an invocation needs for one inner block.
    fn reads(&self, product: &Product) -> usize {
        self.rows + 4 * self.width * product.columns().1
    }
}

/// Up to `most` shapes for a product, of so many invocations if their number is given and there are such, the one first that
/// should be the fastest: of equal ones, that with the most invocations, then that with the fewest reads. All add in the same
/// order, and those with another tile come before those that only divide one in another way.
pub(super) fn shapes(product: &Product, invocations: Option<usize>, most: usize) -> Vec<Shape> {
    let order = |shape: &Shape| {
        (shape.cost(product), std::cmp::Reverse(shape.invocations()), shape.reads(product), shape.across)
    };
    let mut all = possible(product);
    keep_of_size(&mut all, invocations, Shape::invocations);
    let default = *all.iter().min_by_key(|shape| order(shape)).expect("a small tile is possible for every product");
    all.retain(|shape| {
        let adds_alike = [shape.shares, shape.round] == [default.shares, default.round];
        *shape == default || (adds_alike && shape.cost(product) < TOO_MANY_WORKGROUPS)
    });
    all.sort_by_cached_key(order);
    let tile = |shape: &Shape| (shape.tile_rows(), shape.tile_columns());
    let mut tiles = HashSet::new();
    let (mut shapes, rest): (Vec<Shape>, Vec<Shape>) = all.into_iter().partition(|shape| tiles.insert(tile(shape)));
    shapes.extend(rest);
    shapes.truncate(most);
    shapes
}

/// The rounds in which a product can go through its inner blocks.
fn rounds(product: &Product) -> Vec<usize> {
    const ROUNDS: [usize; 4] = [4, 8, 16, 32];
    let part = product.part_blocks();
    // Where B lies with the inner index innermost, half a line of memory is not worth a round.
    let shortest = match product.innermost {
        Innermost::Columns => ROUNDS[0],
        Innermost::Inner => ROUNDS[1],
    };
    // No shorter than that, or a part; and most of it used.
    let usual = ROUNDS.into_iter().filter(|round| (shortest..2 * part).contains(round));
    let own = match product.innermost {
        Innermost::Columns => Some(part).filter(|part| *part < ROUNDS[3] && !ROUNDS.contains(part)),
        // Of which the invocations of a workgroup are a multiple.
        Innermost::Inner => Some(part.next_power_of_two()).filter(|round| *round < shortest),
    };
    usual.chain(own).collect()
}

fn leaves_out_parts(product: &Product) -> bool {
    product.parts > product.splits
}

/// The shapes that the shader can have for a product, without those of which most is wasted.
fn possible(product: &Product) -> Vec<Shape> {
    const SHARES: [usize; 4] = [1, 2, 4, 8];
    const ACROSS: [usize; 6] = [1, 2, 4, 8, 16, 32];
    const ROWS: [usize; 10] = [1, 2, 3, 4, 5, 6, 7, 8, 10, 12];
    const WIDTHS: [usize; 3] = [1, 2, 4];
    let (columns, blocks) = product.columns();
    let widths = if blocks == 1 { &WIDTHS[..] } else { &WIDTHS[..1] };
    // Columns and rows beyond the last of C are wasted; where parts are left out, a tile has one pixel or two.
    let is_wide = |width: usize| match leaves_out_parts(product) {
        true => [PIXEL, 2 * PIXEL].contains(&width),
        false => width <= 2 * columns.next_multiple_of(8),
    };
    let is_high = |rows: usize| rows <= 2 * product.rows.next_multiple_of(8);
    let rounds = rounds(product);
    let mut shapes = Vec::new();
    for shares in SHARES.into_iter().filter(|shares| *shares == 1 || 2 * shares <= product.part_blocks()) {
        for invocations in [LEAST_INVOCATIONS, MOST_INVOCATIONS] {
            for across in ACROSS.into_iter().filter(|across| invocations.is_multiple_of(shares * across)) {
                let down = invocations / (shares * across);
                for width in widths.iter().copied().filter(|width| is_wide(across * width)) {
                    for rows in ROWS.into_iter().take_while(|rows| is_high(down * rows)) {
                        let shape = |round: &usize| Shape { shares, round: *round, down, across, rows, width };
                        shapes.extend(rounds.iter().map(shape).filter(|shape| shape.is_possible(product)));
                    }
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
        assert_eq!(MOST_INVOCATIONS as u32, limits.max_compute_invocations_per_workgroup);
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
    fn first_come_the_shapes_that_were_the_fastest() {
        let first = |product| {
            let Shape { down, rows, across, width, shares, round } = shapes(&product, None, 1)[0];
            [down, rows, across, width, shares, round]
        };
        let windows = |rows, count, inner_blocks| {
            Product::of_sizes(rows, Columns::Windows { count, blocks: 4 }, inner_blocks, 1, Innermost::Columns)
        };
        // The second convolution of the seed network, 128 and 4,096 images.
        assert_eq!(first(windows(48, 800, 72)), [8, 6, 8, 1, 4, 4]);
        assert_eq!(first(windows(48, 25_600, 72)), [8, 6, 8, 1, 2, 4]);
    }

    #[test]
    fn invocations_deal_out_long_sums_of_few_results() {
        let shares = |rows, blocks, inner_blocks| {
            shapes(&Product::of_sizes(rows, Columns::Blocks(blocks), inner_blocks, 1, Innermost::Columns), None, 1)[0]
                .shares
        };
        // The dense layers of the seed network, 128 images, and its first convolution.
        assert_eq!(shares(10, 32, 126), 8);
        assert_eq!(shares(500, 32, 301), 4);
        assert_eq!(shares(32, 21_632, 3), 1);
    }
}

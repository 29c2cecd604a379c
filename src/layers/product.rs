//! One matrix product: joins an operation's file to a core, and lists the tile shapes that the core could have, the rule's
//! own first. They differ in who computes what and never in the order in which it is added.

use super::dispatch_size;
use super::fragments::{self, Unit};
use super::tiles::{self, Shape};
use crate::gpu::{Candidate, Core, Gpu, GpuError, Matrices, Operands, Part, Recording, Source, Tensor};
use crate::network::Matrix;

/// The most that WebGPU's default limits allow a workgroup.
pub(super) const MOST_INVOCATIONS: usize = 256;
pub(super) const MOST_BYTES: usize = 16 << 10;

/// Multiprocessors of a large GPU.
pub(super) const MULTIPROCESSORS: usize = 132;

/// The cost of a shape for which a dispatch has no room.
pub(super) const TOO_MANY_WORKGROUPS: u64 = u64::MAX;

/// Tile shapes that the broadcast core has for a product, at most.
const MOST_CANDIDATES: usize = 4;

/// The sizes of a product C[m, n] = sum over k of A[m, k] B[k, n], n and k in blocks of four.
pub(super) struct Product {
    pub rows: usize,
    pub columns: Columns,
    pub inner_blocks: usize,
    /// The parts into which the inner index is cut: equal ones, but for the last.
    pub parts: usize,
    /// The results that the parts are added up in; one, or one for each part.
    pub splits: usize,
    pub innermost: Innermost,
    pub bias: Bias,
    /// What A and B are multiplied by before they are rounded to f16, where they are.
    pub scales: Scales,
}

/// Powers of two for A and B.
#[derive(Clone, Copy)]
pub(super) struct Scales {
    a: f32,
    b: f32,
}

impl Scales {
    /// For activations and weights, which lie well within f16's range.
    pub const NONE: Scales = Scales { a: 1.0, b: 1.0 };

    /// For an A that is the gradient of the mean loss of `n` images.
    pub fn of_gradient_a(n: usize) -> Scales {
        Scales { a: gradient_scale(n), ..Scales::NONE }
    }

    /// For a B that is the gradient of the mean loss of `n` images.
    pub fn of_gradient_b(n: usize) -> Scales {
        Scales { b: gradient_scale(n), ..Scales::NONE }
    }
}

/// Where the bias of a row of C is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bias {
    /// Nowhere, or among the inputs of the product.
    Within,
    /// Behind the inner blocks, in a block of weights for itself: it is added to the sums.
    Behind,
}

impl Bias {
    /// Where it is in a product that goes forward through the layer of `matrix`. Software drivers have it within.
    fn of(gpu: &Gpu, matrix: &Matrix) -> Bias {
        let has_block = gpu.settings().core.is_for_gpus() && matrix.inputs.is_multiple_of(4);
        if has_block { Bias::Behind } else { Bias::Within }
    }

    /// Blocks of weights that it has for itself.
    fn blocks(self) -> usize {
        match self {
            Bias::Within => 0,
            Bias::Behind => 1,
        }
    }
}

/// How B lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Innermost {
    /// With its columns innermost, as activations do in forward passes.
    Columns,
    /// With the inner index innermost, as they do where the sum is over images.
    Inner,
}

/// How the columns are handed to invocations.
#[derive(Clone, Copy)]
pub(super) enum Columns {
    /// So many blocks, one to each invocation.
    Blocks(usize),
    /// So many windows of so many blocks, a window to each invocation.
    Windows { count: usize, blocks: usize },
}

/// A part of C that a workgroup computes, as a core's file wants it.
struct Tile {
    /// The core's files under `shaders/`.
    core: &'static [&'static str],
    rows: usize,
    /// Invocations that share the columns, as in [`Product::columns`].
    columns: usize,
    /// Of a workgroup.
    invocations: usize,
    /// Bytes of its pieces of memory.
    memory: Vec<usize>,
    /// Rows and columns of an invocation and inner blocks of a round, where tiles of one size differ in them.
    each: Option<[usize; 3]>,
    constants: Vec<(&'static str, usize)>,
}

impl Product {
    /// The product that goes forward through the layer of `matrix`: its rows are the filters or units, its inner index is the
    /// weights of one.
    pub fn forward(gpu: &Gpu, matrix: &Matrix, columns: Columns) -> Product {
        let bias = Bias::of(gpu, matrix);
        Product {
            rows: matrix.rows,
            columns,
            inner_blocks: matrix.stride / 4 - bias.blocks(),
            parts: 1,
            splits: 1,
            innermost: Innermost::Columns,
            bias,
            scales: Scales::NONE,
        }
    }

    /// Records the product of `operation`, which brings its own constants. Choosing a tile may run it at once, on what the
    /// tensors hold; those that it writes must be its own to write.
    pub fn record(
        &self,
        recording: &mut Recording,
        mut operation: Source,
        tensors: &[(&str, &Tensor)],
    ) -> Result<(), GpuError> {
        if let Columns::Blocks(_) = self.columns {
            operation.files.push("matmul/blocks");
        }
        operation.files.push(match self.innermost {
            Innermost::Columns => "matmul/outer",
            Innermost::Inner => "matmul/dot",
        });
        let core = recording.gpu().settings().core;
        if core.is_for_gpus() {
            operation.files.push(match self.bias {
                Bias::Within => "matmul/no_bias",
                Bias::Behind => "matmul/bias",
            });
        }
        if let Core::Cooperative { .. } = core {
            operation = operation.with("SCALE_A", self.scales.a).with("SCALE_B", self.scales.b);
        }
        let operation =
            operation.with("PARTS", self.parts).with("PART_BLOCKS", self.part_blocks()).with("SPLITS", self.splits);
        let operation = operation.with("BIAS_BLOCKS", self.bias.blocks());
        let gpu = recording.gpu();
        let tiles = match core {
            Core::Broadcast { lanes } if self.is_narrow(lanes as usize) => self.rows(lanes as usize),
            Core::Broadcast { lanes } => {
                let kept = self.kept(lanes as usize, gpu.settings().operands);
                kept.into_iter().chain(self.broadcast(lanes as usize)).take(MOST_CANDIDATES).collect()
            }
            Core::Tile => tiles::shapes(self, gpu.tiles().breadth()).iter().map(|shape| self.tile(shape)).collect(),
            Core::Cooperative { lanes, size, matrices } => {
                let unit = Unit { lanes: lanes as usize, size: size as usize, matrices };
                // Those that share a dispatch have workgroups of one size.
                let invocations = recording.is_together().then_some(MOST_INVOCATIONS / 2);
                fragments::shapes(unit, self, invocations).iter().map(|shape| self.cooperative(unit, shape)).collect()
            }
        };
        let candidates: Vec<Candidate> = tiles.iter().map(|tile| self.join(&operation, tile)).collect();
        let chosen = gpu.tiles().choose(gpu, &self.shape(), &candidates, tensors)?;
        let (Candidate { source, workgroups, .. }, Tile { invocations, memory, .. }) =
            (&candidates[chosen], &tiles[chosen]);
        let tensors = tensors.iter().map(|(name, tensor)| (name.to_string(), (*tensor).clone())).collect();
        let (workgroups, invocations, memory) = (*workgroups, *invocations, memory.clone());
        recording.push_part(Part { source: source.clone(), tensors, workgroups, invocations, memory })
    }

    /// `matmul/broadcast.wgsl`: as many rows as pay, since each load of B serves them all.
    fn broadcast(&self, lanes: usize) -> Vec<Tile> {
        /// A longer loop no longer fits the processor's cache of decoded instructions.
        const MOST_ROWS: usize = 48;
        /// Accumulators of an invocation, each a `vec4<f32>`: more no longer fit its first-level cache.
        const MOST_ACCUMULATORS: usize = 96;
        let (_, blocks) = self.columns();
        let most = (MOST_ROWS.min(MOST_ACCUMULATORS / blocks) / lanes).clamp(1, self.rows.div_ceil(lanes));
        let mut groups: Vec<usize> = (1..=most).collect();
        // A tile costs its rows, wasted ones too, and its loads of B, which cost about as much as eight rows.
        groups.sort_by_key(|groups| self.rows.div_ceil(groups * lanes) * (groups * lanes + 8));
        let tile = |groups: usize| Tile {
            core: &["matmul/broadcast"],
            rows: groups * lanes,
            columns: lanes,
            invocations: lanes,
            memory: Vec::new(),
            each: None,
            constants: vec![("LANES", lanes), ("GROUPS", groups)],
        };
        groups.into_iter().take(MOST_CANDIDATES).map(tile).collect()
    }

    /// `matmul/kept.wgsl`, if a subgroup can keep what it needs of B. It reads textures: only software drivers do, and no GPU has
    /// so many registers.
    fn kept(&self, lanes: usize, operands: Operands) -> Option<Tile> {
        /// Blocks of B that an invocation keeps, at most. Those of eight lanes take half a KiB each, so together half of a
        /// first-level cache.
        const MOST_BLOCKS: usize = 32;
        /// Rows of a tile, at most: enough to make little of the loads of B.
        const ROWS: usize = 128;
        let (_, blocks) = self.columns();
        if operands != Operands::Textures || self.parts > 1 || self.inner_blocks * blocks > MOST_BLOCKS {
            return None;
        }
        let rows = self.rows.min(ROWS);
        let loads = self.inner_blocks.div_ceil(lanes);
        Some(Tile {
            core: &["matmul/kept"],
            rows,
            columns: lanes,
            invocations: lanes,
            memory: Vec::new(),
            each: None,
            constants: vec![
                ("LANES", lanes),
                ("ROWS", rows),
                ("LOADS", loads),
                ("WIDTH", self.inner_blocks.div_ceil(loads)),
            ],
        })
    }

    /// Whether the columns would leave most lanes idle.
    fn is_narrow(&self, lanes: usize) -> bool {
        matches!(self.columns, Columns::Blocks(count) if 2 * count <= lanes)
    }

    /// `matmul/rows.wgsl`: lanes along the rows.
    fn rows(&self, lanes: usize) -> Vec<Tile> {
        const MOST_ACCUMULATORS: usize = 8;
        let (columns, _) = self.columns();
        let most = self.rows.div_ceil(lanes);
        let groups = (MOST_ACCUMULATORS / columns).clamp(1, most);
        let tile = |groups: usize| Tile {
            core: &["matmul/rows"],
            rows: groups * lanes,
            columns,
            invocations: lanes,
            memory: Vec::new(),
            each: None,
            constants: vec![("LANES", lanes), ("GROUPS", groups), ("TILE_COLUMNS", columns)],
        };
        let others = [groups / 2, 2 * groups].into_iter().filter(|others| (1..=most).contains(others));
        std::iter::once(groups).chain(others).map(tile).collect()
    }

    /// `matmul/tile.wgsl`.
    fn tile(&self, shape: &Shape) -> Tile {
        let (_, blocks) = self.columns();
        let [loads_a, loads_b] = shape.loads(blocks);
        Tile {
            core: &["matmul/parts", "matmul/tile"],
            rows: shape.tile_rows(),
            columns: shape.tile_columns(),
            invocations: tiles::INVOCATIONS,
            memory: vec![shape.bytes(blocks)],
            each: Some([shape.rows, shape.width, shape.round]),
            constants: vec![
                ("DOWN", shape.down),
                ("ACROSS", shape.across),
                ("SHARES", shape.shares),
                ("ROWS", shape.rows),
                ("WIDTH", shape.width),
                ("ROUND", shape.round),
                ("STEPS", shape.round / shape.shares),
                ("LOADS_A", loads_a),
                ("LOADS_B", loads_b),
            ],
        }
    }

    fn join(&self, operation: &Source, tile: &Tile) -> Candidate {
        let (columns, blocks) = self.columns();
        let mut source = operation.clone().with("BLOCKS", blocks);
        for (name, value) in &tile.constants {
            source = source.with(name, *value);
        }
        source.files.extend(tile.core);
        let mut name = format!("{}x{}", tile.rows, 4 * blocks * tile.columns);
        if let Some([rows, columns, round]) = tile.each {
            name += &format!("x{} by {rows}x{}", 4 * round, 4 * blocks * columns);
        }
        Candidate {
            tile: name,
            source,
            workgroups: dispatch_size([columns.div_ceil(tile.columns), self.rows.div_ceil(tile.rows), self.splits]),
        }
    }

    /// `matmul/cooperative.wgsl`.
    fn cooperative(&self, unit: Unit, shape: &fragments::Shape) -> Tile {
        let (_, blocks) = self.columns();
        let [loads_a, loads_b] = shape.loads(unit);
        Tile {
            core: match (unit.matrices, unit.size) {
                (Matrices::Emulated, _) => &["matmul/parts", "matmul/cooperative", "matmul/fragments_emulated"],
                (Matrices::Cooperative, 8) => {
                    &["matmul/parts", "matmul/cooperative", "matmul/fragments", "matmul/fragments_8"]
                }
                (Matrices::Cooperative, _) => {
                    &["matmul/parts", "matmul/cooperative", "matmul/fragments", "matmul/fragments_16"]
                }
            },
            rows: shape.tile_rows(unit),
            columns: shape.tile_blocks(unit) / blocks,
            invocations: shape.invocations(unit),
            memory: shape.memory(unit, self.innermost).to_vec(),
            each: None,
            constants: vec![
                ("LANES", unit.lanes),
                ("SIDE", unit.size),
                ("DOWN", shape.down),
                ("ACROSS", shape.across),
                ("SHARES", shape.shares),
                ("ROW_FRAGMENTS", shape.rows),
                ("COLUMN_FRAGMENTS", shape.columns),
                ("ROUND", shape.round),
                ("LOADS_A", loads_a),
                ("LOADS_B", loads_b),
            ],
        }
    }

    /// Inner blocks of a part.
    pub fn part_blocks(&self) -> usize {
        self.inner_blocks.div_ceil(self.parts)
    }

    /// How many invocations share the columns, and how many blocks each has.
    pub fn columns(&self) -> (usize, usize) {
        match self.columns {
            Columns::Windows { count, blocks } => (count, blocks),
            Columns::Blocks(count) => (count, 1),
        }
    }

    /// Rows, columns and inner size, for people.
    fn shape(&self) -> String {
        let (columns, blocks) = self.columns();
        format!("{} x {} x {}", self.rows, 4 * blocks * columns, 4 * self.inner_blocks)
    }
}

/// The power of two that brings gradients of the mean loss of `n` images into f16's range. Unscaled, a trained seed network
/// with N = 128 loses 5 to 18 % of its weights' gradients below f16's smallest normal number; with 16 N an error of 0.04 to
/// 0.13 % is left, and from 128 N on 0.05 %, that of rounding. Above it lies room for gradients of 500 for an image.
fn gradient_scale(n: usize) -> f32 {
    const SCALE_OF_AN_IMAGE: usize = 128;
    (SCALE_OF_AN_IMAGE * n.next_power_of_two()) as f32
}

#[cfg(test)]
impl Product {
    /// A product of these sizes, whose parts are each a result.
    pub fn of_sizes(
        rows: usize,
        columns: Columns,
        inner_blocks: usize,
        splits: usize,
        innermost: Innermost,
    ) -> Product {
        let (parts, bias, scales) = (splits, Bias::Within, Scales::NONE);
        Product { rows, columns, inner_blocks, parts, splits, innermost, bias, scales }
    }
}

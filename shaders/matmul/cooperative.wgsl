// Core: C[m, n] = sum over k of A[m, k] B[k, n], for the matrix units of a GPU, whose subgroups multiply SIDE x SIDE
// matrices as a whole. A and B are rounded to f16 on their way to workgroup memory, sums are f32. Joined to
// matmul/fragments.wgsl, which says what these matrices, called fragments, are, and to matmul/parts.wgsl.
// It goes about it as matmul/tile.wgsl does: what the next round takes is loaded while this one's is multiplied, and where C
// is small and the sums are long, SHARES subgroups deal out the k of the same results.

// A stage: DOWN x ACROSS fragments of C, one of each subgroup of a share. A tile is ROW_FRAGMENTS x COLUMN_FRAGMENTS stages.
const STAGE_ROWS = DOWN * SIDE;
const STAGE_WIDTH = ACROSS * SIDE;
const STAGE_BLOCKS = STAGE_WIDTH / 4u;
const STAGE_COLUMNS = STAGE_BLOCKS / BLOCKS;
const TILE_ROWS = ROW_FRAGMENTS * STAGE_ROWS;
const TILE_WIDTH = COLUMN_FRAGMENTS * STAGE_WIDTH;
const TILE_BLOCKS = TILE_WIDTH / 4u;
const TILE_COLUMNS = TILE_BLOCKS / BLOCKS;
const SUBGROUPS = DOWN * ACROSS * SHARES;
const INVOCATIONS = SUBGROUPS * LANES;

// Numbers of k that are in workgroup memory at a time.
const DEPTH = 4u * ROUND;
const EVEN_A = ROUND * TILE_ROWS % INVOCATIONS == 0u;
const EVEN_B = ROUND * TILE_BLOCKS % INVOCATIONS == 0u;
const FULL_ROUNDS = PART_BLOCKS % ROUND == 0u && INNER_BLOCKS % ROUND == 0u;

// Each row ends in a few numbers that are left out, so that the rows of a fragment meet in no bank of the memory.
const A_STRIDE = DEPTH + 8u;
const B_STRIDE = select(TILE_WIDTH, DEPTH, K_INNERMOST) + 8u;
const C_STRIDE = STAGE_WIDTH + 4u;
const A_NUMBERS = TILE_ROWS * A_STRIDE;
const B_NUMBERS = select(DEPTH, TILE_WIDTH, K_INNERMOST) * B_STRIDE;
// A [TILE_ROWS, DEPTH]; then B, [DEPTH, TILE_WIDTH] or, as it lies in memory, [TILE_WIDTH, DEPTH].
var<workgroup> tiles: array<Element, (A_NUMBERS + B_NUMBERS) / ELEMENT>;
var<workgroup> tile_c: array<f32, SHARES * STAGE_ROWS * C_STRIDE>; // [SHARES, STAGE_ROWS, STAGE_WIDTH]

// From the first number of B.
fn place_b(k: u32, column: u32) -> u32 {
    return select(k * B_STRIDE + column, column * B_STRIDE + k, K_INNERMOST);
}

// Gradients are too small for f16: a power of two brings them into its range, of which the largest of a short batch are
// kept from leaving it. Other operands go as they are; what overflows there must show.
fn scaled(x: vec4<f32>, scale: f32) -> vec4<f32> {
    return select(clamp(scale * x, vec4<f32>(-65504.0), vec4<f32>(65504.0)), x, scale == 1.0);
}

// What the shares have come to together, in their order.
fn result(at: u32) -> vec4<f32> {
    var sum = vec4<f32>();
    for (var share = 0u; share < SHARES; share++) {
        let i = at + share * STAGE_ROWS * C_STRIDE;
        sum += vec4<f32>(tile_c[i], tile_c[i + 1u], tile_c[i + 2u], tile_c[i + 3u]);
    }
    return sum / (SCALE_A * SCALE_B);
}

// C[m, n] = sum over k of A[m, k] B[k, n], z of SPLITS parts of it. One subgroup per ROW_FRAGMENTS x COLUMN_FRAGMENTS fragments,
// one in each stage, and every SHARES-th fragment of k.
@compute @workgroup_size(INVOCATIONS)
fn matmul(
    @builtin(workgroup_id) tile: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
    @builtin(subgroup_id) subgroup: u32,
) {
    let first_row = tile.y * TILE_ROWS;
    let first_column = tile.x * TILE_COLUMNS;
    let last_column = min(first_column + TILE_COLUMNS, COLUMNS) - 1u;
    let place = place_of(subgroup, local);
    let share = place / (DOWN * ACROSS);
    let my_row = place / ACROSS % DOWN * SIDE;
    let my_column = place % ACROSS * SIDE;
    // repeat I ROW_FRAGMENTS
    // repeat J COLUMN_FRAGMENTS
    var c_I_J: FragmentC;
    // end
    // end
    // The blocks that this invocation loads, the same in each round: neighbours load what lies side by side.
    // repeat L LOADS_A
    let a_k_L = (local + L * INVOCATIONS) % ROUND;
    let a_row_L = (local + L * INVOCATIONS) / ROUND;
    var next_a_L = vec4<f32>();
    // end
    // repeat L LOADS_B
    let b_k_L = select((local + L * INVOCATIONS) / TILE_BLOCKS, (local + L * INVOCATIONS) % ROUND, K_INNERMOST);
    let b_block_L = select((local + L * INVOCATIONS) % TILE_BLOCKS, (local + L * INVOCATIONS) / ROUND, K_INNERMOST);
    let b_column_L = b_block_L / STAGE_BLOCKS * STAGE_COLUMNS + b_block_L % STAGE_COLUMNS;
    let column_L = column_of(first_column + b_column_L, b_block_L / STAGE_COLUMNS % BLOCKS);
    var next_b_L = mat4x4<f32>();
    // end

    var part = needed(tile.z, first_column, last_column);
    var first = part * PART_BLOCKS;
    var is_loaded = false;
    loop {
        let is_more = part < PARTS;
        let end = min((part + 1u) * PART_BLOCKS, INNER_BLOCKS);
        if (is_more) {
            // repeat L LOADS_A
            if (EVEN_A || a_row_L < TILE_ROWS) {
                let k = first + a_k_L;
                next_a_L = load_a(min(first_row + a_row_L, M - 1u), select(min(k, end - 1u), k, FULL_ROUNDS));
                next_a_L = select(vec4<f32>(), next_a_L, FULL_ROUNDS || k < end);
            }
            // end
            // repeat L LOADS_B
            if (EVEN_B || (b_k_L < ROUND && b_block_L < TILE_BLOCKS)) {
                let k = first + b_k_L;
                next_b_L = fetch_b(select(min(k, end - 1u), k, FULL_ROUNDS), column_L);
            }
            // end
        }
        if (is_loaded) {
            for (var i = 0u; i < DEPTH / SIDE / SHARES; i++) {
                let k = (i * SHARES + share) * SIDE;
                // repeat J COLUMN_FRAGMENTS
                let b_J = load_fragment_b(A_NUMBERS + place_b(k, J * STAGE_WIDTH + my_column));
                // end
                // repeat I ROW_FRAGMENTS
                let a_I = load_fragment_a((I * STAGE_ROWS + my_row) * A_STRIDE + k);
                // repeat J COLUMN_FRAGMENTS
                multiply_add(a_I, b_J, &c_I_J);
                // end
                // end
            }
        }
        if (!is_more) {
            break;
        }
        workgroupBarrier();
        // repeat L LOADS_A
        if (EVEN_A || a_row_L < TILE_ROWS) {
            put(a_row_L * A_STRIDE + 4u * a_k_L, scaled(next_a_L, SCALE_A));
        }
        // end
        // repeat L LOADS_B
        if (EVEN_B || (b_k_L < ROUND && b_block_L < TILE_BLOCKS)) {
            // repeat E 4
            put(A_NUMBERS + place_b(4u * b_k_L, 4u * b_block_L) + E * B_STRIDE, scaled(next_b_L[E], SCALE_B));
            // end
        }
        // end
        workgroupBarrier();
        is_loaded = true;
        first += ROUND;
        if (first >= end) {
            part = needed(part + SPLITS, first_column, last_column);
            first = part * PART_BLOCKS;
        }
    }

    // One stage after the other, through workgroup memory: only there is it known where in a fragment a number lies.
    // repeat I ROW_FRAGMENTS
    // repeat J COLUMN_FRAGMENTS
    store_fragment(&c_I_J, (share * STAGE_ROWS + my_row) * C_STRIDE + my_column);
    workgroupBarrier();
    for (var i = local; i < STAGE_ROWS * STAGE_COLUMNS; i += INVOCATIONS) {
        let row = first_row + I * STAGE_ROWS + i / STAGE_COLUMNS;
        let column = first_column + J * STAGE_COLUMNS + i % STAGE_COLUMNS;
        if (row < M && column < COLUMNS) {
            let bias_of_row = bias(row);
            let row_of_c = array<vec4<f32>, BLOCKS>(
                // repeat P BLOCKS
                result(i / STAGE_COLUMNS * C_STRIDE + 4u * (P * STAGE_COLUMNS + i % STAGE_COLUMNS)) + bias_of_row,
                // end
            );
            store_row(row, column, tile.z, row_of_c);
        }
    }
    workgroupBarrier();
    // end
    // end
}

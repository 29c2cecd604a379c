// Core: C[m, n] = sum over k of A[m, k] B[k, n], for GPUs; portable, within WebGPU's default limits. Joined
// to matmul/parts.wgsl.
// A workgroup brings a tile of A and one of B into workgroup memory, ROUND inner blocks (four numbers of k each) at a time,
// each number once, and multiplies from there, STEPS inner blocks an invocation, written out so that the reads of one overlap
// the multiplications of another. What the next round takes is loaded meanwhile, and waits in registers.
// Where C is small and the sums are long, SHARES invocations deal out the k of the same results.

const TILE_ROWS = DOWN * ROWS;
const TILE_COLUMNS = ACROSS * WIDTH;
const TILE_BLOCKS = TILE_COLUMNS * BLOCKS;
const INVOCATIONS = DOWN * ACROSS * SHARES;
// Invocations side by side in a share that have the same columns: their loads of four numbers are one.
const PAIR = min(DOWN, 2u);

// Blocks of A and of B that an invocation loads in a round.
const EVEN_A = ROUND * TILE_ROWS % INVOCATIONS == 0u;
const EVEN_B = ROUND * TILE_BLOCKS % INVOCATIONS == 0u;
const FULL_ROUNDS = PART_BLOCKS % ROUND == 0u && INNER_BLOCKS % ROUND == 0u;

// Each k of a tile ends in a place that is left out, so that those who store it meet in no bank of the memory.
const A_STRIDE = TILE_ROWS + 1u;
const B_STRIDE = TILE_BLOCKS + 1u;
const B_PLANE = ROUND * B_STRIDE;
const B_START = ROUND * A_STRIDE;
const SUMS = select(0u, INVOCATIONS * WIDTH * BLOCKS, SHARES > 1u);
// A [ROUND, TILE_ROWS], then B [4, ROUND, TILE_BLOCKS], a plane for each `vec4` of its blocks; at the end the shares' sums.
var<workgroup> tiles: array<vec4<f32>, max(B_START + 4u * B_PLANE, SUMS)>;

fn tile_b(k: u32, block: u32) -> mat4x4<f32> {
    let at = B_START + k * B_STRIDE + block;
    return mat4x4<f32>(tiles[at], tiles[at + B_PLANE], tiles[at + 2u * B_PLANE], tiles[at + 3u * B_PLANE]);
}

// What the shares have come to together, in their order: `own`, where there is one, else the sums from `at` on.
fn result(own: vec4<f32>, at: u32) -> vec4<f32> {
    if (SHARES == 1u) {
        return own;
    }
    var sum = tiles[at];
    for (var share = 1u; share < SHARES; share++) {
        sum += tiles[at + share * DOWN * ACROSS];
    }
    return sum;
}

// C[m, n] = sum over k of A[m, k] B[k, n], z of SPLITS parts of it. An invocation has ROWS rows, DOWN apart, of WIDTH
// columns (of BLOCKS blocks each), ACROSS apart, and every SHARES-th inner block of them.
@compute @workgroup_size(INVOCATIONS)
fn matmul(@builtin(workgroup_id) tile: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let first_row = tile.y * TILE_ROWS;
    let first_column = tile.x * TILE_COLUMNS;
    let last_column = min(first_column + TILE_COLUMNS, COLUMNS) - 1u;
    let share = local / (DOWN * ACROSS);
    let place = local % (DOWN * ACROSS);
    let my_row = place / (PAIR * ACROSS) * PAIR + place % PAIR;
    let my_column = place / PAIR % ACROSS;
    // repeat R ROWS
    // repeat Q WIDTH
    // repeat P BLOCKS
    var c_R_Q_P = vec4<f32>();
    // end
    // end
    // end
    // The blocks that this invocation loads, the same in each round: neighbours load what lies side by side.
    // repeat L LOADS_A
    let a_k_L = (local + L * INVOCATIONS) % ROUND;
    let a_row_L = (local + L * INVOCATIONS) / ROUND;
    var next_a_L = vec4<f32>();
    // end
    // repeat L LOADS_B
    let b_k_L = select(local / TILE_BLOCKS + L * (INVOCATIONS / TILE_BLOCKS), local % ROUND, K_INNERMOST);
    let b_block_L = select(local % TILE_BLOCKS, local / ROUND + L * (INVOCATIONS / ROUND), K_INNERMOST);
    let b_column_L = b_block_L / (ACROSS * BLOCKS) * ACROSS + b_block_L % ACROSS;
    let column_L = column_of(first_column + b_column_L, b_block_L / ACROSS % BLOCKS);
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
            // repeat I STEPS
            {
                let k = I * SHARES + share;
                // repeat Q WIDTH
                // repeat P BLOCKS
                let b_Q_P = tile_b(k, (Q * BLOCKS + P) * ACROSS + my_column);
                // end
                // end
                // repeat R ROWS
                let a_R = tiles[k * A_STRIDE + my_row + R * DOWN];
                // repeat Q WIDTH
                // repeat P BLOCKS
                c_R_Q_P = accumulate(c_R_Q_P, b_Q_P, a_R);
                // end
                // end
                // end
            }
            // end
        }
        if (!is_more) {
            break;
        }
        workgroupBarrier();
        // repeat L LOADS_A
        if (EVEN_A || a_row_L < TILE_ROWS) {
            tiles[a_k_L * A_STRIDE + a_row_L] = next_a_L;
        }
        // end
        // repeat L LOADS_B
        if (EVEN_B || (b_k_L < ROUND && b_block_L < TILE_BLOCKS)) {
            // repeat E 4
            tiles[B_START + E * B_PLANE + b_k_L * B_STRIDE + b_block_L] = next_b_L[E];
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

    // The shares take turns at the rows: each adds up and puts away its own.
    // repeat R ROWS
    if (SHARES > 1u) {
        workgroupBarrier();
        // repeat Q WIDTH
        // repeat P BLOCKS
        tiles[(Q * BLOCKS + P) * INVOCATIONS + local] = c_R_Q_P;
        // end
        // end
        workgroupBarrier();
    }
    if (share == R % SHARES && first_row + my_row + R * DOWN < M) {
        let bias_R = bias(first_row + my_row + R * DOWN);
        // repeat Q WIDTH
        if (first_column + Q * ACROSS + my_column < COLUMNS) {
            let row_of_c = array<vec4<f32>, BLOCKS>(
                // repeat P BLOCKS
                result(c_R_Q_P, (Q * BLOCKS + P) * INVOCATIONS + place) + bias_R,
                // end
            );
            store_row(first_row + my_row + R * DOWN, first_column + Q * ACROSS + my_column, tile.z, row_of_c);
        }
        // end
    }
    // end
}

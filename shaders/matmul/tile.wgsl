// Core: C[m, n] = sum over k of A[m, k] B[k, n], for GPUs; portable, within WebGPU's default limits.
// A workgroup of 128 invocations computes TILE_ROWS rows by TILE_BLOCKS column blocks (usually 64 x 16, so 64 x 64
// numbers). It brings A and B into workgroup memory four inner blocks (16 numbers) at a time, each number once, and
// multiplies from there.

const TILE_COLUMNS = TILE_BLOCKS / BLOCKS;
const TILE_INNER = 4u;
const INVOCATIONS = 128u;

var<workgroup> tile_a: array<vec4<f32>, TILE_INNER * TILE_ROWS>;    // [TILE_INNER, TILE_ROWS]
var<workgroup> tile_b: array<mat4x4<f32>, TILE_INNER * TILE_BLOCKS>; // [TILE_INNER, TILE_COLUMNS, BLOCKS]

// One invocation per ROWS = TILE_ROWS TILE_BLOCKS / (INVOCATIONS BLOCKS) rows of BLOCKS column blocks; z counts the splits.
@compute @workgroup_size(128)
fn matmul(@builtin(workgroup_id) tile: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let first_row = tile.y * TILE_ROWS;
    let first_column = tile.x * TILE_COLUMNS;
    let my_row = (local / TILE_COLUMNS) * ROWS;
    let my_column = local % TILE_COLUMNS;
    // The column block whose B this invocation loads, the same in each round.
    let loaded = column_of(first_column + local % TILE_BLOCKS / BLOCKS, local % BLOCKS);
    // repeat R ROWS
    // repeat P BLOCKS
    var c_R_P = vec4<f32>();
    // end
    // end

    let last_column = min(first_column + TILE_COLUMNS, COLUMNS) - 1u;
    for (var part = tile.z; part < PARTS; part += SPLITS) {
        if (!is_needed(part, first_column, last_column)) {
            continue;
        }
        let end = min((part + 1u) * PART_BLOCKS, INNER_BLOCKS);
        for (var first = part * PART_BLOCKS; first < end; first += TILE_INNER) {
            for (var i = local; i < TILE_INNER * TILE_ROWS; i += INVOCATIONS) {
                let k = first + i / TILE_ROWS;
                let a = load_a(min(first_row + i % TILE_ROWS, M - 1u), min(k, end - 1u));
                tile_a[i] = select(vec4<f32>(), a, k < end);
            }
            if (local < TILE_INNER * TILE_BLOCKS) {
                tile_b[local] = load_b(inner(min(first + local / TILE_BLOCKS, end - 1u)), loaded);
            }
            workgroupBarrier();
            for (var k = 0u; k < TILE_INNER; k++) {
                // repeat P BLOCKS
                let b_P = tile_b[k * TILE_BLOCKS + my_column * BLOCKS + P];
                // end
                // repeat R ROWS
                let a_R = tile_a[k * TILE_ROWS + my_row + R];
                // repeat P BLOCKS
                c_R_P += fold(b_P, a_R);
                // end
                // end
            }
            workgroupBarrier();
        }
    }

    let i = first_column + my_column;
    // repeat R ROWS
    if (i < COLUMNS && first_row + my_row + R < M) {
        let row_of_c = array<vec4<f32>, BLOCKS>(
            // repeat P BLOCKS
            c_R_P,
            // end
        );
        store_row(first_row + my_row + R, i, tile.z, row_of_c);
    }
    // end
}

// Core: C[m, n] = sum over k of A[m, k] B[k, n], for GPUs; portable, within WebGPU's default limits.
// A workgroup of 128 invocations computes 64 rows by 16 column blocks (64 x 64 numbers). It brings A and B into
// workgroup memory four inner blocks (16 numbers) at a time, each number once, and multiplies from there.

const TILE_ROWS = 64u;
const TILE_COLUMNS = 16u;
const TILE_INNER = 4u;
const INVOCATIONS = 128u;

var<workgroup> tile_a: array<vec4<f32>, 256>;    // [TILE_INNER, TILE_ROWS]
var<workgroup> tile_b: array<mat4x4<f32>, 64>;   // [TILE_INNER, TILE_COLUMNS]

// One invocation per 8 rows of one column block; z counts the splits.
@compute @workgroup_size(128)
fn matmul(@builtin(workgroup_id) tile: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let first_row = tile.y * TILE_ROWS;
    let first_column = tile.x * TILE_COLUMNS;
    let my_row = (local / TILE_COLUMNS) * 8u;
    let my_column = local % TILE_COLUMNS;
    // The column block whose B this invocation loads, the same in each round.
    let loaded = column(min(first_column + my_column, COLUMN_BLOCKS - 1u));
    // repeat R 8
    var c_R = vec4<f32>();
    // end

    let last_column = min(first_column + TILE_COLUMNS, COLUMN_BLOCKS) - 1u;
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
            if (local < TILE_INNER * TILE_COLUMNS) {
                tile_b[local] = load_b(inner(min(first + local / TILE_COLUMNS, end - 1u)), loaded);
            }
            workgroupBarrier();
            for (var k = 0u; k < TILE_INNER; k++) {
                let b = tile_b[k * TILE_COLUMNS + my_column];
                // repeat R 8
                c_R += fold(b, tile_a[k * TILE_ROWS + my_row + R]);
                // end
            }
            workgroupBarrier();
        }
    }

    let j = first_column + my_column;
    // repeat R 8
    if (j < COLUMN_BLOCKS && first_row + my_row + R < M) {
        store_c(first_row + my_row + R, j, tile.z, c_R);
    }
    // end
}

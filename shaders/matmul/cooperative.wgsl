// Core: C[m, n] = sum over k of A[m, k] B[k, n], for the matrix units of a GPU, whose subgroups multiply SIDE x SIDE
// matrices as a whole. A and B are rounded to f16 on their way to workgroup memory, sums are f32. Joined to
// matmul/fragments.wgsl, which says what these matrices, called fragments, are.
// A workgroup of SUBGROUPS subgroups computes ROW_FRAGMENTS * SIDE rows by 16 column blocks (64 numbers), four inner
// blocks (16 numbers) at a time.

const TILE_ROWS = ROW_FRAGMENTS * SIDE;
const TILE_BLOCKS = 16u;
const TILE_COLUMNS = TILE_BLOCKS / BLOCKS;
const TILE_WIDTH = 4u * TILE_BLOCKS;
const TILE_INNER = 4u;
const TILE_DEPTH = 4u * TILE_INNER;
const SUBGROUPS = 4u;
const INVOCATIONS = SUBGROUPS * LANES;

var<workgroup> tile_a: array<Element, TILE_ROWS * TILE_DEPTH>; // [TILE_ROWS, TILE_DEPTH]
var<workgroup> tile_b: array<Element, TILE_WIDTH * TILE_DEPTH>; // [TILE_WIDTH / SIDE, TILE_DEPTH, SIDE], each fragment in one piece
var<workgroup> tile_c: array<f32, SIDE * TILE_WIDTH>; // [SIDE, TILE_WIDTH]

// Gradients are too small for f16: a power of two brings them into its range, of which the largest of a short batch are
// kept from leaving it. Other operands go as they are; what overflows there must show.
fn scaled(x: vec4<f32>, scale: f32) -> vec4<f32> {
    return select(clamp(scale * x, vec4<f32>(-65504.0), vec4<f32>(65504.0)), x, scale == 1.0);
}

fn put_a(at: u32, a: vec4<f32>) {
    let numbers = scaled(a, SCALE_A);
    // repeat E 4
    tile_a[at + E] = to_element(numbers[E]);
    // end
}

fn put_b(at: u32, b: vec4<f32>) {
    let numbers = scaled(b, SCALE_B);
    // repeat E 4
    tile_b[at + E] = to_element(numbers[E]);
    // end
}

fn result(at: u32) -> vec4<f32> {
    return vec4<f32>(tile_c[at], tile_c[at + 1u], tile_c[at + 2u], tile_c[at + 3u]) / (SCALE_A * SCALE_B);
}

// One subgroup per strip of TILE_WIDTH / SUBGROUPS columns; z counts the splits.
@compute @workgroup_size(INVOCATIONS)
fn matmul(
    @builtin(workgroup_id) tile: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
    @builtin(subgroup_id) subgroup: u32,
) {
    let first_row = tile.y * TILE_ROWS;
    let first_column = tile.x * TILE_COLUMNS;
    let first_fragment = strip_of(subgroup, local) * STRIP_FRAGMENTS;
    // The column block whose B this invocation loads, the same in each round, and where it goes.
    let my_block = local % TILE_BLOCKS;
    let loaded = column_of(first_column + my_block / BLOCKS, my_block % BLOCKS);
    let my_b = 4u * my_block / SIDE * TILE_DEPTH * SIDE + 4u * my_block % SIDE;
    // repeat I ROW_FRAGMENTS
    // repeat J STRIP_FRAGMENTS
    var c_I_J: FragmentC;
    // end
    // end

    let last_column = min(first_column + TILE_COLUMNS, COLUMNS) - 1u;
    for (var part = tile.z; part < PARTS; part += SPLITS) {
        if (!is_needed(part, first_column, last_column)) {
            continue;
        }
        let end = min((part + 1u) * PART_BLOCKS, INNER_BLOCKS);
        for (var first = part * PART_BLOCKS; first < end; first += TILE_INNER) {
            for (var i = local; i < TILE_ROWS * TILE_INNER; i += INVOCATIONS) {
                let k = first + i % TILE_INNER;
                let a = load_a(min(first_row + i / TILE_INNER, M - 1u), min(k, end - 1u));
                put_a(4u * i, select(vec4<f32>(), a, k < end));
            }
            for (var i = local / TILE_BLOCKS; i < TILE_INNER; i += INVOCATIONS / TILE_BLOCKS) {
                let b = load_b(inner(min(first + i, end - 1u)), loaded);
                // Whichever way the block lies, four numbers of A of which one is 1 and the others 0 fold it to a row.
                // repeat R 4
                put_b(my_b + (4u * i + R) * SIDE, fold(b, vec4<f32>(vec4<u32>(R) == vec4<u32>(0u, 1u, 2u, 3u))));
                // end
            }
            workgroupBarrier();
            for (var k = 0u; k < TILE_DEPTH; k += SIDE) {
                // repeat J STRIP_FRAGMENTS
                let b_J = load_fragment_b(((first_fragment + J) * TILE_DEPTH + k) * SIDE);
                // end
                // repeat I ROW_FRAGMENTS
                let a_I = load_fragment_a(I * SIDE * TILE_DEPTH + k);
                // repeat J STRIP_FRAGMENTS
                multiply_add(a_I, b_J, &c_I_J);
                // end
                // end
            }
            workgroupBarrier();
        }
    }

    // One row of fragments after the other, through workgroup memory: only there is it known where in a fragment a number lies.
    // repeat I ROW_FRAGMENTS
    // repeat J STRIP_FRAGMENTS
    store_fragment(&c_I_J, (first_fragment + J) * SIDE);
    // end
    workgroupBarrier();
    for (var i = local; i < SIDE * TILE_COLUMNS; i += INVOCATIONS) {
        let row = first_row + I * SIDE + i / TILE_COLUMNS;
        let column = first_column + i % TILE_COLUMNS;
        if (row < M && column < COLUMNS) {
            let row_of_c = array<vec4<f32>, BLOCKS>(
                // repeat P BLOCKS
                result(4u * (i * BLOCKS + P)),
                // end
            );
            store_row(row, column, tile.z, row_of_c);
        }
    }
    workgroupBarrier();
    // end
}

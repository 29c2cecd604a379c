// The end of a training step, in one dispatch: the gradients that were computed in parts are added up, the weights moved by
// the rule of an optimiser (update/adam.wgsl or update/sgd.wgsl), taken into their mean where one is kept (update/average.wgsl),
// and laid down turned as well, as transpose.wgsl turns them, for the way back to the input in the next step. What is no number
// any more is noted on the way (update/faults.wgsl):
//   d_w[i] = sum over s of parts[s, i];   w[i] = moved(w[i], d_w[i]);   w_t[c, tap, f] = w[f, c, tap]
// The running statistics of a batch normalisation, behind the bias of each row, go their own way, by what batchnorm.wgsl leaves
// in the place of their gradient.

@group(0) @binding(0) var<storage, read_write> d_w: array<vec4<f32>>; // all gradients; behind them the parts, [SPLITS, ROWS, STRIDE4] each
@group(0) @binding(1) var<storage, read_write> w: array<vec4<f32>>;   // all parameters
@group(0) @binding(2) var<storage, read_write> w_t: array<vec4<f32>>; // those that are read turned, [INPUTS, ROWS / 4] each

// One of the network's matrices, as the constants have it, each a table with a number for each matrix.
struct Matrix {
    number: u32,
    group: u32,   // its first workgroup
    lanes: u32,   // invocations that add up the parts of the same weights
    rows: u32,
    stride: u32,  // from row to row, in vec4
    first: u32,   // where it lies in w and d_w
    splits: u32,  // parts of its gradient
    parts: u32,   // where they lie in d_w
    inputs: u32,  // weights of a row that are read turned, without the bias; or none
    turned: u32,  // where they lie in w_t
    is_norm: u32, // one of a batch normalisation's
}

fn matrix_of(group: u32) -> Matrix {
    var matrix: Matrix;
    // repeat M MATRICES
    if (group >= GROUP[M]) {
        matrix = Matrix(
            M, GROUP[M], LANES[M], ROWS[M], STRIDE4[M], W_OFFSET4[M], SPLITS[M], PARTS_OFFSET4[M], INPUTS[M], W_T_OFFSET4[M], IS_NORM[M],
        );
    }
    // end
    return matrix;
}

var<workgroup> lane_sums: array<vec4<f32>, LANE_SUMS>; // [4, lanes, blocks]

// As many invocations as lanes per 4 x 4 weights: each adds up every so many-th part, and the first of them does the rest.
// Neighbours have the blocks of a tile, row by row.
@compute @workgroup_size(EACH_WORKGROUP)
fn forward(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) workgroups: vec3<u32>) {
    let local = each(id, workgroups) % EACH_WORKGROUP;
    let group = each(id, workgroups) / EACH_WORKGROUP;
    let matrix = matrix_of(group);
    let blocks = EACH_WORKGROUP / matrix.lanes;
    let lane = local / blocks;
    let block = (group - matrix.group) * blocks + local % blocks;
    let tile = block / (TILE_ROWS * TILE_COLUMNS);
    let tiles = (matrix.stride + TILE_COLUMNS - 1u) / TILE_COLUMNS;
    let column = tile % tiles * TILE_COLUMNS + block % TILE_COLUMNS;
    let row_block = tile / tiles * TILE_ROWS + block / TILE_COLUMNS % TILE_ROWS;
    // repeat R 4
    let in_matrix_R = min(4u * row_block + R, matrix.rows - 1u) * matrix.stride + min(column, matrix.stride - 1u);
    let at_R = matrix.first + in_matrix_R;
    // end
    // All that is read is asked for before anything is done with it.
    // repeat R 4
    var g_R = load_d_w(matrix.parts + lane * matrix.rows * matrix.stride + in_matrix_R);
    let old_R = load_w(at_R);
    let moments_R = moments(at_R);
    let average_R = average_of(at_R);
    // end
    for (var s = lane + matrix.lanes; s < matrix.splits; s += matrix.lanes) {
        // repeat R 4
        g_R += load_d_w(matrix.parts + s * matrix.rows * matrix.stride + in_matrix_R);
        // end
    }
    if (MOST_LANES > 1u) {
        // repeat R 4
        lane_sums[R * EACH_WORKGROUP + local] = g_R;
        // end
        workgroupBarrier();
        for (var other = 1u; lane == 0u && other < matrix.lanes; other++) {
            // repeat R 4
            g_R += lane_sums[R * EACH_WORKGROUP + other * blocks + local];
            // end
        }
    }
    let row_blocks = (matrix.rows + 3u) / 4u;
    if (lane > 0u || column >= matrix.stride || row_block >= row_blocks) {
        return;
    }
    var fault = KINDS;
    // repeat R 4
    var new_R = vec4<f32>();
    if (4u * row_block + R < matrix.rows) {
        fault = min(fault, fault_of(old_R, average_R, g_R));
        new_R = moved(at_R, old_R, g_R, moments_R);
        if (NORMS && matrix.is_norm == 1u) {
            new_R = vec4<f32>(new_R.xy, old_R.zw - MOMENTUM_OF_RUNNING * g_R.zw);
        }
        w[at_R] = new_R;
        take_into_average(at_R, new_R, average_R);
        if (matrix.splits > 1u) {
            d_w[at_R] = g_R;
        }
    }
    // end
    note_fault(matrix.number, clock.now.step, fault);
    let turned = transpose(mat4x4<f32>(new_0, new_1, new_2, new_3));
    // repeat R 4
    if (4u * column + R < matrix.inputs) {
        w_t[matrix.turned + (4u * column + R) * row_blocks + row_block] = turned[R];
    }
    // end
}

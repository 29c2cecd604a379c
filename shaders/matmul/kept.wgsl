// Core: C[m, n] = sum over k of A[m, k] B[k, n], for software drivers where the sums are short: a subgroup keeps all that it
// needs of B, and finishes the sums of a row before it begins the next, so that no accumulator is carried from one turn of a
// loop to the next. Those drivers write what is carried back to memory each time, under the loop's execution mask.

// One invocation per BLOCKS column blocks and ROWS rows. A lane loads every WIDTH-th block of a row of A and broadcasts it to
// the others.
@compute @workgroup_size(LANES)
fn matmul(@builtin(workgroup_id) tile: vec3<u32>, @builtin(subgroup_invocation_id) lane: u32) {
    let i = tile.x * LANES + lane;
    // repeat P BLOCKS
    let column_P = column_of(i, P);
    // end
    // repeat Q LOADS
    // repeat L WIDTH
    let inner_Q_L = inner(min(Q * WIDTH + L, INNER_BLOCKS - 1u));
    // repeat P BLOCKS
    let b_Q_L_P = load_b(inner_Q_L, column_P);
    // end
    // end
    // end
    // Zero, for there is one split. Compilers leave out additions to a zero that they know, and a sum would stay -0 that
    // other cores make 0.
    let zero = vec4<f32>(f32(tile.z));
    for (var m = tile.y * ROWS; m < min((tile.y + 1u) * ROWS, M); m++) {
        // repeat P BLOCKS
        var c_P = zero;
        // end
        // repeat Q LOADS
        let a_Q = load_a(m, min(Q * WIDTH + lane, INNER_BLOCKS - 1u));
        // repeat L WIDTH
        if (Q * WIDTH + L < INNER_BLOCKS) {
            let a = subgroupBroadcast(a_Q, L);
            // repeat P BLOCKS
            c_P += fold(b_Q_L_P, a);
            // end
        }
        // end
        // end
        if (i < COLUMNS) {
            let row_of_c = array<vec4<f32>, BLOCKS>(
                // repeat P BLOCKS
                c_P,
                // end
            );
            store_row(m, i, 0u, row_of_c);
        }
    }
}

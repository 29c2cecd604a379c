// Core: C[m, n] = sum over k of A[m, k] B[k, n], for drivers on which loads are dear (software drivers).
// Each lane of a subgroup loads the numbers of A of a row of its own and broadcasts them to the others: one load serves
// LANES rows. No workgroup memory and no barriers. A workgroup is one subgroup of LANES.

// One invocation per BLOCKS column blocks and GROUPS * LANES rows; z counts the splits.
@compute @workgroup_size(LANES)
fn matmul(
    @builtin(workgroup_id) tile: vec3<u32>,
    @builtin(subgroup_invocation_id) lane: u32,
) {
    let first_row = tile.y * (GROUPS * LANES);
    // repeat G GROUPS
    let row_G = min(first_row + G * LANES + lane, M - 1u);
    // repeat L LANES
    // repeat P BLOCKS
    var c_G_L_P = vec4<f32>();
    // end
    // end
    // end
    let i = tile.x * LANES + lane;
    // repeat P BLOCKS
    let column_P = column_of(i, P);
    // end

    let first_column = tile.x * LANES;
    for (var part = tile.z; part < PARTS; part += SPLITS) {
        if (is_needed(part, first_column, first_column + LANES - 1u)) {
            let end = min((part + 1u) * PART_BLOCKS, INNER_BLOCKS);
            var k = part * PART_BLOCKS;
            // The test stands at the end: where it stands first, software drivers run the body once more than they need.
            loop {
                let inner_k = inner(k);
                // repeat P BLOCKS
                let b_P = load_b(inner_k, column_P);
                // end
                // repeat G GROUPS
                let a_G = load_a(row_G, k);
                // repeat L LANES
                let a_G_L = subgroupBroadcast(a_G, L);
                // repeat P BLOCKS
                c_G_L_P += fold(b_P, a_G_L);
                // end
                // end
                // end
                continuing {
                    k++;
                    break if k >= end;
                }
            }
        }
    }

    if (i < COLUMNS) {
        // repeat G GROUPS
        // repeat L LANES
        if (first_row + G * LANES + L < M) {
            let row_of_c = array<vec4<f32>, BLOCKS>(
                // repeat P BLOCKS
                c_G_L_P,
                // end
            );
            store_row(first_row + G * LANES + L, i, tile.z, row_of_c);
        }
        // end
        // end
    }
}

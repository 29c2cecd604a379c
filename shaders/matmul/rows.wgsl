// Core: C[m, n] = sum over k of A[m, k] B[k, n], for software drivers where a product has few columns, as in the
// recognition of one image: the lanes lie along the rows, so that none is idle. Each loads its own rows of A, and all the
// same B.

// One invocation per GROUPS rows, LANES apart, of all column blocks; z counts the splits.
@compute @workgroup_size(LANES)
fn matmul(@builtin(workgroup_id) tile: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let first_row = tile.y * (GROUPS * LANES) + lane;
    // repeat P TILE_COLUMNS
    let column_P = column_of(P, 0u);
    // end
    // repeat G GROUPS
    let row_G = min(first_row + G * LANES, M - 1u);
    // repeat P TILE_COLUMNS
    var c_G_P = vec4<f32>();
    // end
    // end

    for (var part = tile.z; part < PARTS; part += SPLITS) {
        if (is_needed(part, 0u, COLUMNS - 1u)) {
            let end = min((part + 1u) * PART_BLOCKS, INNER_BLOCKS);
            var k = part * PART_BLOCKS;
            // The test stands at the end, as in matmul/broadcast.wgsl.
            loop {
                let inner_k = inner(k);
                // repeat P TILE_COLUMNS
                let b_P = load_b(inner_k, column_P);
                // end
                // repeat G GROUPS
                let a_G = load_a(row_G, k);
                // repeat P TILE_COLUMNS
                c_G_P += fold(b_P, a_G);
                // end
                // end
                continuing {
                    k++;
                    break if k >= end;
                }
            }
        }
    }

    // repeat G GROUPS
    if (first_row + G * LANES < M) {
        // repeat P TILE_COLUMNS
        store_row(first_row + G * LANES, P, tile.z, array<vec4<f32>, BLOCKS>(c_G_P));
        // end
    }
    // end
}

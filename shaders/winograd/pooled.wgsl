// Winograd's convolution, F(2 x 2, 3 x 3), with ReLU and max pooling, forward:
//   y[f, t, n] = relu(max of (Aᵀ m A) + bias[f]), where m[p] = sum over c of u[p, f, c] v[t, p, c, n] at each of the POINTS
// A tile t of 2 x 2 outputs is a window of the pooling. At each point stands a product in the place of nine taps; four points
// at a time are multiplied and then added to the four outputs, so m is never stored. As in matmul/broadcast.wgsl, each lane
// loads the numbers of u of a filter of its own and broadcasts them to the others.
// Aᵀ, 2 x 4:  1 1 1 0 | 0 1 -1 -1

@group(0) @binding(0) var<storage, read> w: array<vec4<f32>>;       // all parameters; here F rows of STRIDE4 from W_OFFSET4
@group(0) @binding(1) var<storage, read> u: array<vec4<f32>>;       // [POINTS, F, C4]
@group(0) @binding(2) var<storage, read> v: array<vec4<f32>>;       // [NG, TILES, POINTS, C, I4]
@group(0) @binding(3) var<storage, read_write> y: array<vec4<f32>>; // [NG, F, TILES, I4]
@group(0) @binding(4) var<storage, read_write> winners: array<u32>; // [NG, F, TILES, I4], by winners.wgsl

const POINTS = 16u;
const C4 = C / 4u;
// Windows of a filter in a group of images, in blocks of four.
const WINDOWS = TILES * I4;
const COLUMNS = NG * WINDOWS;

// One invocation per window of four images and GROUPS * LANES filters.
@compute @workgroup_size(LANES)
fn forward(@builtin(workgroup_id) tile: vec3<u32>, @builtin(subgroup_invocation_id) lane: u32) {
    let first_row = tile.y * (GROUPS * LANES);
    // repeat G GROUPS
    let row_G = min(first_row + G * LANES + lane, F - 1u);
    // repeat L LANES
    // repeat P 4
    var sum_G_L_P = vec4<f32>();
    // end
    // end
    // end
    let i = tile.x * LANES + lane;
    let column = min(i, COLUMNS - 1u);
    let first = column / I4 * POINTS * C * I4 + column % I4;
    var points = 0u;
    loop {
        // repeat X 4
        // repeat G GROUPS
        // repeat L LANES
        var m_X_G_L = vec4<f32>();
        // end
        // end
        {
            var k = 0u;
            loop {
                let at = first + ((points + X) * C + 4u * k) * I4;
                let b = mat4x4<f32>(load_v(at), load_v(at + I4), load_v(at + 2u * I4), load_v(at + 3u * I4));
                // repeat G GROUPS
                let a_G = load_u(((points + X) * F + row_G) * C4 + k);
                // repeat L LANES
                m_X_G_L += b * subgroupBroadcast(a_G, L);
                // end
                // end
                continuing {
                    k++;
                    break if k >= C4;
                }
            }
        }
        // end
        // What a row of four points weighs in the upper and in the lower outputs: a column of Aᵀ.
        let upper = select(1.0, 0.0, points == 12u);
        let lower = select(select(1.0, -1.0, points >= 8u), 0.0, points == 0u);
        // repeat G GROUPS
        // repeat L LANES
        let left_G_L = m_0_G_L + m_1_G_L + m_2_G_L;
        let right_G_L = m_1_G_L - m_2_G_L - m_3_G_L;
        sum_G_L_0 += upper * left_G_L;
        sum_G_L_1 += upper * right_G_L;
        sum_G_L_2 += lower * left_G_L;
        sum_G_L_3 += lower * right_G_L;
        // end
        // end
        continuing {
            points += 4u;
            break if points >= POINTS;
        }
    }

    if (i < COLUMNS) {
        // repeat G GROUPS
        // repeat L LANES
        if (first_row + G * LANES + L < F) {
            let sums = array<vec4<f32>, 4>(sum_G_L_0, sum_G_L_1, sum_G_L_2, sum_G_L_3);
            store_window(first_row + G * LANES + L, i, sums);
        }
        // end
        // end
    }
}

// Pools the sums of window i of filter f, and puts it away.
fn store_window(f: u32, i: u32, sums: array<vec4<f32>, 4>) {
    let pooled = pool_window(sums);
    // The bias stands behind the nine taps of C channels. It is the same for the whole window.
    let largest = pooled.largest + load_w(W_OFFSET4 + f * STRIDE4 + 9u * C4).x;
    let at = (i / WINDOWS * F + f) * WINDOWS + i % WINDOWS;
    y[at] = activate(largest);
    winners[at] = pack_winners(pooled.winner, largest);
}

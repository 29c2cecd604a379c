// Winograd's transform of a convolution's filters, F(2 x 2, 3 x 3), at each of the POINTS:
//   forward:   u[p, f, c] = (G g Gᵀ)[p], where g = w[f, c, :, :]
//   backward:  d_w[f, c, :, :] = Gᵀ (sum over the groups of images of d_u[:, group, f, c]) G
//   bias:      d_bias[f] = sum over tiles t and n of d_y[f, t, n], where it has a winner
// G, 4 x 3:  1 0 0 | 1/2 1/2 1/2 | 1/2 -1/2 1/2 | 0 0 1

@group(0) @binding(0) var<storage, read> w: array<vec4<f32>>;         // all parameters; here F rows of STRIDE4 from W_OFFSET4
@group(0) @binding(1) var<storage, read_write> u: array<vec4<f32>>;   // [POINTS, F, C4]
@group(0) @binding(2) var<storage, read> d_u: array<vec4<f32>>;       // [POINTS, NG, F, C4]
@group(0) @binding(3) var<storage, read> d_y: array<vec4<f32>>;       // [NG, F, TILES, I4]
@group(0) @binding(4) var<storage, read> winners: array<u32>;         // [NG, F, TILES, I4], by winners.wgsl
@group(0) @binding(5) var<storage, read_write> d_w: array<vec4<f32>>; // all gradients, as w

const POINTS = 16u;
const TAPS = 9u;
const C4 = C / 4u;

// G times a column of g.
fn spread(a: vec4<f32>, b: vec4<f32>, c: vec4<f32>) -> array<vec4<f32>, 4> {
    return array<vec4<f32>, 4>(a, 0.5 * (a + b + c), 0.5 * (a - b + c), c);
}

// Gᵀ times a column of d_u.
fn gather(a: vec4<f32>, b: vec4<f32>, c: vec4<f32>, d: vec4<f32>) -> array<vec4<f32>, 3> {
    return array<vec4<f32>, 3>(a + 0.5 * (b + c), 0.5 * (b - c), 0.5 * (b + c) + d);
}

// One invocation per filter and four channels.
@compute @workgroup_size(EACH_WORKGROUP)
fn forward(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) workgroups: vec3<u32>) {
    let i = each(id, workgroups);
    if (i >= F * C4) {
        return;
    }
    // The 36 weights of the four channels lie one behind the other.
    let at = W_OFFSET4 + i / C4 * STRIDE4 + TAPS * (i % C4);
    let weights = array<vec4<f32>, TAPS>(
        // repeat Q 9
        load_w(at + Q),
        // end
    );
    // repeat K 9
    let g_K = vec4<f32>(
        weights[K / 4u][K % 4u],
        weights[(TAPS + K) / 4u][(TAPS + K) % 4u],
        weights[(2u * TAPS + K) / 4u][(2u * TAPS + K) % 4u],
        weights[(3u * TAPS + K) / 4u][(3u * TAPS + K) % 4u],
    );
    // end
    let left = spread(g_0, g_3, g_6);
    let middle = spread(g_1, g_4, g_7);
    let right = spread(g_2, g_5, g_8);
    // repeat Y 4
    let row_Y = spread(left[Y], middle[Y], right[Y]);
    // repeat X 4
    u[(4u * Y + X) * F * C4 + i] = row_Y[X];
    // end
    // end
}

// One invocation per filter and four channels.
@compute @workgroup_size(EACH_WORKGROUP)
fn backward(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) workgroups: vec3<u32>) {
    let i = each(id, workgroups);
    if (i >= F * C4) {
        return;
    }
    // repeat P 16
    var d_P = load_d_u(P * NG * F * C4 + i);
    // end
    for (var group = 1u; group < NG; group++) {
        // repeat P 16
        d_P += load_d_u((P * NG + group) * F * C4 + i);
        // end
    }
    let column_0 = gather(d_0, d_4, d_8, d_12);
    let column_1 = gather(d_1, d_5, d_9, d_13);
    let column_2 = gather(d_2, d_6, d_10, d_14);
    let column_3 = gather(d_3, d_7, d_11, d_15);
    // repeat Y 3
    let row_Y = gather(column_0[Y], column_1[Y], column_2[Y], column_3[Y]);
    // end
    let gradients = array<vec4<f32>, TAPS>(
        // repeat Y 3
        row_Y[0], row_Y[1], row_Y[2],
        // end
    );
    let at = W_OFFSET4 + i / C4 * STRIDE4 + TAPS * (i % C4);
    // repeat Q 9
    d_w[at + Q] = vec4<f32>(
        gradients[(4u * Q) % TAPS][(4u * Q) / TAPS],
        gradients[(4u * Q + 1u) % TAPS][(4u * Q + 1u) / TAPS],
        gradients[(4u * Q + 2u) % TAPS][(4u * Q + 2u) / TAPS],
        gradients[(4u * Q + 3u) % TAPS][(4u * Q + 3u) / TAPS],
    );
    // end
}

// One invocation per filter. Behind the weights its row ends with the bias and three numbers of padding.
@compute @workgroup_size(8)
fn bias(@builtin(global_invocation_id) id: vec3<u32>) {
    let f = id.x;
    if (f >= F) {
        return;
    }
    var sum = vec4<f32>();
    for (var group = 0u; group < NG; group++) {
        for (var i = 0u; i < TILES * I4; i++) {
            let at = (group * F + f) * TILES * I4 + i;
            let winner = unpack_winners(load_winners(at));
            sum += select(load_d_y(at), vec4<f32>(), winner == vec4<u32>(NO_WINNER));
        }
    }
    d_w[W_OFFSET4 + f * STRIDE4 + TAPS * C4] = vec4<f32>(sum.x + sum.y + sum.z + sum.w, 0.0, 0.0, 0.0);
}

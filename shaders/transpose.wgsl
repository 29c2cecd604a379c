// Turns a weight matrix for the product that goes backward to the input:
//   w_t[c, f, tap] = w[f, c, tap], where tap = (ky, kx), and a dense layer has one tap
// Rows of w_t are padded with zeros to a multiple of four; the biases stay behind.

@group(0) @binding(0) var<storage, read> w: array<vec4<f32>>;         // all parameters; here F rows of STRIDE4 from W_OFFSET4
@group(0) @binding(1) var<storage, read_write> w_t: array<vec4<f32>>; // [C, T_STRIDE4]

fn weight(c: u32, k: u32) -> f32 {
    let f = min(k / TAPS, F - 1u);
    let at = c * TAPS + k % TAPS;
    return select(0.0, load_w(W_OFFSET4 + f * STRIDE4 + at / 4u)[at % 4u], k < F * TAPS);
}

// One invocation per four numbers of w_t.
@compute @workgroup_size(64)
fn forward(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) workgroups: vec3<u32>) {
    let i = each(id, workgroups);
    if (i >= C * T_STRIDE4) {
        return;
    }
    let c = i / T_STRIDE4;
    let k = 4u * (i % T_STRIDE4);
    w_t[i] = vec4<f32>(weight(c, k), weight(c, k + 1u), weight(c, k + 2u), weight(c, k + 3u));
}

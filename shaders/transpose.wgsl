// Turns a weight matrix for the product that goes backward to the input:
//   w_t[c, tap, f] = w[f, c, tap], where tap = (ky, kx), and a dense layer has one tap
// The filters of a tap are padded with zeros to a multiple of four; the biases stay behind.

@group(0) @binding(0) var<storage, read> w: array<vec4<f32>>;         // all parameters; here F rows of STRIDE4 from W_OFFSET4
@group(0) @binding(1) var<storage, read_write> w_t: array<vec4<f32>>; // [C, TAPS, F4]

const F4 = (F + 3u) / 4u;

// w[f, at], at = (c, tap); zero beyond the last filter.
fn weight(f: u32, at: u32) -> f32 {
    return select(0.0, load_w(W_OFFSET4 + min(f, F - 1u) * STRIDE4 + at / 4u)[at % 4u], f < F);
}

// One invocation per four numbers of w_t.
@compute @workgroup_size(64)
fn forward(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) workgroups: vec3<u32>) {
    let i = each(id, workgroups);
    if (i >= C * TAPS * F4) {
        return;
    }
    let at = i / F4;
    let f = 4u * (i % F4);
    w_t[i] = vec4<f32>(weight(f, at), weight(f + 1u, at), weight(f + 2u, at), weight(f + 3u, at));
}

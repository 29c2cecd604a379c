// Turns a weight matrix for the product that goes backward to the input:
//   w_t[c, tap, f] = w[f, c, tap], where tap = (ky, kx), and a dense layer has one tap
// The filters of a tap are padded with zeros to a multiple of four; the biases stay behind.

@group(0) @binding(0) var<storage, read> w: array<vec4<f32>>;         // all parameters; here F rows of STRIDE4 from W_OFFSET4
@group(0) @binding(1) var<storage, read_write> w_t: array<vec4<f32>>; // [C, TAPS, F4] from W_T_OFFSET4

const F4 = (F + 3u) / 4u;

// w[f, 4 block .. 4 block + 4], counting (c, tap); zero beyond the last filter.
fn weights(f: u32, block: u32) -> vec4<f32> {
    return select(vec4<f32>(), load_w(W_OFFSET4 + min(f, F - 1u) * STRIDE4 + block), f < F);
}

// One invocation per 4 x 4 weights.
@compute @workgroup_size(EACH_WORKGROUP)
fn forward(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) workgroups: vec3<u32>) {
    let i = each(id, workgroups);
    let block = i / F4;
    if (4u * block >= C * TAPS) {
        return;
    }
    let f = 4u * (i % F4);
    let turned = transpose(mat4x4<f32>(
        weights(f, block),
        weights(f + 1u, block),
        weights(f + 2u, block),
        weights(f + 3u, block),
    ));
    // repeat R 4
    if (4u * block + R < C * TAPS) {
        w_t[W_T_OFFSET4 + (4u * block + R) * F4 + i % F4] = turned[R];
    }
    // end
}

// The sums of a dense layer for one image, for software drivers:
//   bias[f] + sum over c of w[f, c] x[c]
// Where matmul/rows.wgsl would multiply three images that are not there too. In its tensors the image is the first of four,
// as everywhere. What becomes of the sums stands in dense/one.wgsl and dense/softmax.wgsl.

@group(0) @binding(0) var<storage, read> w: array<vec4<f32>>;       // all parameters; here F rows of STRIDE4 from W_OFFSET4
@group(0) @binding(1) var<storage, read> x: array<vec4<f32>>;       // [C]

// One subgroup per ROWS units: its lanes go through the inputs side by side, and at the end add up what each has.
@compute @workgroup_size(LANES)
fn forward(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(subgroup_invocation_id) lane: u32) {
    // repeat R ROWS
    let f_R = min(workgroup.x * ROWS + R, F - 1u);
    var sum_R = 0.0;
    // end
    for (var first = 0u; first < STRIDE4; first += LANES) {
        let k = min(first + lane, STRIDE4 - 1u);
        let inputs = vec4<f32>(input(4u * k), input(4u * k + 1u), input(4u * k + 2u), input(4u * k + 3u));
        let own = select(inputs, vec4<f32>(), first + lane >= STRIDE4);
        // repeat R ROWS
        sum_R += dot(load_w(W_OFFSET4 + f_R * STRIDE4 + k), own);
        // end
    }
    let sums = array<f32, ROWS>(
        // repeat R ROWS
        subgroupAdd(sum_R),
        // end
    );
    if (lane == 0u) {
        finish(workgroup.x * ROWS, sums);
    }
}

// Beyond the inputs stand the bias, whose input is one, and padding, whose weights are zero.
fn input(c: u32) -> f32 {
    return select(load_x(min(c, C - 1u)).x, 1.0, c >= C);
}

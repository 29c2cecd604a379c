// Convolution and ReLU, forward; joined to conv/forward.wgsl, whose product it stores:
//   y[f, oy, ox, n] = relu(the convolution's sum at [f, oy, ox, n])

@group(0) @binding(2) var<storage, read_write> y: array<vec4<f32>>; // [NG, F, OH, OW, I4]

fn store_c(m: u32, j: u32, split: u32, c: vec4<f32>) {
    let at = (j / PLANE * F + m) * PLANE + j % PLANE;
    y[at] = drop(at, activate(c));
}

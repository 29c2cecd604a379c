// Dense layer, forward, of one image; joined to dense/sums.wgsl, whose sums it stores:
//   y[f] = relu(the sum of unit f)

@group(0) @binding(2) var<storage, read_write> y: array<vec4<f32>>; // [F]

// Beyond the last unit its sum is repeated.
fn finish(first: u32, sums: array<f32, ROWS>) {
    // repeat R ROWS
    let at_R = min(first + R, F - 1u);
    store_y(at_R, drop(at_R, activate(vec4<f32>(sums[R]))));
    // end
}

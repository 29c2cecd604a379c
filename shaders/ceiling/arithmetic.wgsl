// The most that the adapter multiplies and adds: fused multiply-adds in registers, in CHAINS chains of vectors that do not
// wait for each other. What is stored depends on all of them, so none can be left out.

@group(0) @binding(0) var<storage, read_write> y: array<vec4<f32>>; // [INVOCATIONS]

// x = a x + b, ROUNDS * STEPS times in each chain.
@compute @workgroup_size(256)
fn arithmetic(@builtin(global_invocation_id) id: vec3<u32>) {
    // Known only when the kernel runs.
    let a = vec4<f32>(1.0 - 0.001 * f32(id.x % 8u));
    let b = vec4<f32>(0.001 * f32(id.x % 4u));
    // repeat C CHAINS
    var x_C = vec4<f32>(f32(C));
    // end
    for (var round = 0u; round < ROUNDS; round++) {
        // repeat S STEPS
        // repeat C CHAINS
        x_C = fma(a, x_C, b);
        // end
        // end
    }
    var sum = vec4<f32>();
    // repeat C CHAINS
    sum += x_C;
    // end
    y[id.x] = sum;
}

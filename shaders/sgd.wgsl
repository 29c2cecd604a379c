// Stochastic gradient descent with momentum, in PyTorch's form:
//   v = momentum v + g;   w -= rate v

@group(0) @binding(0) var<storage, read> d_w: array<vec4<f32>>;     // [LENGTH4]
@group(0) @binding(1) var<storage, read_write> w: array<vec4<f32>>; // [LENGTH4]
@group(0) @binding(2) var<storage, read_write> v: array<vec4<f32>>; // [LENGTH4]

// One invocation per four parameters.
@compute @workgroup_size(EACH_WORKGROUP)
fn forward(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) workgroups: vec3<u32>) {
    let i = each(id, workgroups);
    if (i >= LENGTH4) {
        return;
    }
    let velocity = MOMENTUM * load_v(i) + load_d_w(i);
    v[i] = velocity;
    w[i] = load_w(i) - RATE * velocity;
}

// The most that the adapter reads and writes: a copy too large for any cache.

@group(0) @binding(0) var<storage, read> x: array<vec4<f32>>;       // [invocations]
@group(0) @binding(1) var<storage, read_write> y: array<vec4<f32>>; // [invocations]

// One invocation per four numbers.
@compute @workgroup_size(EACH_WORKGROUP)
fn copy(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) workgroups: vec3<u32>) {
    let i = each(id, workgroups);
    y[i] = load_x(i);
}

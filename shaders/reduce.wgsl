// Adds up the parts in which a weight gradient was computed, in their order:
//   d_w[i] = sum over s of parts[s, i]

@group(0) @binding(0) var<storage, read> parts: array<vec4<f32>>;     // [SPLITS, LENGTH4]
@group(0) @binding(1) var<storage, read_write> d_w: array<vec4<f32>>; // all gradients; here LENGTH4 from W_OFFSET4

// One invocation per four numbers of d_w.
@compute @workgroup_size(EACH_WORKGROUP)
fn forward(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) workgroups: vec3<u32>) {
    let i = each(id, workgroups);
    if (i >= LENGTH4) {
        return;
    }
    var sum = load_parts(i);
    for (var s = 1u; s < SPLITS; s++) {
        sum += load_parts(s * LENGTH4 + i);
    }
    d_w[W_OFFSET4 + i] = sum;
}

// Adam (Kingma and Ba, 2015), in PyTorch's form, with epsilon outside the bias correction:
//   m = b1 m + (1 - b1) g;   v = b2 v + (1 - b2) g^2;   w -= rate (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + epsilon)

@group(0) @binding(0) var<storage, read> clock: Clock;
@group(0) @binding(1) var<storage, read> d_w: array<vec4<f32>>;     // [LENGTH4]
@group(0) @binding(2) var<storage, read_write> w: array<vec4<f32>>; // [LENGTH4]
@group(0) @binding(3) var<storage, read_write> m: array<vec4<f32>>; // [LENGTH4]
@group(0) @binding(4) var<storage, read_write> v: array<vec4<f32>>; // [LENGTH4]

// One invocation per four parameters.
@compute @workgroup_size(EACH_WORKGROUP)
fn forward(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) workgroups: vec3<u32>) {
    let i = each(id, workgroups);
    if (i >= LENGTH4) {
        return;
    }
    let g = load_d_w(i);
    let old_m = load_m(i);
    let old_v = load_v(i);
    let new_m = old_m + ONE_MINUS_BETA1 * (g - old_m);
    let new_v = old_v + ONE_MINUS_BETA2 * (g * g - old_v);
    m[i] = new_m;
    v[i] = new_v;
    let update = (new_m / clock.now.correction1) / (sqrt(new_v / clock.now.correction2) + EPSILON);
    w[i] = load_w(i) - RATE * update;
}

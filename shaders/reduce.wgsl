// Adds up the parts in which a weight gradient was computed, in an order that follows from their number:
//   d_w[i] = sum over s of parts[s, i]

@group(0) @binding(0) var<storage, read> parts: array<vec4<f32>>;     // [SPLITS, LENGTH4]
@group(0) @binding(1) var<storage, read_write> d_w: array<vec4<f32>>; // all gradients; here LENGTH4 from W_OFFSET4

const WIDTH = EACH_WORKGROUP / LANES;
var<workgroup> lane_sums: array<vec4<f32>, EACH_WORKGROUP>; // [LANES, WIDTH]

// LANES invocations per four numbers of d_w: each adds up every LANES-th part, and the first of them what each has.
@compute @workgroup_size(EACH_WORKGROUP)
fn forward(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) workgroups: vec3<u32>) {
    let local = each(id, workgroups) % EACH_WORKGROUP;
    let i = each(id, workgroups) / EACH_WORKGROUP * WIDTH + local % WIDTH;
    let lane = local / WIDTH;
    let at = min(i, LENGTH4 - 1u);
    var sum = load_parts(lane * LENGTH4 + at);
    for (var s = lane + LANES; s < SPLITS; s += LANES) {
        sum += load_parts(s * LENGTH4 + at);
    }
    if (LANES > 1u) {
        lane_sums[local] = sum;
        workgroupBarrier();
        for (var other = 1u; lane == 0u && other < LANES; other++) {
            sum += lane_sums[other * WIDTH + local];
        }
    }
    if (lane == 0u && i < LENGTH4) {
        d_w[W_OFFSET4 + i] = sum;
    }
}

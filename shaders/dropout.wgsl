// Dropout: in training, each unit is zero with probability RATE, and the others are divided by 1 - RATE.
//   keep[c, n] = random(seed, layer; step, c N + n) >= THRESHOLD, with THRESHOLD = RATE * 2^32
//   forward:   y = keep x / (1 - RATE);    backward:  d_x = keep d_y / (1 - RATE), with the same numbers, drawn again

@group(0) @binding(0) var<storage, read> clock: Clock;
@group(0) @binding(1) var<storage, read> x: array<vec4<f32>>;         // [NG, C, I4]
@group(0) @binding(2) var<storage, read_write> y: array<vec4<f32>>;   // [NG, C, I4]
@group(0) @binding(3) var<storage, read> d_y: array<vec4<f32>>;       // [NG, C, I4]
@group(0) @binding(4) var<storage, read_write> d_x: array<vec4<f32>>; // [NG, C, I4]

// What four numbers, at `at` of [NG, C, I4], are multiplied by in the clock's step.
fn factor(at: u32) -> vec4<f32> {
    let i = (at / I4 % C * NG + at / (C * I4)) * I4 + at % I4;
    let key = vec2<u32>(SEED, STREAM);
    let words = vec4<u32>(
        threefry(key, vec2<u32>(clock.now.step - 1u, 2u * i)),
        threefry(key, vec2<u32>(clock.now.step - 1u, 2u * i + 1u)),
    );
    return select(vec4<f32>(), vec4<f32>(SCALE), words >= vec4<u32>(THRESHOLD));
}

// One invocation per unit of four images.
@compute @workgroup_size(EACH_WORKGROUP)
fn forward(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) workgroups: vec3<u32>) {
    let i = each(id, workgroups);
    if (i < NG * C * I4) {
        y[i] = factor(i) * load_x(i);
    }
}

// One invocation per unit of four images.
@compute @workgroup_size(EACH_WORKGROUP)
fn backward(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) workgroups: vec3<u32>) {
    let i = each(id, workgroups);
    if (i < NG * C * I4) {
        d_x[i] = gate(factor(i) * load_d_y(i), load_x(i));
    }
}

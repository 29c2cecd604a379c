// Dropout of what a kernel stores, joined to the kernel: a pass over memory of its own would cost more than the draw.

@group(0) @binding(9) var<storage, read> clock: Clock;

// What four activations, at `at` of [NG, FEATURES, I4], are multiplied by in the clock's step.
fn factor(at: u32) -> vec4<f32> {
    let i = (at / I4 % FEATURES * NG + at / (FEATURES * I4)) * I4 + at % I4;
    let key = vec2<u32>(SEED, STREAM);
    let words = vec4<u32>(
        threefry(key, vec2<u32>(clock.now.step - 1u, 2u * i)),
        threefry(key, vec2<u32>(clock.now.step - 1u, 2u * i + 1u)),
    );
    return select(vec4<f32>(), vec4<f32>(SCALE), words >= vec4<u32>(THRESHOLD));
}

fn drop(at: u32, activations: vec4<f32>) -> vec4<f32> {
    return factor(at) * activations;
}

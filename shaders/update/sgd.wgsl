// Stochastic gradient descent with momentum, in PyTorch's form:
//   v = momentum v + g;   w -= rate v

@group(0) @binding(3) var<storage, read> clock: Clock;
@group(0) @binding(4) var<storage, read_write> v: array<vec4<f32>>; // all parameters', in their order

// The velocity of the four parameters at i.
fn moments(i: u32) -> vec4<f32> {
    return load_v(i);
}

// The four parameters at i after a step, whose velocity is put away.
fn moved(i: u32, old_w: vec4<f32>, g: vec4<f32>, old: vec4<f32>) -> vec4<f32> {
    let velocity = MOMENTUM * old + g;
    v[i] = velocity;
    return old_w - clock.now.rate * velocity;
}

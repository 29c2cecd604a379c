// ReLU, max(0, v), where a product ends with it, and its backward pass, where a gradient is written. Both stand in the
// epilogues of other kernels: a pass over memory of their own would cost as much as a product.

// v after the operation's own activation.
fn activate(v: vec4<f32>) -> vec4<f32> {
    if (!RELU) {
        return v;
    }
    // Not max(v, 0), which would turn a NaN into a zero and hide it.
    return select(v, vec4<f32>(), v < vec4<f32>());
}

// The gradient d by an activation x, passed back through the ReLU that made x: it passes where x > 0.
fn gate(d: vec4<f32>, x: vec4<f32>) -> vec4<f32> {
    if (!RELU_BELOW) {
        return d;
    }
    return select(vec4<f32>(), d, x > vec4<f32>());
}

// Softmax, cross-entropy and the gradient of both:
//   p[c, n] = exp(x[c, n] - max x[., n]) / sum;   loss[n] = -sum over c of wanted[c, n] log p[c, n]
//   d_x = (p - wanted) / images
// where target.wgsl says what is wanted, and images counts the real images of the batch; one with the label NONE has no loss and no gradient. It ends what a
// training step and an evaluation share, so it declares the clock's batch done.

@group(0) @binding(0) var<storage, read_write> clock: Clock;
@group(0) @binding(1) var<storage, read> x: array<vec4<f32>>;                   // [NG, C, I4]
@group(0) @binding(2) var<storage, read> labels: array<vec4<u32>>;              // [NG, I4]
@group(0) @binding(3) var<storage, read_write> d_x: array<vec4<f32>>;           // [NG, C, I4]
@group(0) @binding(4) var<storage, read_write> losses: array<vec4<f32>>;        // [batches, NG, I4]
@group(0) @binding(5) var<storage, read_write> predictions: array<vec4<u32>>;   // [batches, NG, I4]
@group(0) @binding(6) var<storage, read_write> p: array<vec4<f32>>;             // [NG, C, I4]

// One invocation per four images.
@compute @workgroup_size(64)
fn forward(@builtin(global_invocation_id) id: vec3<u32>) {
    let n = id.x;
    if (n >= NG * I4) {
        return;
    }
    let first = n / I4 * C * I4 + n % I4;
    var largest = load_x(first);
    var prediction = vec4<u32>();
    for (var c = 1u; c < C; c++) {
        let value = load_x(first + c * I4);
        prediction = select(prediction, vec4<u32>(c), value > largest);
        largest = max(largest, value);
    }
    let label = labels[n];
    var sum = vec4<f32>();
    var of_wanted = vec4<f32>();
    for (var c = 0u; c < C; c++) {
        let value = load_x(first + c * I4) - largest;
        sum += exp(value);
        of_wanted += wanted(c, C, label) * value;
    }
    let is_image = label != NONE;
    let images = f32(min(N, COUNT - clock.now.batch * N));
    for (var c = 0u; c < C; c++) {
        let probability = exp(load_x(first + c * I4) - largest) / sum;
        p[first + c * I4] = probability;
        let error = probability - wanted(c, C, label);
        d_x[first + c * I4] = select(vec4<f32>(), error / images, is_image);
    }
    losses[clock.now.batch * NG * I4 + n] = select(vec4<f32>(), log(sum) - of_wanted, is_image);
    predictions[clock.now.batch * NG * I4 + n] = prediction;
    if (n == 0u) {
        clock.done = clock.now;
    }
}

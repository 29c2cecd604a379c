// Batch normalisation (Ioffe and Szegedy, 2015), of each channel over its M = images * H * W values in a batch:
//   statistics: mean = sum of x / M;   variance = sum of (x - mean)^2 / M
//   forward:    y = weight z + bias,   with z = (x - mean) / sqrt(variance + EPSILON)
//   gradients:  d_weight = sum of d_y z;   d_bias = sum of d_y
//   backward:   d_x = weight / sqrt(variance + EPSILON) (d_y - (d_bias + z d_weight) / M)
// Trained networks, and the way back through them, have running statistics in the place of the batch's, and no sums over images
// in the gradient: batchnorm/running.wgsl and batchnorm/batch.wgsl. Places without an image count for nothing, and
// get no gradient.

@group(0) @binding(0) var<storage, read> w: array<vec4<f32>>;           // all parameters; here C rows from W_OFFSET4: weight, bias, running mean and variance
@group(0) @binding(1) var<storage, read> x: array<vec4<f32>>;           // [NG, C, H, W, I4]
@group(0) @binding(2) var<storage, read_write> y: array<vec4<f32>>;     // [NG, C, H, W, I4]
@group(0) @binding(3) var<storage, read> d_y: array<vec4<f32>>;         // [NG, C, H, W, I4], by the sums before the layer's own ReLU
@group(0) @binding(4) var<storage, read_write> d_x: array<vec4<f32>>;   // [NG, C, H, W, I4]
@group(0) @binding(5) var<storage, read_write> d_w: array<vec4<f32>>;   // all gradients, in the order of the parameters
@group(0) @binding(6) var<storage, read_write> batch: array<vec4<f32>>; // [C]: mean, 1 / sqrt(variance + EPSILON), unbiased variance, images
@group(0) @binding(7) var<storage, read> clock: Clock;

// Numbers of a channel in a group of images, and in all groups, in blocks of four.
const PLANE = H * W * I4;
const BLOCKS = NG * PLANE;

// Block i of channel c.
fn place(c: u32, i: u32) -> u32 {
    return (i / PLANE * C + c) * PLANE + i % PLANE;
}

// Which of the four images at `at` are there, of a batch of so many.
fn present(at: u32, images: u32) -> vec4<bool> {
    let block = at / (C * PLANE) * I4 + at % I4;
    return 4u * block + vec4<u32>(0u, 1u, 2u, 3u) < vec4<u32>(images);
}

var<workgroup> lanes: array<f32, EACH_WORKGROUP>;

// The sum of all invocations' values, in a fixed order.
fn total(lane: u32, value: vec4<f32>) -> f32 {
    lanes[lane] = value.x + value.y + value.z + value.w;
    workgroupBarrier();
    for (var half = EACH_WORKGROUP / 2u; half > 0u; half /= 2u) {
        if (lane < half) {
            lanes[lane] += lanes[lane + half];
        }
        workgroupBarrier();
    }
    let sum = lanes[0];
    workgroupBarrier();
    return sum;
}

// One workgroup per channel.
@compute @workgroup_size(EACH_WORKGROUP)
fn statistics(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let images = min(N, COUNT - clock.now.batch * N);
    let m = f32(images) * f32(H * W);
    var sum = vec4<f32>();
    for (var i = lane; i < BLOCKS; i += EACH_WORKGROUP) {
        let at = place(group.x, i);
        sum += select(vec4<f32>(), load_x(at), present(at, images));
    }
    let mean = total(lane, sum) / m;
    var squares = vec4<f32>();
    for (var i = lane; i < BLOCKS; i += EACH_WORKGROUP) {
        let at = place(group.x, i);
        let distance = select(vec4<f32>(), load_x(at) - mean, present(at, images));
        squares += distance * distance;
    }
    let all = total(lane, squares);
    if (lane == 0u) {
        batch[group.x] = vec4<f32>(mean, 1.0 / sqrt(all / m + EPSILON), all / max(m - 1.0, 1.0), f32(images));
    }
}

// One invocation per value of four images.
@compute @workgroup_size(EACH_WORKGROUP)
fn forward(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) workgroups: vec3<u32>) {
    let i = each(id, workgroups);
    if (i >= C * BLOCKS) {
        return;
    }
    let c = i / PLANE % C;
    let row = load_w(W_OFFSET4 + c);
    let s = statistics_of(c, row);
    y[i] = activate(row.x * (load_x(i) - s.x) * s.y + row.y);
}

// One workgroup per channel. What running statistics hear, in the place of a gradient, is how far they are from the batch's.
@compute @workgroup_size(EACH_WORKGROUP)
fn gradients(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let row = load_w(W_OFFSET4 + group.x);
    let s = batch[group.x];
    var d_weight = vec4<f32>();
    var d_bias = vec4<f32>();
    for (var i = lane; i < BLOCKS; i += EACH_WORKGROUP) {
        let at = place(group.x, i);
        let d = load_d_y(at);
        d_weight += d * (load_x(at) - s.x) * s.y;
        d_bias += d;
    }
    let sums = vec2<f32>(total(lane, d_weight), total(lane, d_bias));
    if (lane == 0u) {
        d_w[W_OFFSET4 + group.x] = vec4<f32>(sums, row.zw - s.xz);
    }
}

// One invocation per value of four images.
@compute @workgroup_size(EACH_WORKGROUP)
fn backward(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) workgroups: vec3<u32>) {
    let i = each(id, workgroups);
    if (i >= C * BLOCKS) {
        return;
    }
    let c = i / PLANE % C;
    let row = load_w(W_OFFSET4 + c);
    let s = statistics_of(c, row);
    let value = load_x(i);
    d_x[i] = gate(row.x * s.y * (load_d_y(i) - by_statistics(c, i, (value - s.x) * s.y)), value);
}

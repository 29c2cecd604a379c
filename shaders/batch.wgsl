// Gathers a shuffled batch from the data set, which stays on the GPU as bytes:
//   x[pixel, n] = images[order[batch N + n], pixel] / 255;   y[n] = labels[order[batch N + n]]
// Beyond N, and beyond the end of the data set in the last batch, stand black images with the label NONE, which count for
// nothing. It begins a step, so it sets the clock.

@group(0) @binding(0) var<storage, read_write> clock: Clock;
@group(0) @binding(1) var<storage, read> order: array<u32>;           // [COUNT]
@group(0) @binding(2) var<storage, read> images: array<u32>;          // [COUNT, PIXELS4], four pixels a word
@group(0) @binding(3) var<storage, read> labels: array<u32>;          // [COUNT], four labels a word
@group(0) @binding(4) var<storage, read_write> x: array<vec4<f32>>;   // [NG, PIXELS, I4]
@group(0) @binding(5) var<storage, read_write> y: array<vec4<u32>>;   // [NG, I4]

const NONE = 255u;

// What the clock shows in the step after `done`.
fn next(done: Time) -> Time {
    return Time(
        done.step + 1u,
        done.batch + 1u,
        done.correction1 + ONE_MINUS_BETA1 * (1.0 - done.correction1),
        done.correction2 + ONE_MINUS_BETA2 * (1.0 - done.correction2),
        learning_rate(done.step + 1u),
    );
}

// The number in the data set of image n of the batch; COUNT where there is none.
fn image(n: u32) -> u32 {
    let position = (clock.done.batch + 1u) * N + n;
    return select(COUNT, order[min(position, COUNT - 1u)], n < N && position < COUNT);
}

fn four_pixels(image: u32, pixels: u32) -> vec4<f32> {
    let word = images[min(image, COUNT - 1u) * PIXELS4 + pixels];
    let bytes = (vec4<u32>(word) >> vec4<u32>(0u, 8u, 16u, 24u)) & vec4<u32>(255u);
    return select(vec4<f32>(), vec4<f32>(bytes) / 255.0, image < COUNT);
}

fn label(image: u32) -> u32 {
    let word = labels[min(image, COUNT - 1u) / 4u];
    return select(NONE, (word >> (8u * (image % 4u))) & 255u, image < COUNT);
}

// One invocation per four pixels of four images: it turns a 4 x 4 block, images innermost.
@compute @workgroup_size(EACH_WORKGROUP)
fn forward(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) workgroups: vec3<u32>) {
    let i = each(id, workgroups);
    if (i >= NG * PIXELS4 * I4) {
        return;
    }
    if (i == 0u) {
        clock.now = next(clock.done);
    }
    let group = i / (PIXELS4 * I4);
    let pixels = i / I4 % PIXELS4;
    let n = group * I4 + i % I4;
    let four = vec4<u32>(image(4u * n), image(4u * n + 1u), image(4u * n + 2u), image(4u * n + 3u));
    let block = transpose(mat4x4<f32>(
        four_pixels(four.x, pixels),
        four_pixels(four.y, pixels),
        four_pixels(four.z, pixels),
        four_pixels(four.w, pixels),
    ));
    let at = 4u * (group * PIXELS4 + pixels) * I4 + i % I4;
    x[at] = block[0];
    x[at + I4] = block[1];
    x[at + 2u * I4] = block[2];
    x[at + 3u * I4] = block[3];
    if (pixels == 0u) {
        y[n] = vec4<u32>(label(four.x), label(four.y), label(four.z), label(four.w));
    }
}

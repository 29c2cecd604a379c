// Turns images over, which come from the host one behind the other, so that they are innermost:
//   x[pixel, n] = bytes[n, pixel] / 255,   or   x[pixel, n] = numbers[n, pixel]
// Beyond N stand black images.

@group(0) @binding(0) var<storage, read> bytes: array<u32>;           // [N, PIXELS4], four pixels a word
@group(0) @binding(1) var<storage, read> numbers: array<vec4<f32>>;   // [N, PIXELS4]
@group(0) @binding(2) var<storage, read_write> x: array<vec4<f32>>;   // [NG, PIXELS, I4]

fn four_bytes(n: u32, pixels: u32) -> vec4<f32> {
    let word = bytes[min(n, N - 1u) * PIXELS4 + pixels];
    let four = (vec4<u32>(word) >> vec4<u32>(0u, 8u, 16u, 24u)) & vec4<u32>(255u);
    return select(vec4<f32>(), vec4<f32>(four) / 255.0, n < N);
}

fn four_numbers(n: u32, pixels: u32) -> vec4<f32> {
    return select(vec4<f32>(), numbers[min(n, N - 1u) * PIXELS4 + pixels], n < N);
}

// Block i of four pixels: the first of its four images.
fn first_image(i: u32) -> u32 {
    return 4u * (i / (PIXELS4 * I4) * I4 + i % I4);
}

// Block i of four pixels, of images [4, 4].
fn store_block(i: u32, images: mat4x4<f32>) {
    let block = transpose(images);
    let at = 4u * (i / I4) * I4 + i % I4;
    // repeat R 4
    x[at + R * I4] = block[R];
    // end
}

// One invocation per four pixels of four images: it turns a 4 x 4 block, images innermost.
@compute @workgroup_size(EACH_WORKGROUP)
fn forward_bytes(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) workgroups: vec3<u32>) {
    let i = each(id, workgroups);
    if (i >= NG * PIXELS4 * I4) {
        return;
    }
    let n = first_image(i);
    let p = i / I4 % PIXELS4;
    store_block(i, mat4x4<f32>(four_bytes(n, p), four_bytes(n + 1u, p), four_bytes(n + 2u, p), four_bytes(n + 3u, p)));
}

// One invocation per four pixels of four images, in the same way.
@compute @workgroup_size(EACH_WORKGROUP)
fn forward_numbers(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) workgroups: vec3<u32>) {
    let i = each(id, workgroups);
    if (i >= NG * PIXELS4 * I4) {
        return;
    }
    let n = first_image(i);
    let p = i / I4 % PIXELS4;
    store_block(
        i,
        mat4x4<f32>(four_numbers(n, p), four_numbers(n + 1u, p), four_numbers(n + 2u, p), four_numbers(n + 3u, p)),
    );
}

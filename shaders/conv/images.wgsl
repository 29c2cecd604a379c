// The columns of conv/forward.wgsl's product: four images side by side at each output pixel.

// Numbers of a filter in a group of images, in blocks of four.
const PLANE = OH * OW * I4;
const COLUMN_BLOCKS = NG * PLANE;

fn column(j: u32) -> Column {
    let y = i32(j % PLANE / (OW * I4) * STRIDE) - i32(PAD_Y);
    let x = i32(j / I4 % OW * STRIDE) - i32(PAD_X);
    let first = i32(j / PLANE * C * H * W * I4 + j % I4);
    return Column(y, x, first + (y * i32(W) + x) * i32(I4));
}

// What tap k takes at row y and column x, which lies at `at`.
fn tap(k: u32, y: i32, x: i32, at: i32) -> vec4<f32> {
    return input(k, y, x, at);
}

fn fetch_b(k: u32, c: Column) -> mat4x4<f32> {
    if (PADDED || (BIAS_BLOCKS == 0u && 4u * k + 3u >= INPUTS)) {
        return load_b(inner(k), c);
    }
    // What inner(k) comes to where the taps lead nowhere outside.
    let tap = 4u * k + vec4<u32>(0u, 1u, 2u, 3u);
    let row = tap / KW;
    let plane = tap / (KH * KW);
    let at = u32(c.at) + (tap + row * W - row * KW + (plane * H - plane * KH) * W) * I4;
    return mat4x4<f32>(load_x(at.x), load_x(at.y), load_x(at.z), load_x(at.w));
}

// Convolution, backward to its input:
//   d_x[c, y, x, n] = sum over f, ky, kx of w[f, c, ky, kx] d_y[f, y + PAD_Y - ky, x + PAD_X - kx, n]
// d_y is zero outside its OH x OW pixels. The product's rows are the channels c, its columns (y, x, n), its inner index
// k = (f, ky, kx). Where a ReLU made x, the gradient goes on only where x > 0.

@group(0) @binding(0) var<storage, read> w_t: array<vec4<f32>>;       // [C, STRIDE4]: rows of (f, ky, kx), by transpose.wgsl
@group(0) @binding(1) var<storage, read> d_y: array<vec4<f32>>;       // [F, OH, OW, N4]
@group(0) @binding(2) var<storage, read> x: array<vec4<f32>>;         // [C, H, W, N4]
@group(0) @binding(3) var<storage, read_write> d_x: array<vec4<f32>>; // [C, H, W, N4]

const M = C;
const COLUMN_BLOCKS = H * W * N4;
const INNER_BLOCKS = STRIDE4;

// The output pixel that the kernel's first tap sent this input pixel to, and where it lies.
struct Column { y: i32, x: i32, at: i32 }

fn column(j: u32) -> Column {
    let y = i32(j / (W * N4)) + i32(PAD_Y);
    let x = i32(j / N4 % W) + i32(PAD_X);
    return Column(y, x, (y * i32(OW) + x) * i32(N4) + i32(j % N4));
}

// Four taps (f, ky, kx): ky, kx and the distance of their output from the column's.
struct Inner { y: vec4<i32>, x: vec4<i32>, at: vec4<i32> }

fn inner(block: u32) -> Inner {
    // Beyond the last tap w_t holds zeros; any output will do, so the last.
    let k = min(4u * block + vec4<u32>(0u, 1u, 2u, 3u), vec4<u32>(F * KH * KW - 1u));
    let f = vec4<i32>(k / (KH * KW));
    let y = vec4<i32>(k / KW % KH);
    let x = vec4<i32>(k % KW);
    return Inner(y, x, ((f * i32(OH) - y) * i32(OW) - x) * i32(N4));
}

fn load_a(m: u32, k: u32) -> vec4<f32> {
    return load_w_t(m * STRIDE4 + k);
}

fn output(y: i32, x: i32, at: i32) -> vec4<f32> {
    let inside = y >= 0 && y < i32(OH) && x >= 0 && x < i32(OW);
    return select(vec4<f32>(), load_d_y(u32(select(0, at, inside))), inside);
}

fn load_b(i: Inner, c: Column) -> mat4x4<f32> {
    return mat4x4<f32>(
        output(c.y - i.y.x, c.x - i.x.x, c.at + i.at.x),
        output(c.y - i.y.y, c.x - i.x.y, c.at + i.at.y),
        output(c.y - i.y.z, c.x - i.x.z, c.at + i.at.z),
        output(c.y - i.y.w, c.x - i.x.w, c.at + i.at.w),
    );
}

fn fold(b: mat4x4<f32>, a: vec4<f32>) -> vec4<f32> {
    return b * a;
}

fn store_c(m: u32, j: u32, split: u32, c: vec4<f32>) {
    let at = m * COLUMN_BLOCKS + j;
    d_x[at] = gate(c, load_x(at));
}

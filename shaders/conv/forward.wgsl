// Convolution, forward:
//   bias[f] + sum over c, ky, kx of w[f, c, ky, kx] x[c, STRIDE oy + ky - PAD_Y, STRIDE ox + kx - PAD_X, n]
// The product's rows are the filters f, its inner index k = (c, ky, kx), and one k more, for the bias (conv/input.wgsl). Its
// columns are (oy, ox, n) in the order of conv/images.wgsl, or of one image that of conv/one.wgsl. What becomes of the sums
// stands there and in conv/stored.wgsl and conv/pooled.wgsl.

@group(0) @binding(0) var<storage, read> w: array<vec4<f32>>;       // all parameters; here F rows of STRIDE4 from W_OFFSET4

const M = F;
const INNER_BLOCKS = STRIDE4 - BIAS_BLOCKS;

// The input pixel under the kernel's first tap, and where it lies.
struct Column { y: i32, x: i32, at: i32 }

// Four taps (c, ky, kx): ky, kx and the distance of their input from the column's.
struct Inner { k: vec4<u32>, y: vec4<i32>, x: vec4<i32>, at: vec4<i32> }

fn inner(block: u32) -> Inner {
    let k = 4u * block + vec4<u32>(0u, 1u, 2u, 3u);
    // Beyond the last tap stand the bias and zeros: any input will do, so the first.
    let tap = select(vec4<u32>(), k, k < vec4<u32>(INPUTS));
    let c = tap / (KH * KW);
    let y = tap / KW % KH;
    let x = tap % KW;
    return Inner(k, vec4<i32>(y), vec4<i32>(x), vec4<i32>(((c * H + y) * W + x) * I4));
}

fn is_needed(part: u32, first_column: u32, last_column: u32) -> bool {
    return true;
}

fn load_a(m: u32, k: u32) -> vec4<f32> {
    return load_w(W_OFFSET4 + m * STRIDE4 + k);
}

fn load_b(i: Inner, c: Column) -> mat4x4<f32> {
    return mat4x4<f32>(
        tap(i.k.x, c.y + i.y.x, c.x + i.x.x, c.at + i.at.x),
        tap(i.k.y, c.y + i.y.y, c.x + i.x.y, c.at + i.at.y),
        tap(i.k.z, c.y + i.y.z, c.x + i.x.z, c.at + i.at.z),
        tap(i.k.w, c.y + i.y.w, c.x + i.x.w, c.at + i.at.w),
    );
}

// Convolution, backward to its weights:
//   d_w[f, c, ky, kx] = sum over oy, ox, n of d_y[f, oy, ox, n] x[c, STRIDE oy + ky - PAD_Y, STRIDE ox + kx - PAD_X, n]
// The product's rows are the filters f, its columns (c, ky, kx), and one more, for the bias (conv/input.wgsl); its inner
// index is k = (oy, ox, n). Both operands lie with k innermost. The inner size is long and the result small, so
// it is computed in SPLITS parts, which update/matrices.wgsl adds up.

@group(0) @binding(0) var<storage, read> d_y: array<vec4<f32>>;       // [NG, F, OH, OW, I4]
@group(0) @binding(2) var<storage, read_write> d_w: array<vec4<f32>>; // [SPLITS, F, STRIDE4] from W_OFFSET4

const M = F;
const COLUMN_BLOCKS = STRIDE4;
// Numbers of a filter in a group of images, in blocks of four.
const PLANE = OH * OW * I4;
const INNER_BLOCKS = NG * PLANE;

// Four taps (c, ky, kx), and where the input of the first output pixel lies.
struct Column { k: vec4<u32>, y: vec4<i32>, x: vec4<i32>, at: vec4<i32> }

fn column(j: u32) -> Column {
    let k = 4u * j + vec4<u32>(0u, 1u, 2u, 3u);
    let tap = select(vec4<u32>(), k, k < vec4<u32>(INPUTS));
    let c = vec4<i32>(tap / (KH * KW));
    let y = vec4<i32>(tap / KW % KH) - i32(PAD_Y);
    let x = vec4<i32>(tap % KW) - i32(PAD_X);
    return Column(k, y, x, ((c * i32(H) + y) * i32(W) + x) * i32(I4));
}

// An output pixel, and the distance of its input from the first output pixel's.
struct Inner { y: i32, x: i32, at: i32 }

fn inner(block: u32) -> Inner {
    let y = block % PLANE / (OW * I4) * STRIDE;
    let x = block / I4 % OW * STRIDE;
    return Inner(i32(y), i32(x), i32(((block / PLANE * C * H + y) * W + x) * I4 + block % I4));
}

fn is_needed(part: u32, first_column: u32, last_column: u32) -> bool {
    return true;
}

fn load_a(m: u32, k: u32) -> vec4<f32> {
    return load_d_y((k / PLANE * F + m) * PLANE + k % PLANE);
}

fn load_b(i: Inner, c: Column) -> mat4x4<f32> {
    return mat4x4<f32>(
        input(c.k.x, c.y.x + i.y, c.x.x + i.x, c.at.x + i.at),
        input(c.k.y, c.y.y + i.y, c.x.y + i.x, c.at.y + i.at),
        input(c.k.z, c.y.z + i.y, c.x.z + i.x, c.at.z + i.at),
        input(c.k.w, c.y.w + i.y, c.x.w + i.x, c.at.w + i.at),
    );
}

fn fetch_b(k: u32, c: Column) -> mat4x4<f32> {
    let i = inner(k);
    if (PADDED || c.k.w >= INPUTS) {
        return load_b(i, c);
    }
    let at = vec4<u32>(c.at + i.at);
    return mat4x4<f32>(load_x(at.x), load_x(at.y), load_x(at.z), load_x(at.w));
}

fn store_c(m: u32, j: u32, split: u32, c: vec4<f32>) {
    // Behind the bias the row ends in padding, whose gradient is zero.
    let used = 4u * j + vec4<u32>(0u, 1u, 2u, 3u) <= vec4<u32>(INPUTS);
    d_w[W_OFFSET4 + (split * F + m) * STRIDE4 + j] = select(vec4<f32>(), c, used);
}

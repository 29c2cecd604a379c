// Convolution with a pooling behind it, backward to its weights:
//   d_w[f, c, ky, kx] = sum over oy, ox, n of d_s[f, oy, ox, n] x[c, STRIDE oy + ky - PAD_Y, STRIDE ox + kx - PAD_X, n]
// where d_s, the gradient of the convolution's sums, is d_y at the winner of each SIZE x SIZE window and zero elsewhere,
// and is never stored. For a convolution that hands no gradient on, so a network's first, which has few taps and many
// output pixels: the product's rows are the taps (c, ky, kx), one more for the bias (conv/input.wgsl) and the padding of
// a row of weights, its columns the filters f, its inner index is k = (oy, ox, n). It is computed in SPLITS parts, which
// update/matrices.wgsl adds up.

@group(0) @binding(0) var<storage, read> d_y: array<vec4<f32>>;       // [NG, F, OH / SIZE, OW / SIZE, I4]
@group(0) @binding(2) var<storage, read_write> d_w: array<vec4<f32>>; // [SPLITS, F, STRIDE4] from W_OFFSET4
@group(0) @binding(3) var<storage, read> winners: array<u32>;         // [NG, F, OH / SIZE, OW / SIZE, I4], by winners.wgsl

const M = 4u * STRIDE4;
const COLUMN_BLOCKS = (F + 3u) / 4u;
// Numbers of a filter in a group of images, in blocks of four: outputs of the convolution, and of the pooling.
const PLANE = OH * OW * I4;
const WINDOWS = (OH / SIZE) * (OW / SIZE) * I4;
const INNER_BLOCKS = NG * PLANE;

// Where the gradients of the first windows of four filters lie.
struct Column { at: vec4<u32> }

fn column(j: u32) -> Column {
    return Column(min(4u * j + vec4<u32>(0u, 1u, 2u, 3u), vec4<u32>(F - 1u)) * WINDOWS);
}

// The distance of an output pixel's window from the first, and its number there.
struct Inner { at: u32, tap: u32 }

fn inner(block: u32) -> Inner {
    let y = block % PLANE / (OW * I4);
    let x = block / I4 % OW;
    let window = (y / SIZE * (OW / SIZE) + x / SIZE) * I4 + block % I4;
    return Inner(block / PLANE * F * WINDOWS + window, y % SIZE * SIZE + x % SIZE);
}

fn is_needed(part: u32, first_column: u32, last_column: u32) -> bool {
    return true;
}

fn load_a(m: u32, k: u32) -> vec4<f32> {
    let tap = select(0u, m, m < INPUTS);
    let y = i32(k % PLANE / (OW * I4) * STRIDE + tap / KW % KH) - i32(PAD_Y);
    let x = i32(k / I4 % OW * STRIDE + tap % KW) - i32(PAD_X);
    let plane = i32((k / PLANE * C + tap / (KH * KW)) * H);
    return input(m, y, x, ((plane + y) * i32(W) + x) * i32(I4) + i32(k % I4));
}

fn gradient(at: u32, tap: u32) -> vec4<f32> {
    return select(vec4<f32>(), load_d_y(at), unpack_winners(load_winners(at)) == vec4<u32>(tap));
}

fn load_b(i: Inner, c: Column) -> mat4x4<f32> {
    return mat4x4<f32>(
        gradient(c.at.x + i.at, i.tap),
        gradient(c.at.y + i.at, i.tap),
        gradient(c.at.z + i.at, i.tap),
        gradient(c.at.w + i.at, i.tap),
    );
}

fn fetch_b(k: u32, c: Column) -> mat4x4<f32> {
    return load_b(inner(k), c);
}

fn store_c(m: u32, j: u32, split: u32, c: vec4<f32>) {
    for (var i = 0u; i < min(4u, F - 4u * j); i++) {
        let row = W_OFFSET4 + (split * F + 4u * j + i) * STRIDE4;
        // Behind the bias the row ends in padding, whose gradient is zero.
        d_w[row + m / 4u][m % 4u] = select(0.0, c[i], m <= INPUTS);
    }
}

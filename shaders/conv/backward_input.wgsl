// Convolution, backward to its input:
//   d_x[c, y, x, n] = sum over f, ky, kx of w[f, c, ky, kx] d_y[f, (y + PAD_Y - ky) / STRIDE, (x + PAD_X - kx) / STRIDE, n]
// where STRIDE divides both; d_y is zero outside its OH x OW pixels. The product's rows are the channels c, its columns
// (y, x, n), its inner index k = (ky, kx, f). A tap (ky, kx) is a part of its own, left out by tiles that it leads nowhere.
// Pixels that the same taps lead somewhere stand beside each other: those whose y and x leave the same remainders, their phase,
// by STRIDE. Where a ReLU
// made x, the gradient goes on only where x > 0; where dropout did, too, that is where it kept x, and SCALE what it multiplied
// x by. Where it goes stands in pool/none.wgsl and pool/joined.wgsl.

@group(0) @binding(0) var<storage, read> w_t: array<vec4<f32>>;       // [C, KH, KW, F4] from W_T_OFFSET4, by transpose.wgsl
@group(0) @binding(1) var<storage, read> d_y: array<vec4<f32>>;       // [NG, F, OH, OW, I4]
@group(0) @binding(2) var<storage, read> x: array<vec4<f32>>;         // [NG, C, H, W, I4]
@group(0) @binding(3) var<storage, read_write> d_x: array<vec4<f32>>; // [NG, C, H, W, I4]

const M = C;
// Rows and columns of a phase, of the larger ones.
const PHASE_H = (H + STRIDE - 1u) / STRIDE;
const PHASE_W = (W + STRIDE - 1u) / STRIDE;
// Pixels of a phase, and numbers of a channel in a group of images, in blocks of four.
const PHASE = PHASE_H * PHASE_W;
const PLANE = STRIDE * STRIDE * PHASE * I4;
const COLUMN_BLOCKS = NG * PLANE;
const INNER_BLOCKS = KH * KW * F4;
const F4 = (F + 3u) / 4u;

// The row and the column of a column's pixel, which lies in the image or, in smaller phases, just beside it.
fn pixel(j: u32) -> vec2<u32> {
    let phase = j % PLANE / (PHASE * I4);
    return vec2<u32>(
        j / (PHASE_W * I4) % PHASE_H * STRIDE + phase / STRIDE,
        j / I4 % PHASE_W * STRIDE + phase % STRIDE,
    );
}

// What a row or column of the padded image leaves by STRIDE, of both.
fn remainder(y: u32, x: u32) -> u32 {
    return y % STRIDE * STRIDE + x % STRIDE;
}

// The output pixel that the first tap of its remainder sent this input pixel to, and where it lies.
struct Column { y: i32, x: i32, remainder: u32, at: i32 }

fn column(j: u32) -> Column {
    let padded = pixel(j) + vec2<u32>(PAD_Y, PAD_X);
    let y = i32(padded.x / STRIDE);
    let x = i32(padded.y / STRIDE);
    let first = i32(j / PLANE * F * OH * OW * I4 + j % I4);
    return Column(y, x, remainder(padded.x, padded.y), first + (y * i32(OW) + x) * i32(I4));
}

// A tap, and the distance of four filters' outputs from the column's.
struct Inner { y: i32, x: i32, remainder: u32, at: vec4<i32> }

fn inner(block: u32) -> Inner {
    let ky = block / F4 / KW;
    let kx = block / F4 % KW;
    let y = i32(ky / STRIDE);
    let x = i32(kx / STRIDE);
    // Beyond the last filter w_t holds zeros; any output will do, so the last.
    let f = vec4<i32>(min(4u * (block % F4) + vec4<u32>(0u, 1u, 2u, 3u), vec4<u32>(F - 1u)));
    return Inner(y, x, remainder(ky, kx), ((f * i32(OH) - y) * i32(OW) - x) * i32(I4));
}

// Whether the tap may lead from a pixel of the columns to one of d_y's.
fn is_needed(part: u32, first_column: u32, last_column: u32) -> bool {
    let first = first_column / I4;
    let last = min(last_column, COLUMN_BLOCKS - 1u) / I4;
    let one_phase = first / PHASE == last / PHASE;
    let one_row = first / PHASE_W == last / PHASE_W;
    let phase = first / PHASE % (STRIDE * STRIDE);
    let phase_y = phase / STRIDE + PAD_Y;
    let phase_x = phase % STRIDE + PAD_X;
    let first_y = select(0u, first / PHASE_W % PHASE_H, one_phase) + select(PAD_Y, phase_y, one_phase) / STRIDE;
    let last_y = select(PHASE_H - 1u, last / PHASE_W % PHASE_H, one_phase) + select(PAD_Y + STRIDE - 1u, phase_y, one_phase) / STRIDE;
    let first_x = select(0u, first % PHASE_W, one_row) + select(PAD_X, phase_x, one_phase) / STRIDE;
    let last_x = select(PHASE_W - 1u, last % PHASE_W, one_row) + select(PAD_X + STRIDE - 1u, phase_x, one_phase) / STRIDE;
    let ky = part / KW;
    let kx = part % KW;
    let y = ky / STRIDE;
    let x = kx / STRIDE;
    let leads_there = !one_phase || remainder(phase_y, phase_x) == remainder(ky, kx);
    return leads_there && last_y >= y && first_y < OH + y && last_x >= x && first_x < OW + x;
}

fn load_a(m: u32, k: u32) -> vec4<f32> {
    return load_w_t(W_T_OFFSET4 + m * INNER_BLOCKS + k);
}

fn output(inside: bool, at: i32) -> vec4<f32> {
    return select(vec4<f32>(), load_d_y(u32(select(0, at, inside))), inside);
}

fn load_b(i: Inner, c: Column) -> mat4x4<f32> {
    let y = c.y - i.y;
    let x = c.x - i.x;
    let inside = i.remainder == c.remainder && y >= 0 && y < i32(OH) && x >= 0 && x < i32(OW);
    return mat4x4<f32>(
        output(inside, c.at + i.at.x),
        output(inside, c.at + i.at.y),
        output(inside, c.at + i.at.z),
        output(inside, c.at + i.at.w),
    );
}

fn fetch_b(k: u32, c: Column) -> mat4x4<f32> {
    let i = inner(k);
    if (i.remainder != c.remainder || u32(c.y - i.y) >= OH || u32(c.x - i.x) >= OW) {
        return mat4x4<f32>();
    }
    let at = vec4<u32>(c.at + i.at);
    return mat4x4<f32>(load_d_y(at.x), load_d_y(at.y), load_d_y(at.z), load_d_y(at.w));
}

fn store_c(m: u32, j: u32, split: u32, c: vec4<f32>) {
    var in_plane = j % PLANE;
    if (STRIDE > 1u) {
        let place = pixel(j);
        if (place.x >= H || place.y >= W) {
            return;
        }
        in_plane = (place.x * W + place.y) * I4 + j % I4;
    }
    let at = (j / PLANE * C + m) * H * W * I4 + in_plane;
    put_d_x(at, gate(SCALE * c, load_x(at)));
}

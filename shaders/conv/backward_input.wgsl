// Convolution, backward to its input:
//   d_x[c, y, x, n] = sum over f, ky, kx of w[f, c, ky, kx] d_y[f, y + PAD_Y - ky, x + PAD_X - kx, n]
// d_y is zero outside its OH x OW pixels. The product's rows are the channels c, its columns (y, x, n), its inner index
// k = (ky, kx, f). A tap (ky, kx) is a part of its own, left out by tiles from which it leads outside d_y. Where a ReLU
// made x, the gradient goes on only where x > 0; where dropout did, too, that is where it kept x, and SCALE what it multiplied
// x by. Where it goes stands in pool/none.wgsl and pool/joined.wgsl.

@group(0) @binding(0) var<storage, read> w_t: array<vec4<f32>>;       // [C, KH, KW, F4] from W_T_OFFSET4, by transpose.wgsl
@group(0) @binding(1) var<storage, read> d_y: array<vec4<f32>>;       // [NG, F, OH, OW, I4]
@group(0) @binding(2) var<storage, read> x: array<vec4<f32>>;         // [NG, C, H, W, I4]
@group(0) @binding(3) var<storage, read_write> d_x: array<vec4<f32>>; // [NG, C, H, W, I4]

const M = C;
// Numbers of a channel in a group of images, in blocks of four.
const PLANE = H * W * I4;
const COLUMN_BLOCKS = NG * PLANE;
const INNER_BLOCKS = KH * KW * F4;
const F4 = (F + 3u) / 4u;

// The output pixel that the kernel's first tap sent this input pixel to, and where it lies.
struct Column { y: i32, x: i32, at: i32 }

fn column(j: u32) -> Column {
    let y = i32(j % PLANE / (W * I4)) + i32(PAD_Y);
    let x = i32(j / I4 % W) + i32(PAD_X);
    let first = i32(j / PLANE * F * OH * OW * I4 + j % I4);
    return Column(y, x, first + (y * i32(OW) + x) * i32(I4));
}

// A tap, and the distance of four filters' outputs from the column's.
struct Inner { y: i32, x: i32, at: vec4<i32> }

fn inner(block: u32) -> Inner {
    let y = i32(block / F4 / KW);
    let x = i32(block / F4 % KW);
    // Beyond the last filter w_t holds zeros; any output will do, so the last.
    let f = vec4<i32>(min(4u * (block % F4) + vec4<u32>(0u, 1u, 2u, 3u), vec4<u32>(F - 1u)));
    return Inner(y, x, ((f * i32(OH) - y) * i32(OW) - x) * i32(I4));
}

// Whether the tap leads from any pixel of the columns to one of d_y's.
fn is_needed(part: u32, first_column: u32, last_column: u32) -> bool {
    let first = first_column / I4;
    let last = min(last_column, COLUMN_BLOCKS - 1u) / I4;
    let one_image = first / (H * W) == last / (H * W);
    let one_row = first / W == last / W;
    let first_y = select(0u, first / W % H, one_image);
    let last_y = select(H - 1u, last / W % H, one_image);
    let first_x = select(0u, first % W, one_row);
    let last_x = select(W - 1u, last % W, one_row);
    let y = part / KW;
    let x = part % KW;
    return last_y + PAD_Y >= y && first_y + PAD_Y < OH + y && last_x + PAD_X >= x && first_x + PAD_X < OW + x;
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
    let inside = y >= 0 && y < i32(OH) && x >= 0 && x < i32(OW);
    return mat4x4<f32>(
        output(inside, c.at + i.at.x),
        output(inside, c.at + i.at.y),
        output(inside, c.at + i.at.z),
        output(inside, c.at + i.at.w),
    );
}

fn fetch_b(k: u32, c: Column) -> mat4x4<f32> {
    let i = inner(k);
    if (u32(c.y - i.y) >= OH || u32(c.x - i.x) >= OW) {
        return mat4x4<f32>();
    }
    let at = vec4<u32>(c.at + i.at);
    return mat4x4<f32>(load_d_y(at.x), load_d_y(at.y), load_d_y(at.z), load_d_y(at.w));
}

fn store_c(m: u32, j: u32, split: u32, c: vec4<f32>) {
    let at = (j / PLANE * C + m) * PLANE + j % PLANE;
    put_d_x(at, gate(SCALE * c, load_x(at)));
}

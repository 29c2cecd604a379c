// Dense layer, backward to its weights:
//   d_w[f, c] = sum over n of d_y[f, n] x[c, n]
// The product's rows are the units f, its columns the inputs c, and one more, for the bias, whose input is always one;
// its inner index is the images n. Both operands lie with n innermost. SPLITS parts are added up by update/matrices.wgsl.

@group(0) @binding(0) var<storage, read> d_y: array<vec4<f32>>;       // [NG, F, I4]
@group(0) @binding(1) var<storage, read> x: array<vec4<f32>>;         // [NG, C, I4]
@group(0) @binding(2) var<storage, read_write> d_w: array<vec4<f32>>; // [SPLITS, F, STRIDE4] from W_OFFSET4

const M = F;
const COLUMN_BLOCKS = STRIDE4;
const INNER_BLOCKS = NG * I4;

struct Column { c: u32 }

fn column(j: u32) -> Column {
    return Column(4u * j);
}

// Where the first input of four images lies.
struct Inner { at: u32 }

fn inner(block: u32) -> Inner {
    return Inner(block / I4 * C * I4 + block % I4);
}

fn is_needed(part: u32, first_column: u32, last_column: u32) -> bool {
    return true;
}

fn load_a(m: u32, k: u32) -> vec4<f32> {
    return load_d_y((k / I4 * F + m) * I4 + k % I4);
}

fn input(c: u32, first: u32) -> vec4<f32> {
    return select(load_x(first + min(c, C - 1u) * I4), vec4<f32>(1.0), c == C);
}

fn load_b(i: Inner, c: Column) -> mat4x4<f32> {
    return mat4x4<f32>(input(c.c, i.at), input(c.c + 1u, i.at), input(c.c + 2u, i.at), input(c.c + 3u, i.at));
}

fn fetch_b(k: u32, c: Column) -> mat4x4<f32> {
    if (c.c + 3u >= C) {
        return load_b(inner(k), c);
    }
    let at = inner(k).at + c.c * I4;
    return mat4x4<f32>(load_x(at), load_x(at + I4), load_x(at + 2u * I4), load_x(at + 3u * I4));
}

fn store_c(m: u32, j: u32, split: u32, c: vec4<f32>) {
    // Behind the bias the row ends in padding, whose gradient is zero.
    let used = 4u * j + vec4<u32>(0u, 1u, 2u, 3u) <= vec4<u32>(C);
    d_w[W_OFFSET4 + (split * F + m) * STRIDE4 + j] = select(vec4<f32>(), c, used);
}

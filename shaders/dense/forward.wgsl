// Dense layer, forward:
//   y[f, n] = relu(bias[f] + sum over c of w[f, c] x[c, n])
// The product's rows are the units f, its columns the images n, its inner index the inputs c, and one more, for the
// bias: the weight of an input that is always one.

@group(0) @binding(0) var<storage, read> w: array<vec4<f32>>;       // all parameters; here F rows of STRIDE4 from W_OFFSET4
@group(0) @binding(1) var<storage, read> x: array<vec4<f32>>;       // [NG, C, I4]
@group(0) @binding(2) var<storage, read_write> y: array<vec4<f32>>; // [NG, F, I4]

const M = F;
const COLUMN_BLOCKS = NG * I4;
const INNER_BLOCKS = STRIDE4 - BIAS_BLOCKS;

// Where the first input of four images lies.
struct Column { at: u32 }

fn column(j: u32) -> Column {
    return Column(j / I4 * C * I4 + j % I4);
}

struct Inner { c: u32 }

fn inner(block: u32) -> Inner {
    return Inner(4u * block);
}

fn is_needed(part: u32, first_column: u32, last_column: u32) -> bool {
    return true;
}

fn load_a(m: u32, k: u32) -> vec4<f32> {
    return load_w(W_OFFSET4 + m * STRIDE4 + k);
}

// Beyond the inputs stand the bias, whose input is one, and padding, whose weights are zero.
fn input(c: u32, first: u32) -> vec4<f32> {
    return select(load_x(first + min(c, C - 1u) * I4), vec4<f32>(1.0), c >= C);
}

fn load_b(i: Inner, c: Column) -> mat4x4<f32> {
    return mat4x4<f32>(input(i.c, c.at), input(i.c + 1u, c.at), input(i.c + 2u, c.at), input(i.c + 3u, c.at));
}

fn fetch_b(k: u32, c: Column) -> mat4x4<f32> {
    if (BIAS_BLOCKS == 0u && 4u * k + 3u >= C) {
        return load_b(inner(k), c);
    }
    let at = c.at + 4u * k * I4;
    return mat4x4<f32>(load_x(at), load_x(at + I4), load_x(at + 2u * I4), load_x(at + 3u * I4));
}

fn store_c(m: u32, j: u32, split: u32, c: vec4<f32>) {
    let at = (j / I4 * F + m) * I4 + j % I4;
    y[at] = drop(at, activate(c));
}

// Dense layer, backward to its input:
//   d_x[c, n] = sum over f of w[f, c] d_y[f, n]
// The product's rows are the inputs c, its columns the images n, its inner index the units f. Where a ReLU made x, the
// gradient goes on only where x > 0; where dropout did, too, that is where it kept x, and SCALE what it multiplied x by. Where
// it goes stands in pool/none.wgsl and pool/joined.wgsl.

@group(0) @binding(0) var<storage, read> w_t: array<vec4<f32>>;       // [C, INNER_BLOCKS] from W_T_OFFSET4, by transpose.wgsl
@group(0) @binding(1) var<storage, read> d_y: array<vec4<f32>>;       // [NG, F, I4]
@group(0) @binding(2) var<storage, read> x: array<vec4<f32>>;         // [NG, C, I4]
@group(0) @binding(3) var<storage, read_write> d_x: array<vec4<f32>>; // [NG, C, I4]

const M = C;
const COLUMN_BLOCKS = NG * I4;
const INNER_BLOCKS = (F + 3u) / 4u;

// Where the first output of four images lies.
struct Column { at: u32 }

fn column(j: u32) -> Column {
    return Column(j / I4 * F * I4 + j % I4);
}

struct Inner { f: u32 }

fn inner(block: u32) -> Inner {
    return Inner(4u * block);
}

fn is_needed(part: u32, first_column: u32, last_column: u32) -> bool {
    return true;
}

fn load_a(m: u32, k: u32) -> vec4<f32> {
    return load_w_t(W_T_OFFSET4 + m * INNER_BLOCKS + k);
}

// Beyond the units w_t holds zeros; any output will do, so the last.
fn output(f: u32, first: u32) -> vec4<f32> {
    return load_d_y(first + min(f, F - 1u) * I4);
}

fn load_b(i: Inner, c: Column) -> mat4x4<f32> {
    return mat4x4<f32>(output(i.f, c.at), output(i.f + 1u, c.at), output(i.f + 2u, c.at), output(i.f + 3u, c.at));
}

fn fetch_b(k: u32, c: Column) -> mat4x4<f32> {
    if (F % 4u > 0u && 4u * k + 3u >= F) {
        return load_b(inner(k), c);
    }
    let at = c.at + 4u * k * I4;
    return mat4x4<f32>(load_d_y(at), load_d_y(at + I4), load_d_y(at + 2u * I4), load_d_y(at + 3u * I4));
}

fn store_c(m: u32, j: u32, split: u32, c: vec4<f32>) {
    let at = (j / I4 * C + m) * I4 + j % I4;
    put_d_x(at, gate(SCALE * c, load_x(at)));
}

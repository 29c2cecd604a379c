// Winograd's products, backward to the filters, one at each of the POINTS and for each group of images:
//   d_u[p, group, f, c] = sum over tiles t and the images n of the group of d_m[t, p, f, n] v[t, p, c, n]
// where d_m[t, p] = (A d Aᵀ)[p], and d, the gradient of the tile's 2 x 2 outputs, is d_y at the winner of the window that the
// tile is and zero elsewhere: so d_m is d_y times 1, 0 or -1, and is never stored.
// A product's rows are the filters f, its columns the channels c, its inner index k = (t, n). Points and groups are parts of
// the inner index with a split for each; winograd/filters.wgsl adds up the groups.
// A, 4 x 2:  1 0 | 1 1 | 1 -1 | 0 -1

@group(0) @binding(0) var<storage, read> d_y: array<vec4<f32>>;       // [NG, F, TILES, I4]
@group(0) @binding(1) var<storage, read> winners: array<u32>;         // [NG, F, TILES, I4], by winners.wgsl
@group(0) @binding(2) var<storage, read> v: array<vec4<f32>>;         // [NG, TILES, POINTS, C, I4]
@group(0) @binding(3) var<storage, read_write> d_u: array<vec4<f32>>; // [POINTS, NG, F, C4]

const POINTS = 16u;
const M = F;
const COLUMN_BLOCKS = C / 4u;
// Numbers of a filter in a group of images, in blocks of four.
const PLANE = TILES * I4;
const INNER_BLOCKS = POINTS * NG * PLANE;

// Where the first of four channels lies.
struct Column { at: u32 }

fn column(j: u32) -> Column {
    return Column(4u * j * I4);
}

// The distance of four images' tile at a point from the first.
struct Inner { at: u32 }

fn inner(block: u32) -> Inner {
    let tile = block / I4 % (NG * TILES);
    return Inner((tile * POINTS + block / (NG * PLANE)) * C * I4 + block % I4);
}

fn is_needed(part: u32, first_column: u32, last_column: u32) -> bool {
    return true;
}

// Row r of A.
fn weights(r: u32) -> vec2<f32> {
    return vec2<f32>(select(1.0, 0.0, r == 3u), select(select(1.0, -1.0, r >= 2u), 0.0, r == 0u));
}

fn load_a(m: u32, k: u32) -> vec4<f32> {
    let point = k / (NG * PLANE);
    let y = weights(point / 4u);
    let x = weights(point % 4u);
    let at = (k / PLANE % NG * F + m) * PLANE + k % PLANE;
    let winner = unpack_winners(load_winners(at));
    let weight = select(vec4<f32>(y.x), vec4<f32>(y.y), winner >= vec4<u32>(2u))
        * select(vec4<f32>(x.x), vec4<f32>(x.y), (winner & vec4<u32>(1u)) == vec4<u32>(1u));
    return select(load_d_y(at) * weight, vec4<f32>(), winner == vec4<u32>(NO_WINNER));
}

fn load_b(i: Inner, c: Column) -> mat4x4<f32> {
    let at = c.at + i.at;
    return mat4x4<f32>(load_v(at), load_v(at + I4), load_v(at + 2u * I4), load_v(at + 3u * I4));
}

fn fetch_b(k: u32, c: Column) -> mat4x4<f32> {
    return load_b(inner(k), c);
}

fn store_c(m: u32, j: u32, split: u32, c: vec4<f32>) {
    d_u[(split * F + m) * COLUMN_BLOCKS + j] = c;
}

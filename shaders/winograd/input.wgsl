// Winograd's transform of a convolution's input, F(2 x 2, 3 x 3): what the 4 x 4 pixels d under each tile of 2 x 2 outputs
// come to at each of the POINTS:
//   v[t, p, c, n] = (Bᵀ d B)[p], where d = x[c, 2 ty - PAD_Y + (0 .. 4), 2 tx - PAD_X + (0 .. 4), n]
// Bᵀ, 4 x 4:  1 0 -1 0 | 0 1 1 0 | 0 -1 1 0 | 0 1 0 -1

@group(0) @binding(0) var<storage, read> x: array<vec4<f32>>;       // [NG, C, H, W, I4]
@group(0) @binding(1) var<storage, read_write> v: array<vec4<f32>>; // [NG, TILES, POINTS, C, I4]

const POINTS = 16u;

// Four images' pixel, counted from the corner of the padding; zero outside the image.
fn pixel(plane: u32, y: u32, x: u32, n: u32) -> vec4<f32> {
    let inside = y >= PAD_Y && y < H + PAD_Y && x >= PAD_X && x < W + PAD_X;
    let at = ((plane * H + y - PAD_Y) * W + x - PAD_X) * I4 + n;
    return select(vec4<f32>(), load_x(select(0u, at, inside)), inside);
}

// Bᵀ times a column of d.
fn spread(a: vec4<f32>, b: vec4<f32>, c: vec4<f32>, d: vec4<f32>) -> array<vec4<f32>, 4> {
    return array<vec4<f32>, 4>(a - c, b + c, c - b, b - d);
}

// One invocation per tile of one channel of four images.
@compute @workgroup_size(EACH_WORKGROUP)
fn forward(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) workgroups: vec3<u32>) {
    let i = each(id, workgroups);
    if (i >= NG * TILES * C * I4) {
        return;
    }
    let n = i % I4;
    let c = i / I4 % C;
    let tile = i / (I4 * C) % TILES;
    let plane = i / (I4 * C * TILES) * C + c;
    let y = tile / TILES_W * 2u;
    let x = tile % TILES_W * 2u;
    // repeat X 4
    let column_X = spread(
        pixel(plane, y, x + X, n),
        pixel(plane, y + 1u, x + X, n),
        pixel(plane, y + 2u, x + X, n),
        pixel(plane, y + 3u, x + X, n),
    );
    // end
    let first = i / (I4 * C) * POINTS * C * I4 + c * I4 + n;
    // repeat Y 4
    let row_Y = spread(column_0[Y], column_1[Y], column_2[Y], column_3[Y]);
    // repeat X 4
    v[first + (4u * Y + X) * C * I4] = row_Y[X];
    // end
    // end
}

// Convolution, ReLU and max pooling in one, forward, of one image; joined to conv/forward.wgsl, whose product it computes:
//   y[f, oy, ox] = relu(max over dy, dx of the convolution's sum at [f, 2 oy + dy, 2 ox + dx])
// Where other kernels have four images side by side, this one has the four outputs of a window. In its tensors the image is
// the first of four, as everywhere.

@group(0) @binding(2) var<storage, read_write> y: array<vec4<f32>>; // [F, OH / 2, OW / 2]
@group(0) @binding(3) var<storage, read_write> winners: array<u32>; // [F, OH / 2, OW / 2], by winners.wgsl

const WINDOWS_W = OW / 2u;
// Windows of a filter.
const COLUMN_BLOCKS = OH / 2u * WINDOWS_W;

fn column(j: u32) -> Column {
    let y = i32(j / WINDOWS_W * 2u * STRIDE) - i32(PAD_Y);
    let x = i32(j % WINDOWS_W * 2u * STRIDE) - i32(PAD_X);
    return Column(y, x, y * i32(W) + x);
}

// What tap k takes for the first of a window's outputs at row y and column x, which lies at `at`, and for the others beside it.
fn tap(k: u32, y: i32, x: i32, at: i32) -> vec4<f32> {
    let step = i32(STRIDE);
    let row = step * i32(W);
    return vec4<f32>(
        input(k, y, x, at).x,
        input(k, y, x + step, at + step).x,
        input(k, y + step, x, at + row).x,
        input(k, y + step, x + step, at + row + step).x,
    );
}

fn fetch_b(k: u32, c: Column) -> mat4x4<f32> {
    return load_b(inner(k), c);
}

fn store_c(f: u32, window: u32, split: u32, c: vec4<f32>) {
    let pooled = pool_window(array<vec4<f32>, 4>(vec4<f32>(c.x), vec4<f32>(c.y), vec4<f32>(c.z), vec4<f32>(c.w)));
    let at = f * COLUMN_BLOCKS + window;
    store_y(at, drop(at, activate(pooled.largest)));
    winners[at] = pack_winners(pooled.winner, pooled.largest);
}

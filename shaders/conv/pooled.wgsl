// Convolution, ReLU and max pooling in one, forward; joined to conv/forward.wgsl, whose product it computes:
//   y[f, oy, ox, n] = relu(max over dy, dx of the convolution's sum at [f, SIZE oy + dy, SIZE ox + dx, n])
// An invocation holds the SIZE x SIZE sums of a window in its BLOCKS, so the convolution's output is never stored.

@group(0) @binding(2) var<storage, read_write> y: array<vec4<f32>>;  // [NG, F, OH / SIZE, OW / SIZE, I4]
@group(0) @binding(3) var<storage, read_write> winners: array<u32>;  // [NG, F, OH / SIZE, OW / SIZE, I4], by winners.wgsl

const WINDOWS_W = OW / SIZE;
// Windows of a filter in a group of images, in blocks of four.
const WINDOWS = (OH / SIZE) * WINDOWS_W * I4;
// Invocations that share the columns of a row of C: the windows of four images.
const COLUMNS = NG * WINDOWS;

// Sum p of window i.
fn column_of(i: u32, p: u32) -> Column {
    let window = min(i, COLUMNS - 1u);
    let oy = window % WINDOWS / (WINDOWS_W * I4) * SIZE + p / SIZE;
    let ox = window / I4 % WINDOWS_W * SIZE + p % SIZE;
    return column(window / WINDOWS * PLANE + (oy * OW + ox) * I4 + window % I4);
}

// Puts window i of filter m away.
fn store_row(m: u32, i: u32, split: u32, c: array<vec4<f32>, BLOCKS>) {
    let pooled = pool_window(c);
    let at = (i / WINDOWS * F + m) * WINDOWS + i % WINDOWS;
    y[at] = drop(at, activate(pooled.largest));
    winners[at] = pack_winners(pooled.winner, pooled.largest);
}

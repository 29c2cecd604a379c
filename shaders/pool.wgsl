// Max pooling over SIZE x SIZE windows side by side; rows and columns left over at the end belong to no window.
//   forward:   y[c, oy, ox, n] = max over dy, dx of x[c, SIZE oy + dy, SIZE ox + dx, n]
//   backward:  d_x is d_y at the winner of its window, the first maximum in the order of rows and columns, and zero
//              elsewhere; where a ReLU made x and the maximum is not above zero, there is no winner

@group(0) @binding(0) var<storage, read> x: array<vec4<f32>>;         // [NG, C, H, W, I4]
@group(0) @binding(1) var<storage, read_write> y: array<vec4<f32>>;   // [NG, C, OH, OW, I4]
@group(0) @binding(2) var<storage, read_write> winners: array<u32>;   // [NG, C, OH, OW, I4], by winners.wgsl
@group(0) @binding(3) var<storage, read> d_y: array<vec4<f32>>;       // [NG, C, OH, OW, I4]
@group(0) @binding(4) var<storage, read_write> d_x: array<vec4<f32>>; // [NG, C, H, W, I4]

const OH = H / SIZE;
const OW = W / SIZE;
// Windows that only partly lie in the image count for the backward pass, which must write their zeros.
const WINDOWS_H = (H + SIZE - 1u) / SIZE;
const WINDOWS_W = (W + SIZE - 1u) / SIZE;

// One invocation per output pixel of one channel of four images.
@compute @workgroup_size(EACH_WORKGROUP)
fn forward(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) workgroups: vec3<u32>) {
    let i = each(id, workgroups);
    if (i >= NG * C * OH * OW * I4) {
        return;
    }
    let n = i % I4;
    let first = ((i / (OH * OW * I4) * H + i / (OW * I4) % OH * SIZE) * W + i / I4 % OW * SIZE) * I4 + n;
    var pooled = begin_window(load_x(first));
    for (var tap = 1u; tap < SIZE * SIZE; tap++) {
        pooled = take_into_window(pooled, tap, load_x(first + (tap / SIZE * W + tap % SIZE) * I4));
    }
    let largest = largest_of(pooled);
    y[i] = largest;
    winners[i] = pack_winners(pooled.winner, largest);
}

// One invocation per window of one channel of four images; it writes the window's gradients.
@compute @workgroup_size(EACH_WORKGROUP)
fn backward(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) workgroups: vec3<u32>) {
    let i = each(id, workgroups);
    if (i >= NG * C * WINDOWS_H * WINDOWS_W * I4) {
        return;
    }
    let n = i % I4;
    let oy = i / (WINDOWS_W * I4) % WINDOWS_H;
    let ox = i / I4 % WINDOWS_W;
    let plane = i / (WINDOWS_H * WINDOWS_W * I4);
    let is_whole = oy < OH && ox < OW;
    let at = select(0u, ((plane * OH + oy) * OW + ox) * I4 + n, is_whole);
    let d = select(vec4<f32>(), load_d_y(at), is_whole);
    let winner = unpack_winners(load_winners(at));
    let first = ((plane * H + oy * SIZE) * W + ox * SIZE) * I4 + n;
    for (var tap = 0u; tap < SIZE * SIZE; tap++) {
        if (oy * SIZE + tap / SIZE < H && ox * SIZE + tap % SIZE < W) {
            d_x[first + (tap / SIZE * W + tap % SIZE) * I4] = select(vec4<f32>(), d, winner == vec4<u32>(tap));
        }
    }
}

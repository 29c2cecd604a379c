// Max pooling, backward, joined to a product that stores the gradient d by its input, which the pooling made:
//   d_x[c, SIZE y + dy, SIZE x + dx, n] = d[c, y, x, n] at the winner of window (y, x), and zero elsewhere in it
// What belongs to no window is not written; d_x, [NG, C, UNPOOLED_H, UNPOOLED_W, I4], is zero there.

@group(0) @binding(8) var<storage, read> winners: array<u32>; // [NG, C, POOLED_H, POOLED_W, I4], by winners.wgsl

// Puts away d of four images at `at` of [NG, C, POOLED_H, POOLED_W, I4].
fn put_d_x(at: u32, d: vec4<f32>) {
    let plane = at / (POOLED_H * POOLED_W * I4);
    let y = at / (POOLED_W * I4) % POOLED_H;
    let x = at / I4 % POOLED_W;
    let winner = unpack_winners(load_winners(at));
    for (var tap = 0u; tap < SIZE * SIZE; tap++) {
        let row = plane * UNPOOLED_H + y * SIZE + tap / SIZE;
        let place = (row * UNPOOLED_W + x * SIZE + tap % SIZE) * I4 + at % I4;
        d_x[place] = select(vec4<f32>(), d, winner == vec4<u32>(tap));
    }
}

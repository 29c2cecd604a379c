// What a convolution's product reads for a tap, forward and backward to the weights.

@group(0) @binding(1) var<storage, read> x: array<vec4<f32>>; // [NG, C, H, W, I4]

// Taps (c, ky, kx) of a filter. Behind them stands one more, for the bias: the weight of an input that is always one.
const INPUTS = C * KH * KW;
const PADDED = PAD_Y + PAD_X > 0u;

// Four images' input of tap k at row y and column x, which lies at `at`; zero outside the image.
fn input(k: u32, y: i32, x: i32, at: i32) -> vec4<f32> {
    if (!PADDED) {
        return select(load_x(u32(at)), vec4<f32>(1.0), k == INPUTS);
    }
    // Negative numbers become large ones. Four comparisons with && between them take Chromium's software driver minutes
    // to compile.
    let inside = (u32(y) < H) & (u32(x) < W);
    let value = select(vec4<f32>(), load_x(u32(select(0, at, inside))), inside);
    return select(value, vec4<f32>(1.0), k == INPUTS);
}

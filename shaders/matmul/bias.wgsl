// The bias, where it has the last block of a row of weights for itself. It is added to the sums: as a block of the product, it
// would be one for which the others wait.

fn bias(m: u32) -> vec4<f32> {
    return vec4<f32>(load_w(W_OFFSET4 + m * STRIDE4 + INNER_BLOCKS).x);
}

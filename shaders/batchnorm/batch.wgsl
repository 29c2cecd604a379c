// Batch normalisation by the batch's own statistics, as in training.

// Mean and 1 / sqrt(variance + EPSILON) of channel c, whose row of parameters is given.
fn statistics_of(c: u32, row: vec4<f32>) -> vec2<f32> {
    return batch[c].xy;
}

// What of the gradient by the output at `at`, of channel c, the statistics take up, where the input is normalised to z.
fn by_statistics(c: u32, at: u32, z: vec4<f32>) -> vec4<f32> {
    let images = batch[c].w;
    let sums = d_w[W_OFFSET4 + c];
    // Zero where there is no image, so that the gradient stays zero there.
    return select(vec4<f32>(), (sums.y + z * sums.x) / (images * f32(H * W)), present(at, u32(images)));
}

// Batch normalisation by running statistics, as in recognition.

// Mean and 1 / sqrt(variance + EPSILON) of channel c, whose row of parameters is given.
fn statistics_of(c: u32, row: vec4<f32>) -> vec2<f32> {
    return vec2<f32>(row.z, 1.0 / sqrt(row.w + EPSILON));
}

// They are constants, so they take up nothing of a gradient.
fn by_statistics(c: u32, at: u32, z: vec4<f32>) -> vec4<f32> {
    return vec4<f32>();
}

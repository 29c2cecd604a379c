// A block of B whose columns lie innermost: each of its four `vec4` holds four columns of one k.

const K_INNERMOST = false;

// What the block adds to four columns of a row of C, for four numbers of A.
fn fold(b: mat4x4<f32>, a: vec4<f32>) -> vec4<f32> {
    return b * a;
}

// c and the fold, one k after the other; drivers that fuse a multiplication with an addition round once for both.
fn accumulate(c: vec4<f32>, b: mat4x4<f32>, a: vec4<f32>) -> vec4<f32> {
    let first = fma(b[1], vec4<f32>(a.y), fma(b[0], vec4<f32>(a.x), c));
    return fma(b[3], vec4<f32>(a.w), fma(b[2], vec4<f32>(a.z), first));
}

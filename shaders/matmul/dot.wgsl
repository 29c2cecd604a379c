// A block of B whose inner index lies innermost: each of its four `vec4` holds four k of one column.

const K_INNERMOST = true;

// What the block adds to four columns of a row of C, for four numbers of A.
fn fold(b: mat4x4<f32>, a: vec4<f32>) -> vec4<f32> {
    return a * b;
}

// c and the fold, one k after the other; drivers that fuse a multiplication with an addition round once for both.
fn accumulate(c: vec4<f32>, b: mat4x4<f32>, a: vec4<f32>) -> vec4<f32> {
    var sum = c;
    // repeat E 4
    sum = fma(vec4<f32>(a[E]), vec4<f32>(b[0][E], b[1][E], b[2][E], b[3][E]), sum);
    // end
    return sum;
}

// The last dense layer and the softmax in one, forward; joined to classifier/scores.wgsl:
//   p[f, n] = exp(score[f, n] - max score[., n]) / sum

@group(0) @binding(3) var<storage, read_write> p: array<vec4<f32>>; // [NG, F, I4]

// What must be known of images n: nothing.
struct Known { none: u32 }

fn known_of(n: u32) -> Known {
    return Known();
}

// One invocation per class.
fn finish(n: u32, f: u32, known: Known) {
    if (f < F) {
        p[(n / I4 * F + f) * I4 + n % I4] = probability(f, softmax());
    }
}

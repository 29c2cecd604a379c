// Dense layer and softmax in one, forward, of one image; joined to dense/sums.wgsl, whose sums are the scores of the classes:
//   p[f] = exp(s[f] - max s) / sum over f of exp(s[f] - max s)
// A kernel of its own for so few numbers would take a software driver longer to start than to run. One subgroup has all
// units: ROWS is F.

@group(0) @binding(2) var<storage, read_write> p: array<vec4<f32>>; // [F]

fn finish(first: u32, scores: array<f32, ROWS>) {
    var largest = scores[0];
    // repeat R ROWS
    largest = max(largest, scores[R]);
    // end
    var sum = 0.0;
    // repeat R ROWS
    let part_R = exp(scores[R] - largest);
    sum += part_R;
    // end
    // repeat R ROWS
    p[R] = vec4<f32>(part_R / sum);
    // end
}

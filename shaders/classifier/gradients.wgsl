// The last dense layer and softmax cross-entropy, forward and backward to the layer's input; joined to classifier/scores.wgsl:
//   loss[n] by classifier/loss.wgsl;   d_logits[f, n] = (p[f, n] - wanted[f, n]) / images
//   d_x[c, n] = sum over f of w[f, c] d_logits[f, n]
// where images counts the real images of the batch; one with the label NONE has no gradient. Where a ReLU made x, the gradient
// goes on only where x > 0; where dropout did, too, that is where it kept x, and SCALE what it multiplied x by.

@group(0) @binding(6) var<storage, read_write> d_logits: array<vec4<f32>>; // [NG, F, I4]
@group(0) @binding(7) var<storage, read_write> d_x: array<vec4<f32>>;      // [NG, C, I4]

// Where d_logits[f, n] stands meanwhile: beside the score, where the sums are no longer needed.
fn gradient_place(f: u32) -> u32 {
    return f * ROW + 1u;
}

// One invocation per class, and one, in another subgroup, for the losses; then one per four inputs.
fn finish(n: u32, local: u32, known: Known) {
    if (local < F) {
        let error = probability(local, softmax()) - wanted(local, F, known.labels);
        let d = select(vec4<f32>(), error / count(known), known.labels != NONE);
        d_logits[(n / I4 * F + local) * I4 + n % I4] = d;
        sums[gradient_place(local)] = d;
    }
    if (local == INVOCATIONS - 1u) {
        write_losses(n, known, softmax());
    }
    workgroupBarrier();
    for (var k = local; 4u * k < C; k += INVOCATIONS) {
        // repeat E 4
        let at_E = column(n).at + min(4u * k + E, C - 1u) * I4;
        let x_E = load_x(at_E);
        var d_E = vec4<f32>();
        // end
        // repeat R F
        let w_R = load_a(R, k);
        let d_logit_R = sums[gradient_place(R)];
        // repeat E 4
        d_E = fma(vec4<f32>(w_R[E]), d_logit_R, d_E);
        // end
        // end
        // repeat E 4
        if (4u * k + E < C) {
            d_x[at_E] = gate(SCALE * d_E, x_E);
        }
        // end
    }
}

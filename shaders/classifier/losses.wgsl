// The last dense layer, the softmax and what it says of labelled images, forward; joined to classifier/scores.wgsl:
//   loss[n] by classifier/loss.wgsl;   prediction[n] = the class with the largest score, the first of several

@group(0) @binding(6) var<storage, read_write> predictions: array<vec4<u32>>; // [batches, NG, I4]

// A single invocation.
fn finish(n: u32, local: u32, known: Known) {
    if (local > 0u) {
        return;
    }
    let s = softmax();
    write_losses(n, known, s);
    var prediction = vec4<u32>();
    for (var f = F; f > 0u; f--) {
        prediction = select(prediction, vec4<u32>(f - 1u), score(f - 1u) == s.largest);
    }
    predictions[place(n, known)] = prediction;
}

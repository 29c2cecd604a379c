// Cross-entropy, the loss, by the scores of classifier/scores.wgsl:
//   loss[n] = -sum over f of wanted[f, n] log p[f, n]
// where target.wgsl says what is wanted. One with the label NONE is no image and has no loss. As softmax.wgsl does, it declares the clock's batch done.

@group(0) @binding(3) var<storage, read_write> clock: Clock;
@group(0) @binding(4) var<storage, read> labels: array<vec4<u32>>;       // [NG, I4]
@group(0) @binding(5) var<storage, read_write> losses: array<vec4<f32>>; // [batches, NG, I4]

// What must be known of images n: their labels, and which batch they are of.
struct Known { labels: vec4<u32>, batch: u32 }

fn known_of(n: u32) -> Known {
    return Known(labels[n], clock.now.batch);
}

// How many images the batch has.
fn count(known: Known) -> f32 {
    return f32(min(N, COUNT - known.batch * N));
}

// Where what is kept of images n through all batches lies.
fn place(n: u32, known: Known) -> u32 {
    return known.batch * NG * I4 + n;
}

fn write_losses(n: u32, known: Known, s: Softmax) {
    var of_wanted = vec4<f32>();
    for (var f = 0u; f < F; f++) {
        of_wanted += wanted(f, F, known.labels) * (score(f) - s.largest);
    }
    losses[place(n, known)] = select(vec4<f32>(), log(s.sum) - of_wanted, known.labels != NONE);
    if (n == 0u) {
        clock.done = clock.now;
    }
}

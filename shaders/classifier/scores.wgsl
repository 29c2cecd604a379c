// The scores of the classes, for GPUs; joined to dense/forward.wgsl, which says where their product's operands lie:
//   score[f, n] = bias[f] + sum over c of w[f, c] x[c, n]
// Classes are few, so that a workgroup has all scores of its images, and goes on to what depends on all of them. That stands in
// probabilities.wgsl, losses.wgsl and gradients.wgsl.

// Sums of a class that are added up side by side.
const PIECES = 8u;
// The sums of a class, and a place that is left out, so that those who read the same sum of several classes meet in no bank.
const ROW = SHARES + 1u;
// [F, ROW], four images each: what each share of the inputs adds to a score. In the end the first of a row is the score.
var<workgroup> sums: array<vec4<f32>, F * ROW>;

fn score(f: u32) -> vec4<f32> {
    return sums[f * ROW];
}

// The largest score, and the sum over the classes of exp(score - largest); without the largest, it could overflow.
struct Softmax { largest: vec4<f32>, sum: vec4<f32> }

fn softmax() -> Softmax {
    var largest = score(0u);
    for (var f = 1u; f < F; f++) {
        largest = max(largest, score(f));
    }
    var sum = vec4<f32>();
    for (var f = 0u; f < F; f++) {
        sum += exp(score(f) - largest);
    }
    return Softmax(largest, sum);
}

fn probability(f: u32, s: Softmax) -> vec4<f32> {
    return exp(score(f) - s.largest) / s.sum;
}

// One workgroup per four images. Its invocations deal out the classes, ROWS to each, and the inputs: to each every SHARES-th
// block, AHEAD of them at a time, whose loads are under way together.
@compute @workgroup_size(INVOCATIONS)
fn forward(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let n = workgroup.x;
    let known = known_of(n);
    let images = column(n);
    let share = local % SHARES;
    // repeat R ROWS
    let f_R = min(local / SHARES * ROWS + R, F - 1u);
    var sum_R = vec4<f32>();
    // end
    for (var first = share; first < INNER_BLOCKS; first += AHEAD * SHARES) {
        // repeat B AHEAD
        let k_B = min(first + B * SHARES, INNER_BLOCKS - 1u);
        let x_B = fetch_b(k_B, images);
        // repeat R ROWS
        let w_B_R = load_a(f_R, k_B);
        // end
        // end
        // repeat B AHEAD
        let is_there_B = first + B * SHARES < INNER_BLOCKS;
        // repeat R ROWS
        sum_R = accumulate(sum_R, x_B, select(vec4<f32>(), w_B_R, is_there_B));
        // end
        // end
    }
    // repeat R ROWS
    sums[f_R * ROW + share] = sum_R;
    // end
    workgroupBarrier();
    for (var i = local; i < F * PIECES; i += INVOCATIONS) {
        let at = i / PIECES * ROW + i % PIECES;
        var sum = sums[at];
        for (var other = PIECES; other < SHARES; other += PIECES) {
            sum += sums[at + other];
        }
        sums[at] = sum;
    }
    workgroupBarrier();
    if (local < F) {
        var sum = sums[local * ROW];
        for (var piece = 1u; piece < PIECES; piece++) {
            sum += sums[local * ROW + piece];
        }
        sums[local * ROW] = sum;
    }
    workgroupBarrier();
    finish(n, local, known);
}

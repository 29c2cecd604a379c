// Which number of its window a pooling took, for the backward pass: four images in a word, eight bits each.

const NO_WINNER = 255u;

// The largest of the sums of a window of 2 x 2, and which it was: the first, of equal ones.
struct Pooled { largest: vec4<f32>, winner: vec4<u32> }

fn pool_window(sums: array<vec4<f32>, 4>) -> Pooled {
    var largest = sums[0];
    var winner = vec4<u32>();
    // repeat P 4
    winner = select(winner, vec4<u32>(P), sums[P] > largest);
    largest = max(largest, sums[P]);
    // end
    return Pooled(largest, winner);
}

// Where the largest was no more than zero and a ReLU stands before the pooling, no gradient passes: there is no winner.
fn pack_winners(winners: vec4<u32>, largest: vec4<f32>) -> u32 {
    let blocked = vec4<bool>(RELU_BELOW) & (largest <= vec4<f32>());
    let bytes = select(winners, vec4<u32>(NO_WINNER), blocked) << vec4<u32>(0u, 8u, 16u, 24u);
    return bytes.x | bytes.y | bytes.z | bytes.w;
}

fn unpack_winners(word: u32) -> vec4<u32> {
    return (vec4<u32>(word) >> vec4<u32>(0u, 8u, 16u, 24u)) & vec4<u32>(255u);
}

// Which number of its window a pooling took, for the backward pass: four images in a word, eight bits each.

const NO_WINNER = 255u;

// The largest numbers of a window so far, and which they were: the first, of equal ones.
struct Pooled {
    largest: vec4<f32>,
    winner: vec4<u32>,
    magnitude: vec4<u32>, // the bits of the one furthest from zero, without its sign: NaN and infinity are the furthest of all
}

fn begin_window(first: vec4<f32>) -> Pooled {
    return Pooled(first, vec4<u32>(), magnitude_of(first));
}

fn take_into_window(pooled: Pooled, number: u32, next: vec4<f32>) -> Pooled {
    let winner = select(pooled.winner, vec4<u32>(number), next > pooled.largest);
    return Pooled(max(pooled.largest, next), winner, max(pooled.magnitude, magnitude_of(next)));
}

// The largest, or what is no number: a driver's max may pass over that, and hide it.
fn largest_of(pooled: Pooled) -> vec4<f32> {
    return select(pooled.largest, bitcast<vec4<f32>>(pooled.magnitude), pooled.magnitude >= vec4<u32>(0x7f800000u));
}

fn magnitude_of(v: vec4<f32>) -> vec4<u32> {
    return bitcast<vec4<u32>>(v) & vec4<u32>(0x7fffffffu);
}

// A window of 2 x 2.
fn pool_window(sums: array<vec4<f32>, 4>) -> Pooled {
    var pooled = begin_window(sums[0]);
    pooled = take_into_window(pooled, 1u, sums[1]);
    pooled = take_into_window(pooled, 2u, sums[2]);
    pooled = take_into_window(pooled, 3u, sums[3]);
    pooled.largest = largest_of(pooled);
    return pooled;
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

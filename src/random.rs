//! Counter-based random numbers: a value is a pure function of a key and a counter, so the same seed gives the same
//! bits wherever and in whatever order they are drawn. `shaders/random.wgsl` is the same function on the GPU.
//!
//! The generator is Threefry-2x32 with 20 rounds (Salmon, Moraes, Dror and Shaw, "Parallel Random Numbers: As Easy as
//! 1, 2, 3", SC 2011); it needs only additions, rotations and exclusive ors, which WGSL has.

/// What a random number is for; each use draws from a stream of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// The order of the training images in an epoch; counter `(epoch, position)`.
    Shuffle,
    /// The initial parameters of layer `layer`; counter `(0, index)`.
    Initialise { layer: u32 },
    /// The units that dropout layer `layer` keeps; counter `(step, index)`.
    Dropout { layer: u32 },
    /// What a corruption of kind `kind` does to a test image; counter `(image, index)`.
    Corrupt { kind: u32 },
    /// How a drawing is deformed; counter `(copy, index)`.
    Deform,
    /// Drawings and images that show no digit, of one family; counter `(image, index)`.
    NoDigit { family: u32 },
    /// How training images are drawn anew; counter `(step, index)`.
    Augment,
    /// The noise in training images; counter `(step, index)`.
    Noise,
}

impl Stream {
    /// The second word of the key; the first is the seed.
    pub fn key(self) -> u32 {
        match self {
            Stream::Shuffle => 0,
            Stream::Initialise { layer } => 0x1000 + layer,
            Stream::Dropout { layer } => 0x2000 + layer,
            Stream::Corrupt { kind } => 0x7000 + kind,
            Stream::Deform => 0x5000,
            Stream::NoDigit { family } => 0x6000 + family,
            Stream::Augment => 0x3000,
            Stream::Noise => 0x3001,
        }
    }
}

/// Two random words for a key and a counter.
pub fn threefry(key: [u32; 2], counter: [u32; 2]) -> [u32; 2] {
    const ROTATIONS: [[u32; 4]; 2] = [[13, 15, 26, 6], [17, 29, 16, 24]];
    let keys = [key[0], key[1], 0x1BD1_1BDA ^ key[0] ^ key[1]];
    let [mut a, mut b] = [counter[0].wrapping_add(keys[0]), counter[1].wrapping_add(keys[1])];
    for group in 0..5 {
        for rotation in ROTATIONS[group % 2] {
            a = a.wrapping_add(b);
            b = b.rotate_left(rotation) ^ a;
        }
        a = a.wrapping_add(keys[(group + 1) % 3]);
        b = b.wrapping_add(keys[(group + 2) % 3]).wrapping_add(group as u32 + 1);
    }
    [a, b]
}

/// The word at `index` of `(seed, stream, round)`; two neighbouring indices share one call of [`threefry`].
pub fn word(seed: u32, stream: Stream, round: u32, index: u32) -> u32 {
    threefry([seed, stream.key()], [round, index / 2])[(index % 2) as usize]
}

/// A number in [0, 1) with 24 random bits.
pub fn uniform(seed: u32, stream: Stream, round: u32, index: u32) -> f32 {
    (word(seed, stream, round, index) >> 8) as f32 / (1 << 24) as f32
}

/// The order of `count` training images in `epoch`: a Fisher-Yates shuffle.
pub fn shuffle(seed: u32, epoch: u32, count: u32) -> Vec<u32> {
    let mut order: Vec<u32> = (0..count).collect();
    for last in (1..count).rev() {
        // Multiply-shift maps a word to 0..=last; its bias, below 2^-15 at 60,000 images, is far below what could be seen.
        let pick = (u64::from(word(seed, Stream::Shuffle, epoch, last)) * (u64::from(last) + 1)) >> 32;
        order.swap(last as usize, pick as usize);
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vectors of the Random123 distribution (kat_vectors, threefry2x32 20).
    #[test]
    fn threefry_gives_the_published_words() {
        assert_eq!(threefry([0, 0], [0, 0]), [0x6b20_0159, 0x99ba_4efe]);
        assert_eq!(threefry([u32::MAX; 2], [u32::MAX; 2]), [0x1cb9_96fc, 0xbb00_2be7]);
        assert_eq!(threefry([0x13198a2e, 0x03707344], [0x243f6a88, 0x85a308d3]), [0xc492_3a9c, 0x483d_f7a0]);
    }

    #[test]
    fn shuffle_is_a_permutation_that_differs_by_epoch_and_seed() {
        let order = shuffle(1, 0, 1000);
        let mut sorted = order.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, (0..1000).collect::<Vec<_>>());
        assert_ne!(order, shuffle(1, 1, 1000));
        assert_ne!(order, shuffle(2, 0, 1000));
        assert_eq!(order, shuffle(1, 0, 1000));
    }
}

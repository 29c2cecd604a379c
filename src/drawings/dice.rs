//! A run of random numbers for one drawing: what is drawn next depends on how many numbers were taken before, so a drawing
//! is a pure function of its seed, stream and number.

use crate::random::{self, Stream};

/// The numbers of `(seed, stream, round)`, one after the other.
pub(super) struct Dice {
    seed: u32,
    stream: Stream,
    round: u32,
    next: u32,
}

impl Dice {
    pub fn new(seed: u32, stream: Stream, round: u32) -> Dice {
        Dice { seed, stream, round, next: 0 }
    }

    /// A number in [0, 1).
    pub fn share(&mut self) -> f32 {
        self.next += 1;
        random::uniform(self.seed, self.stream, self.round, self.next - 1)
    }

    pub fn between(&mut self, least: f32, greatest: f32) -> f32 {
        least + (greatest - least) * self.share()
    }

    /// A number in [-most, most).
    pub fn within(&mut self, most: f32) -> f32 {
        self.between(-most, most)
    }

    /// A whole number from `least` to `greatest`.
    pub fn count(&mut self, least: usize, greatest: usize) -> usize {
        least + (self.share() * (greatest - least + 1) as f32) as usize
    }

    pub fn chance(&mut self, share: f32) -> bool {
        self.share() < share
    }

    /// One of `things`, which are some.
    pub fn pick<'a, T>(&mut self, things: &'a [T]) -> &'a T {
        &things[self.count(0, things.len() - 1)]
    }

    /// A place in the square from -1 to 1.
    pub fn place(&mut self) -> [f32; 2] {
        [self.within(1.0), self.within(1.0)]
    }
}

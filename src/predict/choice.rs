//! Of the ways to take a picture, the one of which the network is surest: which ink is one digit and which several that touch,
//! and which of light and dark is the paper. The numbers are fitted to MNIST's validation images, single and pushed together.

use std::collections::BTreeMap;

use crate::network::score;
use crate::picture::{Block, Bounds, Digit, Piece, Pixels};

/// How much the score of a piece counts beside its probability, both as logarithms.
const SCORE: f32 = 3.0;
/// The score of a digit that could not be clearer.
const CLEAR: f32 = 0.17;
/// A digit is hardly wider than this, as a share of its block's height ...
const WIDE: f32 = 0.9;
/// ... and what it loses for each height that it is.
const TOO_WIDE: f32 = 1.7;
/// What a cut costs for the ink that it crosses, as a share of the block's height, ...
const CROSSED: f32 = 1.4;
/// ... and for each height that the block is less wide than two digits.
const TOO_NARROW: f32 = 1.5;
/// How wide two digits are that touch, in heights.
const TWO: f32 = 1.45;
/// What it costs at most that there are several blocks, where it is not clear which is the paper: around a digit that fills
/// its picture there are.
const BLOCKS: f32 = 1.0;
/// What is no digit at all is worth no less, however wide it is: what is left of a rule tells nothing against the digits beside it.
const NO_DIGIT: f32 = -4.0;
/// What it costs a reading for each that is likelier.
const UNLIKELIER: f32 = 0.5;

/// A digit, and what the network says of it, `[classes]`.
type Seen = (Digit, Vec<f32>);

/// A way to take a block or a picture.
struct Way {
    /// How sure the network is: 0 where it is entirely, less otherwise.
    value: f32,
    digits: Vec<Seen>,
}

/// The digits of the best of the readings. `look` asks the network what images show, `[classes]` for each.
pub(super) async fn choose<E>(
    readings: Vec<Vec<Block>>,
    mut look: impl AsyncFnMut(&[Pixels]) -> Result<Vec<Vec<f32>>, E>,
) -> Result<Vec<Seen>, E> {
    let mut best: Option<Way> = None;
    for (rank, blocks) in readings.into_iter().enumerate() {
        let wholes: Vec<Pixels> = blocks.iter().map(|block| block.whole.pixels).collect();
        let mut ways = Vec::with_capacity(blocks.len());
        for (block, probabilities) in blocks.into_iter().zip(look(&wholes).await?) {
            ways.push(taken(block, probabilities, &mut look).await?);
        }
        let count = ways.len() as f32;
        let doubt = UNLIKELIER * rank as f32 + BLOCKS * (1.0 - 1.0 / count);
        let value = ways.iter().map(|way| way.value.max(NO_DIGIT)).sum::<f32>() / count - doubt;
        if best.as_ref().is_none_or(|best| best.value < value) {
            best = Some(Way { value, digits: ways.into_iter().flat_map(|way| way.digits).collect() });
        }
    }
    Ok(best.map_or_else(Vec::new, |way| way.digits))
}

/// The best way to take a block that the network takes for `probabilities` as a whole.
async fn taken<E>(
    block: Block,
    probabilities: Vec<f32>,
    look: &mut impl AsyncFnMut(&[Pixels]) -> Result<Vec<Vec<f32>>, E>,
) -> Result<Way, E> {
    let Bounds { width, height, .. } = block.whole.bounds;
    let aspect = width as f32 / height as f32;
    let cut = TOO_NARROW * (TWO - aspect).max(0.0);
    let value = value(&block.whole, &probabilities, height);
    // The surest pieces could not be better than that.
    if value <= -cut {
        let pieces = on_a_way(block.pieces());
        let images: Vec<Pixels> = pieces.iter().map(|piece| piece.digit.pixels).collect();
        let seen = pieces.into_iter().zip(look(&images).await?);
        if let Some(way) = best_path(seen, height, cut).filter(|way| way.value > value) {
            return Ok(way);
        }
    }
    Ok(Way { value, digits: vec![(block.whole, probabilities)] })
}

/// Those of the pieces, which are sorted by where they begin, that are on a way from the left side to the right one, piece by
/// piece. The others, a third, are no part of any reading, and most of the time goes to what the network says of pieces.
fn on_a_way(mut pieces: Vec<Piece>) -> Vec<Piece> {
    let last = pieces.iter().map(|piece| piece.to).max().unwrap_or(0);
    let [mut is_reached, mut leads_on] = [0, last].map(|side| {
        let mut cuts = vec![false; last + 1];
        cuts[side] = true;
        cuts
    });
    pieces.iter().for_each(|piece| is_reached[piece.to] |= is_reached[piece.from]);
    pieces.iter().rev().for_each(|piece| leads_on[piece.from] |= leads_on[piece.to]);
    pieces.retain(|piece| is_reached[piece.from] && leads_on[piece.to]);
    pieces
}

/// The best pieces from the left side of a block to its right side; those with the same left cut follow each other.
fn best_path(seen: impl Iterator<Item = (Piece, Vec<f32>)>, height: u32, cut: f32) -> Option<Way> {
    // The best ways to take what is left of each cut that a piece has ended at.
    let mut ways = BTreeMap::from([(0, Way { value: cut, digits: Vec::new() })]);
    let mut last = 0;
    for (piece, probabilities) in seen {
        last = last.max(piece.to);
        let Some(before) = ways.get(&piece.from) else { continue };
        let value = before.value + value(&piece.digit, &probabilities, height) - cut - CROSSED * piece.cost;
        if ways.get(&piece.to).is_none_or(|other| other.value < value) {
            let digits = before.digits.iter().cloned().chain([(piece.digit, probabilities)]).collect();
            ways.insert(piece.to, Way { value, digits });
        }
    }
    ways.remove(&last).filter(|way| !way.digits.is_empty())
}

/// How sure the network is of a digit in a block of `height`: 0 where it is entirely, less otherwise.
fn value(digit: &Digit, probabilities: &[f32], height: u32) -> f32 {
    let too_wide = (digit.bounds.width as f32 / height as f32 - WIDE).max(0.0);
    likeness(probabilities) - TOO_WIDE * too_wide
}

/// How sure the network is that something is a digit and which: 0 where it is entirely, less otherwise.
fn likeness(probabilities: &[f32]) -> f32 {
    let largest = probabilities.iter().copied().fold(f32::MIN_POSITIVE, f32::max);
    largest.ln() + SCORE * (score(probabilities) / CLEAR).ln()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mnist::PIXELS;
    use crate::random::{Stream, uniform};

    /// All ways from cut `from` to the last one.
    fn ways(pieces: &[[usize; 2]], from: usize, last: usize) -> Vec<Vec<[usize; 2]>> {
        if from == last {
            return vec![Vec::new()];
        }
        let next = pieces.iter().filter(|[begin, _]| *begin == from);
        let on = |piece: &[usize; 2]| {
            ways(pieces, piece[1], last).into_iter().map(|rest| [&[*piece], &rest[..]].concat()).collect::<Vec<_>>()
        };
        next.flat_map(on).collect()
    }

    #[test]
    fn what_is_left_of_pieces_has_all_ways_that_there_were_and_nothing_else() {
        let bounds = Bounds { x: 0, y: 0, width: 0, height: 0 };
        let digit = Digit { bounds, line: 0, pixels: [0.0; PIXELS] };
        let piece = |&[from, to]: &[usize; 2]| Piece { from, to, cost: 0.0, digit: digit.clone() };
        let mut dropped = 0;
        for seed in 0..200 {
            let is_there = |(at, _): &(usize, [usize; 2])| uniform(seed, Stream::Shuffle, 0, *at as u32) < 0.4;
            let pairs = (0..6).flat_map(|from| (from + 1..7).map(move |to| [from, to]));
            let all: Vec<[usize; 2]> = pairs.enumerate().filter(is_there).map(|(_, pair)| pair).collect();
            let kept = on_a_way(all.iter().map(piece).collect());
            let kept: Vec<[usize; 2]> = kept.iter().map(|piece| [piece.from, piece.to]).collect();
            let last = all.iter().map(|piece| piece[1]).max().unwrap_or(0);
            let all_ways = ways(&all, 0, last);
            assert_eq!(all_ways, ways(&kept, 0, last));
            assert!(kept.iter().all(|piece| all_ways.concat().contains(piece)), "{kept:?}");
            dropped += all.len() - kept.len();
        }
        assert!(dropped > 200, "{dropped}");
    }
}

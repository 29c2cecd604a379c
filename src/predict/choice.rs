//! Of the ways to take a picture, the one of which the network is surest: which ink is one digit and which several that touch,
//! and which of light and dark is the paper. The numbers are fitted to MNIST's validation images, single and pushed together.

use std::collections::BTreeMap;

use crate::network::{best, score};
use crate::picture::{Block, Bounds, Digit, Piece, Pixels};

/// How much the score of what may be a digit counts, as a logarithm.
const SCORE: f32 = 3.0;
/// The score of a digit that could not be clearer.
const CLEAR: f32 = 0.17;
/// A digit is hardly wider than this, as a share of its block's height ...
const WIDE: f32 = 0.9;
/// ... and what it loses for each height that it is: among readings, ...
const TOO_WIDE: f32 = 1.7;
/// ... and among the ways to take a block, which are worth less ...
const PIECE_TOO_WIDE: f32 = 0.6;
/// ... by the logarithm of how high each digit is, as a share of the block's height, ...
const LOW: f32 = 1.0;
/// ... and by how often ink that is none is taken for it, from 0 to 9: for a 1 more often than for an 8.
const CHANCE: [f32; 10] = [0.0, 0.54, 0.4, 0.45, 0.27, 0.35, 0.37, 0.52, 0.05, 0.1];
/// What each clear digit of a block is worth beside the first, ...
const ANOTHER: f32 = 0.93;
/// ... less for the ink that the cut crosses, as a share of the block's height, ...
const CROSSED: f32 = 0.9;
/// ... and for each height that the block is less wide than two digits that touch.
const TOO_NARROW: f32 = 0.6;
/// How wide those are, in heights.
const TWO: f32 = 1.45;
/// A block that is as clear as this for each height that it is less wide is one digit.
const ONE: f32 = 2.5;
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
    /// How clear its digits are, all together: 0 where the network is entirely sure, less otherwise.
    clarity: f32,
    digits: Vec<Seen>,
}

/// Blocks are taken side by side, lest the network be asked for few images at a time, until they have so many pieces, lest all
/// of a page be kept.
const GROUP: usize = 1000;
/// The network is asked about so many pieces of a picture. A page of digits has far fewer; in noise there is no end of them, and
/// what comes behind these is not cut.
const MOST_PIECES: usize = 20_000;

/// The digits of the best of the readings. `look` asks the network what images show, `[classes]` for each.
pub(super) async fn choose<E>(
    readings: Vec<Vec<Block>>,
    mut look: impl AsyncFnMut(&[Pixels]) -> Result<Vec<Vec<f32>>, E>,
) -> Result<Vec<Seen>, E> {
    let mut best: Option<Way> = None;
    let mut left = MOST_PIECES;
    for (rank, blocks) in readings.into_iter().enumerate() {
        let count = blocks.len() as f32;
        let doubt = UNLIKELIER * rank as f32 + BLOCKS * (1.0 - 1.0 / count);
        // The clearest digits could not be worth more.
        if best.as_ref().is_some_and(|best| best.clarity >= -doubt) {
            continue;
        }
        let wholes: Vec<Pixels> = blocks.iter().map(|block| block.whole.pixels).collect();
        let (mut ways, mut group, mut pieces) = (Vec::with_capacity(blocks.len()), Vec::new(), 0);
        for (block, seen) in blocks.into_iter().zip(look(&wholes).await?) {
            let taking = Taking::new(block, seen, &mut left);
            pieces += taking.pieces.iter().map(Vec::len).sum::<usize>();
            group.push(taking);
            if pieces >= GROUP {
                ways.extend(taken(std::mem::take(&mut group), &mut look).await?);
                pieces = 0;
            }
        }
        ways.extend(taken(group, &mut look).await?);
        let clarity = ways.iter().map(|way| way.clarity.max(NO_DIGIT)).sum::<f32>() / count - doubt;
        if best.as_ref().is_none_or(|best| best.clarity < clarity) {
            best = Some(Way { clarity, digits: ways.into_iter().flat_map(|way| way.digits).collect() });
        }
    }
    Ok(best.map_or_else(Vec::new, |way| way.digits))
}

/// A block, and in how many ways it may be taken.
struct Taking {
    /// All of it as one digit.
    whole: Way,
    /// Those that begin on its left side, and the others: most of the first are no digit, so most of the others need no look.
    pieces: [Vec<Piece>; 2],
    paths: Paths,
}

impl Taking {
    /// The network takes the block for `probabilities` as a whole; it may be asked about as many pieces more as are `left`.
    fn new(block: Block, probabilities: Vec<f32>, left: &mut usize) -> Taking {
        let Bounds { width, height, .. } = block.whole.bounds;
        let clarity = clarity(&block.whole, &probabilities, height);
        let narrow = (TWO - width as f32 / height as f32).max(0.0);
        let is_one = clarity > -ONE * narrow;
        let pieces = if is_one || *left == 0 { Vec::new() } else { on_a_way(block.pieces()) };
        *left = left.saturating_sub(pieces.len());
        let paths = Paths::new(
            &pieces,
            height,
            ANOTHER - TOO_NARROW * narrow,
            resemblance(&probabilities) - odd(&block.whole, height),
        );
        let pieces: (Vec<Piece>, Vec<Piece>) = pieces.into_iter().partition(|piece| piece.from == 0);
        Taking { whole: Way { clarity, digits: vec![(block.whole, probabilities)] }, pieces: pieces.into(), paths }
    }

    fn best(self) -> Way {
        self.paths.best().unwrap_or(self.whole)
    }
}

/// The best way to take each block.
async fn taken<E>(
    mut takings: Vec<Taking>,
    look: &mut impl AsyncFnMut(&[Pixels]) -> Result<Vec<Vec<f32>>, E>,
) -> Result<impl Iterator<Item = Way>, E> {
    for round in 0..2 {
        let hopeful = |taking: &mut Taking| taking.paths.hopeful(std::mem::take(&mut taking.pieces[round]));
        let pieces: Vec<Vec<Piece>> = takings.iter_mut().map(hopeful).collect();
        let images: Vec<Pixels> = pieces.iter().flatten().map(|piece| piece.digit.pixels).collect();
        if images.is_empty() {
            break;
        }
        let mut seen = look(&images).await?.into_iter();
        for (taking, pieces) in takings.iter_mut().zip(pieces) {
            pieces.into_iter().zip(&mut seen).for_each(|(piece, seen)| taking.paths.extend(piece, seen));
        }
    }
    Ok(takings.into_iter().map(Taking::best))
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

/// The ways from the left side of a block to its right side, piece by piece.
struct Paths {
    height: u32,
    /// What each clear digit is worth beside the first.
    another: f32,
    /// What a way must be better than.
    least: f32,
    /// The cut on the right side.
    last: usize,
    /// What is on the right of each cut is worth at most.
    rest: BTreeMap<usize, f32>,
    /// What the best way to take what is left of each cut is worth, of those cuts that a piece has ended at.
    values: BTreeMap<usize, f32>,
    /// The last piece of that way, and the cut that it begins at.
    steps: BTreeMap<usize, (usize, Seen)>,
}

impl Paths {
    fn new(pieces: &[Piece], height: u32, another: f32, least: f32) -> Paths {
        let last = pieces.iter().map(|piece| piece.to).max().unwrap_or(0);
        let [values, rest] = [(0, -another), (last, 0.0)].map(|side| BTreeMap::from([side]));
        let mut paths = Paths { height, another, least, last, rest, values, steps: BTreeMap::new() };
        for piece in pieces.iter().rev() {
            let Some(behind) = paths.rest.get(&piece.to) else { continue };
            let value = behind + paths.most(piece);
            paths.rest.entry(piece.from).and_modify(|most| *most = most.max(value)).or_insert(value);
        }
        paths
    }

    /// What a piece adds to the value of a way if the network is entirely sure of it.
    fn most(&self, piece: &Piece) -> f32 {
        self.another - CROSSED * piece.cost - odd(&piece.digit, self.height)
    }

    /// Those of the pieces, which are sorted by where they begin, that may still be on the best way.
    fn hopeful(&self, mut pieces: Vec<Piece>) -> Vec<Piece> {
        let mut values = self.values.clone();
        pieces.retain(|piece| {
            let Some(before) = values.get(&piece.from) else { return false };
            let value = before + self.most(piece);
            values.entry(piece.to).and_modify(|most| *most = most.max(value)).or_insert(value);
            self.rest.get(&piece.to).is_some_and(|rest| value + rest > self.least)
        });
        pieces
    }

    /// Takes a piece that follows all that could come before it, and what the network says of it.
    fn extend(&mut self, piece: Piece, probabilities: Vec<f32>) {
        let Some(before) = self.values.get(&piece.from) else { return };
        let value = before + self.most(&piece) + resemblance(&probabilities);
        if self.values.get(&piece.to).is_none_or(|other| *other < value) {
            self.values.insert(piece.to, value);
            self.steps.insert(piece.to, (piece.from, (piece.digit, probabilities)));
        }
    }

    /// The best way to the right side, if it is good enough.
    fn best(mut self) -> Option<Way> {
        self.values.remove(&self.last).filter(|value| *value > self.least)?;
        let mut digits = Vec::new();
        let mut at = self.last;
        while let Some((from, seen)) = self.steps.remove(&at) {
            digits.push(seen);
            at = from;
        }
        digits.reverse();
        let clarity = digits.iter().map(|(digit, seen)| clarity(digit, seen, self.height)).sum();
        (!digits.is_empty()).then_some(Way { clarity, digits })
    }
}

/// How clear a digit is in a block of `height`: 0 where the network is entirely sure, less otherwise.
fn clarity(digit: &Digit, probabilities: &[f32], height: u32) -> f32 {
    let largest = probabilities.iter().copied().fold(f32::MIN_POSITIVE, f32::max);
    largest.ln() + likeness(probabilities) - TOO_WIDE * too_wide(digit, height)
}

/// How odd the size of a digit is in a block of `height`, among the ways to take it.
fn odd(digit: &Digit, height: u32) -> f32 {
    PIECE_TOO_WIDE * too_wide(digit, height) - LOW * (digit.bounds.height as f32 / height as f32).ln()
}

/// How much a digit looks like one, among the ways to take a block: 0 at most.
fn resemblance(probabilities: &[f32]) -> f32 {
    // Other classes than the ten digits are alike.
    let chance = if probabilities.len() == CHANCE.len() { CHANCE[best(probabilities)] } else { 0.0 };
    likeness(probabilities) - chance
}

/// How sure the network is that something is one of the classes: 0 at most.
fn likeness(probabilities: &[f32]) -> f32 {
    SCORE * (score(probabilities) / CLEAR).ln().min(0.0)
}

/// How much wider than a digit, in heights.
fn too_wide(digit: &Digit, height: u32) -> f32 {
    (digit.bounds.width as f32 / height as f32 - WIDE).max(0.0)
}

#[cfg(test)]
mod tests {
    use image::{GrayImage, Luma};
    use pollster::FutureExt as _;

    use super::*;
    use crate::mnist::PIXELS;
    use crate::picture::readings;
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

    fn piece([from, to]: [usize; 2], cost: f32) -> Piece {
        let bounds = Bounds { x: 0, y: 0, width: 1, height: 1 };
        Piece { from, to, cost, digit: Digit { bounds, line: 0, pixels: [0.0; PIXELS] } }
    }

    #[test]
    fn another_reading_is_looked_at_only_where_it_could_be_better() {
        let is_inked = |x, y| (18..22).contains(&x) && (8..52).contains(&y);
        let picture = GrayImage::from_fn(40, 60, |x, y| Luma([if is_inked(x, y) { 20 } else { 240 }]));
        let looks = |largest: f32| {
            let mut probabilities = vec![(1.0 - largest) / 9.0; 10];
            probabilities[1] = largest;
            let mut looks = 0;
            let look = async |images: &[Pixels]| {
                looks += images.len();
                Ok::<_, ()>(vec![probabilities.clone(); images.len()])
            };
            let readings = [(); 3].map(|()| readings(&picture).remove(0));
            let found = choose(readings.into(), look).block_on().unwrap();
            assert_eq!(found.len(), 1);
            looks
        };
        // Sure, less sure, and so unsure that a second and a third one could be better.
        assert_eq!([0.99, 0.8, 0.3].map(looks), [1, 2, 3]);
    }

    #[test]
    fn a_picture_that_is_all_pieces_is_looked_at_for_a_while_only() {
        // Rows of strokes that a line goes through.
        let is_row = |x: u32, y: u32| (x / 5).is_multiple_of(2) && y < 30 || y == 15;
        let is_inked =
            |x: u32, y: u32| (20..320).contains(&x) && (20..3220).contains(&y) && is_row(x - 20, (y - 20) % 40);
        let picture = GrayImage::from_fn(340, 3240, |x, y| Luma([if is_inked(x, y) { 20 } else { 240 }]));
        let mut looks = 0;
        let look = async |images: &[Pixels]| {
            looks += images.len();
            Ok::<_, ()>(vec![vec![0.1; 10]; images.len()])
        };
        let first = readings(&picture).remove(0);
        let (blocks, pieces) = (first.len(), first.iter().map(|block| block.pieces().len()).sum::<usize>());
        choose(vec![first], look).block_on().unwrap();
        assert!(pieces > 2 * MOST_PIECES, "{pieces} pieces");
        assert!(looks < blocks + MOST_PIECES + 2 * pieces / blocks, "{looks} looks");
    }

    #[test]
    fn what_no_look_is_taken_at_is_on_no_better_way() {
        let (mut looked, mut better, mut count) = (0, 0, 0);
        for seed in 0..400 {
            let share = |stream: u32, at: usize| uniform(seed, Stream::Shuffle, stream, at as u32);
            let [another, least] = [0.3 - 2.0 * share(0, 1), -0.5 - 5.0 * share(0, 0)];
            let pairs: Vec<[usize; 2]> = (0..6).flat_map(|from| (from + 1..7).map(move |to| [from, to])).collect();
            let there = pairs.into_iter().enumerate().filter(|(at, _)| share(1, *at) < 0.6);
            let all: Vec<(Piece, Vec<f32>)> = there
                .map(|(at, pair)| {
                    let largest = if share(2, at) < 0.5 { 0.99 } else { 0.3 };
                    let rest = (1.0 - largest) / 9.0;
                    let probabilities = (0..10).map(|class| if class == 0 { largest } else { rest }).collect();
                    (piece(pair, if pair[1] < 6 { share(3, at) } else { 0.0 }), probabilities)
                })
                .collect();
            let value_of = |pair: &[usize; 2]| {
                let (piece, seen) = all.iter().find(|(piece, _)| [piece.from, piece.to] == *pair).unwrap();
                resemblance(seen) - odd(&piece.digit, 1) + another - CROSSED * piece.cost
            };
            let kept: Vec<[usize; 2]> = all.iter().map(|(piece, _)| [piece.from, piece.to]).collect();
            let of = |way: &Vec<[usize; 2]>| -another + way.iter().map(value_of).sum::<f32>();
            let last = kept.iter().map(|pair| pair[1]).max().unwrap_or(0);
            let expected = ways(&kept, 0, last).iter().map(of).filter(|value| *value > least).reduce(f32::max);

            let pieces = on_a_way(all.iter().map(|(piece, _)| piece.clone()).collect());
            count += pieces.len();
            let seen_of = |piece: &Piece| all.iter().find(|(other, _)| other == piece).unwrap().1.clone();
            let mut paths = Paths::new(&pieces, 1, another, least);
            let (first, rest): (Vec<Piece>, Vec<Piece>) = pieces.into_iter().partition(|piece| piece.from == 0);
            for pieces in [first, rest] {
                let pieces = paths.hopeful(pieces);
                looked += pieces.len();
                pieces.into_iter().for_each(|piece| paths.extend(piece.clone(), seen_of(&piece)));
            }
            let found = paths.values.get(&last).copied().filter(|value| *value > least);
            assert_eq!(paths.best().is_some(), found.is_some());
            assert_eq!(found.is_some(), expected.is_some(), "{found:?}, not {expected:?}");
            assert!(found.zip(expected).is_none_or(|(found, expected)| (found - expected).abs() < 1e-4), "seed {seed}");
            better += usize::from(found.is_some());
        }
        assert!(better > 50 && looked < count * 2 / 3, "{better} better ways, {looked} looks at {count} pieces");
    }

    #[test]
    fn what_is_left_of_pieces_has_all_ways_that_there_were_and_nothing_else() {
        let mut dropped = 0;
        for seed in 0..200 {
            let is_there = |(at, _): &(usize, [usize; 2])| uniform(seed, Stream::Shuffle, 0, *at as u32) < 0.4;
            let pairs = (0..6).flat_map(|from| (from + 1..7).map(move |to| [from, to]));
            let all: Vec<[usize; 2]> = pairs.enumerate().filter(is_there).map(|(_, pair)| pair).collect();
            let kept = on_a_way(all.iter().map(|pair| piece(*pair, 0.0)).collect());
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

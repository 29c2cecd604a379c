//! Lines of digits: which parts are one digit, which digits stand in one row, and in which order a person reads them. How
//! large a part is says the height of what stands at its height in the picture, so that small rows count beside large ones.

use super::parts::Part;

/// A part less high than this share of what is around it is a fragment: it belongs to what is near.
const FRAGMENT: f32 = 0.5;
/// How near, as a share of that height.
const NEAR: f32 = 0.15;
/// Parts that are both higher than this share of it are digits of their own, even where one reaches over the other.
const TALL: f32 = 0.8;
/// How far above and below itself a part says how high its surroundings are, as a share of its height.
const REACH: f32 = 0.25;
/// Neighbours in a row have more than this share of the lower one's height beside each other.
const BESIDE: f32 = 0.4;
/// What is smaller than this both ways, in pixels, shows no digit.
const LEAST: u32 = 6;
/// No part.
const NONE: usize = usize::MAX;

/// The digits of each row, from left to right, the rows from top to bottom; `height` is the picture's.
pub(super) fn rows(mut parts: Vec<Part>, height: usize) -> Vec<Vec<Part>> {
    let (around, typical) = (Around::of(&parts, height), typical(&parts));
    parts.retain(|part| !part.is_speck(around.at(part).max(typical)));
    let around = Around::of(&parts, height);
    let is_body = |part: &Part| part.bounds.height as f32 >= FRAGMENT * around.at(part);
    let (bodies, fragments): (Vec<Part>, Vec<Part>) = parts.into_iter().partition(is_body);
    let rows = without_halves(chained(bodies, height));
    let fragments = dealt_out(fragments, &rows, height);
    let mut rows: Vec<Vec<Part>> =
        rows.into_iter().zip(fragments).map(|(bodies, fragments)| joined(bodies, fragments, &around)).collect();
    rows.iter_mut().for_each(|row| row.retain(|digit| digit.bounds.width.max(digit.bounds.height) >= LEAST));
    rows.retain(|row| !row.is_empty());
    rows.sort_by(|a, b| middle(a).total_cmp(&middle(b)));
    rows
}

/// For each row of pixels the height of the highest part there, 0 where there is none.
struct Around(Vec<u32>);

impl Around {
    fn of(parts: &[Part], height: usize) -> Around {
        let mut around = vec![0; height];
        for part in parts {
            let reach = (REACH * part.bounds.height as f32) as usize;
            let [top, bottom] = vertical(part);
            for highest in &mut around[top.saturating_sub(reach)..(bottom + reach).min(height)] {
                *highest = part.bounds.height.max(*highest);
            }
        }
        Around(around)
    }

    fn at(&self, part: &Part) -> f32 {
        let [top, bottom] = vertical(part);
        self.0[(top + bottom) / 2] as f32
    }
}

/// The height that half of the ink is in parts below.
fn typical(parts: &[Part]) -> f32 {
    let mut sizes: Vec<(u32, f64)> = parts.iter().map(|part| (part.bounds.height, part.mass.into())).collect();
    sizes.sort_by_key(|(height, _)| *height);
    let mut left = sizes.iter().map(|(_, mass)| mass).sum::<f64>() / 2.0;
    let is_half = |(_, mass): &&(u32, f64)| {
        left -= mass;
        left <= 0.0
    };
    sizes.iter().find(is_half).map_or(0.0, |(height, _)| *height as f32)
}

/// Parts in rows, each from left to right: one follows the last one before it that is beside it.
fn chained(mut parts: Vec<Part>, height: usize) -> Vec<Vec<Part>> {
    parts.sort_by_key(|part| part.bounds.x);
    let mut row_of: Vec<usize> = Vec::with_capacity(parts.len());
    let mut count = 0;
    // The last part that each row of pixels has met.
    let mut last = vec![NONE; height];
    for (at, part) in parts.iter().enumerate() {
        let [top, bottom] = vertical(part);
        let beside = |other: usize| {
            let lower = parts[other].bounds.height.min(part.bounds.height);
            (overlap(vertical(&parts[other]), [top, bottom]) / lower as f32, other)
        };
        let met = last[top..bottom].chunk_by(|a, b| a == b).map(|same| same[0]).filter(|other| *other != NONE);
        let nearest = met.map(beside).max_by(|a, b| a.0.total_cmp(&b.0));
        row_of.push(match nearest {
            Some((share, other)) if share > BESIDE => row_of[other],
            _ => {
                count += 1;
                count - 1
            }
        });
        last[top..bottom].fill(at);
    }
    let mut rows: Vec<Vec<Part>> = (0..count).map(|_| Vec::new()).collect();
    parts.into_iter().zip(row_of).for_each(|(part, row)| rows[row].push(part));
    rows
}

/// Parts that are alone in their rows, and halves of a broken digit, are in one row.
fn without_halves(rows: Vec<Vec<Part>>) -> Vec<Vec<Part>> {
    let (mut alone, mut rows): (Vec<_>, Vec<_>) = rows.into_iter().partition(|row| row.len() == 1);
    alone.sort_by_key(|row| row[0].bounds.y);
    for row in alone {
        match rows.last_mut() {
            Some(above) if above.iter().any(|half| are_halves(half, &row[0])) => above.extend(row),
            _ => rows.push(row),
        }
    }
    rows
}

fn are_halves(above: &Part, below: &Part) -> bool {
    let taller = above.bounds.height.max(below.bounds.height) as f32;
    let is_near = overlap(vertical(above), vertical(below)) > -NEAR * taller;
    is_near && belong_together(above, below, taller)
}

/// For each row the fragments that are nearest to one of its parts.
fn dealt_out(fragments: Vec<Part>, rows: &[Vec<Part>], height: usize) -> Vec<Vec<Part>> {
    /// So many rows of pixels have their rows of parts listed together.
    const BAND: usize = 16;
    let mut rows_at: Vec<Vec<usize>> = vec![Vec::new(); height.div_ceil(BAND)];
    for (at, row) in rows.iter().enumerate() {
        let reach = |part: &Part| (REACH * part.bounds.height as f32) as usize;
        let top = row.iter().map(|part| vertical(part)[0].saturating_sub(reach(part))).min().unwrap_or(0);
        let bottom = row.iter().map(|part| vertical(part)[1] + reach(part)).max().unwrap_or(0);
        rows_at[top / BAND..bottom.div_ceil(BAND).min(height.div_ceil(BAND))].iter_mut().for_each(|rows| rows.push(at));
    }
    let mut dealt: Vec<Vec<Part>> = rows.iter().map(|_| Vec::new()).collect();
    for fragment in fragments {
        let [top, bottom] = vertical(&fragment);
        let here = &rows_at[(top + bottom) / 2 / BAND];
        // What is higher here may be a fragment, too, of a row that does not reach here.
        let all: Vec<usize> = if here.is_empty() { (0..rows.len()).collect() } else { Vec::new() };
        let distance = |row: &usize| nearest(&rows[*row], &fragment).1;
        let row = here.iter().chain(&all).min_by(|a, b| distance(a).total_cmp(&distance(b)));
        // The highest part of all is no fragment.
        dealt[*row.expect("a row")].push(fragment);
    }
    dealt
}

/// Which part of a row, which is sorted by where they begin, is nearest to another, and how near.
fn nearest(row: &[Part], part: &Part) -> (usize, f32) {
    /// So many of them may begin between its beginning and the nearest one's.
    const EACH_WAY: usize = 3;
    let at = row.partition_point(|other| other.bounds.x < part.bounds.x);
    let near = at.saturating_sub(EACH_WAY)..(at + EACH_WAY).min(row.len());
    let distance = |at: usize| {
        let gap = |side: fn(&Part) -> [usize; 2]| (-overlap(side(&row[at]), side(part))).max(0.0);
        (at, gap(horizontal).hypot(gap(vertical)))
    };
    near.map(distance).min_by(|a, b| a.1.total_cmp(&b.1)).expect("a row has parts")
}

/// The digits of a row: bodies that are above each other, with the fragments that are nearest to each.
fn joined(bodies: Vec<Part>, fragments: Vec<Part>, around: &Around) -> Vec<Part> {
    let mut digits = swept(bodies, around);
    let mut left = Vec::new();
    for fragment in fragments {
        let (at, _) = nearest(&digits, &fragment);
        let digit = &mut digits[at];
        if belong_together(digit, &fragment, around.at(digit)) { digit.join(fragment) } else { left.push(fragment) }
    }
    digits.extend(swept(left, around));
    digits.sort_by_key(|digit| digit.bounds.x);
    digits
}

/// Each part together with those shortly before it that it belongs to.
fn swept(mut parts: Vec<Part>, around: &Around) -> Vec<Part> {
    /// So many parts may stand between two that are one digit.
    const BETWEEN: usize = 2;
    parts.sort_by_key(|part| part.bounds.x);
    let mut joined: Vec<Part> = Vec::with_capacity(parts.len());
    for mut part in parts {
        let mut first = joined.len().saturating_sub(BETWEEN + 1);
        while let Some(at) = (first..joined.len())
            .rev()
            .find(|at| belong_together(&joined[*at], &part, around.at(&joined[*at]).max(around.at(&part))))
        {
            part.join(joined.remove(at));
            first = first.min(joined.len());
        }
        joined.push(part);
    }
    joined
}

/// Whether two parts of a row are one digit, where others are `height` pixels high.
fn belong_together(a: &Part, b: &Part, height: f32) -> bool {
    let overlap = overlap(horizontal(a), horizontal(b));
    let shorter = a.bounds.height.min(b.bounds.height) as f32 / height;
    let is_above = overlap >= a.bounds.width.min(b.bounds.width) as f32 / 2.0;
    (is_above && shorter < TALL) || (shorter < FRAGMENT && overlap > -NEAR * height)
}

/// How much two ranges share; where it is negative, what is between them.
fn overlap(a: [usize; 2], b: [usize; 2]) -> f32 {
    a[1].min(b[1]) as f32 - a[0].max(b[0]) as f32
}

fn vertical(part: &Part) -> [usize; 2] {
    [part.bounds.y, part.bounds.y + part.bounds.height].map(|at| at as usize)
}

fn horizontal(part: &Part) -> [usize; 2] {
    [part.bounds.x, part.bounds.x + part.bounds.width].map(|at| at as usize)
}

/// How far down a row is, in the mean.
fn middle(row: &[Part]) -> f32 {
    row.iter().map(|part| part.bounds.y as f32 + part.bounds.height as f32 / 2.0).sum::<f32>() / row.len() as f32
}

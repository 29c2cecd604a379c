//! Grey pictures by what fits into them: the greatest and the least around each pixel, and what hangs together with what.

/// The greatest, or the least, of each pixel's square of `2 * radius + 1` pixels a side.
pub(super) fn filtered(
    pixels: &[u8],
    [width, height]: [usize; 2],
    radius: usize,
    of: impl Fn(u8, u8) -> u8 + Copy,
) -> Vec<u8> {
    let columns = along_columns(pixels, width, radius, of);
    transposed(&along_columns(&transposed(&columns, width), height, radius, of), height)
}

/// The greatest, or the least, of the `2 * radius + 1` pixels around each in its column, three comparisons a pixel (van Herk
/// 1992, "A fast algorithm for local minimum and maximum filters"): of all from the start of its block, and of all to its end.
fn along_columns(pixels: &[u8], width: usize, radius: usize, of: impl Fn(u8, u8) -> u8 + Copy) -> Vec<u8> {
    let (block, height) = (2 * radius + 1, pixels.len().checked_div(width).unwrap_or(0));
    let join = |rows: &mut [u8], row: usize, other: usize| {
        let (row, other) = (row * width, other * width);
        let (head, tail) = rows.split_at_mut(row.max(other));
        let (to, from) = if row > other {
            (&mut tail[..width], &head[other..][..width])
        } else {
            (&mut head[row..][..width], &tail[..width])
        };
        to.iter_mut().zip(from).for_each(|(to, from)| *to = of(*to, *from));
    };
    let [mut so_far, mut to_come] = [pixels.to_vec(), pixels.to_vec()];
    (1..height).filter(|y| y % block > 0).for_each(|y| join(&mut so_far, y, y - 1));
    (1..height).rev().filter(|y| y % block > 0).for_each(|y| join(&mut to_come, y - 1, y));
    let mut out = Vec::with_capacity(pixels.len());
    for y in 0..height {
        let (first, last) = (y.saturating_sub(radius), (y + radius).min(height - 1));
        let [from_first, to_last] = [&to_come[first * width..][..width], &so_far[last * width..][..width]];
        match first / block == last / block {
            true if first % block == 0 => out.extend_from_slice(to_last),
            true => out.extend_from_slice(from_first),
            false => out.extend(from_first.iter().zip(to_last).map(|(a, b)| of(*a, *b))),
        }
    }
    out
}

/// [height, width] -> [width, height], in squares that the cache holds.
pub(super) fn transposed<T: Copy + Default>(pixels: &[T], width: usize) -> Vec<T> {
    const SQUARE: usize = 64;
    let height = pixels.len().checked_div(width).unwrap_or(0);
    let mut out = vec![T::default(); pixels.len()];
    for top in (0..height).step_by(SQUARE) {
        for left in (0..width).step_by(SQUARE) {
            for y in top..(top + SQUARE).min(height) {
                for x in left..(left + SQUARE).min(width) {
                    out[x * height + y] = pixels[y * width + x];
                }
            }
        }
    }
    out
}

/// The levels above `floor`, lowered to what a way that nowhere goes higher leads to.
pub(super) fn reconstructed(mut levels: Vec<u8>, floor: &[u8], width: usize) -> Vec<u8> {
    let count = levels.len();
    for start in (0..count).step_by(width.max(1)) {
        let (above, row) = levels.split_at_mut(start);
        let row = &mut row[..width];
        above[start.saturating_sub(width)..]
            .iter()
            .zip(&mut *row)
            .for_each(|(above, level)| *level = (*level).min(*above));
        let mut left = 255;
        for (level, floor) in row.iter_mut().zip(&floor[start..]) {
            left = (*level).min(left).max(*floor);
            *level = left;
        }
    }
    let mut open = Vec::new();
    for start in (0..count).step_by(width.max(1)).rev() {
        let (row, below) = levels[start..].split_at_mut(width);
        let floors = &floor[start..];
        let mut right = None;
        for x in (0..width).rev() {
            let least = right.map_or(255, |(level, _)| level).min(below.get(x).copied().unwrap_or(255));
            row[x] = row[x].min(least).max(floors[x]);
            let is_lower = |(level, floor): (u8, u8)| level > row[x].max(floor);
            if right.is_some_and(is_lower) || below.get(x).is_some_and(|level| is_lower((*level, floors[width + x]))) {
                open.push(start + x);
            }
            right = Some((row[x], floors[x]));
        }
    }
    while let Some(at) = open.pop() {
        let x = at % width;
        let near = [
            (x > 0).then(|| at - 1),
            (x + 1 < width).then(|| at + 1),
            at.checked_sub(width),
            (at + width < count).then_some(at + width),
        ];
        for other in near.into_iter().flatten() {
            let level = levels[at].max(floor[other]);
            if level < levels[other] {
                levels[other] = level;
                open.push(other);
            }
        }
    }
    levels
}

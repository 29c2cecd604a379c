//! Several digits in one picture: ink that hangs together is a part, and parts above each other are a digit. Digits that
//! touch are taken for one.

use super::bounds::Bounds;
use super::ink::Ink;

/// A part with less ink than a square whose side is this share of the tallest part's height is a speck.
const SPECK: f32 = 0.06;
/// A part less high than this share of the tallest is a fragment: it belongs to what is near.
const FRAGMENT: f32 = 0.5;
/// How near, as a share of that height.
const NEAR: f32 = 0.15;
/// Parts that are both higher than this share of the tallest are digits of their own, even where one reaches over the
/// other.
const TALL: f32 = 0.8;

/// Ink that hangs together, or several such parts.
struct Part {
    bounds: Bounds,
    /// The sum of its amounts.
    mass: f32,
    /// Those of its pixels, in no order.
    labels: Vec<u32>,
}

/// All ink but specks, and where it is; `None` where there is none.
pub(super) fn whole(ink: &Ink) -> Option<(Bounds, Ink)> {
    let (labels, parts) = parts(ink);
    let whole = parts.into_iter().reduce(Part::and)?;
    Some((whole.bounds, whole.cut(ink, &labels)))
}

/// Where each digit is, and its ink without what its neighbours have there; from left to right.
pub(super) fn separate(ink: &Ink) -> Vec<(Bounds, Ink)> {
    let (labels, mut parts) = parts(ink);
    let height = tallest(&parts);
    parts.sort_by_key(|part| part.bounds.x);
    loop {
        let count = parts.len();
        parts = joined(parts, height);
        if parts.len() == count {
            break;
        }
    }
    parts.sort_by_key(|part| part.bounds.x);
    parts.iter().map(|part| (part.bounds, part.cut(ink, &labels))).collect()
}

/// Each part together with the first one before it that it belongs to.
fn joined(parts: Vec<Part>, height: f32) -> Vec<Part> {
    let mut joined: Vec<Part> = Vec::new();
    for part in parts {
        match joined.iter().position(|other| belong_together(other.bounds, part.bounds, height)) {
            Some(at) => {
                let other = joined.remove(at);
                joined.insert(at, other.and(part));
            }
            None => joined.push(part),
        }
    }
    joined
}

fn belong_together(a: Bounds, b: Bounds, height: f32) -> bool {
    // Where it is negative, the columns between them.
    let overlap = (a.x + a.width).min(b.x + b.width) as f32 - a.x.max(b.x) as f32;
    let shorter = a.height.min(b.height) as f32 / height;
    let is_above = overlap >= a.width.min(b.width) as f32 / 2.0;
    (is_above && shorter < TALL) || (shorter < FRAGMENT && overlap > -NEAR * height)
}

impl Part {
    fn and(mut self, other: Part) -> Part {
        self.bounds = self.bounds.and(other.bounds);
        self.mass += other.mass;
        self.labels.extend(other.labels);
        self
    }

    fn cut(&self, ink: &Ink, labels: &[u32]) -> Ink {
        ink.cut(self.bounds, |at| self.labels.contains(&labels[at]))
    }
}

fn tallest(parts: &[Part]) -> f32 {
    parts.iter().map(|part| part.bounds.height).max().unwrap_or(0) as f32
}

/// A label for each pixel, 0 where there is no ink, and the parts that are no specks.
fn parts(ink: &Ink) -> (Vec<u32>, Vec<Part>) {
    let mut labels = vec![0; ink.amounts.len()];
    let mut parts = Vec::new();
    for start in 0..labels.len() {
        if ink.amounts[start] > 0.0 && labels[start] == 0 {
            parts.push(flood(ink, &mut labels, start, parts.len() as u32 + 1));
        }
    }
    let height = tallest(&parts);
    parts.retain(|part| part.mass >= (SPECK * height).powi(2));
    (labels, parts)
}

/// The part that pixel `start` is of; pixels hang together by sides and by corners.
fn flood(ink: &Ink, labels: &mut [u32], start: usize, label: u32) -> Part {
    let (mut mass, mut least, mut greatest) = (0.0, [usize::MAX; 2], [0; 2]);
    let mut reached = vec![start];
    labels[start] = label;
    while let Some(at) = reached.pop() {
        mass += ink.amounts[at];
        let [x, y] = [at % ink.width, at / ink.width];
        least = [least[0].min(x), least[1].min(y)];
        greatest = [greatest[0].max(x), greatest[1].max(y)];
        for y in y.saturating_sub(1)..(y + 2).min(ink.height) {
            for x in x.saturating_sub(1)..(x + 2).min(ink.width) {
                let at = y * ink.width + x;
                if ink.amounts[at] > 0.0 && labels[at] == 0 {
                    labels[at] = label;
                    reached.push(at);
                }
            }
        }
    }
    let [x, y] = least.map(|at| at as u32);
    let [width, height] = [0, 1].map(|axis| (greatest[axis] - least[axis] + 1) as u32);
    Part { bounds: Bounds { x, y, width, height }, mass, labels: vec![label] }
}

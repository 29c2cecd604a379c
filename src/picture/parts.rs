//! Ink that hangs together: the parts of a picture, and what is too little to be one. It is found run by run, a run being
//! the ink of one line of pixels without a gap, in time proportional to the pixels.

use super::bounds::{Bounds, is_border};
use super::ink::Ink;

/// A part with less ink than a square whose side is this share of the height of what is around it is a speck.
const SPECK: f32 = 0.06;
/// Strokes that are as wide as this share of what they would be if the part filled its bounds are none: it is a blot ...
const SOLID: f32 = 0.6;
/// ... if it is less high than so many times its width, which a 1 is not.
const UPRIGHT: f32 = 1.5;

/// Pixels with ink beside each other.
#[derive(Clone, Copy)]
struct Run {
    y: u32,
    from: u32,
    /// One behind the last.
    to: u32,
}

/// Ink that hangs together, or several such parts.
pub(super) struct Part {
    pub bounds: Bounds,
    /// The sum of its amounts.
    pub mass: f32,
    /// In no order.
    runs: Vec<Run>,
}

impl Part {
    /// Takes in another.
    pub fn join(&mut self, mut other: Part) {
        if self.runs.len() < other.runs.len() {
            std::mem::swap(self, &mut other);
        }
        self.bounds = self.bounds.and(other.bounds);
        self.mass += other.mass;
        self.runs.extend(other.runs);
    }

    /// Its share of `ink`, where it was found, without what others have there.
    pub fn ink(&self, ink: &Ink) -> Ink {
        let Bounds { x, y, width, height } = self.bounds;
        let mut own =
            Ink { width: width as usize, height: height as usize, amounts: vec![0.0; (width * height) as usize] };
        for run in &self.runs {
            let [from, to] = [run.from, run.to].map(|at| at as usize);
            let (source, target) = (run.y as usize * ink.width, (run.y - y) as usize * own.width);
            let place = target + from - x as usize..target + to - x as usize;
            own.amounts[place].copy_from_slice(&ink.amounts[source + from..source + to]);
        }
        own
    }

    /// Whether it lies along the border of a picture of that size, as edges of sheets do, and shadows.
    pub fn is_along_border(&self, size: [usize; 2]) -> bool {
        let on_border = self.pixels(size[0]).filter(|at| is_border(*at, size)).count();
        10 * on_border >= 7 * self.bounds.width.max(self.bounds.height) as usize
    }

    /// Its pixels where it was found, counted row by row in a picture of that width.
    pub fn pixels(&self, width: usize) -> impl Iterator<Item = usize> {
        self.runs.iter().flat_map(move |run| {
            let start = run.y as usize * width;
            start + run.from as usize..start + run.to as usize
        })
    }

    /// Whether it is a dot, a blot or a dash, in which there are no strokes of a digit.
    pub fn is_blot(&self, ink: &Ink) -> bool {
        let own = self.ink(ink);
        // Blurred edges are no part of its size.
        let dark = own.amounts.iter().enumerate().filter(|(_, amount)| **amount > 0.5);
        let pixel = |at: usize| Bounds { x: (at % own.width) as u32, y: (at / own.width) as u32, width: 1, height: 1 };
        let Some(core) = dark.map(|(at, _)| pixel(at)).reduce(Bounds::and) else { return true };
        let [width, height] = [core.width, core.height].map(|side| side as f32);
        height < UPRIGHT * width && own.stroke_width() > SOLID * width * height / (width + height)
    }

    /// Whether it is too little where others are `height` pixels high.
    pub fn is_speck(&self, height: f32) -> bool {
        self.mass < (SPECK * height).powi(2)
    }
}

/// All ink but specks; `None` where there is none.
pub(super) fn whole(ink: &Ink) -> Option<Part> {
    let mut parts = parts(ink);
    let height = parts.iter().map(|part| part.bounds.height).max()?;
    parts.retain(|part| !part.is_speck(height as f32));
    let mut whole = parts.pop()?;
    parts.into_iter().for_each(|part| whole.join(part));
    Some(whole)
}

/// What hangs together by sides and by corners.
pub(super) fn parts(ink: &Ink) -> Vec<Part> {
    let (runs, mut leaders) = runs(ink);
    let mut place = vec![usize::MAX; runs.len()];
    let mut parts: Vec<Part> = Vec::new();
    for (at, run) in runs.iter().enumerate() {
        let leader = leader(&mut leaders, at);
        let bounds = Bounds { x: run.from, y: run.y, width: run.to - run.from, height: 1 };
        let start = run.y as usize * ink.width;
        let mass = ink.amounts[start + run.from as usize..start + run.to as usize].iter().sum();
        if place[leader] == usize::MAX {
            place[leader] = parts.len();
            parts.push(Part { bounds, mass, runs: vec![*run] });
        } else {
            let part = &mut parts[place[leader]];
            part.bounds = part.bounds.and(bounds);
            part.mass += mass;
            part.runs.push(*run);
        }
    }
    parts
}

/// The runs from the top to the bottom, and for each another one that it hangs together with, or itself.
fn runs(ink: &Ink) -> (Vec<Run>, Vec<usize>) {
    let (mut runs, mut leaders): (Vec<Run>, Vec<usize>) = (Vec::new(), Vec::new());
    // Where the runs of the row above begin.
    let mut above = 0;
    for (y, row) in ink.amounts.chunks_exact(ink.width.max(1)).enumerate() {
        let start = runs.len();
        let mut next = above;
        let mut to = 0;
        for pixels in row.chunk_by(|a, b| (*a > 0.0) == (*b > 0.0)) {
            let from = to;
            to += pixels.len();
            if pixels[0] == 0.0 {
                continue;
            }
            let run = Run { y: y as u32, from: from as u32, to: to as u32 };
            let at = runs.len();
            leaders.push(at);
            while next < start && runs[next].to < run.from {
                next += 1;
            }
            for touched in (next..start).take_while(|other| runs[*other].from <= run.to) {
                let (a, b) = (leader(&mut leaders, touched), leader(&mut leaders, at));
                leaders[a.max(b)] = a.min(b);
            }
            runs.push(run);
        }
        above = start;
    }
    (runs, leaders)
}

/// The first of all runs that hang together with one.
fn leader(leaders: &mut [usize], mut at: usize) -> usize {
    while leaders[at] != at {
        leaders[at] = leaders[leaders[at]];
        at = leaders[at];
    }
    at
}

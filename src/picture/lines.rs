//! Straight lines across a picture and down, of even thickness, each followed from row to row of pixels, or from column to
//! column: across ink, behind gaps, and a little aside.

use super::mask::Mask;

/// A line is at least so many pixels long, ...
const SHORTEST: usize = 12;
/// ... so many times as long as it is thick, ...
const SLIM: usize = 5;
/// ... at most so many strokes thick, ...
const THICK: f32 = 2.2;
/// Blurred edges make a line wider, in pixels.
const EDGES: f32 = 2.0;
/// ... and has this share of its length at least: ink crosses it, and it may be broken.
const WHOLE: f32 = 0.5;
/// It goes on behind a gap of so many strokes, ...
const GAP: f32 = 3.0;
/// ... no further to the side than this, in pixels, and than this for each pixel of the gap.
const ASIDE: f32 = 1.5;
const ASIDE_EACH: f32 = 0.2;

/// A straight line across the picture or down.
pub(super) struct Line {
    /// Its pixels but for those where something crosses it.
    pub pixels: Vec<usize>,
    /// With what crosses it.
    pub length: usize,
    pub thickness: f32,
    /// From left to right, not from top to bottom.
    pub is_across: bool,
}

impl Line {
    /// Whether it goes from one edge of the picture to the other.
    pub fn spans(&self, mask: &Mask) -> bool {
        10 * self.length >= 9 * if self.is_across { mask.width } else { mask.height }
    }
}

/// All lines across and down, where strokes are `stroke` pixels wide.
pub(super) fn lines(mask: &Mask, stroke: f32) -> Vec<Line> {
    let turned = mask.transposed();
    let across = lines_down(&turned, stroke).into_iter().map(|mut line| {
        line.pixels.iter_mut().for_each(|at| *at = *at % turned.width * mask.width + *at / turned.width);
        Line { is_across: true, ..line }
    });
    lines_down(mask, stroke).into_iter().chain(across).collect()
}

/// A line that may go on.
struct Track {
    /// Where its middle is in the last row that it has.
    x: f32,
    /// How far it goes aside from row to row.
    slope: f32,
    first: usize,
    last: usize,
    pixels: Vec<usize>,
    rows: usize,
}

impl Track {
    fn thickness(&self) -> f32 {
        self.pixels.len() as f32 / self.rows as f32
    }

    /// Which of the runs of a row, which are sorted, it goes on with.
    fn next(&self, y: usize, runs: &[[usize; 2]], is_taken: &[bool]) -> Option<usize> {
        let (rows, thickness) = ((y - self.last) as f32, self.thickness());
        let (x, room) = (self.x + rows * self.slope, ASIDE + ASIDE_EACH * (rows - 1.0));
        let is_like = |run: &[usize; 2]| {
            let width = (run[1] - run[0]) as f32;
            width <= 2.0 * thickness + 1.0 && thickness <= 2.0 * width + 1.0
        };
        let distance = |at: &usize| (middle(runs[*at]) - x).abs();
        let near = runs.partition_point(|run| middle(*run) < x - room)..runs.len();
        let near = near.take_while(|at| middle(runs[*at]) <= x + room);
        let free = near.filter(|at| !is_taken[*at] && is_like(&runs[*at]));
        free.min_by(|a, b| distance(a).total_cmp(&distance(b)))
    }

    fn go_on(&mut self, y: usize, columns: [usize; 2], width: usize) {
        let rows = (y - self.last) as f32;
        let x = middle(columns);
        self.slope += ((x - self.x) / rows - self.slope) * 0.1;
        self.x = x;
        self.last = y;
        self.rows += 1;
        self.pixels.extend((columns[0]..columns[1]).map(|x| y * width + x));
    }

    fn line(self) -> Option<Line> {
        let (length, thickness) = (self.last - self.first + 1, self.thickness());
        let is_long = length >= SHORTEST && length as f32 >= SLIM as f32 * thickness;
        let is_whole = self.rows as f32 >= WHOLE * length as f32;
        (is_long && is_whole).then_some(Line { length, thickness, pixels: self.pixels, is_across: false })
    }
}

fn middle([from, to]: [usize; 2]) -> f32 {
    (from + to) as f32 / 2.0
}

/// All lines down, followed from row to row.
fn lines_down(mask: &Mask, stroke: f32) -> Vec<Line> {
    let thickest = (THICK * stroke + EDGES) as usize;
    let gap = (GAP * stroke) as usize + 3;
    let mut open: Vec<Track> = Vec::new();
    let mut lines = Vec::new();
    for (y, row) in mask.inked.chunks_exact(mask.width).enumerate() {
        let mut x = 0;
        let runs = row.chunk_by(|a, b| a == b).filter_map(|run| {
            x += run.len();
            (run[0] && run.len() <= thickest).then_some([x - run.len(), x])
        });
        let runs: Vec<[usize; 2]> = runs.collect();
        let mut is_taken = vec![false; runs.len()];
        // The oldest first.
        for track in &mut open {
            if let Some(at) = track.next(y, &runs, &is_taken) {
                is_taken[at] = true;
                track.go_on(y, runs[at], mask.width);
            }
        }
        let (ended, going): (Vec<Track>, Vec<Track>) =
            open.into_iter().partition(|track| y - track.last > gap.max(track.rows / 2));
        lines.extend(ended.into_iter().filter_map(Track::line));
        open = going;
        open.extend(runs.into_iter().zip(is_taken).filter(|(_, is_taken)| !is_taken).map(|(run, _)| {
            let pixels = (run[0]..run[1]).map(|x| y * mask.width + x).collect();
            Track { x: middle(run), slope: 0.0, first: y, last: y, pixels, rows: 1 }
        }));
    }
    lines.extend(open.into_iter().filter_map(Track::line));
    lines
}

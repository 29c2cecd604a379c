//! Where there is ink and where there is none, coarsely: what finds rules and edges of sheets looks at no more than four
//! million pixels, whatever the picture has.

use super::ink::Ink;

/// The longest side of a mask, in its own pixels.
const LONGEST: usize = 2048;

/// Which pixels have ink.
pub(super) struct Mask {
    pub width: usize,
    pub height: usize,
    /// `[height, width]`
    pub inked: Vec<bool>,
}

/// Pixels that hang together by sides and by corners.
pub(super) struct Region {
    pub pixels: Vec<usize>,
    /// The first and the last column, the first and the last row.
    pub columns: [usize; 2],
    pub rows: [usize; 2],
}

impl Region {
    pub fn width(&self) -> usize {
        self.columns[1] - self.columns[0] + 1
    }

    pub fn height(&self) -> usize {
        self.rows[1] - self.rows[0] + 1
    }
}

/// How many pixels of the picture a pixel of its mask is wide and high.
pub(super) fn cell(ink: &Ink) -> usize {
    ink.width.max(ink.height).div_ceil(LONGEST).max(1)
}

impl Mask {
    /// Where a pixel of the cell has ink.
    pub fn of(ink: &Ink) -> Mask {
        let cell = cell(ink);
        let [width, height] = [ink.width, ink.height].map(|side| side.div_ceil(cell));
        let mut inked = vec![false; width * height];
        for (y, row) in ink.amounts.chunks_exact(ink.width).enumerate() {
            let inked = &mut inked[y / cell * width..][..width];
            row.iter().enumerate().filter(|(_, amount)| **amount > 0.0).for_each(|(x, _)| inked[x / cell] = true);
        }
        Mask { width, height, inked }
    }

    pub fn transposed(&self) -> Mask {
        let inked = (0..self.width).flat_map(|x| (0..self.height).map(move |y| self.inked[y * self.width + x]));
        Mask { width: self.height, height: self.width, inked: inked.collect() }
    }

    /// The mask without some of its pixels.
    pub fn without(&self, pixels: impl Iterator<Item = usize>) -> Mask {
        let mut inked = self.inked.clone();
        pixels.for_each(|at| inked[at] = false);
        Mask { inked, ..*self }
    }

    /// All that hangs together.
    pub fn regions(&self) -> Vec<Region> {
        let mut unseen = self.inked.clone();
        let mut regions = Vec::new();
        for start in 0..unseen.len() {
            if unseen[start] {
                regions.push(self.region(&mut unseen, start));
            }
        }
        regions
    }

    fn region(&self, unseen: &mut [bool], start: usize) -> Region {
        unseen[start] = false;
        let mut region = Region { pixels: vec![start], columns: [usize::MAX, 0], rows: [usize::MAX, 0] };
        let mut next = 0;
        while let Some(&at) = region.pixels.get(next) {
            next += 1;
            let [x, y] = [at % self.width, at / self.width];
            region.columns = [region.columns[0].min(x), region.columns[1].max(x)];
            region.rows = [region.rows[0].min(y), region.rows[1].max(y)];
            for at in self.within(at, 1) {
                if std::mem::take(&mut unseen[at]) {
                    region.pixels.push(at);
                }
            }
        }
        region
    }

    /// The pixels that are at most `reach` rows and columns from one, and itself.
    pub fn within(&self, at: usize, reach: usize) -> impl Iterator<Item = usize> {
        let (width, [x, y]) = (self.width, [at % self.width, at / self.width]);
        let rows = y.saturating_sub(reach)..(y + reach + 1).min(self.height);
        rows.flat_map(move |y| (x.saturating_sub(reach)..(x + reach + 1).min(width)).map(move |x| y * width + x))
    }
}

//! Where there is ink and where there is none, coarsely: what finds rules and edges of sheets looks at no more than four
//! million pixels, whatever the picture has.

use super::ink::Ink;
use super::morphology;
use super::parts::{Part, parts};

/// The longest side of a mask, in its own pixels.
const LONGEST: usize = 2048;

/// Which pixels have ink.
pub(super) struct Mask {
    pub width: usize,
    pub height: usize,
    /// `[height, width]`
    pub inked: Vec<bool>,
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
        Mask { width: self.height, height: self.width, inked: morphology::transposed(&self.inked, self.width) }
    }

    /// The mask without some of its pixels.
    pub fn without(&self, pixels: impl Iterator<Item = usize>) -> Mask {
        let mut inked = self.inked.clone();
        pixels.for_each(|at| inked[at] = false);
        Mask { inked, ..*self }
    }

    /// All that hangs together by sides and by corners; the mass is the number of pixels.
    pub fn parts(&self) -> Vec<Part> {
        let amounts = self.inked.iter().map(|is_inked| f32::from(u8::from(*is_inked))).collect();
        parts(&Ink { width: self.width, height: self.height, amounts })
    }

    /// The pixels that are at most `reach` rows and columns from one, and itself.
    pub fn within(&self, at: usize, reach: usize) -> impl Iterator<Item = usize> {
        let (width, [x, y]) = (self.width, [at % self.width, at / self.width]);
        let rows = y.saturating_sub(reach)..(y + reach + 1).min(self.height);
        rows.flat_map(move |y| (x.saturating_sub(reach)..(x + reach + 1).min(width)).map(move |x| y * width + x))
    }
}

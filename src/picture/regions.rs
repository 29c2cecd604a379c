//! What of a mask hangs together, and how lines pass it.

use std::collections::HashMap;

use super::bounds::Bounds;
use super::lines::Line;
use super::mask::Mask;
use super::parts::Part;

/// A line leads through what it has so great a share of from side to side.
const THROUGH: f32 = 0.8;

/// All that hangs together, and for each pixel in which of it it is.
pub(super) struct Regions {
    pub parts: Vec<Part>,
    /// `[height, width]` of the mask; 0 where there is no ink.
    pub place: Vec<usize>,
}

impl Regions {
    pub fn of(mask: &Mask) -> Regions {
        let (parts, mut place) = (mask.parts(), vec![0; mask.inked.len()]);
        for (number, part) in parts.iter().enumerate() {
            part.pixels(mask.width).for_each(|at| place[at] = number);
        }
        Regions { parts, place }
    }

    /// What a line leads through from one side to the other: one that goes on behind a gap has several frames, and none of
    /// the strokes of digits that it meets.
    pub fn led_through(&self, line: &Line) -> impl Iterator<Item = usize> {
        let mut pixels: HashMap<usize, usize> = HashMap::new();
        line.pixels.iter().for_each(|at| *pixels.entry(self.place[*at]).or_default() += 1);
        let is_through = |(place, pixels): &(usize, usize)| {
            let [from, to] = self.sides(*place, line);
            *pixels as f32 >= THROUGH * line.thickness * (to - from) as f32
        };
        pixels.into_iter().filter(is_through).map(|(place, _)| place).chain([self.place(line)])
    }

    /// Where a region begins and ends on a line's way.
    pub fn sides(&self, place: usize, line: &Line) -> [u32; 2] {
        let Bounds { x, y, width, height } = self.parts[place].bounds;
        if line.is_across { [x, x + width] } else { [y, y + height] }
    }

    /// In which of it a line begins.
    pub fn place(&self, line: &Line) -> usize {
        self.place[line.pixels[0]]
    }

    /// Whether a region's bounds have ink in each corner, within this share of their shorter side.
    pub fn has_corners(&self, mask: &Mask, place: usize, share: f32) -> bool {
        let Bounds { x, y, width, height } = self.parts[place].bounds;
        let reach = ((share * width.min(height) as f32) as usize).max(1);
        let corners = [y, y + height - 1].into_iter().flat_map(|y| [[x, y], [x + width - 1, y]]);
        let mut places = corners.map(|[x, y]| y as usize * mask.width + x as usize);
        places.all(|at| mask.within(at, reach).any(|at| mask.inked[at]))
    }
}

//! Where something is in a picture.

use image::{GrayImage, imageops};
use serde::Serialize;

/// A rectangle of whole pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Bounds {
    pub x: u32,
    pub y: u32,
    pub width: u32,
    pub height: u32,
}

impl Bounds {
    /// Its pixels, row by row, each as x and y.
    pub(super) fn places(self) -> impl Iterator<Item = (u32, u32)> {
        (self.y..self.y + self.height).flat_map(move |y| (self.x..self.x + self.width).map(move |x| (x, y)))
    }

    /// What a picture shows there.
    pub(super) fn of(self, picture: &GrayImage) -> GrayImage {
        imageops::crop_imm(picture, self.x, self.y, self.width, self.height).to_image()
    }

    /// Where it is in a picture that is `times` as large.
    #[must_use]
    pub fn enlarged(self, times: u32) -> Bounds {
        let Bounds { x, y, width, height } = self;
        Bounds { x: x * times, y: y * times, width: width * times, height: height * times }
    }

    /// Where it is in a picture that is made smaller so many times.
    #[must_use]
    pub fn reduced(self, times: u32) -> Bounds {
        let Bounds { x, y, width, height } = self;
        Bounds { x: x / times, y: y / times, width: width / times, height: height / times }
    }

    /// The least rectangle that both are in.
    pub(super) fn and(self, other: Bounds) -> Bounds {
        let (x, y) = (self.x.min(other.x), self.y.min(other.y));
        let width = (self.x + self.width).max(other.x + other.width) - x;
        let height = (self.y + self.height).max(other.y + other.height) - y;
        Bounds { x, y, width, height }
    }
}

/// Whether pixel `at` of a picture of this width and height, counted row by row, is along one of its sides.
pub(super) fn is_border(at: usize, [width, height]: [usize; 2]) -> bool {
    [0, width - 1].contains(&(at % width)) || [0, height - 1].contains(&(at / width))
}

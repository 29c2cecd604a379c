//! Images of any size brought to the one that a network takes, as they stand: a grey is kept, and nothing is moved, cut off or
//! normalised. What is light on dark stays so, as MNIST is; what is dark on light stays so, too, unless it is to be inverted.

use image::{GrayImage, imageops};

/// What is done to each image, before it is scaled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Rows become columns: EMNIST's files have them so.
    Transpose,
    /// Black becomes white.
    Invert,
}

/// How images are brought to what a network takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fit {
    /// H and W
    pub size: [usize; 2],
    pub changes: Vec<Change>,
}

impl Fit {
    /// As MNIST's files have them.
    pub const MNIST: Fit = Fit { size: [crate::mnist::SIDE; 2], changes: Vec::new() };

    /// Whether images of `height` and `width` stay what they are.
    pub fn is_nothing(&self, height: usize, width: usize) -> bool {
        self.changes.is_empty() && self.size == [height, width]
    }

    /// How many pixels an image has then.
    pub fn pixels(&self) -> usize {
        self.size[0] * self.size[1]
    }

    /// Another size by a triangle as wide as a pixel of the coarser of the two, which is linear between pixels where an image
    /// grows and their mean where it shrinks; what is of another form is stretched. `[H, W]`
    pub fn apply(&self, mut image: GrayImage) -> Vec<u8> {
        for change in &self.changes {
            match change {
                Change::Transpose => image = transposed(&image),
                Change::Invert => imageops::invert(&mut image),
            }
        }
        let [height, width] = self.size.map(|side| side as u32);
        if image.dimensions() == (width, height) {
            return image.into_raw();
        }
        imageops::resize(&image, width, height, imageops::FilterType::Triangle).into_raw()
    }
}

fn transposed(image: &GrayImage) -> GrayImage {
    GrayImage::from_fn(image.height(), image.width(), |x, y| *image.get_pixel(y, x))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image() -> GrayImage {
        GrayImage::from_raw(3, 2, vec![1, 2, 3, 4, 5, 6]).unwrap()
    }

    #[test]
    fn rows_become_columns_and_black_white() {
        let fit = |size, changes: &[Change]| Fit { size, changes: changes.to_vec() }.apply(image());
        assert_eq!(fit([2, 3], &[]), [1, 2, 3, 4, 5, 6]);
        assert_eq!(fit([3, 2], &[Change::Transpose]), [1, 4, 2, 5, 3, 6]);
        assert_eq!(fit([2, 3], &[Change::Invert]), [254, 253, 252, 251, 250, 249]);
    }

    #[test]
    fn a_smaller_image_has_the_means_and_a_flat_one_stays_flat() {
        let halves = GrayImage::from_fn(56, 56, |x, _| image::Luma([if x < 28 { 40 } else { 200 }]));
        let small = Fit::MNIST.apply(halves);
        assert_eq!((small.len(), small[0], small[27]), (784, 40, 200));
        assert!((100..140).contains(&(small.iter().map(|&grey| u32::from(grey)).sum::<u32>() / 784)));
        let flat = GrayImage::from_pixel(7, 90, image::Luma([77]));
        assert!(Fit { size: [64, 20], changes: Vec::new() }.apply(flat).iter().all(|grey| *grey == 77));
    }
}

//! Pictures of very many pixels, at half their size: digits there are large, and the network sees 20 pixels of each.

use std::borrow::Cow;

use image::{GrayImage, Luma};

use crate::limits::WHOLE_MEGAPIXELS;

/// A picture as it is read, which may be means of four pixels each, and how many pixels of its own are one of those wide and high.
pub fn reduced(picture: &GrayImage) -> (Cow<'_, GrayImage>, u32) {
    if picture.len() as u64 <= WHOLE_MEGAPIXELS * 1_000_000 {
        return (Cow::Borrowed(picture), 1);
    }
    let mean = |x: u32, y: u32| {
        let four =
            [[0, 0], [1, 0], [0, 1], [1, 1]].map(|[right, down]| picture.get_pixel(2 * x + right, 2 * y + down).0[0]);
        Luma([(four.into_iter().map(u32::from).sum::<u32>() / 4) as u8])
    };
    (Cow::Owned(GrayImage::from_fn(picture.width() / 2, picture.height() / 2, mean)), 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pictures_of_very_many_pixels_are_read_at_half_their_size() {
        let picture = |height: u32| GrayImage::from_fn(8001, height, |x, y| Luma([(x / 2 + y / 2) as u8]));
        assert_eq!(reduced(&picture(4999)), (Cow::Borrowed(&picture(4999)), 1));
        let half = GrayImage::from_fn(4000, 2500, |x, y| Luma([(x + y) as u8]));
        assert_eq!(reduced(&picture(5001)), (Cow::Owned(half), 2));
    }
}

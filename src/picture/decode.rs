//! Pictures coming in: PNG and JPEG, and IDX files of images, out of a file or a pipe.

use std::fs::File;
use std::io::{self, Cursor, Read};
use std::path::Path;

use image::{DynamicImage, GrayImage, ImageError, ImageReader, imageops};

use crate::mnist::idx::{self, Problem};

/// The largest file that is read, in bytes.
const MOST_BYTES: u64 = 1 << 28;

/// The longest side of a picture, in pixels, and the most memory that unpacking it may take, in bytes: a small file can
/// claim to be a huge picture.
const LONGEST_SIDE: u32 = 1 << 14;
const MOST_MEMORY: u64 = 1 << 29;

/// What a file holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pictures {
    /// A picture, of one digit or several.
    Picture(GrayImage),
    /// Images of a digit each, as in MNIST's files.
    Images(Vec<GrayImage>),
}

/// Why something is no picture; the message goes on after the name of what was read.
#[derive(Debug, thiserror::Error)]
pub enum PictureError {
    #[error("cannot be read: {0}")]
    Unreadable(io::Error),
    #[error("is empty")]
    Empty,
    #[error("is no picture: give a PNG, a JPEG or an IDX file of images")]
    NotAPicture,
    #[error("is too large: at most {LONGEST_SIDE} pixels a side are read, and 256 MB a file")]
    TooLarge,
    #[error("is damaged: {0}")]
    Damaged(String),
    #[error("{0}")]
    Idx(Problem),
}

impl Pictures {
    /// What the file `path` holds.
    ///
    /// # Errors
    /// It cannot be read, or is no picture.
    pub fn open(path: &Path) -> Result<Pictures, PictureError> {
        Pictures::read(File::open(path).map_err(PictureError::Unreadable)?)
    }

    /// What `input` holds.
    ///
    /// # Errors
    /// It cannot be read, or is no picture.
    pub fn read(input: impl Read) -> Result<Pictures, PictureError> {
        let mut bytes = Vec::new();
        input.take(MOST_BYTES + 1).read_to_end(&mut bytes).map_err(PictureError::Unreadable)?;
        match bytes.len() as u64 {
            0 => Err(PictureError::Empty),
            length if length > MOST_BYTES => Err(PictureError::TooLarge),
            _ if bytes.starts_with(&[0, 0]) || bytes.starts_with(&idx::GZIP) => {
                let images = idx::images(&bytes).map_err(PictureError::Idx)?;
                if images.is_empty() { Err(PictureError::Empty) } else { Ok(Pictures::Images(images)) }
            }
            _ => decode(bytes).map(Pictures::Picture),
        }
    }
}

impl Pictures {
    /// The picture, or the first of the images.
    pub fn into_first(self) -> GrayImage {
        match self {
            Pictures::Picture(picture) => picture,
            Pictures::Images(images) => images.into_iter().next().expect("an IDX file has an image"),
        }
    }
}

fn decode(bytes: Vec<u8>) -> Result<GrayImage, PictureError> {
    let mut reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format().map_err(PictureError::Unreadable)?;
    let mut limits = image::Limits::default();
    (limits.max_image_width, limits.max_image_height) = (Some(LONGEST_SIDE), Some(LONGEST_SIDE));
    limits.max_alloc = Some(MOST_MEMORY);
    reader.limits(limits);
    let picture = reader.decode().map_err(|error| match error {
        ImageError::Unsupported(_) => PictureError::NotAPicture,
        ImageError::Limits(_) => PictureError::TooLarge,
        error => PictureError::Damaged(error.to_string()),
    })?;
    Ok(flatten(&picture))
}

/// In grey, on white where it lets something through.
fn flatten(picture: &DynamicImage) -> GrayImage {
    if !picture.color().has_alpha() {
        return picture.to_luma8();
    }
    let mut paper = image::RgbaImage::from_pixel(picture.width(), picture.height(), image::Rgba([255; 4]));
    imageops::overlay(&mut paper, &picture.to_rgba8(), 0, 0);
    DynamicImage::ImageRgba8(paper).to_luma8()
}

#[cfg(test)]
mod tests {
    use image::{ImageFormat, Luma, Rgba, RgbaImage};

    use super::*;

    fn encoded(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        picture.write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    }

    #[test]
    fn png_and_jpeg_are_read_by_what_they_hold_and_transparency_is_paper() {
        let clear = DynamicImage::ImageRgba8(RgbaImage::from_pixel(3, 2, Rgba([0, 0, 0, 0])));
        let white = Pictures::Picture(GrayImage::from_pixel(3, 2, Luma([255])));
        assert_eq!(Pictures::read(&encoded(&clear, ImageFormat::Png)[..]).unwrap(), white);
        let solid = DynamicImage::ImageLuma8(GrayImage::from_pixel(3, 2, Luma([255])));
        assert_eq!(Pictures::read(&encoded(&solid, ImageFormat::Jpeg)[..]).unwrap(), white);
    }

    #[test]
    fn idx_files_hold_images_of_any_size() {
        let bytes = [&[0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2][..], &[1, 2, 3, 4]].concat();
        let image = |pixels: [u8; 2]| GrayImage::from_raw(2, 1, pixels.to_vec()).unwrap();
        assert_eq!(Pictures::read(&bytes[..]).unwrap(), Pictures::Images(vec![image([1, 2]), image([3, 4])]));
    }

    #[test]
    fn what_is_no_picture_says_what_it_is() {
        let png = encoded(&DynamicImage::new_luma8(9, 9), ImageFormat::Png);
        let sizes = |bytes: [u8; 4]| [&[0, 0, 8, 3][..], &bytes, &[255; 8]].concat();
        for (bytes, expected) in [
            (Vec::new(), "is empty"),
            (b"hello, world".to_vec(), "is no picture"),
            (png[..png.len() / 2].to_vec(), "is damaged"),
            (vec![0, 0, 8, 1, 0, 0, 0, 0], "is an IDX file of labels, not images"),
            (vec![0, 0, 8], "breaks off"),
            (sizes([255; 4]), "breaks off"),
        ] {
            let message = Pictures::read(&bytes[..]).unwrap_err().to_string();
            assert!(message.contains(expected), "{message}");
        }
    }
}

//! Pictures coming in: files of the formats that the image crate decodes, the way up in which a viewer shows them, and IDX
//! files of images, out of a file or a pipe.

use std::fs::File;
use std::io::{self, Cursor, Read};
use std::path::Path;

use image::error::LimitErrorKind;
use image::{DynamicImage, GrayImage, ImageDecoder, ImageError, ImageReader};

use super::colour::grey;
use super::formats::{is_whole_jpeg, may_be_idx, unread};
use crate::files::read_at_most;
use crate::limits::{PICTURE_MEGAPIXELS, PICTURE_MIB, PICTURE_SIDE, PICTURE_UNPACKED_MIB};
use crate::mnist::idx::{self, Problem};

/// How the names of pictures end.
pub const EXTENSIONS: [&str; 8] = ["png", "jpg", "jpeg", "webp", "gif", "bmp", "tif", "tiff"];

/// Whether a file's name ends as that of a picture.
pub fn is_called_a_picture(path: &Path) -> bool {
    path.extension().is_some_and(|extension| EXTENSIONS.iter().any(|known| extension.eq_ignore_ascii_case(known)))
}

/// What a file holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pictures {
    /// A picture, of one digit or several.
    Picture(GrayImage),
    /// Images of a digit each, as in MNIST's files: of one size, at least one.
    Images(Vec<GrayImage>),
}

/// Why something is no picture; the message goes on after the name of what was read.
#[derive(Debug, thiserror::Error)]
pub enum PictureError {
    #[error("cannot be read: {0}")]
    Unreadable(io::Error),
    #[error("is empty")]
    Empty,
    #[cfg_attr(
        not(target_arch = "wasm32"),
        error("is no picture: give a PNG, JPEG, WebP, GIF, BMP or TIFF picture, or an IDX file of images")
    )]
    #[cfg_attr(target_arch = "wasm32", error("is no picture: give a PNG, a JPEG or an IDX file of images"))]
    NotAPicture,
    #[error("is {0}, which is not read; save it as PNG or JPEG")]
    NotRead(&'static str),
    #[error("is a picture of a kind that is not read ({0}); save it as PNG or JPEG")]
    Unsupported(String),
    #[error("is larger than {PICTURE_MIB} MiB, the most that is read of a file")]
    LargeFile,
    #[error("is more than {PICTURE_SIDE} pixels wide or high, the most that is read; give a smaller picture")]
    LongSide,
    #[error("has more than {PICTURE_MEGAPIXELS} million pixels, the most that is read; give a smaller picture")]
    ManyPixels,
    #[error(
        "takes more than {PICTURE_UNPACKED_MIB} MiB unpacked, the most that is read; give a picture of fewer pixels"
    )]
    MuchMemory,
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
        let bytes = read_at_most(input, PICTURE_MIB).map_err(PictureError::Unreadable)?;
        let bytes = bytes.ok_or(PictureError::LargeFile)?;
        match bytes.len() {
            0 => Err(PictureError::Empty),
            _ if may_be_idx(&bytes) || bytes.starts_with(&idx::GZIP) => {
                let images = idx::images(&bytes).map_err(PictureError::Idx)?;
                if images.is_empty() { Err(PictureError::Empty) } else { Ok(Pictures::Images(images)) }
            }
            _ => decode(&bytes).map(Pictures::Picture),
        }
    }

    /// The picture, or the first of the images.
    pub fn into_first(self) -> GrayImage {
        match self {
            Pictures::Picture(picture) => picture,
            Pictures::Images(images) => images.into_iter().next().expect("an IDX file has an image"),
        }
    }
}

/// A picture, upright, in grey.
fn decode(bytes: &[u8]) -> Result<GrayImage, PictureError> {
    if let Some(kind) = unread(bytes) {
        return Err(PictureError::NotRead(kind));
    }
    let mut reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format().map_err(PictureError::Unreadable)?;
    match reader.format() {
        None => return Err(PictureError::NotAPicture),
        Some(image::ImageFormat::Jpeg) if !is_whole_jpeg(bytes) => {
            return Err(PictureError::Damaged("it breaks off before its end".into()));
        }
        Some(_) => {}
    }
    let mut limits = image::Limits::default();
    (limits.max_image_width, limits.max_image_height) = (Some(PICTURE_SIDE), Some(PICTURE_SIDE));
    limits.max_alloc = Some(PICTURE_UNPACKED_MIB << 20);
    reader.limits(limits);
    let mut decoder = reader.into_decoder()?;
    if decoder.total_bytes() > PICTURE_UNPACKED_MIB << 20 {
        return Err(PictureError::MuchMemory);
    }
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > PICTURE_MEGAPIXELS * 1_000_000 {
        return Err(PictureError::ManyPixels);
    }
    let orientation = decoder.orientation()?;
    let mut upright = DynamicImage::from(grey(DynamicImage::from_decoder(decoder)?));
    upright.apply_orientation(orientation);
    Ok(upright.into_luma8())
}

impl From<ImageError> for PictureError {
    fn from(error: ImageError) -> PictureError {
        match error {
            ImageError::Unsupported(error) => PictureError::Unsupported(error.to_string()),
            ImageError::Limits(error) if error.kind() == LimitErrorKind::DimensionError => PictureError::LongSide,
            ImageError::Limits(_) => PictureError::MuchMemory,
            error => PictureError::Damaged(error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use image::codecs::{jpeg::JpegEncoder, png::PngEncoder};
    use image::metadata::Orientation;
    use image::{ImageEncoder, ImageFormat, Luma, Rgba, RgbaImage};

    use super::*;

    const FORMATS: [ImageFormat; 6] =
        [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::WebP, ImageFormat::Gif, ImageFormat::Bmp, ImageFormat::Tiff];

    fn encoded(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        picture.write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    }

    fn message(bytes: &[u8]) -> String {
        Pictures::read(bytes).unwrap_err().to_string()
    }

    fn grey_of(bytes: &[u8]) -> GrayImage {
        Pictures::read(bytes).unwrap().into_first()
    }

    /// Blocks of 8 x 8 pixels, which JPEG keeps, none of which is like another: 24 x 16 pixels.
    fn blocks() -> GrayImage {
        GrayImage::from_fn(24, 16, |x, y| Luma([(40 * (x / 8 + 3 * (y / 8))) as u8]))
    }

    fn difference(a: &GrayImage, b: &GrayImage) -> u8 {
        assert_eq!(a.dimensions(), b.dimensions());
        a.iter().zip(b.iter()).map(|(a, b)| a.abs_diff(*b)).max().unwrap()
    }

    #[test]
    fn every_format_is_read_by_what_it_holds() {
        let coloured = DynamicImage::from(blocks()).to_rgb8().into();
        for format in FORMATS {
            let found = grey_of(&encoded(&coloured, format));
            assert!(difference(&found, &blocks()) <= 3, "{format:?}");
        }
    }

    #[test]
    fn what_breaks_off_is_damaged_in_every_format() {
        let noise = GrayImage::from_fn(60, 50, |x, y| Luma([(x * x * 31 + y * y * 17 + x * y * 7) as u8]));
        for format in FORMATS {
            let bytes = encoded(&DynamicImage::from(noise.clone()).to_rgb8().into(), format);
            let message = message(&bytes[..bytes.len() * 8 / 10]);
            assert!(message.starts_with("is damaged: "), "{format:?}: {message}");
        }
    }

    #[test]
    fn a_jpeg_may_have_more_behind_its_end() {
        let bytes = encoded(&blocks().into(), ImageFormat::Jpeg);
        let more = [&bytes[..], b"a film that moves the picture"].concat();
        assert_eq!(grey_of(&more), grey_of(&bytes));
    }

    #[test]
    fn pictures_are_as_a_viewer_turns_them() {
        // Little-endian, a directory with one entry: tag 0x0112, a short.
        let exif = |value| {
            let entry = [0x12, 1, 3, 0, 1, 0, 0, 0, value, 0, 0, 0];
            [&b"II*\0\x08\0\0\0\x01\0"[..], &entry, &[0; 4]].concat()
        };
        for value in 1..=8 {
            let mut upright = DynamicImage::from(blocks());
            upright.apply_orientation(Orientation::from_exif(value).unwrap());
            assert_eq!(upright.as_luma8() == Some(&blocks()), value == 1);
            let (mut png, mut jpeg) = (Vec::new(), Vec::new());
            let mut encoder = PngEncoder::new(&mut png);
            encoder.set_exif_metadata(exif(value)).unwrap();
            encoder.write_image(&blocks(), 24, 16, image::ExtendedColorType::L8).unwrap();
            let mut encoder = JpegEncoder::new(&mut jpeg);
            encoder.set_exif_metadata(exif(value)).unwrap();
            encoder.write_image(&blocks(), 24, 16, image::ExtendedColorType::L8).unwrap();
            for bytes in [png, jpeg] {
                assert!(difference(&grey_of(&bytes), &upright.to_luma8()) <= 3, "orientation {value}");
            }
        }
    }

    #[test]
    fn the_first_picture_of_a_film_is_read_and_what_it_leaves_clear_is_paper() {
        let mut bytes = Vec::new();
        let mut frame = RgbaImage::from_pixel(3, 2, Rgba([0; 4]));
        frame.put_pixel(1, 1, Rgba([0, 0, 0, 255]));
        let other = RgbaImage::from_pixel(3, 2, Rgba([200, 0, 0, 255]));
        let mut encoder = image::codecs::gif::GifEncoder::new(&mut bytes);
        encoder.encode_frames([frame, other].map(image::Frame::new)).unwrap();
        drop(encoder);
        assert_eq!(grey_of(&bytes).as_raw()[..], [255, 255, 255, 255, 0, 255]);
    }

    #[test]
    fn the_limit_that_holds_is_the_one_that_is_told() {
        let bmp = |width: u32, height: u32, bits: u8| {
            let header = [0x42, 0x4d, 0, 0, 0, 0, 0, 0, 0, 0, 54, 0, 0, 0, 40, 0, 0, 0];
            let [width, height] = [width, height].map(u32::to_le_bytes);
            [&header[..], &width, &height, &[1, 0, bits, 0], &[0; 24]].concat()
        };
        assert!(message(&bmp(16_384, 16_384, 24)).starts_with("takes more than 512 MiB unpacked"));
        assert!(message(&bmp(10_001, 10_000, 24)).starts_with("has more than 100 million pixels"));
        assert!(message(&bmp(16_385, 2, 24)).starts_with("is more than 16384 pixels wide or high"));
        assert!(message(&bmp(2, 16_385, 24)).starts_with("is more than 16384 pixels wide or high"));
        let endless = io::repeat(0x42).take(1 << 40);
        assert!(Pictures::read(endless).unwrap_err().to_string().starts_with("is larger than 256 MiB"));
    }

    #[test]
    fn idx_files_hold_images_of_any_size() {
        let bytes = [&[0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2][..], &[1, 2, 3, 4]].concat();
        let image = |pixels: [u8; 2]| GrayImage::from_raw(2, 1, pixels.to_vec()).unwrap();
        assert_eq!(Pictures::read(&bytes[..]).unwrap(), Pictures::Images(vec![image([1, 2]), image([3, 4])]));
    }

    #[test]
    fn what_is_no_picture_says_what_it_is() {
        let sizes = |bytes: [u8; 4]| [&[0, 0, 8, 3][..], &bytes, &[255; 8]].concat();
        for (bytes, expected) in [
            (Vec::new(), "is empty"),
            (b"hello, world".to_vec(), "is no picture"),
            (vec![0, 0, 2, 0, 7], "is no picture"),
            (b"\0\0\0\x18ftypheic\0\0\0\0".to_vec(), "is a HEIC picture, which is not read; save it as PNG or JPEG"),
            (vec![0, 0, 1, 0, 1, 0], "is an ICO icon, which is not read"),
            (b"farbfeld\0\0\0\x01\0\0\0\x01".to_vec(), "is a picture of a kind that is not read ("),
            (vec![0, 0, 8, 1, 0, 0, 0, 0], "is an IDX file of labels, not images"),
            (vec![0, 0, 13, 3, 0, 0, 0, 0], "is not an IDX file of bytes"),
            (vec![0, 0, 8], "breaks off"),
            (sizes([255; 4]), "16384 pixels a side are the most that is read"),
        ] {
            let message = message(&bytes);
            assert!(message.contains(expected), "{message}");
        }
    }
}

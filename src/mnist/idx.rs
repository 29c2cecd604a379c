//! One IDX file, unpacked and checked. The format is LeCun's: a magic number that gives the type and the number of
//! dimensions, the size of each dimension as a big-endian word, then the bytes
//! (<http://yann.lecun.com/exdb/mnist/>). Nothing here trusts a size that a file states.

use std::fmt;
use std::io::{self, BufRead, Read};

use flate2::bufread::GzDecoder;
use image::GrayImage;

use super::{CLASSES, PIXELS, SIDE};
use crate::limits::{PICTURE_MIB, PICTURE_SIDE};

/// What is wrong with a file; the message goes on after the file's name.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    #[error("cannot be read: {0}")]
    Unreadable(io::Error),
    #[error("is a damaged gzip file ({0}); fetch it again")]
    DamagedGzip(io::Error),
    #[error("is a gzip file that breaks off; fetch it again")]
    TruncatedGzip,
    #[error("is a gzip file with other bytes behind its end; fetch it again")]
    BehindGzip,
    #[error("breaks off after {found} of {expected} bytes; fetch it again")]
    Truncated { found: usize, expected: usize },
    #[error("goes on after the {expected} bytes that its header announces; fetch it again")]
    TooLong { expected: usize },
    #[error("is not an IDX file of bytes: it starts with {:02x} {:02x} {:02x} {:02x}", .0[0], .0[1], .0[2], .0[3])]
    NotIdx([u8; 4]),
    #[error("is an IDX file of {found}, not {expected}")]
    WrongContent { found: Content, expected: Content },
    #[error("holds {found} {content}, but it must hold {expected}, one for each {}", .content.partner())]
    WrongCount { content: Content, found: u32, expected: usize },
    #[error("holds images of {height}x{width} pixels, but they must be 28x28")]
    WrongSize { height: u32, width: u32 },
    #[error(
        "holds {count} images of {height}x{width} pixels, more than the {PICTURE_MIB} MiB that are read of one file; split it"
    )]
    TooMany { count: u32, height: u32, width: u32 },
    #[error("holds images of {height}x{width} pixels, but {PICTURE_SIDE} pixels a side are the most that is read")]
    LongSide { height: u32, width: u32 },
    #[error("gives image {index} the label {label}, but labels are 0 to 9")]
    WrongLabel { index: usize, label: u8 },
}

/// What a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    Images,
    Labels,
}

/// What a gzip file starts with.
pub(crate) const GZIP: [u8; 2] = [0x1f, 0x8b];

/// One of the four files of a set, as it must be.
pub(super) struct IdxFile {
    /// `train` or `t10k`.
    pub stem: &'static str,
    pub content: Content,
    /// Images or labels.
    pub count: usize,
    /// MNIST's own file, gzip.
    pub embedded: &'static [u8],
}

impl IdxFile {
    /// The name that MNIST's authors gave it, such as `train-images-idx3-ubyte`.
    pub fn name(&self) -> String {
        format!("{}-{}-idx{}-ubyte", self.stem, self.content, self.content.dimensions())
    }

    /// The names that copies of it go by.
    pub fn spellings(&self) -> [String; 4] {
        let (dash, dot) = (self.name(), self.name().replace("-idx", ".idx"));
        [dash.clone(), dot.clone(), dash + ".gz", dot + ".gz"]
    }

    /// The uncompressed file out of `input`, raw or gzip, if it is what it must be.
    pub fn read(&self, input: impl BufRead) -> Result<Vec<u8>, Problem> {
        let bytes = unpack(input, self.length())?;
        self.check(&bytes)?;
        Ok(bytes)
    }

    /// The bytes of the whole file.
    fn length(&self) -> usize {
        self.content.header_length() + self.count * self.content.item_length()
    }

    /// Holds the header against what the file must be, its length against the header, each label against the classes.
    fn check(&self, bytes: &[u8]) -> Result<(), Problem> {
        let (content, count) = (self.content, self.count);
        let truncated = Problem::Truncated { found: bytes.len(), expected: self.length() };
        let Some(&magic) = bytes.first_chunk() else { return Err(truncated) };
        match Content::of_magic(magic) {
            None => return Err(Problem::NotIdx(magic)),
            Some(found) if found != content => return Err(Problem::WrongContent { found, expected: content }),
            Some(_) => {}
        }
        let Some((header, items)) = bytes.split_at_checked(content.header_length()) else { return Err(truncated) };
        let sizes = sizes(header);
        if sizes[0] as usize != count {
            return Err(Problem::WrongCount { content, found: sizes[0], expected: count });
        }
        if content == Content::Images && sizes[1..] != [SIDE as u32; 2] {
            return Err(Problem::WrongSize { height: sizes[1], width: sizes[2] });
        }
        match bytes.len() {
            length if length < self.length() => return Err(truncated),
            length if length > self.length() => return Err(Problem::TooLong { expected: self.length() }),
            _ => {}
        }
        match items.iter().position(|&item| content == Content::Labels && usize::from(item) >= CLASSES) {
            Some(index) => Err(Problem::WrongLabel { index, label: items[index] }),
            None => Ok(()),
        }
    }
}

/// The images of an IDX file, raw or gzip, however many and however large they are.
pub(crate) fn images(file: &[u8]) -> Result<Vec<GrayImage>, Problem> {
    let header_length = Content::Images.header_length();
    let header = unpack(file, header_length)?;
    let truncated = |found, expected| Problem::Truncated { found, expected };
    let &magic = header.first_chunk().ok_or(truncated(header.len(), header_length))?;
    match Content::of_magic(magic) {
        None => return Err(Problem::NotIdx(magic)),
        Some(Content::Labels) => {
            return Err(Problem::WrongContent { found: Content::Labels, expected: Content::Images });
        }
        Some(Content::Images) => {}
    }
    let header = header.get(..header_length).ok_or(truncated(header.len(), header_length))?;
    let [count, height, width] = sizes(header)[..] else { unreachable!("images have three dimensions") };
    if height.max(width) > PICTURE_SIDE {
        return Err(Problem::LongSide { height, width });
    }
    let image = height as usize * width as usize;
    let expected = image.saturating_mul(count as usize).saturating_add(header_length);
    let most = (PICTURE_MIB << 20) as usize;
    let bytes = unpack(file, expected.min(most))?;
    match bytes.len() {
        length if length > most => return Err(Problem::TooMany { count, height, width }),
        length if length < expected => return Err(truncated(length, expected)),
        length if length > expected || image == 0 => return Err(Problem::TooLong { expected }),
        _ => {}
    }
    let pixels = &bytes[header_length..];
    let images = pixels.chunks_exact(image).map(|pixels| GrayImage::from_raw(width, height, pixels.to_vec()));
    Ok(images.flatten().collect())
}

/// The size of each dimension, which follow the magic number.
pub(crate) fn sizes(header: &[u8]) -> Vec<u32> {
    header[4..].chunks_exact(4).map(|word| u32::from_be_bytes([word[0], word[1], word[2], word[3]])).collect()
}

impl Content {
    /// Two zeros, 8 for unsigned bytes, the number of dimensions.
    fn of_magic(magic: [u8; 4]) -> Option<Content> {
        [Content::Images, Content::Labels].into_iter().find(|content| magic == [0, 0, 8, content.dimensions()])
    }

    /// `[count, 28, 28]` or `[count]`.
    fn dimensions(self) -> u8 {
        match self {
            Content::Images => 3,
            Content::Labels => 1,
        }
    }

    /// The magic number and a word for each dimension.
    pub(super) fn header_length(self) -> usize {
        4 + 4 * usize::from(self.dimensions())
    }

    /// What each item belongs to.
    fn partner(self) -> &'static str {
        match self {
            Content::Images => "label",
            Content::Labels => "image",
        }
    }

    fn item_length(self) -> usize {
        match self {
            Content::Images => PIXELS,
            Content::Labels => 1,
        }
    }
}

impl fmt::Display for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Content::Images => "images",
            Content::Labels => "labels",
        })
    }
}

/// Reads at most one byte more than `length`, however much a gzip file unpacks to: enough to see that it is too long,
/// and to have the checksum of a file of the right length looked at.
pub(crate) fn unpack(mut input: impl BufRead, length: usize) -> Result<Vec<u8>, Problem> {
    let (mut bytes, most) = (Vec::with_capacity(length + 1), length as u64 + 1);
    if !next(&mut input)?.starts_with(&GZIP) {
        input.take(most).read_to_end(&mut bytes).map_err(Problem::Unreadable)?;
        return Ok(bytes);
    }
    // A gzip file is one packed file after the other, and as gzip has it, zeros may fill it up.
    while next(&mut input)?.first() == Some(&GZIP[0]) && (bytes.len() as u64) < most {
        let read = GzDecoder::new(&mut input).take(most - bytes.len() as u64).read_to_end(&mut bytes);
        read.map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => Problem::TruncatedGzip,
            io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => Problem::DamagedGzip(error),
            _ => Problem::Unreadable(error),
        })?;
    }
    while bytes.len() as u64 <= length as u64 && !next(&mut input)?.is_empty() {
        let zeros = next(&mut input)?.iter().take_while(|byte| **byte == 0).count();
        if zeros == 0 {
            return Err(Problem::BehindGzip);
        }
        input.consume(zeros);
    }
    Ok(bytes)
}

/// What comes next, or nothing at the end.
fn next(input: &mut impl BufRead) -> Result<&[u8], Problem> {
    input.fill_buf().map_err(Problem::Unreadable)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::{Compression, write::GzEncoder};

    use super::*;

    static IMAGES: IdxFile = IdxFile { stem: "train", content: Content::Images, count: 2, embedded: &[] };
    static LABELS: IdxFile = IdxFile { stem: "train", content: Content::Labels, count: 3, embedded: &[] };

    fn images() -> Vec<u8> {
        let header = [0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 28, 0, 0, 0, 28];
        header.into_iter().chain((0..2 * PIXELS).map(|pixel| pixel as u8)).collect()
    }

    fn labels() -> Vec<u8> {
        vec![0, 0, 8, 1, 0, 0, 0, 3, 9, 0, 5]
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn with(mut bytes: Vec<u8>, index: usize, value: u8) -> Vec<u8> {
        bytes[index] = value;
        bytes
    }

    fn problem(file: &IdxFile, bytes: &[u8]) -> String {
        file.read(bytes).unwrap_err().to_string()
    }

    #[test]
    fn good_files_come_out_as_they_are() {
        assert_eq!(IMAGES.read(&images()[..]).unwrap(), images());
        assert_eq!(IMAGES.read(&gzip(&images())[..]).unwrap(), images());
        assert_eq!(LABELS.read(&gzip(&labels())[..]).unwrap(), labels());
        let members = [gzip(&labels()[..5]), gzip(&labels()[5..])].concat();
        assert_eq!(LABELS.read(&members[..]).unwrap(), labels());
    }

    #[test]
    fn the_header_must_be_that_of_the_expected_file() {
        assert_eq!(problem(&IMAGES, &labels()), "is an IDX file of labels, not images");
        assert_eq!(problem(&LABELS, &images()), "is an IDX file of images, not labels");
        assert_eq!(problem(&IMAGES, b"\x89PNG"), "is not an IDX file of bytes: it starts with 89 50 4e 47");
        assert!(problem(&LABELS, &with(labels(), 2, 0x0d)).starts_with("is not an IDX file of bytes"));
        assert_eq!(problem(&IMAGES, &with(images(), 15, 32)), "holds images of 28x32 pixels, but they must be 28x28");
        assert_eq!(problem(&IMAGES, &with(images(), 7, 9)), "holds 9 images, but it must hold 2, one for each label");
        assert_eq!(problem(&LABELS, &with(labels(), 7, 2)), "holds 2 labels, but it must hold 3, one for each image");
        assert!(problem(&LABELS, &with(labels(), 4, 255)).starts_with("holds 4278190083 labels"));
    }

    #[test]
    fn every_truncation_is_seen() {
        for bytes in 0..labels().len() {
            let expected = format!("breaks off after {bytes} of 11 bytes; fetch it again");
            assert_eq!(problem(&LABELS, &labels()[..bytes]), expected);
        }
        assert_eq!(problem(&IMAGES, &images()[..15]), "breaks off after 15 of 1584 bytes; fetch it again");
        assert_eq!(problem(&IMAGES, &images()[..1583]), "breaks off after 1583 of 1584 bytes; fetch it again");
        let packed = gzip(&labels());
        for bytes in 2..packed.len() {
            assert_eq!(problem(&LABELS, &packed[..bytes]), "is a gzip file that breaks off; fetch it again");
        }
    }

    #[test]
    fn every_flipped_byte_of_a_gzip_file_is_seen_or_harmless() {
        let packed = gzip(&images());
        for index in 0..packed.len() {
            let flipped = with(packed.clone(), index, !packed[index]);
            if let Ok(bytes) = IMAGES.read(&flipped[..]) {
                assert_eq!(bytes, images(), "byte {index}");
            }
        }
        let damaged = problem(&IMAGES, &with(packed.clone(), packed.len() - 8, !packed[packed.len() - 8]));
        assert!(damaged.starts_with("is a damaged gzip file ("), "{damaged}");
    }

    #[test]
    fn zeros_may_fill_up_a_gzip_file_and_nothing_else() {
        let packed = gzip(&images());
        assert_eq!(IMAGES.read(&[&packed[..], &[0; 512]].concat()[..]).unwrap(), images());
        for behind in [&b"not gzip at all"[..], &[0, 0, 1], &[&[0; 9], &packed[..]].concat()] {
            let problem = problem(&IMAGES, &[&packed[..], behind].concat());
            assert_eq!(problem, "is a gzip file with other bytes behind its end; fetch it again");
        }
    }

    #[test]
    fn more_than_is_read_of_one_file_is_no_damage() {
        let header = [&[0, 0, 8, 3][..], &697_932u32.to_be_bytes(), &[0, 0, 0, 28, 0, 0, 0, 28]].concat();
        let many = [header, vec![0; (PICTURE_MIB << 20) as usize]].concat();
        let message = super::images(&gzip(&many)).unwrap_err().to_string();
        assert!(message.starts_with("holds 697932 images of 28x28 pixels, more than the 256 MiB"), "{message}");
        let message = super::images(&gzip(&many[..many.len() / 9])).unwrap_err().to_string();
        assert!(message.starts_with("breaks off"), "{message}");
    }

    #[test]
    fn a_longer_file_is_refused_after_one_byte_too_many() {
        let long = "goes on after the 11 bytes that its header announces; fetch it again";
        assert_eq!(problem(&LABELS, &[labels(), vec![1]].concat()), long);
        assert_eq!(problem(&LABELS, &gzip(&[labels(), vec![0; 1 << 24]].concat())), long);
        let unpacked = unpack(&gzip(&vec![0; 1 << 24])[..], 11).unwrap();
        assert_eq!((unpacked.len(), unpacked.capacity()), (12, 12));
    }

    #[test]
    fn labels_end_at_nine() {
        assert_eq!(problem(&LABELS, &with(labels(), 9, 10)), "gives image 1 the label 10, but labels are 0 to 9");
        assert!(LABELS.read(&with(labels(), 9, 9)[..]).is_ok());
    }
}

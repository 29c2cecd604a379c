//! The start of a file of MNIST as a file of its own: enough images for the page to teach among, without the whole set.
//! The format is IDX, in gzip: two zeros, the type of the numbers, how many sizes there are, the sizes, the numbers.

use std::io::{Read, Write};

use anyhow::{Context, Result, ensure};
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;

/// Numbers of one byte each, the only ones in MNIST.
const BYTES: [u8; 3] = [0, 0, 8];

/// The first `count` items of an IDX file.
pub fn first(file: &[u8], count: u32) -> Result<Vec<u8>> {
    let mut idx = Vec::new();
    GzDecoder::new(file).read_to_end(&mut idx).context("it is not in gzip, or damaged")?;
    ensure!(idx.len() >= 8 && idx[..3] == BYTES && idx[3] > 0, "it is no IDX file of bytes");
    let header = 4 + 4 * usize::from(idx[3]);
    ensure!(idx.len() >= header, "its header is cut short");
    let mut sizes = idx[4..header].chunks_exact(4).map(|size| u32::from_be_bytes([size[0], size[1], size[2], size[3]]));
    let items = sizes.next().unwrap_or(0);
    ensure!(items >= count, "it has {items} items, fewer than {count}");
    let length = sizes.map(|size| size as usize).product::<usize>() * count as usize;
    ensure!(idx.len() >= header + length, "it is cut short");

    let mut part = idx[..header + length].to_vec();
    part[4..8].copy_from_slice(&count.to_be_bytes());
    let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
    gzip.write_all(&part)?;
    Ok(gzip.finish()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{files, page};

    fn mnist(name: &str) -> Vec<u8> {
        let folder = page::repository().join("data/mnist");
        files::read(&folder.join(format!("train-{name}-ubyte.gz"))).unwrap()
    }

    fn unpack(file: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        GzDecoder::new(file).read_to_end(&mut bytes).unwrap();
        bytes
    }

    fn pack(bytes: &[u8]) -> Vec<u8> {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
        gzip.write_all(bytes).unwrap();
        gzip.finish().unwrap()
    }

    #[test]
    fn the_first_images_and_labels_are_those_of_the_whole_files() {
        let (images, labels) = (mnist("images-idx3"), mnist("labels-idx1"));
        let part = unpack(&first(&images, 1000).unwrap());
        assert_eq!(part[..16], [0, 0, 8, 3, 0, 0, 3, 232, 0, 0, 0, 28, 0, 0, 0, 28]);
        assert!(part[16..] == unpack(&images)[16..16 + 784_000]);
        let part = unpack(&first(&labels, 1000).unwrap());
        assert_eq!(part[..8], [0, 0, 8, 1, 0, 0, 3, 232]);
        assert!(part[8..] == unpack(&labels)[8..1008]);
        // Written down from the data set: a five, a zero, a four.
        assert_eq!(part[8..11], [5, 0, 4]);
    }

    #[test]
    fn the_same_file_gives_the_same_bytes() {
        let labels = mnist("labels-idx1");
        assert_eq!(first(&labels, 10).unwrap(), first(&labels, 10).unwrap());
    }

    #[test]
    fn a_file_that_is_none_of_mnist_is_told_in_words() {
        let error = |file: &[u8]| first(file, 3).unwrap_err().to_string();
        assert_eq!(error(b"what"), "it is not in gzip, or damaged");
        assert_eq!(error(&pack(b"what is that")), "it is no IDX file of bytes");
        assert_eq!(error(&pack(&[0, 0, 8, 3, 0, 0, 0, 9])), "its header is cut short");
        assert_eq!(error(&pack(&[0, 0, 8, 1, 0, 0, 0, 2, 7, 7])), "it has 2 items, fewer than 3");
        assert_eq!(error(&pack(&[0, 0, 8, 1, 0, 0, 0, 9, 7, 7])), "it is cut short");
    }
}

//! What is done with bytes from outside, one function for each kind of file: as far as the program goes with them without a GPU.
//! `cargo fuzz` and `tests/fuzz.rs` share them. Whatever the bytes are, a function ends soon and does not
//! panic; it gives whether they were taken for what it reads.

use std::fs;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use digits::augment::Augment;
use digits::checkpoint::CheckpointFolder;
use digits::datasets::{Fit, Found, Need};
use digits::html::runs_page;
use digits::import;
use digits::mnist::DataSet;
use digits::network::{ModelFile, Network, Shape};
use digits::pen::{Strokes, read_pen_file};
use digits::picture::{Pictures, find_digit, normalise_strokes};
use digits::predict::Digits;
use digits::report::{BenchReport, TrainingLog};
use sha2::{Digest as _, Sha256};

/// Reads bytes, and says whether they were taken.
pub type Target = fn(&[u8]) -> bool;

/// Every function with its name, which its corpus has, too.
pub const TARGETS: [(&str, Target); 13] = [
    ("augment", augment),
    ("checkpoint", checkpoint),
    ("csv", csv),
    ("gzip", gzip),
    ("idx", idx),
    ("log", log),
    ("model", model),
    ("network", network),
    ("onnx", onnx),
    ("pen", pen),
    ("picture", picture),
    ("strokes", strokes),
    ("weights", weights),
];

/// Other than the files have, so that they are scaled.
const FIT: Fit = Fit { size: [20, 12], changes: Vec::new() };

/// The text of an augmentation, which comes back from what is printed.
pub fn augment(bytes: &[u8]) -> bool {
    let Some(augment) = str::from_utf8(bytes).ok().and_then(|text| Augment::parse(text).ok()) else { return false };
    assert_eq!(Augment::parse(&augment.to_string()), Ok(augment));
    true
}

/// What stands behind the checksum of a checkpoint, which gets the right one: no damage would get past it.
pub fn checkpoint(bytes: &[u8]) -> bool {
    let checksum = format!("{:x}", Sha256::digest(bytes));
    let file = [b"digits checkpoint 1\n", checksum.as_bytes(), b"\n", bytes].concat();
    with_files(&[("newest.digits", &file)], |folder| CheckpointFolder::read(folder).is_ok())
}

/// A data set in a CSV file.
pub fn csv(bytes: &[u8]) -> bool {
    with_files(&[("train.csv", bytes)], |folder| data_set(&folder.join("train.csv")))
}

/// The images of an IDX file and, behind [`BETWEEN`], their labels, as a data set; both are packed.
pub fn gzip(bytes: &[u8]) -> bool {
    idx_files(bytes, ["train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"])
}

/// [`gzip`], of files that are not packed.
pub fn idx(bytes: &[u8]) -> bool {
    idx_files(bytes, ["train-images-idx3-ubyte", "train-labels-idx1-ubyte"])
}

/// The log of a training and the page of it, or the figures of a machine.
pub fn log(bytes: &[u8]) -> bool {
    with_files(&[("log.jsonl", bytes)], |folder| {
        let path = folder.join("log.jsonl");
        let Ok(log) = TrainingLog::load(&path) else { return BenchReport::load(&path).is_ok() };
        assert!(runs_page(&[log.clone(), log], "digits report").html.contains("</html>"));
        true
    })
}

/// A model file, which comes back from what is written.
pub fn model(bytes: &[u8]) -> bool {
    let Ok(model) = ModelFile::decode(bytes) else { return false };
    let written = model.encode().expect("what was read has no infinite numbers");
    let again = ModelFile::decode(&written).expect("what was written is a model");
    // But for figures of the training, which JSON may round.
    assert_eq!((&model.network, &model.classes), (&again.network, &again.classes));
    assert!(model.parameters == again.parameters && model.calibration == again.calibration);
    true
}

/// The text of a network, which comes back from what is printed.
pub fn network(bytes: &[u8]) -> bool {
    let parsed = str::from_utf8(bytes).ok().and_then(|text| Network::parse(Shape::MNIST, text).ok());
    let Some(network) = parsed else { return false };
    assert!(network.training_flop() > 0 && network.parameter_count() > 0);
    assert_eq!(Network::parse(Shape::MNIST, &network.to_string()), Ok(network));
    true
}

/// An ONNX file of another program, which says its network.
pub fn onnx(bytes: &[u8]) -> bool {
    import::onnx(bytes, None).is_ok_and(|imported| imported.model.encode().is_ok())
}

/// A pen file, ours or UCI's, and the images of some of its drawings.
pub fn pen(bytes: &[u8]) -> bool {
    with_files(&[("pen.tsv", bytes)], |folder| {
        let read = read_pen_file(&folder.join("pen.tsv"));
        read.is_ok_and(|samples| {
            samples.iter().take(20).for_each(|sample| check_image(&sample.strokes));
            true
        })
    })
}

/// A picture, and all that can be found in it.
pub fn picture(bytes: &[u8]) -> bool {
    let Ok(pictures) = Pictures::read(bytes) else { return false };
    if let Ok(Digits::Found { readings, .. }) = Digits::of(&pictures) {
        let pieces = readings.iter().flatten().flat_map(|block| block.pieces());
        assert!(pieces.flat_map(|piece| piece.digit.pixels).all(|pixel| (0.0..=1.0).contains(&pixel)));
    }
    let picture = pictures.into_first();
    black_box(find_digit(&picture));
    FIT.apply(picture).len() == FIT.pixels()
}

/// A drawing: the text of one, or else numbers of any kind, NaN and infinite ones among them.
pub fn strokes(bytes: &[u8]) -> bool {
    if let Some(strokes) = str::from_utf8(bytes).ok().and_then(|text| text.parse::<Strokes>().ok()) {
        assert_eq!(strokes.to_string().parse(), Ok(strokes.clone()));
        check_image(&strokes);
        return true;
    }
    let (numbers, rest) = bytes.as_chunks();
    let numbers: Vec<f32> = numbers.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
    let lines = numbers.as_chunks().0.chunks(1 + 3 * rest.len()).map(<[_]>::to_vec).collect();
    let drawing = Strokes { lines, width: numbers.first().copied().unwrap_or_default() };
    check_image(&drawing);
    normalise_strokes(&drawing).is_some()
}

/// Weights of another program, for a network that is given, and for one that they say.
pub fn weights(bytes: &[u8]) -> bool {
    const NETWORK: &str = "conv 3 3x3 | batchnorm relu | pool 4 | dense 10";
    static GIVEN: LazyLock<Network> = LazyLock::new(|| Network::parse(Shape::MNIST, NETWORK).expect("it is a network"));
    let read = |given| import::safetensors(bytes, given).is_ok_and(|imported| imported.model.encode().is_ok());
    let [given, own] = [Some(&*GIVEN), None].map(read);
    given || own
}

/// Stands between images and labels.
pub const BETWEEN: &[u8] = b"labels";

/// Images and labels as files of these names.
fn idx_files(bytes: &[u8], names: [&str; 2]) -> bool {
    let at = bytes.windows(BETWEEN.len()).position(|part| part == BETWEEN);
    let (images, labels) = at.map_or((bytes, &[][..]), |at| (&bytes[..at], &bytes[at + BETWEEN.len()..]));
    drop(Pictures::read(images).map(|pictures| Digits::of(&pictures).is_ok()));
    drop(DataSet::from_idx(2, images, labels));
    with_files(&[(names[0], images), (names[1], labels)], data_set)
}

/// Whether there is a set whose labels are classes; it is taken apart, too.
fn data_set(path: &Path) -> bool {
    let Ok(found) = Found::read(path, &FIT, Need::Everything) else { return false };
    let Ok(found) = found.classes(None).and_then(|classes| found.labelled(&classes)) else { return false };
    drop(found.split(None));
    true
}

fn check_image(strokes: &Strokes) {
    if let Some(image) = normalise_strokes(strokes) {
        assert!(image.iter().all(|pixel| (0.0..=1.0).contains(pixel)), "{image:?}");
    }
}

/// A folder with these files, which are gone afterwards; in memory, where the system has a place for that.
fn with_files(files: &[(&str, &[u8])], read: impl FnOnce(&Path) -> bool) -> bool {
    let memory = PathBuf::from("/dev/shm");
    let place = if memory.is_dir() { memory } else { std::env::temp_dir() };
    let folder = tempfile::tempdir_in(place).expect("there is a place for temporary files");
    for (name, bytes) in files {
        fs::write(folder.path().join(name), bytes).expect("a temporary file can be written");
    }
    read(folder.path())
}

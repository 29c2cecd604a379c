//! What a file may ask for: each reader refuses more in a sentence that names the figure, before it has taken more memory.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use digits::checkpoint::CheckpointFolder;
use digits::datasets::{Fit, Found, Need};
use digits::import;
use digits::limits;
use digits::network::ModelFile;
use digits::pen::read_pen_file;
use digits::picture::Pictures;
use digits::report::{BenchReport, TrainingLog};
use flate2::{Compression, write::GzEncoder};
use tempfile::TempDir;

/// A file of zeros that takes no place.
fn long_file(folder: &TempDir, name: &str, mib: u64) -> PathBuf {
    let path = folder.path().join(name);
    File::create(&path).unwrap().set_len((mib << 20) + 1).unwrap();
    path
}

/// What `read` says of a file of these bytes, after its name.
#[track_caller]
fn sentence<T, E: ToString>(name: &str, bytes: &[u8], read: impl FnOnce(&Path) -> Result<T, E>) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    after(&path, read(&path))
}

#[track_caller]
fn after<T, E: ToString>(path: &Path, read: Result<T, E>) -> String {
    let Err(error) = read else { panic!("{} is read", path.display()) };
    let error = error.to_string();
    error.strip_prefix(&path.display().to_string()).unwrap_or_else(|| panic!("{error}")).trim_start().into()
}

fn set(path: &Path) -> Result<Found, digits::datasets::SetError> {
    Found::read(path, &Fit::MNIST, Need::Everything)
}

/// An IDX file of `count` images or labels of which nothing is there.
fn idx(sizes: &[u32]) -> Vec<u8> {
    let sizes = [&[0x0800 | sizes.len() as u32], sizes].concat();
    sizes.into_iter().flat_map(u32::to_be_bytes).collect()
}

#[test]
fn a_file_that_is_too_long_is_refused_with_the_length_that_it_may_have() {
    let folder = tempfile::tempdir().unwrap();
    let long = |mib| long_file(&folder, "long", mib);
    let path = long(limits::MODEL_MIB);
    assert_eq!(after(&path, ModelFile::load(&path)), "is larger than 1024 MiB, the most that a model may have");
    let path = long(limits::IMPORT_MIB);
    let expected = "is larger than 256 MiB, the most that is read of another program's file";
    assert_eq!(after(&path, import::import(&path, None)), expected);
    let path = long(limits::TEXT_MIB);
    assert_eq!(after(&path, TrainingLog::load(&path)), "is larger than 64 MiB, the most that is read of a log");
    assert_eq!(after(&path, BenchReport::load(&path)), "is larger than 64 MiB, the most that is read of figures");
    let path = long_file(&folder, "newest.digits", limits::CHECKPOINT_MIB);
    let expected = "is larger than 2200 MiB, the most that a checkpoint may have";
    assert_eq!(after(&path, CheckpointFolder::read(folder.path())), expected);
}

#[test]
fn what_unpacks_to_more_than_is_read_is_refused_however_small_it_is() {
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(&vec![b'#'; (limits::PEN_MIB as usize + 1) << 20]).unwrap();
    let packed = packed.finish().unwrap();
    assert!(packed.len() < 1 << 20);
    let found = sentence("pen.tsv.gz", &packed, read_pen_file);
    assert_eq!(found, "has more than 64 MiB unpacked, the most that is read; take it apart");
}

#[test]
fn drawings_of_more_points_than_a_hand_makes_are_refused_with_the_line() {
    let many = limits::POINTS + 1;
    let ours = format!("1\t7\thand\tall\tme\t{}\n", vec!["1,2"; many].join(" "));
    let unipen = format!(".SEGMENT DIGIT 0 ? \"4\"\n.PEN_DOWN\n{}.PEN_UP\n", "1 2\n".repeat(many));
    for (text, line) in [(ours, 1), (unipen, 2 + many)] {
        let found = sentence("pen.tsv", text.as_bytes(), read_pen_file);
        assert_eq!(
            found,
            format!(": line {line} is of a drawing of more than 100000 points, the most that is read").trim()
        );
    }
}

#[test]
fn images_longer_than_a_picture_are_refused_wherever_they_are_read() {
    let expected = "holds images of 1x16385 pixels, but 16384 pixels a side are the most that is read";
    let images = idx(&[1, 1, limits::PICTURE_SIDE + 1]);
    assert_eq!(Pictures::read(&images[..]).unwrap_err().to_string(), expected);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("train-images-idx3-ubyte");
    std::fs::write(&path, &images).unwrap();
    std::fs::write(folder.path().join("train-labels-idx1-ubyte"), [idx(&[1]), vec![3]].concat()).unwrap();
    assert_eq!(after(&path, set(folder.path())), expected);
}

#[test]
fn a_data_set_is_refused_by_what_it_claims_and_a_row_by_its_length() {
    let folder = tempfile::tempdir().unwrap();
    let labels = long_file(&folder, "train-labels-idx1-ubyte", limits::SET_MIB as u64 + 1);
    File::options().write(true).open(&labels).unwrap().write_all(&idx(&[1 << 30])).unwrap();
    std::fs::write(folder.path().join("train-images-idx3-ubyte"), idx(&[1 << 30, 28, 28])).unwrap();
    let expected = "has images that take more than 1024 MiB, the most that is read; leave some out";
    assert_eq!(after(&labels, set(folder.path())), expected);
    let row = format!("label,pixel\n1,{}", "0".repeat((limits::CSV_ROW_MIB as usize + 1) << 20));
    let found = sentence("train.csv", row.as_bytes(), set);
    assert_eq!(found, "line 2: it is longer than 16 MiB, the most that a row may have");
}

#[test]
fn a_header_that_is_too_long_is_refused_with_the_length_that_it_may_have() {
    let header = [&(2u64 << 20).to_le_bytes()[..], &vec![b' '; 2 << 20]].concat();
    let expected = "has a header of more than 1 MiB, the most that is read";
    assert_eq!(ModelFile::decode(&header).unwrap_err().to_string(), expected);
    assert_eq!(import::safetensors(&header, None).unwrap_err().to_string(), expected);
}

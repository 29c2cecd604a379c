//! Sets in every form that is read, made here, and what is said of those that cannot be used.

use std::fs;
use std::io::Write;
use std::path::Path;

use flate2::{Compression, write::GzEncoder};
use image::{GrayImage, Luma, Rgb, RgbImage};
use tempfile::TempDir;

use super::*;

/// An IDX file of numbers of `kind`, in these dimensions.
fn idx(kind: u8, sizes: &[u32], bytes: &[u8]) -> Vec<u8> {
    let sizes: Vec<u8> = sizes.iter().flat_map(|size| size.to_be_bytes()).collect();
    [&[0, 0, kind, (sizes.len() / 4) as u8], &sizes[..], bytes].concat()
}

/// `count` images whose pixels are all the number of the image.
fn images(count: u8, height: u32, width: u32) -> Vec<u8> {
    let pixels: Vec<u8> = (0..count).flat_map(|image| vec![image; (height * width) as usize]).collect();
    idx(8, &[count.into(), height, width], &pixels)
}

fn labels(labels: &[u8]) -> Vec<u8> {
    idx(8, &[labels.len() as u32], labels)
}

fn folder(files: &[(&str, Vec<u8>)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    folder
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn read(path: &Path) -> Found {
    Found::read(path, &Fit::MNIST, Need::Everything).unwrap()
}

/// What is said of a set that cannot be read, without the path of its folder.
fn problem(folder: &TempDir) -> String {
    let error = Found::read(folder.path(), &Fit::MNIST, Need::Everything).unwrap_err().to_string();
    error.replace(&format!("{}/", folder.path().display()), "").replace(&folder.path().display().to_string(), "FOLDER")
}

fn labels_of(data: &Option<DataSet>) -> &[u8] {
    &data.as_ref().unwrap().labels
}

#[test]
fn letters_from_1_are_classes_from_1_and_the_last_sixth_validates() {
    let training: Vec<u8> = (0..24).map(|at| at % 4 + 1).collect();
    let files = [
        ("emnist-letters-train-images-idx3-ubyte.gz", gzip(&images(24, 28, 28))),
        ("emnist-letters-train-labels-idx1-ubyte.gz", gzip(&labels(&training))),
        ("emnist-letters-test-images-idx3-ubyte.gz", gzip(&images(3, 28, 28))),
        ("emnist-letters-test-labels-idx1-ubyte.gz", gzip(&labels(&[5, 1, 4]))),
    ];
    let folder = folder(&files);
    let found = read(folder.path());
    let classes = found.classes(None).unwrap();
    assert_eq!((classes.names(), classes.first_label()), (&["1", "2", "3", "4", "5"].map(String::from)[..], 1));
    let named = found.classes(Some(["a", "b", "c", "d", "e"].map(String::from).to_vec())).unwrap();
    assert_eq!((&named.names()[0][..], named.first_label()), ("a", 1));
    let Parts { split, said, .. } = found.labelled(&classes).unwrap().split(None).unwrap();
    assert_eq!(said, "test is the files' own, validation is the last 4 of 24 training images");
    assert_eq!((split.training.count(), &split.validation.labels[..]), (20, &[0, 1, 2, 3][..]));
    assert_eq!((split.validation.image(0), &split.test.labels[..]), (&[20; 784][..], &[4, 0, 3][..]));
}

#[test]
fn a_test_set_alone_is_one_and_labels_outside_the_classes_are_told() {
    let files = [("t10k-images.idx3-ubyte", images(2, 28, 28)), ("t10k-labels.idx1-ubyte", labels(&[9, 3]))];
    let found = read(folder(&files).path());
    let Parts { split, .. } = found.clone().labelled(&Classes::numbered(10)).unwrap().split(None).unwrap();
    assert_eq!((split.training.count(), split.validation.count(), &split.test.labels[..]), (0, 0, &[9, 3][..]));
    let error = found.labelled(&Classes::of_labels(1, 8).unwrap()).unwrap_err().to_string();
    assert_eq!(error, "gives an image for test the label 9, but the labels of its classes are 1 to 8");
}

#[test]
fn integer_labels_are_the_first_column() {
    let rows: Vec<u8> =
        [7i32, 61].iter().flat_map(|label| [*label, 4, 0, -1, 5, 6, 0, 0]).flat_map(i32::to_be_bytes).collect();
    let files = [
        ("qmnist-train-images-idx3-ubyte", images(2, 28, 28)),
        ("qmnist-train-labels-idx2-int", idx(12, &[2, 8], &rows)),
    ];
    let found = read(folder(&files).path());
    assert_eq!(labels_of(&found.training), [7, 61]);
    assert_eq!(found.classes(None).unwrap().count(), 62);
}

#[test]
fn one_of_several_sets_is_chosen_by_what_its_files_begin_with() {
    let letters = [("a-train-images-idx3-ubyte", images(2, 28, 28)), ("a-train-labels-idx1-ubyte", labels(&[0, 1]))];
    let digits =
        [("b-c-train-images-idx3-ubyte", images(3, 28, 28)), ("b-c-train-labels-idx1-ubyte", labels(&[0, 1, 2]))];
    let folder = folder(&[letters, digits].concat());
    assert_eq!(problem(&folder), "FOLDER has the files of several sets, a, b-c: say which, as in --data a");
    assert_eq!(labels_of(&read(&folder.path().join("b-c")).training), [0, 1, 2]);
    let error = Found::read(&folder.path().join("c"), &Fit::MNIST, Need::Everything).unwrap_err().to_string();
    assert!(error.starts_with("there is no folder "), "{error}");
}

#[test]
fn damaged_idx_files_are_named_and_nothing_is_allocated_for_what_they_claim() {
    let set = |images: Vec<u8>, labels: Vec<u8>| {
        problem(&folder(&[("train-images-idx3-ubyte", images), ("train-labels-idx1-ubyte", labels)]))
    };
    let huge = idx(8, &[u32::MAX, u32::MAX, u32::MAX], &[]);
    let three = labels(&[0, 1, 2]);
    assert_eq!(set(huge.clone(), three.clone()), "train-images-idx3-ubyte holds 3 labels for 4294967295 images");
    let claimed = "train-labels-idx1-ubyte breaks off after 8 of 4294967303 bytes; fetch it again";
    assert_eq!(set(huge, idx(8, &[u32::MAX], &[])), claimed);
    let packed = gzip(&idx(8, &[u32::MAX], &[1]));
    assert_eq!(
        set(images(3, 28, 28), packed),
        "train-labels-idx1-ubyte is a gzip file that breaks off; fetch it again"
    );
    let wide = "train-images-idx3-ubyte breaks off after 16 of 805306384 bytes; fetch it again";
    assert_eq!(set(idx(8, &[3, 1 << 14, 1 << 14], &[]), three.clone()), wide);
    assert_eq!(set(images(0, 28, 28), labels(&[])), "train-images-idx3-ubyte holds no images");
    assert_eq!(set(labels(&[1, 2, 3]), three.clone()), "train-images-idx3-ubyte is an IDX file of labels, not images");
    assert_eq!(
        set(images(3, 28, 28), images(3, 28, 28)),
        "train-labels-idx1-ubyte is an IDX file of images, not labels"
    );
    assert!(set(b"PNG?!?".to_vec(), three.clone()).starts_with("train-images-idx3-ubyte is not an IDX file of bytes"));
    assert_eq!(
        set(images(3, 28, 28), labels(&[0, 1, 250])),
        "train-labels-idx1-ubyte has the label 250, but labels are 0 to 249"
    );
    assert_eq!(
        set(images(3, 28, 28), [three, vec![1]].concat()),
        "train-labels-idx1-ubyte goes on after the 11 bytes that its header announces; fetch it again"
    );
    assert!(set(images(3, 28, 28), idx(13, &[3], &[0; 12])).contains("labels are bytes or 32-bit integers"));
    // Long enough, packed, to unpack to 1.5 GiB, as it says.
    let mut encoder = GzEncoder::new(Vec::new(), Compression::none());
    encoder.write_all(&[idx(8, &[6, 1 << 14, 1 << 14], &[]), vec![0; 1_600_000]].concat()).unwrap();
    let large = encoder.finish().unwrap();
    assert!(set(large, labels(&[0, 1, 2, 3, 4, 5])).contains("more than 1024 MiB"));
    let half = problem(&folder(&[("train-images-idx3-ubyte", images(3, 28, 28))]));
    assert_eq!(half, "FOLDER has training images and lacks their labels");
}

#[test]
fn images_of_another_size_are_scaled_and_transposed() {
    let ramp: Vec<u8> = (0..32 * 16).map(|at| (at % 16 * 16) as u8).collect();
    let files = [("train-images-idx3-ubyte", idx(8, &[1, 32, 16], &ramp)), ("train-labels-idx1-ubyte", labels(&[0]))];
    let fit = Fit { size: [16, 32], changes: vec![Change::Transpose] };
    let data = Found::read(folder(&files).path(), &fit, Need::Everything).unwrap().training.unwrap();
    let expected: Vec<u8> = (0..16u8).flat_map(|row| [16 * row; 32]).collect();
    assert_eq!(data.images, expected);
}

fn picture(grey: u8) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    RgbImage::from_pixel(20, 30, Rgb([grey; 3])).write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    bytes.into_inner()
}

#[test]
fn a_folder_per_class_gives_names_and_each_class_its_share() {
    let name = |class: &str, at: usize| format!("{class}/{at:02}.png");
    let names: Vec<(String, u8)> =
        (0..12).flat_map(|at| [(name("cat", at), 10 + at as u8), (name("a dog", at), 100 + at as u8)]).collect();
    let files: Vec<(&str, Vec<u8>)> = names.iter().map(|(name, grey)| (&name[..], picture(*grey))).collect();
    let found = read(folder(&files).path());
    let classes = found.classes(None).unwrap();
    assert_eq!(classes.names(), ["a dog", "cat"]);
    let training = found.training.as_ref().unwrap();
    assert_eq!((training.image(0), training.labels[0]), (&[100; 784][..], 0));
    assert!(matches!(found.classes(Some(vec!["x".into(), "y".into()])), Err(Unfit::Named)));
    let other = Classes::named(["cat", "emu", "a dog"].map(String::from).to_vec(), 0).unwrap();
    assert_eq!(found.clone().labelled(&other).unwrap().training.unwrap().labels[..6], [2, 0, 2, 0, 2, 0]);
    let Parts { split, said, .. } = found.clone().split(Some(Cut::Share(0.5))).unwrap();
    assert_eq!(said, "test is the last 4 of 24 training images, validation is the last 10 of 20 training images");
    for data in [&split.training, &split.validation, &split.test] {
        assert_eq!(2 * data.labels.iter().filter(|label| **label == 0).count(), data.count());
    }
    let error = found.labelled(&Classes::numbered(10)).unwrap_err().to_string();
    assert_eq!(error, "has the class a dog, which is none of the model's: 0, 1, 2, 3, 4, 5, 6, 7, 8, 9");
}

/// The labels of the parts of images that have these, and how they came to be.
fn parts(labels: &[u8], validation: Option<Cut>) -> ([Vec<u8>; 3], String) {
    let data = DataSet { images: vec![0; 784 * labels.len()], labels: labels.to_vec() };
    let Parts { split, said, .. } = Found { training: Some(data), ..Found::default() }.split(validation).unwrap();
    ([split.training, split.validation, split.test].map(|part| part.labels), said)
}

#[test]
fn what_is_kept_of_files_that_are_sorted_by_class_has_all_classes() {
    let sorted: Vec<u8> = [4, 0, 2].into_iter().flat_map(|class| vec![class; 12]).collect();
    let ([training, validation, test], said) = parts(&sorted, None);
    let of = |part: &[u8]| [4, 0, 2].map(|class| part.iter().filter(|label| **label == class).count());
    assert_eq!([of(&training), of(&validation), of(&test)], [[8, 9, 8], [2, 1, 2], [2, 2, 2]]);
    let why = "spread evenly since they are sorted by class";
    assert_eq!(said, format!("test is 6 of 36 training images, {why}, validation is 5 of 30 training images, {why}"));
    let (parts, _) = parts(&sorted, Some(Cut::Count(15)));
    assert_eq!(parts.map(|part| of(&part)), [[5, 5, 5], [5, 5, 5], [2, 2, 2]]);
}

#[test]
fn a_class_of_one_image_at_the_end_stays_in_training_and_mixed_files_lose_their_end() {
    let (parts_of_sorted, _) = parts(&[&[0; 30][..], &[1]].concat(), None);
    assert!(parts_of_sorted[0].contains(&1), "{parts_of_sorted:?}");
    let mixed: Vec<u8> = (0..36).map(|at| at / 18 * u8::from(at != 20)).collect();
    let (parts, said) = parts(&mixed, None);
    assert_eq!(parts.concat(), mixed, "the parts stand behind each other: {said}");
}

#[test]
fn parts_in_folders_are_taken_as_they_are() {
    let part = |part: &str, class: &str| (format!("{part}/{class}/x.jpg"), picture(7));
    let hidden = ("Train/a/._x.png".to_string(), vec![]);
    let files = [hidden, part("Train", "a"), part("Train", "b"), part("val", "b"), part("test", "a")];
    let files: Vec<(&str, Vec<u8>)> = files.iter().map(|(name, bytes)| (&name[..], bytes.clone())).collect();
    let found = read(folder(&files).path());
    assert_eq!(
        [labels_of(&found.training), labels_of(&found.validation), labels_of(&found.test)],
        [&[0, 1][..], &[1], &[0]]
    );
    assert!(matches!(found.clone().split(Some(Cut::Count(1))), Err(Unfit::OwnValidation)));
    assert_eq!(found.split(None).unwrap().said, "test is the files' own, validation is the files' own");
}

#[test]
fn folders_that_are_no_set_are_told() {
    let damaged = folder(&[("a/x.png", picture(1)), ("b/y.png", picture(2)[..40].to_vec())]);
    assert!(problem(&damaged).starts_with("b/y.png is damaged"), "{}", problem(&damaged));
    let empty = folder(&[("a/x.png", picture(1)), ("b/y.txt", vec![])]);
    assert_eq!(problem(&empty), "b has no pictures (png, jpg, ...) of the class b");
    let one = folder(&[("a/x.png", picture(1))]);
    assert_eq!(problem(&one), "FOLDER: there are 1 classes, but there must be 2 to 250");
    let other = folder(&[("train/a/x.png", picture(1)), ("train/b/x.png", picture(1)), ("test/c/x.png", picture(1))]);
    assert_eq!(problem(&other), "test has a folder c, but the training images have no such class");
    assert!(problem(&folder(&[("x.png", picture(1))])).starts_with("FOLDER holds no data set: "));
}

/// Rows of a label and 16 pixels.
fn rows(labels: &[&str]) -> String {
    labels.iter().map(|label| format!("{label}{}\n", ",9".repeat(16))).collect()
}

#[test]
fn csv_files_are_read_with_names_of_columns_and_without() {
    let header = format!("label,{}\n", (0..16).map(|at| format!("pixel{at}")).collect::<Vec<_>>().join(","));
    let unlabelled = header.replace("label,", "") + &rows(&["1"])[2..];
    let folder = folder(&[
        ("train.csv", (header.clone() + &rows(&["3", "1", "0", "2", "1", "3"])).into_bytes()),
        ("test.csv", unlabelled.into_bytes()),
        ("sample_submission.csv", b"ImageId,Label\n".to_vec()),
    ]);
    let found = read(folder.path());
    assert_eq!((labels_of(&found.training), found.test.is_none()), (&[3, 1, 0, 2, 1, 3][..], true));
    assert_eq!(found.training.as_ref().unwrap().image(5), [9; 784]);
    let Parts { split, said, .. } = found.split(Some(Cut::Count(2))).unwrap();
    assert_eq!((&split.test.labels[..], &split.validation.labels[..]), (&[3][..], &[2, 1][..]));
    assert_eq!(said, "test is the last 1 of 6 training images, validation is the last 2 of 5 training images");
    let plain = self::folder(&[("mnist_test.csv", rows(&["5", "0"]).into_bytes())]);
    assert_eq!(labels_of(&read(&plain.path().join("mnist_test.csv")).test), [5, 0]);
}

#[test]
fn where_test_images_are_enough_the_others_are_not_looked_at() {
    let idx = [
        ("train-images-idx3-ubyte", b"damaged".to_vec()),
        ("test-images-idx3-ubyte", images(2, 28, 28)),
        ("test-labels-idx1-ubyte", labels(&[3, 4])),
    ];
    let csv = [("train.csv", b"damaged".to_vec()), ("test.csv", rows(&["3", "4"]).into_bytes())];
    let pictures = [("train/b/x.png", b"damaged".to_vec()), ("train/a/y.png", vec![]), ("test/b/x.png", picture(7))];
    for (files, expected) in [(&idx[..], &[3, 4][..]), (&csv, &[3, 4]), (&pictures, &[1])] {
        let folder = folder(files);
        let found = Found::read(folder.path(), &Fit::MNIST, Need::Test).unwrap();
        assert_eq!((labels_of(&found.test), found.training), (expected, None));
        assert!(Found::read(folder.path(), &Fit::MNIST, Need::Everything).is_err());
    }
}

#[test]
fn damaged_csv_files_are_told_with_the_line() {
    let file = |text: &str| problem(&folder(&[("train.csv", text.as_bytes().to_vec())]));
    let good = rows(&["1", "2"]);
    assert_eq!(file(&format!("{good}3,1\n")), "train.csv line 3: there are 2 numbers in place of 17");
    assert_eq!(
        file(&format!("{good}{}", rows(&["300"]))),
        "train.csv line 3: it has the label 300, but labels are 0 to 249"
    );
    assert_eq!(file(&format!("{good}{}", rows(&["x"]))), "train.csv line 3: the label \"x\" is no whole number");
    let pixel = good.replacen("9", "256", 1);
    assert_eq!(file(&pixel), "train.csv line 1: the pixel \"256\" is no whole number from 0 to 255");
    assert_eq!(file("1,2,3\n"), "train.csv line 1: a label and the pixels of a square are 3 columns for no square");
    assert_eq!(file(""), "train.csv line 1: there are no images");
}

#[test]
fn a_cut_leaves_some_and_keeps_some() {
    let data = |count: usize| DataSet { images: vec![0; 784 * count], labels: vec![0; count] };
    let cut = |count: usize, validation| {
        let found = Found { training: Some(data(count)), test: Some(data(1)), ..Found::default() };
        found.split(validation).map(|parts| parts.split.validation.count()).map_err(|error| error.to_string())
    };
    assert_eq!([cut(60_000, None), cut(2, None), cut(10, Some(Cut::Share(0.25)))], [Ok(10_000), Ok(1), Ok(3)]);
    let none = "has 10 training images, of which 10 cannot be kept: some must be kept and some left";
    assert_eq!(cut(10, Some(Cut::Count(10))), Err(none.into()));
    assert!(cut(10, Some(Cut::Share(0.01))).is_err() && cut(1, None).is_err());
}

#[test]
fn a_set_of_mnists_shape_is_split_as_the_mnist_crate_does() {
    let mnist = crate::mnist::Split::embedded().unwrap();
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/data/mnist"));
    let Parts { split, .. } = read(folder).split(None).unwrap();
    assert!(split == mnist);
    // Through this module's own reader, too.
    let files = idx::of_folder(folder).unwrap().unwrap();
    let inverted =
        files.read(&Fit { changes: vec![Change::Invert], ..Fit::MNIST }, Need::Everything).unwrap().test.unwrap();
    let back: Vec<u8> = inverted.images.iter().map(|grey| 255 - grey).collect();
    assert!(back == mnist.test.images && inverted.labels == mnist.test.labels);
    let large = GrayImage::from_pixel(28, 28, Luma([3]));
    assert_eq!(Fit::MNIST.apply(large), [3; 784]);
}

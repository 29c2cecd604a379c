//! Data sets other than MNIST, made here: trained for an epoch or two on what is easy to tell, evaluated and read, and what is
//! said where something does not fit.

use std::fs;
use std::path::Path;

use digits::mnist::{SIDE, Split};
use digits::network::ModelFile;
use image::RgbImage;

use super::{NETWORK, digits, failure, json, run, stderr, success};

/// An image of class `class` of 26: a bar whose place and direction tell which.
fn letter(class: u32, number: u32) -> Vec<u8> {
    let along = 2 * (class % 13) + 1;
    let pixel = |at: u32| {
        let [y, x] = [at / SIDE as u32, at % SIDE as u32];
        let across = if class < 13 { y } else { x };
        if across.abs_diff(along) < 2 { 220 + (number % 30) as u8 } else { 0 }
    };
    (0..(SIDE * SIDE) as u32).map(pixel).collect()
}

fn idx(kind: u8, sizes: &[u32], bytes: &[u8]) -> Vec<u8> {
    let dimensions: Vec<u8> = sizes.iter().flat_map(|size| size.to_be_bytes()).collect();
    [&[0, 0, kind, sizes.len() as u8], &dimensions[..], bytes].concat()
}

/// Files of letters, labelled from 1 as EMNIST's are.
fn write_letters(folder: &Path, part: &str, count: u32) {
    let images: Vec<u8> = (0..count).flat_map(|at| letter(at % 26, at)).collect();
    let labels: Vec<u8> = (0..count).map(|at| (at % 26 + 1) as u8).collect();
    let images = idx(8, &[count, SIDE as u32, SIDE as u32], &images);
    fs::write(folder.join(format!("emnist-letters-{part}-images-idx3-ubyte")), images).unwrap();
    fs::write(folder.join(format!("emnist-letters-{part}-labels-idx1-ubyte")), idx(8, &[count], &labels)).unwrap();
}

const ALPHABET: &str = "a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q,r,s,t,u,v,w,x,y,z";

/// A picture as a person makes them: a cross or a bar of dark ink on some ground, of any size.
fn picture(is_cross: bool, number: u32) -> RgbImage {
    let (width, height) = (40 + number % 7, 50 - number % 5);
    RgbImage::from_fn(width, height, |x, y| {
        let [right, down] = [x.abs_diff(width / 2), y.abs_diff(height / 2)];
        let is_near = right < 14 && down < 14;
        let is_ink = is_near && if is_cross { right.abs_diff(down) < 3 } else { right < 3 };
        image::Rgb(if is_ink { [20, 30, 40] } else { [230, 220, 240 - number as u8] })
    })
}

#[test]
fn letters_are_trained_named_evaluated_and_read() {
    let folder = tempfile::tempdir().unwrap();
    let (at, small) =
        (folder.path(), ["--network", "dense 26", "--epochs", "4", "--batch", "10", "--learning-rate", "0.01"]);
    write_letters(at, "train", 312);
    write_letters(at, "test", 30);
    let train = ["train", "--data", ".", "--classes", ALPHABET, "--out", "model", "--log", "log"];
    let printed = success(&run(at, &[&train[..], &small, &["--report", "report"]].concat()));
    assert!(printed.contains("260 training, 52 validation, 30 test images"), "{printed}");
    assert!(
        printed.contains("split     test is the files' own, validation is the last 52 of 312 training images"),
        "{printed}"
    );
    assert!(printed.contains("classes   26: a (label 1) to z (label 26)"), "{printed}");
    let page = fs::read_to_string(at.join("report/index.html")).unwrap();
    assert!(page.contains(">z<") && !page.contains(">25<"), "the report has other names");

    let model = ModelFile::load(&at.join("model")).unwrap();
    assert_eq!((model.classes.names().join(","), model.classes.first_label()), (ALPHABET.into(), 1));

    // A test set alone.
    fs::create_dir(at.join("alone")).unwrap();
    write_letters(&at.join("alone"), "test", 26);
    let report = json(&success(&run(at, &["eval", "model", "--data", "alone", "--json"])));
    assert_eq!((&report["images"], &report["accuracy"]), (&26.into(), &1.0.into()), "{report}");
    assert_eq!((&report["class_names"][25], &report["classes"][25]["images"]), (&"z".into(), &1.into()));
    let text = success(&run(at, &["eval", "model", "--data", "alone"]));
    assert!(text.contains("class  images") && text.lines().any(|line| line.starts_with("z ")), "{text}");
    let error = failure(&run(at, &["eval", "model", "--data", "alone", "--set", "training"]));
    assert_eq!(error, "error: alone has no training images: choose others with --set");

    // Read as they stand in a file.
    fs::write(at.join("three"), idx(8, &[3, 28, 28], &[letter(0, 0), letter(25, 0), letter(13, 0)].concat())).unwrap();
    let text = success(&run(at, &["predict", "--model", "model", "three"]));
    let told: Vec<&str> = text.trim().split(['(', ',', ':']).map(str::trim).filter(|word| word.len() == 1).collect();
    assert_eq!(told, ["a", "z", "n"], "{text}");
    let read = json(&success(&run(at, &["predict", "--model", "model", "three", "--json", "--top", "26"])));
    assert_eq!((&read["digits"][1]["class"], &read["digits"][1]["digit"]), (&"z".into(), &25.into()));
    assert_eq!(read["digits"][0]["top"].as_array().unwrap().len(), 26);
    success(&run(at, &["predict", "--model", "model", "three", "--out", "table.csv"]));
    let table = fs::read_to_string(at.join("table.csv")).unwrap();
    assert!(table.lines().nth(2).unwrap().starts_with("three,0,1,z,"), "{table}");
}

#[test]
fn what_is_made_for_digits_refuses_other_models_in_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    write_letters(at, "train", 78);
    let train = ["train", "--data", ".", "--network", "dense 26", "--epochs", "1", "--batch", "8", "--out", "model"];
    success(&run(at, &train));
    let fits_not = "error: model does not fit: it tells 26 classes apart, but the data have 10";
    for options in [&["eval", "model"][..], &["eval", "model", "--drawings", "kinds"], &["train", "--from", "model"]] {
        assert_eq!(failure(&run(at, options)), fits_not, "{options:?}");
    }
    let drawings = run(at, &["train", "--data", ".", "--with-drawings"]);
    assert_eq!(drawings.status.code(), Some(2), "{}", stderr(&drawings));
    let pen = run(at, &["train", "--data", ".", "--pen", "x"]);
    assert!(stderr(&pen).starts_with("error: --pen adds drawings of the ten digits"), "{}", stderr(&pen));
    let other = run(at, &["train", "--data", ".", "--batch", "8", "--network", NETWORK]);
    let sentence =
        "error: --network does not fit: it tells 10 classes apart, but the data have 26; let it end with dense 26";
    assert_eq!((other.status.code(), stderr(&other).lines().next()), (Some(2), Some(sentence)));
    let error = failure(&run(at, &["train", "--data", ".", "--classes", "a,b"]));
    assert_eq!(error, "error: . gives an image for training the label 3, but the labels of its classes are 1 to 2");
    let many = run(at, &["train", "--data", ".", "--batch", "8", "--train-images", "66"]);
    assert!(
        stderr(&many).starts_with("error: --train-images 66 is more than the 55 training images"),
        "{}",
        stderr(&many)
    );
    for options in [["--classes", "a,b"], ["--transpose", "--seed=1"], ["--input", "32x32"]] {
        let alone = run(at, &[&["train"], &options[..]].concat());
        assert_eq!(alone.status.code(), Some(2), "{options:?}");
    }
    let cut = stderr(&run(at, &["train", "--data", ".", "--validation", "100%"]));
    assert!(cut.contains("\"100%\" is neither a count, such as 5000, nor a share"), "{cut}");
}

#[test]
fn a_folder_per_class_is_trained_at_another_size_and_read() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    for (class, is_cross) in [("cross", true), ("a bar", false)] {
        fs::create_dir_all(at.join("data").join(class)).unwrap();
        for number in 0..30 {
            let path = at.join("data").join(class).join(format!("{number:02}.png"));
            picture(is_cross, number).save(path).unwrap();
        }
    }
    let train = ["train", "--data", "data", "--invert", "--input", "40x32", "--validation", "20%", "--out", "model"];
    let network = ["--network", "conv 4 5x5 relu | pool 4 | dense 2", "--epochs", "12", "--batch", "8"];
    let augmented = ["--learning-rate", "0.01", "--augment", "shift 1 | rotate 5"];
    let printed = success(&run(at, &[&train[..], &network, &augmented, &["--report", "report"]].concat()));
    let split = "test is the last 10 of 60 training images, validation is the last 10 of 50 training images";
    assert!(
        printed.contains(split) && printed.contains("classes   2: a bar (label 0) to cross (label 1)"),
        "{printed}"
    );
    let model = ModelFile::load(&at.join("model")).unwrap();
    assert_eq!(
        (model.network.input().to_string(), model.classes.names()),
        ("1x40x32".into(), &["a bar", "cross"].map(String::from)[..])
    );
    let report = json(&success(&run(at, &["eval", "model", "--data", "data", "--invert", "--json"])));
    assert_eq!((&report["images"], &report["accuracy"]), (&10.into(), &1.0.into()), "{report}");

    let read = ["predict", "--model", "model", "data/cross/07.png", "data/a bar/03.png", "--annotate"];
    let text = success(&run(at, &read[..5]));
    let told = |name: &str| text.lines().filter(|line| line.contains(name)).count();
    assert_eq!([text.lines().count(), told("png: cross ("), told("png: a bar (")], [2, 1, 1], "{text}");
    success(&run(at, &[&read[..4], &["--annotate", "seen.png"]].concat()));
    assert!(at.join("seen.png").exists());

    let error = failure(&run(at, &["eval", "model", "--data", "data", "--corrupt"]));
    assert_eq!(
        error,
        "error: model does not fit: it takes images of 1x40x32, and --corrupt is for those of 28x28 pixels"
    );
    let error = failure(&run(at, &["eval", "--data", "data"]));
    assert_eq!(error, "error: data has the class a bar, which is none of the model's: 0, 1, 2, 3, 4, 5, 6, 7, 8, 9");
    let named = failure(&run(at, &["train", "--data", "data", "--classes", "x,y"]));
    assert_eq!(named, "error: data names its classes by folders: leave out --classes");
    if cfg!(feature = "window") {
        let error = failure(&digits(at, &["draw", "--model", "model"]).env_remove("DISPLAY").output().unwrap());
        assert_eq!(error, "error: model does not fit: it takes images of 1x40x32, and what is drawn becomes 1x28x28");
    }
}

#[test]
fn kaggles_files_train_and_go_on_from_a_model_of_digits() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let data = Split::embedded().unwrap().validation;
    let row = |index: usize| {
        let pixels: Vec<String> = data.image(index).iter().map(u8::to_string).collect();
        format!("{},{}\n", data.labels[index], pixels.join(","))
    };
    let header = format!("label,{}\n", (0..784).map(|pixel| format!("pixel{pixel}")).collect::<Vec<_>>().join(","));
    let rows: String = (0..120).map(row).collect();
    fs::write(at.join("train.csv"), header.clone() + &rows).unwrap();
    fs::write(at.join("test.csv"), header.replace("label,", "")).unwrap();
    let train = ["train", "--data", ".", "--network", "dense 10", "--epochs", "1", "--batch", "16", "--out", "model"];
    let printed = success(&run(at, &train));
    assert!(
        printed.contains("84 training, 16 validation, 20 test images") && !printed.contains("classes "),
        "{printed}"
    );
    success(&run(
        at,
        &["train", "--data", "train.csv", "--from", "model", "--epochs", "1", "--batch", "16", "--out", "next"],
    ));
    let images = |set: &str| {
        json(&success(&run(at, &["eval", "next", "--data", ".", "--set", set, "--json"])))["images"].clone()
    };
    assert_eq!([images("training"), images("test")], [84, 20]);
    fs::write(at.join("train.csv"), header + &rows[..rows.len() - 9]).unwrap();
    let error = failure(&run(at, &["eval", "next", "--data", "."]));
    assert!(error.starts_with("error: ./train.csv line 121: there are "), "{error}");
}

#[test]
fn mnist_itself_can_be_split_otherwise() {
    let folder = tempfile::tempdir().unwrap();
    let options = ["train", "--validation", "1000", "--train-images", "320", "--epochs", "1", "--batch", "32"];
    let printed = success(&run(folder.path(), &[&options[..], &["--network", NETWORK]].concat()));
    assert!(printed.contains("data      MNIST: 320 training, 1,000 validation, 10,000 test images"), "{printed}");
    assert!(
        printed.contains("split     test is the files' own, validation is the last 1000 of 60000 training images"),
        "{printed}"
    );
}

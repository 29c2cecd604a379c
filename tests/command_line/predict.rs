//! Pictures in, digits out: several in a picture, from a pipe, from an IDX file, and what is no picture.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Stdio;

use digits::mnist::{DataSet, PIXELS, SIDE, Split};
use digits::network::{Calibration, ModelFile, score};
use image::codecs::jpeg::JpegEncoder;
use image::{ExtendedColorType, GrayImage, ImageBuffer, ImageEncoder, Luma, Rgba, RgbaImage, imageops};
use serde_json::Value;
use tempfile::tempdir;

use super::{digits, json, run, stderr, success};

/// MNIST's test images; the shipped model gets the first of them right.
pub fn test_images() -> DataSet {
    Split::embedded().unwrap().test
}

/// The first images side by side, dark on light, in a picture of `height` pixels.
pub fn picture(images: &DataSet, count: usize, height: u32) -> GrayImage {
    let mut picture = GrayImage::from_pixel(count as u32 * height, height, Luma([235]));
    for at in 0..count {
        let mut image = GrayImage::from_raw(28, 28, images.images[at * PIXELS..][..PIXELS].to_vec()).unwrap();
        imageops::invert(&mut image);
        for pixel in image.pixels_mut() {
            pixel[0] = pixel[0].min(235);
        }
        let image = imageops::resize(&image, height, height, imageops::FilterType::Triangle);
        imageops::replace(&mut picture, &image, i64::from(at as u32 * height), 0);
    }
    picture
}

fn predict(folder: &Path, options: &[&str]) -> Vec<Value> {
    success(&run(folder, &[&["predict", "--json"], options].concat())).lines().map(json).collect()
}

fn digits_of(report: &Value) -> Vec<u64> {
    report["digits"].as_array().unwrap().iter().map(|digit| digit["digit"].as_u64().unwrap()).collect()
}

#[test]
fn digits_of_a_picture_are_read_from_left_to_right_with_their_boxes() {
    let (folder, images) = (tempdir().unwrap(), test_images());
    let expected: Vec<u64> = images.labels[..3].iter().map(|label| u64::from(*label)).collect();
    picture(&images, 3, 80).save(folder.path().join("three.png")).unwrap();
    picture(&images, 3, 80).save(folder.path().join("three.jpg")).unwrap();
    let reports = predict(folder.path(), &["three.png", "three.jpg"]);
    for report in &reports {
        assert_eq!(digits_of(report), expected, "{report}");
        for (at, digit) in report["digits"].as_array().unwrap().iter().enumerate() {
            let x = digit["box"]["x"].as_u64().unwrap();
            assert!((80 * at as u64..80 * (at as u64 + 1)).contains(&x), "{digit}");
        }
    }
    let line = success(&run(folder.path(), &["predict", "--top", "2", "three.png"]));
    assert!(line.starts_with(&format!("three.png: {} (", expected[0])) && line.matches(" or ").count() == 3, "{line}");
}

#[test]
fn rows_of_digits_are_lines_of_their_own() {
    let (folder, images) = (tempdir().unwrap(), test_images());
    let mut page = GrayImage::from_pixel(330, 260, Luma([235]));
    for row in 0..2 {
        let mut row_images = images.clone();
        row_images.images.drain(..3 * row * PIXELS);
        imageops::replace(&mut page, &picture(&row_images, 3, 100), 15, 20 + 120 * row as i64);
    }
    page.save(folder.path().join("rows.png")).unwrap();
    let report = &predict(folder.path(), &["rows.png"])[0];
    let expected: Vec<u64> = images.labels[..6].iter().map(|label| u64::from(*label)).collect();
    assert_eq!(digits_of(report), expected, "{report}");
    let lines: Vec<&Value> = report["digits"].as_array().unwrap().iter().map(|digit| &digit["line"]).collect();
    assert_eq!(lines, [0, 0, 0, 1, 1, 1]);
    let printed = success(&run(folder.path(), &["predict", "rows.png"]));
    let lines: Vec<&str> = printed.lines().collect();
    assert_eq!(lines.len(), 3, "{printed}");
    assert_eq!(lines[0], "rows.png:");
    for (line, label) in lines[1..].iter().zip([expected[0], expected[3]]) {
        assert!(line.starts_with(&format!("  {label} (")) && line.matches('(').count() == 3, "{printed}");
    }
}

/// A scribble to and fro over the whole picture.
pub fn scribble() -> GrayImage {
    let ink = |x: u32, y: u32| (x / 3 + y / 7).is_multiple_of(4) || (2 * x + 5 * y) % 43 < 7;
    let is_inside = |x: u32, y: u32| (20..130).contains(&x) && (20..130).contains(&y);
    GrayImage::from_fn(150, 150, |x, y| Luma([if is_inside(x, y) && ink(x, y) { 20 } else { 235 }]))
}

#[test]
fn what_the_model_is_not_sure_enough_of_is_no_digit_and_its_percentages_are_calibrated() {
    let (folder, images) = (tempdir().unwrap(), test_images());
    picture(&images, 1, 80).save(folder.path().join("seven.png")).unwrap();
    scribble().save(folder.path().join("scribble.png")).unwrap();
    let files = ["scribble.png", "seven.png"];
    let calibrated = |name: &str, calibration: Calibration| {
        ModelFile { calibration, ..ModelFile::shipped() }.save(&folder.path().join(name)).unwrap();
        predict(folder.path(), &[&files[..], &["--model", name, "--top", "10"]].concat())
    };
    let plain = calibrated("plain", Calibration::default());
    let confidences = |report: &Value| {
        let guesses = report["digits"][0]["top"].as_array().unwrap();
        guesses.iter().map(|guess| guess["confidence"].as_f64().unwrap()).collect::<Vec<f64>>()
    };
    let scores = [0, 1].map(|file| {
        let confidences = confidences(&plain[file]);
        score(&confidences.into_iter().map(|confidence| confidence as f32).collect::<Vec<_>>())
    });
    let calibration = Calibration { temperature: 2.0, threshold: Some((scores[0] + scores[1]) / 2.0) };
    let reports = calibrated("strict", calibration);
    let is_digit = |report: &Value| report["digits"][0]["is_digit"].as_bool().unwrap();
    assert_eq!(reports.iter().map(is_digit).collect::<Vec<_>>(), [false, true]);
    assert!(plain.iter().all(is_digit), "without a threshold everything is a digit");
    // The softmax of half the logits.
    for (report, plain) in reports.iter().zip(&plain) {
        let roots: Vec<f64> = confidences(plain).into_iter().map(f64::sqrt).collect();
        let sum: f64 = roots.iter().sum();
        for (found, root) in confidences(report).into_iter().zip(roots) {
            assert!((found - root / sum).abs() < 1e-6, "{report}");
        }
    }
    let shipped: Vec<bool> = predict(folder.path(), &files).iter().map(is_digit).collect();
    assert_eq!(shipped, [false, true], "the model that ships knows a scribble");
    let printed = success(&run(folder.path(), &[&["predict", "--model", "strict"], &files[..]].concat()));
    let guess = &reports[0]["digits"][0];
    let (digit, percent) = (&guess["digit"], 100.0 * guess["confidence"].as_f64().unwrap());
    let expected = format!("scribble.png: no digit (most like {digit}, {percent:.1} %)\nseven.png: 7 (");
    assert!(printed.starts_with(&expected), "{printed}");
}

#[test]
fn a_picture_can_come_through_a_pipe_and_images_from_an_idx_file() {
    let (folder, images) = (tempdir().unwrap(), test_images());
    let count = 40;
    fs::write(folder.path().join("images"), idx(&images.images[..count * PIXELS])).unwrap();
    let report = &predict(folder.path(), &["images"])[0];
    let expected: Vec<u64> = images.labels[..count].iter().map(|label| u64::from(*label)).collect();
    let right = digits_of(report).iter().zip(&expected).filter(|(found, expected)| found == expected).count();
    assert!(right >= count - 1, "{report}");

    picture(&images, 1, 300).save(folder.path().join("one.png")).unwrap();
    let mut command = digits(folder.path(), &["predict", "--json", "-"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let bytes = fs::read(folder.path().join("one.png")).unwrap();
    child.stdin.take().unwrap().write_all(&bytes).unwrap();
    let report = json(success(&child.wait_with_output().unwrap()).trim());
    assert_eq!(digits_of(&report), expected[..1]);
}

#[test]
fn what_is_no_picture_is_told_and_the_other_files_are_still_read() {
    let (folder, images) = (tempdir().unwrap(), test_images());
    let path = |name: &str| folder.path().join(name);
    picture(&images, 1, 56).save(path("good.png")).unwrap();
    GrayImage::from_pixel(50, 50, Luma([200])).save(path("even.png")).unwrap();
    fs::write(path("text.png"), "no picture").unwrap();
    fs::write(path("empty.png"), "").unwrap();
    let files = ["text.png", "empty.png", "even.png", "missing.png", "good.png"];
    let output = run(folder.path(), &[&["predict"], &files[..]].concat());
    assert_eq!(output.status.code(), Some(1));
    let printed = String::from_utf8(output.stdout.clone()).unwrap();
    assert!(printed.starts_with(&format!("good.png: {} (", images.labels[0])), "{printed}");
    let message = stderr(&output);
    for expected in [
        "text.png is no picture",
        "empty.png is empty",
        "even.png shows no digit",
        "missing.png cannot be read",
        "4 of 5 files",
    ] {
        assert!(message.contains(expected), "{expected}: {message}");
    }
    assert_eq!(message.lines().filter(|line| line.starts_with("error: ")).count(), 5, "{message}");
}

/// The names at the beginning of the lines.
fn names(printed: &str) -> Vec<&str> {
    printed.lines().map(|line| line.split_once(": ").unwrap().0).collect()
}

#[test]
fn of_a_folder_its_pictures_are_read_by_name() {
    let (folder, images) = (tempdir().unwrap(), test_images());
    let path = |name: &str| folder.path().join(name);
    for name in ["pictures", "pictures/c.png", "none"] {
        fs::create_dir(path(name)).unwrap();
    }
    fs::write(path("pictures/notes.txt"), "no picture").unwrap();
    picture(&images, 1, 56).save(path("pictures/b.png")).unwrap();
    fs::copy(path("pictures/b.png"), path("pictures/a.PNG")).unwrap();
    fs::copy(path("pictures/b.png"), path("pictures/d.jpg")).unwrap();
    let printed = success(&run(folder.path(), &["predict", "pictures"]));
    assert_eq!(names(&printed), ["pictures/a.PNG", "pictures/b.png", "pictures/d.jpg"]);
    let output = run(folder.path(), &["predict", "none", "pictures/b.png"]);
    assert_eq!((output.status.code(), names(&String::from_utf8(output.stdout.clone()).unwrap()).len()), (Some(1), 1));
    assert!(stderr(&output).contains("error: none is a folder without pictures (png, jpg, "), "{}", stderr(&output));
}

#[cfg(target_os = "linux")]
#[test]
fn the_files_behind_an_error_are_read_where_it_cannot_be_told() {
    let (folder, images) = (tempdir().unwrap(), test_images());
    picture(&images, 1, 56).save(folder.path().join("good.png")).unwrap();
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let mut command = digits(folder.path(), &["predict", "missing.png", "good.png"]);
    let output = command.stderr(full).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(names(&String::from_utf8(output.stdout).unwrap()), ["good.png"]);
}

#[test]
fn nothing_through_a_pipe_is_an_empty_standard_input() {
    let folder = tempdir().unwrap();
    let output = digits(folder.path(), &["predict", "-"]).stdin(Stdio::null()).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("error: standard input is empty"), "{}", stderr(&output));
}

/// An IDX file of images of 28 x 28.
fn idx(pixels: &[u8]) -> Vec<u8> {
    let count = (pixels.len() / PIXELS) as u8;
    [&[0, 0, 8, 3, 0, 0, 0, count, 0, 0, 0, SIDE as u8, 0, 0, 0, SIDE as u8], pixels].concat()
}

#[test]
fn idx_files_dark_on_light_are_read_alike_and_a_blank_image_is_told_by_its_number() {
    let (folder, images) = (tempdir().unwrap(), test_images());
    let mut pixels = images.images[..5 * PIXELS].to_vec();
    pixels[2 * PIXELS..3 * PIXELS].fill(0);
    fs::write(folder.path().join("light"), idx(&pixels)).unwrap();
    pixels.iter_mut().for_each(|pixel| *pixel = 255 - *pixel);
    fs::write(folder.path().join("dark"), idx(&pixels)).unwrap();
    let output = run(folder.path(), &["predict", "--json", "light", "dark"]);
    let reports: Vec<Value> = success(&output).lines().map(json).collect();
    assert_eq!(reports[0]["digits"], reports[1]["digits"]);
    let digits = reports[0]["digits"].as_array().unwrap();
    for (at, digit) in digits.iter().enumerate().filter(|(at, _)| *at != 2) {
        assert_eq!(digit["digit"], images.labels[at]);
    }
    assert_eq!(digits[2], json(r#"{"digit":null,"is_digit":false,"blank":true}"#));
    let told = stderr(&output);
    assert!(told.contains("note: light shows nothing in image 2 (the first is image 0)"), "{told}");
    assert!(success(&run(folder.path(), &["predict", "dark"])).contains(", nothing, 0 ("));
}

#[test]
fn pictures_are_read_as_a_viewer_shows_them() {
    let (folder, images) = (tempdir().unwrap(), test_images());
    let path = |name: &str| folder.path().join(name);
    let sheet = picture(&images, 3, 80);
    let with = |ink: [u8; 3], paper: [u8; 4]| {
        RgbaImage::from_fn(sheet.width(), sheet.height(), |x, y| {
            let is_ink = sheet.get_pixel(x, y)[0] < 120;
            Rgba(if is_ink { [ink[0], ink[1], ink[2], 255] } else { paper })
        })
    };
    with([255; 3], [0; 4]).save(path("white-on-clear.png")).unwrap();
    with([255, 255, 0], [255; 4]).save(path("yellow.webp")).unwrap();
    with([255, 102, 0], [0, 178, 0, 255]).save(path("red-on-green.gif")).unwrap();
    let dark = |light: u8| Luma([16 * u16::from(light)]);
    ImageBuffer::<Luma<u16>, _>::from_fn(sheet.width(), sheet.height(), |x, y| dark(sheet.get_pixel(x, y)[0]))
        .save(path("twelve-bits.png"))
        .unwrap();
    // Orientation 6: what lies on its side is to be turned to the right.
    let mut encoder = JpegEncoder::new(fs::File::create(path("turned.jpg")).unwrap());
    encoder.set_exif_metadata(b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0".to_vec()).unwrap();
    let lying = imageops::rotate270(&sheet);
    encoder.write_image(&lying, lying.width(), lying.height(), ExtendedColorType::L8).unwrap();
    let files = ["white-on-clear.png", "yellow.webp", "red-on-green.gif", "twelve-bits.png", "turned.jpg"];
    let expected: Vec<u64> = images.labels[..3].iter().map(|label| u64::from(*label)).collect();
    for report in predict(folder.path(), &files) {
        assert_eq!(digits_of(&report), expected, "{report}");
    }
    let bytes = fs::read(path("turned.jpg")).unwrap();
    fs::write(path("cut.jpg"), &bytes[..bytes.len() * 8 / 10]).unwrap();
    fs::write(path("photo.heic"), b"\0\0\0\x18ftypheic\0\0\0\0mif1heic").unwrap();
    let told = stderr(&run(folder.path(), &["predict", "cut.jpg", "photo.heic"]));
    assert!(told.contains("cut.jpg is damaged: it breaks off before its end"), "{told}");
    assert!(told.contains("photo.heic is a HEIC picture, which is not read; save it as PNG or JPEG"), "{told}");
}

#[test]
fn an_annotated_picture_is_written_beside_what_is_told() {
    let (folder, images) = (tempdir().unwrap(), test_images());
    let path = |name: &str| folder.path().join(name);
    picture(&images, 3, 80).save(path("three.png")).unwrap();
    fs::write(path("why.PNG"), "older").unwrap();
    let report = &predict(folder.path(), &["three.png", "--annotate", "why.PNG"])[0];
    assert_eq!(report, &predict(folder.path(), &["three.png"])[0]);
    let annotated = image::open(path("why.PNG")).unwrap();
    assert!(annotated.width().max(annotated.height()) >= 800 && annotated.color().has_color());
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 2);

    GrayImage::from_pixel(60, 40, Luma([200])).save(path("blank.png")).unwrap();
    let output = run(folder.path(), &["predict", "blank.png", "--annotate", "nothing.png"]);
    assert!(stderr(&output).contains("error: blank.png shows no digit"), "{}", stderr(&output));
    assert_eq!(output.status.code(), Some(1));
    assert!(image::open(path("nothing.png")).is_ok(), "where nothing is read a person asks why, too");
}

#[test]
fn one_picture_is_annotated_and_never_written_over() {
    let (folder, images) = (tempdir().unwrap(), test_images());
    let path = |name: &str| folder.path().join(name);
    picture(&images, 1, 80).save(path("a.png")).unwrap();
    let before = fs::read(path("a.png")).unwrap();
    fs::create_dir(path("folder")).unwrap();
    fs::write(
        path("images"),
        [&[0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 28, 0, 0, 0, 28][..], &images.images[..PIXELS]].concat(),
    )
    .unwrap();
    for (options, code, expected) in [
        (&["a.png", "a.png", "--annotate", "out.png"][..], 2, "--annotate out.png takes one picture, not 2"),
        (&["folder", "--annotate", "out.png"], 2, "--annotate out.png takes one picture, and folder is a folder"),
        (&["a.png", "--annotate", "out.jpg"], 2, "--annotate writes a PNG file, so out.jpg is to end with .png"),
        (&["a.png", "--annotate", "./a.png"], 2, "--annotate would write over ./a.png, the picture itself"),
        (&["images", "--annotate", "out.png"], 2, "--annotate takes a picture, and images is an IDX file of images"),
        (&["a.png", "--annotate", "no/out.png"], 1, "no/out.png cannot be written: there is no folder no"),
    ] {
        let output = run(folder.path(), &[&["predict"], options].concat());
        let stderr = stderr(&output);
        assert!(output.status.code() == Some(code) && stderr.contains(&format!("error: {expected}")), "{stderr}");
        assert!(output.stdout.is_empty() && fs::read_dir(&folder).unwrap().count() == 3, "{options:?}");
    }
    assert!(fs::read(path("a.png")).unwrap() == before);
}

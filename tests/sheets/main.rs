//! Whole sheets, made of images that no model was trained on, and how many are read right.

mod make;

use std::collections::BTreeMap;

use digits::gpu::{Gpu, Request};
use digits::mnist::{DataSet, Split};
use digits::model::Model;
use digits::network::ModelFile;
use digits::picture::{Digit, Pictures};
use digits::predict::{Digits, Reader};
use image::GrayImage;
use pollster::FutureExt as _;

use make::{Making, sheet};

fn reader() -> Reader {
    let gpu = Gpu::open(&Request::default()).block_on().unwrap_or_else(|error| panic!("{error}"));
    let file = ModelFile::shipped();
    Reader::new(Model::new(&gpu, &file.network, &file.parameters).unwrap(), file.calibration)
}

/// What each line of a picture is read as; 10 for what is no digit.
fn read(reader: &mut Reader, picture: GrayImage) -> Vec<Vec<u8>> {
    let Ok(digits) = Digits::of(&Pictures::Picture(picture)) else { return Vec::new() };
    let read = reader.read(digits).block_on().unwrap();
    let lines = read.chunk_by(|(a, _), (b, _)| a.line == b.line);
    let best = |p: &[f32]| (0..p.len()).max_by(|a, b| p[*a].total_cmp(&p[*b])).unwrap() as u8;
    let line = |line: &[(Digit, digits::network::Judgement)]| {
        line.iter().map(|(_, judgement)| if judgement.is_digit { best(&judgement.probabilities) } else { 10 }).collect()
    };
    lines.map(line).collect()
}

#[derive(Default, Debug)]
struct Count {
    sheets: usize,
    found: usize,
    right: usize,
}

#[test]
#[ignore = "figures"]
fn figures() {
    let env = |name: &str, or: u32| std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(or);
    let (first, count) = (env("FIRST", 0), env("COUNT", 200));
    let data: DataSet = Split::embedded().unwrap().validation;
    let mut reader = reader();
    let mut counts: BTreeMap<String, Count> = BTreeMap::new();
    let mut wrong = (0, 0);
    for number in first..first + count {
        let (picture, labels, Making { print, around, light, camera, is_board }) = sheet(&data, number);
        if let Ok(folder) = std::env::var("WRONG") {
            std::fs::create_dir_all(&folder).unwrap();
            unsafe { std::env::set_var("DBG", format!("{folder}/{number}")) };
        }
        let read = read(&mut reader, picture.clone());
        let shape = |lines: &[Vec<u8>]| lines.iter().map(Vec::len).collect::<Vec<_>>();
        let (found, right) = (shape(&read) == shape(&labels), read == labels);
        if found {
            let pairs = read.iter().flatten().zip(labels.iter().flatten());
            wrong.0 += pairs.clone().filter(|(a, b)| a != b).count();
            wrong.1 += pairs.count();
        }
        if !right && let Ok(folder) = std::env::var("WRONG") {
            std::fs::create_dir_all(&folder).unwrap();
            picture.save(format!("{folder}/{number}.png")).unwrap();
            println!("{number} {print:?} {around:?} {light:?} {camera:?} {is_board}\n   {labels:?}\n   {read:?}");
        }
        let kinds = [
            format!("1 {print:?}"),
            format!("2 {around:?}"),
            format!("3 {light:?}"),
            format!("4 {camera:?}"),
            format!("5 board {is_board}"),
            "all".into(),
        ];
        for kind in kinds {
            let count = counts.entry(kind).or_default();
            count.sheets += 1;
            count.found += usize::from(found);
            count.right += usize::from(right);
        }
    }
    for (kind, Count { sheets, found, right }) in counts {
        let share = |count: usize| 100.0 * count as f32 / sheets as f32;
        println!("{kind:24} {sheets:4}  found {:5.1}  right {:5.1}", share(found), share(right));
    }
    println!("where all are found {} of {} are read wrong", wrong.0, wrong.1);
}

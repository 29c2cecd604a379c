//! docs/learn stays true: its links lead to the lines that they quote, its numbers are the reference's, its pictures are what
//! the example draws, and its tables name every kernel of a training step.
//!
//! Code has moved? `UPDATE_LEARN=1 cargo test --release --test learn` writes the new line numbers.

#[path = "../examples/learn_pictures/convolution.rs"]
mod convolution;
#[path = "../examples/learn_pictures/cores.rs"]
mod cores;
#[path = "../examples/learn_pictures/pictures.rs"]
mod pictures;
#[path = "../examples/learn_pictures/svg.rs"]
mod svg;
#[path = "../examples/learn_pictures/training.rs"]
mod training;
#[path = "../examples/learn_pictures/worked.rs"]
mod worked;

use std::path::{Path, PathBuf};

use digits::gpu::{Core, Gpu, Operands, Request, Settings};
use digits::layers::batch::Images;
use digits::measure::Training;
use digits::mnist::Split;
use digits::reference::adam::{self, Adam};
use digits::reference::conv;
use pictures::pictures;
use pollster::FutureExt as _;
use training::{STEPS, Trained};
use worked::{BIAS, D_Y, SHAPE, W, Worked, X, number};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The chapters with their text.
fn chapters() -> Vec<(PathBuf, String)> {
    let folder = root().join("docs/learn").read_dir().expect("docs/learn is a folder");
    let mut files: Vec<PathBuf> = folder.map(|entry| entry.expect("it can be listed").path()).collect();
    files.retain(|file| file.extension().is_some_and(|ending| ending == "md"));
    files.sort();
    files.into_iter().map(|file| (file.clone(), read(&file))).collect()
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A link to a line of the code, `[label:7](../../path#L7) ` and behind it the words that stand there, in backquotes.
struct Quote<'a> {
    label: &'a str,
    path: &'a str,
    line: &'a str,
    words: &'a str,
    /// All of it, as it stands in the text.
    whole: &'a str,
}

/// The quotes of a chapter.
fn quotes(text: &str) -> Vec<Quote<'_>> {
    let mut quotes = Vec::new();
    for (at, _) in text.match_indices("](../../") {
        let start = text[..at].rfind('[').expect("a link has a label");
        let end = at + text[at..].find(')').expect("a link has an end");
        let (label, target) = (&text[start + 1..at], &text[at + "](../../".len()..end]);
        let Some((path, line)) = target.split_once("#L") else { continue };
        let behind = text[end..].strip_prefix(") `").and_then(|rest| rest.split_once('`'));
        let (words, _) = behind.unwrap_or_else(|| panic!("[{label}] quotes no words of its line"));
        let whole = &text[start..end + ") `".len() + words.len() + 1];
        quotes.push(Quote { label, path, line, words, whole });
    }
    quotes
}

impl Quote<'_> {
    /// The number of the line where the words stand, if it is another than the link says.
    fn moved(&self) -> Result<Option<usize>, String> {
        let Quote { path, line, words, .. } = self;
        let text = std::fs::read_to_string(root().join(path)).map_err(|error| format!("{path}: {error}"))?;
        let lines = || text.lines().enumerate().filter(|(_, text)| text.contains(words)).map(|(index, _)| index + 1);
        if lines().any(|number| *line == number.to_string()) {
            return Ok(None);
        }
        match lines().collect::<Vec<_>>()[..] {
            [] => {
                let now = line.parse().ok().and_then(|line: usize| text.lines().nth(line - 1)).unwrap_or("").trim();
                Err(format!("{path} no longer has the words `{words}` anywhere; in line {line} stands `{now}`"))
            }
            [number] => Ok(Some(number)),
            ref several => Err(format!("`{words}` stands in none but the lines {several:?} of {path}: quote more")),
        }
    }

    /// The link with the right number.
    fn at(&self, number: usize) -> String {
        let (name, _) = self.label.split_once(':').expect("a label has a number");
        format!("[{name}:{number}](../../{}#L{number}) `{}`", self.path, self.words)
    }
}

#[test]
fn every_link_leads_to_the_line_that_it_quotes() {
    let (mut mistakes, mut count) = (Vec::new(), 0);
    for (file, text) in chapters() {
        let name = file.strip_prefix(root()).unwrap().display().to_string();
        let mut updated = text.clone();
        for quote in quotes(&text) {
            count += 1;
            let Quote { label, path, line, whole, .. } = quote;
            let shown = path.strip_prefix("shaders/").unwrap_or(path);
            if *label != format!("{shown}:{line}") {
                mistakes.push(format!("{name}: [{label}] leads to {path}:{line}"));
            }
            match quote.moved() {
                Ok(None) => {}
                Ok(Some(number)) => {
                    updated = updated.replace(whole, &quote.at(number));
                    mistakes.push(format!("{name}: `{}` moved from {path}:{line} to line {number}", quote.words));
                }
                Err(error) => mistakes.push(format!("{name}: {error}")),
            }
        }
        if std::env::var_os("UPDATE_LEARN").is_some() {
            std::fs::write(&file, updated).expect("the chapter can be written");
        }
    }
    assert!(count > 100, "{count} links: they are not found");
    let help = "UPDATE_LEARN=1 writes the numbers of lines that moved; then run the test again";
    assert!(mistakes.is_empty(), "{}\n{help}", mistakes.join("\n"));
}

#[test]
fn every_pass_of_the_worked_example_is_the_product_that_the_text_says() {
    let worked = Worked::new();
    let turned: Vec<f64> = (0..4).flat_map(|n| (0..10).map(move |k| 4 * k + n)).map(|at| worked.patches[at]).collect();
    assert_eq!(product(&worked.row(), &worked.patches), worked.y);
    let d_row: Vec<f64> = worked.d_w.iter().copied().chain([worked.d_bias]).collect();
    assert_eq!(product(&D_Y, &turned), d_row);
    assert_eq!(product(&W, &worked.d_patches), worked.d_x);
}

/// A row times a matrix with as many rows as it has numbers.
fn product(a: &[f64], b: &[f64]) -> Vec<f64> {
    let columns = b.len() / a.len();
    (0..columns).map(|n| a.iter().enumerate().map(|(k, a)| a * b[k * columns + n]).sum()).collect()
}

#[test]
fn the_numbers_of_the_text_are_the_references() {
    let (worked, text) = (Worked::new(), chapters().into_iter().map(|(_, text)| text).collect::<String>());
    let (mut w, mut m, mut v) = (W, [0.0; 9], [0.0; 9]);
    adam::step(&mut w, &worked.d_w, &mut m, &mut v, 1, &Adam::new(1e-3));
    let (d_w_pooled, _) = conv::backward_weights(&worked.d_sums, &X, &SHAPE);
    let blocks = [
        grid("x", &X, 4, 0),
        grid("w", &W, 3, 0),
        grid("y", &worked.y, 2, 0),
        grid("d_y", &D_Y, 2, 0),
        grid("d_w", &worked.d_w, 3, 0),
        grid("d_x", &worked.d_x, 4, 0),
        grid("d_s", &worked.d_sums, 2, 0),
        grid("d_w", &d_w_pooled, 3, 0),
        grid("w", &w, 3, 3),
    ];
    for block in blocks {
        assert!(text.contains(&format!("```text\n{block}\n```")), "docs/learn lacks\n{block}");
    }
    assert!(text.contains(&format!("and a bias of {}.", number(BIAS))));
    assert!(text.contains(&format!("The bias's gradient is {},", worked.d_bias)));
    assert!(text.contains(&format!("Forward, {} wins. It is number {} of the window", worked.pooled, worked.winner)));
}

/// A matrix as the text shows it: its name, then its rows below each other, with so many places behind the point.
fn grid(name: &str, values: &[f64], columns: usize, places: usize) -> String {
    let decimal = |value: &f64| format!("{}{:.places$}", if *value < 0.0 { "−" } else { "" }, value.abs());
    let numbers: Vec<String> = values.iter().map(decimal).collect();
    let width = numbers.iter().map(|number| number.chars().count()).max().unwrap_or(0);
    let rows = numbers.chunks(columns).enumerate().map(|(index, row)| {
        let before = if index == 0 { format!("{name} = ") } else { " ".repeat(name.chars().count() + 3) };
        let row: Vec<String> = row.iter().map(|number| format!("{number:>width$}")).collect();
        before + &row.join("  ")
    });
    rows.collect::<Vec<_>>().join("\n")
}

#[test]
fn the_pictures_are_what_the_example_draws_and_each_is_shown() {
    let (worked, trained) = (Worked::new(), Trained::new());
    let text = chapters().into_iter().map(|(_, text)| text).collect::<String>();
    for picture in pictures(&worked, &trained) {
        let file = format!("{}.svg", picture.name);
        let drawn = read(&root().join("docs/learn").join(&file));
        assert!(drawn == picture.file(), "docs/learn/{file} is old: cargo run --release --example learn_pictures");
        assert!(text.contains(&format!("]({file})")), "no chapter shows {file}");
    }
    let losses = [trained.loss(0), trained.loss(STEPS - 10)].map(|loss| format!("{loss:.2}"));
    let [first, last] = &losses;
    let sentence = format!("The mean loss of the first ten steps is {first}, of the last ten {last}.");
    assert!(text.contains(&sentence), "docs/learn does not say: {sentence}");
}

#[test]
fn the_tables_name_every_kernel_of_a_training_step_in_its_order() {
    let gpu = Gpu::open(&Request::default()).block_on().unwrap_or_else(|error| panic!("{error}"));
    let test = Split::embedded().expect("MNIST is in the program").test;
    let text = read(&root().join("docs/learn/4-kernels.md"));
    let machines = [
        ("## On a GPU", Core::Tile, Operands::Buffers),
        ("## Without one", Core::Broadcast { lanes: 8 }, Operands::Textures),
    ];
    for (heading, core, operands) in machines {
        let gpu = gpu.with(Settings { core, operands, ..gpu.settings() });
        let images = Images::new(&gpu, &test.images, &test.labels).expect("they fit");
        let training = Training::seed(&gpu, &images).expect("the kernels can be built");
        let expected: Vec<String> = training.recording().dispatches().map(|(name, _)| name.to_string()).collect();
        let (_, rest) = text.split_once(heading).unwrap_or_else(|| panic!("there is no {heading}"));
        let section = rest.split("\n## ").next().unwrap();
        let rows = section.lines().filter(|line| line.starts_with("| `"));
        let name = |row: &str| row[2..].split("<br>").next().unwrap().replace('`', "");
        let named: Vec<String> = rows.map(name).collect();
        assert_eq!(named, expected, "{heading}");
    }
}

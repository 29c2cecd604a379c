//! The options that choose images, and what they come to: the parts of a set and the names of its classes.

use std::path::{Path, PathBuf};

use anyhow::{anyhow, ensure};
use clap::Args;
use digits::datasets::{Change, Cut, Fit, Found, Need, Parts, Unfit};
use digits::files;
use digits::limits::TEXT_MIB;
use digits::mnist::Split;
use digits::network::{Classes, Shape};

use super::text_of;

/// Which images.
#[derive(Args)]
pub struct DataOptions {
    /// Data set in place of MNIST, which is built in: a folder with IDX files, raw or gzip, with a folder of pictures for each
    /// class, or with train.csv, or a CSV file. Of several sets of IDX files, what their names begin with: emnist/emnist-letters
    #[arg(long, value_name = "DIR|FILE.csv")]
    data: Option<PathBuf>,
    /// Take rows for columns: EMNIST's files have them so
    #[arg(long, requires = "data")]
    transpose: bool,
    /// Take black for white: MNIST and what is read by digits predict are light on black
    #[arg(long, requires = "data")]
    invert: bool,
    /// Training images to keep for validation, so many or such a share, 0.1 or 10% [default: the files' own, or a sixth: the last]
    #[arg(long, value_name = "COUNT|SHARE", value_parser = parse_cut)]
    validation: Option<Cut>,
}

/// A set that was asked for.
pub struct Data {
    pub split: Split,
    pub classes: Classes,
    /// How the parts came to be, and whether some were cut off others.
    pub said: String,
    is_cut: bool,
}

impl Data {
    /// How the parts came to be, where some were cut off others.
    pub fn said_of_cuts(&self) -> Option<&str> {
        self.is_cut.then_some(&self.said)
    }
}

impl DataOptions {
    /// What is needed of the set, its images of size [H, W], where it is not MNIST as it is; its classes are those that `choose`
    /// takes.
    pub fn read(
        &self,
        size: [usize; 2],
        need: Need,
        choose: impl FnOnce(&Found) -> Result<Classes, Unfit>,
    ) -> anyhow::Result<Option<Data>> {
        let found = match &self.data {
            None if self.validation.is_none() => return Ok(None),
            None => Found::mnist()?,
            Some(path) => Found::read(path, &Fit { size, changes: self.changes() }, need)?,
        };
        let unfit = |problem| anyhow!("{} {problem}", self.name());
        let classes = choose(&found).map_err(unfit)?;
        let parts = found.labelled(&classes).and_then(|found| found.split(self.validation));
        let Parts { split, said, is_cut } = parts.map_err(unfit)?;
        Ok(Some(Data { split, classes, said, is_cut }))
    }

    /// Whether the images are MNIST's.
    pub fn is_mnist(&self) -> bool {
        self.data.is_none()
    }

    pub fn name(&self) -> String {
        self.data.as_ref().map_or("MNIST".into(), |folder| folder.display().to_string())
    }

    fn changes(&self) -> Vec<Change> {
        let changes = [(self.transpose, Change::Transpose), (self.invert, Change::Invert)];
        changes.into_iter().filter(|(is_asked_for, _)| *is_asked_for).map(|(_, change)| change).collect()
    }
}

/// A count, or a share of all.
fn parse_cut(text: &str) -> Result<Cut, String> {
    let share = match text.strip_suffix('%') {
        Some(percent) => percent.trim().parse().ok().map(|percent: f64| percent / 100.0),
        None if text.contains('.') => text.parse().ok(),
        None => None,
    };
    match (share, text.parse()) {
        (Some(share), _) if 0.0 < share && share < 1.0 => Ok(Cut::Share(share)),
        (None, Ok(count @ 1..)) => Ok(Cut::Count(count)),
        _ => Err(format!("\"{text}\" is neither a count, such as 5000, nor a share, such as 0.1 or 10%")),
    }
}

/// The names of classes: those of a file, a line each, where there is one of this name, or with commas between them.
pub fn class_names(text: &str) -> anyhow::Result<Vec<String>> {
    let path = Path::new(text);
    if path.is_dir() || !path.exists() {
        return Ok(text.split(',').map(|name| name.trim().to_string()).collect());
    }
    let lines = text_of(files::load(path, TEXT_MIB), text)?;
    let lines = str::from_utf8(&lines).map_err(|_| anyhow!("{text} is no text in UTF-8"))?;
    let names: Vec<String> =
        lines.lines().map(|line| line.trim().to_string()).filter(|line| !line.is_empty()).collect();
    ensure!(!names.is_empty(), "{text} names no class: it has a name in each line");
    Ok(names)
}

/// The shape of `32x32` or `28x20`.
pub fn parse_input(text: &str) -> Result<Shape, String> {
    let sides = text.split_once('x').and_then(|(height, width)| Some((height.parse().ok()?, width.parse().ok()?)));
    let shape = sides.and_then(|(height, width)| Shape::of_images(height, width));
    shape.ok_or_else(|| format!("\"{text}\" is no height and width, such as 32x32: even numbers from 8 to 64"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_is_a_count_or_a_share() {
        assert_eq!(
            [parse_cut("10"), parse_cut("0.5"), parse_cut("25%")],
            [Ok(Cut::Count(10)), Ok(Cut::Share(0.5)), Ok(Cut::Share(0.25))]
        );
        for text in ["0", "1.0", "0.0", "100%", "-1", "", "x", "1e3", "nan%"] {
            assert!(parse_cut(text).is_err(), "{text}");
        }
    }

    #[test]
    fn sides_are_even_and_neither_tiny_nor_huge() {
        assert_eq!(parse_input("28x20").unwrap().to_string(), "1x28x20");
        for text in ["28", "28x", "27x28", "6x8", "66x64", "28x28x1", "-8x8"] {
            assert!(parse_input(text).is_err(), "{text}");
        }
    }
}

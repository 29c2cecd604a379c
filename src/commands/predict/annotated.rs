//! `digits predict --annotate`: the picture with what was read off it, as a PNG file.

use std::io::Cursor;
use std::path::Path;

use anyhow::anyhow;
use digits::annotate::Annotated;
use digits::files;
use digits::network::{Classes, Judgement};
use digits::picture::{Digit, Pictures};
use image::{GrayImage, ImageFormat};

use super::super::Misuse;
use super::sources::SourceOptions;

/// Whether `out` can become the annotated picture of what the options name, which is to be one picture.
pub fn check(out: &Path, of: &SourceOptions) -> anyhow::Result<()> {
    let name = out.display();
    let misuse = |sentence: String| Err(Misuse(sentence).into());
    let picture = match of.only() {
        Ok(picture) => picture,
        Err(problem) => return misuse(format!("--annotate {name} takes {problem}")),
    };
    if !out.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("png")) {
        return misuse(format!("--annotate writes a PNG file, so {name} is to end with .png"));
    }
    if out.canonicalize().is_ok_and(|out| picture.canonicalize().is_ok_and(|picture| out == picture)) {
        return misuse(format!("--annotate would write over {name}, the picture itself: choose another file"));
    }
    files::check(out).map_err(|error| anyhow!("{name} {error}"))
}

/// The picture that is to be annotated.
pub fn picture<'a>(of: &Path, pictures: &'a Pictures) -> Result<&'a GrayImage, Misuse> {
    match pictures {
        Pictures::Picture(picture) => Ok(picture),
        Pictures::Images(_) => {
            Err(Misuse(format!("--annotate takes a picture, and {} is an IDX file of images", of.display())))
        }
    }
}

/// Writes a picture with what was read off it.
pub fn write(out: &Path, picture: &GrayImage, digits: &[(Digit, Judgement)], classes: &Classes) -> anyhow::Result<()> {
    let mut file = Cursor::new(Vec::new());
    Annotated::of(picture, digits, classes).image.write_to(&mut file, ImageFormat::Png)?;
    files::replace(out, &file.into_inner()).map_err(|error| anyhow!("{} {error}", out.display()))
}

//! The pictures of docs/learn, drawn from the reference's numbers and from a training of two hundred steps, which takes seconds:
//!
//! ```sh
//! cargo run --release --example learn_pictures
//! ```
//!
//! tests/learn.rs shares the worked example and its pictures, and fails where a file is no longer what this writes.

mod convolution;
mod cores;
mod pictures;
mod svg;
mod training;
mod worked;

use std::path::Path;

use pictures::pictures;
use training::{LEARNING_RATE, Trained};
use worked::Worked;

fn main() -> std::io::Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/learn");
    let worked = Worked::new();
    let trained = Trained::new();
    println!(
        "loss of steps 1 to 10: {:.2}, of the last ten: {:.2} (learning rate {LEARNING_RATE})",
        trained.loss(0),
        trained.loss(training::STEPS - 10)
    );
    for picture in pictures(&worked, &trained) {
        std::fs::write(folder.join(picture.name).with_extension("svg"), picture.file())?;
    }
    Ok(())
}

//! Recognise a drawing in ten lines, by the model that is in the library:
//!
//! ```sh
//! cargo run --release --example recognise
//! ```

use std::error::Error;

use digits::gpu::{Gpu, Request};
use digits::model::Model;
use digits::network::{ModelFile, best};
use digits::pen::Strokes;
use digits::picture::normalise_strokes;
use digits::recognize::Recognizer;
use pollster::FutureExt as _;

pub fn main() -> Result<(), Box<dyn Error>> {
    let drawing: Strokes = "30,40 70,40 68,60 52,80 45,130".parse()?;
    let image = normalise_strokes(&drawing).ok_or("nothing is drawn")?;

    let ModelFile { network, parameters, calibration, .. } = ModelFile::shipped();
    let gpu = Gpu::open(&Request::default()).block_on()?;
    let recognizer = Recognizer::new(&Model::new(&gpu, &network, &parameters)?, 1)?;
    let seen = calibration.judge(recognizer.recognize(&image).block_on()?);

    let digit = best(&seen.probabilities);
    println!("{digit}, {:.1} %", 100.0 * seen.probabilities[digit]);
    assert!(seen.is_digit && digit == 7);
    Ok(())
}

//! What a model says of MNIST's test images: the calibrated probabilities, 10,000 times ten numbers of `f32`, little-endian.
//! `scripts/check_onnx.py` compares them with what onnxruntime makes of the exported model:
//!
//! ```sh
//! cargo run --release --example probabilities -- [MODEL] > probabilities.f32
//! ```

use std::error::Error;
use std::io::{self, Write};
use std::path::Path;

use digits::gpu::{Gpu, Request};
use digits::mnist::Split;
use digits::model::Model;
use digits::network::ModelFile;
use digits::recognize::Recognizer;
use pollster::FutureExt as _;

fn main() -> Result<(), Box<dyn Error>> {
    let file = match std::env::args_os().nth(1) {
        Some(path) => ModelFile::load(Path::new(&path))?,
        None => ModelFile::shipped(),
    };
    let gpu = Gpu::open(&Request::default()).block_on()?;
    let recognizer = Recognizer::new(&Model::new(&gpu, &file.network, &file.parameters)?, 128)?;
    let images: Vec<u8> = Split::embedded()?.test.images;
    let mut probabilities = recognizer.recognize(&images).block_on()?;
    for image in probabilities.chunks_exact_mut(file.network.classes()) {
        file.calibration.apply(image);
    }
    let bytes: Vec<u8> = probabilities.into_iter().flat_map(f32::to_le_bytes).collect();
    Ok(io::stdout().write_all(&bytes)?)
}

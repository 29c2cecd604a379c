//! How long reading pictures takes, a digit in each file, beside recognition of what they show. What stands between the two
//! is finding the digit, and asking the network about more than one image of it where it could be two that touch.

use std::path::PathBuf;

use pollster::FutureExt as _;
use serde::{Deserialize, Serialize};

use super::Throughput;
use crate::evaluate;
use crate::gpu::{Gpu, GpuError};
use crate::model::Model;
use crate::network::ModelFile;
use crate::picture::Pictures;
use crate::predict::{Digits, Reader};
use crate::recognize::Recognizer;

/// Many pictures by the model that ships with the program: how much there is to ask depends on how sure it is.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reading {
    /// Files, as `digits predict --out` reads them.
    pub files: Throughput,
    /// The same digits as images in memory, as `digits eval` recognizes them.
    pub images: Throughput,
}

impl Reading {
    /// Reads `files`, whose digits are the `images`, [N, 28, 28].
    ///
    /// # Errors
    /// A kernel cannot be built or the device failed.
    pub fn measure(gpu: &Gpu, files: &[PathBuf], images: &[u8]) -> Result<Reading, GpuError> {
        let file = ModelFile::shipped();
        let model = Model::new(gpu, &file.network, &file.parameters)?;
        let recognizer = Recognizer::new(&model, evaluate::batch(gpu))?;
        let images = Throughput::measure(files.len(), || recognizer.recognize(images).block_on().map(drop))?;
        let mut reader = Reader::new(model, file.calibration);
        let find = |at: usize| Digits::of(&Pictures::open(&files[at]).map_err(drop)?).map_err(drop);
        let files = Throughput::measure(files.len(), || reader.read_many(files.len(), find, |_, _| Ok(())))?;
        Ok(Reading { files, images })
    }
}

//! Numbers that lie in a file beside an ONNX file, as PyTorch's exporter leaves them.

use std::cell::Cell;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use onnx_rs::ast::TensorProto;

use crate::import::ImportProblem as Problem;
use crate::limits::IMPORT_MIB;

/// The folder of an ONNX file, if it lies in one.
pub struct Beside<'p> {
    folder: Option<&'p Path>,
    /// How many bytes may still be read: many tensors may name the same ones.
    left: Cell<u64>,
}

impl Beside<'_> {
    pub fn new(folder: Option<&Path>) -> Beside<'_> {
        Beside { folder, left: Cell::new(IMPORT_MIB << 20) }
    }

    /// The bytes of a tensor that has them in another file.
    pub fn read(&self, tensor: &TensorProto) -> Result<Vec<u8>, Problem> {
        let problem =
            |what: &str| Problem::Graph(format!("the numbers of {} are in another file, {what}", tensor.name()));
        let entry = |key| tensor.external_data().iter().find(|entry| entry.key == key).map(|entry| entry.value);
        let name = entry("location").unwrap_or_default();
        // A name alone: a file says nothing of what lies elsewhere.
        let folder = self.folder.filter(|_| Path::new(name).file_name() == Some(OsStr::new(name)));
        let folder = folder.ok_or_else(|| problem("which does not lie beside it"))?;
        let number = |key, missing| entry(key).map_or(Ok(missing), str::parse::<u64>);
        let (Ok(offset), Ok(length)) = (number("offset", 0), number("length", 0)) else {
            return Err(problem("at a place that is none"));
        };
        self.left.set(self.left.get().checked_sub(length).ok_or(Problem::TooLarge)?);
        let mut bytes = Vec::new();
        let read = File::open(folder.join(name)).and_then(|mut file| {
            file.seek(SeekFrom::Start(offset))?;
            file.take(length).read_to_end(&mut bytes)
        });
        read.map_err(|error| problem(&format!("{name}, which cannot be read: {error}")))?;
        Ok(bytes)
    }
}

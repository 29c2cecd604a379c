//! Drawings as a pen makes them: strokes, drawn at any size, and the files that keep them with what they show.

mod file;
mod strokes;
mod uci;

#[cfg(not(target_arch = "wasm32"))]
pub(crate) use file::decode_pen_file;
pub use file::{LineProblem, PenError, PenSample, encode_pen_file, read_pen_file, write_pen_file};
pub use strokes::{Point, Strokes, StrokesError};

//! What a file may ask for, at most. A damaged or a made-up file can claim to be anything, and one of a few bytes can unpack to more
//! than a machine has, so each reader refuses what is beyond these figures, in a sentence that names them.

#[cfg(not(target_arch = "wasm32"))]
use std::fmt::Write as _;

/// A picture or an IDX file for `digits predict`, the latter unpacked, in MiB.
pub const PICTURE_MIB: u64 = 256;
/// Width and height of a picture, and of an image of an IDX file, in pixels.
pub const PICTURE_SIDE: u32 = 1 << 14;
/// Pixels of a picture, in millions: finding digits takes about 50 bytes for each that is read, at worst 100 where they are many.
pub const PICTURE_MEGAPIXELS: u64 = 100;
/// A picture of more is read at half its size.
pub const WHOLE_MEGAPIXELS: u64 = 40;
/// A picture as its decoder unpacks it, in MiB.
pub const PICTURE_UNPACKED_MIB: u64 = 512;
/// The images of a data set, each part for itself, in MiB: as the file has them, and as the network takes them.
pub const SET_MIB: usize = 1024;
/// A row of a CSV file, in MiB.
pub const CSV_ROW_MIB: u64 = 16;
/// A pen file, unpacked, in MiB.
pub const PEN_MIB: u64 = 64;
/// Points of a drawing.
pub const POINTS: usize = 100_000;
/// Layers of a network.
pub const LAYERS: usize = 250;
/// Weights, and numbers for an image, of one layer: more is a slip of the pen, and would overflow 32-bit addresses.
pub const LAYER_NUMBERS: usize = 1 << 26;
/// Weights, and numbers for an image, of all layers.
pub const NETWORK_NUMBERS: usize = 1 << 27;
/// A model file, in MiB: twice what the weights of the largest network take.
pub const MODEL_MIB: u64 = 1024;
/// The header of a safetensors file, in MiB: it is JSON, which takes many times its size in memory.
pub const HEADER_MIB: u64 = 1;
/// A checkpoint, in MiB: four vectors of the largest network, and what was told of a long training.
pub const CHECKPOINT_MIB: u64 = 2200;
/// A file of another program's weights, and the numbers beside an ONNX file, in MiB.
pub const IMPORT_MIB: u64 = 256;
/// Fields of all messages of an ONNX file together. An element of a list takes two bytes of a file, and hundreds in memory.
pub const ONNX_FIELDS: usize = 1 << 16;
/// What all layers of an ONNX file may have, and what nodes make of constants, in numbers.
pub const ONNX_NUMBERS: usize = 1 << 26;
/// The log of a training, figures of `digits bench`, and other text, in MiB.
pub const TEXT_MIB: u64 = 64;

/// All of them, for people.
#[cfg(not(target_arch = "wasm32"))]
pub fn table() -> String {
    let most = |numbers: usize| indicatif::HumanCount(numbers as u64);
    let [fields, onnx, layer, network, points] =
        [ONNX_FIELDS, ONNX_NUMBERS, LAYER_NUMBERS, NETWORK_NUMBERS, POINTS].map(most);
    let rows = [
        (
            "picture",
            format!("{PICTURE_MIB} MiB, {PICTURE_SIDE} pixels wide or high, {PICTURE_MEGAPIXELS} million pixels,"),
        ),
        (
            "",
            format!(
                "{PICTURE_UNPACKED_MIB} MiB unpacked; reading it takes about 50 bytes for each pixel, 100 for large ones at worst"
            ),
        ),
        ("", format!("above {WHOLE_MEGAPIXELS} million pixels it is read at half its size")),
        ("IDX file to predict", format!("{PICTURE_MIB} MiB unpacked, images of {PICTURE_SIDE} pixels a side")),
        ("data set", format!("{SET_MIB} MiB for each part, images of {PICTURE_SIDE} pixels a side")),
        ("row of a CSV file", format!("{CSV_ROW_MIB} MiB")),
        ("pen file", format!("{PEN_MIB} MiB unpacked, {points} points for each drawing")),
        ("text of a network", format!("{LAYERS} layers; {layer} weights, and numbers for an image, in a layer,")),
        ("", format!("{network} in all")),
        ("model file", format!("{MODEL_MIB} MiB, {HEADER_MIB} MiB of it header")),
        ("checkpoint", format!("{CHECKPOINT_MIB} MiB")),
        ("file to import", format!("{IMPORT_MIB} MiB; safetensors: {HEADER_MIB} MiB of it header;")),
        ("", format!("ONNX: {fields} fields, {onnx} numbers in all layers")),
        ("log, bench figures, list", format!("{TEXT_MIB} MiB")),
    ];
    let mut table = String::from("What a file may ask for, at most; what asks for more is refused with the figure:\n");
    for (what, most) in rows {
        write!(table, "\n  {what:<26}{most}").expect("memory takes all that is written");
    }
    table
}

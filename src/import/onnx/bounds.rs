//! What an ONNX file may hold: a look at its messages before they are parsed, since a parser that goes from message to message
//! has no end of stack and memory for files that are made to take them.

use crate::limits::ONNX_FIELDS;

/// Why a file is not parsed.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    #[error("it has more than {ONNX_FIELDS} fields, the most that is read")]
    Fields,
    #[error("{0}")]
    Form(&'static str),
}

impl From<&'static str> for Refusal {
    fn from(reason: &'static str) -> Refusal {
        Refusal::Form(reason)
    }
}

/// The messages that are looked into. What is in all others is text and numbers.
#[derive(Clone, Copy, PartialEq)]
enum Message {
    Model,
    Graph,
    Node,
    Attribute,
    Tensor,
    Value,
    Type,
    TensorType,
    TensorShape,
}

const VARINT: u64 = 0;
const FIXED64: u64 = 1;
const BYTES: u64 = 2;
const FIXED32: u64 = 5;

/// Whether the file may be parsed: graphs within graphs, functions and types within types have no place in a chain of layers.
pub fn check(file: &[u8]) -> Result<(), Refusal> {
    check_message(file, Message::Model, &mut { ONNX_FIELDS })
}

fn check_message(mut rest: &[u8], message: Message, fields_left: &mut usize) -> Result<(), Refusal> {
    while !rest.is_empty() {
        *fields_left = fields_left.checked_sub(1).ok_or(Refusal::Fields)?;
        let tag = varint(&mut rest)?;
        let (field, wire) = (tag >> 3, tag & 7);
        if !is_expected(message, field, wire) {
            return Err("a field has another type than ONNX gives it".into());
        }
        let length = match wire {
            VARINT => {
                varint(&mut rest)?;
                continue;
            }
            FIXED64 => 8,
            FIXED32 => 4,
            _ => varint(&mut rest)?,
        };
        let length = usize::try_from(length).ok().filter(|length| *length <= rest.len()).ok_or("it is cut off")?;
        let (inner, behind) = rest.split_at(length);
        rest = behind;
        if let Some(inside) = inside(message, field)? {
            check_message(inner, inside, fields_left)?;
        }
    }
    Ok(())
}

/// The message that a field holds, if it is looked into.
fn inside(message: Message, field: u64) -> Result<Option<Message>, Refusal> {
    Ok(Some(match (message, field) {
        (Message::Model, 7) => Message::Graph,
        (Message::Graph, 1) => Message::Node,
        (Message::Graph, 5) | (Message::Attribute, 5 | 10) => Message::Tensor,
        (Message::Graph, 11..=13) => Message::Value,
        (Message::Node, 5) => Message::Attribute,
        (Message::Value, 2) => Message::Type,
        (Message::Type, 1) => Message::TensorType,
        (Message::TensorType, 2) => Message::TensorShape,
        (Message::Model, 20 | 25) => {
            return Err("it has functions of its own; export it with these put in their places".into());
        }
        (Message::Attribute, 6 | 11) => return Err("it has a graph within a graph".into()),
        (Message::Attribute, 14 | 15) | (Message::Type, 4 | 5 | 8 | 9) => {
            return Err("it has types other than tensors".into());
        }
        (Message::Graph, 15) | (Message::Attribute, 22 | 23) => return Err("it has sparse tensors".into()),
        _ => return Ok(None),
    }))
}

/// Whether a field is written as the parser takes it to be, which looks at the number of the field alone.
fn is_expected(message: Message, field: u64, wire: u64) -> bool {
    match (message, field) {
        (Message::Model, 1 | 5)
        | (Message::Attribute, 3 | 20)
        | (Message::TensorType, 1)
        | (Message::Tensor, 2 | 14) => wire == VARINT,
        (Message::Attribute, 2) => wire == FIXED32,
        // One number or many in a row.
        (Message::Attribute, 8) | (Message::Tensor, 1 | 5 | 7 | 11) => wire == VARINT || wire == BYTES,
        (Message::Attribute, 7) | (Message::Tensor, 4) => wire == FIXED32 || wire == BYTES,
        (Message::Tensor, 10) => wire == FIXED64 || wire == BYTES,
        _ => wire == BYTES,
    }
}

fn varint(rest: &mut &[u8]) -> Result<u64, &'static str> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (byte, behind) = rest.split_first().ok_or("it is cut off")?;
        *rest = behind;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err("a number has no end")
}

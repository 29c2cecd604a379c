//! What a graph knows without an image: its parameters, and the whole numbers that exporters compute shapes with.

use std::collections::HashMap;

use half::{bf16, f16};
use onnx_rs::ast::{DataLocation, DataType, Node, OpType, TensorProto};

use super::Problem;
use super::external::Beside;
use super::nodes::{attribute, int};

/// Stands for the number of images where a graph asks for it.
pub const BATCH: i64 = i64::MIN;

#[derive(Clone, Debug)]
pub enum Constant {
    Floats {
        dims: Vec<usize>,
        values: Vec<f32>,
    },
    /// A number or a list.
    Ints {
        is_list: bool,
        values: Vec<i64>,
    },
}

pub type Constants<'a> = HashMap<&'a str, Constant>;

/// In a list that nodes put together: a shape has few sizes.
const MOST_SIZES: usize = 64;

impl Constant {
    pub fn len(&self) -> usize {
        match self {
            Constant::Floats { values, .. } => values.len(),
            Constant::Ints { values, .. } => values.len(),
        }
    }

    pub fn ints(&self) -> Option<&[i64]> {
        match self {
            Constant::Ints { values, .. } => Some(values),
            Constant::Floats { .. } => None,
        }
    }

    pub fn floats(&self) -> Option<(&[usize], &[f32])> {
        match self {
            Constant::Floats { dims, values } => Some((dims, values)),
            Constant::Ints { .. } => None,
        }
    }
}

/// The numbers of a tensor, whose sizes are what they are said to be; some lie `beside` the file.
pub fn read(tensor: &TensorProto, beside: &Beside) -> Result<Constant, Problem> {
    if tensor.data_location() == DataLocation::External {
        let bytes = beside.read(tensor)?;
        return numbers(&TensorProto::from_raw(tensor.name(), tensor.dims().to_vec(), tensor.data_type(), &bytes));
    }
    numbers(tensor)
}

fn numbers(tensor: &TensorProto) -> Result<Constant, Problem> {
    let name = || tensor.name().to_string();
    let dims: Option<Vec<usize>> = tensor.dims().iter().map(|size| usize::try_from(*size).ok()).collect();
    let dims = dims.ok_or_else(|| Problem::Size(name()))?;
    let length = dims.iter().try_fold(1, |product: usize, size| product.checked_mul(*size));
    let raw = tensor.as_raw().unwrap_or_default();
    let constant = match tensor.data_type() {
        DataType::Int64 => int_list(&dims, tensor.as_i64().map_or_else(Vec::new, |values| values.to_vec())),
        DataType::Int32 => int_list(
            &dims,
            tensor.as_i32().map_or_else(Vec::new, |values| values.iter().copied().map(i64::from).collect()),
        ),
        other => {
            let values = match other {
                DataType::Float => tensor.as_f32().map_or_else(Vec::new, |values| values.to_vec()),
                DataType::Double => {
                    tensor.as_f64().map_or_else(Vec::new, |values| values.iter().map(|value| *value as f32).collect())
                }
                DataType::Float16 => {
                    raw.as_chunks().0.iter().map(|bytes| f16::from_le_bytes(*bytes).to_f32()).collect()
                }
                DataType::Bfloat16 => {
                    raw.as_chunks().0.iter().map(|bytes| bf16::from_le_bytes(*bytes).to_f32()).collect()
                }
                other => return Err(Problem::Type { name: name(), found: format!("{other:?}") }),
            };
            Constant::Floats { dims, values }
        }
    };
    if length == Some(constant.len()) { Ok(constant) } else { Err(Problem::Size(name())) }
}

fn int_list(dims: &[usize], values: Vec<i64>) -> Constant {
    Constant::Ints { is_list: !dims.is_empty(), values }
}

/// What `node`, all of whose inputs are constants, makes of them; nothing where it is not known how.
pub fn fold(node: &Node, constants: &Constants) -> Option<Constant> {
    let input = |index: usize| constants.get(*node.input.get(index)?);
    let ints = |index: usize| input(index)?.ints();
    match node.op_type {
        OpType::Identity => input(0).cloned(),
        // Whole numbers stay such, and so do the others.
        OpType::Cast => input(0).cloned(),
        OpType::Squeeze => {
            Some(Constant::Ints { is_list: false, values: ints(0).filter(|all| all.len() == 1)?.to_vec() })
        }
        OpType::Unsqueeze => {
            Some(Constant::Ints { is_list: true, values: ints(0).filter(|all| all.len() == 1)?.to_vec() })
        }
        OpType::Concat => {
            let all: Vec<&[i64]> = (0..node.input.len()).map(ints).collect::<Option<_>>()?;
            let is_short = all.iter().map(|part| part.len()).sum::<usize>() <= MOST_SIZES;
            is_short.then(|| Constant::Ints { is_list: true, values: all.concat() })
        }
        OpType::Gather => {
            let (values, Constant::Ints { is_list, values: places }) = (ints(0)?, input(1)?) else { return None };
            let get = |place: &i64| values.get(position(*place, values.len())?).copied();
            Some(Constant::Ints { is_list: *is_list, values: places.iter().map(get).collect::<Option<_>>()? })
        }
        OpType::Slice => {
            let (values, [start], [end]) = (ints(0)?, ints(1)?, ints(2)?) else { return None };
            let place = |at: i64| {
                (if at < 0 { at.saturating_add(values.len() as i64) } else { at }).clamp(0, values.len() as i64)
                    as usize
            };
            let is_whole_step = node.input.len() < 5 || ints(4)? == [1];
            let part = values.get(place(*start)..place(*end)).filter(|_| is_whole_step)?;
            Some(Constant::Ints { is_list: true, values: part.to_vec() })
        }
        OpType::Transpose => {
            let (&[rows, columns], values) = input(0)?.floats()? else { return None };
            let turns = attribute(node, "perm").is_none_or(|perm| perm.ints == [1, 0]);
            let values = if turns { crate::import::transposed(values, columns) } else { return None };
            Some(Constant::Floats { dims: vec![columns, rows], values })
        }
        _ => None,
    }
}

/// The place that `place` means in a list, where negative ones count from its end.
fn position(place: i64, length: usize) -> Option<usize> {
    usize::try_from(if place < 0 { place.checked_add(length as i64)? } else { place }).ok()
}

/// What a `Constant` node holds.
pub fn of_node(node: &Node, beside: &Beside) -> Result<Option<Constant>, Problem> {
    if let Some(tensor) = attribute(node, "value").and_then(|value| value.t.as_ref()) {
        return read(tensor, beside).map(Some);
    }
    let number = attribute(node, "value_int").map(|_| vec![int(node, "value_int", 0)]);
    let list = || attribute(node, "value_ints").map(|list| Constant::Ints { is_list: true, values: list.ints.clone() });
    let float = || {
        let float = attribute(node, "value_float")?;
        Some(Constant::Floats { dims: Vec::new(), values: vec![float.f] })
    };
    Ok(number.map(|values| Constant::Ints { is_list: false, values }).or_else(list).or_else(float))
}

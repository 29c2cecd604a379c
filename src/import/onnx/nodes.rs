//! What a node says of itself, with the values that ONNX gives to what it leaves out.

use onnx_rs::ast::{Attribute, Node};

pub fn attribute<'n, 'a>(node: &'n Node<'a>, name: &str) -> Option<&'n Attribute<'a>> {
    node.attribute.iter().find(|attribute| attribute.name == name)
}

pub fn int(node: &Node, name: &str, missing: i64) -> i64 {
    attribute(node, name).map_or(missing, |attribute| attribute.i)
}

pub fn float(node: &Node, name: &str, missing: f32) -> f32 {
    attribute(node, name).map_or(missing, |attribute| attribute.f)
}

/// A pair for rows and columns.
pub fn pair(node: &Node, name: &str, missing: [i64; 2]) -> Result<[i64; 2], String> {
    let Some(attribute) = attribute(node, name) else { return Ok(missing) };
    attribute.ints[..].try_into().map_err(|_| format!("its {name} are not two numbers"))
}

/// How many zeros surround an image of `size`, [rows, columns], before and behind it, by `pads` or `auto_pad`.
pub fn padding(node: &Node, size: [usize; 2], kernel: [usize; 2], stride: usize) -> Result<[[usize; 2]; 2], String> {
    let mode = attribute(node, "auto_pad").map_or(&b"NOTSET"[..], |mode| mode.s);
    let same = |axis: usize| {
        let needed = (size[axis].div_ceil(stride).saturating_sub(1) * stride + kernel[axis]).saturating_sub(size[axis]);
        (needed / 2, needed.div_ceil(2))
    };
    let [rows, columns] = [same(0), same(1)];
    match mode {
        b"SAME_UPPER" => Ok([[rows.0, columns.0], [rows.1, columns.1]]),
        b"SAME_LOWER" => Ok([[rows.1, columns.1], [rows.0, columns.0]]),
        b"VALID" => Ok([[0, 0], [0, 0]]),
        _ => match attribute(node, "pads").map(|pads| &pads.ints[..]) {
            None => Ok([[0, 0], [0, 0]]),
            Some(&[top, left, bottom, right]) => {
                let few =
                    |pad: i64| usize::try_from(pad).ok().filter(|pad| *pad < 64).ok_or("its pads are no small numbers");
                Ok([[few(top)?, few(left)?], [few(bottom)?, few(right)?]])
            }
            Some(_) => Err("its pads are not four numbers".into()),
        },
    }
}

//! Weights in eight bits, for where a model file is loaded over a network: a quarter of the size. A weight is a whole
//! number from -127 to 127 times the scale of its row, a filter or unit, whose largest weight has the largest number.

use safetensors::tensor::{Dtype, SafeTensors};

use super::{Problem, all_finite, read_tensor};
use crate::network::Matrix;

/// weights [rows, inputs] -> numbers [rows, inputs] and scales `[rows]`
pub fn quantise(weights: &[f32], rows: usize) -> (Vec<i8>, Vec<f32>) {
    let (mut numbers, mut scales) = (Vec::new(), Vec::new());
    for row in weights.chunks_exact(weights.len() / rows) {
        let largest = row.iter().fold(0.0f32, |largest, weight| largest.max(weight.abs()));
        // The smallest scale is a normal number, which keeps a row of zeros at zero.
        let scale = (largest / 127.0).max(f32::MIN_POSITIVE);
        numbers.extend(row.iter().map(|weight| (weight / scale).round() as i8));
        scales.push(scale);
    }
    (numbers, scales)
}

/// The name of the tensor that holds the scales of `weight`'s rows.
pub fn scale_name(weight: &str) -> String {
    format!("{weight}.scale")
}

/// The weights of `matrix`, where the tensor `weight` has them in eight bits.
pub fn read(tensors: &SafeTensors, matrix: &Matrix, weight: &str) -> Result<Option<Vec<f32>>, Problem> {
    let of_numbers = |tensor: &safetensors::tensor::TensorView| {
        (tensor.dtype(), tensor.shape()) == (Dtype::I8, &matrix.weight_shape[..])
    };
    let Some(tensor) = tensors.tensor(weight).ok().filter(of_numbers) else { return Ok(None) };
    let scales = read_tensor(tensors, &scale_name(weight), &[matrix.rows])?;
    let numbers = tensor.data().iter().enumerate();
    let weights: Vec<f32> = numbers.map(|(at, byte)| f32::from(*byte as i8) * scales[at / matrix.inputs]).collect();
    if all_finite(&weights) { Ok(Some(weights)) } else { Err(Problem::NotFinite(weight.into())) }
}

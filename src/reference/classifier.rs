//! The end of a network: the last dense layer, the softmax, and what it says of labelled images. Nothing new is computed here:
//! these are [`super::dense`] and [`super::softmax`], one after the other.

use super::dense::{self, DenseShape};
use super::softmax;

/// What a training step takes from the last layer.
pub struct Gradients {
    /// The loss of each image, `[N]`.
    pub losses: Vec<f64>,
    /// The gradient of the mean loss by the scores, `[N, classes]`.
    pub d_logits: Vec<f64>,
    /// The same by the layer's input, `[N, inputs]`.
    pub d_x: Vec<f64>,
}

/// The probability of each class: x `[N, inputs]`, weights `[classes, inputs]`, biases `[classes]` -> p `[N, classes]`.
pub fn probabilities(x: &[f64], weights: &[f64], biases: &[f64], shape: &DenseShape) -> Vec<f64> {
    softmax::probabilities(&dense::forward(x, weights, biases, shape), shape.units)
}

/// The loss of each image and the class with the largest score: labels `[N]` and the above -> `[N]`, `[N]`.
pub fn losses(
    x: &[f64],
    weights: &[f64],
    biases: &[f64],
    (labels, smoothing): (&[u8], f64),
    shape: &DenseShape,
) -> (Vec<f64>, Vec<usize>) {
    let logits = dense::forward(x, weights, biases, shape);
    (softmax::forward(&logits, labels, shape.units, smoothing), softmax::predictions(&logits, shape.units))
}

/// The losses, and the gradient of their mean.
pub fn gradients(
    x: &[f64],
    weights: &[f64],
    biases: &[f64],
    (labels, smoothing): (&[u8], f64),
    shape: &DenseShape,
) -> Gradients {
    let logits = dense::forward(x, weights, biases, shape);
    let d_logits = softmax::backward(&logits, labels, shape.units, smoothing);
    let d_x = dense::backward_input(&d_logits, weights, shape);
    Gradients { losses: softmax::forward(&logits, labels, shape.units, smoothing), d_logits, d_x }
}

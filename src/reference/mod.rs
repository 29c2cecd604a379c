//! The specification: what each operation computes, forward and backward, in plain loops over `f64`. A file here has
//! the name of the shader and of the layer that must agree with it; nothing here is fast, and nothing knows the GPU.
//!
//! ```text
//! batch -> conv -> pool -> dropout -> dense -> softmax cross-entropy      forward
//! adam or sgd <- conv <- pool <- dropout <- dense <- softmax              backward: d_y -> d_x, d_weights, d_biases
//! ```
//!
//! Legend: N batch, C channels, H x W, F filters, K kernel. Tensors are row-major slices: activations `[N, C, H, W]`,
//! convolution weights `[F, C, KH, KW]`, dense weights `[units, inputs]`. `d_` before a name is the gradient of the
//! loss by it. Slices that do not have the stated shape are a bug of the caller and may panic.
//!
//! What stands behind it: unit tests hold every backward pass against central differences of its forward pass, and
//! [`golden`] holds the numbers that PyTorch gives for a whole network.

pub mod adam;
pub mod augment;
pub mod batch;
pub mod batchnorm;
pub mod classifier;
pub mod conv;
pub mod dense;
pub mod dropout;
pub mod golden;
mod model;
pub mod pool;
pub mod schedule;
pub mod sgd;
pub mod softmax;
pub mod transpose;
pub mod turn;
pub mod update;
pub mod winograd;

#[cfg(test)]
mod differences;

pub use model::{Gradients, Model, Optimiser, Pass};

/// The rectified linear unit: y = max(0, x) (Glorot, Bordes and Bengio, "Deep Sparse Rectifier Neural Networks", 2011).
pub fn relu(x: &[f64]) -> Vec<f64> {
    x.iter().map(|x| x.max(0.0)).collect()
}

/// d_x = d_y where y > 0, else 0. It needs only the output: y > 0 exactly where x > 0. At the kink, x = 0, it is 0.
pub fn relu_backward(d_y: &[f64], y: &[f64]) -> Vec<f64> {
    d_y.iter().zip(y).map(|(d_y, y)| if *y > 0.0 { *d_y } else { 0.0 }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relu_backward_agrees_with_finite_differences_and_is_zero_at_the_kink() {
        // Bounded away from zero, where the slope jumps.
        let x: Vec<f64> = differences::values(1, 50).iter().map(|x| x + 0.01 * x.signum()).collect();
        let d_y = differences::values(2, 50);
        let d_x = relu_backward(&d_y, &relu(&x));
        differences::assert_gradient("d_x", &x, &d_x, |x| differences::dot(&relu(x), &d_y));
        assert_eq!(relu_backward(&[3.0, 4.0], &relu(&[0.0, 1e-9])), [0.0, 4.0]);
    }
}

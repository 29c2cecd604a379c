//! The fully connected layer: each unit is a weighted sum of all inputs and a bias (Rumelhart, Hinton and Williams,
//! "Learning representations by back-propagating errors", 1986).

/// The sizes of one dense layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DenseShape {
    /// Images.
    pub n: usize,
    /// Features of the input: C * H * W when the input is an image, flattened in that order.
    pub inputs: usize,
    /// Features of the output.
    pub units: usize,
}

/// The weighted sums.
///
/// ```text
/// y[n, u] = bias[u] + sum over i of w[u, i] x[n, i]
///
/// x [N, inputs], weights [units, inputs], biases [units] -> y [N, units]
/// ```
pub fn forward(x: &[f64], weights: &[f64], biases: &[f64], shape: &DenseShape) -> Vec<f64> {
    let &DenseShape { n, inputs, units } = shape;
    let mut y = vec![0.0; n * units];
    for image in 0..n {
        for unit in 0..units {
            let mut sum = biases[unit];
            for input in 0..inputs {
                sum += weights[unit * inputs + input] * x[image * inputs + input];
            }
            y[image * units + unit] = sum;
        }
    }
    y
}

/// The gradient by the inputs.
///
/// ```text
/// d_x[n, i] = sum over u of w[u, i] d_y[n, u]
///
/// d_y [N, units], weights [units, inputs] -> d_x [N, inputs]
/// ```
pub fn backward_input(d_y: &[f64], weights: &[f64], shape: &DenseShape) -> Vec<f64> {
    let &DenseShape { n, inputs, units } = shape;
    let mut d_x = vec![0.0; n * inputs];
    for image in 0..n {
        for unit in 0..units {
            for input in 0..inputs {
                d_x[image * inputs + input] += weights[unit * inputs + input] * d_y[image * units + unit];
            }
        }
    }
    d_x
}

/// The gradient by the weights and by the biases.
///
/// ```text
/// d_w[u, i] = sum over n of d_y[n, u] x[n, i]
/// d_bias[u] = sum over n of d_y[n, u]
///
/// d_y [N, units], x [N, inputs] -> d_weights [units, inputs], d_biases [units]
/// ```
pub fn backward_weights(d_y: &[f64], x: &[f64], shape: &DenseShape) -> (Vec<f64>, Vec<f64>) {
    let &DenseShape { n, inputs, units } = shape;
    let (mut d_weights, mut d_biases) = (vec![0.0; units * inputs], vec![0.0; units]);
    for image in 0..n {
        for unit in 0..units {
            d_biases[unit] += d_y[image * units + unit];
            for input in 0..inputs {
                d_weights[unit * inputs + input] += d_y[image * units + unit] * x[image * inputs + input];
            }
        }
    }
    (d_weights, d_biases)
}

#[cfg(test)]
mod tests {
    use super::super::differences::{assert_gradient, dot, values};
    use super::*;

    #[test]
    fn dense_forward_multiplies_each_row_of_weights_with_each_image() {
        let shape = DenseShape { n: 2, inputs: 3, units: 2 };
        let y = forward(&[1., 2., 3., 4., 5., 6.], &[1., 0., 2., 0., 3., 0.], &[10., 20.], &shape);
        assert_eq!(y, [17., 26., 26., 35.]);
    }

    #[test]
    fn dense_backward_agrees_with_finite_differences() {
        for (n, inputs, units) in [(1, 1, 1), (1, 7, 3), (3, 5, 1), (4, 6, 5)] {
            let shape = DenseShape { n, inputs, units };
            let (x, weights, biases) = (values(1, n * inputs), values(2, units * inputs), values(3, units));
            let d_y = values(4, n * units);
            let (d_weights, d_biases) = backward_weights(&d_y, &x, &shape);
            let d_x = backward_input(&d_y, &weights, &shape);
            assert_gradient("d_x", &x, &d_x, |x| dot(&forward(x, &weights, &biases, &shape), &d_y));
            assert_gradient("d_weights", &weights, &d_weights, |w| dot(&forward(&x, w, &biases, &shape), &d_y));
            assert_gradient("d_biases", &biases, &d_biases, |b| dot(&forward(&x, &weights, b, &shape), &d_y));
        }
    }
}

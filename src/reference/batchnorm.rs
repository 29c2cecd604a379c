//! Batch normalisation (Ioffe and Szegedy, "Batch Normalization: Accelerating Deep Network Training by Reducing Internal
//! Covariate Shift", 2015), in PyTorch's form: each channel is normalised over all its values in a batch, then scaled and moved.

/// What is added to a variance before its root is taken.
pub const EPSILON: f64 = 1e-5;

/// How far running statistics go towards the batch's in a step.
pub const MOMENTUM: f64 = 0.1;

/// The sizes of what is normalised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchNormShape {
    /// Images.
    pub n: usize,
    /// Channels, or the features of a vector.
    pub c: usize,
    /// Rows.
    pub h: usize,
    /// Columns.
    pub w: usize,
}

/// The mean and the variance of each channel, `[C]` each; the variance of a batch is the biased one.
#[derive(Clone, Debug, PartialEq)]
pub struct Statistics {
    pub mean: Vec<f64>,
    pub variance: Vec<f64>,
}

/// The statistics of the first `images` of a batch.
///
/// ```text
/// mean[c] = sum over n, h, w of x[n, c, h, w] / M        variance[c] = sum of (x[n, c, h, w] - mean[c])^2 / M
///
/// x [N, C, H, W], M = images H W -> [C], [C]
/// ```
pub fn statistics(x: &[f64], images: usize, shape: &BatchNormShape) -> Statistics {
    let m = shape.values(images);
    let mut statistics = Statistics { mean: vec![0.0; shape.c], variance: vec![0.0; shape.c] };
    for_each(shape, images, |c, at| statistics.mean[c] += x[at] / m);
    for_each(shape, images, |c, at| statistics.variance[c] += (x[at] - statistics.mean[c]).powi(2) / m);
    statistics
}

/// ```text
/// y[n, c, h, w] = weight[c] z[n, c, h, w] + bias[c]        z = (x - mean[c]) / sqrt(variance[c] + EPSILON)
///
/// x [N, C, H, W], weights [C], biases [C] -> y [N, C, H, W]
/// ```
pub fn forward(x: &[f64], weights: &[f64], biases: &[f64], by: &Statistics, shape: &BatchNormShape) -> Vec<f64> {
    let mut y = vec![0.0; x.len()];
    for_each(shape, shape.n, |c, at| y[at] = weights[c] * by.normalised(c, x[at]) + biases[c]);
    y
}

/// The gradients by weights and biases.
///
/// ```text
/// d_weight[c] = sum over n, h, w of d_y[n, c, h, w] z[n, c, h, w]        d_bias[c] = sum of d_y[n, c, h, w]
///
/// d_y [N, C, H, W], x [N, C, H, W] -> d_weights [C], d_biases [C]
/// ```
pub fn backward_weights(d_y: &[f64], x: &[f64], by: &Statistics, shape: &BatchNormShape) -> (Vec<f64>, Vec<f64>) {
    let (mut d_weights, mut d_biases) = (vec![0.0; shape.c], vec![0.0; shape.c]);
    for_each(shape, shape.n, |c, at| {
        d_weights[c] += d_y[at] * by.normalised(c, x[at]);
        d_biases[c] += d_y[at];
    });
    (d_weights, d_biases)
}

/// The gradient by the input where the first `images` of the batch, `by` whose statistics it was normalised, are there: each value
/// also moves the statistics. The others have none.
///
/// ```text
/// d_x = weight[c] / sqrt(variance[c] + EPSILON) (d_y - (d_bias[c] + z d_weight[c]) / M)
///
/// d_y [N, C, H, W], x [N, C, H, W], weights [C] -> d_x [N, C, H, W]
/// ```
pub fn backward_input(
    d_y: &[f64],
    x: &[f64],
    weights: &[f64],
    by: &Statistics,
    images: usize,
    shape: &BatchNormShape,
) -> Vec<f64> {
    let (d_weights, d_biases) = backward_weights(d_y, x, by, shape);
    let mut d_x = vec![0.0; x.len()];
    for_each(shape, images, |c, at| {
        let by_statistics = (d_biases[c] + by.normalised(c, x[at]) * d_weights[c]) / shape.values(images);
        d_x[at] = weights[c] * by.scale(c) * (d_y[at] - by_statistics);
    });
    d_x
}

/// The gradient by the input where running statistics normalised it, which it does not move.
///
/// ```text
/// d_x = weight[c] / sqrt(variance[c] + EPSILON) d_y        d_y [N, C, H, W], weights [C] -> d_x [N, C, H, W]
/// ```
pub fn backward_running(d_y: &[f64], weights: &[f64], by: &Statistics, shape: &BatchNormShape) -> Vec<f64> {
    let mut d_x = vec![0.0; d_y.len()];
    for_each(shape, shape.n, |c, at| d_x[at] = weights[c] * by.scale(c) * d_y[at]);
    d_x
}

impl Statistics {
    /// How far running statistics are from those of a batch of `images`, whose variance is taken without bias for them: what
    /// they have in the place of a gradient. [mean, variance] of each channel.
    pub fn distance(&self, batch: &Statistics, images: usize, shape: &BatchNormShape) -> Vec<[f64; 2]> {
        let m = shape.values(images);
        let of = |c: usize| {
            let unbiased = batch.variance[c] * m / (m - 1.0).max(1.0);
            [self.mean[c] - batch.mean[c], self.variance[c] - unbiased]
        };
        (0..shape.c).map(of).collect()
    }

    fn scale(&self, c: usize) -> f64 {
        1.0 / (self.variance[c] + EPSILON).sqrt()
    }

    fn normalised(&self, c: usize, x: f64) -> f64 {
        (x - self.mean[c]) * self.scale(c)
    }
}

impl BatchNormShape {
    /// Values of a channel in `images`.
    fn values(&self, images: usize) -> f64 {
        (images * self.h * self.w) as f64
    }
}

/// Calls `value` with the channel and the flat index of every value of the first `images`.
fn for_each(shape: &BatchNormShape, images: usize, mut value: impl FnMut(usize, usize)) {
    let plane = shape.h * shape.w;
    (0..images * shape.c * plane).for_each(|at| value(at / plane % shape.c, at));
}

#[cfg(test)]
mod tests {
    use super::super::differences::{assert_gradient, dot, values};
    use super::*;

    const SHAPES: [(usize, BatchNormShape); 3] = [
        (4, BatchNormShape { n: 4, c: 3, h: 2, w: 3 }),
        (3, BatchNormShape { n: 5, c: 2, h: 3, w: 1 }),
        (6, BatchNormShape { n: 6, c: 5, h: 1, w: 1 }),
    ];

    /// x, weights, biases and d_y, which is zero where there is no image.
    fn operands(images: usize, shape: &BatchNormShape) -> [Vec<f64>; 4] {
        let features = shape.c * shape.h * shape.w;
        let mut d_y = values(4, shape.n * features);
        d_y[images * features..].fill(0.0);
        [values(1, shape.n * features), values(2, shape.c), values(3, shape.c), d_y]
    }

    #[test]
    fn batchnorm_forward_gives_each_channel_mean_bias_and_deviation_weight() {
        let shape = BatchNormShape { n: 2, c: 2, h: 1, w: 2 };
        let x = [1., 3., 10., 10., 5., 7., 10., 10.];
        let by = statistics(&x, 2, &shape);
        assert_eq!((&by.mean[..], &by.variance[..]), (&[4., 10.][..], &[5., 0.][..]));
        let y = forward(&x, &[2., 3.], &[1., 7.], &by, &shape);
        let unit = 1.0 / (5.0f64 + EPSILON).sqrt();
        let expected = [1. - 6. * unit, 1. - 2. * unit, 7., 7., 1. + 2. * unit, 1. + 6. * unit, 7., 7.];
        y.iter().zip(expected).for_each(|(y, expected)| assert!((y - expected).abs() < 1e-12, "{y}, not {expected}"));
    }

    #[test]
    fn batchnorm_gradients_agree_with_finite_differences_also_where_images_are_missing() {
        for (images, shape) in SHAPES {
            let [x, weights, biases, d_y] = operands(images, &shape);
            let y = |x: &[f64], w: &[f64], b: &[f64]| forward(x, w, b, &statistics(x, images, &shape), &shape);
            let by = statistics(&x, images, &shape);
            let d_x = backward_input(&d_y, &x, &weights, &by, images, &shape);
            assert_gradient(&format!("{shape:?} d_x"), &x, &d_x, |x| dot(&y(x, &weights, &biases), &d_y));
            let (d_weights, d_biases) = backward_weights(&d_y, &x, &by, &shape);
            assert_gradient(&format!("{shape:?} d_weights"), &weights, &d_weights, |w| dot(&y(&x, w, &biases), &d_y));
            assert_gradient(&format!("{shape:?} d_biases"), &biases, &d_biases, |b| dot(&y(&x, &weights, b), &d_y));
        }
    }

    #[test]
    fn batchnorm_backward_by_running_statistics_agrees_with_finite_differences() {
        for (images, shape) in SHAPES {
            let [x, weights, biases, d_y] = operands(images, &shape);
            let variance = values(5, shape.c).iter().map(|value| value.abs() + 0.1).collect();
            let by = Statistics { mean: values(6, shape.c), variance };
            let d_x = backward_running(&d_y, &weights, &by, &shape);
            assert_gradient(&format!("{shape:?}"), &x, &d_x, |x| {
                dot(&forward(x, &weights, &biases, &by, &shape), &d_y)
            });
        }
    }

    #[test]
    fn running_statistics_hear_the_unbiased_variance_and_of_a_single_value_the_biased_one() {
        let shape = BatchNormShape { n: 1, c: 1, h: 1, w: 3 };
        let running = Statistics { mean: vec![0.0], variance: vec![1.0] };
        assert_eq!(running.distance(&statistics(&[1., 2., 3.], 1, &shape), 1, &shape), [[-2.0, 0.0]]);
        let one = BatchNormShape { w: 1, ..shape };
        assert_eq!(running.distance(&statistics(&[5.0], 1, &one), 1, &one), [[-5.0, 1.0]]);
    }
}

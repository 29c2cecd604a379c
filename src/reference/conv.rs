//! Convolution as a cross-correlation (the kernel is not flipped), with zeros around the image, at every `stride`-th place.
//!
//! All three passes add up the same products; they differ only in which of the three factors is the unknown. Formulas:
//! Goodfellow, Bengio and Courville, "Deep Learning" (2016), section 9.5; sizes: Dumoulin and Visin, "A guide to
//! convolution arithmetic for deep learning" (2016), relationship 6.

/// The sizes of one convolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConvShape {
    /// Images.
    pub n: usize,
    /// Channels of the input.
    pub c: usize,
    /// Rows of the input.
    pub h: usize,
    /// Columns of the input.
    pub w: usize,
    /// Filters, the channels of the output.
    pub f: usize,
    /// `[KH, KW]`
    pub kernel: [usize; 2],
    /// The zeros on each side of the input, [rows, columns].
    pub padding: [usize; 2],
    /// Rows, and columns, from one place of the filters to the next.
    pub stride: usize,
    /// The rows and columns at the end of the output that nobody reads and that are not computed.
    pub crop: [usize; 2],
}

/// The filters over the images, at each place; s is the stride.
///
/// ```text
/// y[n, f, i, j] = bias[f] + sum over c, ky, kx of w[f, c, ky, kx] x[n, c, s i + ky - py, s j + kx - px]
///
/// x [N, C, H, W], weights [F, C, KH, KW], biases [F] -> y [N, F, H', W']
/// ```
pub fn forward(x: &[f64], weights: &[f64], biases: &[f64], shape: &ConvShape) -> Vec<f64> {
    let [height, width] = shape.output();
    let mut y = Vec::with_capacity(shape.n * shape.f * height * width);
    for _ in 0..shape.n {
        for &bias in biases {
            y.extend(std::iter::repeat_n(bias, height * width));
        }
    }
    for_each_product(shape, |y_at, w_at, x_at| y[y_at] += weights[w_at] * x[x_at]);
    y
}

/// The gradient by the images: each pixel hears from every sum that it took part in.
///
/// ```text
/// d_x[n, c, a, b] = sum over f, ky, kx of w[f, c, ky, kx] d_y[n, f, (a - ky + py) / s, (b - kx + px) / s]
///                   where s divides both
///
/// d_y [N, F, H', W'], weights [F, C, KH, KW] -> d_x [N, C, H, W]
/// ```
pub fn backward_input(d_y: &[f64], weights: &[f64], shape: &ConvShape) -> Vec<f64> {
    let mut d_x = vec![0.0; shape.n * shape.c * shape.h * shape.w];
    for_each_product(shape, |y_at, w_at, x_at| d_x[x_at] += weights[w_at] * d_y[y_at]);
    d_x
}

/// The gradient by the filters and by the biases.
///
/// ```text
/// d_w[f, c, ky, kx] = sum over n, i, j of d_y[n, f, i, j] x[n, c, s i + ky - py, s j + kx - px]
/// d_bias[f] = sum over n, i, j of d_y[n, f, i, j]
///
/// d_y [N, F, H', W'], x [N, C, H, W] -> d_weights [F, C, KH, KW], d_biases [F]
/// ```
pub fn backward_weights(d_y: &[f64], x: &[f64], shape: &ConvShape) -> (Vec<f64>, Vec<f64>) {
    let mut d_weights = vec![0.0; shape.f * shape.c * shape.kernel[0] * shape.kernel[1]];
    for_each_product(shape, |y_at, w_at, x_at| d_weights[w_at] += d_y[y_at] * x[x_at]);

    let [height, width] = shape.output();
    let mut d_biases = vec![0.0; shape.f];
    for (plane, d_y) in d_y.chunks_exact(height * width).enumerate() {
        d_biases[plane % shape.f] += d_y.iter().sum::<f64>();
    }
    (d_weights, d_biases)
}

impl ConvShape {
    /// `[H', W'] = [(H + 2 py - KH) / s + 1, (W + 2 px - KW) / s + 1]`, rounded down, less the crop.
    pub fn output(&self) -> [usize; 2] {
        let [kernel_height, kernel_width] = self.kernel;
        let [pad_y, pad_x] = self.padding;
        let [crop_y, crop_x] = self.crop;
        let places = |length: usize, kernel: usize| (length - kernel) / self.stride + 1;
        [places(self.h + 2 * pad_y, kernel_height) - crop_y, places(self.w + 2 * pad_x, kernel_width) - crop_x]
    }
}

/// Calls `product` with the flat indices into y, weights and x of every product in the sum of [`forward`], except for
/// the products with the zeros around the image.
fn for_each_product(shape: &ConvShape, mut product: impl FnMut(usize, usize, usize)) {
    let &ConvShape { n, c, h, w, f, kernel: [kernel_height, kernel_width], padding: [pad_y, pad_x], .. } = shape;
    let [height, width] = shape.output();
    for (image, filter) in pairs(n, f) {
        for (i, j) in pairs(height, width) {
            let y_at = ((image * f + filter) * height + i) * width + j;
            for channel in 0..c {
                for (ky, kx) in pairs(kernel_height, kernel_width) {
                    let w_at = ((filter * c + channel) * kernel_height + ky) * kernel_width + kx;
                    // Row and column of the padded image; the image itself starts at (pad_y, pad_x).
                    let (row, column) = (shape.stride * i + ky, shape.stride * j + kx);
                    if (pad_y..pad_y + h).contains(&row) && (pad_x..pad_x + w).contains(&column) {
                        product(y_at, w_at, ((image * c + channel) * h + row - pad_y) * w + column - pad_x);
                    }
                }
            }
        }
    }
}

/// All (a, b) with a below `rows` and b below `columns`, row by row.
fn pairs(rows: usize, columns: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..rows).flat_map(move |row| (0..columns).map(move |column| (row, column)))
}

#[cfg(test)]
mod tests {
    use super::super::differences::{assert_gradient, dot, values};
    use super::*;

    fn odd_shapes() -> Vec<ConvShape> {
        let mut shapes = Vec::new();
        for (n, c) in [(1, 1), (1, 5), (3, 1), (3, 5)] {
            for kernel in [[1, 1], [3, 3], [5, 3]] {
                for padding in [[0, 0], [kernel[0] / 2, kernel[1] / 2]] {
                    for (stride, crop) in [(1, [0, 0]), (1, [1, 0]), (2, [0, 0]), (3, [0, 0])] {
                        shapes.push(ConvShape { n, c, h: 6, w: 5, f: 2, kernel, padding, stride, crop });
                    }
                }
            }
        }
        shapes
    }

    fn operands(shape: &ConvShape) -> [Vec<f64>; 4] {
        let [height, width] = shape.output();
        let x = values(1, shape.n * shape.c * shape.h * shape.w);
        let weights = values(2, shape.f * shape.c * shape.kernel[0] * shape.kernel[1]);
        [x, weights, values(3, shape.f), values(4, shape.n * shape.f * height * width)]
    }

    #[test]
    fn conv_of_an_impulse_is_the_kernel_rotated_by_half_a_turn_plus_the_bias() {
        let shape =
            ConvShape { n: 1, c: 1, h: 3, w: 3, f: 1, kernel: [3, 3], padding: [1, 1], stride: 1, crop: [0, 0] };
        let x = [0., 0., 0., 0., 1., 0., 0., 0., 0.];
        let weights = [1., 2., 3., 4., 5., 6., 7., 8., 9.];
        assert_eq!(forward(&x, &weights, &[10.], &shape), [19., 18., 17., 16., 15., 14., 13., 12., 11.]);
    }

    #[test]
    fn conv_forward_adds_up_channels_and_keeps_images_and_filters_apart() {
        // Two images of two channels of one row; the filters are (1, 10) and (0, 1) on the first of two columns.
        let shape =
            ConvShape { n: 2, c: 2, h: 1, w: 3, f: 2, kernel: [1, 2], padding: [0, 0], stride: 1, crop: [0, 0] };
        let x = [1., 2., 3., 4., 5., 6., 7., 8., 9., 10., 11., 12.];
        let weights = [1., 0., 10., 0., 0., 0., 1., 0.];
        assert_eq!(forward(&x, &weights, &[0., 100.], &shape), [41., 52., 104., 105., 107., 118., 110., 111.]);
    }

    #[test]
    fn conv_forward_with_a_stride_is_every_so_manyth_output_without() {
        let shape =
            ConvShape { n: 2, c: 3, h: 9, w: 8, f: 2, kernel: [3, 5], padding: [1, 2], stride: 1, crop: [0, 0] };
        let [x, weights, biases, _] = operands(&shape);
        let (all, [height, width]) = (forward(&x, &weights, &biases, &shape), shape.output());
        let is_met = |at: &usize| (at / width % height).is_multiple_of(3) && (at % width).is_multiple_of(3);
        let expected: Vec<f64> = (0..all.len()).filter(is_met).map(|at| all[at]).collect();
        assert_eq!(forward(&x, &weights, &biases, &ConvShape { stride: 3, ..shape }), expected);
    }

    #[test]
    fn conv_backward_input_agrees_with_finite_differences() {
        for shape in odd_shapes() {
            let [x, weights, biases, d_y] = operands(&shape);
            let d_x = backward_input(&d_y, &weights, &shape);
            assert_gradient(&format!("{shape:?} d_x"), &x, &d_x, |x| dot(&forward(x, &weights, &biases, &shape), &d_y));
        }
    }

    #[test]
    fn conv_backward_weights_agrees_with_finite_differences() {
        for shape in odd_shapes() {
            let [x, weights, biases, d_y] = operands(&shape);
            let (d_weights, d_biases) = backward_weights(&d_y, &x, &shape);
            assert_gradient(&format!("{shape:?} d_weights"), &weights, &d_weights, |weights| {
                dot(&forward(&x, weights, &biases, &shape), &d_y)
            });
            assert_gradient(&format!("{shape:?} d_biases"), &biases, &d_biases, |biases| {
                dot(&forward(&x, &weights, biases, &shape), &d_y)
            });
        }
    }
}

//! The weight matrix turned around. Forward, filter f adds up over channels and taps, so its row holds [C, taps];
//! backward to the input, channel c adds up over filters and taps, and reads rows of [F, taps] without a stride.

use crate::network::{Matrix, ROW_ALIGNMENT};

/// The weights of `matrix` in the flat vector `parameters` with the filters innermost, without the biases.
///
/// ```text
/// transposed[c, k, f] = w[f, c taps + k]
///
/// matrix: F rows of C taps weights, the bias, padding -> transposed [C, taps, F], padded
/// ```
///
/// Taps are KH * KW. A dense layer is a convolution with one tap: its channels are the inputs, its filters the units.
/// The padding fills the filters of a tap with zeros to a multiple of four.
pub fn weights(parameters: &[f64], matrix: &Matrix) -> Vec<f64> {
    let (filters, channels) = (matrix.weight_shape[0], matrix.weight_shape[1]);
    let taps: usize = matrix.weight_shape[2..].iter().product();
    let stride = filters.next_multiple_of(ROW_ALIGNMENT);
    let mut transposed = vec![0.0; channels * taps * stride];
    for filter in 0..filters {
        for channel in 0..channels {
            for tap in 0..taps {
                transposed[(channel * taps + tap) * stride + filter] =
                    parameters[matrix.index(filter, channel * taps + tap)];
            }
        }
    }
    transposed
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::{Network, Shape};

    /// 1, 2, 3, ... at every place of the flat vector, biases and padding too.
    fn numbered(network: &Network) -> Vec<f64> {
        (1..=network.matrices().last().unwrap().end()).map(|number| number as f64).collect()
    }

    #[test]
    fn transpose_of_a_dense_layer_swaps_rows_and_columns_and_drops_the_bias() {
        let network = Network::parse(Shape::flat(2), "dense 3").unwrap();
        // Rows of 2 weights, the bias and one number of padding: 1 2 b 0, 5 6 b 0, 9 10 b 0.
        let transposed = weights(&numbered(&network), &network.matrices()[0]);
        assert_eq!(transposed, [1., 5., 9., 0., 2., 6., 10., 0.]);
    }

    #[test]
    fn transpose_of_a_convolution_keeps_the_filters_of_a_tap_together_and_finds_its_matrix() {
        let input = Shape { channels: 2, height: 3, width: 3 };
        let network = Network::parse(input, "conv 1 1x1 | conv 2 1x1 | conv 2 1x3 | dense 2").unwrap();
        let matrix = &network.matrices()[2];
        assert_eq!((matrix.offset, matrix.stride), (12, 8));
        // Filter 0: channels (13 14 15) (16 17 18), filter 1: (21 22 23) (24 25 26).
        let transposed = weights(&numbered(&network), matrix);
        assert_eq!(transposed[..12], [13., 21., 0., 0., 14., 22., 0., 0., 15., 23., 0., 0.]);
        assert_eq!(transposed[12..], [16., 24., 0., 0., 17., 25., 0., 0., 18., 26., 0., 0.]);
    }
}

//! The first convolution's filters, as pictures.

use crate::explain::Maps;
use crate::network::{Layer, Matrix, Network, Shape};

/// The first convolution's place among the parameters, if there is one.
pub fn matrix(network: &Network) -> Option<Matrix> {
    let is_conv = |matrix: &Matrix| matches!(network.layers()[matrix.layer], Layer::Conv { .. });
    network.matrices().into_iter().find(is_conv)
}

/// The filters that lie in the rows of `matrix`, by their first channel.
pub fn pictures(matrix: &Matrix, rows: &[f32]) -> Maps {
    let [height, width] = [matrix.weight_shape[2], matrix.weight_shape[3]];
    let values = rows.chunks_exact(matrix.stride).flat_map(|row| &row[..height * width]).copied().collect();
    Maps { shape: Shape { channels: matrix.rows, height, width }, values }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::Parameters;

    #[test]
    fn the_first_convolution_is_seen_by_its_first_channel() {
        let network = Network::parse(Shape::MNIST, "dense 784 relu | dense 10").unwrap();
        assert_eq!(matrix(&network), None);
        let input = Shape { channels: 2, height: 28, width: 28 };
        let network = Network::parse(input, "conv 4 5x3 relu | conv 2 3x3 relu | dense 10").unwrap();
        let matrix = matrix(&network).unwrap();
        let values = Parameters::glorot(&network, 1).values;
        let found = pictures(&matrix, &values[matrix.offset..matrix.end()]);
        assert_eq!(found.shape, Shape { channels: 4, height: 5, width: 3 });
        // Of each filter 2 x 15 weights, a channel behind the other.
        let weights = matrix.weights(&values);
        for filter in 0..4 {
            assert_eq!(found.values[filter * 15..][..15], weights[filter * 30..][..15]);
        }
    }
}

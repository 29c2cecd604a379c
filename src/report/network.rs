//! A network for people: its layers with the shapes between them, and the work that training it takes.

use indicatif::HumanCount;

use crate::network::{Layer, Network};

/// A line for the input and for each layer, with the shape that it puts out and its parameters.
pub fn network_table(network: &Network) -> String {
    let shapes = network.shapes();
    let matrices = network.matrices();
    let parameters = |layer| matrices.iter().find(|matrix| matrix.layer == layer).map(|m| m.rows * (m.inputs + 1));
    let count = |parameters: usize| HumanCount(parameters as u64).to_string();
    let input = vec!["images".into(), shapes[0].to_string(), String::new()];
    let layers = network.layers().iter().enumerate().map(|(index, layer)| {
        let parameters = parameters(index).map(count).unwrap_or_default();
        vec![layer.to_string(), shapes[index + 1].to_string(), parameters]
    });
    let total = vec![String::new(), String::new(), count(network.parameter_count())];
    let header = ["layer", "output", "parameters"].map(String::from).to_vec();
    super::table(1, header, std::iter::once(input).chain(layers).chain([total]))
}

/// Floating-point operations that a training step cannot do without, for one image: the products of every layer
/// forward and backward, without the gradient by the images, which nobody needs.
pub fn training_flop(network: &Network) -> u64 {
    let shapes = network.shapes();
    let passes = |index| if index == 0 { 2 } else { 3 };
    let matrices = network.matrices();
    let products = matrices.iter().enumerate().map(|(index, matrix)| {
        let positions = match network.layers()[matrix.layer] {
            Layer::Conv { .. } => shapes[matrix.layer + 1].height * shapes[matrix.layer + 1].width,
            _ => 1,
        };
        passes(index) * 2 * (matrix.rows * matrix.inputs * positions) as u64
    });
    products.sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::{SEED, Shape};

    fn network(text: &str) -> Network {
        Network::parse(Shape::MNIST, text).unwrap()
    }

    #[test]
    fn training_the_seed_network_takes_14_444_976_operations_an_image() {
        assert_eq!(training_flop(&network(SEED)), 14_444_976);
    }

    #[test]
    fn the_table_has_every_shape_and_count() {
        let expected = "\
layer             output  parameters
images           1x28x28
conv 3 5x5 relu  3x24x24          78
pool 2           3x12x12
dense 10              10       4,330
                               4,408";
        assert_eq!(network_table(&network("conv 3 5x5 relu | pool 2 | dense 10")), expected);
    }
}

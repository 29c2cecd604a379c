//! A network for people: its layers with the shapes between them.

use indicatif::HumanCount;

use crate::network::Network;

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::Shape;

    fn network(text: &str) -> Network {
        Network::parse(Shape::MNIST, text).unwrap()
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

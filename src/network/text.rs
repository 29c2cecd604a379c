//! The text form of a network: layers with ` | ` between them, each a name and its numbers. The one grammar serves the
//! command line, the model file and the tests.

use std::fmt;

use super::{Activation, Layer, Network, Padding, ROW_ALIGNMENT, Shape};
use crate::limits::{LAYER_NUMBERS, LAYERS, NETWORK_NUMBERS};

/// Why a text is no network.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum NetworkError {
    #[error("the network has no layers; write, say, \"{}\"", super::SEED)]
    Empty,
    #[error("the network has more than {LAYERS} layers")]
    ManyLayers,
    #[error("layer {number}, \"{text}\": {problem}")]
    Layer { number: usize, text: String, problem: String },
    #[error("the last layer, \"{text}\", must be dense without relu: its outputs are the scores of the classes")]
    LastLayer { text: String },
}

/// The grammar, for people.
pub const GRAMMAR: &str = "\
Layers of a network, from the image (28x28 pixels) to a score for each class, with | between them:

  conv FILTERS HxW [same|valid] [stride STRIDE] [relu]
          Convolution by FILTERS filters of H rows and W columns, odd numbers below 64. `same` puts zeros around its
          input, half a filter on each side, so that height and width stay; `valid` does not [default: valid]. At every
          STRIDE-th row and column, 1 to 15 [default: 1]. `relu` turns what is negative into zero [default: nothing is
          done to the sums]. Example: conv 32 3x3 same stride 2 relu
  batchnorm [relu]
          Each channel, or number of a vector, minus its mean over a batch, divided by its deviation, times a weight, plus
          a bias; in recognition by means and deviations that the training gathered. It stands behind a layer without
          relu and has the `relu` itself. Example: batchnorm relu
  pool SIZE
          The largest number of each window of SIZE x SIZE, 1 to 15, side by side; what is left at the edge is dropped.
          Example: pool 2
  dropout RATE
          In training, a share RATE of the numbers, from 0 to below 1, becomes zero, others at each step, and the rest
          grows in turn; afterwards nothing. Example: dropout 0.25
  dense UNITS [relu]
          UNITS weighted sums of all numbers; `relu` as above. Example: dense 500 relu

The last layer is dense, without relu, a unit for each class: dense 10. A whole network:

  --network \"conv 8 5x5 same relu | pool 2 | dropout 0.5 | dense 10\"";

/// Larger ones would skip most of any image that fits the program.
const MOST_STRIDE: usize = 15;

pub(super) fn parse(input: Shape, text: &str) -> Result<Network, NetworkError> {
    if text.trim().is_empty() {
        return Err(NetworkError::Empty);
    }
    if text.split('|').count() > LAYERS {
        return Err(NetworkError::ManyLayers);
    }
    let (mut layers, mut shape) = (Vec::new(), input);
    let (mut all_outputs, mut all_weights) = (0, 0);
    for (index, text) in text.split('|').enumerate() {
        let problem = |problem| NetworkError::Layer { number: index + 1, text: text.trim().into(), problem };
        let layer = parse_layer(text).map_err(problem)?;
        let output = layer.output(shape).map_err(problem)?;
        let inputs_of_a_row = match layer {
            Layer::Conv { kernel: [height, width], .. } => shape.channels * height * width,
            Layer::BatchNorm { .. } => 1,
            _ => shape.features(),
        };
        let parameters = inputs_of_a_row.saturating_mul(output.channels);
        if output.features() > LAYER_NUMBERS || (parameters > LAYER_NUMBERS && layer.has_weights()) {
            return Err(problem(format!("it is too large: more than {LAYER_NUMBERS} outputs or weights")));
        }
        all_outputs += output.features();
        if layer.has_weights() {
            all_weights += (inputs_of_a_row + 1).next_multiple_of(ROW_ALIGNMENT) * output.channels;
        }
        if all_outputs.max(all_weights) > NETWORK_NUMBERS {
            return Err(problem(format!(
                "the network is too large by then: more than {NETWORK_NUMBERS} outputs or weights"
            )));
        }
        (shape, layers) = (output, {
            layers.push(layer);
            layers
        });
    }
    match layers.last() {
        Some(Layer::Dense { units: 2..=255, activation: Activation::Linear }) => Ok(Network { input, layers }),
        Some(Layer::Dense { activation: Activation::Linear, .. }) => Err(NetworkError::Layer {
            number: layers.len(),
            text: layers[layers.len() - 1].to_string(),
            problem: "the last layer must have 2 to 255 units, one for each class".into(),
        }),
        Some(layer) => Err(NetworkError::LastLayer { text: layer.to_string() }),
        None => Err(NetworkError::Empty),
    }
}

fn parse_layer(text: &str) -> Result<Layer, String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let (words, activation) = match words.split_last() {
        Some((&"relu", rest)) => (rest, Activation::Relu),
        _ => (&words[..], Activation::Linear),
    };
    match (words, activation) {
        (["conv", _], _) => Err("its kernel is missing: `conv 32 3x3`".into()),
        (["conv", filters, kernel, options @ ..], _) => conv(filters, kernel, options, activation),
        (["dense", units], _) => Ok(Layer::Dense { units: count(units)?, activation }),
        (["batchnorm"], _) => Ok(Layer::BatchNorm { activation }),
        (["pool", size], Activation::Linear) => match size.parse() {
            // The place of a window's maximum is kept in eight bits.
            Ok(size @ 1..=15) => Ok(Layer::Pool { size }),
            _ => Err(format!("the window \"{size}\" must be a whole number from 1 to 15")),
        },
        (["dropout", rate], Activation::Linear) => match rate.parse::<f32>() {
            Ok(rate) if (0.0..1.0).contains(&rate) => Ok(Layer::Dropout { rate }),
            _ => Err(format!("the rate \"{rate}\" must be a number from 0 to below 1")),
        },
        ([], Activation::Linear) => Err("it is empty: a | is too many".into()),
        ([], _) => Err("relu stands behind its layer, without a | between them: `dense 128 relu`".into()),
        (["pool" | "dropout", ..], Activation::Relu) => {
            Err("relu goes with conv, batchnorm and dense alone; put it behind the one before".into())
        }
        (["dense"], _) => Err("the number of its units is missing: `dense 128`".into()),
        (["softmax" | "flatten"], _) => Err("leave it out: it is done where it is needed".into()),
        _ => Err("a layer is one of `conv FILTERS KxK [same] [stride STRIDE] [relu]`, `batchnorm [relu]`, `pool SIZE`, `dropout RATE`, \
                 `dense UNITS [relu]`"
            .into()),
    }
}

fn conv(filters: &str, kernel: &str, options: &[&str], activation: Activation) -> Result<Layer, String> {
    let odd = |text: &str| text.parse().ok().filter(|size: &usize| size % 2 == 1 && *size < 64);
    let kernel = kernel
        .split_once('x')
        .and_then(|(height, width)| Some([odd(height)?, odd(width)?]))
        .ok_or_else(|| format!("the kernel \"{kernel}\" must be two odd numbers below 64, such as 3x3"))?;
    let (padding, options) = match options {
        ["same", rest @ ..] => (Padding::Same, rest),
        ["valid", rest @ ..] => (Padding::Valid, rest),
        all => (Padding::Valid, all),
    };
    let stride = match options {
        [] => 1,
        ["stride", stride] => stride
            .parse()
            .ok()
            .filter(|stride| (1..=MOST_STRIDE).contains(stride))
            .ok_or_else(|| format!("the stride \"{stride}\" must be a whole number from 1 to {MOST_STRIDE}"))?,
        ["stride"] => return Err("the number of its stride is missing: `stride 2`".into()),
        other => {
            let other = other.join(" ");
            return Err(format!(
                "behind the kernel may stand `same` or `valid`, then `stride 2`, then `relu`, not \"{other}\""
            ));
        }
    };
    Ok(Layer::Conv { filters: count(filters)?, kernel, padding, stride, activation })
}

fn count(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(count @ 1..=65_535) => Ok(count),
        _ => Err(format!("\"{text}\" must be a whole number from 1 to 65535")),
    }
}

impl Layer {
    /// Whether it has parameters, and so may have an activation.
    pub(crate) fn has_weights(&self) -> bool {
        matches!(self, Layer::Conv { .. } | Layer::Dense { .. } | Layer::BatchNorm { .. })
    }
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Layer::Conv { filters, kernel: [height, width], padding, stride, .. } => {
                write!(f, "conv {filters} {height}x{width}")?;
                if padding == Padding::Same {
                    f.write_str(" same")?;
                }
                if stride > 1 {
                    write!(f, " stride {stride}")?;
                }
            }
            Layer::BatchNorm { .. } => f.write_str("batchnorm")?,
            Layer::Pool { size } => write!(f, "pool {size}")?,
            Layer::Dropout { rate } => write!(f, "dropout {rate}")?,
            Layer::Dense { units, .. } => write!(f, "dense {units}")?,
        }
        match self.activation() {
            Activation::Relu => f.write_str(" relu"),
            Activation::Linear => Ok(()),
        }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, layer) in self.layers.iter().enumerate() {
            let separator = if index == 0 { "" } else { " | " };
            write!(f, "{separator}{layer}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::SEED;
    use super::*;

    fn problem(text: &str) -> String {
        Network::parse(Shape::MNIST, text).unwrap_err().to_string()
    }

    #[test]
    fn seed_network_has_the_published_shapes_and_parameters() {
        let network = Network::parse(Shape::MNIST, SEED).unwrap();
        assert_eq!(network.to_string(), SEED);
        assert_eq!(network.parameter_count(), 619_702);
        let shapes: Vec<String> = network.shapes().iter().map(Shape::to_string).collect();
        assert_eq!(shapes, ["1x28x28", "32x26x26", "32x13x13", "48x11x11", "48x5x5", "48x5x5", "500", "10"]);
    }

    #[test]
    fn text_survives_a_round_trip() {
        for text in [
            "conv 7 5x3 same stride 3 relu | pool 3 | dense 10",
            "conv 7 5x3 stride 2 | dense 10",
            "batchnorm | dense 4 | batchnorm relu | dense 10",
            "dropout 0 | dense 2",
            "conv 1 1x1 | dense 255",
        ] {
            assert_eq!(Network::parse(Shape::MNIST, text).unwrap().to_string(), text);
        }
        assert_eq!(
            Network::parse(Shape::MNIST, " conv  3 3x3 valid stride 1|dense 10 ").unwrap().to_string(),
            "conv 3 3x3 | dense 10"
        );
    }

    #[test]
    fn every_layer_has_an_example_in_the_grammar_that_is_one() {
        let examples = GRAMMAR.split("Example: ").skip(1).map(|rest| rest.lines().next().unwrap());
        let names: Vec<String> = examples
            .map(|text| parse_layer(text).unwrap_or_else(|problem| panic!("{text}: {problem}")).to_string())
            .collect();
        assert_eq!(
            names,
            ["conv 32 3x3 same stride 2 relu", "batchnorm relu", "pool 2", "dropout 0.25", "dense 500 relu"]
        );
        let whole = GRAMMAR.rsplit('"').nth(1).unwrap();
        assert_eq!(Network::parse(Shape::MNIST, whole).unwrap().to_string(), whole);
    }

    #[test]
    fn errors_name_the_layer_and_what_is_wrong() {
        assert!(problem("").contains("no layers"));
        assert_eq!(
            problem("pool 2 | pool 15 | dense 10"),
            "layer 2, \"pool 15\": its 15x15 window is larger than its input, 1x14x14"
        );
        assert!(
            problem("dense 20 relu | conv 4 3x3 | dense 10").starts_with("layer 2, \"conv 4 3x3\": its 3x3 kernel")
        );
        assert!(problem("conv 4 2x2 | dense 10").contains("two odd numbers"));
        assert!(
            problem("conv 4 3x3 stride 0 | dense 10").contains("the stride \"0\" must be a whole number from 1 to 15")
        );
        assert!(problem("conv 4 3x3 stride | dense 10").contains("its stride is missing"));
        assert!(problem("conv 4 3x3 strid 2 | dense 10").contains("not \"strid 2\""));
        assert!(problem("dropout 1 | dense 10").contains("below 1"));
        assert!(problem("dropout NaN | dense 10").contains("below 1"));
        assert!(problem("pool 16 | dense 10").contains("from 1 to 15"));
        assert!(problem("conv 0 3x3 | dense 10").contains("from 1 to 65535"));
        assert!(problem("pool 2 relu | dense 10").contains("relu goes with conv, batchnorm and dense alone"));
        assert!(problem("linear 10").contains("a layer is one of"));
        assert_eq!(
            problem("dense 128 | relu | dense 10"),
            "layer 2, \"relu\": relu stands behind its layer, without a | between them: `dense 128 relu`"
        );
        assert!(problem("conv 32 relu | dense 10").contains("its kernel is missing: `conv 32 3x3`"));
        assert!(problem("dense | dense 10").contains("units is missing"));
        assert!(problem("flatten | dense 10").contains("leave it out"));
        assert!(problem("dense 10 | ").contains("layer 2, \"\": it is empty"));
        assert!(problem("dense 10 relu").contains("last layer"));
        assert!(problem("pool 2").contains("last layer"));
        assert!(problem("dense 1").contains("2 to 255"));
        assert!(problem("conv 65535 9x9 same | dense 65535 relu | dense 10").contains("too large"));
        let deep = "dense 8000 | ".repeat(4);
        assert!(
            problem(&format!("{deep}dense 10"))
                .starts_with("layer 3, \"dense 8000\": the network is too large by then: more than 134217728")
        );
        let long = "pool 1 | ".repeat(250);
        assert_eq!(problem(&format!("{long}dense 10")), "the network has more than 250 layers");
        assert!(Network::parse(Shape::MNIST, &format!("{}dense 10", &long[9..])).is_ok());
    }
}

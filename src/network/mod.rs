//! What a network is: plain data. A [`Network`] is a list of layers with a text form that the command line takes and
//! the model file keeps; from it follow the shape of every activation and the place of every parameter.
//!
//! ```
//! use digits::network::{Network, Shape};
//! let network = Network::parse(Shape::MNIST, "conv 4 3x3 relu | pool 2 | dense 10").unwrap();
//! assert_eq!(network.to_string(), "conv 4 3x3 relu | pool 2 | dense 10");
//! assert_eq!(network.shapes().last(), Some(&Shape::flat(10)));
//! ```

mod calibration;
mod classes;
mod file;
mod parameters;
mod text;

pub use calibration::{Calibration, Judgement, best, score};
pub use classes::{Classes, ClassesError};
pub use file::{ModelFile, ModelFileError, ModelFileProblem, Summary};
#[cfg(not(target_arch = "wasm32"))]
pub(crate) use file::{has_large_header, sort_header, statistics_names, tensor_names};
#[cfg(not(target_arch = "wasm32"))]
pub(crate) use parameters::flat_length;
pub use parameters::{Matrix, Parameters, ROW_ALIGNMENT};
pub use text::{GRAMMAR, NetworkError};

/// The network that `digits train` trains when nothing else is asked for: 619,702 parameters.
pub const SEED: &str =
    "conv 32 3x3 relu | pool 2 | conv 48 3x3 relu | pool 2 | dropout 0.25 | dense 500 relu | dense 10";

/// A network: the shape of one image and the layers that it goes through. Made by [`Network::parse`], which checks that
/// the shapes fit, so a `Network` always runs.
#[derive(Clone, Debug, PartialEq)]
pub struct Network {
    input: Shape,
    layers: Vec<Layer>,
}

/// One layer. Convolutions are cross-correlations, as everywhere in the field.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Layer {
    /// [N, C, H, W] -> [N, F, H', W'] with F filters of C x KH x KW and F biases, at every `stride`-th row and column.
    Conv { filters: usize, kernel: [usize; 2], padding: Padding, stride: usize, activation: Activation },
    /// The maximum of each `size` x `size` window, side by side: [N, C, H, W] -> [N, C, H / size, W / size], rounded down.
    Pool { size: usize },
    /// In training, sets each unit to zero with probability `rate` and divides the others by 1 - `rate`.
    Dropout { rate: f32 },
    /// [N, C, H, W], flattened in that order -> [N, units].
    Dense { units: usize, activation: Activation },
    /// Normalises each channel over its values in a batch, in recognition by running statistics, then scales and moves it.
    BatchNorm { activation: Activation },
}

/// What surrounds the image that a convolution reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Padding {
    /// Nothing: with stride 1 the output is smaller by the kernel's size less one.
    Valid,
    /// Zeros, half the kernel on each side, as PyTorch has them: with stride 1 the output is as large as the input.
    Same,
}

/// What happens to a layer's sums.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    Linear,
    /// max(0, x)
    Relu,
}

/// The shape of one image's activations, [C, H, W].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    pub channels: usize,
    pub height: usize,
    pub width: usize,
}

impl Shape {
    /// One MNIST image.
    pub const MNIST: Shape = Shape { channels: 1, height: 28, width: 28 };

    /// Grey images of a height and a width that networks take: even numbers, since the GPU is given four pixels at a time.
    pub fn of_images(height: usize, width: usize) -> Option<Shape> {
        let is_side = |side: usize| (8..=64).contains(&side) && side.is_multiple_of(2);
        (is_side(height) && is_side(width)).then_some(Shape { channels: 1, height, width })
    }

    /// A vector of `features`.
    pub const fn flat(features: usize) -> Shape {
        Shape { channels: features, height: 1, width: 1 }
    }

    /// C * H * W
    pub fn features(&self) -> usize {
        self.channels * self.height * self.width
    }
}

impl std::fmt::Display for Shape {
    /// `32x13x13`, or `500` for a vector.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Shape { channels, height: 1, width: 1 } => write!(f, "{channels}"),
            Shape { channels, height, width } => write!(f, "{channels}x{height}x{width}"),
        }
    }
}

impl Layer {
    /// The zeros on each side of a convolution's input, [rows, columns].
    pub fn padding(&self) -> [usize; 2] {
        match self {
            Layer::Conv { kernel: [height, width], padding: Padding::Same, .. } => [height / 2, width / 2],
            _ => [0, 0],
        }
    }

    /// What happens to the layer's sums; `Linear` where there are none.
    pub fn activation(&self) -> Activation {
        match *self {
            Layer::Conv { activation, .. } | Layer::Dense { activation, .. } | Layer::BatchNorm { activation } => {
                activation
            }
            Layer::Pool { .. } | Layer::Dropout { .. } => Activation::Linear,
        }
    }

    /// The shape that the layer makes of `input`, or why it cannot.
    pub(crate) fn output(&self, input: Shape) -> Result<Shape, String> {
        let shape = match *self {
            Layer::Conv { filters, kernel: [kernel_height, kernel_width], stride, .. } => {
                let [pad_y, pad_x] = self.padding();
                let [height, width] = [input.height + 2 * pad_y, input.width + 2 * pad_x];
                if kernel_height > height || kernel_width > width {
                    return Err(format!("its {kernel_height}x{kernel_width} kernel is larger than its input, {input}"));
                }
                let places = |length: usize, kernel: usize| (length - kernel) / stride + 1;
                Shape { channels: filters, height: places(height, kernel_height), width: places(width, kernel_width) }
            }
            Layer::Pool { size } if size > input.height || size > input.width => {
                return Err(format!("its {size}x{size} window is larger than its input, {input}"));
            }
            Layer::Pool { size } => {
                Shape { channels: input.channels, height: input.height / size, width: input.width / size }
            }
            Layer::Dropout { .. } | Layer::BatchNorm { .. } => input,
            Layer::Dense { units, .. } => Shape::flat(units),
        };
        Ok(shape)
    }
}

impl Network {
    /// Reads a network from its text, for images of shape `input`.
    ///
    /// # Errors
    /// Text that is no network, and layers that do not fit each other; the error names the layer.
    pub fn parse(input: Shape, text: &str) -> Result<Network, NetworkError> {
        text::parse(input, text)
    }

    /// The [`SEED`] for images of shape `input` and so many classes.
    ///
    /// # Errors
    /// The images are too small for it, or the classes too few or too many.
    pub fn seed(input: Shape, classes: usize) -> Result<Network, NetworkError> {
        let (hidden, _) = SEED.rsplit_once(' ').expect("the last word is the number of classes");
        Network::parse(input, &format!("{hidden} {classes}"))
    }

    /// The shape of one input image.
    pub fn input(&self) -> Shape {
        self.input
    }

    /// The layers in the order of the forward pass.
    pub fn layers(&self) -> &[Layer] {
        &self.layers
    }

    /// The shape before the first layer and after each: layer `i` reads `shapes()[i]` and writes `shapes()[i + 1]`.
    pub fn shapes(&self) -> Vec<Shape> {
        let mut shapes = vec![self.input];
        for layer in &self.layers {
            shapes.push(layer.output(shapes[shapes.len() - 1]).expect("a network is checked when it is parsed"));
        }
        shapes
    }

    /// How many classes the last layer tells apart.
    pub fn classes(&self) -> usize {
        self.shapes()[self.layers.len()].channels
    }

    /// The weight matrix of each layer that has one, in the order of the layers. Of a batch normalisation it has a weight and a bias
    /// for each channel.
    pub fn matrices(&self) -> Vec<Matrix> {
        parameters::matrices(self)
    }

    /// The number of trained numbers, without the padding between rows.
    pub fn parameter_count(&self) -> usize {
        self.matrices().iter().map(|matrix| matrix.rows * (matrix.inputs + 1)).sum()
    }

    /// Floating-point operations that a training step cannot do without, for one image: the products of every layer
    /// forward and backward, without the gradient by the images, which nobody needs.
    pub fn training_flop(&self) -> u64 {
        let shapes = self.shapes();
        let passes = |index| if index == 0 { 2 } else { 3 };
        let products = self.matrices().into_iter().enumerate().map(|(index, matrix)| {
            let positions = match self.layers[matrix.layer] {
                Layer::Conv { .. } => shapes[matrix.layer + 1].height * shapes[matrix.layer + 1].width,
                Layer::BatchNorm { .. } => 0,
                _ => 1,
            };
            passes(index) * 2 * (matrix.rows * matrix.inputs * positions) as u64
        });
        products.sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn training_the_seed_network_takes_14_444_976_operations_an_image() {
        assert_eq!(Network::parse(Shape::MNIST, SEED).unwrap().training_flop(), 14_444_976);
    }
}

//! Where each parameter lies. All parameters, their gradients and the optimiser's moments are flat vectors of one layout:
//! the weight matrices of the layers one behind the other, a row for each filter or unit.
//!
//! The bias is the weight of an input that is always one, so it stands in its row behind the weights. Rows start at
//! multiples of four, which lets the GPU read four weights at a time; the gap holds zeros and stays zero. A batch normalisation has
//! one weight for each channel, and keeps what it has seen of the channel in the gap, its running mean and variance.
//!
//! ```text
//! row of filter f:   w[f, 0] .. w[f, inputs - 1]  bias[f]  0 .. 0      (stride = inputs + 1, rounded up to four)
//! row of channel c:  weight[c]  bias[c]  mean[c]  variance[c]
//! ```

use super::{Layer, Network};
use crate::random::{self, Stream};

/// Rows start at multiples of this many numbers.
pub const ROW_ALIGNMENT: usize = 4;

/// One layer's weights and biases in the flat vector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matrix {
    /// The index of the layer in [`Network::layers`].
    pub layer: usize,
    /// `conv1`, `conv2`, `batchnorm1`, `dense1`, ...: the kind of the layer and its number among those of its kind.
    pub name: String,
    /// The shape of the weights alone: [F, C, KH, KW] of a convolution, [units, inputs] of a dense layer, `[C]` of a batch
    /// normalisation.
    pub weight_shape: Vec<usize>,
    /// Filters, units or channels.
    pub rows: usize,
    /// The weights of a row, C * KH * KW, not counting the bias.
    pub inputs: usize,
    /// The distance from row to row.
    pub stride: usize,
    /// Where the first row starts.
    pub offset: usize,
}

/// The values of all parameters in the flat layout.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameters {
    pub values: Vec<f32>,
}

impl Matrix {
    /// The matrix of layer `layer` with weights of `weight_shape`, placed at `offset`.
    pub fn new(layer: usize, name: &str, weight_shape: &[usize], offset: usize) -> Matrix {
        let (rows, inputs) = (weight_shape[0], weight_shape[1..].iter().product::<usize>());
        let stride = (inputs + 1).next_multiple_of(ROW_ALIGNMENT);
        Matrix { layer, name: name.into(), weight_shape: weight_shape.to_vec(), rows, inputs, stride, offset }
    }

    /// Where weight `input` of `row` lies; `input == inputs` is the bias.
    pub fn index(&self, row: usize, input: usize) -> usize {
        self.offset + row * self.stride + input
    }

    /// The end of the matrix in the flat vector.
    pub fn end(&self) -> usize {
        self.offset + self.rows * self.stride
    }

    /// The weights out of a flat vector, dense, in the order of `weight_shape`.
    pub fn weights<T: Copy>(&self, flat: &[T]) -> Vec<T> {
        (0..self.rows).flat_map(|row| &flat[self.index(row, 0)..self.index(row, self.inputs)]).copied().collect()
    }

    /// The biases out of a flat vector, `[rows]`.
    pub fn biases<T: Copy>(&self, flat: &[T]) -> Vec<T> {
        (0..self.rows).map(|row| flat[self.index(row, self.inputs)]).collect()
    }

    /// Whether it is a batch normalisation's.
    pub fn is_norm(&self) -> bool {
        self.weight_shape.len() == 1
    }

    /// Where the running mean and the running variance of a batch normalisation's channel `row` lie.
    pub fn running(&self, row: usize) -> [usize; 2] {
        [self.index(row, 2), self.index(row, 3)]
    }

    /// The running means and variances of a batch normalisation out of a flat vector, `[C]` each.
    pub fn statistics<T: Copy>(&self, flat: &[T]) -> [Vec<T>; 2] {
        [0, 1].map(|which| (0..self.rows).map(|row| flat[self.running(row)[which]]).collect())
    }

    /// Puts running means and variances of a batch normalisation into a flat vector, `[C]` each.
    pub fn fill_statistics<T: Copy>(&self, flat: &mut [T], [means, variances]: [&[T]; 2]) {
        for (row, (mean, variance)) in means.iter().zip(variances).enumerate() {
            let [at_mean, at_variance] = self.running(row);
            (flat[at_mean], flat[at_variance]) = (*mean, *variance);
        }
    }

    /// Puts dense `weights` and `biases` into a flat vector.
    ///
    /// # Panics
    /// If there are not `rows * inputs` weights and `rows` biases.
    pub fn fill<T: Copy>(&self, flat: &mut [T], weights: &[T], biases: &[T]) {
        assert_eq!((weights.len(), biases.len()), (self.rows * self.inputs, self.rows), "{}", self.name);
        for (row, (weights, bias)) in weights.chunks_exact(self.inputs).zip(biases).enumerate() {
            flat[self.index(row, 0)..self.index(row, self.inputs)].copy_from_slice(weights);
            flat[self.index(row, self.inputs)] = *bias;
        }
    }
}

impl Parameters {
    /// Weights from the uniform distribution of Glorot and Bengio (2010), between -l and l with
    /// l = sqrt(6 / (fan in + fan out)), and biases of zero, as Keras starts. A batch normalisation starts with weights and
    /// variances of one.
    pub fn glorot(network: &Network, seed: u32) -> Parameters {
        let mut values = vec![0.0; flat_length(network)];
        for matrix in network.matrices() {
            if matrix.is_norm() {
                let [zeros, ones] = [0.0, 1.0].map(|value| vec![value; matrix.rows]);
                matrix.fill(&mut values, &ones, &zeros);
                matrix.fill_statistics(&mut values, [&zeros, &ones]);
                continue;
            }
            let receptive_field: usize = matrix.weight_shape[2..].iter().product();
            let limit = (6.0 / (matrix.inputs + matrix.rows * receptive_field) as f64).sqrt();
            let stream = Stream::Initialise { layer: matrix.layer as u32 };
            let weight = |index| limit * (2.0 * f64::from(random::uniform(seed, stream, 0, index)) - 1.0);
            let weights: Vec<f32> = (0..matrix.rows * matrix.inputs).map(|index| weight(index as u32) as f32).collect();
            matrix.fill(&mut values, &weights, &vec![0.0; matrix.rows]);
        }
        Parameters { values }
    }
}

/// The length of the flat vectors of `network`, padding included.
pub(crate) fn flat_length(network: &Network) -> usize {
    network.matrices().last().map_or(0, Matrix::end)
}

pub(super) fn matrices(network: &Network) -> Vec<Matrix> {
    let shapes = network.shapes();
    let (mut matrices, mut offset) = (Vec::new(), 0);
    let (mut convs, mut denses, mut norms) = (0, 0, 0);
    for (layer, &kind) in network.layers().iter().enumerate() {
        let (name, weight_shape) = match kind {
            Layer::Conv { filters, kernel: [height, width], .. } => {
                convs += 1;
                (format!("conv{convs}"), vec![filters, shapes[layer].channels, height, width])
            }
            Layer::Dense { units, .. } => {
                denses += 1;
                (format!("dense{denses}"), vec![units, shapes[layer].features()])
            }
            Layer::BatchNorm { .. } => {
                norms += 1;
                (format!("batchnorm{norms}"), vec![shapes[layer].channels])
            }
            Layer::Pool { .. } | Layer::Dropout { .. } => continue,
        };
        let matrix = Matrix::new(layer, &name, &weight_shape, offset);
        offset = matrix.end();
        matrices.push(matrix);
    }
    matrices
}

#[cfg(test)]
mod tests {
    use super::super::{SEED, Shape};
    use super::*;

    #[test]
    fn matrices_lie_side_by_side_with_aligned_rows() {
        let network = Network::parse(Shape::MNIST, SEED).unwrap();
        let matrices = network.matrices();
        let names: Vec<&str> = matrices.iter().map(|matrix| matrix.name.as_str()).collect();
        assert_eq!(names, ["conv1", "conv2", "dense1", "dense2"]);
        assert_eq!(matrices.iter().map(|matrix| matrix.stride).collect::<Vec<_>>(), [12, 292, 1204, 504]);
        for pair in matrices.windows(2) {
            assert_eq!(pair[0].end(), pair[1].offset);
        }
    }

    #[test]
    fn fill_and_read_back_agree_and_leave_the_padding_zero() {
        let network = Network::parse(Shape::flat(6), "dense 2").unwrap();
        let matrix = &network.matrices()[0];
        let mut flat = vec![0.0; matrix.end()];
        let weights: Vec<f32> = (1..=12).map(|value| value as f32).collect();
        matrix.fill(&mut flat, &weights, &[20.0, 21.0]);
        assert_eq!(flat, [1., 2., 3., 4., 5., 6., 20., 0., 7., 8., 9., 10., 11., 12., 21., 0.]);
        assert_eq!((matrix.weights(&flat), matrix.biases(&flat)), (weights, vec![20.0, 21.0]));
    }

    #[test]
    fn glorot_weights_have_the_stated_bound_and_variance() {
        let network = Network::parse(Shape::MNIST, SEED).unwrap();
        let parameters = Parameters::glorot(&network, 3);
        let matrix = &network.matrices()[2];
        let weights = matrix.weights(&parameters.values);
        let limit = (6.0f64 / (1200.0 + 500.0)).sqrt();
        let variance = weights.iter().map(|w| f64::from(*w).powi(2)).sum::<f64>() / weights.len() as f64;
        assert!(weights.iter().all(|w| f64::from(w.abs()) <= limit));
        assert!((variance / (limit * limit / 3.0) - 1.0).abs() < 0.01, "variance {variance}");
        assert!(matrix.biases(&parameters.values).iter().all(|bias| *bias == 0.0));
    }
}

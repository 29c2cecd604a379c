//! A network on the GPU: its parameters, and how a batch goes forward and backward through its layers.

use crate::gpu::{Gpu, GpuError, Recording, Tensor};
use crate::layers::{self, conv, dense, dropout, pool, transpose};
use crate::network::{Layer, Matrix, Network, Parameters, Shape};
use crate::reference::conv::ConvShape;
use crate::reference::dense::DenseShape;
use crate::reference::dropout::Dropout;
use crate::reference::pool::PoolShape;

/// A network and its parameters on the GPU. Clones share the parameters.
#[derive(Clone)]
pub struct Model {
    gpu: Gpu,
    network: Network,
    parameters: Tensor,
}

/// What a batch of `n` images becomes on its way: the images, [H * W, N], then the output of each layer, [C, H, W, N].
pub struct Activations {
    pub n: usize,
    pub tensors: Vec<Tensor>,
}

/// How a batch goes through the network.
#[derive(Clone, Copy)]
pub enum Pass<'a> {
    /// Recognition: dropout does nothing.
    Evaluate,
    /// Training: dropout draws for the clock's step.
    Train { seed: u32, clock: &'a Tensor },
}

impl Model {
    /// Brings a network's parameters to the GPU.
    ///
    /// # Errors
    /// They are larger than the adapter can bind.
    ///
    /// # Panics
    /// If the parameters are another network's.
    pub fn new(gpu: &Gpu, network: &Network, parameters: &Parameters) -> Result<Model, GpuError> {
        assert_eq!(Some(parameters.values.len()), network.matrices().last().map(Matrix::end));
        let parameters = Tensor::new(gpu, "parameters", &parameters.values)?;
        Ok(Model { gpu: gpu.clone(), network: network.clone(), parameters })
    }

    pub fn gpu(&self) -> &Gpu {
        &self.gpu
    }

    pub fn network(&self) -> &Network {
        &self.network
    }

    /// The flat vector of parameters, on the GPU.
    pub fn parameters(&self) -> &Tensor {
        &self.parameters
    }

    /// The parameters, brought back.
    ///
    /// # Errors
    /// The device failed.
    pub fn read_parameters(&self) -> Result<Parameters, GpuError> {
        Ok(Parameters { values: self.parameters.read(&self.gpu)? })
    }

    /// Room for the activations of a batch of `n` images. In an evaluation dropout hands its input on.
    ///
    /// # Errors
    /// One of them is larger than the adapter can bind.
    pub fn activations(&self, n: usize, pass: Pass) -> Result<Activations, GpuError> {
        let mut shape = self.network.input();
        let mut tensors = vec![self.activation("the images of a batch", shape, n)?];
        for (operation, layer) in Operation::of(&self.network, n, 0).iter().zip(self.network.layers()) {
            shape = operation.output(shape);
            tensors.push(match (operation, pass) {
                (Operation::Dropout(_), Pass::Evaluate) => tensors[tensors.len() - 1].clone(),
                _ => self.activation(&format!("the output of \"{layer}\""), shape, n)?,
            });
        }
        Ok(Activations { n, tensors })
    }

    fn activation(&self, name: &str, shape: Shape, n: usize) -> Result<Tensor, GpuError> {
        Tensor::zeros(&self.gpu, name, layers::activation_length(shape.features(), n))
    }

    /// Records the forward pass from the images to the logits.
    ///
    /// # Errors
    /// A kernel cannot be built.
    pub fn record_forward(
        &self,
        recording: &mut Recording,
        activations: &Activations,
        pass: Pass,
    ) -> Result<(), GpuError> {
        for (index, operation) in Operation::of(&self.network, activations.n, pass.seed()).into_iter().enumerate() {
            let (x, y) = (&activations.tensors[index], &activations.tensors[index + 1]);
            let activation = self.network.layers()[index].activation();
            match (operation, pass) {
                (Operation::Conv(shape, matrix), _) => {
                    conv::forward(recording, &shape, &matrix, activation, [&self.parameters, x, y])?;
                }
                (Operation::Dense(shape, matrix), _) => {
                    dense::forward(recording, &shape, &matrix, activation, [&self.parameters, x, y])?;
                }
                (Operation::Pool(shape), _) => pool::forward(recording, &shape, [x, y])?,
                (Operation::Dropout(dropout), Pass::Train { clock, .. }) => {
                    dropout::forward(recording, &dropout, [clock, x, y])?;
                }
                (Operation::Dropout(_), Pass::Evaluate) => {}
            }
        }
        Ok(())
    }

    /// Records the backward pass from the gradient of the logits to `d_parameters`, after the forward pass of the same
    /// activations.
    ///
    /// # Errors
    /// A kernel cannot be built, or a gradient is larger than the adapter can bind.
    pub fn record_backward(
        &self,
        recording: &mut Recording,
        activations: &Activations,
        pass: Pass,
        d_logits: &Tensor,
        d_parameters: &Tensor,
    ) -> Result<(), GpuError> {
        let mut d_y = d_logits.clone();
        let operations = Operation::of(&self.network, activations.n, pass.seed());
        for (index, operation) in operations.into_iter().enumerate().rev() {
            let x = &activations.tensors[index];
            match &operation {
                Operation::Conv(shape, matrix) => {
                    conv::backward_weights(recording, shape, matrix, [&d_y, x, d_parameters])?;
                }
                Operation::Dense(shape, matrix) => {
                    dense::backward_weights(recording, shape, matrix, [&d_y, x, d_parameters])?;
                }
                Operation::Pool(_) | Operation::Dropout(_) => {}
            }
            if index == 0 {
                break;
            }
            let below = self.network.layers()[index - 1].activation();
            let name = format!("the gradient of layer {}'s input", index + 1);
            let d_x = Tensor::zeros(&self.gpu, &name, x.len())?;
            match (operation, pass) {
                (Operation::Conv(shape, matrix), _) => {
                    let w_t = self.transposed(recording, &matrix)?;
                    conv::backward_input(recording, &shape, below, [&w_t, &d_y, x, &d_x])?;
                }
                (Operation::Dense(shape, matrix), _) => {
                    let w_t = self.transposed(recording, &matrix)?;
                    dense::backward_input(recording, &shape, below, [&w_t, &d_y, x, &d_x])?;
                }
                (Operation::Pool(shape), _) => pool::backward(recording, &shape, below, [&d_y, x, &d_x])?,
                (Operation::Dropout(dropout), Pass::Train { clock, .. }) => {
                    dropout::backward(recording, &dropout, below, [clock, &d_y, x, &d_x])?;
                }
                (Operation::Dropout(_), Pass::Evaluate) => continue,
            }
            d_y = d_x;
        }
        Ok(())
    }

    fn transposed(&self, recording: &mut Recording, matrix: &Matrix) -> Result<Tensor, GpuError> {
        let w_t = Tensor::zeros(&self.gpu, &format!("{} transposed", matrix.name), transpose::length(matrix))?;
        transpose::forward(recording, matrix, [&self.parameters, &w_t])?;
        Ok(w_t)
    }
}

/// A layer with the sizes that its kernels need.
pub(crate) enum Operation {
    Conv(ConvShape, Matrix),
    Dense(DenseShape, Matrix),
    Pool(PoolShape),
    Dropout(Dropout),
}

impl Operation {
    /// The operations of a network on batches of `n`; `seed` is dropout's. What a pooling leaves out of its input, a
    /// convolution before it does not compute.
    pub(crate) fn of(network: &Network, n: usize, seed: u32) -> Vec<Operation> {
        let matrix =
            |index| network.matrices().into_iter().find(|matrix| matrix.layer == index).expect("it has weights");
        let mut shape = network.input();
        let mut operations = Vec::new();
        for (index, layer) in network.layers().iter().enumerate() {
            let Shape { channels: c, height: h, width: w } = shape;
            let operation = match *layer {
                Layer::Conv { filters: f, kernel, .. } => {
                    let full = ConvShape { n, c, h, w, f, kernel, padding: layer.padding(), crop: [0, 0] };
                    let crop = match network.layers().get(index + 1) {
                        Some(Layer::Pool { size }) => full.output().map(|length| length % size),
                        _ => [0, 0],
                    };
                    Operation::Conv(ConvShape { crop, ..full }, matrix(index))
                }
                Layer::Dense { units, .. } => {
                    Operation::Dense(DenseShape { n, inputs: c * h * w, units }, matrix(index))
                }
                Layer::Pool { size } => Operation::Pool(PoolShape { n, c, h, w, size }),
                Layer::Dropout { rate } => {
                    let (layer, capacity) = (index as u32, layers::activation_length(1, n));
                    Operation::Dropout(Dropout { rate, seed, layer, step: 0, features: c * h * w, capacity })
                }
            };
            shape = operation.output(shape);
            operations.push(operation);
        }
        operations
    }

    fn output(&self, input: Shape) -> Shape {
        let shape = |channels, [height, width]: [usize; 2]| Shape { channels, height, width };
        match self {
            Operation::Conv(conv, _) => shape(conv.f, conv.output()),
            Operation::Dense(dense, _) => Shape::flat(dense.units),
            Operation::Pool(pool) => shape(pool.c, pool.output()),
            Operation::Dropout(_) => input,
        }
    }
}

impl Pass<'_> {
    /// Dropout's seed; any where it does nothing.
    fn seed(self) -> u32 {
        match self {
            Pass::Train { seed, .. } => seed,
            Pass::Evaluate => 0,
        }
    }
}

impl Activations {
    /// The images, [H * W, N].
    pub fn images(&self) -> &Tensor {
        &self.tensors[0]
    }

    /// The output of the last layer, [classes, N].
    pub fn logits(&self) -> &Tensor {
        &self.tensors[self.tensors.len() - 1]
    }
}

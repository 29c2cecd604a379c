//! Numbers from outside: a small network that PyTorch trained for three steps in `f64`, with every value on the way.
//! `data/golden/README.md` says how they were made. They are part of the program, so that it can check a GPU anywhere; the
//! page brings them when it is to check.

use safetensors::{Dtype, SafeTensorError, SafeTensors, tensor::TensorView};

use super::adam::Adam;
use super::batch::Batch;
use crate::network::{Network, Parameters, Shape};

static FILE: &[u8] = include_bytes!("../../data/golden/small.safetensors");

/// PyTorch's numbers for one batch of eight MNIST images. The methods give them in this crate's layouts.
pub struct Golden<'a> {
    tensors: SafeTensors<'a>,
}

/// Adam's state after the three steps, flat like [`Parameters`].
#[derive(Clone, Debug)]
pub struct Trained {
    pub parameters: Vec<f64>,
    pub m: Vec<f64>,
    pub v: Vec<f64>,
}

impl<'a> Golden<'a> {
    /// The network that was trained.
    pub const NETWORK: &'static str = "conv 4 3x3 relu | pool 2 | conv 6 3x3 relu | pool 2 | dense 20 relu | dense 10";

    /// PyTorch's names of what [`Model::forward`](super::Model::forward) gives, in that order.
    pub const ACTIVATIONS: [&'static str; 7] = ["x", "relu1", "pool1", "relu2", "pool2", "relu3", "logits"];

    /// The file in the program.
    pub fn open() -> Golden<'static> {
        Golden::read(FILE).expect("the golden file in the program is whole")
    }

    /// The same file out of `bytes`.
    ///
    /// # Errors
    /// The file is not whole. What it holds is not checked: it comes with the program.
    pub fn read(bytes: &[u8]) -> Result<Golden<'_>, SafeTensorError> {
        Ok(Golden { tensors: SafeTensors::deserialize(bytes)? })
    }

    /// The network that was trained.
    pub fn network(&self) -> Network {
        Network::parse(Shape::MNIST, Golden::NETWORK).expect("the golden network is a network")
    }

    /// The optimiser that trained it.
    pub fn adam(&self) -> Adam {
        Adam::new(1e-3)
    }

    /// The images as they are in MNIST, `[N, H, W]`.
    pub fn pixels(&self) -> &'a [u8] {
        self.bytes("images_u8")
    }

    /// The digits on the images, `[N]`.
    pub fn labels(&self) -> &'a [u8] {
        self.bytes("labels")
    }

    /// The images as the network reads them, pixel / 255 rounded to `f32`, and their labels.
    pub fn batch(&self) -> Batch {
        Batch { images: self.numbers("x"), labels: self.labels().to_vec() }
    }

    /// An activation by PyTorch's name: one of [`Golden::ACTIVATIONS`], or `conv1`, `conv2`, `fc1`: sums before a relu.
    pub fn activation(&self, name: &str) -> Vec<f64> {
        match name {
            "x" => self.numbers("x"),
            name => self.numbers(&format!("act.{name}")),
        }
    }

    /// The gradient of the mean loss by [`Golden::activation`].
    pub fn d_activation(&self, name: &str) -> Vec<f64> {
        self.numbers(&format!("dact.{name}"))
    }

    /// Where the maxima of pooling layer `number`, 1 or 2, stand: row * W + column in the plane of the input.
    pub fn pool_argmax(&self, number: usize) -> Vec<usize> {
        let tensor = self.tensor(&format!("pool{number}_argmax"), Dtype::I32);
        let number = |bytes: &[u8]| i32::from_le_bytes(bytes.try_into().expect("chunks of four")) as usize;
        tensor.data().chunks_exact(4).map(number).collect()
    }

    /// The loss of each image, `[N]`.
    pub fn image_losses(&self) -> Vec<f64> {
        self.numbers("per_image_loss")
    }

    /// The probability of each class, `[N, classes]`.
    pub fn probabilities(&self) -> Vec<f64> {
        self.numbers("probs")
    }

    /// The parameters before training, exact in `f32`.
    pub fn parameters(&self) -> Parameters {
        Parameters { values: self.flat("init").into_iter().map(|value| value as f32).collect() }
    }

    /// The gradient of the mean loss by [`Golden::parameters`], flat.
    pub fn d_parameters(&self) -> Vec<f64> {
        self.flat("grad")
    }

    /// The mean loss before the first, second and third step, and after the third.
    pub fn losses(&self) -> [f64; 4] {
        ["loss_step1", "loss_step2", "loss_step3", "loss_after3"].map(|name| self.numbers(name)[0])
    }

    /// The parameters after one step, flat.
    pub fn parameters_after_one_step(&self) -> Vec<f64> {
        self.flat("torch1")
    }

    /// Parameters and moments after three steps.
    pub fn trained(&self) -> Trained {
        Trained { parameters: self.flat("torch3"), m: self.flat("torch3.m"), v: self.flat("torch3.v") }
    }

    /// The tensors `prefix.LAYER.weight` and `prefix.LAYER.bias` of all layers as one flat vector.
    fn flat(&self, prefix: &str) -> Vec<f64> {
        let matrices = self.network().matrices();
        let mut flat = vec![0.0; matrices[matrices.len() - 1].end()];
        for matrix in &matrices {
            let layer = matrix.name.replace("dense", "fc");
            let weights = self.numbers(&format!("{prefix}.{layer}.weight"));
            let biases = self.numbers(&format!("{prefix}.{layer}.bias"));
            matrix.fill(&mut flat, &weights, &biases);
        }
        flat
    }

    fn numbers(&self, name: &str) -> Vec<f64> {
        let number = |bytes: &[u8]| f64::from_le_bytes(bytes.try_into().expect("chunks of eight"));
        self.tensor(name, Dtype::F64).data().chunks_exact(8).map(number).collect()
    }

    fn bytes(&self, name: &str) -> &'a [u8] {
        self.tensor(name, Dtype::U8).data()
    }

    /// # Panics
    /// If the file in the program has no such tensor.
    fn tensor(&self, name: &str, dtype: Dtype) -> TensorView<'a> {
        let tensor = self.tensors.tensor(name).unwrap_or_else(|error| panic!("golden tensor {name}: {error}"));
        assert_eq!(tensor.dtype(), dtype, "golden tensor {name}");
        tensor
    }
}

//! The reference against PyTorch: every activation, every gradient and three steps of Adam, in `f64`. Operations are
//! fed PyTorch's inputs one by one, so that a failure names the operation; then the whole network runs by itself.

use digits::network::{Network, Parameters, Shape};
use digits::reference::adam;
use digits::reference::batch;
use digits::reference::conv::{self, ConvShape};
use digits::reference::dense::{self, DenseShape};
use digits::reference::golden::Golden;
use digits::reference::pool::{self, PoolShape};
use digits::reference::sgd::Sgd;
use digits::reference::{Model, Optimiser, Pass, relu, relu_backward, softmax};
use safetensors::SafeTensors;

const CONV1: ConvShape =
    ConvShape { n: 8, c: 1, h: 28, w: 28, f: 4, kernel: [3, 3], padding: [0, 0], stride: 1, crop: [0, 0] };
const CONV2: ConvShape =
    ConvShape { n: 8, c: 4, h: 13, w: 13, f: 6, kernel: [3, 3], padding: [0, 0], stride: 1, crop: [0, 0] };
const POOL1: PoolShape = PoolShape { n: 8, c: 4, h: 26, w: 26, size: 2 };
const POOL2: PoolShape = PoolShape { n: 8, c: 6, h: 11, w: 11, size: 2 };
const DENSE1: DenseShape = DenseShape { n: 8, inputs: 150, units: 20 };
const DENSE2: DenseShape = DenseShape { n: 8, inputs: 20, units: 10 };

/// Two sums of the same `f64` products in different orders are nearer than this.
const TOLERANCE: f64 = 1e-13;

#[track_caller]
fn assert_near(name: &str, ours: &[f64], golden: &[f64]) {
    assert_eq!(ours.len(), golden.len(), "{name}");
    for (index, (ours, golden)) in ours.iter().zip(golden).enumerate() {
        let error = (ours - golden).abs();
        assert!(error <= TOLERANCE * (1.0 + golden.abs()), "{name}[{index}]: {ours}, PyTorch has {golden}");
    }
}

/// The initial weights and biases of matrix `number`, from 1.
fn initial(golden: &Golden, number: usize) -> (Vec<f64>, Vec<f64>) {
    let (matrix, parameters) = (&golden.network().matrices()[number - 1], golden.parameters());
    let wide = |values: Vec<f32>| values.into_iter().map(f64::from).collect();
    (wide(matrix.weights(&parameters.values)), wide(matrix.biases(&parameters.values)))
}

/// The gradient by the weights and biases of matrix `number`, from 1.
fn d_initial(golden: &Golden, number: usize) -> (Vec<f64>, Vec<f64>) {
    let (matrix, flat) = (&golden.network().matrices()[number - 1], golden.d_parameters());
    (matrix.weights(&flat), matrix.biases(&flat))
}

#[test]
fn batch_matches_pytorch_to_the_last_bit_of_f32() {
    let golden = Golden::open();
    let gathered = batch::gather(golden.pixels(), golden.labels(), &[0, 1, 2, 3, 4, 5, 6, 7], 28 * 28);
    let rounded: Vec<f64> = gathered.images.iter().map(|pixel| f64::from(*pixel as f32)).collect();
    assert_eq!(rounded, golden.batch().images);
    assert_eq!(gathered.labels, golden.batch().labels);
}

#[test]
fn conv_matches_pytorch() {
    let golden = Golden::open();
    for (number, shape, x, y) in [(1, CONV1, "x", "conv1"), (2, CONV2, "pool1", "conv2")] {
        let (weights, biases) = initial(&golden, number);
        let (golden_d_weights, golden_d_biases) = d_initial(&golden, number);
        let (d_y, d_x) = (golden.d_activation(y), golden.d_activation(x));
        let x = golden.activation(x);
        assert_near(y, &conv::forward(&x, &weights, &biases, &shape), &golden.activation(y));
        assert_near("d_x", &conv::backward_input(&d_y, &weights, &shape), &d_x);
        let (d_weights, d_biases) = conv::backward_weights(&d_y, &x, &shape);
        assert_near("d_weights", &d_weights, &golden_d_weights);
        assert_near("d_biases", &d_biases, &golden_d_biases);
    }
}

#[test]
fn dense_matches_pytorch() {
    let golden = Golden::open();
    for (number, shape, x, y) in [(3, DENSE1, "pool2", "fc1"), (4, DENSE2, "relu3", "logits")] {
        let (weights, biases) = initial(&golden, number);
        let (golden_d_weights, golden_d_biases) = d_initial(&golden, number);
        let (d_y, d_x) = (golden.d_activation(y), golden.d_activation(x));
        let x = golden.activation(x);
        assert_near(y, &dense::forward(&x, &weights, &biases, &shape), &golden.activation(y));
        assert_near("d_x", &dense::backward_input(&d_y, &weights, &shape), &d_x);
        let (d_weights, d_biases) = dense::backward_weights(&d_y, &x, &shape);
        assert_near("d_weights", &d_weights, &golden_d_weights);
        assert_near("d_biases", &d_biases, &golden_d_biases);
    }
}

#[test]
fn relu_and_its_gate_match_pytorch() {
    let golden = Golden::open();
    for (sums, outputs) in [("conv1", "relu1"), ("conv2", "relu2"), ("fc1", "relu3")] {
        let y = golden.activation(outputs);
        assert_eq!(relu(&golden.activation(sums)), y, "{outputs}");
        assert_eq!(relu_backward(&golden.d_activation(outputs), &y), golden.d_activation(sums), "d_{sums}");
    }
}

#[test]
fn pool_matches_pytorch_also_in_its_ties() {
    let golden = Golden::open();
    for (number, shape, x, y) in [(1, POOL1, "relu1", "pool1"), (2, POOL2, "relu2", "pool2")] {
        let d_x = pool::backward(&golden.d_activation(y), &golden.activation(x), &shape);
        assert_eq!(pool::argmax(&golden.activation(x), &shape), golden.pool_argmax(number), "{y}");
        assert_eq!(pool::forward(&golden.activation(x), &shape), golden.activation(y), "{y}");
        assert_eq!(d_x, golden.d_activation(x), "d_{x}");
    }
}

#[test]
fn softmax_matches_pytorch() {
    let golden = Golden::open();
    let (logits, labels) = (golden.activation("logits"), golden.labels());
    let losses = softmax::forward(&logits, labels, 10, 0.0);
    assert_near("probabilities", &softmax::probabilities(&logits, 10), &golden.probabilities());
    assert_near("losses", &losses, &golden.image_losses());
    assert_near("loss", &[softmax::mean(&losses, labels)], &golden.losses()[..1]);
    assert_near("d_logits", &softmax::backward(&logits, labels, 10, 0.0), &golden.d_activation("logits"));
}

#[test]
fn adam_matches_pytorch() {
    let golden = Golden::open();
    let mut parameters: Vec<f64> = golden.parameters().values.into_iter().map(f64::from).collect();
    let (mut m, mut v) = (vec![0.0; parameters.len()], vec![0.0; parameters.len()]);
    adam::step(&mut parameters, &golden.d_parameters(), &mut m, &mut v, 1, &golden.adam());
    assert_near("parameters", &parameters, &golden.parameters_after_one_step());
}

#[test]
fn model_matches_every_activation_and_gradient_of_pytorch() {
    let golden = Golden::open();
    let (model, batch) = (Model::new(&golden.network(), &golden.parameters()), golden.batch());
    let activations = model.forward(&batch.images, Pass::Evaluate);
    let gradients = model.backward(&activations, &batch.labels, Pass::Evaluate);
    for (index, name) in Golden::ACTIVATIONS.into_iter().enumerate() {
        assert_near(name, &activations[index], &golden.activation(name));
        assert_near(&format!("d_{name}"), &gradients.d_activations[index], &golden.d_activation(name));
    }
    assert_near("d_parameters", &gradients.d_parameters, &golden.d_parameters());
}

#[test]
fn model_matches_losses_parameters_and_moments_of_three_steps_of_pytorch() {
    let golden = Golden::open();
    let mut model = Model::new(&golden.network(), &golden.parameters());
    let mut losses = model.train(&vec![golden.batch(); 3], Optimiser::Adam(golden.adam()), 0, 8);
    losses.push(model.loss(&golden.batch(), Pass::Evaluate));
    let trained = golden.trained();
    assert_near("losses", &losses, &golden.losses());
    assert_near("m", &model.m, &trained.m);
    assert_near("v", &model.v, &trained.v);
    assert_near("parameters", &model.parameters, &trained.parameters);
}

/// `data/golden/layers.safetensors`: strides and batch normalisation.
struct Layers(SafeTensors<'static>);

impl Layers {
    /// Where its `nn.Sequential` has what a network's matrices are.
    const PLACES: [&'static str; 7] = ["0", "1", "3", "5", "7", "8", "10"];

    fn open() -> (Layers, Network) {
        let file = include_bytes!("../data/golden/layers.safetensors");
        let (_, header) = SafeTensors::read_metadata(file).unwrap();
        let text = header.metadata().as_ref().unwrap()["network"].clone();
        (Layers(SafeTensors::deserialize(file).unwrap()), Network::parse(Shape::MNIST, &text).unwrap())
    }

    fn numbers(&self, name: &str) -> Vec<f64> {
        let tensor = self.0.tensor(name).unwrap_or_else(|error| panic!("{name}: {error}"));
        tensor.data().chunks_exact(8).map(|bytes| f64::from_le_bytes(bytes.try_into().unwrap())).collect()
    }

    /// The tensors of `prefix`, with running statistics or without, in the flat layout.
    fn flat(&self, prefix: &str, network: &Network) -> Vec<f64> {
        let matrices = network.matrices();
        let mut flat = vec![0.0; matrices.last().unwrap().end()];
        for (matrix, place) in matrices.iter().zip(Layers::PLACES) {
            let of = |name| self.numbers(&format!("{prefix}.{place}.{name}"));
            matrix.fill(&mut flat, &of("weight"), &of("bias"));
            if matrix.is_norm() && prefix != "grad" {
                matrix.fill_statistics(&mut flat, [&of("running_mean"), &of("running_var")]);
            }
        }
        flat
    }
}

#[test]
fn strides_and_batch_normalisation_match_three_steps_of_pytorch_and_what_it_says_afterwards() {
    let (golden, network) = Layers::open();
    let batch = Golden::open().batch();
    let initial = golden.flat("init", &network).into_iter().map(|number| number as f32).collect();
    let mut model = Model::new(&network, &Parameters { values: initial });
    let pass = Pass::Train { seed: 0, step: 0, capacity: 8, images: 8 };
    let activations = model.forward(&batch.images, pass);
    assert_near("logits", activations.last().unwrap(), &golden.numbers("logits"));
    let mut d_parameters = model.backward(&activations, &batch.labels, pass).d_parameters;
    for matrix in network.matrices().iter().filter(|matrix| matrix.is_norm()) {
        matrix.fill_statistics(&mut d_parameters, [&vec![0.0; matrix.rows]; 2].map(Vec::as_slice));
    }
    assert_near("d_parameters", &d_parameters, &golden.flat("grad", &network));
    let sgd = Optimiser::Sgd(Sgd { learning_rate: 0.05, momentum: 0.9 });
    let losses = model.train(&vec![batch.clone(); 3], sgd, 0, 8);
    assert_near("losses", &losses, &golden.numbers("losses"));
    assert_near("parameters", &model.parameters, &golden.flat("after3", &network));
    let logits = model.forward(&batch.images, Pass::Evaluate).pop().unwrap();
    assert_near("logits afterwards", &logits, &golden.numbers("logits_after3"));
}

//! Cases of the last dense layer with what follows from its scores.

use super::products::{self, OFFSET};
use super::{Absent, Case, Expected, Inputs, Output, Prepared, sum_tolerance};
use super::{dropped, passes};
use crate::gpu::{Gpu, GpuError, Recording, Tensor};
use crate::layers::capacity;
use crate::layers::classifier::Classifier;
use crate::layers::clock::{Clock, Time};
use crate::layers::epilogue::Below;
use crate::layers::softmax::{ScoreShape, Scores};
use crate::network::{Activation, Matrix};
use crate::reference::classifier;
use crate::reference::dense::DenseShape;
use crate::reference::{self, relu, relu_backward};

/// What the exponentials of a GPU, which are good to a few units in the last place, and a logarithm add to the error of a score.
const EXPONENTIALS: f64 = 4e-6;

/// The kernels of a last layer, the gradients also behind dropout. Those that take labels see the second, shorter batch of a data set: `n - 1` images, or all
/// when there is only one a batch.
pub fn classifier(n: usize, inputs: usize, classes: usize) -> [Case; 4] {
    let data = Data { shape: DenseShape { n, inputs, units: classes }, matrix: matrix(inputs, classes) };
    let (products, numbers) = ((2 * n * inputs * classes) as f64, n * inputs + inputs * classes);
    let case = |operation, flops, numbers, prepare| {
        let shape = format!("N {n} C {inputs} F {classes}");
        Case { operation, shape, flops, bytes: 4.0 * numbers as f64, prepare }
    };
    let (for_losses, for_gradients, for_dropped) = (data.clone(), data.clone(), data.clone());
    let all = numbers + n * (inputs + classes);
    [
        case("classifier/probabilities", products, numbers, Box::new(move |gpu| data.probabilities(gpu))),
        case("classifier/losses", products, numbers, Box::new(move |gpu| for_losses.losses(gpu))),
        case("classifier/gradients", 2.0 * products, all, Box::new(move |gpu| for_gradients.gradients(gpu))),
        case(
            "classifier/gradients/dropout",
            2.0 * products,
            all,
            Box::new(move |gpu| for_dropped.gradients_behind_dropout(gpu)),
        ),
    ]
}

fn matrix(inputs: usize, classes: usize) -> Matrix {
    Matrix::new(0, "w", &[classes, inputs], OFFSET)
}

#[derive(Clone)]
struct Data {
    shape: DenseShape,
    matrix: Matrix,
}

/// What a batch is made of, on the host and on the device. Places without an image have numbers of their own, which must
/// not leak into any result.
struct Batch {
    x: Vec<f64>,
    weights: Vec<f64>,
    biases: Vec<f64>,
    /// [`Data::shape`] with an image at each place.
    shape: DenseShape,
    labels: Vec<u8>,
    scores_of: ScoreShape,
    clock: Tensor,
    labels_on_gpu: Tensor,
    parameters: Tensor,
    x_on_gpu: Tensor,
    scores: Scores,
}

/// In the second of two batches.
const NOW: Time = Time { step: 7, batch: 1, correction1: 0.5, correction2: 0.25, rate: 0.125 };

/// How much of a label is spread over all classes.
const SMOOTHING: f64 = 0.125;

impl Data {
    fn classifier(&self) -> Classifier<'_> {
        Classifier { shape: self.shape, matrix: &self.matrix }
    }

    fn probabilities(&self, gpu: &Gpu) -> Result<Prepared, GpuError> {
        let batch = self.batch(gpu)?;
        let p = batch.scores.probabilities.clone();
        let mut recording = Recording::new(gpu);
        self.classifier().probabilities(&mut recording, [&batch.parameters, &batch.x_on_gpu, &p])?;
        let values = classifier::probabilities(&batch.x, &batch.weights, &batch.biases, &batch.shape);
        let expected = Expected::Images { values, n: batch.shape.n, tolerance: self.tolerance() };
        Ok(Prepared { recording, outputs: vec![Output { tensor: p, expected }] })
    }

    fn losses(&self, gpu: &Gpu) -> Result<Prepared, GpuError> {
        let batch = self.batch(gpu)?;
        let mut recording = Recording::new(gpu);
        let tensors = [&batch.clock, &batch.labels_on_gpu, &batch.parameters, &batch.x_on_gpu];
        self.classifier().losses(&mut recording, &batch.scores_of, tensors, &batch.scores)?;
        let Batch { x, weights, biases, labels, shape, .. } = &batch;
        let (losses, predictions) = classifier::losses(x, weights, biases, (labels, SMOOTHING), shape);
        batch.scores.predictions.write(gpu, &vec![77u32; shape.n]);
        let predictions = predictions.into_iter().map(|class| class as u32);
        let words = std::iter::repeat_n(77, shape.n).chain(predictions).collect();
        let predictions = Output { tensor: batch.scores.predictions.clone(), expected: Expected::Words(words) };
        let losses = self.losses_output(gpu, &batch, losses);
        Ok(Prepared { recording, outputs: vec![losses, predictions, clock_output(&batch)] })
    }

    fn gradients(&self, gpu: &Gpu) -> Result<Prepared, GpuError> {
        self.gradients_of(gpu, &self.batch(gpu)?, Activation::Relu.into(), |d_x| d_x)
    }

    /// With an x that dropout left of what a ReLU made.
    fn gradients_behind_dropout(&self, gpu: &Gpu) -> Result<Prepared, GpuError> {
        let batch = self.batch(gpu)?;
        let (dropout, _) = dropped::draw(gpu, self.shape.inputs, batch.shape.n)?;
        let x = reference::dropout::forward(&relu(&batch.x), &dropout);
        let x_on_gpu = Inputs::new(gpu).images("x", &x, batch.shape.n, Absent::Anything)?;
        let batch = Batch { x, x_on_gpu, ..batch };
        let undo = |d_x: Vec<f64>| reference::dropout::backward(&d_x, &dropout);
        self.gradients_of(gpu, &batch, Below::relu_and(&dropout), undo)
    }

    /// `below` is what made x, and `undo` what it does to the gradient, but for the ReLU's part.
    fn gradients_of(
        &self,
        gpu: &Gpu,
        batch: &Batch,
        below: Below,
        undo: impl Fn(Vec<f64>) -> Vec<f64>,
    ) -> Result<Prepared, GpuError> {
        let Batch { x, weights, biases, labels, shape, scores, .. } = batch;
        let d_x = Inputs::new(gpu).output("d_x", shape.inputs, shape.n);
        let mut recording = Recording::new(gpu);
        let tensors = [&batch.clock, &batch.labels_on_gpu, &batch.parameters, &batch.x_on_gpu, &d_x];
        self.classifier().gradients(&mut recording, &batch.scores_of, below, tensors, scores)?;
        let expected = classifier::gradients(x, weights, biases, (labels, SMOOTHING), shape);
        let images = |tensor: &Tensor, values| Output {
            tensor: tensor.clone(),
            expected: Expected::Images { values, n: shape.n, tolerance: self.tolerance() },
        };
        let outputs = vec![
            self.losses_output(gpu, batch, expected.losses),
            images(&scores.d_logits, expected.d_logits),
            images(&d_x, relu_backward(&undo(expected.d_x), x)),
            clock_output(batch),
        ];
        Ok(Prepared { recording, outputs })
    }

    /// The losses of both batches. The first's are not touched; they are given here what they must keep.
    fn losses_output(&self, gpu: &Gpu, batch: &Batch, losses: Vec<f64>) -> Output {
        let tensor = batch.scores.losses.clone();
        tensor.write(gpu, &vec![0.25f32; batch.shape.n]);
        let values = [vec![0.25; batch.shape.n], losses].concat();
        Output { tensor, expected: Expected::Flat { values, tolerance: self.tolerance() } }
    }

    fn tolerance(&self) -> f64 {
        EXPONENTIALS + sum_tolerance(self.shape.inputs + self.shape.units)
    }

    fn batch(&self, gpu: &Gpu) -> Result<Batch, GpuError> {
        let DenseShape { n, inputs: features, units: classes } = self.shape;
        let (width, present) = (capacity(n), (n - 1).max(1));
        let mut inputs = Inputs::new(gpu);
        let parameters = products::parameters(&self.matrix, &mut inputs);
        let x = inputs.values(width * features);
        let labels = passes::labels(width, present, classes);
        let words: Vec<u32> = labels.iter().copied().map(u32::from).collect();
        Ok(Batch {
            weights: self.matrix.weights(&parameters),
            biases: self.matrix.biases(&parameters),
            shape: DenseShape { n: width, ..self.shape },
            scores_of: ScoreShape { n, classes, count: n + present, smoothing: SMOOTHING },
            clock: passes::guarded_clock(gpu, Clock { now: NOW, ..Clock::START }),
            labels_on_gpu: Tensor::new(gpu, "labels", &words)?,
            parameters: inputs.flat("parameters", &parameters)?,
            x_on_gpu: inputs.images("x", &x, width, Absent::Anything)?,
            scores: Scores {
                d_logits: inputs.output("d_logits", classes, n),
                probabilities: inputs.output("probabilities", classes, n),
                losses: Tensor::poisoned(gpu, "losses", 2 * width),
                predictions: Tensor::poisoned(gpu, "predictions", 2 * width),
            },
            x,
            labels,
        })
    }
}

/// The clock, which says that the batch is done.
fn clock_output(batch: &Batch) -> Output {
    Output { tensor: batch.clock.clone(), expected: Expected::Clock(Clock { done: NOW, now: NOW }) }
}

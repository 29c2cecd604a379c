//! A real training, small enough for the reference: what goes forward and backward through its network for one digit, and how
//! Adam moves one weight.

use digits::figures::Tone;
use digits::mnist::{PIXELS, Split};
use digits::network::{Network, Parameters, Shape};
use digits::random;
use digits::reference::adam::Adam;
use digits::reference::conv::{self, ConvShape};
use digits::reference::{Model, Optimiser, Pass, batch, relu_backward, softmax};
use maud::html;

use super::svg::{Picture, arrow, curve, label, map, remark};

pub const NETWORK: &str = "conv 4 3x3 relu | pool 2 | dense 10";
pub const FILTERS: usize = 4;
const TAPS: usize = 9;
pub const BATCH: usize = 32;
pub const STEPS: usize = 200;
pub const LEARNING_RATE: f64 = 3e-3;
const SEED: u32 = 0;
/// The convolution of one image.
const SHAPE: ConvShape =
    ConvShape { n: 1, c: 1, h: 28, w: 28, f: FILTERS, kernel: [3, 3], padding: [0, 0], stride: 1, crop: [0, 0] };

/// A network after its training.
pub struct Trained {
    model: Model,
    pub losses: Vec<f64>,
    /// Of one weight: its gradient in each step, the mean that Adam has of it, and the weight before the first step and after each.
    gradient: Vec<f64>,
    mean: Vec<f64>,
    weight: Vec<f64>,
}

impl Trained {
    pub fn new() -> Trained {
        /// The first filter's middle.
        const WEIGHT: usize = 4;
        let network = Network::parse(Shape::MNIST, NETWORK).expect("it is a network");
        let data = Split::embedded().expect("MNIST is in the program").training;
        let order = random::shuffle(SEED, 0, (BATCH * STEPS) as u32);
        let mut model = Model::new(&network, &Parameters::glorot(&network, SEED));
        let adam = Optimiser::Adam(Adam::new(LEARNING_RATE));
        let (mut losses, mut gradient, mut mean, mut weight) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        weight.push(model.parameters[WEIGHT]);
        for picks in order.chunks(BATCH) {
            let batch = batch::gather(&data.images, &data.labels, picks, PIXELS);
            let activations = model.forward(&batch.images, Pass::Evaluate);
            let logits = &activations[activations.len() - 1];
            losses.push(softmax::mean(&softmax::forward(logits, &batch.labels, 10, 0.0), &batch.labels));
            let gradients = model.backward(&activations, &batch.labels, Pass::Evaluate);
            model.step(&gradients.d_parameters, adam);
            gradient.push(gradients.d_parameters[WEIGHT]);
            mean.push(model.m[WEIGHT] / (1.0 - 0.9f64.powi(model.steps as i32)));
            weight.push(model.parameters[WEIGHT]);
        }
        Trained { model, losses, gradient, mean, weight }
    }

    /// The mean loss of ten steps.
    pub fn loss(&self, from: usize) -> f64 {
        self.losses[from..from + 10].iter().sum::<f64>() / 10.0
    }

    /// A row for each filter: the image, what the filter makes of it, and the way back.
    pub fn passes(&self) -> Picture {
        const MAP: f64 = 96.0;
        const DOWN: f64 = 112.0;
        let test = Split::embedded().expect("MNIST is in the program").test;
        let (image, digit) = (batch::gather(&test.images, &test.labels, &[0], PIXELS), test.labels[0]);
        let activations = self.model.forward(&image.images, Pass::Evaluate);
        let d = self.model.backward(&activations, &image.labels, Pass::Evaluate).d_activations;
        let d_sums = relu_backward(&d[1], &activations[1]);
        let (d_w, _) = conv::backward_weights(&d_sums, &image.images, &SHAPE);
        let weights: Vec<f64> = (0..FILTERS).flat_map(|f| self.model.parameters[f * 12..][..TAPS].to_vec()).collect();
        let d_x = conv::backward_input(&d_sums, &weights, &SHAPE);
        let columns = [
            ("filter", &weights, 3, 150.0),
            ("max(0, y)", &activations[1], 26, 260.0),
            ("pooled", &activations[2], 13, 370.0),
            ("d_pooled", &d[2], 13, 520.0),
            ("d_y", &d_sums, 26, 630.0),
            ("d_w", &d_w, 3, 740.0),
        ];
        let middle = 40.0 + 1.5 * DOWN;
        let body = html! {
            (remark([24.0, middle - 14.0], "start", "x"))
            (map([24.0, middle], MAP, &image.images, 28, 1.0))
            (arrow([124.0, middle + MAP / 2.0], [146.0, middle + MAP / 2.0], Tone::Muted))
            @for (name, values, columns, left) in columns {
                (remark([left, 24.0], "start", name))
                @for (f, values) in values.chunks_exact(values.len() / FILTERS).enumerate() {
                    (map([left, 40.0 + f as f64 * DOWN], MAP, values, columns, most(values)))
                }
            }
            (label([493.0, middle + MAP / 2.0], "middle", Tone::Muted, "…"))
            (remark([868.0, middle - 14.0], "start", "d_x, of all d_y"))
            (map([868.0, middle], MAP, &d_x, 28, most(&d_x)))
            (remark([24.0, 40.0 + 4.0 * DOWN + 8.0], "start", &format!("The image is a {digit}. Left of the dots it goes forward, right of them the gradient of its loss comes back.")))
            (remark([24.0, 40.0 + 4.0 * DOWN + 28.0], "start", "Blue is above zero, orange below, each map on a scale of its own."))
        };
        Picture {
            name: "passes",
            title: "A digit forward through four filters, and the gradient of its loss back".into(),
            size: [990.0, 535.0],
            body,
        }
    }

    /// A weight's gradient and Adam's mean of it; and the weight.
    pub fn adam(&self) -> Picture {
        let most = most(&self.gradient);
        let (least, largest) = self.weight.iter().fold((f64::MAX, f64::MIN), |(a, b), w| (a.min(*w), b.max(*w)));
        let size = [640.0, 120.0];
        let body = html! {
            (remark([80.0, 20.0], "start", "one weight's gradient in each step, and Adam's mean of it (m, corrected)"))
            line x1="80" y1="96" x2="720" y2="96" stroke=(Tone::Line.hex()) {}
            (curve([80.0, 36.0], size, &self.gradient, [-most, most], Tone::Muted))
            (curve([80.0, 36.0], size, &self.mean, [-most, most], Tone::Wrong))
            @for (y, value) in [(36.0, most), (96.0, 0.0), (156.0, -most)] { (remark([72.0, y], "end", &format!("{value:.3}"))) }
            (remark([80.0, 190.0], "start", "the weight: a step is that mean over the root of the mean square, times the learning rate"))
            (curve([80.0, 206.0], size, &self.weight, [least, largest], Tone::Right))
            @for (y, value) in [(206.0, largest), (326.0, least)] { (remark([72.0, y], "end", &format!("{value:.3}"))) }
            (remark([80.0, 346.0], "start", "step 1"))
            (remark([720.0, 346.0], "end", &format!("step {STEPS}")))
        };
        Picture { name: "adam", title: "How Adam moves a weight".into(), size: [760.0, 365.0], body }
    }
}

fn most(values: &[f64]) -> f64 {
    values.iter().fold(f64::MIN_POSITIVE, |most, value| most.max(value.abs()))
}

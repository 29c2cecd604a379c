//! Cases of the passes that are no matrix product: one invocation for each number or window.

use super::{Absent, Case, Expected, Inputs, Output, Prepared};
use crate::augment::Augment;
use crate::gpu::{Gpu, Recording, Tensor};
use crate::layers;
use crate::layers::batch::{Drawing, Images};
use crate::layers::capacity;
use crate::layers::clock::{Clock, Pace, Time};
use crate::layers::softmax::{ScoreShape, Scores};
use crate::network::Activation;
use crate::reference::Optimiser;
use crate::reference::adam::Adam;
use crate::reference::augment::Draw;
use crate::reference::dropout::Dropout;
use crate::reference::pool::PoolShape;
use crate::reference::schedule::Schedule;
use crate::reference::softmax::{NO_CLASS, NO_IMAGE};
use crate::reference::{self, relu_backward};

/// What rounding may add to a number that is copied, scaled or squared a few times.
pub(super) const ROUNDING: f64 = 1e-6;

/// Both directions of a pooling above a ReLU.
pub fn pool(shape: PoolShape) -> [Case; 2] {
    let [oh, ow] = shape.output();
    let (x, y) = (shape.c * shape.h * shape.w, shape.c * oh * ow);
    let text = format!("N {} C {} {}x{} size {}", shape.n, shape.c, shape.h, shape.w, shape.size);
    let bytes = |numbers: usize| 4.0 * (shape.n * numbers) as f64;
    let forward = Box::new(move |gpu: &Gpu| {
        let mut inputs = Inputs::new(gpu);
        let values = inputs.values(shape.n * x);
        let tensor = inputs.output("y", y, shape.n);
        let mut recording = Recording::new(gpu);
        let on_gpu = inputs.images("x", &values, shape.n, Absent::Anything)?;
        let winners = Tensor::poisoned(gpu, "winners", layers::pool::winners_length(&shape));
        layers::pool::forward(&mut recording, &shape, Activation::Relu, [&on_gpu, &tensor, &winners])?;
        let largest = reference::pool::forward(&values, &shape);
        let expected = Expected::Winners { values: winners_of(&values, &largest, &shape), n: shape.n };
        let mut prepared = prepared(recording, tensor, largest, shape.n);
        prepared.outputs.push(Output { tensor: winners, expected });
        Ok(prepared)
    });
    let backward = Box::new(move |gpu: &Gpu| {
        let mut inputs = Inputs::new(gpu);
        let (values, d_y) = (inputs.values(shape.n * x), inputs.values(shape.n * y));
        let d_x = inputs.output("d_x", x, shape.n);
        let mut recording = Recording::new(gpu);
        let largest = reference::pool::forward(&values, &shape);
        let winners = Tensor::new(gpu, "winners", &pack_winners(&winners_of(&values, &largest, &shape), shape.n))?;
        let d_y_on_gpu = inputs.images("d_y", &d_y, shape.n, Absent::Zero)?;
        layers::pool::backward(&mut recording, &shape, [&d_y_on_gpu, &winners, &d_x])?;
        let expected = relu_backward(&reference::pool::backward(&d_y, &values, &shape), &values);
        Ok(prepared(recording, d_x, expected, shape.n))
    });
    let comparisons = (shape.n * x) as f64;
    [
        Case {
            operation: "pool/forward",
            shape: text.clone(),
            flops: comparisons,
            bytes: bytes(x + y),
            prepare: forward,
        },
        Case {
            operation: "pool/backward",
            shape: text,
            flops: comparisons,
            bytes: bytes(2 * x + y),
            prepare: backward,
        },
    ]
}

/// What each window took, [N, C, OH, OW]: the place of its first maximum, row by row; 255 where the maximum is not above
/// zero, and so no gradient passes the ReLU before it.
pub(super) fn winners_of(x: &[f64], largest: &[f64], shape: &PoolShape) -> Vec<u8> {
    let place = |(at, largest): (&usize, &f64)| match *largest > 0.0 {
        true => ((at / shape.w % shape.size) * shape.size + at % shape.w % shape.size) as u8,
        false => 255,
    };
    reference::pool::argmax(x, shape).iter().zip(largest).map(place).collect()
}

/// [N, features] -> [features, N / 4], four images a word; absent ones are zero.
pub(super) fn pack_winners(winners: &[u8], n: usize) -> Vec<u32> {
    let numbers: Vec<f32> = winners.iter().copied().map(f32::from).collect();
    let innermost = layers::to_images_innermost(&numbers, n);
    let word = |four: &[f32]| u32::from_le_bytes(std::array::from_fn(|image| four[image] as u8));
    innermost.chunks_exact(layers::IMAGE_BLOCK).map(word).collect()
}

/// Both directions of dropout above a ReLU, in the third step.
pub fn dropout(n: usize, features: usize, rate: f32) -> [Case; 2] {
    let dropout = Dropout { rate, seed: 9, layer: 4, step: 2, features, capacity: capacity(n) };
    let clock = Clock { now: Time { step: 3, ..Time::START }, ..Clock::START };
    let text = format!("N {n} C {features} rate {rate}");
    let bytes = |numbers: usize| 4.0 * (n * features * numbers) as f64;
    let forward = Box::new(move |gpu: &Gpu| {
        let mut inputs = Inputs::new(gpu);
        let x = inputs.values(n * features);
        let y = inputs.output("y", features, n);
        let mut recording = Recording::new(gpu);
        let on_gpu = inputs.images("x", &x, n, Absent::Anything)?;
        layers::dropout::forward(&mut recording, &dropout, [&clock.tensor(gpu)?, &on_gpu, &y])?;
        Ok(prepared(recording, y, reference::dropout::forward(&x, &dropout), n))
    });
    let backward = Box::new(move |gpu: &Gpu| {
        let mut inputs = Inputs::new(gpu);
        let (x, d_y) = (inputs.values(n * features), inputs.values(n * features));
        let d_x = inputs.output("d_x", features, n);
        let mut recording = Recording::new(gpu);
        let d_y_on_gpu = inputs.images("d_y", &d_y, n, Absent::Zero)?;
        let on_gpu = inputs.images("x", &x, n, Absent::Anything)?;
        let tensors = [&clock.tensor(gpu)?, &d_y_on_gpu, &on_gpu, &d_x];
        layers::dropout::backward(&mut recording, &dropout, Activation::Relu, tensors)?;
        let expected = relu_backward(&reference::dropout::backward(&d_y, &dropout), &x);
        Ok(prepared(recording, d_x, expected, n))
    });
    let flops = (n * features) as f64;
    [
        Case { operation: "dropout/forward", shape: text.clone(), flops, bytes: bytes(2), prepare: forward },
        Case { operation: "dropout/backward", shape: text, flops, bytes: bytes(3), prepare: backward },
    ]
}

/// Scores of the second, shorter batch of a data set: `n - 1` images, or all when there is only one a batch.
pub fn softmax(n: usize, classes: usize) -> Case {
    let present = (n - 1).max(1);
    const SMOOTHING: f64 = 0.125;
    let shape = ScoreShape { n, classes, count: n + present, smoothing: SMOOTHING };
    let prepare = Box::new(move |gpu: &Gpu| {
        let mut inputs = Inputs::new(gpu);
        // Large scores, whose exponentials overflow unless the largest is taken off first.
        let logits: Vec<f64> = inputs.values(n * classes).iter().map(|score| 256.0 * score).collect();
        let labels = labels(n, present, classes);
        let mut words: Vec<u32> = labels.iter().copied().map(u32::from).collect();
        words.resize(capacity(n), u32::from(NO_IMAGE));
        let scores = Scores {
            d_logits: inputs.output("d_logits", classes, n),
            probabilities: inputs.output("probabilities", classes, n),
            losses: Tensor::poisoned(gpu, "losses", 2 * capacity(n)),
            predictions: Tensor::poisoned(gpu, "predictions", 2 * capacity(n)),
        };
        let now = Time { step: 7, batch: 1, correction1: 0.5, correction2: 0.25, rate: 0.125 };
        let clock = guarded_clock(gpu, Clock { now, ..Clock::START });
        let mut recording = Recording::new(gpu);
        let on_gpu = inputs.images("logits", &logits, n, Absent::Zero)?;
        let labels_on_gpu = Tensor::new(gpu, "labels", &words)?;
        layers::softmax::forward(&mut recording, &shape, [&clock, &on_gpu, &labels_on_gpu], &scores)?;

        // The first batch's losses and predictions are not touched; they are given here what they must keep.
        let width = capacity(n);
        scores.losses.write(gpu, &vec![0.25f32; width]);
        scores.predictions.write(gpu, &vec![77u32; width]);
        let mut losses = vec![0.25; width];
        losses.extend(reference::softmax::forward(&logits, &labels, classes, SMOOTHING));
        losses.resize(2 * width, 0.0);
        let mut predictions = vec![77; width];
        predictions.extend(reference::softmax::predictions(&logits, classes).iter().map(|class| *class as u32));
        predictions.resize(2 * width, 0);
        let d_logits = reference::softmax::backward(&logits, &labels, classes, SMOOTHING);
        let probabilities = reference::softmax::probabilities(&logits, classes);
        let images = |values| Expected::Images { values, n, tolerance: ROUNDING };
        Ok(Prepared {
            recording,
            outputs: vec![
                Output { tensor: scores.d_logits, expected: images(d_logits) },
                Output { tensor: scores.probabilities, expected: images(probabilities) },
                // The exponentials of a GPU are good to a few units in the last place.
                Output {
                    tensor: scores.losses,
                    expected: Expected::Flat { values: losses, tolerance: 4.0 * ROUNDING },
                },
                Output { tensor: scores.predictions, expected: Expected::Words(predictions) },
                Output { tensor: clock, expected: Expected::Clock(Clock { done: now, now }) },
            ],
        })
    });
    let numbers = (n * classes) as f64;
    Case {
        operation: "softmax",
        shape: format!("N {n} classes {classes}"),
        flops: 8.0 * numbers,
        bytes: 12.0 * numbers,
        prepare,
    }
}

/// A batch of images as they are.
pub fn batch(n: usize, count: usize, features: usize) -> Case {
    gather("batch", n, count, features, None)
}

/// A batch of images that are drawn anew.
pub fn augmented(n: usize, count: usize, size: [usize; 2], text: &str) -> Case {
    let augment = Augment::parse(text).expect("it is an augmentation");
    let case = gather("batch/augmented", n, count, size[0] * size[1], Some(Drawing { augment, seed: 9, size }));
    // A place and four pixels with their weights take about thirty operations, a wave ten.
    Case { shape: format!("{}, {text}", case.shape), flops: 70.0 * case.flops, ..case }
}

/// The second, shorter batch of `count` images, in the fifth step.
fn gather(operation: &'static str, n: usize, count: usize, features: usize, drawing: Option<Drawing>) -> Case {
    let rule = Adam::new(1e-3);
    let schedule = Schedule { rise: 2, fall: 9 };
    let prepare = Box::new(move |gpu: &Gpu| {
        let pixels: Vec<u8> = (0..count * features).map(|at| (at * 31 % 256) as u8).collect();
        let labels: Vec<u8> = (0..count).map(|at| (at * 3 % 10) as u8).collect();
        let order: Vec<u32> = crate::random::shuffle(5, 0, count as u32);
        let images = Images::new(gpu, &pixels, &labels)?;
        let inputs = Inputs::new(gpu);
        let width = capacity(n);
        let (x, y) = (inputs.output("x", features, n), Tensor::poisoned(gpu, "labels", width));
        let [done, now] = [4, 5].map(|step| at_step(&rule, &schedule, step));
        let clock = guarded_clock(gpu, Clock { done, ..Clock::START });
        let mut recording = Recording::new(gpu);
        let order_on_gpu = Tensor::new(gpu, "order", &order)?;
        let pace = Pace { optimiser: Optimiser::Adam(rule), schedule };
        let tensors = [&clock, &order_on_gpu, &x, &y];
        match &drawing {
            None => layers::batch::gather(&mut recording, n, Some(&pace), &images, tensors)?,
            Some(drawing) => layers::batch::augmented(&mut recording, n, Some(&pace), &images, drawing, tensors)?,
        }
        let picks = &order[n..count.min(2 * n)];
        let mut expected = reference::batch::gather(&pixels, &labels, picks, features);
        if let Some(Drawing { augment, seed, size }) = &drawing {
            let draw = |(place, pick): (usize, &u32)| {
                let image = &pixels[*pick as usize * features..][..features];
                let draw = Draw { seed: *seed, step: done.step, place: place as u32 };
                reference::augment::forward(image, *size, augment, draw)
            };
            expected.images = picks.iter().enumerate().flat_map(draw).collect();
        }
        expected.images.resize(n * features, 0.0);
        let mut words: Vec<u32> = expected.labels.iter().copied().map(u32::from).collect();
        words.resize(width, u32::from(NO_IMAGE));
        // Places are a few tens of pixels, to which rounding adds; and between black and white lies a pixel.
        let tolerance = if drawing.is_some() { 3e-5 } else { 1e-7 };
        Ok(Prepared {
            recording,
            outputs: vec![
                Output { tensor: x, expected: Expected::Images { values: expected.images, n, tolerance } },
                Output { tensor: y, expected: Expected::Words(words) },
                Output { tensor: clock, expected: Expected::Clock(Clock { done, now }) },
            ],
        })
    });
    let shape = format!("N {n} of {count}, {features} pixels");
    Case { operation, shape, flops: (n * features) as f64, bytes: 5.0 * (n * features) as f64, prepare }
}

/// The labels of the `present` images of a batch with `n` places; a third of them show none of the classes.
pub(super) fn labels(n: usize, present: usize, classes: usize) -> Vec<u8> {
    let label = |n: usize| if n % 3 == 1 { NO_CLASS } else { (n * 7 % classes) as u8 };
    (0..n).map(|n| if n < present { label(n) } else { NO_IMAGE }).collect()
}

/// What the clock says of step `step` of a training by `rule`, whose epoch begins with the fourth.
pub(super) fn at_step(rule: &Adam, schedule: &Schedule, step: u32) -> Time {
    let correction = |beta: f64| (1.0 - beta.powi(step as i32)) as f32;
    Time {
        step,
        batch: step.wrapping_sub(4),
        correction1: correction(rule.beta1),
        correction2: correction(rule.beta2),
        rate: (rule.learning_rate * schedule.share(step)) as f32,
    }
}

/// A clock that a kernel sets.
pub(super) fn guarded_clock(gpu: &Gpu, clock: Clock) -> Tensor {
    let tensor = Tensor::poisoned(gpu, "clock", size_of::<Clock>() / 4);
    tensor.write(gpu, &[clock]);
    tensor
}

/// Guarded tensors that a kernel reads and writes.
pub(super) fn updated<const K: usize>(gpu: &Gpu, names: [&str; K], values: [&Vec<f64>; K]) -> [Tensor; K] {
    std::array::from_fn(|at| {
        let tensor = Tensor::poisoned(gpu, names[at], values[at].len());
        tensor.write(gpu, &super::narrow(values[at]));
        tensor
    })
}

pub(super) fn prepared(recording: Recording, tensor: Tensor, values: Vec<f64>, n: usize) -> Prepared {
    let expected = Expected::Images { values, n, tolerance: ROUNDING };
    Prepared { recording, outputs: vec![Output { tensor, expected }] }
}

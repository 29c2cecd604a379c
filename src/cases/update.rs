//! Cases of the end of a training step: three steps with the same gradients, which come in as many parts as a network's
//! batch of `n` makes of them.

use super::passes::{ROUNDING, at_step, updated};
use super::{Case, Expected, Inputs, Output, Prepared};
use crate::gpu::{Gpu, GpuError, Recording, Tensor};
use crate::layers;
use crate::layers::clock::{Clock, Time};
use crate::layers::update::{Average, Gradients};
use crate::model::{Model, Pass};
use crate::network::{Matrix, Network, Parameters};
use crate::reference::adam::Adam;
use crate::reference::schedule::Schedule;
use crate::reference::sgd::Sgd;
use crate::reference::{self, update};

const STEPS: u32 = 3;

/// Another learning rate in each of them.
const SCHEDULE: Schedule = Schedule { rise: 1, fall: 3 };

/// Steps of Adam.
pub fn adam(network: &Network, n: usize) -> Case {
    let rule = Adam::new(1e-3);
    let made = network.clone();
    let prepare = Box::new(move |gpu: &Gpu| {
        let mut step = Step::new(gpu, &made, n)?;
        let [mut m, mut v] = [(); 2].map(|()| vec![0.0; step.w.len()]);
        let [moments] = updated(gpu, ["moments"], [&vec![0.0; 2 * step.w.len()]]);
        for t in 1..=STEPS {
            let tensors = [&clock(gpu, &rule, t)?, &step.parameters, &moments];
            layers::update::adam(&mut step.recording, &rule, &step.gradients, None, tensors)?;
            let rule = Adam { learning_rate: rule.learning_rate * SCHEDULE.share(t), ..rule };
            step.expect(|w, d_w| reference::adam::step(w, d_w, &mut m, &mut v, t, &rule));
        }
        Ok(step.prepared([(moments, [m, v].concat())]))
    });
    // Parameters and two moments are read and written, gradients read, turned weights written.
    case("update/adam", network, n, 12.0, 32.0, prepare)
}

/// Steps of AdamW with the mean of the weights.
pub fn adam_with_average(network: &Network, n: usize) -> Case {
    const DECAY: f64 = 0.25;
    let rule = Adam { weight_decay: 0.5, ..Adam::new(1e-2) };
    let made = network.clone();
    let prepare = Box::new(move |gpu: &Gpu| {
        let mut step = Step::new(gpu, &made, n)?;
        let [mut m, mut v, mut expected] = [(); 3].map(|()| vec![0.0; step.w.len()]);
        let [moments] = updated(gpu, ["moments"], [&vec![0.0; 2 * step.w.len()]]);
        let [average] = updated(gpu, ["average"], [&expected]);
        for t in 1..=STEPS {
            let tensors = [&clock(gpu, &rule, t)?, &step.parameters, &moments];
            let kept = Some(Average { decay: DECAY, tensor: &average });
            layers::update::adam(&mut step.recording, &rule, &step.gradients, kept, tensors)?;
            let rule = Adam { learning_rate: rule.learning_rate * SCHEDULE.share(t), ..rule };
            step.expect(|w, d_w| reference::adam::step(w, d_w, &mut m, &mut v, t, &rule));
            update::average(&mut expected, &step.w, t, DECAY);
        }
        Ok(step.prepared([(moments, [m, v].concat()), (average, expected)]))
    });
    case("update/adam/average", network, n, 16.0, 40.0, prepare)
}

/// Steps of gradient descent with momentum.
pub fn sgd(network: &Network, n: usize) -> Case {
    let rule = Sgd { learning_rate: 0.01, momentum: 0.9 };
    let made = network.clone();
    let prepare = Box::new(move |gpu: &Gpu| {
        let mut step = Step::new(gpu, &made, n)?;
        let mut velocity = vec![0.0; step.w.len()];
        let [v] = updated(gpu, ["velocity"], [&velocity]);
        for t in 1..=STEPS {
            let pace = Adam::new(rule.learning_rate);
            let tensors = [&clock(gpu, &pace, t)?, &step.parameters, &v];
            layers::update::sgd(&mut step.recording, &rule, &step.gradients, None, tensors)?;
            let rule = Sgd { learning_rate: rule.learning_rate * SCHEDULE.share(t), ..rule };
            step.expect(|w, d_w| reference::sgd::step(w, d_w, &mut velocity, &rule));
        }
        Ok(step.prepared([(v, velocity)]))
    });
    case("update/sgd", network, n, 4.0, 24.0, prepare)
}

/// The clock in step `t` of a training by `rule`.
fn clock(gpu: &Gpu, rule: &Adam, t: u32) -> Result<Tensor, GpuError> {
    Clock { now: at_step(rule, &SCHEDULE, t), done: Time::START }.tensor(gpu)
}

fn case(operation: &'static str, network: &Network, n: usize, flops: f64, bytes: f64, prepare: super::Prepare) -> Case {
    let length = network.matrices().last().map_or(0, Matrix::end);
    let numbers = f64::from(STEPS) * length as f64;
    let shape = format!("{STEPS} steps of {length}, N {n}");
    Case { operation, shape, flops: flops * numbers, bytes: bytes * numbers, prepare }
}

/// Gradients and parameters on the device, and what becomes of them in the reference.
struct Step {
    recording: Recording,
    gradients: Gradients,
    parameters: Tensor,
    matrices: Vec<Matrix>,
    w: Vec<f64>,
    parts: Vec<Vec<f64>>,
    updated: Option<update::Updated>,
}

impl Step {
    fn new(gpu: &Gpu, network: &Network, n: usize) -> Result<Step, GpuError> {
        let mut inputs = Inputs::new(gpu);
        let matrices = network.matrices();
        let w = inputs.values(matrices.last().map_or(0, Matrix::end));
        let [parameters] = updated(gpu, ["parameters"], [&w]);
        let model = Model::new(gpu, network, &Parameters { values: super::narrow(&w) })?;
        let trained = model.trained(&model.activations(n, Pass::Evaluate)?);
        let gradients = Gradients::new(gpu, trained, |gpu, name, length| Ok(Tensor::poisoned(gpu, name, length)))?;
        let mut parts = Vec::new();
        for matrix in &matrices {
            let place = gradients.parts(matrix);
            let values = inputs.values(place.splits * matrix.rows * matrix.stride);
            place.tensor.write_at(gpu, place.offset, &super::narrow(&values));
            parts.push(values);
        }
        Ok(Step { recording: Recording::new(gpu), gradients, parameters, matrices, w, parts, updated: None })
    }

    /// A step of `rule` in the reference.
    fn expect(&mut self, rule: impl FnOnce(&mut [f64], &[f64])) {
        self.updated = Some(update::step(&mut self.w, &self.matrices, &self.parts, rule));
    }

    /// With what else the rule keeps.
    fn prepared<const K: usize>(self, kept: [(Tensor, Vec<f64>); K]) -> Prepared {
        let updated = self.updated.expect("there were steps");
        let (mut d_w, mut w_t) = (updated.d_parameters, Vec::new());
        for ((matrix, parts), turned) in self.matrices.iter().zip(self.parts).zip(updated.w_t) {
            d_w.extend(parts.into_iter().filter(|_| self.gradients.parts(matrix).splits > 1));
            w_t.extend(turned.into_iter().filter(|_| self.gradients.turned(matrix).is_some()));
        }
        let [d_parameters, turned] = self.gradients.tensors().map(Tensor::clone);
        let own = [(self.parameters, self.w), (d_parameters, d_w), (turned, w_t)];
        let output = |(tensor, values)| Output { tensor, expected: Expected::Flat { values, tolerance: ROUNDING } };
        let faults = self.gradients.faults().clone();
        let none = Output { expected: Expected::Words(vec![u32::MAX; faults.len()]), tensor: faults };
        let outputs = own.into_iter().chain(kept).map(output).chain([none]).collect();
        Prepared { recording: self.recording, outputs }
    }
}

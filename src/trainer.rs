//! Training on the GPU, step by step: everything that a step needs lies on the GPU, and a step is one recording that is
//! replayed. [`crate::train`] arranges steps into epochs.

mod fault;

use crate::augment::Augment;
use crate::gpu::{Gpu, GpuError, Reading, Recording, Tensor};
use crate::layers::batch::{self, Drawing, Images};
use crate::layers::clock::{Clock, Pace};
use crate::layers::softmax::{ScoreShape, Scores};
use crate::layers::update::{Average, Gradients, Kind};
use crate::layers::{capacity, update};
use crate::model::{Labelled, Model, Pass};
use crate::network::{Network, Parameters, Shape};
use crate::random;
use crate::reference::Optimiser;
use crate::reference::schedule::Schedule;
pub use fault::{Fault, Of, StepError};

/// What does not change while a network is trained.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Plan {
    /// Images of one step, N.
    pub batch: usize,
    pub optimiser: Optimiser,
    pub schedule: Schedule,
    /// How much of a label is spread over all classes, from 0 to below 1; see [`crate::reference::softmax::target`].
    pub smoothing: f64,
    /// The decay of the mean of the weights, from 0 to below 1, where one is kept; see [`crate::reference::update::average`].
    pub average: Option<f64>,
    /// How images are drawn anew for each step.
    pub augment: Augment,
    /// Chooses the order of the images, how they are drawn and the units that are dropped.
    pub seed: u32,
}

impl Plan {
    /// A plan with a constant learning rate and nothing else that is not asked for.
    pub fn new(batch: usize, optimiser: Optimiser, seed: u32) -> Plan {
        Plan {
            batch,
            optimiser,
            schedule: Schedule::CONSTANT,
            smoothing: 0.0,
            average: None,
            augment: Augment::NONE,
            seed,
        }
    }
}

/// All that steps change. A training that goes on from it, with the same plan and images on the same adapter, comes to the same bits.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    /// Epochs that have begun, and steps that are done in the last of them.
    pub epoch: u32,
    pub batches: usize,
    pub clock: Clock,
    /// In the flat layout of the parameters.
    pub parameters: Vec<f32>,
    /// Adam's moments, first m, then v, or the velocity of gradient descent; in the layout of the parameters.
    pub moments: Vec<f32>,
    /// The mean of the weights, where one is kept.
    pub average: Option<Vec<f32>>,
}

/// A network in training.
pub struct Trainer {
    model: Model,
    /// With the mean of the weights, where one is kept.
    averaged: Option<Model>,
    shape: ScoreShape,
    seed: u32,
    step: Recording,
    /// What a step must find done: the turning of weights that no step before it left.
    turning: Recording,
    clock: Tensor,
    /// Adam's, or the velocity.
    moments: Tensor,
    /// `[count]`, the order of the images in this epoch
    order: Tensor,
    scores: Scores,
    gradients: Gradients,
    /// Epochs that have begun.
    epochs: u32,
    batches_done: usize,
    /// Steps of all epochs that are submitted.
    steps_done: u32,
}

/// The losses of steps that are on their way.
#[must_use = "the losses are lost unless somebody awaits them"]
pub struct Losses {
    network: Network,
    shape: ScoreShape,
    /// The first of the steps in its epoch, and how many they are.
    first: usize,
    steps: usize,
    /// Steps of all epochs before them.
    before: u32,
    /// The losses, and what the updates noted behind them.
    reading: Reading,
}

impl Trainer {
    /// Prepares to train from `parameters`, on `images` that lie on the GPU.
    ///
    /// # Errors
    /// A tensor larger than the adapter can bind, or a kernel that cannot be built.
    ///
    /// # Panics
    /// If the images are to be drawn anew and have several channels.
    pub fn new(
        gpu: &Gpu,
        network: &Network,
        parameters: &Parameters,
        images: &Images,
        plan: &Plan,
    ) -> Result<Trainer, GpuError> {
        let model = Model::new(gpu, network, parameters)?;
        let (classes, smoothing) = (network.classes(), plan.smoothing);
        let shape = ScoreShape { n: plan.batch, classes, count: images.count(), smoothing };
        let clock = Clock::START.tensor(gpu)?;
        let order = Tensor::zeros(gpu, "the order of the images", images.count())?;
        let labels = Tensor::zeros(gpu, "the labels of a batch", capacity(plan.batch))?;
        let scores = Scores::new(gpu, &shape)?;

        let activations =
            model.activations(plan.batch, Pass::Train { seed: plan.seed, clock: &clock, count: images.count() })?;
        let gradients = Gradients::new(gpu, model.trained(&activations), Tensor::zeros)?;
        let mut turning = Recording::new(gpu);
        gradients.record_turning(&mut turning, model.parameters())?;
        let mut step = Recording::new(gpu);
        let pace = Pace { optimiser: plan.optimiser, schedule: plan.schedule };
        let tensors = [&clock, &order, activations.images(), &labels];
        if plan.augment == Augment::NONE {
            batch::gather(&mut step, plan.batch, Some(&pace), images, tensors)?;
        } else {
            let Shape { height, width, .. } = network.input();
            let drawing = Drawing { augment: plan.augment, seed: plan.seed, size: [height, width] };
            batch::augmented(&mut step, plan.batch, Some(&pace), images, &drawing, tensors)?;
        }
        let batch = Labelled { shape: &shape, clock: &clock, labels: &labels, scores: &scores };
        model.record_training(&mut step, &activations, plan.seed, &batch, &gradients)?;
        let average = plan.average.map(|_| Tensor::new(gpu, "the average weights", &parameters.values)).transpose()?;
        let kept = average.as_ref().zip(plan.average).map(|(tensor, decay)| Average { decay, tensor });
        let moments = match &plan.optimiser {
            Optimiser::Adam(rule) => {
                let moments = Tensor::zeros(gpu, "Adam's moments", 2 * parameters.values.len())?;
                update::adam(&mut step, rule, &gradients, kept, [&clock, model.parameters(), &moments])?;
                moments
            }
            Optimiser::Sgd(rule) => {
                let velocity = Tensor::zeros(gpu, "the velocity", parameters.values.len())?;
                update::sgd(&mut step, rule, &gradients, kept, [&clock, model.parameters(), &velocity])?;
                velocity
            }
        };
        let averaged = average.map(|parameters| model.with_parameters(parameters));
        let seed = plan.seed;
        let (epochs, batches_done, steps_done) = (0, 0, 0);
        Ok(Trainer {
            model,
            averaged,
            shape,
            seed,
            step,
            turning,
            clock,
            moments,
            order,
            scores,
            gradients,
            epochs,
            batches_done,
            steps_done,
        })
    }

    /// The network in training; its parameters are the newest.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// What the training comes to so far: the network with the mean of its weights, where one is kept, or as it is.
    pub fn result(&self) -> &Model {
        self.averaged.as_ref().unwrap_or(&self.model)
    }

    /// The gradients of the last step, in the flat layout of the parameters, brought back.
    ///
    /// # Errors
    /// The device failed.
    pub async fn read_d_parameters(&self) -> Result<Vec<f32>, GpuError> {
        self.gradients.read(self.model.gpu()).await
    }

    /// The kernels of one step, in their order.
    pub fn step(&self) -> &Recording {
        &self.step
    }

    /// How many steps an epoch has.
    pub fn steps_of_an_epoch(&self) -> usize {
        self.shape.batches()
    }

    /// How many epochs have begun.
    pub fn epochs(&self) -> u32 {
        self.epochs
    }

    /// How many steps of the epoch are not submitted yet.
    pub fn steps_left(&self) -> usize {
        self.steps_of_an_epoch() - self.batches_done
    }

    /// Begins epoch `epoch`, counted from 0, with an order of the images of its own; what was submitted before keeps its own.
    /// Whoever writes the model's parameters begins an epoch before the next step.
    ///
    /// # Errors
    /// The device failed.
    pub fn begin_epoch(&mut self, epoch: u32) -> Result<(), GpuError> {
        let gpu = self.model.gpu();
        self.order.write(gpu, &random::shuffle(self.seed, epoch, self.shape.count as u32));
        Clock::restart_epoch(gpu, &self.clock);
        (self.epochs, self.batches_done) = (epoch + 1, 0);
        self.turning.submit(1)
    }

    /// Where the training is, behind all that was submitted.
    ///
    /// # Errors
    /// The device failed, or a number is none any more: nobody could go on from there.
    pub async fn state(&self) -> Result<State, StepError> {
        let gpu = self.model.gpu();
        let [clock]: [Clock; 1] = self.clock.read(gpu).await?.try_into().expect("there is one clock");
        let average = match &self.averaged {
            Some(model) => Some(model.parameters().read(gpu).await?),
            None => None,
        };
        let parameters = self.model.parameters().read(gpu).await?;
        let moments = self.moments.read(gpu).await?;
        self.check(Kind::Parameter, &parameters)?;
        // What the optimiser keeps becomes a parameter in the next step.
        self.check(Kind::Parameter, &moments)?;
        average.as_ref().map_or(Ok(()), |average| self.check(Kind::Average, average))?;
        Ok(State { epoch: self.epochs, batches: self.batches_done, clock, parameters, moments, average })
    }

    /// Whether `values`, as they are behind all that was submitted, are numbers.
    ///
    /// # Errors
    /// One is none any more.
    pub fn check(&self, kind: Kind, values: &[f32]) -> Result<(), StepError> {
        let fault = Fault::among(self.model.network(), kind, values, self.steps_done);
        fault.map_or(Ok(()), |fault| Err(StepError::NotANumber(fault)))
    }

    /// Whether `state` is one of a training by this network and plan.
    pub fn fits(&self, state: &State) -> bool {
        let average = state.average.as_ref().map(Vec::len);
        state.epoch > 0
            && state.batches <= self.steps_of_an_epoch()
            && state.parameters.len() == self.model.parameters().len()
            && state.moments.len() == self.moments.len()
            && average == self.averaged.as_ref().map(|model| model.parameters().len())
    }

    /// Goes on from `state`.
    ///
    /// # Errors
    /// The device failed.
    ///
    /// # Panics
    /// If the state does not fit, see [`Trainer::fits`].
    pub fn restore(&mut self, state: &State) -> Result<(), GpuError> {
        assert!(self.fits(state), "it is another training's state");
        let gpu = self.model.gpu();
        self.model.parameters().write(gpu, &state.parameters);
        self.moments.write(gpu, &state.moments);
        if let (Some(model), Some(average)) = (&self.averaged, &state.average) {
            model.parameters().write(gpu, average);
        }
        self.gradients.forget_faults(gpu);
        self.begin_epoch(state.epoch - 1)?;
        (self.batches_done, self.steps_done) = (state.batches, state.clock.done.step);
        self.clock.write(self.model.gpu(), &[state.clock]);
        Ok(())
    }

    /// Trains `steps` steps, waits for them, and gives their [`Losses::finish`].
    ///
    /// # Errors
    /// Those of [`Losses::finish`].
    ///
    /// # Panics
    /// If the epoch has fewer steps left.
    pub async fn run(&mut self, steps: usize) -> Result<Vec<f32>, StepError> {
        self.submit(steps)?.finish().await
    }

    /// Begins to train `steps` steps, without waiting. Any number of submits may be on their way; the GPU takes them in order.
    ///
    /// # Errors
    /// The device failed earlier.
    ///
    /// # Panics
    /// If the epoch has fewer steps left.
    pub fn submit(&mut self, steps: usize) -> Result<Losses, GpuError> {
        assert!(steps <= self.steps_left(), "an epoch has {} steps", self.steps_of_an_epoch());
        let (first, before) = (self.batches_done, self.steps_done);
        self.batches_done += steps;
        self.steps_done += steps as u32;
        self.step.submit(steps)?;
        let width = capacity(self.shape.n);
        let (losses, faults) = (&self.scores.losses, self.gradients.faults());
        let parts = [(losses, first * width..self.batches_done * width), (faults, 0..faults.len())];
        let (network, reading) = (self.model.network().clone(), Reading::of(self.model.gpu(), &parts));
        Ok(Losses { network, shape: self.shape, first, steps, before, reading })
    }
}

impl Losses {
    /// Waits for the steps, and gives the loss of every image before its step, in the order in which they came.
    ///
    /// # Errors
    /// The device failed, or a loss, a gradient or a parameter is no number any more.
    pub async fn finish(self) -> Result<Vec<f32>, StepError> {
        let Losses { network, shape, first, steps, before, reading } = self;
        let words: Vec<u32> = reading.numbers().await.map_err(StepError::from)?;
        let (padded, noted) = words.split_at(steps * capacity(shape.n));
        let batches = padded.chunks_exact(capacity(shape.n));
        let losses = batches.flat_map(|batch| &batch[..shape.n]).copied().map(f32::from_bits);
        let losses: Vec<f32> = losses.take(shape.count - first * shape.n).collect();
        let fault = Fault::first(&network, noted, &losses, shape.n, before);
        fault.map_or(Ok(losses), |fault| Err(StepError::NotANumber(fault)))
    }
}

//! Training on the GPU, step by step: everything that a step needs lies on the GPU, and a step is one recording that is
//! replayed. [`crate::train`] arranges steps into epochs.

use crate::gpu::{Gpu, GpuError, Recording, Tensor};
use crate::layers::batch::{self, Images};
use crate::layers::clock::Clock;
use crate::layers::softmax::{self, ScoreShape, Scores};
use crate::layers::update::Gradients;
use crate::layers::{capacity, update};
use crate::model::{Model, Pass, Wanted};
use crate::network::{Network, Parameters};
use crate::random;
use crate::reference::Optimiser;

/// What does not change while a network is trained.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Plan {
    /// Images of one step, N.
    pub batch: usize,
    pub optimiser: Optimiser,
    /// Chooses the order of the images and the units that are dropped.
    pub seed: u32,
}

/// A network in training.
pub struct Trainer {
    model: Model,
    shape: ScoreShape,
    seed: u32,
    step: Recording,
    /// What a step must find done: the turning of weights that no step before it left.
    turning: Recording,
    clock: Tensor,
    /// `[count]`, the order of the images in this epoch
    order: Tensor,
    scores: Scores,
    gradients: Gradients,
    batches_done: usize,
}

impl Trainer {
    /// Prepares to train from `parameters`, on `images` that lie on the GPU.
    ///
    /// # Errors
    /// A tensor larger than the adapter can bind, or a kernel that cannot be built.
    pub fn new(
        gpu: &Gpu,
        network: &Network,
        parameters: &Parameters,
        images: &Images,
        plan: &Plan,
    ) -> Result<Trainer, GpuError> {
        let model = Model::new(gpu, network, parameters)?;
        let shape = ScoreShape { n: plan.batch, classes: network.classes(), count: images.count() };
        let clock = Clock::START.tensor(gpu)?;
        let order = Tensor::zeros(gpu, "the order of the images", images.count())?;
        let labels = Tensor::zeros(gpu, "the labels of a batch", capacity(plan.batch))?;
        let scores = Scores::new(gpu, &shape)?;
        let flat = |name| Tensor::zeros(gpu, name, parameters.values.len());

        let pass = Pass::Train { seed: plan.seed, clock: &clock };
        let activations = model.activations(plan.batch, pass)?;
        let gradients = Gradients::new(gpu, model.trained(&activations), Tensor::zeros)?;
        let mut turning = Recording::new(gpu);
        gradients.record_turning(&mut turning, model.parameters())?;
        let mut step = Recording::new(gpu);
        let adam = match &plan.optimiser {
            Optimiser::Adam(adam) => Some(adam),
            Optimiser::Sgd(_) => None,
        };
        let tensors = [&clock, &order, activations.images(), &labels];
        batch::gather(&mut step, plan.batch, adam, images, tensors)?;
        model.record_forward(&mut step, &activations, pass)?;
        softmax::forward(&mut step, &shape, [&clock, activations.logits(), &labels], &scores)?;
        model.record_backward(&mut step, &activations, pass, &scores.d_logits, Wanted::Parameters(&gradients))?;
        match &plan.optimiser {
            Optimiser::Adam(rule) => {
                let (m, v) = (flat("Adam's first moments")?, flat("Adam's second moments")?);
                update::adam(&mut step, rule, &gradients, [&clock, model.parameters(), &m, &v])?;
            }
            Optimiser::Sgd(rule) => {
                update::sgd(&mut step, rule, &gradients, [model.parameters(), &flat("the velocity")?])?;
            }
        }
        Ok(Trainer { model, shape, seed: plan.seed, step, turning, clock, order, scores, gradients, batches_done: 0 })
    }

    /// The network in training; its parameters are the newest.
    pub fn model(&self) -> &Model {
        &self.model
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

    /// Begins epoch `epoch`, counted from 0, with an order of the images of its own. Whoever writes the model's parameters begins
    /// an epoch before the next step.
    ///
    /// # Errors
    /// The device failed.
    pub fn begin_epoch(&mut self, epoch: u32) -> Result<(), GpuError> {
        let gpu = self.model.gpu();
        self.order.write(gpu, &random::shuffle(self.seed, epoch, self.shape.count as u32));
        Clock::restart_epoch(gpu, &self.clock);
        self.batches_done = 0;
        self.turning.submit(1)
    }

    /// Trains `steps` steps in one submit, waits for them, and gives the loss of every image before its step, in the
    /// order in which they came.
    ///
    /// # Errors
    /// The device failed.
    ///
    /// # Panics
    /// If the epoch has fewer steps left.
    pub async fn run(&mut self, steps: usize) -> Result<Vec<f32>, GpuError> {
        let (first, end) = (self.batches_done, self.batches_done + steps);
        assert!(end <= self.steps_of_an_epoch(), "an epoch has {} steps", self.steps_of_an_epoch());
        self.step.submit(steps)?;
        self.batches_done = end;
        let width = capacity(self.shape.n);
        let padded: Vec<f32> = self.scores.losses.read_range(self.model.gpu(), first * width..end * width).await?;
        let mut losses: Vec<f32> =
            padded.chunks_exact(width).flat_map(|batch| &batch[..self.shape.n]).copied().collect();
        losses.truncate(self.shape.count - first * self.shape.n);
        Ok(losses)
    }
}

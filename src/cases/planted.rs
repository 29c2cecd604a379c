//! A NaN planted in each tensor of a training, in turn: the steps behind it must find it. ReLU and maximum may hide one from the
//! loss, so it is what `shaders/update/faults.wgsl` notes that counts.

use super::Verdict;
use crate::gpu::{Gpu, GpuError, Recording, Tensor};
use crate::layers::batch::Images;
use crate::layers::update::Kind;
use crate::network::{Network, Parameters, Shape};
use crate::random::{self, Stream};
use crate::reference::Optimiser;
use crate::reference::adam::Adam;
use crate::reference::sgd::Sgd;
use crate::trainer::{Fault, Of, Plan, State, StepError, Trainer};

/// All kinds of layers: poolings joined to their convolution and not, dropout and batch normalisation.
const NETWORKS: [&str; 2] = [
    "conv 4 3x3 relu | pool 2 | conv 6 3x3 same relu | pool 2 | dropout 0.25 | dense 20 relu | dense 10",
    "conv 3 5x5 stride 2 | batchnorm relu | pool 2 | conv 5 3x3 relu | dense 12 relu | dropout 0.25 | batchnorm | dense 7",
];

/// Images of a step: all places of a batch have one.
const N: usize = 32;
const STEPS: usize = 4;

/// Places of a tensor where one is planted, until it is found: not zeros, but even of other numbers some are needed by nobody, such as
/// a gradient that a closed ReLU stops.
const ATTEMPTS: usize = 5;

/// What holds whole numbers, or is read by nobody in a training.
const OTHERS: [&str; 6] = [
    "clock",
    "the labels of a batch",
    "the winners of a pooling",
    "the predictions",
    "the probabilities",
    "the steps of faults",
];

/// Whether `kernel` writes numbers of `tensor`, which it binds for writing, that a later one reads.
fn counts(kernel: &str, tensor: &str) -> bool {
    let is_for_another = match tensor {
        // The kernels of a batch normalisation share their bindings.
        "the statistics of a batch" => kernel != "batchnorm.statistics",
        "the gradients of the parameters" => kernel == "batchnorm.backward" || kernel.starts_with("update/"),
        tensor => OTHERS.contains(&tensor),
    };
    !is_for_another
}

/// Plants a NaN in each tensor that a step reads or writes, between the kernel that writes it and the next, and gives how many
/// those were. Of what the steps keep, the layer must be told as well.
///
/// # Errors
/// A kernel cannot be built or the device failed.
pub async fn planted(gpu: &Gpu) -> Result<(usize, Verdict), GpuError> {
    let adam = Plan { average: Some(0.9), ..Plan::new(N, Optimiser::Adam(Adam::new(1e-3)), 1) };
    let sgd = Plan::new(N, Optimiser::Sgd(Sgd { learning_rate: 0.01, momentum: 0.9 }), 1);
    let mut count = 0;
    for (text, plan) in NETWORKS.into_iter().zip([adam, sgd]) {
        let network = Network::parse(Shape::MNIST, text).expect("it is a network");
        let mut field = Field::new(gpu, &network, &plan).await?;
        let kept = field.kept_tensors().await?;
        let written = field.written_tensors().await?;
        count += kept.0 + written.0;
        if let Some(difference) = kept.1.or(written.1) {
            return Ok((count, Verdict::Differs(format!("{text}: {difference}"))));
        }
    }
    Ok((count, Verdict::Agrees { worst: 0.0 }))
}

/// How many were planted, and the first that was not found as it should be.
type Harvest = (usize, Option<String>);

/// A training after its first step, again and again.
struct Field<'a> {
    gpu: &'a Gpu,
    network: &'a Network,
    trainer: Trainer,
    state: State,
}

impl Field<'_> {
    async fn new<'a>(gpu: &'a Gpu, network: &'a Network, plan: &Plan) -> Result<Field<'a>, GpuError> {
        let pixels: Vec<u8> = (0..(N * STEPS * network.input().features()) as u32)
            .map(|at| (255.0 * random::uniform(2, Stream::Shuffle, 0, at)) as u8)
            .collect();
        let labels: Vec<u8> = (0..N * STEPS).map(|image| (image % network.classes()) as u8).collect();
        let images = Images::new(gpu, &pixels, &labels)?;
        let mut trainer = Trainer::new(gpu, network, &Parameters::glorot(network, 1), &images, plan)?;
        trainer.begin_epoch(0)?;
        let state = match trainer.run(1).await {
            Ok(_) => trainer.state().await,
            Err(error) => Err(error),
        };
        let state = state.map_err(|error| match error {
            StepError::Gpu(error) => error,
            StepError::NotANumber(_) => GpuError::Failed(format!("without any planted NaN, {error}")),
        })?;
        Ok(Field { gpu, network, trainer, state })
    }

    /// In what is kept from step to step: found, with the layer, and none without a NaN.
    async fn kept_tensors(&mut self) -> Result<Harvest, GpuError> {
        let good = self.state.clone();
        if let Some(fault) = self.grown(&good).await? {
            return Ok((0, Some(format!("without a NaN, {} is said to be none", fault.of))));
        }
        let mut count = 0;
        for matrix in self.network.matrices() {
            let place = |kind| Of::Layer(kind, matrix.layer, self.network.layers()[matrix.layer]);
            let mut bad = vec![(place(Kind::Parameter), good.clone()), (place(Kind::Parameter), good.clone())];
            bad[0].1.parameters[matrix.offset] = f32::NAN;
            bad[1].1.moments[matrix.offset] = f32::NAN;
            if let Some(average) = &good.average {
                let mut average = average.clone();
                average[matrix.offset] = f32::NAN;
                bad.push((place(Kind::Average), State { average: Some(average), ..good.clone() }));
            }
            for (expected, state) in bad {
                count += 1;
                let found = self.grown(&state).await?.map(|fault| fault.of);
                if found != Some(expected) {
                    let found = found.map_or("nothing".into(), |of| of.to_string());
                    return Ok((count, Some(format!("a NaN in {expected}, and {found} is found"))));
                }
            }
        }
        Ok((count, None))
    }

    /// What two steps from `state` find.
    async fn grown(&mut self, state: &State) -> Result<Option<Fault>, GpuError> {
        self.trainer.restore(state)?;
        match self.trainer.run(2).await {
            Ok(_) => Ok(None),
            Err(StepError::NotANumber(fault)) => Ok(Some(fault)),
            Err(StepError::Gpu(error)) => Err(error),
        }
    }

    /// In what the kernels of a step write, behind each.
    async fn written_tensors(&mut self) -> Result<Harvest, GpuError> {
        let commands: Vec<(String, Recording)> =
            self.trainer.step().commands().map(|(name, command)| (name.into(), command)).collect();
        let mut count = 0;
        for (at, (name, command)) in commands.iter().enumerate() {
            for tensor in command.written().filter(|tensor| counts(name, tensor.name())) {
                count += 1;
                let mut is_found = false;
                for attempt in 0..ATTEMPTS {
                    is_found = is_found || self.is_found(&commands, at, tensor, attempt).await?;
                }
                if !is_found {
                    return Ok((count, Some(format!("nobody finds a NaN in {}, behind {name}", tensor.name()))));
                }
            }
        }
        Ok((count, None))
    }

    /// Whether a NaN in `tensor` is found that is planted behind the command that writes it.
    async fn is_found(
        &mut self,
        commands: &[(String, Recording)],
        at: usize,
        tensor: &Tensor,
        attempt: usize,
    ) -> Result<bool, GpuError> {
        let run = |commands: &[(String, Recording)]| commands.iter().try_for_each(|(_, command)| command.submit(1));
        self.trainer.restore(&self.state)?;
        run(&commands[..at])?;
        if !commands[at].0.starts_with("update/") {
            // What is no zero behind the kernel is its work.
            tensor.write(self.gpu, &vec![0.0_f32; tensor.len()]);
        }
        run(&commands[at..=at])?;
        let numbers: Vec<f32> = tensor.read(self.gpu).await?;
        let places: Vec<usize> = (0..numbers.len()).filter(|place| numbers[*place].is_normal()).collect();
        let place = places.get(attempt * places.len() / ATTEMPTS).copied().unwrap_or_default();
        tensor.write_at(self.gpu, place, &[f32::NAN]);
        // The copy that kernels read, where they read copies.
        Recording::new(self.gpu).hold(tensor);
        run(&commands[at + 1..])?;
        match self.trainer.run(2).await {
            Ok(_) => Ok(false),
            Err(StepError::NotANumber(_)) => Ok(true),
            Err(StepError::Gpu(error)) => Err(error),
        }
    }
}

//! The end of a training step: `shaders/update/*.wgsl`. One dispatch adds up the gradients that were computed in parts, moves
//! all weights by an optimiser's rule, and lays them down turned as well, as [`super::transpose`] does, for the next step.

use super::parts::Parts;
use super::transpose::{self, Turned};
use super::{EACH_WORKGROUP, record_each};
use crate::gpu::{Core, Gpu, GpuError, Recording, Source, Tensor};
use crate::network::Matrix;
use crate::reference::adam::Adam;
use crate::reference::batchnorm;
use crate::reference::sgd::Sgd;

/// A weight matrix in training.
pub struct Trained {
    pub matrix: Matrix,
    /// In how many parts its gradient is computed.
    pub splits: usize,
    /// Whether the backward pass reads it turned.
    pub is_turned: bool,
}

/// What a backward pass writes, the gradients, and the turned weights that it reads, of all matrices of a network.
pub struct Gradients {
    /// In the flat layout of the parameters, and behind it the parts of those that are computed in several.
    d_parameters: Tensor,
    length: usize,
    w_t: Tensor,
    /// [matrices, kinds], the first step that found a number that is none; see [`first_fault`].
    faults: Tensor,
    parts: Vec<Parts>,
    turned: Vec<Option<Turned>>,
}

/// What a step can find to be no number any more: NaN or infinite.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A weight or a bias, or running statistics of a batch normalisation.
    Parameter,
    /// The mean of a weight.
    Average,
    /// A gradient, or its square, which Adam takes the mean of.
    Gradient,
}

impl Kind {
    /// In the order in which the kernel keeps them.
    const ALL: [Kind; 3] = [Kind::Parameter, Kind::Average, Kind::Gradient];
}

/// Nothing was found.
const NO_FAULT: u32 = u32::MAX;

/// What [`Gradients::faults`] says: the step, counted from 1, and the kind of the first number that was none, and the index of its
/// matrix. Gradients spread from the last layer to the first, so of several matrices in the same step it is the last.
pub fn first_fault(faults: &[u32]) -> Option<(u32, Kind, usize)> {
    let found = faults.iter().enumerate().filter(|(_, step)| **step != NO_FAULT);
    let found = found.map(|(at, step)| (*step, Kind::ALL[at % Kind::ALL.len()], at / Kind::ALL.len()));
    found.min_by_key(|(step, kind, matrix)| {
        let from_source = if *kind == Kind::Gradient { usize::MAX - matrix } else { *matrix };
        (*step, *kind, from_source)
    })
}

impl Gradients {
    /// Room for the gradients of all matrices of a network, in their order, made by `tensor` of a name and a length.
    ///
    /// # Errors
    /// Those of `tensor`.
    pub fn new(
        gpu: &Gpu,
        matrices: Vec<Trained>,
        tensor: impl Fn(&Gpu, &str, usize) -> Result<Tensor, GpuError>,
    ) -> Result<Gradients, GpuError> {
        let length = matrices.last().map_or(0, |last| last.matrix.end());
        let (mut end, mut turned_end) = (length, 0);
        let next = |end: &mut usize, length: usize| std::mem::replace(end, *end + length);
        let offsets: Vec<(usize, Option<usize>)> = matrices
            .iter()
            .map(|Trained { matrix, splits, is_turned }| {
                let parts = match splits {
                    1 => matrix.offset,
                    _ => next(&mut end, splits * matrix.rows * matrix.stride),
                };
                (parts, is_turned.then(|| next(&mut turned_end, transpose::length(matrix))))
            })
            .collect();
        let d_parameters = tensor(gpu, "the gradients of the parameters", end)?;
        let w_t = tensor(gpu, "turned weights", turned_end)?;
        let faults = tensor(gpu, "the steps of faults", matrices.len() * Kind::ALL.len())?;
        let place = |(trained, (offset, turned)): (Trained, (usize, Option<usize>))| {
            let Trained { matrix, splits, .. } = trained;
            let turned = turned.map(|offset| Turned { matrix: matrix.clone(), offset, tensor: w_t.clone() });
            (Parts { matrix, splits, offset, tensor: d_parameters.clone() }, turned)
        };
        let (parts, turned) = matrices.into_iter().zip(offsets).map(place).unzip();
        let gradients = Gradients { d_parameters, length, w_t, faults, parts, turned };
        gradients.forget_faults(gpu);
        Ok(gradients)
    }

    /// Where the gradient of one of the matrices is computed.
    ///
    /// # Panics
    /// If the matrix is another network's.
    pub fn parts(&self, matrix: &Matrix) -> &Parts {
        &self.parts[self.index(matrix)]
    }

    /// Where one of the matrices lies turned, if it does.
    ///
    /// # Panics
    /// If the matrix is another network's.
    pub fn turned(&self, matrix: &Matrix) -> Option<&Turned> {
        self.turned[self.index(matrix)].as_ref()
    }

    fn index(&self, matrix: &Matrix) -> usize {
        self.parts.iter().position(|parts| parts.matrix == *matrix).expect("it is one of the network's")
    }

    /// parameters -> the turned weights, where an update did not leave them.
    ///
    /// # Errors
    /// A kernel cannot be built.
    pub fn record_turning(&self, recording: &mut Recording, parameters: &Tensor) -> Result<(), GpuError> {
        self.turned.iter().flatten().try_for_each(|turned| transpose::forward(recording, parameters, turned))
    }

    /// The gradients that the last update used, in the flat layout of the parameters, brought back.
    ///
    /// # Errors
    /// The device failed.
    pub async fn read(&self, gpu: &Gpu) -> Result<Vec<f32>, GpuError> {
        self.d_parameters.read_range(gpu, 0..self.length).await
    }

    /// The gradients in the flat layout and the parts behind them; and the turned weights, one matrix behind the other.
    pub(crate) fn tensors(&self) -> [&Tensor; 2] {
        [&self.d_parameters, &self.w_t]
    }

    /// [matrices, kinds], what the updates so far have found to be no number, for [`first_fault`].
    pub fn faults(&self) -> &Tensor {
        &self.faults
    }

    /// As if no update had found any.
    pub fn forget_faults(&self, gpu: &Gpu) {
        self.faults.write(gpu, &vec![NO_FAULT; self.faults.len()]);
    }

    /// Records the update by a rule, which brings its own constants and tensors.
    fn record(
        &self,
        recording: &mut Recording,
        mut rule: Source,
        average: Option<Average>,
        parameters: &Tensor,
        tensors: &[(&str, &Tensor)],
    ) -> Result<(), GpuError> {
        let core = recording.gpu().settings().core;
        let lanes: Vec<usize> = self.parts.iter().map(|parts| lanes(core, parts.splits)).collect();
        let most_lanes = lanes.iter().copied().max().unwrap_or(1);
        let [tile_rows, tile_columns] = tile(core);
        let (mut groups, mut workgroups) = (Vec::new(), 0);
        for (Parts { matrix, .. }, lanes) in self.parts.iter().zip(&lanes) {
            let rows = matrix.rows.div_ceil(4).next_multiple_of(tile_rows);
            let columns = (matrix.stride / 4).next_multiple_of(tile_columns);
            groups.push(workgroups);
            workgroups += (rows * columns).div_ceil(EACH_WORKGROUP / lanes);
        }
        let table = |number: fn(&Parts) -> usize| self.parts.iter().map(number).collect::<Vec<usize>>();
        let of_turned = |number: fn(&Turned) -> usize| -> Vec<usize> {
            self.turned.iter().map(|turned| turned.as_ref().map_or(0, number)).collect()
        };
        rule.files.push("update/faults");
        rule.files.push(if average.is_some() { "update/average" } else { "update/no_average" });
        let source = rule
            .with("DECAY", average.as_ref().map_or(0.0, |average| average.decay as f32))
            .with("MATRICES", self.parts.len())
            .with("GROUP", groups)
            .with("LANES", lanes)
            .with("ROWS", table(|parts| parts.matrix.rows))
            .with("STRIDE4", table(|parts| parts.matrix.stride / 4))
            .with("W_OFFSET4", table(|parts| parts.matrix.offset / 4))
            .with("SPLITS", table(|parts| parts.splits))
            .with("PARTS_OFFSET4", table(|parts| parts.offset / 4))
            .with("INPUTS", of_turned(|turned| turned.matrix.inputs))
            .with("W_T_OFFSET4", of_turned(|turned| turned.offset / 4))
            .with("TILE_ROWS", tile_rows)
            .with("TILE_COLUMNS", tile_columns)
            .with("NORMS", self.parts.iter().any(|parts| parts.matrix.is_norm()))
            .with("IS_NORM", table(|parts| usize::from(parts.matrix.is_norm())))
            .with("MOMENTUM_OF_RUNNING", batchnorm::MOMENTUM as f32)
            .with("MOST_LANES", most_lanes)
            .with("LANE_SUMS", if most_lanes > 1 { 4 * EACH_WORKGROUP } else { 1 });
        let own = [("d_w", &self.d_parameters), ("w", parameters), ("w_t", &self.w_t), ("faults", &self.faults)];
        let mut bind = [&own, tensors].concat();
        bind.extend(average.map(|average| ("average", average.tensor)));
        record_each(recording, &source, &bind, workgroups * EACH_WORKGROUP)
    }
}

/// The mean of the weights over the last steps.
pub struct Average<'a> {
    /// How much of the mean so far is left in a step, when there have been many.
    pub decay: f64,
    /// In the flat layout of the parameters.
    pub tensor: &'a Tensor,
}

/// A step of Adam: gradients -> parameters, their turned weights and their average, moments
/// [2, parameters], first m, then v. Step and rate come from the clock.
pub fn adam(
    recording: &mut Recording,
    rule: &Adam,
    gradients: &Gradients,
    average: Option<Average>,
    [clock, parameters, moments]: [&Tensor; 3],
) -> Result<(), GpuError> {
    let source = Source::new("forward", &["update/adam", "update/matrices", "clock", "each"])
        .with("LENGTH4", parameters.len() / 4)
        .with("EPSILON", rule.epsilon as f32)
        .with("WEIGHT_DECAY", rule.weight_decay as f32)
        .with("ONE_MINUS_BETA1", (1.0 - rule.beta1) as f32)
        .with("ONE_MINUS_BETA2", (1.0 - rule.beta2) as f32);
    gradients.record(recording, source, average, parameters, &[("clock", clock), ("mv", moments)])
}

/// A step of gradient descent with momentum: gradients -> parameters, their turned weights and their average, velocity. The
/// rate comes from the clock.
pub fn sgd(
    recording: &mut Recording,
    rule: &Sgd,
    gradients: &Gradients,
    average: Option<Average>,
    [clock, parameters, velocity]: [&Tensor; 3],
) -> Result<(), GpuError> {
    let source = Source::new("forward", &["update/sgd", "update/matrices", "clock", "each"])
        .with("MOMENTUM", rule.momentum as f32);
    gradients.record(recording, source, average, parameters, &[("clock", clock), ("v", velocity)])
}

/// The blocks of 4 x 4 weights that neighbouring invocations have, in rows and columns: as many as a subgroup at least.
fn tile(core: Core) -> [usize; 2] {
    match core {
        // Each further row is another page of memory in each of the vectors.
        Core::Broadcast { .. } => [1, 32],
        // They read whole cache lines of a row and write whole sectors of a turned row.
        Core::Tile | Core::Cooperative { .. } => [4, 8],
    }
}

/// How many invocations add up the parts of the same weights.
fn lanes(core: Core, splits: usize) -> usize {
    const MOST_LANES: usize = 32;
    /// Parts that each of them should have.
    const PARTS_OF_A_LANE: usize = 4;
    match core {
        // Software drivers are busy with a lane for each number, and barriers are dear there.
        Core::Broadcast { .. } => 1,
        Core::Tile | Core::Cooperative { .. } => (splits / PARTS_OF_A_LANE).next_power_of_two().min(MOST_LANES),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_fault_is_of_the_earliest_step_and_of_gradients_that_of_the_last_layer() {
        let none = NO_FAULT;
        assert_eq!(first_fault(&[none; 6]), None);
        assert_eq!(first_fault(&[none, none, 7, 8, none, 7]), Some((7, Kind::Gradient, 1)));
        assert_eq!(first_fault(&[none, none, 7, 6, none, 7]), Some((6, Kind::Parameter, 1)));
        assert_eq!(first_fault(&[7, none, 7, none, none, 7]), Some((7, Kind::Parameter, 0)));
    }
}

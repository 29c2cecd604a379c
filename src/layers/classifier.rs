//! The last dense layer and what follows from its scores in one kernel: `shaders/classifier/*.wgsl` on
//! [`crate::reference::classifier`]'s rules. A GPU takes longer to start each of the kernels that it stands for than to run it.

use super::epilogue::Below;
use super::product::MOST_BYTES;
use super::softmax::{ScoreShape, Scores};
use super::{MOST_WORKGROUPS, dense, dispatch_size, image_blocks, record};
use crate::gpu::{Gpu, GpuError, Recording, Source, Tensor};
use crate::network::{Activation, Matrix};
use crate::reference::dense::DenseShape;

/// A last layer, which has no activation of its own.
#[derive(Clone, Copy)]
pub struct Classifier<'a> {
    pub shape: DenseShape,
    pub matrix: &'a Matrix,
}

impl Classifier<'_> {
    /// Whether the kernels here are made for it: on GPUs, where classes are few.
    pub fn is_for(&self, gpu: &Gpu) -> bool {
        /// More would leave no room for enough invocations.
        const MOST_CLASSES: usize = 32;
        gpu.settings().core.is_for_gpus()
            && self.shape.units <= MOST_CLASSES
            && image_blocks(self.shape.n) <= MOST_WORKGROUPS
    }

    /// x [C, N], parameters -> the probability of each class, p [F, N].
    pub fn probabilities(&self, recording: &mut Recording, [parameters, x, p]: [&Tensor; 3]) -> Result<(), GpuError> {
        let source = self.source("classifier/probabilities", Activation::Linear.into());
        self.record(recording, &source, &[("w", parameters), ("x", x), ("p", p)])
    }

    /// x [C, N], parameters, labels `[N]` and the clock's batch -> losses and predictions.
    pub fn losses(
        &self,
        recording: &mut Recording,
        shape: &ScoreShape,
        [clock, labels, parameters, x]: [&Tensor; 4],
        scores: &Scores,
    ) -> Result<(), GpuError> {
        let source = with_loss(self.source("classifier/losses", Activation::Linear.into()), shape);
        let tensors = [
            ("clock", clock),
            ("labels", labels),
            ("w", parameters),
            ("x", x),
            ("losses", &scores.losses),
            ("predictions", &scores.predictions),
        ];
        self.record(recording, &source, &tensors)
    }

    /// x [C, N], parameters, labels `[N]` and the clock's batch -> losses, d_logits [F, N], and d_x [C, N], gated by
    /// what made x. Probabilities and predictions, for which no training asks, are not written.
    pub fn gradients(
        &self,
        recording: &mut Recording,
        shape: &ScoreShape,
        below: Below,
        [clock, labels, parameters, x, d_x]: [&Tensor; 5],
        scores: &Scores,
    ) -> Result<(), GpuError> {
        let source = with_loss(self.source("classifier/gradients", below), shape);
        let tensors = [
            ("clock", clock),
            ("labels", labels),
            ("w", parameters),
            ("x", x),
            ("losses", &scores.losses),
            ("d_logits", &scores.d_logits),
            ("d_x", d_x),
        ];
        self.record(recording, &source, &tensors)
    }

    /// `classifier/scores.wgsl` with what becomes of its scores.
    fn source(&self, ending: &'static str, below: Below) -> Source {
        const INVOCATIONS: usize = 128;
        /// Blocks of inputs whose loads are under way together, at most.
        const MOST_AHEAD: usize = 2;
        let shares = shares(self.shape.units).min(INVOCATIONS);
        let blocks_of_a_share = (self.matrix.stride / 4).div_ceil(shares);
        let mut source = below
            .constants(dense::forward_source(ending, &self.shape, self.matrix, Activation::Linear))
            .with("BIAS_BLOCKS", 0u32)
            .with("INVOCATIONS", INVOCATIONS)
            .with("SHARES", shares)
            .with("ROWS", self.shape.units.div_ceil(INVOCATIONS / shares))
            .with("AHEAD", blocks_of_a_share.min(MOST_AHEAD));
        source.entry_point = "forward";
        source.files.extend(["classifier/scores", "dense/forward", "dropout/none", "matmul/outer"]);
        source
    }

    /// With a workgroup for four images.
    fn record(&self, recording: &mut Recording, source: &Source, tensors: &[(&str, &Tensor)]) -> Result<(), GpuError> {
        record(recording, source, tensors, dispatch_size([image_blocks(self.shape.n), 1, 1]))
    }
}

fn with_loss(mut source: Source, shape: &ScoreShape) -> Source {
    source.files.extend(["classifier/loss", "target", "clock"]);
    source.with("N", shape.n).with("COUNT", shape.count).with("SMOOTHING", shape.smoothing as f32)
}

/// Invocations that deal out the inputs of a class, a power of two: their sums, and one more, must find room in the memory that
/// WebGPU's default limits allow a workgroup.
fn shares(classes: usize) -> usize {
    const ROOM: usize = MOST_BYTES / size_of::<[f32; 4]>();
    1 << (ROOM / classes - 1).ilog2()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sums_of_every_number_of_classes_find_room_and_are_added_up_in_pieces_of_eight() {
        for classes in 1..=32 {
            let shares = shares(classes);
            assert!(classes * (shares + 1) * 16 <= 16 << 10, "{classes} classes in {shares} shares");
            assert!(shares >= 16 && shares.is_power_of_two(), "{classes} classes in {shares} shares");
        }
        assert_eq!(shares(10), 64);
    }
}

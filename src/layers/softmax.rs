//! Softmax cross-entropy: `shaders/softmax.wgsl` on [`crate::reference::softmax`]'s rule.

use super::{activation_length, capacity, dispatch_size, image_blocks, record, with_images};
use crate::gpu::{Gpu, GpuError, Recording, Source, Tensor};

/// What a classification is told once: its sizes, and how sure it is to be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ScoreShape {
    /// Images of a batch.
    pub n: usize,
    pub classes: usize,
    /// Images of the data set, of which the last batch may hold fewer than `n`.
    pub count: usize,
    /// How much of a label is spread over all classes, see [`crate::reference::softmax::target`].
    pub smoothing: f64,
}

/// What the softmax writes.
#[derive(Clone)]
pub struct Scores {
    /// [classes, N], the gradient of the mean loss
    pub d_logits: Tensor,
    /// [classes, N]
    pub probabilities: Tensor,
    /// [batches, N], of every image of the data set so far
    pub losses: Tensor,
    /// [batches, N], the class with the largest score, the first of several
    pub predictions: Tensor,
}

impl ScoreShape {
    /// How many batches the data set makes.
    pub fn batches(&self) -> usize {
        self.count.div_ceil(self.n)
    }
}

impl Scores {
    /// Room for the scores of a whole data set.
    ///
    /// # Errors
    /// More than the adapter can bind.
    pub fn new(gpu: &Gpu, shape: &ScoreShape) -> Result<Scores, GpuError> {
        let of_a_batch = activation_length(shape.classes, shape.n);
        let of_all = shape.batches() * capacity(shape.n);
        Ok(Scores {
            d_logits: Tensor::zeros(gpu, "the gradients of the logits", of_a_batch)?,
            probabilities: Tensor::zeros(gpu, "the probabilities", of_a_batch)?,
            losses: Tensor::zeros(gpu, "the losses", of_all)?,
            predictions: Tensor::zeros(gpu, "the predictions", of_all)?,
        })
    }
}

/// logits [classes, N], labels `[N]` and the clock's batch -> scores; the clock's step is done.
pub fn forward(
    recording: &mut Recording,
    shape: &ScoreShape,
    [clock, logits, labels]: [&Tensor; 3],
    scores: &Scores,
) -> Result<(), GpuError> {
    let source = Source::new("forward", &["softmax", "target", "clock"])
        .with("C", shape.classes)
        .with("N", shape.n)
        .with("COUNT", shape.count)
        .with("SMOOTHING", shape.smoothing as f32);
    let source = with_images(source, shape.n);
    let tensors = [
        ("clock", clock),
        ("x", logits),
        ("labels", labels),
        ("d_x", &scores.d_logits),
        ("losses", &scores.losses),
        ("predictions", &scores.predictions),
        ("p", &scores.probabilities),
    ];
    record(recording, &source, &tensors, dispatch_size([image_blocks(shape.n).div_ceil(64), 1, 1]))
}

//! The whole network against PyTorch: a training of three steps must give its losses, gradients, parameters and answers.

use super::{Verdict, compare};
use crate::gpu::{Gpu, GpuError, Precision};
use crate::layers::batch::Images;
use crate::reference::Optimiser;
use crate::reference::golden::Golden;
use crate::trainer::{Plan, StepError, Trainer};

/// How far numbers of up to 1 may be off on their way through the network.
struct Tolerances {
    gradient: f64,
    loss: f64,
    /// A gradient below this can be lost in rounding, and then Adam's first step has another direction.
    clear_gradient: f64,
}

/// Rounding to f32 changes a number by up to 2^-24 of itself.
const SINGLE: Tolerances = Tolerances { gradient: 1e-6, loss: 1e-5, clear_gradient: 1e-5 };

/// Rounding to f16 changes a number by up to 2^-11, 5e-4, of itself. That alone changes the gradients by 1e-4, but where it
/// makes another pixel the largest of a pooling's window, the gradient of one of the eight images moves there: 2.3e-3.
const MIXED: Tolerances = Tolerances { gradient: 5e-3, loss: 5e-4, clear_gradient: 5e-3 };

/// Adam's first step is the learning rate, 1e-3, in the direction of the gradient; a hundredth of it must be right.
const PARAMETER_TOLERANCE: f64 = 1e-5;

/// Three steps of Adam on the `golden` images, compared with PyTorch's.
///
/// # Errors
/// A kernel cannot be built or the device failed.
pub async fn golden(gpu: &Gpu, golden: &Golden<'_>) -> Result<Verdict, GpuError> {
    let tolerances = match gpu.settings().core.precision() {
        Precision::Single => SINGLE,
        Precision::Mixed => MIXED,
    };
    let images = Images::new(gpu, golden.pixels(), golden.labels())?;
    let count = images.count();
    let plan = Plan::new(count, Optimiser::Adam(golden.adam()), 0);
    let mut trainer = Trainer::new(gpu, &golden.network(), &golden.parameters(), &images, &plan)?;
    let (mut losses, mut results) = (Vec::new(), Vec::new());
    for epoch in 0..3 {
        // An epoch is one step on all images; their order changes nothing but the order of additions.
        trainer.begin_epoch(epoch)?;
        let step = match trainer.run(1).await {
            Ok(losses) => losses,
            Err(StepError::Gpu(error)) => return Err(error),
            Err(error @ StepError::NotANumber(_)) => return Ok(Verdict::Differs(error.to_string())),
        };
        losses.push(step.iter().sum::<f32>() / count as f32);
        if epoch == 0 {
            let gradients = golden.d_parameters();
            let found: Vec<f32> = trainer.read_d_parameters().await?;
            results.push(compare("the gradient", &found, &gradients, tolerances.gradient));
            let clear = |at: &usize| gradients[*at].abs() > tolerances.clear_gradient;
            let after: Vec<f32> = trainer.model().parameters().read(gpu).await?;
            let after: Vec<f32> = (0..after.len()).filter(clear).map(|at| after[at]).collect();
            let expected = golden.parameters_after_one_step();
            let expected: Vec<f64> = (0..expected.len()).filter(clear).map(|at| expected[at]).collect();
            results.push(compare("the parameters after a step", &after, &expected, PARAMETER_TOLERANCE));
        }
    }
    results.push(compare("the loss of step", &losses, &golden.losses()[..3], tolerances.loss));
    let worst: Result<Vec<f64>, String> = results.into_iter().collect();
    Ok(match worst {
        Ok(worst) => Verdict::Agrees { worst: worst.into_iter().fold(0.0, f64::max) },
        Err(difference) => Verdict::Differs(difference),
    })
}

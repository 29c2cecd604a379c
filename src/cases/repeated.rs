//! A training of some steps, twice: it must learn, and come to the same bits.

use super::Verdict;
use crate::gpu::{Gpu, GpuError};
use crate::layers::batch::Images;
use crate::mnist::SIDE;
use crate::network::{Network, Parameters, Shape};
use crate::random::{self, Stream};
use crate::reference::Optimiser;
use crate::reference::adam::Adam;
use crate::trainer::{Plan, StepError, Trainer};

const NETWORK: &str =
    "conv 4 3x3 relu | pool 2 | conv 6 3x3 same relu | pool 2 | dropout 0.25 | dense 20 relu | dense 10";
const N: usize = 32;
const STEPS: usize = 24;

/// What must be left of the first step's loss in the last. About a tenth is.
const LEFT: f32 = 0.4;

/// Trains once with all steps in one submit, and once with several submits on their way.
///
/// # Errors
/// A kernel cannot be built or the device failed.
pub async fn repeated(gpu: &Gpu) -> Result<Verdict, GpuError> {
    let both = async { Ok((train(gpu, &[STEPS]).await?, train(gpu, &[1, 7, 16]).await?)) };
    let (once, again) = match both.await {
        Ok(both) => both,
        Err(StepError::Gpu(error)) => return Err(error),
        Err(error @ StepError::NotANumber(_)) => return Ok(Verdict::Differs(error.to_string())),
    };
    if once != again {
        return Ok(Verdict::Differs("the same training, twice, comes to other bits".into()));
    }
    let mean = |step: usize| once.0[step * N..][..N].iter().copied().map(f32::from_bits).sum::<f32>() / N as f32;
    let left = mean(STEPS - 1) / mean(0);
    Ok(match left <= LEFT {
        true => Verdict::Agrees { worst: f64::from(left / LEFT) },
        false => Verdict::Differs(format!("it does not learn: {left:.2} of the loss is left after {STEPS} steps")),
    })
}

/// The bits of the losses and of the parameters that a training comes to.
async fn train(gpu: &Gpu, submits: &[usize]) -> Result<(Vec<u32>, Vec<u32>), StepError> {
    let network = Network::parse(Shape::MNIST, NETWORK).expect("it is a network");
    let (pixels, labels) = bars();
    let images = Images::new(gpu, &pixels, &labels)?;
    let plan = Plan::new(N, Optimiser::Adam(Adam::new(5e-3)), 1);
    let mut trainer = Trainer::new(gpu, &network, &Parameters::glorot(&network, 1), &images, &plan)?;
    trainer.begin_epoch(0)?;
    let flights: Vec<_> = submits.iter().map(|steps| trainer.submit(*steps)).collect::<Result<_, _>>()?;
    let mut losses = Vec::new();
    for flight in flights {
        losses.extend(flight.finish().await?.into_iter().map(f32::to_bits));
    }
    Ok((losses, trainer.model().parameters().read(gpu).await?))
}

/// A bar across each image, at the height of its label, in noise: pixels, one image behind the other, and labels.
fn bars() -> (Vec<u8>, Vec<u8>) {
    let labels: Vec<u8> = (0..N * STEPS).map(|image| (image % 10) as u8).collect();
    let pixel = |image: usize, row: usize, column: usize| {
        let noise = 60.0 * random::uniform(7, Stream::Shuffle, image as u32, (row * SIDE + column) as u32);
        let is_ink = row.wrapping_sub(4 + 2 * usize::from(labels[image])) < 3 && (4..SIDE - 4).contains(&column);
        noise as u8 + if is_ink { 190 } else { 0 }
    };
    let pixels = (0..labels.len())
        .flat_map(|image| (0..SIDE * SIDE).map(move |at| (image, at / SIDE, at % SIDE)))
        .map(|(image, row, column)| pixel(image, row, column))
        .collect();
    (pixels, labels)
}

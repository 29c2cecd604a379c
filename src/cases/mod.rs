//! One table of cases for tests, `digits selftest` and benches: an operation at a shape, with its inputs, what the
//! reference makes of them, and how much work it is.

mod batchnorm;
mod classifier;
mod dropped;
mod golden;
mod joint;
mod passes;
mod planted;
mod products;
mod repeated;
mod table;
mod turn;
mod unpooled;
mod update;
mod winograd;

pub use golden::golden;
pub use planted::planted;
pub use repeated::repeated;
pub use table::{CONVS, DENSES, POOLS, largest, parity, seed_network};

use crate::gpu::{Core, Gpu, GpuError, Recording, Tensor};
use crate::layers;
use crate::layers::clock::Clock;
use crate::random::{self, Stream};
use crate::reference;

/// An operation at a shape.
pub struct Case {
    /// The operation's name: its shader's file, its direction where one file holds both, `pool/backward`, and what is joined to it,
    /// `conv/pooled/dropout`.
    pub operation: &'static str,
    /// The sizes, for people.
    pub shape: String,
    /// Multiplications and additions.
    pub flops: f64,
    /// What must at least be read and written.
    pub bytes: f64,
    prepare: Prepare,
}

type Prepare = Box<dyn Fn(&Gpu) -> Result<Prepared, GpuError> + Send + Sync>;

/// A case on a device: its inputs are there, its outputs are poisoned.
pub struct Prepared {
    pub recording: Recording,
    outputs: Vec<Output>,
}

/// A tensor that the operation writes, and what the reference says it must hold.
struct Output {
    tensor: Tensor,
    expected: Expected,
}

enum Expected {
    /// [N, features], within a tolerance; on the device the images are innermost.
    Images { values: Vec<f64>, n: usize, tolerance: f64 },
    /// In the order of the device, within a tolerance.
    Flat { values: Vec<f64>, tolerance: f64 },
    /// [splits, length] behind what must be left alone, which add up to these within a tolerance.
    Parts { values: Vec<f64>, splits: usize, tolerance: f64 },
    /// Whole numbers, exactly.
    Words(Vec<u32>),
    /// [N, features], exactly; on the device four images share a word.
    Winners { values: Vec<u8>, n: usize },
    /// The steps exactly, corrections and learning rate within what rounding makes of them.
    Clock(Clock),
}

/// What a case came to.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// The worst error, as a part of the tolerance.
    Agrees { worst: f64 },
    /// The first number that is wrong, or what else is.
    Differs(String),
}

impl Case {
    /// Whether the operation goes with the core that `gpu` multiplies with. Two do with the broadcast core alone, as which they
    /// multiply by themselves; and with that no products share a dispatch.
    pub fn is_for(&self, gpu: &Gpu) -> bool {
        let is_for_one_core = ["dense/softmax", "winograd/pooled"].contains(&self.operation);
        let is_joint = self.operation.contains(" + ");
        match gpu.settings().core {
            Core::Broadcast { .. } => !is_joint,
            Core::Tile | Core::Cooperative { .. } => !is_for_one_core,
        }
    }

    /// Compiles the operation for `gpu` and brings its inputs there.
    ///
    /// # Errors
    /// The kernel cannot be built or the tensors are too large.
    pub fn prepare(&self, gpu: &Gpu) -> Result<Prepared, GpuError> {
        (self.prepare)(gpu)
    }

    /// Runs the case once and compares it with the reference.
    ///
    /// # Errors
    /// The kernel cannot be built or the device failed.
    pub async fn check(&self, gpu: &Gpu) -> Result<Verdict, GpuError> {
        self.prepare(gpu)?.check(gpu).await
    }
}

impl Prepared {
    /// The bits of all that the operation writes, as the device has them.
    ///
    /// # Errors
    /// The device failed.
    pub async fn bits(&self, gpu: &Gpu) -> Result<Vec<Vec<u32>>, GpuError> {
        let mut bits = Vec::new();
        for output in &self.outputs {
            bits.push(output.tensor.read(gpu).await?);
        }
        Ok(bits)
    }

    /// Runs the case once and compares it with the reference.
    ///
    /// # Errors
    /// The driver refuses the kernel or the device failed.
    pub async fn check(&self, gpu: &Gpu) -> Result<Verdict, GpuError> {
        self.recording.submit(1)?;
        self.verdict(gpu).await
    }

    async fn verdict(&self, gpu: &Gpu) -> Result<Verdict, GpuError> {
        let mut worst: f64 = 0.0;
        for Output { tensor, expected } in &self.outputs {
            let error = match expected {
                Expected::Images { values, n, tolerance } => {
                    let found = layers::to_images_outermost(&tensor.read(gpu).await?, *n);
                    compare(tensor.name(), &found, values, *tolerance)
                }
                Expected::Flat { values, tolerance } => {
                    compare(tensor.name(), &tensor.read(gpu).await?, values, *tolerance)
                }
                Expected::Parts { values, splits, tolerance } => {
                    let found: Vec<f32> = tensor.read(gpu).await?;
                    let (alone, parts) = found.split_at(found.len() - splits * values.len());
                    let parts: Vec<f64> = parts.iter().copied().map(f64::from).collect();
                    let sums = narrow(&reference::update::sum(&parts, values.len()));
                    match alone.iter().all(|number| *number == 0.0) {
                        true => compare(tensor.name(), &sums, values, *tolerance),
                        false => Err(format!("it writes before its part of {}", tensor.name())),
                    }
                }
                Expected::Words(words) => {
                    let found: Vec<u32> = tensor.read(gpu).await?;
                    let wrong = found.iter().zip(words).position(|(found, word)| found != word);
                    match wrong {
                        Some(at) => Err(format!("{}[{at}] is {}, not {}", tensor.name(), found[at], words[at])),
                        None => Ok(0.0),
                    }
                }
                Expected::Winners { values, n } => {
                    let bytes: Vec<u8> =
                        tensor.read::<u32>(gpu).await?.into_iter().flat_map(u32::to_le_bytes).collect();
                    let numbers: Vec<f32> = bytes.into_iter().map(f32::from).collect();
                    let expected: Vec<f64> = values.iter().copied().map(f64::from).collect();
                    let found = layers::to_images_outermost(&numbers, *n);
                    compare(tensor.name(), &found, &expected, f64::MIN_POSITIVE)
                }
                Expected::Clock(clock) => compare_clocks(tensor.read(gpu).await?[0], *clock),
            };
            match error {
                Ok(error) => worst = worst.max(error),
                Err(difference) => return Ok(Verdict::Differs(difference)),
            }
            if !tensor.guard_is_intact(gpu).await? {
                return Ok(Verdict::Differs(format!("it writes beyond {}", tensor.name())));
            }
        }
        Ok(Verdict::Agrees { worst })
    }
}

/// The worst error as a part of the tolerance, or the first number beyond it; NaN is beyond.
fn compare(name: &str, found: &[f32], expected: &[f64], tolerance: f64) -> Result<f64, String> {
    if found.len() != expected.len() {
        return Err(format!("{name} has {} numbers, not {}", found.len(), expected.len()));
    }
    let mut worst: f64 = 0.0;
    for (at, (found, expected)) in found.iter().zip(expected).enumerate() {
        let error = (f64::from(*found) - expected).abs() / (tolerance * expected.abs().max(1.0));
        if error.is_nan() || error > 1.0 {
            return Err(format!("{name}[{at}] is {found}, not {expected}"));
        }
        worst = worst.max(error);
    }
    Ok(worst)
}

fn compare_clocks(found: Clock, expected: Clock) -> Result<f64, String> {
    let times = |clock: Clock| [clock.done, clock.now];
    let steps = |clock| times(clock).map(|time| [time.step, time.batch]);
    if steps(found) != steps(expected) {
        return Err(format!("the clock shows {found:?}, not {expected:?}"));
    }
    let numbers = |clock| times(clock).map(|time| [time.correction1, time.correction2, time.rate]).concat();
    let expected: Vec<f64> = numbers(expected).into_iter().map(f64::from).collect();
    compare("a correction or the rate", &numbers(found), &expected, 1e-7)
}

/// Inputs on the host and on the device. Each has values of its own, in [-1, 1]: multiples of 2^-10, which f16 holds
/// exactly, so that cores of mixed precision must agree with the reference as closely as those of single precision.
struct Inputs<'a> {
    gpu: &'a Gpu,
    drawn: u32,
}

/// What stands in a batch where there is no image.
#[derive(Clone, Copy)]
enum Absent {
    /// Numbers that must not leak into any result.
    Anything,
    /// Zeros, as in gradients, which sums over the images rely on.
    Zero,
}

impl<'a> Inputs<'a> {
    fn new(gpu: &'a Gpu) -> Self {
        Inputs { gpu, drawn: 0 }
    }

    /// `count` numbers; a third of them are zero, as after a ReLU, and as ties are made of.
    fn values(&mut self, count: usize) -> Vec<f64> {
        self.drawn += 1;
        let number = |index| match random::uniform(self.drawn, Stream::Shuffle, 0, index) {
            drawn if drawn < 1.0 / 3.0 => 0.0,
            drawn => f64::from(((3.0 * drawn - 2.0) * 1024.0).round() / 1024.0),
        };
        (0..count as u32).map(number).collect()
    }

    /// A tensor in the order of the device.
    fn flat(&self, name: &str, values: &[f64]) -> Result<Tensor, GpuError> {
        Tensor::new(self.gpu, name, &narrow(values))
    }

    /// [N, features] -> a tensor with the images innermost.
    fn images(&self, name: &str, values: &[f64], n: usize, absent: Absent) -> Result<Tensor, GpuError> {
        let (mut numbers, room) = (narrow(values), layers::capacity(n));
        let filler = match absent {
            Absent::Anything => 7.0,
            Absent::Zero => 0.0,
        };
        numbers.resize(values.len() / n * room, filler);
        Tensor::new(self.gpu, name, &layers::to_images_innermost(&numbers, room))
    }

    /// A poisoned tensor for [features, N].
    fn output(&self, name: &str, features: usize, n: usize) -> Tensor {
        Tensor::poisoned(self.gpu, name, layers::activation_length(features, n))
    }
}

fn narrow(values: &[f64]) -> Vec<f32> {
    values.iter().map(|value| *value as f32).collect()
}

/// How far a sum of `terms` products of numbers up to 1 may be off in f32. Measured errors stay below a fifth of it; a
/// wrong tap or a lost term is thousands of times larger.
fn sum_tolerance(terms: usize) -> f64 {
    1e-6 * (terms as f64).sqrt()
}

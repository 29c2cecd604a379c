//! The only folder that computes with wgpu: a device, tensors on it, kernels that bind tensors by name, and recordings of
//! dispatches that are made once and replayed; and which of their tile shapes matrix products are compiled for.

mod adapter;
mod choices;
mod device;
mod failure;
mod joint;
mod kernel;
mod pipeline;
mod reading;
mod recording;
mod replay;
mod source;
mod tensor;
mod tuning;

pub use adapter::{AdapterError, AdapterReport, Request, adapters, driver};
pub use choices::{Choice, Choices, Origin, Timing};
pub use device::{Checks, Core, Gpu, GpuError, Matrices, Memory, Operands, Precision, Settings};
pub use joint::Part;
pub use kernel::{Dispatch, Kernel, KernelError};
pub use reading::Reading;
pub use recording::Recording;
pub use replay::{Replay, Replayer};
pub use source::{Constant, FILES, Source};
pub use tensor::Tensor;
pub use tuning::{Candidate, Event, Tiles, Tuner};

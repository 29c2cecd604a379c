//! A kernel's way through the driver: it is compiled in another thread while the program goes on, and waited for where it is
//! first run, so that all kernels of a recording compile side by side.

use std::task::{Context, Poll, Waker};

use wgpu::{BindGroupLayout, ComputePipeline, Device, ShaderRuntimeChecks};

use super::device::lock;
use super::{Checks, Gpu, KernelError};
use crate::platform::{self, Coming, Later};

/// A compiled kernel, or one that is being compiled.
pub(super) struct Pipeline(Coming<Result<ComputePipeline, KernelError>>);

impl Pipeline {
    /// Begins to compile `entry_point` of a valid text.
    pub fn begin(gpu: &Gpu, name: &str, text: &str, entry_point: &'static str, layout: &BindGroupLayout) -> Pipeline {
        let unsettled = gpu.unsettled();
        let (device, checks, layout) = (gpu.device.clone(), gpu.settings().checks, layout.clone());
        let (name, text) = (name.to_string(), text.to_string());
        Pipeline(platform::begin(move || {
            let (compiled, mut error) = compile(device, checks, &name, text, entry_point, layout);
            // A program's driver has answered by now; a browser answers later.
            let refused = match error.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                Poll::Ready(error) => error,
                Poll::Pending => {
                    lock(&unsettled).push((name.clone(), error));
                    None
                }
            };
            match refused {
                Some(error) => Err(KernelError::Driver { kernel: name, message: error.to_string() }),
                None => Ok(compiled),
            }
        }))
    }

    /// Waits until it is compiled.
    ///
    /// # Errors
    /// The driver refuses it.
    pub fn wait(&self) -> Result<&ComputePipeline, KernelError> {
        self.0.wait().as_ref().map_err(KernelError::clone)
    }
}

/// The pipeline, and what the driver says against it.
fn compile(
    device: Device,
    checks: Checks,
    name: &str,
    text: String,
    entry_point: &str,
    layout: BindGroupLayout,
) -> (ComputePipeline, Later<Option<wgpu::Error>>) {
    let internal = device.push_error_scope(wgpu::ErrorFilter::Internal);
    let validation = device.push_error_scope(wgpu::ErrorFilter::Validation);
    let pipeline_layout = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
        label: Some(name),
        bind_group_layouts: &[Some(&layout)],
        immediate_size: 0,
    });
    let descriptor = wgpu::ShaderModuleDescriptor { label: Some(name), source: wgpu::ShaderSource::Wgsl(text.into()) };
    let module = match checks {
        Checks::Checked => device.create_shader_module(descriptor),
        #[expect(unsafe_code, reason = "wgpu leaves its checks out only so")]
        // SAFETY: every shader is a part of this program; the tests run each with sentinels behind its tensors,
        // no divisor is zero and every loop ends.
        Checks::Unchecked => unsafe {
            device.create_shader_module_trusted(descriptor, ShaderRuntimeChecks::unchecked())
        },
    };
    let pipeline = device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
        label: Some(name),
        layout: Some(&pipeline_layout),
        module: &module,
        entry_point: Some(entry_point),
        compilation_options: wgpu::PipelineCompilationOptions {
            zero_initialize_workgroup_memory: false,
            ..Default::default()
        },
        cache: None,
    });
    (pipeline, platform::refusal(internal, validation))
}

//! A compiled compute shader that binds tensors by the names they have in its WGSL. naga finds the names in the module,
//! so a binding that is missing, misspelt or left over fails when the kernel is built, and names kernel and binding.

use std::sync::Arc;

use naga::compact::{KeepUnused, compact};
use naga::{AddressSpace, ImageClass, StorageAccess, TypeInner};
use wgpu::{BindGroupLayoutEntry, BindingType, BufferBindingType, ShaderStages};

use super::joint::{self, Joint, Part};
use super::pipeline::Pipeline;
use super::source::texture_name;
use super::{Gpu, Source, Tensor};
use crate::platform;

/// A compiled kernel.
pub struct Kernel {
    name: String,
    sources: Vec<Source>,
    entry_point: &'static str,
    text: String,
    pipeline: Pipeline,
    layout: wgpu::BindGroupLayout,
    slots: Vec<Slot>,
}

/// A kernel with its tensors bound and its size chosen: ready to be recorded.
#[derive(Clone)]
pub struct Dispatch {
    pub(super) kernel: Arc<Kernel>,
    pub(super) bind_group: wgpu::BindGroup,
    pub(super) workgroups: [u32; 3],
    /// The tensors whose textures must hold a fresh copy when the kernel runs.
    pub(super) textures: Vec<Tensor>,
    pub(super) written: Vec<Tensor>,
    /// All that it binds: a tensor's memory is freed with its last owner.
    _bound: Vec<Tensor>,
    /// Those of `written` that the kernel writes to their textures, too.
    pub(super) refreshed: Vec<Tensor>,
}

/// Why a kernel could not be built: a mistake in this program or in the driver, never in the user's input.
#[derive(Clone, Debug, thiserror::Error)]
pub enum KernelError {
    #[error("shader {kernel} is not valid WGSL: {message}")]
    Shader { kernel: String, message: String },
    #[error("the driver refuses shader {kernel}: {message}")]
    Driver { kernel: String, message: String },
    #[error("shader {kernel} binds [{}], but was given [{}]", .expected.join(", "), .given.join(", "))]
    Bindings { kernel: String, expected: Vec<String>, given: Vec<String> },
}

#[derive(Debug)]
struct Slot {
    binding: u32,
    /// The tensor's name; a texture beside a buffer has its buffer's.
    tensor: String,
    kind: SlotKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SlotKind {
    Read,
    Write,
    ReadTexture,
    WriteTexture,
}

impl Kernel {
    /// Begins to compile `source`, or finds it among the kernels compiled before. What the driver says against it is told by
    /// those who run it.
    ///
    /// # Errors
    /// The text is not valid.
    pub fn new(gpu: &Gpu, source: &Source) -> Result<Arc<Kernel>, KernelError> {
        let (name, text) = (source.name(), source.text(gpu.settings().operands));
        // Kernels of one file differ by their entry point alone.
        let key = format!("// {}\n{text}", source.entry_point);
        gpu.cached(key, |text| Kernel::compile(gpu, name, vec![source.clone()], source.entry_point, text))
    }

    /// Begins to compile kernels as one, or finds it, and binds their tensors, for a dispatch of the workgroups of all.
    ///
    /// # Errors
    /// The text is not valid.
    pub fn side_by_side(gpu: &Gpu, parts: &[Part]) -> Result<Dispatch, KernelError> {
        let Joint { name, text, tensors, workgroups } = Joint::new(parts);
        let sources = parts.iter().map(|part| part.source.clone()).collect();
        let kernel = gpu.cached(text, |text| Kernel::compile(gpu, name, sources, joint::ENTRY_POINT, text))?;
        let tensors: Vec<(&str, &Tensor)> = tensors.iter().map(|(name, tensor)| (name.as_str(), tensor)).collect();
        kernel.bind(gpu, &tensors, workgroups)
    }

    fn compile(
        gpu: &Gpu,
        name: String,
        sources: Vec<Source>,
        entry_point: &'static str,
        text: &str,
    ) -> Result<Kernel, KernelError> {
        let slots =
            slots(text, entry_point).map_err(|message| KernelError::Shader { kernel: name.clone(), message })?;
        let entries: Vec<BindGroupLayoutEntry> = slots.iter().map(Slot::layout).collect();
        let layout = gpu
            .device
            .create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor { label: Some(&name), entries: &entries });
        let pipeline = Pipeline::begin(gpu, &name, text, entry_point, &layout);
        Ok(Kernel { name, sources, entry_point, text: text.into(), pipeline, layout, slots })
    }

    /// The file and entry point, `conv/forward.matmul`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The files and constants that it was joined from: several of kernels that share a dispatch.
    pub fn sources(&self) -> &[Source] {
        &self.sources
    }

    pub fn entry_point(&self) -> &'static str {
        self.entry_point
    }

    /// The WGSL that was compiled.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Waits until the driver has compiled it.
    ///
    /// # Errors
    /// The driver refuses it.
    pub(super) fn pipeline(&self) -> Result<&wgpu::ComputePipeline, KernelError> {
        self.pipeline.wait()
    }

    /// Binds tensors by name, for a dispatch of `workgroups`.
    ///
    /// # Errors
    /// The names are not exactly those that the shader binds.
    pub fn bind(
        self: &Arc<Self>,
        gpu: &Gpu,
        tensors: &[(&str, &Tensor)],
        workgroups: [u32; 3],
    ) -> Result<Dispatch, KernelError> {
        let mut expected: Vec<String> = self.slots.iter().map(|slot| slot.tensor.clone()).collect();
        expected.sort();
        expected.dedup();
        let mut given: Vec<String> = tensors.iter().map(|(name, _)| name.to_string()).collect();
        given.sort();
        if expected != given {
            return Err(KernelError::Bindings { kernel: self.name.clone(), expected, given });
        }
        let (mut textures, mut written, mut refreshed, mut views) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for slot in &self.slots {
            let (_, tensor) = tensors.iter().find(|(name, _)| *name == slot.tensor).expect("the names are the same");
            views.push(match slot.kind {
                SlotKind::ReadTexture => {
                    textures.push((*tensor).clone());
                    Resource::texture_of(tensor, gpu)
                }
                SlotKind::WriteTexture => {
                    refreshed.push((*tensor).clone());
                    Resource::texture_of(tensor, gpu)
                }
                SlotKind::Write => {
                    written.push((*tensor).clone());
                    Resource::Buffer(tensor.buffer().clone())
                }
                SlotKind::Read => Resource::Buffer(tensor.buffer().clone()),
            });
        }
        let entries: Vec<wgpu::BindGroupEntry> = self
            .slots
            .iter()
            .zip(&views)
            .map(|(slot, view)| wgpu::BindGroupEntry {
                binding: slot.binding,
                resource: match view {
                    Resource::Texture(view) => wgpu::BindingResource::TextureView(view),
                    Resource::Buffer(buffer) => buffer.as_entire_binding(),
                },
            })
            .collect();
        let bind_group = gpu.device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some(&self.name),
            layout: &self.layout,
            entries: &entries,
        });
        let _bound = tensors.iter().map(|(_, tensor)| (*tensor).clone()).collect();
        Ok(Dispatch { kernel: self.clone(), bind_group, workgroups, textures, written, _bound, refreshed })
    }
}

enum Resource {
    Texture(wgpu::TextureView),
    Buffer(wgpu::Buffer),
}

impl Resource {
    fn texture_of(tensor: &Tensor, gpu: &Gpu) -> Resource {
        Resource::Texture(tensor.texture(gpu).create_view(&Default::default()))
    }
}

impl Dispatch {
    pub fn name(&self) -> &str {
        self.kernel.name()
    }
}

impl Slot {
    fn layout(&self) -> BindGroupLayoutEntry {
        let buffer = |read_only| BindingType::Buffer {
            ty: BufferBindingType::Storage { read_only },
            has_dynamic_offset: false,
            min_binding_size: None,
        };
        let texture = |access| BindingType::StorageTexture {
            access,
            format: super::tensor::TEXTURE_FORMAT,
            view_dimension: wgpu::TextureViewDimension::D2,
        };
        BindGroupLayoutEntry {
            binding: self.binding,
            visibility: ShaderStages::COMPUTE,
            ty: match self.kind {
                SlotKind::Read => buffer(true),
                SlotKind::Write => buffer(false),
                SlotKind::ReadTexture => texture(wgpu::StorageTextureAccess::ReadOnly),
                SlotKind::WriteTexture => texture(wgpu::StorageTextureAccess::WriteOnly),
            },
            count: None,
        }
    }
}

/// The bindings that an entry point uses, or why the text does not parse. All else that can be wrong with it is found by wgpu,
/// or the browser, when it is compiled.
fn slots(text: &str, entry_point: &str) -> Result<Vec<Slot>, String> {
    let mut module = naga::front::wgsl::parse_str(text)
        .map_err(|error| platform::in_full_or_short(|| error.emit_to_string(text), || error.to_string()))?;
    module.entry_points.retain(|entry| entry.name == entry_point);
    if module.entry_points.is_empty() {
        return Err(format!("it has no entry point {entry_point}"));
    }
    // Of the buffers beside textures some may be those that another entry point uses.
    let names: Vec<String> = module.global_variables.iter().filter_map(|(_, variable)| variable.name.clone()).collect();
    compact(&mut module, KeepUnused::No);
    let mut slots = Vec::new();
    for (_, variable) in module.global_variables.iter() {
        let (Some(binding), Some(name)) = (&variable.binding, &variable.name) else { continue };
        let kind = match variable.space {
            AddressSpace::Storage { access } if access.contains(StorageAccess::STORE) => SlotKind::Write,
            AddressSpace::Storage { .. } => SlotKind::Read,
            AddressSpace::Handle => match module.types[variable.ty].inner {
                TypeInner::Image { class: ImageClass::Storage { access: StorageAccess::STORE, .. }, .. } => {
                    SlotKind::WriteTexture
                }
                _ => SlotKind::ReadTexture,
            },
            _ => return Err(format!("{name} is neither a storage buffer nor a texture")),
        };
        let buffer = names.iter().find(|other| texture_name(other) == *name);
        slots.push(Slot { binding: binding.binding, tensor: buffer.unwrap_or(name).clone(), kind });
    }
    Ok(slots)
}

#[cfg(test)]
mod tests {
    use pollster::FutureExt as _;

    use super::*;
    use crate::gpu::Request;

    #[test]
    fn a_kernel_that_does_not_parse_or_writes_where_it_may_not_is_refused_by_its_name() {
        let gpu = Gpu::open(&Request::default()).block_on().unwrap_or_else(|error| panic!("{error}"));
        let error = |statement: &str| {
            let text = format!(
                "@group(0) @binding(0) var<storage, read> x: array<f32>;
                 @compute @workgroup_size(1) fn wrong() {{ {statement}; }}"
            );
            let source = Source::new("wrong", &["typed"]).with_text("typed", text.leak());
            let built = Kernel::new(&gpu, &source).and_then(|kernel| kernel.pipeline().map(|_| ()));
            built.unwrap_err().to_string()
        };
        let [unparsed, written] = ["let y = x[0] +", "x[0] = 1.0"].map(error);
        assert!(unparsed.starts_with("shader typed.wrong is not valid WGSL: "), "{unparsed}");
        assert!(written.starts_with("the driver refuses shader typed.wrong: "), "{written}");
    }
}

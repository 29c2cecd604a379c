//! A device and how it is used: which core multiplies, and where kernels read their operands from.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};

use wgpu::{Adapter, AdapterInfo, Device, DeviceType, ExperimentalFeatures, Features, Limits, Queue, SubmissionIndex};

use super::Tiles;
use super::adapter::{self, AdapterError, Request};
use super::failure::Failure;
use super::kernel::{Kernel, KernelError};
use crate::platform::{self, Later};

/// A device, its queue and the way to use them. Clones share the device and the compiled kernels.
#[derive(Clone)]
pub struct Gpu {
    pub(super) device: Device,
    pub(super) queue: Queue,
    info: Arc<AdapterInfo>,
    settings: Settings,
    subgroup: Option<u32>,
    tiles: Tiles,
    cooperative: Option<Core>,
    kernels: Arc<Mutex<Kernels>>,
    failure: Failure,
    unsettled: Unsettled,
}

/// Kernels that the driver has yet to take or to refuse, as browsers do behind the call, with what it will say.
pub(super) type Unsettled = Arc<Mutex<Vec<(String, Later<Option<wgpu::Error>>)>>>;

/// Compiled kernels by their text and checks.
type Kernels = HashMap<(String, Checks), Arc<Kernel>>;

/// The choices that never change what a kernel computes, beyond the order of its additions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    pub core: Core,
    pub operands: Operands,
    pub checks: Checks,
}

/// How matrices are multiplied: the file under `shaders/matmul` that is joined to an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Core {
    /// Subgroups of `lanes` broadcast what each of their lanes loaded.
    Broadcast { lanes: u32 },
    /// Workgroups share what they loaded through workgroup memory; runs on every adapter.
    Tile,
    /// Subgroups of up to `lanes` multiply matrices of `size` x `size` numbers as a whole, in [`Precision::Mixed`].
    Cooperative { lanes: u32, size: u32, matrices: Matrices },
}

/// How the cooperative core multiplies its small matrices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Matrices {
    /// With the adapter's matrix units.
    Cooperative,
    /// Number by number, on every adapter with subgroups: for the tests.
    Emulated,
}

/// How exact products are. Parameters, gradients and sums are f32 in either.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precision {
    /// Of the numbers as they are, f32.
    Single,
    /// Of numbers rounded to f16, for which many GPUs have matrix units.
    Mixed,
}

/// Where kernels read the numbers of a tensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operands {
    /// From the buffer that other kernels wrote.
    Buffers,
    /// From a texture that the buffer is copied to first. Software drivers read textures eight lanes at a time, and
    /// buffers number by number, which makes this worth the copy.
    Textures,
}

/// Whether the driver guards every access of a kernel against its bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Checks {
    Checked,
    /// For our own kernels, which the tests run with sentinels behind every tensor.
    Unchecked,
}

/// Why work on the GPU could not begin or did not end.
#[derive(Debug, thiserror::Error)]
pub enum GpuError {
    #[error(transparent)]
    Adapter(#[from] AdapterError),
    #[error("the adapter {adapter} gives no device: {reason}")]
    Device { adapter: String, reason: String },
    #[error(transparent)]
    Kernel(#[from] KernelError),
    #[error("the adapter {adapter} is too small: its {limit} is {has}, and {needed} is needed")]
    TooSmall { adapter: String, limit: &'static str, has: u64, needed: u64 },
    /// The device is gone, with all that lay on it; another can be opened.
    #[error("the GPU failed: the device was lost{}", and(.0))]
    Lost(String),
    #[error("the GPU has no memory left: choose a smaller batch or network, or close what else uses it")]
    OutOfMemory,
    #[error("the GPU failed: {0}")]
    Failed(String),
    #[error(
        "{what} needs {bytes} bytes in one buffer, and the adapter binds at most {most}: choose a smaller batch or network, or fewer images"
    )]
    TooLarge { what: String, bytes: u64, most: u64 },
}

/// Memory of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    pub bytes: u64,
    /// Buffers and textures, and what wgpu keeps for itself.
    pub pieces: usize,
}

impl GpuError {
    /// Whether nothing more can be done with the device, and something with another one.
    pub fn is_of_device(&self) -> bool {
        matches!(self, GpuError::Lost(_) | GpuError::OutOfMemory | GpuError::Failed(_))
    }
}

impl fmt::Display for Core {
    /// The name of its shader.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Core::Broadcast { .. } => "broadcast",
            Core::Tile => "tile",
            Core::Cooperative { .. } => "cooperative",
        })
    }
}

impl Core {
    /// Whether it is made for GPUs, which take longer to start a small kernel than to run it; software drivers start one in no
    /// time, and barriers are dear there.
    pub fn is_for_gpus(self) -> bool {
        match self {
            Core::Broadcast { .. } => false,
            Core::Tile | Core::Cooperative { .. } => true,
        }
    }

    /// The precision of its products.
    pub fn precision(self) -> Precision {
        match self {
            Core::Broadcast { .. } | Core::Tile => Precision::Single,
            Core::Cooperative { .. } => Precision::Mixed,
        }
    }
}

impl fmt::Display for Operands {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Operands::Buffers => "buffers",
            Operands::Textures => "textures",
        })
    }
}

impl Gpu {
    /// Opens the adapter that `request` asks for, with the settings that suit it.
    ///
    /// # Errors
    /// No such adapter, or one that is too small or gives no device.
    pub async fn open(request: &Request) -> Result<Gpu, GpuError> {
        let adapter = adapter::choose(request).await?;
        let (most, cooperative) = (adapter.limits(), cooperative_core(&adapter));
        let matrices = if cooperative.is_some() { adapter::COOPERATIVE } else { Features::empty() };
        let features = adapter.features() & (Features::SUBGROUP | Features::TIMESTAMP_QUERY | matrices);
        // The defaults, which every kernel keeps to, but for the size of tensors.
        let limits = Limits {
            max_buffer_size: most.max_buffer_size,
            max_storage_buffer_binding_size: most.max_storage_buffer_binding_size,
            max_texture_dimension_2d: most.max_texture_dimension_2d,
            ..Limits::default()
        };
        Gpu::of(&adapter, features, limits, cooperative).await
    }

    /// [`Gpu::open`], as the least adapter has it that digits runs on: with WebGPU's default limits, and no feature. For tests.
    ///
    /// # Errors
    /// Those of [`Gpu::open`].
    pub async fn open_least(request: &Request) -> Result<Gpu, GpuError> {
        Gpu::of(&adapter::choose(request).await?, Features::empty(), Limits::default(), None).await
    }

    async fn of(
        adapter: &Adapter,
        required_features: Features,
        required_limits: Limits,
        cooperative: Option<Core>,
    ) -> Result<Gpu, GpuError> {
        let info = adapter.get_info();
        // What a browser offers has the defaults at least.
        #[cfg(not(target_arch = "wasm32"))]
        if let Some((limit, needed, has)) = adapter::shortfall(&required_limits, &adapter.limits()) {
            return Err(GpuError::TooSmall { adapter: info.name, limit, has, needed });
        }
        let descriptor = wgpu::DeviceDescriptor {
            label: Some("digits"),
            required_features,
            #[expect(unsafe_code, reason = "wgpu gives what is experimental only so")]
            // SAFETY: cooperative matrices are all that is experimental, and selftest proves what is made with them.
            experimental_features: unsafe { ExperimentalFeatures::enabled() },
            required_limits,
            ..Default::default()
        };
        let (device, queue) = adapter.request_device(&descriptor).await.map_err(|error| GpuError::Device {
            adapter: info.name.clone(),
            reason: adapter::one_line(&error.to_string()).trim_end_matches('.').into(),
        })?;
        let failure = Failure::of(&device);
        let has_subgroups = device.features().contains(Features::SUBGROUP);
        let subgroup =
            (has_subgroups && info.subgroup_min_size == info.subgroup_max_size).then_some(info.subgroup_min_size);
        let settings = default_settings(info.device_type, subgroup);
        let (tiles, kernels, unsettled) = (Tiles::Default, Arc::default(), Arc::default());
        let info = Arc::new(info);
        Ok(Gpu { device, queue, info, settings, subgroup, cooperative, tiles, kernels, failure, unsettled })
    }

    /// The same device, used in another way.
    pub fn with(&self, settings: Settings) -> Gpu {
        Gpu { settings, ..self.clone() }
    }

    pub fn settings(&self) -> Settings {
        self.settings
    }

    /// The same device, with tile shapes chosen in another way.
    pub fn with_tiles(&self, tiles: Tiles) -> Gpu {
        Gpu { tiles, ..self.clone() }
    }

    /// How matrix products get their tile shapes; the default ones where nobody asked for others.
    pub fn tiles(&self) -> &Tiles {
        &self.tiles
    }

    /// The adapter's name, driver and kind.
    pub fn info(&self) -> &AdapterInfo {
        &self.info
    }

    /// Whether the adapter is a program that plays a GPU on the processor.
    pub fn is_software(&self) -> bool {
        self.info.device_type == DeviceType::Cpu
    }

    /// Every core that this adapter can run.
    pub fn cores(&self) -> Vec<Core> {
        let broadcast = self.subgroup.map(|lanes| Core::Broadcast { lanes });
        broadcast.into_iter().chain([Core::Tile]).chain(self.cooperative).collect()
    }

    /// Every kernel that was compiled for this device.
    pub fn kernels(&self) -> Vec<Arc<Kernel>> {
        lock(&self.kernels).values().cloned().collect()
    }

    /// Waits until all submitted work is done. A page cannot wait: there this sees to it that what was asked for before
    /// comes soon.
    ///
    /// # Errors
    /// The device was lost or a command failed.
    pub fn wait(&self) -> Result<(), GpuError> {
        self.finish(None)
    }

    /// [`Gpu::wait`], but for no work that was submitted later than `submission`.
    pub(super) fn wait_for(&self, submission: SubmissionIndex) -> Result<(), GpuError> {
        self.finish(Some(submission))
    }

    fn finish(&self, last: Option<SubmissionIndex>) -> Result<(), GpuError> {
        let finished = platform::finish(&self.device, &self.queue, last);
        self.check()?;
        finished.map_err(GpuError::Failed)
    }

    /// Ends the device as a driver does that is reset: whatever is asked of it from now on fails. For tests.
    pub fn destroy(&self) {
        // Another thread may use the device meanwhile, and is to hear of this first.
        self.failure.lose();
        self.device.destroy();
        // A device tells of its end while it is waited for.
        let _ = self.wait();
    }

    /// The memory that is in use on the device, where its driver leaves that to wgpu.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn memory(&self) -> Option<Memory> {
        let report = self.device.generate_allocator_report()?;
        Some(Memory { bytes: report.total_allocated_bytes, pieces: report.allocations.len() })
    }

    /// Awaits what the driver says of the kernels that it was given. One that it refuses, the first, is the reason of all that
    /// failed since, and is told in its place.
    ///
    /// # Errors
    /// A kernel that the driver refuses.
    pub(super) async fn settle(&self) -> Result<(), GpuError> {
        let unsettled = std::mem::take(&mut *lock(&self.unsettled));
        let mut refused = Ok(());
        for (kernel, error) in unsettled {
            if let Some(error) = error.await {
                // Whoever wants it again is to hear of it again.
                lock(&self.kernels).retain(|_, known| known.name() != kernel);
                self.failure.forget();
                refused = refused.and(Err(KernelError::Driver { kernel, message: error.to_string() }.into()));
            }
        }
        refused
    }

    /// What [`Gpu::settle`] awaits.
    pub(super) fn unsettled(&self) -> Unsettled {
        self.unsettled.clone()
    }

    /// What went wrong on the device since it was opened, if anything did.
    ///
    /// # Errors
    /// It did.
    pub fn check(&self) -> Result<(), GpuError> {
        self.failure.check()
    }

    /// The kernel of a text, made when it is first asked for.
    pub(super) fn cached(
        &self,
        text: String,
        compile: impl FnOnce(&str) -> Result<Kernel, KernelError>,
    ) -> Result<Arc<Kernel>, KernelError> {
        let key = (text, self.settings.checks);
        let mut kernels = lock(&self.kernels);
        if let Some(kernel) = kernels.get(&key) {
            return Ok(kernel.clone());
        }
        let kernel = Arc::new(compile(&key.0)?);
        kernels.insert(key, kernel.clone());
        Ok(kernel)
    }
}

/// The core for the adapter's cooperative matrices, if it has them and one of its subgroups keeps to the limits of a workgroup.
fn cooperative_core(adapter: &Adapter) -> Option<Core> {
    let lanes = adapter.get_info().subgroup_max_size;
    let size = adapter::cooperative_size(adapter)?;
    (lanes <= Limits::default().max_compute_invocations_per_workgroup).then_some(Core::Cooperative {
        lanes,
        size,
        matrices: Matrices::Cooperative,
    })
}

/// The simple rule: broadcasting and textures suit software drivers, workgroup tiles and buffers suit GPUs.
fn default_settings(kind: DeviceType, subgroup: Option<u32>) -> Settings {
    match (kind, subgroup) {
        (DeviceType::Cpu, Some(lanes)) => {
            Settings { core: Core::Broadcast { lanes }, operands: Operands::Textures, checks: Checks::Unchecked }
        }
        (DeviceType::Cpu, None) => {
            Settings { core: Core::Tile, operands: Operands::Textures, checks: Checks::Unchecked }
        }
        _ => Settings { core: Core::Tile, operands: Operands::Buffers, checks: Checks::Unchecked },
    }
}

/// What is behind the lock; nobody panics while it is changed.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// A reason behind what it is one of, if there is one.
fn and(reason: &str) -> String {
    if reason.is_empty() { String::new() } else { format!(": {reason}") }
}

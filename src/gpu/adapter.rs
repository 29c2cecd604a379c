//! Which GPU: lists the adapters of this machine and picks one by name, number, backend or the `WGPU_*` variables.

use wgpu::{Adapter, AdapterInfo, Backends, CooperativeScalarType, DeviceType, Features, Instance, PowerPreference};

use crate::platform::{self, ADVICE};

/// What the user asked for; the default is the fastest adapter of the best backend.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// A number from [`adapters`], or a part of a name; else `WGPU_ADAPTER_NAME`.
    pub adapter: Option<String>,
    /// `vulkan`, `metal`, `dx12` or `gl`; else `WGPU_BACKEND`.
    pub backend: Option<String>,
}

/// Why there is no adapter.
#[derive(Debug, thiserror::Error)]
pub enum AdapterError {
    #[error("no GPU adapter was found: {reason}. {advice}")]
    None { reason: String, advice: &'static str },
    #[error("no adapter matches \"{wanted}\"; there are: {}", list(.found))]
    NoMatch { wanted: String, found: Vec<String> },
    #[error("{0} is no backend of this platform; choose {list}", list = backend_names().join(" or "))]
    NoBackend(String),
}

/// One adapter and what it can do.
#[derive(Clone, Debug)]
pub struct AdapterReport {
    pub info: AdapterInfo,
    pub subgroups: bool,
    pub timestamps: bool,
    pub half_precision: bool,
    /// Cooperative matrices of a kind that mixed precision can use.
    pub cooperative_matrices: bool,
    /// The largest buffer that a kernel can bind, in bytes.
    pub largest_binding: u64,
    /// Workgroup memory, in bytes.
    pub workgroup_memory: u32,
}

/// The backends that there can be here.
fn backend_names() -> Vec<&'static str> {
    const NAMES: [(&str, Backends); 4] =
        [("vulkan", Backends::VULKAN), ("metal", Backends::METAL), ("dx12", Backends::DX12), ("gl", Backends::GL)];
    let here = Instance::enabled_backend_features();
    NAMES.into_iter().filter(|(_, backend)| here.contains(*backend)).map(|(name, _)| name).collect()
}

fn list(names: &[String]) -> String {
    match names {
        [] => "none".into(),
        names => names.iter().enumerate().map(|(i, name)| format!("{i} {name}")).collect::<Vec<_>>().join(", "),
    }
}

/// Every adapter of the requested backends.
///
/// # Errors
/// A backend that does not exist.
pub async fn adapters(request: &Request) -> Result<Vec<AdapterReport>, AdapterError> {
    let (instance, backends) = instance(request)?;
    Ok(instance.enumerate_adapters(backends).await.iter().map(report).collect())
}

/// The adapter that the request asks for.
pub(super) async fn choose(request: &Request) -> Result<Adapter, AdapterError> {
    let (instance, backends) = instance(request)?;
    let wanted = request.adapter.clone().or_else(|| std::env::var("WGPU_ADAPTER_NAME").ok());
    if let Some(wanted) = wanted.filter(|name| !name.is_empty()) {
        let found = instance.enumerate_adapters(backends).await;
        let names: Vec<String> = found.iter().map(|adapter| adapter.get_info().name).collect();
        let index = wanted
            .parse()
            .ok()
            .filter(|index: &usize| *index < found.len())
            .or_else(|| names.iter().position(|name| name.to_lowercase().contains(&wanted.to_lowercase())));
        return match index {
            Some(index) => Ok(found.into_iter().nth(index).expect("the index was checked")),
            None => Err(AdapterError::NoMatch { wanted, found: names }),
        };
    }
    let options = wgpu::RequestAdapterOptions {
        power_preference: PowerPreference::from_env().unwrap_or(PowerPreference::HighPerformance),
        ..Default::default()
    };
    let adapter = instance.request_adapter(&options).await;
    let advice =
        if backends.intersects(Backends::PRIMARY) { ADVICE } else { "Without a backend named, the others are asked" };
    adapter.map_err(|error| AdapterError::None { reason: one_line(&platform::no_adapter(&error)), advice })
}

/// The first backends to ask: those that every user should have. OpenGL is asked only when it is named: probing it
/// prints noise on machines without a display.
fn instance(request: &Request) -> Result<(Instance, Backends), AdapterError> {
    let named = request.backend.clone().or_else(|| std::env::var("WGPU_BACKEND").ok().filter(|name| !name.is_empty()));
    let backends = match named {
        None => Backends::PRIMARY,
        Some(name) => {
            let backends = Backends::from_comma_list(&name);
            if !backends.intersects(Instance::enabled_backend_features()) {
                return Err(AdapterError::NoBackend(name));
            }
            backends
        }
    };
    let mut descriptor = wgpu::InstanceDescriptor::new_without_display_handle_from_env();
    descriptor.backends = backends;
    Ok((Instance::new(descriptor), backends))
}

fn report(adapter: &Adapter) -> AdapterReport {
    let (features, limits) = (adapter.features(), adapter.limits());
    AdapterReport {
        info: adapter.get_info(),
        subgroups: features.contains(Features::SUBGROUP),
        timestamps: features.contains(Features::TIMESTAMP_QUERY),
        half_precision: features.contains(Features::SHADER_F16),
        cooperative_matrices: cooperative_size(adapter).is_some(),
        largest_binding: limits.max_storage_buffer_binding_size,
        workgroup_memory: limits.max_compute_workgroup_storage_size,
    }
}

/// The adapter's driver, for people.
pub fn driver(info: &AdapterInfo) -> String {
    match (info.driver.as_str(), info.driver_info.as_str()) {
        ("", "") => "unknown driver".into(),
        (one, "") | ("", one) => one.into(),
        (name, details) => format!("{name} {details}"),
    }
}

/// What a device must be opened with to multiply cooperative matrices of f16.
pub(super) const COOPERATIVE: Features =
    Features::EXPERIMENTAL_COOPERATIVE_MATRIX.union(Features::SHADER_F16).union(Features::SUBGROUP);

/// The rows of the largest square matrices of f16 that a subgroup of the adapter multiplies with sums in f32. WGSL has no
/// others than of 8 x 8 and 16 x 16 numbers.
pub(super) fn cooperative_size(adapter: &Adapter) -> Option<u32> {
    if !adapter.features().contains(COOPERATIVE) {
        return None;
    }
    let kinds = adapter.cooperative_matrix_properties().into_iter();
    let of_f16 =
        kinds.filter(|kind| kind.ab_type == CooperativeScalarType::F16 && kind.cr_type == CooperativeScalarType::F32);
    let square = of_f16.filter(|kind| kind.m_size == kind.n_size && kind.n_size == kind.k_size);
    square.map(|kind| kind.m_size).filter(|size| [8, 16].contains(size)).max()
}

/// The first limit that an adapter does not reach: what it is called, what is needed, and what the adapter has.
#[cfg(not(target_arch = "wasm32"))]
pub(super) fn shortfall(needed: &wgpu::Limits, has: &wgpu::Limits) -> Option<(&'static str, u64, u64)> {
    let mut first = None;
    needed.check_limits_with_fail_fn(has, true, |limit, needed, has| first = Some((limit, needed, has)));
    first
}

impl AdapterReport {
    /// Whether the adapter is a program that plays a GPU on the processor.
    pub fn is_software(&self) -> bool {
        self.info.device_type == DeviceType::Cpu
    }
}

/// wgpu's reasons stand on several lines; an error is one sentence.
pub(super) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use wgpu::Limits;

    use super::*;
    use crate::gpu::GpuError;

    #[test]
    fn an_adapter_that_is_too_small_is_refused_with_the_limit_what_it_has_and_what_is_needed() {
        let least = Limits::default();
        assert_eq!(shortfall(&least, &least), None);
        for (has, limit, numbers) in [
            (
                Limits { max_storage_buffers_per_shader_stage: 4, ..least.clone() },
                "max_storage_buffers_per_shader_stage",
                (8, 4),
            ),
            (
                Limits { max_compute_workgroup_storage_size: 8192, ..least.clone() },
                "max_compute_workgroup_storage_size",
                (16384, 8192),
            ),
        ] {
            let (name, needed, has) = shortfall(&least, &has).unwrap();
            assert_eq!((name, (needed, has)), (limit, numbers));
            let error = GpuError::TooSmall { adapter: "Old".into(), limit: name, has, needed };
            assert_eq!(
                error.to_string(),
                format!("the adapter Old is too small: its {name} is {has}, and {needed} is needed")
            );
        }
    }
}

//! The doors, one file a command, and what they share: the options that several take, and the errors that end a command
//! in a way of their own.

pub mod bench;
pub mod compact;
pub mod completions;
mod data;
#[cfg(feature = "window")]
pub mod draw;
pub mod eval;
pub mod export;
pub mod gpus;
pub mod import;
mod interrupt;
pub mod limits;
pub mod man;
mod pages;
pub mod predict;
mod recipe;
pub mod report;
mod screen;
pub mod selftest;
mod sets;
mod tiles;
pub mod train;
pub mod tune;
mod values;
mod version;

use std::io::{self, Write};
use std::path::Path;

use anyhow::{Context, anyhow};
use clap::{Args, ValueEnum};
use digits::gpu::{self, AdapterReport, Core, Gpu, Precision, Request, Settings};
use digits::limits::TEXT_MIB;
use digits::mnist::CLASSES;
use digits::network::{ModelFile, Network, Shape};
use pollster::FutureExt as _;

use data::DataOptions;
pub use interrupt::Interrupted;
pub use version::VERSION;

/// Where to compute.
#[derive(Args)]
pub struct GpuOptions {
    /// Adapter to compute on: its number in `digits gpus`, or a part of its name
    #[arg(long, global = true, value_name = "NAME|INDEX", help_heading = "GPU")]
    adapter: Option<String>,
    /// Interface to reach it by
    #[arg(long, global = true, value_name = "NAME", help_heading = "GPU", value_parser = ["vulkan", "metal", "dx12", "gl"])]
    backend: Option<String>,
}

/// How to multiply.
#[derive(Args)]
pub struct CoreOptions {
    /// Way to multiply matrices, in place of the adapter's own
    #[arg(long, value_name = "NAME")]
    core: Option<CoreName>,
}

#[derive(Clone, Copy, ValueEnum)]
enum CoreName {
    Broadcast,
    Tile,
    Cooperative,
}

/// Options that clap cannot know to be wrong.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Misuse(pub String);

impl GpuOptions {
    fn request(&self) -> Request {
        Request { adapter: self.adapter.clone(), backend: self.backend.clone() }
    }

    /// Opens the adapter, and says so where it is only a program.
    fn open(&self) -> anyhow::Result<Gpu> {
        let request = self.request();
        let gpu = Gpu::open(&request).block_on()?;
        if gpu.is_software() {
            let found_none = gpu::adapters(&request).block_on()?.iter().all(AdapterReport::is_software);
            let reason = if found_none { "no GPU found; " } else { "" };
            let name = &gpu.info().name;
            note(&format!("note: {reason}running on a software driver ({name}), on the processor"));
        }
        Ok(gpu)
    }
}

impl CoreOptions {
    /// The adapter, set to multiply as was asked for.
    fn apply(&self, gpu: &Gpu) -> anyhow::Result<Gpu> {
        let core = match self.core {
            None => gpu.settings().core,
            Some(CoreName::Tile) => Core::Tile,
            Some(CoreName::Cooperative) => cooperative_core(gpu, "--core cooperative")?,
            Some(CoreName::Broadcast) => {
                let broadcast = gpu.cores().into_iter().find(|core| matches!(core, Core::Broadcast { .. }));
                broadcast.with_context(|| {
                    format!("{} cannot run the broadcast core: it has no subgroups of one fixed size", gpu.info().name)
                })?
            }
        };
        Ok(gpu.with(Settings { core, ..gpu.settings() }))
    }
}

/// The core of mixed precision, which `option` asks for, if the adapter has it.
fn cooperative_core(gpu: &Gpu, option: &str) -> anyhow::Result<Core> {
    let core = gpu.cores().into_iter().find(|core| core.precision() == Precision::Mixed);
    core.with_context(|| {
        let name = &gpu.info().name;
        format!(
            "{option} needs an adapter with cooperative matrices (8x8 or 16x16 numbers in f16, summed in f32), which {name} is not: see digits gpus"
        )
    })
}

/// The model of a file, or the one that ships with digits, and what to call it.
fn model(path: Option<&Path>) -> anyhow::Result<(ModelFile, String)> {
    Ok(match path {
        None => (ModelFile::shipped(), "the one that ships with digits".into()),
        Some(path) => (ModelFile::load(path)?, path.display().to_string()),
    })
}

/// Why a network cannot tell `classes` apart, if so.
fn class_mismatch(network: &Network, classes: usize) -> Option<String> {
    let known = network.classes();
    (known != classes).then(|| format!("it tells {known} classes apart, but the data have {classes}"))
}

/// Why what is made for digits cannot be done with a model, if so.
fn no_digits(file: &ModelFile) -> Option<String> {
    if file.classes.are_digits() {
        return None;
    }
    let names = file.classes.names();
    let (count, first) = (names.len(), names.iter().take(3).cloned().collect::<Vec<_>>().join(", "));
    Some(format!("it tells {count} classes apart ({first}, ...), not the {CLASSES} digits"))
}

/// The network of an option, for MNIST.
fn parse_network(text: &str) -> Result<Network, String> {
    let network = Network::parse(Shape::MNIST, text).map_err(|error| error.to_string())?;
    class_mismatch(&network, CLASSES).map_or(Ok(network), Err)
}

/// The bytes of a text called `name`, of which no more than [`TEXT_MIB`] are read.
fn text_of(read: io::Result<Option<Vec<u8>>>, name: &str) -> anyhow::Result<Vec<u8>> {
    let bytes = read.map_err(|error| anyhow!("{name} cannot be read: {error}"))?;
    bytes.with_context(|| format!("{name} is larger than {TEXT_MIB} MiB, the most that is read of a text"))
}

/// Prints a line, which fails where nobody reads it any more.
fn say(line: &str) -> io::Result<()> {
    let told = writeln!(io::stdout(), "{line}");
    told.map_err(|error| io::Error::new(error.kind(), format!("the output cannot be written: {error}")))
}

/// Tells the user something beside the output; a closed stderr is no reason to stop.
fn note(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}

//! `digits gpus`: the adapters of this machine and which one would be used.

use digits::gpu::{self, Gpu};
use digits::report::adapter_table;
use pollster::FutureExt as _;

use super::{GpuOptions, say};

/// Lists the adapters. Where the options choose none of them, that is an error, the same as where one is needed.
pub fn run(options: &GpuOptions) -> anyhow::Result<()> {
    let request = options.request();
    let adapters = gpu::adapters(&request).block_on()?;
    let chosen = Gpu::open(&request).block_on();
    if !adapters.is_empty() {
        say(&adapter_table(&adapters, chosen.as_ref().ok()))?;
    }
    chosen?;
    Ok(say("\n* the one that digits computes on; choose another with --adapter NAME|INDEX")?)
}

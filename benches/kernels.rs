//! `cargo bench`: every operation at the seed network's sizes, forward and backward, and a training step, on the default
//! adapter, with criterion's statistics and its comparison with the last run. `digits bench` measures more, faster.

use std::time::Duration;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, BenchmarkId, Criterion, SamplingMode, Throughput};
use digits::cases::seed_network;
use digits::gpu::{Gpu, Request};
use digits::layers::batch::Images;
use digits::measure::{BATCH, Training};
use digits::mnist::Split;
use pollster::FutureExt as _;

fn main() -> anyhow::Result<()> {
    let mut criterion = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_secs(1))
        .configure_from_args();
    let gpu = Gpu::open(&Request::default()).block_on()?;
    println!("{} ({}), {:?}", gpu.info().name, gpu.info().driver_info, gpu.settings());
    operations(criterion.benchmark_group("operation").sampling_mode(SamplingMode::Flat), &gpu);
    step(criterion.benchmark_group("training step").sampling_mode(SamplingMode::Flat), &gpu)?;
    criterion.final_summary();
    Ok(())
}

/// An element is a multiplication or an addition.
fn operations(group: &mut BenchmarkGroup<WallTime>, gpu: &Gpu) {
    for case in seed_network(BATCH).into_iter().filter(|case| case.is_for(gpu)) {
        let (elements, bytes) = (case.flops as u64, case.bytes as u64);
        group.throughput(Throughput::ElementsAndBytes { elements, bytes });
        let id = BenchmarkId::new(case.operation, &case.shape);
        group.bench_function(id, |bencher| {
            let recording = case.prepare(gpu).unwrap_or_else(|error| panic!("{error}")).recording;
            bencher.iter_custom(|times| recording.time(times as usize).unwrap_or_else(|error| panic!("{error}")));
        });
    }
}

/// An element is an image.
fn step(group: &mut BenchmarkGroup<WallTime>, gpu: &Gpu) -> anyhow::Result<()> {
    let data = Split::embedded()?.training;
    let mut training = Training::seed(gpu, &Images::new(gpu, &data.images, &data.labels)?)?;
    group.throughput(Throughput::Elements(BATCH as u64));
    group.bench_function(BenchmarkId::from_parameter(BATCH), |bencher| {
        bencher.iter_custom(|steps| training.time(steps as usize).unwrap_or_else(|error| panic!("{error}")));
    });
    Ok(())
}

//! Write a kernel, its reference in plain loops, and measure it: a leaky ReLU, which the library does not have:
//!
//! ```sh
//! cargo run --release --example kernel
//! ```

use std::error::Error;

use digits::gpu::{Checks, Gpu, Kernel, Recording, Request, Settings, Source, Tensor};
use digits::measure;
use digits::random::{Stream, uniform};
use pollster::FutureExt as _;

/// y[i] = x[i] where x[i] > 0, SLOPE x[i] elsewhere; i in four numbers at a time. `load_x` reads them where it is fastest on the
/// adapter, from the buffer or from a texture.
const LEAKY_RELU: &str = "
@group(0) @binding(0) var<storage, read> x: array<vec4<f32>>;         // [LENGTH / 4]
@group(0) @binding(1) var<storage, read_write> y: array<vec4<f32>>;   // [LENGTH / 4]

@compute @workgroup_size(EACH_WORKGROUP)
fn forward(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) workgroups: vec3<u32>) {
    let i = each(id, workgroups);
    if (i < LENGTH / 4u) {
        let v = load_x(i);
        y[i] = select(SLOPE * v, v, v > vec4<f32>());
    }
}
";

const LENGTH: usize = 1 << 20;
const SLOPE: f32 = 0.01;
/// Numbers of a workgroup: EACH_WORKGROUP of shaders/each.wgsl, four times.
const WORKGROUP: usize = 1024;

/// The specification.
fn reference(x: &[f32]) -> Vec<f64> {
    x.iter().map(|x| f64::from(*x)).map(|x| if x > 0.0 { x } else { f64::from(SLOPE) * x }).collect()
}

pub fn main() -> Result<(), Box<dyn Error>> {
    let gpu = Gpu::open(&Request::default()).block_on()?;
    // The library's own kernels need no checks of bounds; a new one does, until it is known to keep to them.
    let gpu = gpu.with(Settings { checks: Checks::Checked, ..gpu.settings() });
    let numbers: Vec<f32> =
        (0..LENGTH as u32).map(|i| 2.0 * uniform(0, Stream::Initialise { layer: 0 }, 0, i) - 1.0).collect();
    let x = Tensor::new(&gpu, "x", &numbers)?;
    let y = Tensor::poisoned(&gpu, "y", LENGTH);

    let source = Source::new("forward", &["leaky_relu", "each"]).with_text("leaky_relu", LEAKY_RELU);
    let source = source.with("LENGTH", LENGTH).with("SLOPE", SLOPE);
    let kernel = Kernel::new(&gpu, &source)?;
    let mut recording = Recording::new(&gpu);
    recording.push(kernel.bind(&gpu, &[("x", &x), ("y", &y)], [LENGTH.div_ceil(WORKGROUP) as u32, 1, 1])?);
    recording.submit(1)?;

    let found: Vec<f32> = y.read(&gpu).block_on()?;
    let errors = found.iter().zip(reference(&numbers)).map(|(found, expected)| (f64::from(*found) - expected).abs());
    let worst = errors.fold(0.0, |worst: f64, error| if error <= worst { worst } else { error });
    assert!(worst < 1e-7 && y.guard_is_intact(&gpu).block_on()?);

    let seconds = measure::sample(|times| recording.time(times))?.median();
    let bytes = 2 * size_of_val(numbers.as_slice());
    println!(
        "at most {worst:.1e} from the reference; {:.1} us, {:.1} GB/s",
        1e6 * seconds,
        bytes as f64 / seconds / 1e9
    );
    Ok(())
}

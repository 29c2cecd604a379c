//! Every kernel, joined to each core, reading buffers and textures, checked and unchecked, agrees with the reference. A
//! driver compiles each case anew, which with a cold cache is what these tests wait for: where shapes are proved elsewhere,
//! one for each operation is enough.

use digits::cases::{self, Case, Verdict, largest, parity};
use digits::gpu::{Checks, Core, Gpu, Matrices, Operands, Request, Settings};
use digits::reference::golden::Golden;
use pollster::FutureExt as _;

/// The GPU, or a failure that says what is missing: these tests prove nothing without one.
fn gpu() -> Gpu {
    Gpu::open(&Request::default()).block_on().unwrap_or_else(|error| panic!("{error}"))
}

#[track_caller]
fn agrees(gpu: &Gpu, cases: Vec<Case>) {
    let mut wrong = Vec::new();
    let cases: Vec<&Case> = cases.iter().filter(|case| case.is_for(gpu)).collect();
    // Some at a time, whose kernels compile side by side.
    for some in cases.chunks(16) {
        let prepared: Vec<_> = some.iter().map(|case| case.prepare(gpu)).collect();
        for (case, prepared) in some.iter().zip(prepared) {
            match prepared.and_then(|prepared| prepared.check(gpu).block_on()) {
                Ok(Verdict::Agrees { .. }) => {}
                Ok(Verdict::Differs(difference)) => {
                    wrong.push(format!("{} {}: {difference}", case.operation, case.shape));
                }
                Err(error) => wrong.push(format!("{} {}: {error}", case.operation, case.shape)),
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {} cases, {:?}:\n{}", wrong.len(), cases.len(), gpu.settings(), wrong.join("\n"));
}

#[track_caller]
fn with_each_core(operands: Operands, checks: Checks, cases: fn() -> Vec<Case>) {
    let gpu = gpu();
    for core in gpu.cores() {
        agrees(&gpu.with(Settings { core, operands, checks }), cases());
    }
}

#[test]
fn every_kernel_agrees_with_the_reference_reading_buffers() {
    with_each_core(Operands::Buffers, Checks::Unchecked, parity);
}

#[test]
fn every_kernel_agrees_with_the_reference_reading_textures() {
    // How an index becomes a texel depends on no shape, and the self test has all shapes as the adapter prefers them.
    with_each_core(Operands::Textures, Checks::Unchecked, largest);
}

#[test]
fn every_kernel_agrees_with_the_reference_with_checked_accesses() {
    with_each_core(Operands::Buffers, Checks::Checked, largest);
    with_each_core(Operands::Textures, Checks::Checked, largest);
}

/// The cooperative core with its matrices emulated, and so on every adapter; those that it has are among its cores.
#[track_caller]
fn products_agree(size: u32, operands: Operands, cases: fn() -> Vec<Case>) {
    let gpu = gpu();
    let core = Core::Cooperative { lanes: gpu.info().subgroup_max_size, size, matrices: Matrices::Emulated };
    let is_product =
        |case: &Case| ["conv/", "dense/", "winograd/backward"].iter().any(|folder| case.operation.starts_with(folder));
    let products = cases().into_iter().filter(is_product).collect();
    agrees(&gpu.with(Settings { core, operands, checks: Checks::Unchecked }), products);
}

#[test]
fn every_product_agrees_with_the_reference_on_cooperative_matrices_of_8x8() {
    products_agree(8, Operands::Buffers, largest);
}

#[test]
fn every_product_agrees_with_the_reference_on_cooperative_matrices_of_16x16() {
    products_agree(16, Operands::Textures, parity);
}

#[test]
fn every_kernel_agrees_with_the_reference_on_a_device_with_webgpus_default_limits_and_no_features() {
    let gpu = Gpu::open_least(&Request::default()).block_on().unwrap();
    assert_eq!(gpu.cores(), [Core::Tile], "what needs subgroups is not there");
    for operands in [Operands::Buffers, Operands::Textures] {
        let gpu = gpu.with(Settings { operands, ..gpu.settings() });
        agrees(&gpu, largest());
        let verdict = cases::golden(&gpu, &Golden::open()).block_on().unwrap();
        assert!(matches!(verdict, Verdict::Agrees { .. }), "{operands}: {verdict:?}");
    }
}

//! Every kernel, joined to each core, reading buffers and textures, checked and unchecked, agrees with the reference.

use digits::cases::{Case, Verdict, parity};
use digits::gpu::{Checks, Core, Gpu, Matrices, Operands, Request, Settings};

/// The GPU, or a failure that says what is missing: these tests prove nothing without one.
fn gpu() -> Gpu {
    Gpu::open(&Request::default()).unwrap_or_else(|error| panic!("{error}"))
}

#[track_caller]
fn agrees(gpu: &Gpu, cases: Vec<Case>) {
    let mut wrong = Vec::new();
    for case in cases.iter().filter(|case| case.is_for(gpu)) {
        match case.check(gpu) {
            Ok(Verdict::Agrees { .. }) => {}
            Ok(Verdict::Differs(difference)) => wrong.push(format!("{} {}: {difference}", case.operation, case.shape)),
            Err(error) => wrong.push(format!("{} {}: {error}", case.operation, case.shape)),
        }
    }
    assert!(wrong.is_empty(), "{} of {} cases, {:?}:\n{}", wrong.len(), cases.len(), gpu.settings(), wrong.join("\n"));
}

fn with(operands: Operands, checks: Checks) {
    let gpu = gpu();
    for core in gpu.cores() {
        agrees(&gpu.with(Settings { core, operands, checks }), parity());
    }
}

#[test]
fn every_kernel_agrees_with_the_reference_reading_buffers() {
    with(Operands::Buffers, Checks::Unchecked);
}

#[test]
fn every_kernel_agrees_with_the_reference_reading_textures() {
    with(Operands::Textures, Checks::Unchecked);
}

#[test]
fn every_kernel_agrees_with_the_reference_with_checked_accesses() {
    with(Operands::Buffers, Checks::Checked);
    with(Operands::Textures, Checks::Checked);
}

/// The cooperative core with its matrices emulated, and so on every adapter; those that it has are among its cores.
#[track_caller]
fn products_agree(size: u32, operands: Operands) {
    let gpu = gpu();
    let core = Core::Cooperative { lanes: gpu.info().subgroup_max_size, size, matrices: Matrices::Emulated };
    let is_product =
        |case: &Case| ["conv/", "dense/", "winograd/backward"].iter().any(|folder| case.operation.starts_with(folder));
    let products = parity().into_iter().filter(is_product).collect();
    agrees(&gpu.with(Settings { core, operands, checks: Checks::Unchecked }), products);
}

#[test]
fn every_product_agrees_with_the_reference_on_cooperative_matrices_of_8x8() {
    products_agree(8, Operands::Buffers);
}

#[test]
fn every_product_agrees_with_the_reference_on_cooperative_matrices_of_16x16() {
    products_agree(16, Operands::Textures);
}

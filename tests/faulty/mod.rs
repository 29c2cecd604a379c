//! Runs the program on a driver that fails on purpose.

use std::fs;
use std::path::Path;
use std::process::Command;

/// Has Vulkan load the layer of `driver.rs`, which tells what faults there are; what it needs goes into `folder`.
pub fn fail_on_purpose<'a>(program: &'a mut Command, folder: &Path, faults: &str) -> &'a mut Command {
    let driver = Path::new(env!("CARGO_BIN_EXE_digits")).with_file_name("examples").join("libfaulty_driver.so");
    assert!(driver.exists(), "{} is missing: cargo build --release --example faulty_driver", driver.display());
    let layer = serde_json::json!({ "file_format_version": "1.2.0", "layer": {
        "name": "VK_LAYER_digits_faulty", "type": "GLOBAL", "library_path": driver, "api_version": "1.3.0",
        "implementation_version": "1", "description": "fails on purpose",
    } });
    fs::write(folder.join("faulty.json"), layer.to_string()).unwrap();
    program.env("VK_LAYER_PATH", folder).env("VK_INSTANCE_LAYERS", "VK_LAYER_digits_faulty");
    program.env("WGPU_BACKEND", "vulkan").env("DIGITS_FAULTS", faults)
}

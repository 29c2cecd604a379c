//! The engine as the page loads it: WebAssembly, and the script through which JavaScript calls it.

use std::path::Path;

use anyhow::{Context, Result};
use wasm_bindgen_cli_support::Bindgen;

use crate::files::{self, Files};

/// The engine's address.
pub const WASM: &str = "digits_web_bg.wasm";

/// Makes both, and the scripts that they need, from what the compiler made.
pub fn bind(compiled: &Path) -> Result<Files> {
    let folder = tempfile::tempdir().context("there is no folder for temporary files")?;
    Bindgen::new()
        .input_path(compiled)
        .web(true)
        .and_then(|bindgen| {
            bindgen
                .omit_default_module_path(false)
                .typescript(false)
                .remove_name_section(true)
                .remove_producers_section(true)
                .generate(folder.path())
        })
        .with_context(|| format!("wasm-bindgen does not understand {}", compiled.display()))?;
    files::gather(folder.path())
}

//! What `--version` says: the program's number, the commit that it was built from, where that is known, and wgpu's number.
//! Files that the program writes name its number alone, so that the same work leaves the same bytes.

use std::sync::LazyLock;

/// `0.1.0 (commit 0123abc with changes, wgpu 30.0.1)`.
pub static VERSION: LazyLock<String> =
    LazyLock::new(|| format!("{} ({COMMIT}wgpu {})", env!("CARGO_PKG_VERSION"), env!("WGPU_VERSION")));

/// Changes are those that git has not been given.
#[cfg(checkout)]
const COMMIT: &str = git_version::git_version!(
    args = ["--always", "--exclude=*", "--abbrev=7", "--dirty= with changes"],
    prefix = "commit ",
    suffix = ", ",
    fallback = ""
);
#[cfg(not(checkout))]
const COMMIT: &str = "";

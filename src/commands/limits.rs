//! `digits limits`: what files may ask for.

use digits::limits;

use super::say;

/// Prints them.
pub fn run() -> anyhow::Result<()> {
    Ok(say(&limits::table())?)
}

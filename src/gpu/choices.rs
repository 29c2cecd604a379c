//! What was measured of an adapter's tile shapes, and the file that remembers it. A file is only ever a saving of time: one
//! that is damaged, foreign, or of another driver or version counts for none, and the next one takes its place.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{Gpu, driver};
use crate::files::{self, WriteError};
use crate::limits::TEXT_MIB;

/// What is known of the tile shapes of one adapter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Choices {
    #[serde(flatten)]
    pub origin: Origin,
    pub products: Vec<Choice>,
}

/// What times depend on, beside the shaders.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// Of this program.
    pub version: String,
    pub adapter: String,
    pub driver: String,
    pub backend: String,
}

/// What is known of one matrix product.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Choice {
    /// The file and entry point, `conv/pooled.matmul`.
    pub kernel: String,
    /// Rows, columns and inner size.
    pub shape: String,
    /// The checksum of the default tile's WGSL, so that a changed shader is measured anew.
    pub shader: u32,
    /// The tile shapes that were measured, the default first; none where the time was up before.
    pub tiles: Vec<Timing>,
    /// One of them.
    pub chosen: Option<String>,
}

/// How long a product takes with one tile shape.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Timing {
    /// Rows and columns.
    pub tile: String,
    pub median_seconds: f64,
    pub shortest_seconds: f64,
}

impl Origin {
    /// Of work on `gpu`.
    pub fn of(gpu: &Gpu) -> Origin {
        let info = gpu.info();
        Origin {
            version: env!("CARGO_PKG_VERSION").into(),
            adapter: info.name.clone(),
            driver: driver(info),
            backend: info.backend.to_string(),
        }
    }

    /// The file of this adapter, whatever its driver and the version of this program: `tiles-vulkan-llvmpipe.json`.
    pub fn file_name(&self) -> String {
        let text = format!("tiles {} {}", self.backend, self.adapter).to_lowercase();
        let words = text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
        format!("{}.json", words.collect::<Vec<_>>().join("-"))
    }
}

impl Choices {
    /// Nothing yet.
    pub fn new(origin: Origin) -> Choices {
        Choices { origin, products: Vec::new() }
    }

    /// What the file at `path` remembers of `origin`; nothing where there is no such file, or it holds anything else.
    pub fn load(path: &Path, origin: Origin) -> Choices {
        let remembered = files::load(path, TEXT_MIB).ok().flatten().and_then(|text| serde_json::from_slice(&text).ok());
        remembered.filter(|choices: &Choices| choices.origin == origin).unwrap_or_else(|| Choices::new(origin))
    }

    /// Writes the file at `path`, and its folder where there is none: beside it first, then renamed.
    ///
    /// # Errors
    /// The file or its folder cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), WriteError> {
        std::fs::create_dir_all(path.parent().unwrap_or(Path::new("."))).map_err(WriteError::Failed)?;
        let text = serde_json::to_string_pretty(self).expect("choices are plain data");
        files::replace(path, format!("{text}\n").as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin() -> Origin {
        let [version, adapter, driver, backend] =
            ["1.2.3", "NVIDIA H100 (80GB)", "a driver", "vulkan"].map(String::from);
        Origin { version, adapter, driver, backend }
    }

    fn choices() -> Choices {
        let timing =
            |tile: &str, seconds| Timing { tile: tile.into(), median_seconds: seconds, shortest_seconds: 1e-3 };
        let choice = Choice {
            kernel: "conv/pooled.matmul".into(),
            shape: "32 x 86528 x 12".into(),
            shader: u32::MAX,
            tiles: vec![timing("64x64", 2e-3), timing("32x64", 1.25e-3)],
            chosen: Some("32x64".into()),
        };
        Choices { origin: origin(), products: vec![choice] }
    }

    #[test]
    fn choices_are_loaded_as_they_were_saved_over_an_older_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/folder").join(origin().file_name());
        assert!(path.ends_with("tiles-vulkan-nvidia-h100-80gb.json"), "{path:?}");
        Choices::new(origin()).save(&path).unwrap();
        choices().save(&path).unwrap();
        assert_eq!(Choices::load(&path, origin()), choices());
        assert_eq!(std::fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "no temporary file stays");
    }

    #[test]
    fn choices_of_another_adapter_driver_backend_or_version_are_not_used() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tiles");
        choices().save(&path).unwrap();
        let others: [fn(&mut Origin); 4] = [
            |origin| origin.version.push('1'),
            |origin| origin.adapter.push('1'),
            |origin| origin.driver.push('1'),
            |origin| origin.backend.push('1'),
        ];
        for change in others {
            let mut other = origin();
            change(&mut other);
            assert_eq!(Choices::load(&path, other.clone()), Choices::new(other));
        }
    }

    #[test]
    fn damaged_and_foreign_files_are_ignored_and_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tiles");
        let whole = serde_json::to_vec(&choices()).unwrap();
        let foreign: [&[u8]; 5] = [&whole[..whole.len() - 1], b"", b"\xff\x00", b"[1, 2]", b"{\"version\": \"1.2.3\"}"];
        for bytes in foreign {
            std::fs::write(&path, bytes).unwrap();
            assert_eq!(Choices::load(&path, origin()), Choices::new(origin()), "{bytes:?}");
            choices().save(&path).unwrap();
            assert_eq!(Choices::load(&path, origin()), choices());
        }
    }
}

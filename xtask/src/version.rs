//! What the service worker has to know of a build: a version, which changes whenever a file does and never otherwise,
//! and the files to keep for use without a network.

use std::fmt::Write;

use serde_json::json;
use sha2::{Digest, Sha256};

use crate::files::Files;

/// The script's address; it speaks of all files but itself.
pub const SCRIPT: &str = "version.js";

/// The service worker's address. The browser keeps that file by itself.
const SERVICE_WORKER: &str = "service.js";

/// The whole data set, which only a training needs: too much to fetch ahead.
const ONLY_FOR_TRAINING: &str = "mnist/";

/// A classic script that sets `VERSION`, a text, and `FILES`, addresses relative to the page.
pub fn script(files: &Files) -> String {
    let kept = files.keys().filter(|address| {
        !address.starts_with(ONLY_FOR_TRAINING) && ![SERVICE_WORKER, SCRIPT].contains(&address.as_str())
    });
    let kept: Vec<&str> = ["./"].into_iter().chain(kept.map(String::as_str)).collect();
    format!("self.VERSION = {};\nself.FILES = {};\n", json!(version(files)), json!(kept))
}

/// 64 bits of a hash of all addresses and contents, each with its length in front, so that nothing can move from one
/// to the next unseen.
fn version(files: &Files) -> String {
    let mut hash = Sha256::new();
    for (address, bytes) in files {
        for part in [address.as_bytes(), bytes] {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
    }
    hash.finalize()[..8].iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(list: &[(&str, &str)]) -> Files {
        list.iter().map(|(address, text)| ((*address).into(), text.as_bytes().into())).collect()
    }

    #[test]
    fn the_script_lists_what_the_page_needs_without_a_network() {
        let files = of(&[
            ("index.html", "<!doctype html>"),
            ("icons/digits.svg", "<svg/>"),
            ("mnist/train-labels-idx1-ubyte.gz", ""),
            ("service.js", ""),
        ]);
        let script = script(&files);
        let (first, second) = script.split_once('\n').unwrap();
        assert!(first.starts_with("self.VERSION = \"") && first.ends_with("\";"), "{first}");
        assert_eq!(second, "self.FILES = [\"./\",\"icons/digits.svg\",\"index.html\"];\n");
    }

    #[test]
    fn equal_files_have_equal_versions_and_others_have_not() {
        let files = of(&[("a", "1"), ("b", "2")]);
        assert_eq!(version(&files), version(&files.clone()));
        let others: [&[_]; 4] = [&[("a", "1"), ("b", "3")], &[("a", "1"), ("c", "2")], &[("a", "1")], &[("a", "1b2")]];
        for other in others {
            assert_ne!(version(&files), version(&of(other)), "{other:?}");
        }
    }

    #[test]
    fn a_change_of_the_service_worker_or_of_mnist_is_a_new_version_too() {
        for address in ["service.js", "mnist/train-labels-idx1-ubyte.gz"] {
            assert_ne!(version(&of(&[(address, "1")])), version(&of(&[(address, "2")])), "{address}");
        }
    }
}

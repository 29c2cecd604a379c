//! `digits import`: what it leaves is what the library makes of the file, and nothing is left where it can make nothing.

use std::fs;
use std::path::Path;

use digits::import;
use digits::network::{ModelFile, Network, Shape};

use super::{failure, run, stderr, success};

const NETWORK: &str =
    "conv 3 3x3 relu | pool 2 | conv 4 3x3 same stride 2 | batchnorm relu | pool 2 | dense 8 relu | dense 10";

fn weights() -> String {
    format!("{}/tests/import/torch_net.safetensors", env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn import_writes_a_model_that_runs_and_tells_its_layers_and_where_it_found_them() {
    let folder = tempfile::tempdir().unwrap();
    let printed = success(&run(folder.path(), &["import", &weights(), "--network", NETWORK, "--out", "model"]));
    let network = Network::parse(Shape::MNIST, NETWORK).unwrap();
    let imported = import::import(Path::new(&weights()), Some(&network)).unwrap();
    assert_eq!(ModelFile::load(&folder.path().join("model")).unwrap(), imported.model);
    for line in [
        "conv 4 3x3 same stride 2",
        "conv1 from conv1, conv2 from conv2, batchnorm1 from bn, dense1 from fc1, dense2 from fc2",
        "not calibrated: its percentages are as its softmax gives them",
        "`digits eval model` measures it",
    ] {
        assert!(printed.contains(line), "{printed}");
    }
    // A hundred steps of training get 71 % right, numbers in wrong places a tenth.
    let report: serde_json::Value =
        serde_json::from_str(&success(&run(folder.path(), &["eval", "model", "--json"]))).unwrap();
    assert!(report["accuracy"].as_f64() > Some(0.7), "{report}");

    let normalised = ["import", &weights(), "--network", NETWORK, "--out", "other", "--normalised", "0.1307,0.3081"];
    success(&run(folder.path(), &normalised));
    let model = ModelFile::load(&folder.path().join("other")).unwrap();
    assert_eq!(model, import::normalised(&imported.model, 0.1307, 0.3081).unwrap());
}

#[test]
fn import_says_what_a_file_lacks_and_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let import = |options: &[&str]| run(folder.path(), &[&["import", "--out", "model"], options].concat());
    let error = failure(&import(&[&weights(), "--network", "dense 10"]));
    assert!(error.contains(&format!("{} does not fit the network: layer 1, \"dense 10\", ", weights())), "{error}");
    assert!(failure(&import(&["none"])).starts_with("error: none cannot be read: "));
    let output = import(&[&weights()]);
    assert_eq!(output.status.code(), Some(2));
    let sentence = "has weights without a network: say which with --network TEXT";
    assert!(stderr(&output).lines().next().unwrap().ends_with(sentence), "{}", stderr(&output));
    let scale = import(&[&weights(), "--network", NETWORK, "--normalised", "0,0"]);
    assert_eq!(scale.status.code(), Some(2));
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
    for (file, start) in [("zip", &b"PK\x03\x04"[..]), ("hdf5", b"\x89HDF\r\n"), ("empty", b"")] {
        fs::write(folder.path().join(file), start).unwrap();
        assert!(failure(&import(&[file])).starts_with(&format!("error: {file} is ")));
    }
}

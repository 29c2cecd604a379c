//! `digits export`: what it leaves is what the library makes, and nothing is left where it cannot do all.

use std::fs;

use digits::export;
use digits::network::ModelFile;

use super::{TRAINED, bytes, failure, run, success};

#[test]
fn export_writes_the_model_that_ships_or_another_and_tells_pytorchs_form() {
    let folder = tempfile::tempdir().unwrap();
    let model = bytes(TRAINED.0.path(), "model");
    fs::write(folder.path().join("model"), &model).unwrap();
    let printed = success(&run(folder.path(), &["export", "model", "--onnx", "a", "--safetensors", "b"]));
    let model = ModelFile::decode(&model).unwrap();
    assert!(bytes(folder.path(), "a") == export::onnx(&model) && bytes(folder.path(), "b") == export::pytorch(&model));
    assert!(printed.contains("saved a, ") && printed.contains(&export::sequential(&model.network)), "{printed}");
    success(&run(folder.path(), &["export", "--onnx", "a"]));
    assert!(bytes(folder.path(), "a") == export::onnx(&ModelFile::shipped()));
}

#[test]
fn export_writes_nothing_where_one_of_two_files_cannot_be_written() {
    let folder = tempfile::tempdir().unwrap();
    let error = failure(&run(folder.path(), &["export", "--onnx", "a", "--safetensors", "none/b"]));
    assert_eq!(error, "error: none/b cannot be written: there is no folder none");
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
}

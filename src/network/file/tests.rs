//! Model files: what is written comes back to the bit, and whatever else a file holds is refused in a sentence.

use std::collections::HashMap;
use std::fs;

use super::*;

fn model() -> ModelFile {
    let network = Network::parse(Shape::MNIST, "conv 3 3x3 relu | pool 5 | dropout 0.1 | dense 4 relu | dense 10");
    let network = network.unwrap();
    let mut parameters = Parameters::glorot(&network, 1);
    parameters.values[9] = -0.0;
    parameters.values[12] = f32::from_bits(1);
    let summary = Summary {
        epochs: 15,
        batch: 128,
        optimiser: "adam".into(),
        learning_rate: 1e-3,
        recipe: None,
        seed: u32::MAX,
        augment: None,
        images_seen: 750_000,
        validation_accuracy: Some(0.9923),
        test_accuracy: None,
    };
    // Not every number of eight digits comes back from JSON as it went.
    let calibration = Calibration { temperature: 1.370_481_4, threshold: Some(0.612_345_7) };
    ModelFile { network, parameters, classes: Classes::numbered(10), calibration, summary }
}

/// Lets `edit` change the header of a good file and gives the message for the result.
fn problem(edit: impl FnOnce(&mut Value)) -> String {
    let file = model().encode().unwrap();
    let (length, rest) = file.split_first_chunk().unwrap();
    let (header, data) = rest.split_at(u64::from_le_bytes(*length) as usize);
    let mut header: Value = serde_json::from_slice(header).unwrap();
    edit(&mut header);
    let header = header.to_string().into_bytes();
    message(&[&(header.len() as u64).to_le_bytes()[..], &header, data].concat())
}

fn problem_of_metadata(key: &str, value: &str) -> String {
    problem(|header| header["__metadata__"][key] = value.into())
}

fn message(file: &[u8]) -> String {
    decode(file).unwrap_err().to_string()
}

#[test]
fn running_statistics_are_kept_to_the_bit_and_a_variance_below_zero_is_refused() {
    let network = Network::parse(Shape::MNIST, "conv 3 3x3 | batchnorm relu | pool 5 | dense 10").unwrap();
    let mut parameters = Parameters::glorot(&network, 1);
    let norm = &network.matrices()[1];
    norm.fill_statistics(&mut parameters.values, [&[0.1, -0.2, 1e-9], &[0.0, 3.5, 0.7]]);
    let normalised = ModelFile { network: network.clone(), parameters, ..model() };
    let file = normalised.encode().unwrap();
    assert_eq!(decode(&file).unwrap(), normalised);
    assert_eq!(decode(&normalised.encode_compact().unwrap()).unwrap().network, network);
    let names: Vec<String> = SafeTensors::deserialize(&file).unwrap().names().into_iter().map(String::from).collect();
    for name in ["weight", "bias", "running_mean", "running_var"] {
        assert!(names.contains(&format!("batchnorm1.{name}")), "{names:?}");
    }
    let mut below = normalised;
    norm.fill_statistics(&mut below.parameters.values, [&[0.0; 3], &[1.0, -1e-3, 1.0]]);
    assert_eq!(message(&below.encode().unwrap()), "has a variance below zero in batchnorm1.running_var");
}

#[test]
fn an_augmentation_is_kept_and_without_one_the_summary_is_as_it_was() {
    let augmented = ModelFile { summary: Summary { augment: Some("rotate 12".into()), ..model().summary }, ..model() };
    assert_eq!(decode(&augmented.encode().unwrap()).unwrap(), augmented);
    let plain = model().encode().unwrap();
    assert!(!String::from_utf8_lossy(&plain).contains("augment"));
    assert_eq!(decode(&plain).unwrap().summary.augment, None);
}

#[test]
fn model_survives_a_round_trip_bit_for_bit() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    fs::write(&path, "an older file").unwrap();
    model().save(&path).unwrap();
    let loaded = ModelFile::load(&path).unwrap();
    let bits = |model: &ModelFile| model.parameters.values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
    assert_eq!(bits(&loaded), bits(&model()));
    assert_eq!(loaded, model());
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 1, "no temporary file stays");
}

#[test]
fn a_compact_file_is_a_quarter_as_large_and_no_weight_is_off_by_more_than_half_a_step() {
    let shipped = ModelFile::shipped();
    let bytes = shipped.encode_compact().unwrap();
    assert!(bytes.len() < shipped.encode().unwrap().len() * 26 / 100, "{} bytes", bytes.len());
    let compact = ModelFile::decode(&bytes).unwrap();
    assert_eq!((&compact.network, &compact.summary), (&shipped.network, &shipped.summary));
    for matrix in shipped.network.matrices() {
        let [exact, rounded] = [&shipped, &compact].map(|model| matrix.weights(&model.parameters.values));
        for (exact, rounded) in exact.chunks(matrix.inputs).zip(rounded.chunks(matrix.inputs)) {
            let largest = exact.iter().fold(0.0f32, |largest, weight| largest.max(weight.abs()));
            for (exact, rounded) in exact.iter().zip(rounded) {
                assert!((exact - rounded).abs() <= 0.501 * largest / 127.0, "{exact} became {rounded} of {largest}");
            }
        }
        assert_eq!(matrix.biases(&shipped.parameters.values), matrix.biases(&compact.parameters.values));
    }
    assert_eq!(compact.encode_compact().unwrap(), bytes, "nothing is lost by doing it again");
}

#[test]
fn a_compact_file_that_lacks_a_scale_is_refused() {
    let mut bytes = model().encode_compact().unwrap();
    let name = b"conv1.weight.scale";
    let at = bytes.windows(name.len()).position(|window| window == name).unwrap();
    bytes[at..][..name.len()].copy_from_slice(b"conv1.weight.SCALE");
    assert_eq!(message(&bytes), "has no tensor conv1.weight.scale, which its network needs");
}

#[test]
fn a_compact_file_whose_weights_leave_the_range_of_numbers_is_refused() {
    let mut model = model();
    model.parameters.values[0] = 3e38;
    let mut bytes = model.encode_compact().unwrap();
    let scale = (3e38f32 / 127.0).to_le_bytes();
    let at = bytes.windows(4).position(|window| window == scale).unwrap();
    bytes[at..][..4].copy_from_slice(&3e38f32.to_le_bytes());
    assert_eq!(message(&bytes), "has an infinite or NaN value in conv1.weight");
}

#[test]
fn tensors_and_metadata_have_the_documented_names_shapes_and_values() {
    let (model, file) = (model(), model().encode().unwrap());
    let tensors = SafeTensors::deserialize(&file).unwrap();
    let shape = |name| tensors.tensor(name).unwrap().shape().to_vec();
    assert_eq!((shape("conv1.weight"), shape("conv1.bias")), (vec![3, 1, 3, 3], vec![3]));
    assert_eq!((shape("dense2.weight"), shape("dense2.bias")), (vec![10, 4], vec![10]));
    let second_filter = &tensors.tensor("conv1.weight").unwrap().data()[9 * 4..][..4];
    assert_eq!(second_filter, model.parameters.values[12].to_le_bytes());
    let header = SafeTensors::read_metadata(&file).unwrap().1;
    let metadata: &HashMap<String, String> = header.metadata().as_ref().unwrap();
    assert_eq!(metadata["network"], "conv 3 3x3 relu | pool 5 | dropout 0.1 | dense 4 relu | dense 10");
    assert_eq!((metadata["digits.format"].as_str(), metadata["input"].as_str()), ("1", "1x28x28"));
    assert_eq!(metadata["classes"], "0,1,2,3,4,5,6,7,8,9");
    assert!(metadata["training"].contains("\"images_seen\":750000"), "{}", metadata["training"]);
}

#[test]
fn a_calibration_is_kept_in_both_kinds_of_files_and_the_default_leaves_no_trace() {
    let calibrated = model();
    assert_eq!(decode(&calibrated.encode_compact().unwrap()).unwrap().calibration, calibrated.calibration);
    let plain = ModelFile { calibration: Calibration::default(), ..calibrated };
    let mut file = plain.encode().unwrap();
    assert_eq!(decode(&file).unwrap(), plain);
    assert!(!file.windows(11).any(|window| window == b"calibration"));
    let calibration = Calibration { threshold: None, ..model().calibration };
    file = ModelFile { calibration, ..plain }.encode().unwrap();
    assert_eq!(decode(&file).unwrap().calibration, calibration);
}

#[test]
fn names_of_classes_a_first_label_and_another_input_come_back() {
    let network = Network::parse(Shape::of_images(32, 20).unwrap(), "conv 3 3x3 relu | pool 5 | dense 3").unwrap();
    let names = ["a, b", "\"", "ß"].map(String::from).to_vec();
    let classes = Classes::named(names, 1).unwrap();
    let file = ModelFile { parameters: Parameters::glorot(&network, 1), network, classes, ..model() };
    assert_eq!(decode(&file.encode().unwrap()).unwrap(), file);
    assert_eq!(decode(&file.encode_compact().unwrap()).unwrap().classes, file.classes);
    let numbered = String::from_utf8_lossy(&model().encode().unwrap()).into_owned();
    assert!(!numbered.contains("first label"), "files of digits keep their bytes");
}

#[test]
fn a_calibration_that_is_none_is_refused() {
    let texts = [
        "",
        "{}",
        "[]",
        r#"{"temperature":null,"threshold":null}"#,
        r#"{"temperature":0.0,"threshold":null}"#,
        r#"{"temperature":-1.5,"threshold":null}"#,
        r#"{"temperature":1e300,"threshold":null}"#,
        r#"{"temperature":1.5,"threshold":1.5}"#,
        r#"{"temperature":1.5,"threshold":-0.1}"#,
        r#"{"temperature":1.5,"threshold":"a"}"#,
    ];
    for text in texts {
        let expected = "but it must be a temperature above 0 and a threshold from 0 to 1 or null";
        assert_eq!(problem_of_metadata("calibration", text), format!("has the calibration {text:?}, {expected}"));
    }
}

#[test]
fn equal_models_give_equal_bytes() {
    assert!(model().encode().unwrap() == model().encode().unwrap());
}

#[test]
fn files_that_are_not_whole_safetensors_are_refused() {
    let file = model().encode().unwrap();
    for length in 0..file.len() {
        assert!(matches!(decode(&file[..length]), Err(Problem::NotSafetensors(_))), "{length} bytes");
    }
    assert!(message(&[&file[..], &[0]].concat()).starts_with("is not a whole safetensors file ("));
    let hint = "is not a whole safetensors file (header too large); give a file that `digits train` wrote";
    assert_eq!(message(b"\x89PNG\r\n\x1a\n and more"), hint);
    assert_eq!(
        message(&[&(1u64 << 21).to_le_bytes()[..], &vec![b' '; 1 << 21]].concat()),
        "has a header of more than 1 MiB, the most that is read"
    );
    let deep = "[".repeat(1 << 19);
    assert!(message(&[&(1u64 << 19).to_le_bytes()[..], deep.as_bytes()].concat()).contains("invalid JSON"));
}

#[test]
fn foreign_and_newer_metadata_are_refused() {
    let missing =
        "is not a model of digits: its metadata have no \"digits.format\"; give a file that `digits train` wrote";
    assert_eq!(problem(|header| drop(header.as_object_mut().unwrap().remove("__metadata__"))), missing);
    for key in ["digits.format", "network", "input", "normalisation", "classes", "training"] {
        let message = problem(|header| drop(header["__metadata__"].as_object_mut().unwrap().remove(key)));
        assert!(message.contains(&format!("have no \"{key}\"")), "{message}");
    }
    let newer = problem_of_metadata("digits.format", "3");
    assert_eq!(newer, format!("has the format \"3\", but digits {VERSION} reads \"1\" and \"2\"; use a newer digits"));
    let other = problem_of_metadata("input", "3x32x32");
    assert!(other.starts_with("has the input \"3x32x32\", but it must be grey images such as \"1x28x28\""), "{other}");
    for input in ["", "1x28", "1x28x28x1", "1x27x28", "1x28x66", "1x28x4", "x", "1x99999999999999999999x28"] {
        assert!(problem_of_metadata("input", input).starts_with("has the input "), "{input}");
    }
    assert!(problem_of_metadata("normalisation", "none").contains("must be \"pixel / 255\""));
    let few = problem_of_metadata("classes", "0,1");
    assert!(few.starts_with("has the classes \"0,1\", but its network has 10, and they must be "), "{few}");
    assert!(problem_of_metadata("classes", r#"["a","b"]"#).contains("but its network has 10"));
    let twice = problem_of_metadata("classes", r#"["a","b","c","d","e","f","g","h","i","a"]"#);
    assert!(twice.ends_with("but two classes are called \"a\""), "{twice}");
    assert!(problem_of_metadata("training", "{}").starts_with("has a training summary that is not one: missing field"));
    let wrong = problem_of_metadata("network", "conv 3 31x31 | dense 10");
    assert!(wrong.starts_with("has a network that cannot run: layer 1, \"conv 3 31x31\": its 31x31 kernel"), "{wrong}");
}

#[test]
fn tensors_must_be_those_of_the_network() {
    let deeper = "conv 3 3x3 relu | pool 5 | dropout 0.1 | dense 4 relu | dense 10 | dense 10";
    assert_eq!(problem_of_metadata("network", deeper), "has no tensor dense3.weight, which its network needs");
    let shallower = problem_of_metadata("network", "conv 3 3x3 relu | pool 5 | dense 10");
    assert_eq!(shallower, "has the tensor dense1.weight as F32 [4, 75], but its network needs F32 [10, 75]");
    assert!(problem_of_metadata("network", "dense 60000 | dense 10").starts_with("has the tensor dense1.weight as"));
    let rename = |header: &mut Value| header["odd"] = header.as_object_mut().unwrap().remove("conv1.bias").unwrap();
    assert_eq!(problem(rename), "has no tensor conv1.bias, which its network needs");
    let empty = serde_json::json!({ "dtype": "F32", "shape": [0], "data_offsets": [0, 0] });
    assert_eq!(problem(|header| header["odd\n"] = empty), "has a tensor \"odd\\n\", which its network does not have");
    let misshapen = problem(|header| header["conv1.weight"]["shape"] = serde_json::json!([3, 9]));
    assert_eq!(misshapen, "has the tensor conv1.weight as F32 [3, 9], but its network needs F32 [3, 1, 3, 3]");
    let retyped = problem(|header| header["conv1.bias"]["dtype"] = "I32".into());
    assert_eq!(retyped, "has the tensor conv1.bias as I32 [3], but its network needs F32 [3]");
}

#[test]
fn numbers_must_be_finite_in_both_directions() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    fs::write(&path, "an older file").unwrap();
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let mut model = model();
        let index = model.network.matrices()[1].index(2, 75);
        model.parameters.values[index] = bad;
        let problem = model.save(&path).unwrap_err().problem.to_string();
        assert!(problem.starts_with("is not written: dense1.bias has an infinite or NaN value, so the"), "{problem}");
        let mut file = self::model().encode().unwrap();
        let end = file.len();
        file[end - 4..].copy_from_slice(&bad.to_le_bytes());
        assert_eq!(message(&file), "has an infinite or NaN value in dense2.weight");
    }
    assert_eq!(fs::read_to_string(path).unwrap(), "an older file");
}

#[test]
fn paths_that_cannot_be_written_or_read_are_named_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let error = ModelFile::check_path(&at("none/model")).unwrap_err().to_string();
    let missing =
        format!("{} cannot be written: there is no folder {}", at("none/model").display(), at("none").display());
    assert_eq!(error, missing);
    let error = model().save(folder.path()).unwrap_err().to_string();
    assert_eq!(error, format!("{} cannot be written: it is not an ordinary file", folder.path().display()));
    ModelFile::check_path(&at("model")).unwrap();
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
    let error = ModelFile::load(&at("model")).unwrap_err().to_string();
    assert!(error.starts_with(&format!("{} cannot be read: ", at("model").display())), "{error}");
}

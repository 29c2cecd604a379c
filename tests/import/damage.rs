//! Files that are cut, damaged, or made to do harm.

use digits::import;

use super::graphs::Sketch;
use super::{FILES, bytes, network};

#[test]
fn no_damage_to_a_file_is_more_than_an_error() {
    for (name, text) in FILES {
        let (file, given) = (bytes(name), name.ends_with(".safetensors").then(|| network(text)));
        let import = |bytes: &[u8]| match &given {
            Some(network) => import::safetensors(bytes, Some(network)),
            None => import::onnx(bytes, None),
        };
        let whole = import(&file).ok();
        for length in (0..file.len()).step_by(7) {
            // Of ONNX the end may be missing that says how old its operators are.
            let cut = import(&file[..length]).ok();
            assert!(cut.is_none() || cut == whole, "{name} cut to {length} bytes");
        }
        for place in (0..file.len()).step_by(7) {
            for flip in [0x01, 0x80, 0xff] {
                let mut damaged = file.clone();
                damaged[place] ^= flip;
                drop(import(&damaged));
            }
        }
    }
}

/// A field of a message that is a message itself.
fn wrapped(field: u8, inner: &[u8]) -> Vec<u8> {
    let (mut bytes, mut length) = (vec![field << 3 | 2], inner.len());
    while length > 0x7f {
        bytes.push(length as u8 | 0x80);
        length >>= 7;
    }
    bytes.push(length as u8);
    [&bytes, inner].concat()
}

#[test]
fn files_that_are_made_to_take_all_memory_or_stack_are_refused() {
    let mut nested = Vec::new();
    for _ in 0..20_000 {
        nested = wrapped(1, &wrapped(5, &wrapped(6, &nested)));
    }
    let error = import::onnx(&wrapped(7, &nested), None).unwrap_err().to_string();
    assert!(error.ends_with("it has a graph within a graph"), "{error}");
    // The parser takes a graph for one that is said to be a number.
    let mut disguised = wrapped(7, &nested);
    disguised[0] = 7 << 3;
    let error = import::onnx(&disguised, None).unwrap_err().to_string();
    assert!(error.ends_with("a field has another type than ONNX gives it"), "{error}");
    let many: Vec<u8> = [0x0a, 0].repeat(100_000);
    let error = import::onnx(&wrapped(7, &many), None).unwrap_err().to_string();
    assert!(error.ends_with("it has more than 65536 fields, the most that is read"), "{error}");
    let nodes = || vec![("Flatten x -> f", vec![]), ("MatMul f d -> y", vec![])];
    let liar = Sketch { lies: true, ..Sketch::new(nodes(), &[("d", &[1 << 40, 10])]) };
    assert_eq!(liar.problem(), "has another size in d than its shape says");
    let overflowing = Sketch { lies: true, ..Sketch::new(nodes(), &[("d", &[1 << 40, 1 << 40])]) };
    assert_eq!(overflowing.problem(), liar.problem());
    let mut greedy = Sketch::new(vec![], &[("d", &[784, 784])]);
    greedy.nodes = (0..200).map(|index| (format!("Transpose d -> t{index}"), vec![])).collect();
    assert!(
        greedy.problem().ends_with("the network is too large by then: it has more than 67108864 numbers"),
        "{}",
        greedy.problem()
    );
    greedy.nodes = (0..200).map(|index| (format!("MatMul m{index} d -> m{}", index + 1), vec![])).collect();
    greedy.nodes.insert(0, ("Flatten x -> m0".into(), vec![]));
    assert!(
        greedy.problem().ends_with("the network is too large by then: it has more than 67108864 numbers"),
        "{}",
        greedy.problem()
    );
    let header = (1u64 << 40).to_le_bytes();
    assert!(import::safetensors(&[&header[..], b"{}"].concat(), Some(&network("dense 10"))).is_err());
}

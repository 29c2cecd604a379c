"""Runs exported models in onnxruntime: are their probabilities those of digits?

  pip install numpy==2.4.6 onnx==1.23.2 onnxruntime==1.32.0
  cargo run --release -- export --onnx digits.onnx
  cargo run --release --example probabilities > probabilities.f32
  python3 scripts/check_onnx.py digits.onnx probabilities.f32

checks the file, compares all 10,000 test images of MNIST and fails where a probability differs by more than 1e-5.
(Another model: `export MODEL --onnx ...` and `--example probabilities -- MODEL`.)

  cargo test --release --test export; python3 scripts/check_onnx.py --record target/tmp/*.onnx > tests/onnxruntime.json

records what onnxruntime says of the first images, for the tests: they leave these files, and compare.
"""

import gzip
import hashlib
import json
import pathlib
import sys

import numpy
import onnx
import onnxruntime

IMAGES = pathlib.Path(__file__).parent.parent / "data/mnist/t10k-images-idx3-ubyte.gz"
TOLERANCE = 1e-5
RECORDED = 4


def pixels():
    """MNIST's test images, [10000, 1, 28, 28], from 0 to 1."""
    data = numpy.frombuffer(gzip.decompress(IMAGES.read_bytes()), numpy.uint8, offset=16)
    return (data / 255).astype(numpy.float32).reshape(-1, 1, 28, 28)


def probabilities(path, images):
    """What onnxruntime makes of the images with a file, [N, classes]."""
    onnx.checker.check_model(path, full_check=True)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return session.run(["probabilities"], {"pixels": images})[0]


def compare(path, ours_path):
    theirs = probabilities(path, pixels())
    ours = numpy.fromfile(ours_path, "<f4").reshape(theirs.shape)
    difference = float(numpy.abs(ours - theirs).max())
    same = int((ours.argmax(1) == theirs.argmax(1)).sum())
    print(f"{len(ours):,} images, {same:,} with the same digit, probabilities differ by {difference:.2e} at most")
    if not difference <= TOLERANCE:
        sys.exit(f"error: more than {TOLERANCE}")


def record(paths):
    images = pixels()[:RECORDED]
    records = {
        pathlib.Path(path).stem: {
            "sha256": hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest(),
            "probabilities": [[float(str(p)) for p in image] for image in probabilities(path, images)],
        }
        for path in paths
    }
    print(json.dumps(records, indent=1))


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["--record", *paths] if paths:
            record(paths)
        case [path, ours_path] if path != "--record":
            compare(path, ours_path)
        case _:
            sys.exit(__doc__)

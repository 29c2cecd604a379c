#!/usr/bin/env bash
# Scores 10,000 pictures with examples/cluster on this machine and compares what comes out with digits, number by number; then
# `digits predict` reads the same folder. Both in turn, three times. Python's packages go into target/cluster, from PyPI.
set -euo pipefail
cd "$(dirname "$0")/.."

work=target/cluster
python="$work/venv/bin/python"
pictures="$work/pictures"
mkdir -p "$work"
[ -x "$python" ] || python3 -m venv "$work/venv"
"$python" -m pip install --quiet --requirement examples/cluster/requirements.txt

cargo build --release
digits="${CARGO_TARGET_DIR:-target}/release/digits"
"$digits" export --onnx "$work/digits.onnx"
"$python" examples/cluster/pictures.py "$pictures" 10000
"$digits" predict data/mnist/t10k-images-idx3-ubyte.gz --out "$work/images.csv"

for turn in 1 2 3; do
    rm -rf "$work/scored" "$work/predicted.csv"
    printf '\nturn %s, score.py\n' "$turn"
    time "$python" examples/cluster/score.py "$work/digits.onnx" "$pictures" "$work/scored" 2>"$work/ray.log"
    "$python" examples/cluster/compare.py "$work/scored" "$work/images.csv"
    printf '\nturn %s, digits predict\n' "$turn"
    time "$digits" predict --recursive "$pictures" --out "$work/predicted.csv"
done

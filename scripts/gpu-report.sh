#!/bin/sh
# Measures digits on this machine's GPU in one go and prints a report: the self-test, the tile shapes, every benchmark, and whole
# trainings, beside PyTorch's on the same GPU where Python has it: eager, with CUDA graphs, and compiled with TF32 and
# images in the order of tensor cores; its steps of other sizes and its recognition, too. Takes about four minutes.
#
#   scripts/gpu-report.sh [--epochs COUNT] [--digits PROGRAM] > report.md
#
# Needs a built program: cargo build --release. What is measured goes to stdout, what goes on to stderr.
set -eu

folder=$(cd "$(dirname "$0")" && pwd)
digits=$folder/../target/release/digits
epochs=15
while [ $# -gt 0 ]; do
    case $1 in
    --epochs) epochs=${2:?--epochs needs a count} ;;
    --digits) digits=${2:?--digits needs a program} ;;
    *)
        echo "error: $1 is no option of this script: give --epochs COUNT or --digits PROGRAM" >&2
        exit 2
        ;;
    esac
    shift 2
done
if [ ! -x "$digits" ]; then
    echo "error: there is no program $digits: build it with \`cargo build --release\`, or name it with --digits" >&2
    exit 1
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

section() {
    printf '\n## %s\n\n```\n' "$1"
    shift
    echo "running: $*" >&2
    "$@" || echo "(ended with $?)"
    printf '```\n'
}

echo "# digits on $(uname -srm)"
section "Adapters" "$digits" gpus
section "Self-test" "$digits" selftest
section "Tile shapes" "$digits" tune
section "Benchmarks" "$digits" bench all
# The first on this adapter may compile and measure; the second finds what it left.
section "Training" "$digits" train --epochs "$epochs" --out "$work/model" --log "$work/digits.jsonl"
section "Training, the second time" "$digits" train --epochs "$epochs" --out "$work/model" --log "$work/again.jsonl"
tail -n 1 "$work/again.jsonl" 2>/dev/null || true
if "$digits" gpus | grep -q "cooperative matrices"; then
    section "Mixed precision" "$digits" train --epochs "$epochs" --precision mixed --out "$work/mixed"
    section "Mixed precision, a step" "$digits" bench step --core cooperative
    section "Mixed precision, larger sizes" "$digits" bench scale --core cooperative
fi

if ! python3 -c 'import torch' 2>/dev/null; then
    printf '\nPyTorch is not installed for python3, so nothing stands beside these figures.\n'
    exit 0
fi
torch() {
    title=$1
    shift
    section "PyTorch, $title" python3 "$folder/torch_mnist.py" "$@"
}
torch "eager" --epochs 2
if python3 -c 'import sys, torch; sys.exit(not torch.cuda.is_available())'; then
    tuned="--graphs --compile --tf32 --channels-last"
    torch "CUDA graphs" --epochs "$epochs" --graphs
    # shellcheck disable=SC2086
    torch "CUDA graphs, compiled, TF32, channels last" --epochs "$epochs" $tuned
    torch "larger sizes, CUDA graphs, f32" --scale --graphs
    torch "larger sizes, CUDA graphs, TF32" --scale --graphs --tf32
    torch "recognition, TF32" --infer --tf32
fi

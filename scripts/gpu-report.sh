#!/bin/sh
# Measures digits on this machine's GPU in one go and prints a report: the self-test, the tile shapes, every benchmark, and a
# whole training, beside PyTorch's on the same GPU (eager, and with CUDA graphs) where Python has it.
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
section "Training" "$digits" train --epochs "$epochs" --out "$work/model" --log "$work/digits.jsonl"

if ! python3 -c 'import torch' 2>/dev/null; then
    printf '\nPyTorch is not installed for python3, so nothing stands beside these figures.\n'
    exit 0
fi
section "PyTorch, eager" python3 "$folder/torch_mnist.py" --epochs "$epochs"
if python3 -c 'import sys, torch; sys.exit(not torch.cuda.is_available())'; then
    section "PyTorch, CUDA graphs" python3 "$folder/torch_mnist.py" --epochs "$epochs" --graphs
fi

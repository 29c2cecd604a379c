#!/usr/bin/env bash
# The same short training on several drivers: what it comes to on each, and how far the losses are from the first one's.
#
#   scripts/adapters.sh [gl|MANIFEST.json]...
#
# Each driver is a Vulkan manifest, such as /usr/share/vulkan/icd.d/lvp_icd.x86_64.json or Chromium's
# /usr/lib/chromium/vk_swiftshader_icd.json, or gl for OpenGL. DIGITS names the program.
set -euo pipefail
cd "$(dirname "$0")/.."

digits=$(realpath "${DIGITS:-target/release/digits}")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

field() {
    sed -n "1s/.*\"$1\":\([^,}]*\).*/\1/p" log.jsonl
}

off() {
    awk -v ours="$1" -v first="$2" 'BEGIN { d = ours / first - 1; printf "%.1e", d < 0 ? -d : d }'
}

first=()
for driver in "$@"; do
    options=(train --seed 0 --epochs 1 --train-images 6400 --no-tune --log log.jsonl --out model)
    rm -f log.jsonl
    case $driver in
        gl) "$digits" "${options[@]}" --backend gl >out 2>/dev/null ;;
        *) VK_DRIVER_FILES=$driver "$digits" "${options[@]}" --backend vulkan >out 2>/dev/null ;;
    esac
    ours=("$(field train_loss)" "$(field val_loss)")
    [ ${#first[@]} -gt 0 ] || first=("${ours[@]}")
    sed -n 's/^adapter  *//p; s/^SHA-256 of its //p' out
    printf '  loss of 50 steps %s, %s off the first; of validation %s, %s off; accuracy %s\n' \
        "${ours[0]}" "$(off "${ours[0]}" "${first[0]}")" "${ours[1]}" "$(off "${ours[1]}" "${first[1]}")" "$(field val_accuracy)"
done

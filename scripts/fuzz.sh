#!/usr/bin/env bash
# Throws damaged files at everything that reads files: fuzz.sh [SECONDS [TARGET...]], a minute for each target where nothing is
# said. It takes cargo-fuzz (cargo install cargo-fuzz --locked) and a nightly Rust, and one core. What it learns is kept
# in the build folder and used the next time. A line tells of each target; what breaks one lies in fuzz/artifacts/TARGET then, and
# the exit code is 1.
set -euo pipefail
cd "$(dirname "$0")/.."

seconds=${1:-60}
shift || true
targets=("$@")
[ ${#targets[@]} -gt 0 ] || mapfile -t targets < <(cargo +nightly fuzz list)
learnt=${CARGO_TARGET_DIR:-target}/fuzz-corpus
# Without the address sanitizer, which Rust without `unsafe` hardly needs, four times as many files are tried. Overflows and
# debug assertions are looked at.
nice -n 10 cargo +nightly fuzz build --sanitizer none

# The libraries are told to take no more than limits.rs says that any file may take. A hundred megapixels may take a while, with
# assertions and beside other work.
options=(-max_total_time="$seconds" -rss_limit_mb=3072 -timeout=60 -max_len=20000 -print_final_stats=1)
failed=0
for target in "${targets[@]}"; do
    mkdir -p "$learnt/$target"
    log=$learnt/$target.log
    verdict=ok
    nice -n 10 cargo +nightly fuzz run --sanitizer none "$target" "$learnt/$target" "fuzz/corpus/$target" -- "${options[@]}" \
        >"$log" 2>&1 || { verdict="broken, see $log and fuzz/artifacts/$target"; failed=1; }
    executions=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    memory=$(sed -n 's/^stat::peak_rss_mb: *//p' "$log")
    printf '%-10s %4d s %10s executions, %s MiB at most: %s\n' "$target" "$seconds" "${executions:-?}" "${memory:-?}" "$verdict"
done
exit "$failed"

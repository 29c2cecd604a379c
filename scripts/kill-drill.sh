#!/bin/sh
# Kills a training at random instants, has it go on, and compares its model file with that of an unbroken one:
#   scripts/kill-drill.sh [ROUNDS]       1,000 unless told otherwise; a round is one that is killed
# Writes into a folder that goes away, and prints how many rounds there were, how many trainings they made, and what differed.
set -eu
rounds=${1:-1000}
digits=$(dirname "$0")/../target/release/digits
digits=$(realpath "$digits")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
train="train --network conv_4_9x9_relu|pool_6|dropout_0.1|dense_10 --train-images 1550 --epochs 3 --batch 32 --schedule cosine \
  --average 0.9 --augment rotate_10|noise_0.1"
# Words with spaces in them, whatever the shell.
begin() {
  set -- $train "$@"
  for word; do
    shift
    case $word in conv_* | rotate_*) word=$(echo "$word" | tr _ ' ') ;; esac
    set -- "$@" "$word"
  done
  "$digits" "$@" >/dev/null 2>&1
}
began=$(date +%s%N)
begin --out whole
whole=$((($(date +%s%N) - began) / 1000000))
killed=0 ended=0
while [ "$killed" -lt "$rounds" ]; do
  if [ -e kept/newest.digits ] || [ -e kept/before.digits ]; then
    "$digits" train --resume kept >/dev/null 2>&1 &
  else
    begin --out broken --checkpoint kept --every 3 &
  fi
  child=$!
  # Up to the whole time and a little more, so that it is sometimes killed at the very end, or not at all.
  wait=$(awk -v seed="$killed$ended" -v most="$whole" 'BEGIN { srand(seed); printf "%.3f", rand() * most * 1.1 / 1000 }')
  sleep "$wait"
  # The program itself: behind a function it is the shell's child.
  if pkill -9 -P "$child" 2>/dev/null || kill -9 "$child" 2>/dev/null; then
    killed=$((killed + 1))
    wait "$child" 2>/dev/null || true
  elif wait "$child"; then
    ended=$((ended + 1))
    cmp whole broken
    rm -rf kept broken
  else
    echo "a training that nobody killed failed in round $killed" >&2
    exit 1
  fi
done
if [ -e kept/newest.digits ] || [ -e kept/before.digits ]; then
  "$digits" train --resume kept >/dev/null 2>&1
  cmp whole broken
  ended=$((ended + 1))
fi
echo "$killed killed, $ended trainings of them went to their end, all with the bytes of the unbroken one"

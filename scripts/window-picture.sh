#!/bin/sh
# Takes docs/window.png: draws a seven with a pointer into the window on a display of its own (Xvfb), and waits until it is
# explained. Needs xdotool, ImageMagick's import and a built program: `cargo build --release && scripts/window-picture.sh`.
set -eu
cd "$(dirname "$0")/.."
if [ "${1:-}" != inside ]; then
    exec xvfb-run -a -s "-screen 0 1000x760x24" "$0" inside
fi

"${CARGO_TARGET_DIR:-target}/release/digits" draw &
program=$!
trap 'kill $program' EXIT
window=$(xdotool search --sync --onlyvisible --name digits | head -n 1)
xdotool windowmove "$window" 0 0 windowsize --sync "$window" 1000 760
sleep 5

# stroke X Y [X Y ...]: from point to point, slowly enough that none is missed.
stroke() {
    xdotool mousemove "$1" "$2" mousedown 1
    shift 2
    while [ $# -gt 0 ]; do
        xdotool mousemove "$1" "$2"
        sleep 0.05
        shift 2
    done
    xdotool mouseup 1
}
stroke 190 185 230 178 280 176 330 178 380 176 392 182 390 200 378 240 358 285 338 325 322 370 310 415 302 455 297 495
stroke 250 335 290 338 340 335 385 328 420 325
sleep 3
xdotool mousemove 999 759
sleep 1
import -window root docs/window.png

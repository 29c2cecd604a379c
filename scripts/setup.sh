#!/bin/sh
# Installs what digits needs and a Linux machine may lack: a C linker to build it and, where there is no Vulkan driver
# at all, Mesa's software driver to run it. With `--with-tests` also what the tests of the window need: a display server
# without a screen, a program that moves its pointer, and the libraries that a window needs on X11; with `--with-web` what
# the web page and its tests need: Rust's target for browsers, Chromium, Firefox, and Node.js 18.19 or newer with npm; with
# `--with-deny` cargo-deny, built from crates.io. Where nothing is missing it does nothing and says nothing.
set -eu

fail() {
    echo "setup: $*" >&2
    exit 1
}

# Whether the pattern $2 matches a file in one of the folders $1, which have colons between them.
exists_in() {
    old_ifs=$IFS
    IFS=:
    for folder in $1; do
        for file in "$folder"/$2; do
            if [ -e "$file" ]; then
                IFS=$old_ifs
                return 0
            fi
        done
    done
    IFS=$old_ifs
    return 1
}

# The folders are those of the Vulkan loader (LoaderDriverInterface.md, "Driver Discovery on Linux").
has_vulkan_driver() {
    config="${XDG_CONFIG_HOME:-${HOME:-}/.config}:${XDG_CONFIG_DIRS:-/etc/xdg}:/usr/local/etc:/etc"
    data="${XDG_DATA_HOME:-${HOME:-}/.local/share}:${XDG_DATA_DIRS:-}:/usr/local/share:/usr/share"
    [ -n "${VK_DRIVER_FILES:-}${VK_ICD_FILENAMES:-}" ] || exists_in "$config:$data" "vulkan/icd.d/*.json"
}

# The version that deny.toml was written for.
CARGO_DENY=0.20.2

has_deny() {
    [ "$(cargo deny --version 2>/dev/null)" = "cargo-deny $CARGO_DENY" ]
}

has_library() {
    exists_in "${LD_LIBRARY_PATH:-}:/usr/local/lib:/usr/lib64:/usr/lib:/usr/lib/*-linux-gnu*" "$1"
}

# Whether there is any of these commands.
has_command() {
    for name; do
        if command -v "$name" >/dev/null; then return 0; fi
    done
    return 1
}

has_node() {
    has_command node && has_command npm && node -e '
        const [major, minor] = process.versions.node.split(".").map(Number);
        process.exit(major > 18 || (major === 18 && minor >= 19) ? 0 : 1)'
}

# Runs the shell command $1 as root, or says that the user has to.
as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        sh -c "$1"
    elif ! command -v sudo >/dev/null; then
        fail "this needs root; type:  su -c '$1'"
    elif [ -t 0 ]; then
        sudo sh -c "$1"
    elif sudo -n true 2>/dev/null; then
        sudo -n sh -c "$1"
    else
        fail "this needs root; type:  sudo sh -c '$1'"
    fi
}

# macOS and Windows come with a graphics driver, and Rust's installer there asks for the linker.
[ "$(uname -s)" = Linux ] || exit 0

command -v cargo >/dev/null || fail "cargo is missing; install Rust from https://rustup.rs"

if command -v cc >/dev/null; then has_linker=yes; else has_linker=; fi
if has_vulkan_driver && has_library libvulkan.so.1; then has_vulkan=yes; else has_vulkan=; fi
has_display=yes has_browsers=yes has_node=yes
for option; do
    case "$option" in
        --with-tests)
            has_command Xvfb && has_command xdotool && has_library libX11-xcb.so.1 \
                && has_library libxkbcommon-x11.so.0 && has_library libXcursor.so.1 && has_library libXi.so.6 || has_display=
            ;;
        --with-web)
            has_command chromium chromium-browser && has_command firefox-esr firefox || has_browsers=
            has_node || has_node=
            # Without rustup, `cargo xtask web` says what to do.
            if has_command rustup && ! rustup target list --installed | grep -qx wasm32-unknown-unknown; then
                rustup target add wasm32-unknown-unknown
            fi
            ;;
        # It is run for seconds, so optimising it would take longer than it saves.
        --with-deny)
            has_deny || cargo install cargo-deny --version "=$CARGO_DENY" --locked --debug --config profile.dev.debug=false
            ;;
        *) fail "unknown option $option; there are --with-tests, --with-web and --with-deny" ;;
    esac
done
[ -z "$has_linker" ] || [ -z "$has_vulkan" ] || [ -z "$has_display" ] || [ -z "$has_browsers" ] \
    || [ -z "$has_node" ] || exit 0

if command -v apt-get >/dev/null; then
    # The package lists of a fresh machine are empty; a source that cannot be reached need not matter.
    install="apt-get update; apt-get install -y --no-install-recommends"
    linker="gcc libc6-dev" vulkan="mesa-vulkan-drivers libvulkan1"
    display="xvfb xdotool libx11-xcb1 libxkbcommon-x11-0 libxcursor1 libxi6"
    browsers="chromium firefox-esr" node="nodejs npm"
elif command -v dnf >/dev/null; then
    install="dnf install -y" linker="gcc" vulkan="mesa-vulkan-drivers vulkan-loader"
    display="xorg-x11-server-Xvfb xdotool libX11-xcb libxkbcommon-x11 libXcursor libXi"
    browsers="chromium firefox" node="nodejs npm"
elif command -v pacman >/dev/null; then
    install="pacman -S --needed --noconfirm" linker="gcc" vulkan="vulkan-swrast vulkan-icd-loader"
    display="xorg-server-xvfb xdotool libx11 libxkbcommon-x11 libxcursor libxi"
    browsers="chromium firefox" node="nodejs npm"
elif command -v apk >/dev/null; then
    install="apk add" linker="build-base" vulkan="mesa-vulkan-swrast vulkan-loader"
    display="xvfb xdotool libx11 libxkbcommon-x11 libxcursor libxi"
    browsers="chromium firefox-esr font-dejavu" node="nodejs npm"
elif command -v zypper >/dev/null; then
    install="zypper --non-interactive install" linker="gcc" vulkan="libvulkan_lvp libvulkan1"
    display="xorg-x11-server-Xvfb xdotool libX11-xcb1 libxkbcommon-x11-0 libXcursor1 libXi6"
    browsers="chromium MozillaFirefox" node="nodejs-default npm-default"
else
    fail "no known package manager; install a C compiler and a Vulkan driver with its loader, say Mesa's lavapipe"
fi
[ -z "$has_linker" ] || linker=
[ -z "$has_vulkan" ] || vulkan=
[ -z "$has_display" ] || display=
[ -z "$has_browsers" ] || browsers=
[ -z "$has_node" ] || node=
packages="${linker:+ $linker}${vulkan:+ $vulkan}${display:+ $display}${browsers:+ $browsers}${node:+ $node}"
command="$install$packages"

echo "setup: $command" >&2
as_root "$command" || fail "that failed; digits needs these packages"

#!/usr/bin/env bash
# Builds a release for this machine: target/dist/sayso-VERSION-TARGET.tar.gz and its .sha256, for `install.sh --from`.
# `release.sh PROGRAMS DEST` packs programs that were built already.
set -euo pipefail
cd "$(dirname "$0")/.."

version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml)
target=$(rustc --version --verbose | sed -n 's/^host: //p')
programs=${1:-${CARGO_TARGET_DIR:-target}/release}
dest=${2:-target/dist}
if (($# == 0)); then
    target_dir=${CARGO_TARGET_DIR:-target}
    case $target_dir in /*) ;; *) target_dir=$PWD/$target_dir ;; esac
    # Where a Mac's build leaves the kernels of MLX, and stage.sh finds them.
    MLX_RS_METAL_PATH=$target_dir/metal cargo build --release --locked --package sayso --package saysod --bins
fi

name=sayso-$version-$target
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sh scripts/stage.sh "$programs" "$work/$name"
cp install.sh "$work/$name"

mkdir -p "$dest"
# Sorted, and without the time and the extra files that packing on another day or on macOS would add.
(cd "$work" && find "$name" | LC_ALL=C sort >list && COPYFILE_DISABLE=1 tar --no-recursion -cf - -T list) |
    gzip -n >"$dest/$name.tar.gz.new"
mv "$dest/$name.tar.gz.new" "$dest/$name.tar.gz"
cd "$dest"
if command -v sha256sum >/dev/null; then sha256sum "$name.tar.gz"; else shasum -a 256 "$name.tar.gz"; fi >"$name.tar.gz.sha256"
echo "$dest/$name.tar.gz"

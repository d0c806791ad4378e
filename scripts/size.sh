#!/usr/bin/env bash
# Fails where the weights, the foreign crates of the programs or the programs themselves have grown beyond
# `.ci/floor.toml`: `scripts/size.sh`, with `--renew` to write down what they are now.
#
# The programs are measured where their size can be compared: in a release build on x86-64 Linux, without symbols, and in
# blocks of 64 KiB, because another linker gives a slightly different size.
set -euo pipefail
cd "$(dirname "$0")/.."

# crates PACKAGE: how many crates from elsewhere are compiled into it.
crates() {
    cargo tree --locked --package "$1" --edges normal --prefix none --target x86_64-unknown-linux-gnu |
        sed 's/ .*//' | grep -v '^sayso' | sort -u | wc -l
}
blocks() { python3 -c 'import os, sys; print(-(-os.path.getsize(sys.argv[1]) // 65536))' "$1"; }

weights=$(git ls-files '*/tagger.safetensors')
python3 scripts/floor.py size "$@" <<FIGURES
weights_bytes $(wc -c <"$weights")
sayso_crates $(crates sayso)
saysod_crates $(crates saysod)
FIGURES

if [[ $(uname -sm) != 'Linux x86_64' ]]; then
    echo "The programs are not measured on $(uname -sm)"
    exit 0
fi
cargo build --quiet --release --locked -p sayso -p saysod
programs=${CARGO_TARGET_DIR:-target}/release
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for program in sayso saysod; do strip -o "$work/$program" "$programs/$program"; done
python3 scripts/floor.py programs "$@" <<FIGURES
sayso_blocks $(blocks "$work/sayso")
saysod_blocks $(blocks "$work/saysod")
FIGURES

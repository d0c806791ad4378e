#!/usr/bin/env bash
# Everything that is checked without running the programs. `just lint` and `.ci/run` both run this.
set -euo pipefail
cd "$(dirname "$0")/.."

check() {
    echo "- $*"
    "$@"
}

check cargo fmt --all --check
check cargo fmt --manifest-path fuzz/Cargo.toml --check
check cargo clippy --workspace --all-targets --locked -- -D warnings
check scripts/circles.py speech/src

# Every shell script of the repository, found by its name or its first line.
sh=() bash=() zsh=() fish=()
while IFS= read -r -d '' file; do
    [[ -f $file ]] || continue
    IFS= read -r first <"$file" || true
    case $file:$first in
    *.zsh:*) zsh+=("$file") ;;
    *.fish:*) fish+=("$file") ;;
    *.bash:* | *:'#!/usr/bin/env bash' | *:'#!/bin/bash') bash+=("$file") ;;
    *.sh:* | *:'#!/bin/sh') sh+=("$file") ;;
    esac
done < <(git ls-files -z)
check shellcheck --shell=sh "${sh[@]}"
check shellcheck --shell=bash "${bash[@]}"
for file in "${sh[@]}"; do check dash -n "$file"; done
for file in "${bash[@]}"; do check bash -n "$file"; done
for file in "${zsh[@]}"; do check zsh -n "$file"; done
for file in "${fish[@]}"; do check fish --no-execute "$file"; done

# The documentation is for those who work here, to whom nothing is private.
RUSTDOCFLAGS='-D warnings -A rustdoc::private_intra_doc_links' \
    check cargo doc --workspace --no-deps --locked --document-private-items

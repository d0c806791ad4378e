#!/usr/bin/env bash
# Fuzzes each target for a while: `scripts/fuzz.sh [SECONDS]`, 60 by default. Needs cargo-fuzz and a nightly compiler.
set -euo pipefail
cd "$(dirname "$0")/../fuzz"
seconds=${1:-60}

if ! command -v cargo-fuzz >/dev/null; then
    echo 'cargo-fuzz is not there: cargo install cargo-fuzz' >&2
    exit 1
fi
if rustup run nightly rustc --version >/dev/null 2>&1; then
    export RUSTUP_TOOLCHAIN=nightly
else
    # A stable compiler has the sanitizer too, and only hides the switch.
    export RUSTC_BOOTSTRAP=1
fi
for target in wire convert template tokenizer gguf manifest; do
    mkdir -p "corpus/$target" "seeds/$target"
    options=(-max_total_time="$seconds" -print_final_stats=1)
    if [[ -e $target.dict ]]; then options+=(-dict="$target.dict"); fi
    echo "Fuzzing $target for $seconds seconds"
    cargo fuzz run "$target" "corpus/$target" "seeds/$target" -- "${options[@]}"
done

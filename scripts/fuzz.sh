#!/usr/bin/env bash
# Fuzzes each target for a while: `scripts/fuzz.sh [SECONDS [TARGET...]]`. Without SECONDS each runs for
# $SAYSO_FUZZ_SECONDS, or for a minute.
#
# libFuzzer needs a C++ compiler and code that counts where it has been. The stable compiler can make it count, so neither
# cargo-fuzz nor a nightly compiler is needed; with them, `cargo fuzz run TARGET` adds the address sanitizer.
set -euo pipefail
cd "$(dirname "$0")/../fuzz"
seconds=${1:-${SAYSO_FUZZ_SECONDS:-60}}
targets=("${@:2}")
if ((${#targets[@]} == 0)); then targets=(wire convert template tokenizer gguf manifest hub); fi

host=$(rustc -vV | sed -n 's/^host: //p')
folder=${CARGO_TARGET_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/sayso/target}/fuzz
bins=()
for target in "${targets[@]}"; do bins+=(--bin "$target"); done
# Naming the target keeps the flags from build scripts and macros, which are not fuzzed.
CARGO_TARGET_DIR=$folder RUSTFLAGS='--cfg fuzzing -Cpasses=sancov-module -Cdebug-assertions
    -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters
    -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares' \
    cargo build --release --locked --target "$host" "${bins[@]}"

found=$folder/found
for target in "${targets[@]}"; do
    mkdir -p "corpus/$target" "$found"
    # The same seed, so that a build seldom fails for what it did not change.
    options=(-seed="${SAYSO_FUZZ_SEED:-20261128}" -max_total_time="$seconds" -print_final_stats=1 -timeout=25 -rss_limit_mb=4096 -verbosity=0 -print_funcs=0
        -artifact_prefix="$found/$target-")
    if [[ -e $target.dict ]]; then options+=(-dict="$target.dict"); fi
    seeds=()
    if [[ -d seeds/$target ]]; then seeds+=("seeds/$target"); fi
    printf 'Fuzzing %s for %s seconds\n' "$target" "$seconds"
    "$folder/$host/release/$target" "${options[@]}" "corpus/$target" ${seeds[@]+"${seeds[@]}"}
done

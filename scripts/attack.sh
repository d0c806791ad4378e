#!/usr/bin/env bash
# Attacks a daemon of its own: `scripts/attack.sh [SECONDS]`, so many seconds for all loads together, 60 by default and
# 3600 for an hour by hand; then some thousand lines of a simulated day. docs/RELIABILITY.md says what is promised.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-${SAYSO_ATTACK_SECONDS:-60}}
# By hand the times count, too; on a machine that others use they are only printed.
timed=()
if (($# > 0)); then timed=(--timed); fi
loads=15
each=$((seconds / loads > 0 ? seconds / loads : 1))
folder=${CARGO_TARGET_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/sayso/target}

if (($# > 0)); then
    cargo build --release --locked -p sayso -p saysod -p sayso-lab
    lab=$folder/release/sayso-lab
else
    # What the tests have built already.
    cargo build --workspace --bins --locked --features sayso/system-tests,saysod/system-tests
    lab=$folder/debug/sayso-lab
fi
"$lab" attack --seconds "$each" ${timed[@]+"${timed[@]}"}
"$lab" attack --conversions "$((seconds * 50))"

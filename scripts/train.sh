#!/usr/bin/env bash
# The tests of training with MLX, on Linux on the processor: losses, weights and packed bytes are those of `mlx_lm`, a
# tiny random model learns, and a continued run is an uninterrupted one.
set -euo pipefail
cd "$(dirname "$0")/.."

if [[ $(uname -sm) == 'Linux x86_64' ]]; then
    exec bash scripts/mlx-linux.sh test --locked -p sayso-model-train --features mlx "$@"
fi
exec cargo test --locked -p sayso-model-train "$@"

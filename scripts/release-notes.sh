#!/usr/bin/env bash
# Prints what CHANGELOG.md says of a version: `scripts/release-notes.sh VERSION`. Fails where it says nothing.
set -euo pipefail
cd "$(dirname "$0")/.."
version=${1:?'name a version'}
notes=$(VERSION=$version awk '
    /^## / { mine = index($0, "## [" ENVIRON["VERSION"] "]") == 1; next }
    mine { print }' CHANGELOG.md)
if [[ -z ${notes//[[:space:]]/} ]]; then
    echo "CHANGELOG.md has no section [$version]" >&2
    exit 1
fi
printf '%s\n' "$notes"

#!/usr/bin/env bash
# Converts the committed cases and fails where fewer come out right than `.ci/floor.toml` says: `scripts/accuracy.sh`, with
# `--renew` to write down what is reached now. No language model is asked, so the figures are the same on every machine.
#
# free    dictations as people speak, lab/cases/free.jsonl: exact, and exact or near (similarity of 0.9 and more)
# rules   the same by the rules alone, which are the fallback
# strict  their commands with every separator said, in five styles: exact
# typed   their commands as typed: those that are changed
# prose   lab/cases/prose.txt: those that are changed
set -euo pipefail
cd "$(dirname "$0")/.."

cargo build --quiet --locked -p sayso-lab
lab=${CARGO_TARGET_DIR:-target}/debug/sayso-lab
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
free=lab/cases/free.jsonl

# field FILE PATH: a number in a file of JSON, by the names that lead to it.
field() {
    python3 -c '
import json, sys
value = json.load(open(sys.argv[1]))
for name in sys.argv[2].split("."): value = value[name]
print(value)' "$@"
}
# count FILE NAME: how many cases a percentage is.
count() {
    python3 -c '
import json, sys
figures = json.load(open(sys.argv[1]))
print(round(figures[sys.argv[2]] * figures["cases"] / 100))' "$@"
}

python3 -c '
import json, sys
for line in open(sys.argv[1]): print(json.loads(line)["expected"])' "$free" >"$work/commands"
"$lab" eval --cases "$free" --json >"$work/free"
"$lab" eval --cases "$free" --route scanner --json >"$work/rules"
for seed in 0 1 2 3 4; do "$lab" speak --dialect strict --seed "$seed" "$work/commands"; done >"$work/strict.jsonl"
"$lab" eval --cases "$work/strict.jsonl" --json >"$work/strict"
"$lab" gate --commands "$work/commands" --prose lab/cases/prose.txt --json >"$work/gate"

python3 scripts/floor.py accuracy "$@" <<FIGURES
free_exact $(count "$work/free" exact)
free_effective $(count "$work/free" effective)
free_rules_exact $(count "$work/rules" exact)
strict_exact $(count "$work/strict" exact)
typed_changed $(field "$work/gate" commands.mistakes)
prose_changed $(field "$work/gate" prose.mistakes)
FIGURES

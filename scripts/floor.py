"""Holds measured figures to those of `.ci/floor.toml`: `floor.py SECTION [--renew]`, with `name value` a line on standard input.

A figure under [SECTION.at_least] may not fall, one under [SECTION.at_most] may not rise. Every figure of the section must be measured.
`--renew` writes the measured figures into the file instead, and leaves its comments as they are.
"""

import re
import sys
from pathlib import Path

FILE = Path(__file__).parent.parent / ".ci/floor.toml"


def main() -> int:
    section, renew = sys.argv[1], "--renew" in sys.argv[2:]
    script = "scripts/accuracy.sh" if section == "accuracy" else "scripts/size.sh"
    measured = {name: int(value) for name, value in map(str.split, sys.stdin)}
    lines = FILE.read_text().splitlines()
    bound, worse, better, missing = None, [], [], []
    for at, line in enumerate(lines):
        if heading := re.fullmatch(r"\[(\w+)\.(at_least|at_most)\]", line):
            bound = heading[2] if heading[1] == section else None
        elif bound and (entry := re.fullmatch(r"(\w+) = ([\d_]+)(.*)", line)):
            name, limit = entry[1], int(entry[2].replace("_", ""))
            if name not in measured:
                missing.append(name)
                continue
            value = measured.pop(name)
            sign = 1 if bound == "at_least" else -1
            (worse if sign * (value - limit) < 0 else better if value != limit else []).append((name, value, limit))
            print(f"{name:32} {value:>12,}   {bound.replace('_', ' ')} {limit:,}")
            lines[at] = f"{name} = {value:_}{entry[3]}"
    if measured or missing:
        print(f"{FILE.name} and the measurement differ: only measured {list(measured)}, only in the file {missing}", file=sys.stderr)
        return 1
    if renew:
        FILE.write_text("\n".join(lines) + "\n")
        print(f"{FILE.name}: [{section}] renewed; say in the commit message why")
        return 0
    for name, value, limit in better:
        print(f"{name} is better than its floor: `{script} --renew` keeps that")
    for name, value, limit in worse:
        print(f"WORSE: {name} is {value:,}, {limit:,} was reached before", file=sys.stderr)
    if worse:
        print(f"If that is meant: `{script} --renew`, and say why in the commit message", file=sys.stderr)
    return bool(worse)


if __name__ == "__main__":
    sys.exit(main())

"""Holds the pages to the tree: every relative link leads somewhere, and the code map and the glossary name files that exist.

docs/ARCHITECTURE.md keeps to 1,800 words and 100 columns, so that people read it.
"""

import re
import subprocess
import sys
from pathlib import Path

root = Path(__file__).parent.parent
tracked = subprocess.run(["git", "ls-files"], cwd=root, capture_output=True, text=True, check=True).stdout.splitlines()
folders = {str(parent) for name in tracked for parent in Path(name).parents}
wrong = []


def anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


for name in tracked:
    page = root / name
    if not name.endswith(".md") or not page.exists():
        continue
    text = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        target, _, anchor = link.partition("#")
        if re.match(r"\w+:", link):
            continue
        path = (page.parent / target).resolve() if target else page
        if not path.exists():
            wrong.append(f"{name}: there is no {target}")
        elif anchor and path.suffix == ".md" and anchor not in anchors(path):
            wrong.append(f"{name}: {target or name} has no heading #{anchor}")

for name in ["docs/ARCHITECTURE.md", "docs/GLOSSARY.md", "CONTRIBUTING.md"]:
    for line in (root / name).read_text().splitlines():
        # The last cell of a table's row says where something is.
        cells = line.strip("|").split("|")
        if not line.startswith("|") or len(cells) < 2:
            continue
        for path in re.findall(r"`([\w./-]+)`", cells[-1]):
            if ("/" in path or re.search(r"\.(md|rs|sh|txt|toml)$", path)) and path not in tracked and path.rstrip("/") not in folders:
                wrong.append(f"{name}: there is no {path}")

page = (root / "docs/ARCHITECTURE.md").read_text()
words = len([word for word in page.split() if re.search(r"\w", word)])
if words > 1800:
    wrong.append(f"docs/ARCHITECTURE.md has {words} words, more than 1,800")
wrong += [f"docs/ARCHITECTURE.md:{at}: longer than 100 columns" for at, line in enumerate(page.splitlines(), 1) if len(line) > 100]

print("\n".join(wrong), file=sys.stderr)
sys.exit(bool(wrong))

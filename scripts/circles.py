#!/usr/bin/env python3
"""Finds circles of imports between the files of each crate, prints them, and fails if there is one.

A file imports another when it names a path into it: `use crate::a::b`, `super::b::f()`. Imports between a module and
the modules below it do not count, since they are one module in several files, and neither do imports in tests. A name
that a module re-exports counts as an import of the file that defines it.

usage: scripts/circles.py [FOLDER...]   (default: every crate of the repository)
"""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PATH = re.compile(r"\b(?:crate|super|self)(?:::\w+)+")


def source(file):
    """The code of a file, without comments, and without what follows its first `#[cfg(test)]` module."""
    text = re.sub(r"//[^\n]*", "", file.read_text())
    return re.split(r"#\[cfg\(test\)\]\s*(?:#\[[^\]]*\]\s*)*(?:pub(?:\([^)]*\))?\s+)?mod\s+\w+\s*\{", text)[0]


def modules(folder):
    """Module path, as a tuple, → file."""
    found = {}
    for file in folder.rglob("*.rs"):
        parts = file.relative_to(folder).with_suffix("").parts
        if parts[-1] in ("lib", "main", "mod"):
            parts = parts[:-1]
        if parts[-1:] == ("tests",) or "tests" in parts:
            continue
        # A crate may have both: its program imports its library, which is no circle.
        if file.name == "main.rs" and file.parent == folder and (folder / "lib.rs").exists():
            continue
        found[parts] = file
    return found


def tree(text):
    """The paths of a `use` tree: `a::{b, c::d}` → `a::b`, `a::c::d`."""
    text = text.strip()
    brace = text.find("{")
    if brace < 0:
        return [re.split(r"\s+as\s+", text)[0]] if text else []
    head, inner, depth, item, paths = text[:brace], text[brace + 1 : text.rfind("}")], 0, "", []
    for sign in inner + ",":
        depth += {"{": 1, "}": -1}.get(sign, 0)
        if sign == "," and depth == 0:
            paths += [head + path for path in tree(item)]
            item = ""
        else:
            item += sign
    return paths


def paths(text):
    """Every path that a file names, as a list of names."""
    uses = re.findall(r"\buse\s+([^;]+);", text)
    named = [path for use in uses for path in tree(use)]
    named += PATH.findall(re.sub(r"\buse\s+[^;]+;", "", text))
    return [re.sub(r"\s", "", path).split("::") for path in named]


def resolve(module, path, known):
    """The module that a path leads into and the names behind it, or None for another crate's."""
    here = list(module)
    if path[0] == "crate":
        here, path = [], path[1:]
    elif path[0] not in ("super", "self"):
        # A child that is named without `self`.
        return descend(here, path, known) if tuple(here + path[:1]) in known else None
    while path and path[0] in ("super", "self"):
        if path[0] == "super":
            here = here[:-1]
        path = path[1:]
    return descend(here, path, known)


def descend(here, path, known):
    while path and tuple(here + [path[0]]) in known:
        here, path = here + [path[0]], path[1:]
    return tuple(here), path


def related(one, other):
    return one[: len(other)] == other or other[: len(one)] == one


def imports(folder):
    known = modules(folder)
    texts = {module: source(file) for module, file in known.items()}
    exported = {}
    for module, text in texts.items():
        for use in re.findall(r"\bpub(?:\([^)]*\))?\s+use\s+([^;]+);", text):
            for path in tree(use):
                found = resolve(module, re.sub(r"\s", "", path).split("::"), known)
                if found and found[1]:
                    exported[module, found[1][0]] = found[0]
    edges = {module: set() for module in known}
    for module, text in texts.items():
        for path in paths(text):
            found = resolve(module, path, known)
            if not found:
                continue
            target, names = found
            while names and (target, names[0]) in exported and exported[target, names[0]] != target:
                target = exported[target, names[0]]
            if target in known and not related(module, target):
                edges[module].add(target)
    return known, edges


def circles(edges):
    """The strongly connected components of more than one file (Tarjan 1972)."""
    index, low, stack, found = {}, {}, [], []

    def visit(node):
        index[node] = low[node] = len(index)
        stack.append(node)
        for other in sorted(edges[node]):
            if other not in index:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in stack:
                low[node] = min(low[node], index[other])
        if low[node] == index[node]:
            component = []
            while not component or component[-1] != node:
                component.append(stack.pop())
            if len(component) > 1:
                found.append(component)

    for node in sorted(edges):
        if node not in index:
            visit(node)
    return found


def main():
    folders = [Path(argument) for argument in sys.argv[1:]]
    if not folders:
        listed = subprocess.run(
            ["git", "ls-files", "*Cargo.toml"], cwd=ROOT, check=True, capture_output=True, text=True
        )
        folders = [(ROOT / name).parent / "src" for name in listed.stdout.split()]
    count = 0
    for folder in folders:
        if not folder.is_dir():
            continue
        known, edges = imports(folder)
        for circle in circles(edges):
            count += 1
            inside = set(circle)
            print(f"a circle of imports in {folder}:")
            for module in sorted(circle):
                others = ", ".join("::".join(other) for other in sorted(edges[module] & inside))
                print(f"  {known[module].relative_to(folder)} imports {others}")
    print(f"{count} circles of imports")
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main())

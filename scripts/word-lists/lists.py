"""Writes the lists of programs and of English words from unpacked packages and their tables of contents.

    lists.py FOLDER OUTPUT
"""

import re
import sys
from pathlib import Path

folder, output = Path(sys.argv[1]), Path(sys.argv[2])

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{1,23}")
# Compilers for other machines, versions beside the plain name, and files that nobody types.
UNWANTED = re.compile(
    r"linux-gnu|mingw32|-none-|-elf-|unknown-|[-.]?\d+\.\d+|-\d+$"
    r"|\.(py|pl|sh|rb|php|exe|so|jar|real|distrib)$"
)
PROGRAM = re.compile(r"^(?:usr/)?(?:s?bin|games)/([^/\s]+)\s", re.MULTILINE)


def programs():
    """Names of programs: in Debian's packages, and those that zsh and bash can complete."""
    yield from PROGRAM.findall((folder / "contents").read_text(errors="replace"))
    for file in (folder / "usr/share/zsh/functions").rglob("_*"):
        first = file.read_text(errors="replace").partition("\n")[0].split()
        if first[:1] == ["#compdef"]:
            yield from (word.partition("=")[0] for word in first[1:] if not word.startswith("-"))
    for file in (folder / "usr/share/bash-completion/completions").iterdir():
        yield file.name


def wanted(name):
    """Whether a name is one that people type."""
    letters = re.search("[A-Za-z]", name)
    return NAME.fullmatch(name) and letters and not UNWANTED.search(name) and name.count("-") <= 4


def english():
    """Common English words in lower case, of letters alone."""
    words = (folder / "usr/share/dict/american-english-small").read_text().split()
    return (word for word in words if re.fullmatch("[a-z]{2,}", word))


def write(name, words):
    """Writes a list, sorted by bytes."""
    (output / name).write_text("".join(f"{word}\n" for word in sorted(set(words))))


write("programs.txt", filter(wanted, programs()))
write("english.txt", english())

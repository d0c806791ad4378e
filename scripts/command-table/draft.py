#!/usr/bin/env python3
"""Drafts lines of from-help.txt from what tools print for --help (git: -h). Read them over before keeping them.

usage: draft.py [--glue] COMMAND...    a COMMAND is one argument: "git commit"
--glue: long flags with a value are customarily written with "=", as the GNU tools do.
"""
import os
import re
import subprocess
import sys
import textwrap

FLAG = re.compile(r"^(-{1,2}(?:\[no-\])?[A-Za-z0-9?#@%!.][A-Za-z0-9_.+-]*)(.*)$")
VALUE = re.compile(r"^(?: ?<| ?[A-Z]{2,}| [A-Z]$| [a-z]\S*$| ?\(| ?['\"]| [A-Z_|]+\b| \+int|\.\.\.)")


def help_text(command):
    environment = {**os.environ, "COLUMNS": "200", "PAGER": "cat", "MANPAGER": "cat"}
    option = {"git": "-h", "openssl": "-help", "terraform": "-help"}.get(command[0], "--help")
    run = subprocess.run(
        command + [option], capture_output=True, text=True, timeout=20, stdin=subprocess.DEVNULL, env=environment
    )
    return run.stdout + "\n" + run.stderr


def arity_of(rest):
    """What the help says after a flag's name: "" nothing, ":" a value, "?" an optional one."""
    # kubectl shows defaults instead of names of values.
    if default := re.match(r"^=(\S*):$", rest):
        return "" if default[1] in ("true", "false") else ":"
    if rest.startswith(" [<"):
        return ":"
    if re.match(r"^ ?\[", rest):
        return "?"
    if rest.startswith("=") or VALUE.match(rest):
        return ":"
    return ""


def flags_of(text):
    found = {}
    for line in text.expandtabs().split("\n"):
        line = re.match(r"^ {0,14}(-{1,2}[^\s,|=<].*)$", line)
        if not line:
            continue
        columns = re.split(r"\s{2,}", re.sub(r"^(-\w) (--[a-z])", r"\1, \2", line[1].strip()))
        head = columns.pop(0)
        while columns and (head.endswith(",") or columns[0].startswith("--")):
            head += (" " if head.endswith(",") else ", ") + columns.pop(0)
        matches = [FLAG.match(part.strip()) for part in re.split(r",\s*(?=-)|\s\|\s|\s+or\s+|\s/\s", head)]
        named = [(match[1], arity_of(match[2])) for match in matches if match]
        # "-n, --lines=N": the short one takes the value as well; "-F, --classify[=WHEN]": it takes none.
        shared = ":" if any(arity == ":" for _, arity in named) else ""
        for name, arity in named:
            arity = arity or shared
            name = name.replace("[no-]", "")
            found[name] = found.get(name) or arity
    return found


def draft(command, glue=False, text=None):
    found = flags_of(text or help_text(command))
    short = "".join(sorted(name[1] for name, arity in found.items() if len(name) == 2 and not arity))
    packed = [f"-[{short}]" if len(short) > 1 else f"-{short}"] if short else []
    for name in sorted(found):
        if len(name) > 2 or found[name]:
            arity = "=" if glue and name.startswith("--") and found[name] == ":" else found[name]
            packed.append(name + arity)
    return f"{' '.join(command)}: {' '.join(packed)}"


if __name__ == "__main__":
    arguments = sys.argv[1:]
    glue = "--glue" in arguments
    for argument in arguments:
        if argument == "--glue":
            continue
        line = draft(argument.split(), glue)
        print("\n  ".join(textwrap.wrap(line, 118, break_long_words=False, break_on_hyphens=False)))

"""Holds what pages promise about the code to the code, where no test in Rust can see both.

Sizes of the tagger, one screen for each function of the pipeline, what a crate must not depend on, the steps of CI, one
meaning for each constant of the tagger, no builds inside of tests, and a step that fails where it did not run.
"""

import json
import os
import re
import subprocess
import sys
import tomllib
from math import prod
from pathlib import Path

root = Path(__file__).resolve().parent.parent
# Lines that fit on a screen. Hand-chosen, 2026-11-23: issue "the pipeline's function on one screen".
SCREEN = 50
# Crate → what it must not depend on: the third column of the table in docs/ARCHITECTURE.md.
FORBIDDEN = {
    "text": {"sayso-"},
    "speech": {"sayso-tagger", "sayso-language", "sayso-store", "sayso-protocol", "sayso-engine"},
    "models/tagger": {"sayso-language", "sayso-protocol"},
    "models/language": {"sayso-protocol", "sayso-store", "hf-hub", "ureq"},
    "models/train": {"sayso-engine"},
    "models/curves": {"sayso-tagger", "sayso-language", "sayso-train", "sayso-model-train"},
    "place": {"sayso-protocol"},
    "learning": {"sayso-speech", "sayso-engine"},
    "engine": {"sayso-protocol"},
    "protocol": {"sayso-speech", "sayso-engine", "tokio"},
    "settings": {"sayso-engine", "sayso-protocol"},
    "picker": {"sayso-engine"},
    "client": {"sayso-engine", "sayso-language", "sayso-tagger", "tokio"},
}
wrong = []


def read(name):
    return (root / name).read_text()


def the_sizes_of_the_tagger():
    file = (root / "models/weights/tagger.safetensors").read_bytes()
    header = json.loads(file[8 : 8 + int.from_bytes(file[:8], "little")])
    shapes = {name: tensor["shape"] for name, tensor in header.items() if name != "__metadata__"}
    trained = sum(prod(shape) for name, shape in shapes.items() if name != "vectors" and not name.endswith(".scale"))
    parameters, vectors = f"{trained / 1e6:.2f}", f"{shapes['vectors'][0]:,}"
    for page in ["docs/ARCHITECTURE.md", "models/weights/README.md", "models/tagger/README.md"]:
        text = " ".join(read(page).split())
        for said in re.findall(r"(\d\.\d\d) million (?:trained )?parameters", text):
            if said != parameters:
                wrong.append(f"{page} speaks of {said} million parameters, the weights have {parameters}")
        for said in re.findall(r"([\d,]+) frozen word vectors", text):
            if said != vectors:
                wrong.append(f"{page} speaks of {said} word vectors, the weights have {vectors}")
        if f"{parameters} million" not in text:
            wrong.append(f"{page} does not say that there are {parameters} million parameters")


def the_pipeline_fits_on_screens():
    for name in ["pipeline", "draft", "resume", "tagged", "gate", "rescore"]:
        start = None
        for at, line in enumerate(read(f"engine/src/{name}.rs").split("\n"), 1):
            if re.match(r" {0,4}(pub(\([^)]*\))? )?fn ", line):
                start, indent = at, len(line) - len(line.lstrip())
            elif start and line == " " * indent + "}":
                if at - start >= SCREEN:
                    wrong.append(f"engine/src/{name}.rs:{start}: a function of {at - start + 1} lines, more than {SCREEN}")
                start = None


def crates_know_what_they_may():
    for folder, forbidden in FORBIDDEN.items():
        manifest = tomllib.loads(read(f"{folder}/Cargo.toml"))
        for dependency in manifest.get("dependencies", {}):
            if any(dependency.startswith(name) for name in forbidden):
                wrong.append(f"{folder} depends on {dependency}, which docs/ARCHITECTURE.md forbids")


def the_steps_of_ci_are_explained():
    steps = re.findall(r"^(\w+) +\|", re.search(r"^steps='(.*?)^'", read(".ci/run"), re.M | re.S)[1], re.M)
    table = read("CONTRIBUTING.md").split("| step | what it checks |")[1].split("\n\n")[0]
    explained = re.findall(r"^\| `(\w+)` \|", table, re.M)
    if steps != explained:
        wrong.append(f"CONTRIBUTING.md explains the steps {explained}, .ci/run has {steps}")


def a_constant_has_one_meaning():
    values = {}
    for file in sorted((root / "models/tagger/src").rglob("*.rs")):
        for name, value in re.findall(r"^(?:pub(?:\([^)]*\))? )?const ([A-Z_]{4,}): \w+ = ([^;]+);", file.read_text(), re.M):
            other = values.setdefault(name, (value, file))
            if other[0] != value:
                wrong.append(f"{name} is {other[0]} in {other[1].name} and {value} in {file.name}")


def tests_build_nothing():
    for file in subprocess.run(
        ["git", "ls-files", "*/tests/*.rs", "tests/*.rs"], cwd=root, capture_output=True, text=True, check=True
    ).stdout.split():
        if re.search(r'Command::new\((env!\("CARGO"\)|"cargo")', read(file)):
            wrong.append(f"{file} runs cargo: a test must not build")


def what_did_not_run_is_not_green():
    def status(corpus):
        given = dict(os.environ, CI="true", SAYSO_CORPUS=corpus)
        return subprocess.run(["bash", "scripts/corpus.sh"], cwd=root, env=given, capture_output=True).returncode

    if status("/nowhere") == 0:
        wrong.append("scripts/corpus.sh succeeds in CI without having run")
    if status("none") != 0:
        wrong.append("scripts/corpus.sh fails where it was told to leave the round trip out")


the_sizes_of_the_tagger()
the_pipeline_fits_on_screens()
crates_know_what_they_may()
the_steps_of_ci_are_explained()
a_constant_has_one_meaning()
tests_build_nothing()
what_did_not_run_is_not_green()
print("\n".join(wrong) or "what the pages promise of the code holds")
sys.exit(bool(wrong))

# What a person runs is what CI runs: every recipe is a script or one cargo command. `just` lists them.

[private]
default:
    @just --list

# format all Rust code
fmt:
    cargo fmt --all
    cargo fmt --manifest-path fuzz/Cargo.toml

# format check, clippy, shellcheck, syntax of the shell files, actionlint, documentation
lint:
    bash scripts/lint.sh

# all tests, in real shells; installs what they need
test *arguments:
    bash tests/run {{arguments}}

# the decoder on MLX, on Linux: its tests, or any cargo command with `--features mlx`
mlx-linux *arguments:
    bash scripts/mlx-linux.sh {{arguments}}

# SmolLM2: tokens, and what the decoders write beside mlx_lm; fetches both
real-models:
    bash scripts/real-models.sh

# everything that a change must pass, or some steps of it: `just ci lint test`
ci *steps:
    bash .ci/run {{steps}}

# convert the committed cases: none may come out worse than before; --renew writes down what is reached now
accuracy *arguments:
    bash scripts/accuracy.sh {{arguments}}

# weights, programs and dependencies may not grow; --renew writes down what they are now
size *arguments:
    bash scripts/size.sh {{arguments}}

# check the dependencies against deny.toml, known vulnerabilities included
deny:
    bash scripts/deny.sh --advisories

# fuzz the wire, the engine and the files of models, each for so many seconds
fuzz seconds="60":
    bash scripts/fuzz.sh {{seconds}}

# attack a daemon with every load, for so many seconds together
attack seconds="3600":
    bash scripts/attack.sh {{seconds}}

# measure everything that docs/BENCHMARKS.md reports; arguments go to `sayso-lab bench`
bench *arguments:
    cargo build --release --locked --workspace --bins
    cargo run --release --locked -p sayso-lab -- bench {{arguments}}

# measure the language model on the processor beside llama.cpp, which this builds
bench-llama *arguments:
    bash scripts/llama-bench.sh {{arguments}}

# the modules with `unsafe` under Miri
miri:
    bash scripts/miri.sh

# write the man pages into target/man
man:
    mkdir -p target/man
    cargo run --quiet --locked -p sayso -- man target/man
    cargo run --quiet --locked -p saysod -- --man > target/man/saysod.1

# type-check and link for macOS, from Linux too
macos-check:
    bash scripts/macos-check.sh

# build and install under ~/.local; arguments go to install.sh
install *arguments:
    sh install.sh {{arguments}}

# a release tarball and its checksum, in target/dist
release:
    bash scripts/release.sh

# regenerate docs/VOCABULARY.md from the vocabulary
docs:
    UPDATE_DOCS=1 cargo test --quiet -p sayso-speech --test page

# take the README's picture again, from a real terminal
picture:
    cargo build --release --workspace --bins
    bash docs/picture/take.sh

# speak every command of the corpora strictly and convert it back
roundtrip:
    bash scripts/corpus.sh

# train the tagger's weights: two runs, about an hour together on two cores
tagger output="../tagger-run":
    bash scripts/tagger.sh {{output}}

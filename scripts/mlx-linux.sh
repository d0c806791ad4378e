#!/usr/bin/env bash
# Runs cargo with MLX on Linux, on the processor: `scripts/mlx-linux.sh test -p sayso-language --features mlx`. Without
# arguments it runs the tests of the `mlx` decoder. For tests only: it computes as on a Mac, but slowly.
#
# mlx-sys would compile MLX with Apple's tools. It says `links = "mlx"`, so cargo takes a library from its
# configuration instead of running that build script: MLX comes from the wheel mlx-cpu, mlx-c is compiled from the
# sources in mlx-sys, and its bindings are written as the build script would. All of it lands under the user's cache
# folder, in a folder named after everything that it is made of.
set -euo pipefail
cd "$(dirname "$0")/.."

if [[ $(uname -sm) != 'Linux x86_64' ]]; then
    echo "This is for Linux on x86-64; here is $(uname -sm). On Apple silicon plain cargo builds with MLX." >&2
    exit 2
fi
: "${CXX:=g++}"
for program in "$CXX" python3 cargo; do
    command -v "$program" >/dev/null || { echo "$program is not there: bash scripts/packages.sh --lint" >&2; exit 1; }
done
parts=scripts/mlx-linux
if (($# == 0)); then set -- test --locked -p sayso-language --features mlx --lib mlx::; fi

# The folder of a package in cargo's own store.
source=$(cargo metadata --locked --format-version 1 --features sayso-language/mlx | python3 -c '
import json, os, sys
packages = json.load(sys.stdin)["packages"]
print(next(os.path.dirname(one["manifest_path"]) for one in packages if one["name"] == "mlx-sys"))')
target=$(rustc -vV | sed -n 's/^host: //p')
key=$({ cat "$0" "$parts"/*.* "$parts"/bindings/*; echo "$source"; "$CXX" --version; } | sha256sum | cut -c 1-16)
place=${XDG_CACHE_HOME:-$HOME/.cache}/sayso/mlx-linux/$key

if [[ ! -e $place ]]; then
    echo "Preparing MLX for Linux in $place" >&2
    mkdir -p "${place%/*}"
    new=$(mktemp -d "${place%/*}/.new-XXXXXX")
    trap 'rm -rf "$new"' EXIT
    cat >"$new/requirements.txt" <<'REQUIREMENTS'
mlx-cpu==0.32.2 --hash=sha256:fc5d31b90fc4f457b2f9614ed45651a567d22a6a11a03d114a90a4e10bdd8878
libclang==18.1.1 --hash=sha256:c533091d8a3bbf7460a00cb6c1a71da93bffe148f172c7d03b1c31fbf8aa2a0b
REQUIREMENTS
    python3 -m pip -q download --disable-pip-version-check --no-deps --only-binary :all: --require-hashes \
        --dest "$new/wheels" --requirement "$new/requirements.txt"
    for wheel in "$new"/wheels/*.whl; do python3 -m zipfile -e "$wheel" "$new/wheel"; done

    # As one file: each of the thirty would read MLX's headers again, for minutes in all. Nothing in it computes.
    mlxc=$source/src/mlx-c
    printf '#include "%s"\n' "$mlxc"/mlx/c/*.cpp "$PWD/$parts"/*.cpp >"$new/mlxc.cpp"
    "$CXX" -std=c++20 -O0 -DNDEBUG -fPIC -w -I"$mlxc" -isystem "$new/wheel/mlx/include" -include "$parts/format.hpp" \
        -c "$new/mlxc.cpp" -o "$new/mlxc.o"
    ar rcs "$new/libmlxc.a" "$new/mlxc.o"

    libclang=$(find "$new/wheel" -name 'libclang*.so' -printf '%h')
    headers=$(dirname "$("$CXX" -print-file-name=include/stddef.h)")
    MLX_SYS=$source LIBCLANG_PATH=$libclang BINDGEN_EXTRA_CLANG_ARGS="-isystem $headers" \
        cargo run --quiet --locked --manifest-path "$parts/bindings/Cargo.toml" --target-dir "$new/target" -- \
        "$source" "$new/bindings.rs"
    cat "$parts/half.rs" >>"$new/bindings.rs"

    cat >"$new/cargo.toml" <<CONFIG
[target.$target.mlx]
rustc-link-search = ["native=$place", "native=$place/wheel/mlx/lib"]
rustc-link-lib = ["static=mlxc", "dylib=mlx", "dylib=stdc++"]
rustc-env = { OUT_DIR = "$place" }
CONFIG
    rm -rf "$new"/{wheels,target,requirements.txt,mlxc.cpp,mlxc.o} "$new"/wheel/libclang*
    # Whole or not at all; of two runs at once, the first one's stays.
    chmod 755 "$new"
    mv -T "$new" "$place" 2>/dev/null || true
fi

# Where MLX and its libraries are: what install.sh puts beside a program.
if [[ $1 == --wheel ]]; then
    echo "$place/wheel"
    exit
fi

# Found through the environment and not through a path in the programs: other flags for the compiler would compile all
# dependencies again.
export LD_LIBRARY_PATH=$place/wheel/mlx/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
# Behind the name of the command: clippy hands on only what follows it.
exec cargo "$1" --config "$place/cargo.toml" "${@:2}"

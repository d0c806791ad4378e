#!/usr/bin/env bash
# Type-checks what is written for macOS, and links the three programs, without a Mac.
#
# On macOS this is an ordinary `cargo check`. On Debian it unpacks (never installs) a Rust compiler that comes with
# the sources of its standard library, builds that library for aarch64-apple-darwin and checks the whole workspace
# against it, tests included, with zig for what is in C; zig's linker then proves that every symbol exists in the
# libraries of macOS. MLX is C++, Objective-C and Metal, which only Apple's tools compile: what calls it is checked
# against its headers, with the features that it has on a Mac, and linked with empty functions of their names.
#
# Everything lands under the user's cache folder, in a folder named after the versions of the packages, so that a
# second run only compiles what changed. Where the packages are gone, it says so and succeeds: a registry that
# forgot a package is no error of this project. Set SAYSO_MACOS_CHECK=required to make that a failure.
set -euo pipefail
cd "$(dirname "$0")/.."
target=aarch64-apple-darwin
zig_version=0.17.1

skip() {
    printf '\n'
    printf '  ###############################################################################\n'
    printf '  # SKIPPED: %s\n' "$1"
    printf '  # %s\n' "${2:-Nothing written for macOS was checked.}"
    printf '  ###############################################################################\n\n'
    [[ ${SAYSO_MACOS_CHECK:-} != required ]] || exit 1
    exit 0
}

if [[ $(uname -s) == Darwin ]]; then
    exec cargo check --workspace --all-targets --locked
fi

if ! command -v apt-get >/dev/null; then skip 'this is neither macOS nor Debian'; fi
libraries=$(dpkg-architecture -qDEB_HOST_MULTIARCH 2>/dev/null || printf '%s-linux-gnu' "$(uname -m)")
needed=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
find_compiler() {
    version=$(apt-cache policy rustc-web 2>/dev/null | sed -n 's/^  Candidate: //p' | head -n 1)
    # 1.96.0+dfsg1-1~deb12u2 → 1.96.0
    release=${version%%+*}
    [[ $release == [1-9]* && $(printf '%s\n%s\n' "$needed" "$release" | sort -V | head -n 1) == "$needed" ]]
}
if ! find_compiler; then
    # An old or empty package list: refresh it where that is allowed.
    as_root=()
    if [[ $(id -u) != 0 ]]; then as_root=(sudo -n); fi
    "${as_root[@]}" apt-get -qq update >/dev/null 2>&1 || true
    find_compiler || skip "Debian's rustc-web is ${version:-not there}, and this workspace needs $needed"
fi

cache=${XDG_CACHE_HOME:-$HOME/.cache}/sayso/macos-check
rust=$cache/rust-$version
if [[ ! -e $rust ]]; then
    echo "Fetching the compiler $version (145 MB) into $rust"
    new=$rust.$$
    mkdir -p "$new/packages" "$new/root"
    # The libraries below them are named after their versions: ask the packages instead of listing them here.
    depends() { apt-cache depends --important "$1" 2>/dev/null | sed -n "s/^  Depends: \\($2\\)\$/\\1/p"; }
    std=$(depends libstd-rust-web-dev 'libstd-rust-web-.*')
    git=$(depends cargo-web 'libgit2-.*')
    mapfile -t libraries_needed < <(
        printf '%s\n' "$std" "$git"
        depends "$std" 'libllvm.*'
        for library in $(depends "$git" 'lib.*'); do
            # Most of libgit2's own libraries are part of any machine.
            dpkg -s "$library" >/dev/null 2>&1 || printf '%s\n' "$library" && depends "$library" 'libmbed.*'
        done
    )
    mapfile -t packages < <(printf '%s\n' rustc-web cargo-web rust-web-src libstd-rust-web-dev "${libraries_needed[@]}" | sort -u)
    (cd "$new/packages" && apt-get -qq download "${packages[@]}" 2>"$new/log") ||
        { cat "$new/log" >&2; rm -rf "$new"; skip "Debian's packages of Rust $version could not be fetched"; }
    for package in "$new"/packages/*.deb; do dpkg -x "$package" "$new/root"; done
    rm -rf "$new/packages" "$new/log"
    # Whole or not at all; of two runs at once, the first one's stays.
    mv -T "$new" "$rust" 2>/dev/null || rm -rf "$new"
fi

zig=$cache/zig-$zig_version
if [[ ! -e $zig ]]; then
    echo "Fetching zig $zig_version (100 MB) into $zig"
    new=$zig.$$
    if python3 -m pip --version >/dev/null 2>&1 &&
        python3 -m pip -q install --disable-pip-version-check --root-user-action=ignore --no-deps --target "$new" "ziglang==$zig_version"; then
        mv -T "$new" "$zig" 2>/dev/null || true
    fi
    rm -rf "$new"
fi
[[ -e $zig ]] || skip "zig $zig_version is not to be had, and ring is partly in C"

# Reads the headers of mlx-c.
libclang_version=18.1.1
libclang=$cache/libclang-$libclang_version
if [[ ! -e $libclang ]]; then
    new=$libclang.$$
    if python3 -m pip -q install --disable-pip-version-check --root-user-action=ignore --no-deps --target "$new" \
        "libclang==$libclang_version"; then
        mv -T "$new" "$libclang" 2>/dev/null || true
    fi
    rm -rf "$new"
fi
[[ -e $libclang ]] || skip "libclang $libclang_version is not to be had, and MLX's bindings are written with it"

# The project's compiler may be pinned by the environment: none of that reaches the other one.
unset RUSTFLAGS CARGO_ENCODED_RUSTFLAGS RUSTC_WRAPPER RUSTUP_TOOLCHAIN
llvm=("$rust"/root/usr/lib/llvm-*/lib)
export PATH="$rust/root/usr/bin:$PATH"
export RUSTC="$rust/root/usr/bin/rustc" RUSTDOC="$rust/root/usr/bin/rustdoc" RUSTC_BOOTSTRAP=1
export LD_LIBRARY_PATH="$rust/root/usr/lib/$libraries:${llvm[0]}"
export CARGO_TARGET_DIR="$cache/target-$version"
"$RUSTC" --version >/dev/null || skip "the unpacked Rust $version does not run here"

cargo=("$rust/root/usr/bin/cargo")
# Nothing of it is ever run, so nothing is optimised, and nothing is kept for a debugger.
build_std=("-Zbuild-std=std,panic_abort" --target "$target" --locked)
build_std+=(--config 'profile.dev.debug=false' --config 'profile.dev.strip="none"')
build_std+=(--config 'profile.dev.package."*".opt-level=0')

# The linker is zig's, without the arguments that only Apple's tools know. Its name tells rustc to call it as a C
# compiler.
mkdir -p "$cache/bin"
cp scripts/macos/libiconv.tbd "$cache/bin"
cat >"$cache/bin/cc.$$" <<LINK
#!/usr/bin/env bash
unset LD_LIBRARY_PATH
arguments=()
while ((\$#)); do
    case \$1 in
    -arch | -isysroot | -target) shift ;;
    --target=* | -mmacosx-version-min=* | -Wl,-exported_symbols_list*) ;;
    # Of MLX, which is not there.
    -framework) shift ;;
    -lobjc | -lc++) ;;
    *) arguments+=("\$1") ;;
    esac
    shift
done
exec "$zig/ziglang/zig" cc -target aarch64-macos.11.0 -L "$cache/bin" "\${arguments[@]}"
LINK
chmod +x "$cache/bin/cc.$$"
mv "$cache/bin/cc.$$" "$cache/bin/cc"
cat >"$cache/bin/ar.$$" <<ARCHIVE
#!/usr/bin/env bash
unset LD_LIBRARY_PATH
exec "$zig/ziglang/zig" ar "\$@"
ARCHIVE
chmod +x "$cache/bin/ar.$$"
mv "$cache/bin/ar.$$" "$cache/bin/ar"
# Set for the check too: cargo would compile everything again for another linker, and the encryption of downloads
# (ring) has parts in C and assembly.
export CARGO_TARGET_AARCH64_APPLE_DARWIN_LINKER="$cache/bin/cc"
export CC_aarch64_apple_darwin="$cache/bin/cc" AR_aarch64_apple_darwin="$cache/bin/ar"

cp scripts/macos/cmake "$cache/bin/cmake"
mkdir -p "$cache/metal"
export CMAKE="$cache/bin/cmake" MACOS_CC="$cache/bin/cc" MACOS_AR="$cache/bin/ar" MLX_RS_METAL_PATH="$cache/metal"
export LIBCLANG_PATH="$libclang/clang/native"
headers=("$zig/ziglang/lib/include" "$zig/ziglang/lib/libc/include/any-darwin-any")
export BINDGEN_EXTRA_CLANG_ARGS_aarch64_apple_darwin="-nostdinc -isystem ${headers[0]} -isystem ${headers[1]}"

echo "Checking the workspace for $target with $("$RUSTC" --version)"
"${cargo[@]}" check "${build_std[@]}" --workspace --all-targets
echo "Linking the programs for $target"
"${cargo[@]}" build "${build_std[@]}" --workspace --bins
for program in sayso saysod sayso-lab; do
    magic=$(od -An -tx1 -N4 "$CARGO_TARGET_DIR/$target/debug/$program" | tr -d ' ')
    [[ $magic == cffaedfe ]] || { echo "$program is not a Mach-O program (it starts with $magic)" >&2; exit 1; }
done
echo "The workspace type-checks and links for $target; MLX itself was not compiled."

#!/usr/bin/env bash
# Type-checks what is written for macOS, and links the three programs, without a Mac.
#
# On macOS this is an ordinary `cargo check`. On Debian it unpacks (never installs) a Rust compiler that comes with
# the sources of its standard library, builds that library for aarch64-apple-darwin and checks the whole workspace
# against it, tests included; zig's linker then proves that every symbol exists in the libraries of macOS.
#
# Everything lands under the user's cache folder, in a folder named after the versions of the packages, so that a
# second run only compiles what changed. Where the packages are gone, it says so and succeeds: a registry that
# forgot a package is no error of this project. Set SAYSO_MACOS_CHECK=required to make that a failure.
set -euo pipefail
cd "$(dirname "$0")/.."
here=$PWD
target=aarch64-apple-darwin
zig_version=0.17.1

skip() {
    printf '\n'
    printf '  ###############################################################################\n'
    printf '  # SKIPPED: %s\n' "$1"
    printf '  # Nothing written for macOS was checked by this step.\n'
    printf '  ###############################################################################\n\n'
    [[ ${SAYSO_MACOS_CHECK:-} != required ]] || exit 1
    exit 0
}

if [[ $(uname -s) == Darwin ]]; then
    exec cargo check --workspace --all-targets --locked
fi

if ! command -v apt-get >/dev/null; then skip 'this is neither macOS nor Debian'; fi
libraries=$(dpkg-architecture -qDEB_HOST_MULTIARCH 2>/dev/null || printf '%s-linux-gnu' "$(uname -m)")
compiler_version() { apt-cache policy rustc-web 2>/dev/null | sed -n 's/^  Candidate: //p' | head -n 1; }

version=$(compiler_version)
if [[ -z $version || $version == '(none)' || $version == 1.8* ]]; then
    # An old or empty package list: refresh it where that is allowed.
    as_root=()
    if [[ $(id -u) != 0 ]]; then as_root=(sudo -n); fi
    "${as_root[@]}" apt-get -qq update >/dev/null 2>&1 || true
    version=$(compiler_version)
fi
[[ -n $version && $version != '(none)' ]] || skip 'Debian offers no package rustc-web here (try apt-get update)'
release=${version%%+*}                # 1.96.0+dfsg1-1~deb12u2 → 1.96.0
release=${release%.*}                 # → 1.96
needed=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
[[ $(printf '%s\n%s\n' "$needed" "$release" | sort -V | head -n 1) == "$needed" ]] ||
    skip "Debian's rustc-web is $release, older than the $needed that this workspace needs"

cache=${XDG_CACHE_HOME:-$HOME/.cache}/sayso/macos-check
rust=$cache/rust-$version
if [[ ! -e $rust/complete ]]; then
    echo "Fetching the compiler $version (145 MB) into $rust"
    rm -rf "$rust" "$rust.new"
    mkdir -p "$rust.new/packages" "$rust.new/root"
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
    (cd "$rust.new/packages" && apt-get -qq download "${packages[@]}" 2>"$rust.new/log") ||
        { cat "$rust.new/log" >&2; rm -rf "$rust.new"; skip "Debian's packages of Rust $version could not be fetched"; }
    for package in "$rust.new"/packages/*.deb; do dpkg -x "$package" "$rust.new/root"; done
    rm -rf "$rust.new/packages" "$rust.new/log"
    mv "$rust.new" "$rust"
    touch "$rust/complete"
fi

zig=$cache/zig-$zig_version
if [[ ! -e $zig/complete ]]; then
    echo "Fetching zig $zig_version (100 MB) into $zig"
    rm -rf "$zig"
    if python3 -m pip --version >/dev/null 2>&1 &&
        python3 -m pip -q install --disable-pip-version-check --root-user-action=ignore --no-deps --target "$zig" "ziglang==$zig_version"; then
        touch "$zig/complete"
    else
        rm -rf "$zig"
    fi
fi

# The project's compiler may be pinned by the environment: none of that reaches the other one.
unset RUSTFLAGS CARGO_ENCODED_RUSTFLAGS RUSTC_WRAPPER RUSTUP_TOOLCHAIN
llvm=("$rust"/root/usr/lib/llvm-*/lib)
export PATH="$rust/root/usr/bin:$PATH"
export RUSTC="$rust/root/usr/bin/rustc" RUSTDOC="$rust/root/usr/bin/rustdoc" RUSTC_BOOTSTRAP=1
export LD_LIBRARY_PATH="$rust/root/usr/lib/$libraries:${llvm[0]}"
export CARGO_TARGET_DIR="$cache/target-$version"
"$RUSTC" --version >/dev/null || skip "the unpacked Rust $version does not run here"

cargo=("$rust/root/usr/bin/cargo")
build_std=("-Zbuild-std=std,panic_abort" --target "$target" --locked)

echo "Checking the workspace for $target with $("$RUSTC" --version)"
"${cargo[@]}" check "${build_std[@]}" --workspace --all-targets

if [[ ! -e $zig/complete ]]; then
    skip "zig $zig_version is not to be had: checked, but nothing was linked"
fi
# The linker is zig's, without the arguments that only Apple's tools know. Its name tells rustc to call it as a C
# compiler.
mkdir -p "$cache/bin"
cat >"$cache/bin/cc" <<LINK
#!/usr/bin/env bash
unset LD_LIBRARY_PATH
arguments=()
while ((\$#)); do
    case \$1 in
    -arch | -isysroot | -target) shift ;;
    --target=* | -mmacosx-version-min=* | -Wl,-exported_symbols_list*) ;;
    *) arguments+=("\$1") ;;
    esac
    shift
done
exec "$zig/ziglang/zig" cc -target aarch64-macos.11.0 -L "$here/scripts/macos" "\${arguments[@]}"
LINK
chmod +x "$cache/bin/cc"
export CARGO_TARGET_AARCH64_APPLE_DARWIN_LINKER="$cache/bin/cc"
echo "Linking the programs for $target"
"${cargo[@]}" build "${build_std[@]}" --workspace --bins
for program in sayso saysod sayso-lab; do
    magic=$(od -An -tx1 -N4 "$CARGO_TARGET_DIR/$target/debug/$program" | tr -d ' ')
    [[ $magic == cffaedfe ]] || { echo "$program is not a Mach-O program (it starts with $magic)" >&2; exit 1; }
done
echo "The workspace type-checks and links for $target."

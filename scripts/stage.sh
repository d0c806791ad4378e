#!/bin/sh
# Lays out what is installed: `stage.sh PROGRAMS DEST`, PROGRAMS being the folder with the two built programs.
# install.sh and release.sh both use this tree, so that a release is what a checkout gives.
set -eu
programs=$1 dest=$2
source=$(cd "$(dirname "$0")/.." && pwd)
share=$dest/share

mkdir -p "$dest/bin" "$share/sayso" "$share/man/man1" "$share/doc/sayso" "$share/zsh/site-functions" \
    "$share/bash-completion/completions" "$share/fish/vendor_completions.d"
for program in sayso saysod; do cp "$programs/$program" "$dest/bin/$program"; done
# MLX looks for its compiled kernels beside the program; only a Mac has them (see MLX_RS_METAL_PATH).
kernels=$programs/../metal/mlx.metallib
if [ -f "$kernels" ]; then cp "$kernels" "$dest/bin"; fi
cp -R "$source/shell/." "$share/sayso"
cp "$source/CHANGELOG.md" "$source/LICENSE-MIT" "$source/LICENSE-APACHE" "$source/NOTICE.md" "$share/doc/sayso"

# The programs know their own command lines.
"$programs/sayso" man "$share/man/man1"
"$programs/saysod" --man >"$share/man/man1/saysod.1"
"$programs/sayso" completions zsh >"$share/zsh/site-functions/_sayso"
"$programs/sayso" completions bash >"$share/bash-completion/completions/sayso"
"$programs/sayso" completions fish >"$share/fish/vendor_completions.d/sayso.fish"

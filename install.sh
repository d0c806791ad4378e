#!/bin/sh
# Installs sayso for one user, without root: from this checkout, or from a release tarball.
#
# Every file is written under a temporary name in its folder and then renamed. PREFIX/share/sayso/manifest lists everything
# that was added, so that a second run changes nothing and --uninstall leaves nothing behind. All code is in functions:
# a download of this script that was cut short does nothing.
set -eu
unset CDPATH

usage() {
    cat <<'USAGE'
Usage: sh install.sh [OPTION]...

In a checkout, it builds sayso with cargo. It needs no root.

  --from FILE.tar.gz   install this release tarball instead of building
  --sha256 HEX         its checksum (default: the one in FILE.tar.gz.sha256)
  --prefix DIR         where to install, an absolute path (default: $PREFIX, else ~/.local)
  --yes                add the one line to the start files of your shells without asking
  --no-rc              change no start file, and print the lines to add
  --service            have systemd or launchd start the daemon at login
  --train              in a checkout, also build and install the programs behind "sayso train"
  --uninstall          remove what this script added, and nothing else
  --help               show this text

Your shells are the one in $SHELL and those that have a start file. For every other one of zsh, bash and fish that is
installed, the line to add is printed. A line that another installation added is replaced.
USAGE
}

say() { printf '==> %s\n' "$*"; }
note() { printf '    %s\n' "$*"; }
die() {
    printf 'install.sh: %s\n' "$1" >&2
    shift
    for line; do printf '    %s\n' "$line" >&2; done
    exit 1
}

TAB=$(printf '\t')
# Ends every line that this script adds to a start file.
MARK='# added by install.sh of sayso, which also removes it'

main() {
    from='' sha256='' prefix=${PREFIX:-} rc=ask service='' train='' action=install
    while [ $# -gt 0 ]; do
        case $1 in
        --from=* | --sha256=* | --prefix=*)
            option=${1%%=*} value=${1#*=}
            shift
            set -- "$option" "$value" "$@"
            continue
            ;;
        --from | --sha256 | --prefix)
            [ $# -gt 1 ] || { usage >&2; exit 2; }
            case $1 in
            --from) from=$2 ;;
            --sha256) sha256=$2 ;;
            --prefix) prefix=$2 ;;
            esac
            shift
            ;;
        --yes) rc=yes ;;
        --no-rc) rc=no ;;
        --service) service=yes ;;
        --train) train=yes ;;
        --uninstall) action=uninstall ;;
        -h | --help) usage; exit 0 ;;
        *) printf 'install.sh: unknown option %s\n' "$1" >&2; usage >&2; exit 2 ;;
        esac
        shift
    done

    [ -z "$train" ] || [ -z "$from" ] ||
        die 'a release has no programs that train.' 'Nothing was changed. Use --train without --from, in a checkout.'
    [ -n "${HOME:-}" ] || die 'HOME is not set, so there is no folder to install into.' 'Nothing was changed.'
    prefix=${prefix:-$HOME/.local}
    case $prefix in
    /*) ;;
    # Relative to what? In a checkout, the current folder is rarely meant.
    *) die "the prefix '$prefix' is not an absolute path." "Nothing was changed. If you mean $PWD/$prefix, write that." ;;
    esac
    case "$prefix$HOME" in
    *"$TAB"* | *'
'*) die 'the prefix or HOME contains a tab or a line break, which the manifest cannot hold.' 'Nothing was changed.' ;;
    esac
    command -v sha256sum >/dev/null 2>&1 || command -v shasum >/dev/null 2>&1 ||
        die 'neither sha256sum nor shasum was found.' 'Nothing was changed. Install coreutils or Perl.'
    manifest=$prefix/share/sayso/manifest
    state_home=${XDG_STATE_HOME:-$HOME/.local/state}
    here=$(cd "$(dirname "$0")" && pwd)

    work=$(mktemp -d "${TMPDIR:-/tmp}/sayso-install.XXXXXX") ||
        die 'cannot create a temporary folder.' 'Nothing was changed. Is the disk full?'
    unfinished=$work/unfinished
    : >"$unfinished"
    trap clean_up EXIT
    heed_signals
    finished=''
    take_lock
    if [ -L "$manifest" ] || { [ -e "$manifest" ] && [ ! -f "$manifest" ]; }; then
        die "$manifest is not a plain file, so it says nothing about what is installed." 'Nothing was changed. Move it away.'
    fi

    if [ "$action" = uninstall ]; then uninstall; else install; fi
}

# Two runs would write over each other. A run that was killed leaves its lock, which says what it had begun: the next run
# finishes that.
take_lock() {
    lock=$HOME/.sayso-install.lock tries=0
    # No other run can change a home that cannot be written.
    [ -w "$HOME" ] || lock=$work/lock
    until mkdir "$lock" 2>/dev/null; do
        if [ ! -d "$lock" ] || [ -L "$lock" ]; then die "the lock $lock cannot be created." 'Nothing was changed.'; fi
        holder=$(sed -n '1{s/[^0-9].*//;p;}' "$lock/holder" 2>/dev/null) || holder=''
        if [ -n "$holder" ] && kill -0 "$holder" 2>/dev/null; then
            lock=''
            die "another install.sh (process $holder) is at work for this home." 'Nothing was changed. Try again when it is done.'
        fi
        tries=$((tries + 1))
        # A lock that names no holder may have been made at this very moment.
        if [ -z "$holder" ] && [ "$tries" -lt 3 ]; then sleep 1; continue; fi
        # If several runs find the lock, only one of them can move it.
        mv "$lock" "$work/stale" 2>/dev/null && finish_stale "$work/stale"
        [ "$tries" -lt 10 ] || die "the lock $lock cannot be taken; remove it." 'Nothing was changed.'
    done
    printf '%s\n%s\n' "$$" "$work" >"$lock/holder"
    unfinished=$lock/unfinished
    : >"$unfinished"
}

# Removes what a killed run had begun.
finish_stale() {
    finished=yes
    if [ -f "$1/unfinished" ]; then
        while IFS= read -r path; do
            case $path in /*.sayso-new) rm -f "$path" ;; esac
        done <"$1/unfinished"
    fi
    if [ -f "$1/entries" ] && [ ! -f "$manifest" ]; then known_entries "$1/entries" >"$work/left" && remove_folders "$work/left"; fi
    left=$(sed -n 2p "$1/holder" 2>/dev/null) || left=''
    case $left in
    */sayso-install.*/* | *..*) ;;
    "${TMPDIR:-/tmp}"/sayso-install.*) rm -rf "$left" ;;
    esac
    say 'Removed what an earlier run left when it was killed'
}

# known_entries MANIFEST: those lines of a manifest that this script can have written. Whatever else it says, no file
# outside of the prefix is removed, and no folder but one below the prefix or the home.
known_entries() {
    [ -f "$1" ] || return 0
    PREFIX=$prefix HOMES=$HOME STATE=$state_home LC_ALL=C awk -F '\t' '
        function below(path, folder) { return path == folder || index(path, folder "/") == 1 }
        function plain(path) { return path !~ /(^|\/)\.\.?(\/|$)/ && path !~ /^-/ && path !~ /[[:cntrl:]]/ }
        NR > 10000 { exit }
        $1 == "file" && NF == 3 && $2 ~ /^[0-9a-f]+$/ && $3 ~ /^(bin|share)\/./ && plain($3) { print; next }
        $1 == "dir" && NF == 2 && $2 ~ /^\// && plain($2) &&
            (below($2, ENVIRON["PREFIX"]) || below(ENVIRON["PREFIX"], $2) ||
             below($2, ENVIRON["HOMES"]) || below($2, ENVIRON["STATE"]) || below(ENVIRON["STATE"], $2)) { print; next }
        $1 == "line" && NF == 4 && $2 ~ /^\// && plain($2) && $3 ~ /^(-|newline)$/ && $4 ~ /^(there|created)$/ { print; next }
        $0 == "service" { print }
    ' "$1"
}

heed_signals() {
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 143' TERM
}

# However the script ends, no half-written file stays.
clean_up() {
    status=$?
    trap '' HUP INT TERM
    while IFS= read -r path; do rm -f "$path"; done <"$unfinished"
    if [ "$status" -ne 0 ] && [ ! -f "$manifest" ] && [ -f "$work/entries" ]; then remove_folders "$work/entries"; fi
    if [ -n "${lock:-}" ] && [ "$(sed -n 1p "$lock/holder" 2>/dev/null)" = "$$" ]; then rm -rf "$lock"; fi
    rm -rf "$work"
    exit "$status"
}

install() {
    if [ -n "$from" ]; then
        unpack
    elif [ -f "$here/Cargo.toml" ]; then
        build
    elif [ -x "$here/bin/sayso" ]; then
        tree=$here
    else
        die 'this folder is not a sayso checkout, and no tarball was given.' \
            'Nothing was changed. Give one with --from FILE.tar.gz.'
    fi
    (cd "$tree" && find bin share -type f | LC_ALL=C sort) >"$work/files"
    for program in sayso saysod; do
        [ -x "$tree/bin/$program" ] || die "the program $program is missing from what was to be installed." 'Nothing was changed.'
    done
    put_files
    after_files
}

# Builds the checkout and lays out the result in $tree.
build() {
    cargo=$(command -v cargo || true)
    if [ -z "$cargo" ] && [ -x "${CARGO_HOME:-$HOME/.cargo}/bin/cargo" ]; then
        PATH=${CARGO_HOME:-$HOME/.cargo}/bin:$PATH
        export PATH
        cargo=cargo
    fi
    [ -n "$cargo" ] || die 'cargo was not found: building sayso needs Rust.' \
        'Nothing was changed. Install Rust with rustup, or install a release with --from FILE.tar.gz.'
    needed=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' "$here/Cargo.toml")
    # Called outside the checkout: its rust-toolchain.toml would have rustup download the compiler that developers use.
    found=$(cd / && rustc --version 2>/dev/null | sed -n 's/^rustc \([0-9]*\.[0-9]*\).*/\1/p')
    [ -n "$found" ] || die 'rustc does not run here.' 'Nothing was changed. "rustup default stable" may repair it.'
    if [ "$(version_number "$found")" -lt "$(version_number "$needed")" ]; then
        die "Rust $found is too old: sayso needs $needed." 'Nothing was changed. "rustup update stable" installs a newer one.'
    fi
    say "Building sayso with Rust $found (a few minutes the first time)"
    target=${CARGO_TARGET_DIR:-target}
    case $target in /*) ;; *) target=$here/$target ;; esac
    build_packages --package sayso --package saysod --bins
    tree=$work/tree
    sh "$here/scripts/stage.sh" "$target/release" "$tree" || die 'the files to install could not be put together.' 'Nothing was changed.'
    [ -z "$train" ] || build_training
}

# build_packages ARGUMENT...: builds what these arguments of cargo choose, into $target.
build_packages() {
    # On a Mac, the build leaves MLX's kernels in this folder, where stage.sh looks for them.
    (cd / && MLX_RS_METAL_PATH=$target/metal cargo build --release --locked --manifest-path "$here/Cargo.toml" \
        --target-dir "$target" "$@") || die 'the build failed; see the messages of cargo above.' 'Nothing was changed.'
}

# Builds what `sayso train` runs, and adds it to $tree: the tagger's part everywhere, and that of language models where MLX is.
build_training() {
    say 'Building the programs that train (some minutes more)'
    build_packages --package sayso-lab --bin sayso-adapt
    cp "$target/release/sayso-adapt" "$tree/bin"
    case $(uname -sm) in
    'Darwin arm64')
        build_packages --package sayso-model-train --bins
        ;;
    'Linux x86_64')
        CARGO_TARGET_DIR=$target bash "$here/scripts/mlx-linux.sh" build --release --locked \
            --package sayso-model-train --features mlx --bins ||
            die 'the build with MLX failed; see the messages above.' 'Nothing was changed.'
        wheel=$(bash "$here/scripts/mlx-linux.sh" --wheel) || die 'MLX was not found.' 'Nothing was changed.'
        # The program looks for MLX here (models/train/build.rs), and MLX for its libraries beside itself, as in the wheel.
        mkdir -p "$tree/share/sayso/mlx"
        cp -R "$wheel/mlx/lib" "$tree/share/sayso/mlx"
        cp -R "$wheel/mlx_cpu.libs" "$tree/share/sayso"
        ;;
    *)
        note "Language models cannot be trained on $(uname -sm), for lack of MLX; \"sayso train adapt\" works"
        return
        ;;
    esac
    cp "$target/release/sayso-train" "$tree/bin"
}

# 1.95 → 1095
version_number() {
    minor=${1#*.}
    echo $((${1%%.*} * 1000 + ${minor%%.*}))
}

# Checks the tarball and unpacks it into $tree.
unpack() {
    [ -f "$from" ] || die "there is no file $from." 'Nothing was changed.'
    case $from in -*) from=./$from ;; esac
    if [ -z "$sha256" ]; then
        [ -f "$from.sha256" ] || die "the checksum of $from is not known." \
            "Nothing was changed. Give it with --sha256 HEX, or put $from.sha256 beside the tarball."
        sha256=$(sed -n '1s/[^0-9A-Fa-f].*//p;1q' "$from.sha256")
        [ -n "$sha256" ] || sha256=$(sed -n '1p' "$from.sha256")
    fi
    sha256=$(printf '%s' "$sha256" | tr 'A-F' 'a-f')
    case $sha256 in
    *[!0-9a-f]* | '') die "'$sha256' is not a SHA-256 checksum (64 hexadecimal digits)." 'Nothing was changed.' ;;
    esac
    found=$(checksum "$from")
    [ "$found" = "$sha256" ] || die "$from has another checksum than expected." \
        "expected SHA-256 $sha256" "found            $found" 'Nothing was changed. Download the file again.'
    say "$from has the right checksum"

    # Accept only files and folders, all below one folder, and only in the places that sayso uses.
    tar -tzf "$from" >"$work/names" 2>"$work/error" ||
        die "$from cannot be read as a .tar.gz: $(cat "$work/error")." 'Nothing was changed.'
    odd=$(LC_ALL=C awk -F/ '
        NR == 1 { top = $1 }
        $0 ~ /(^|\/)\.\.?(\/|$)/ || $1 != top || $1 == "" || $0 ~ /\\/ { print; exit }
        NF > 1 && $2 != "" && $2 !~ /^(bin|share|install\.sh)$/ { print; exit }
    ' "$work/names")
    [ -z "$odd" ] || die "$from contains an entry that does not belong there: $odd." 'Nothing was changed.'
    tar -tvzf "$from" | LC_ALL=C awk '$0 !~ /^[-d]/ { exit 1 }' ||
        die "$from contains something that is neither a file nor a folder." 'Nothing was changed.'
    mkdir "$work/unpacked"
    tar -xozf "$from" -C "$work/unpacked" 2>"$work/error" ||
        die "$from cannot be unpacked: $(cat "$work/error")." 'Nothing was changed. Is the disk full?'
    tree=$work/unpacked/$(sed -n '1s|/.*||p' "$work/names")
    if [ ! -d "$tree/bin" ] || [ ! -d "$tree/share" ]; then die "$from is not a release of sayso." 'Nothing was changed.'; fi
}

checksum() {
    if command -v sha256sum >/dev/null 2>&1; then sha256sum <"$1"; else shasum -a 256 <"$1"; fi | sed 's/ .*//'
}

# Puts every file of $tree under $prefix: all are written under temporary names before the first one is renamed.
put_files() {
    kilobytes=$(du -sk "$tree/bin" "$tree/share" | awk '{ sum += $1 } END { print sum }')
    make_folder "$prefix"
    free=$(df -Pk "$prefix" | awk 'NR == 2 { print $4 }')
    case $free in
    '' | *[!0-9]*) ;;
    *) [ "$free" -gt "$kilobytes" ] || die "$prefix has $free KiB free, and sayso needs $kilobytes KiB." 'Nothing was changed.' ;;
    esac

    : >"$work/new"
    : >"$work/renames"
    while IFS= read -r file; do
        sum=$(checksum "$tree/$file")
        printf 'file\t%s\t%s\n' "$sum" "$file" >>"$work/new"
        place=$prefix/$file
        if [ -e "$place" ] || [ -L "$place" ]; then
            [ -f "$place" ] || die "$place is not a file; move it away." 'Nothing was changed.'
            old=$(checksum "$place")
            [ "$old" != "$sum" ] || continue
            if ! recorded "$file"; then
                die "$place exists already, and this script did not put it there." \
                    'Nothing was changed. Move it away, or install elsewhere with --prefix DIR.'
            fi
            recorded "$file" "$old" || printf '%s\n' "$place" >>"$work/changed"
        fi
        make_folder "$(dirname "$place")"
        printf '%s\n' "$place.sayso-new" >>"$unfinished"
        { cp "$tree/$file" "$place.sayso-new" && chmod "$(mode_of "$file")" "$place.sayso-new"; } 2>"$work/error" ||
            die "$place cannot be written: $(cat "$work/error")." 'Nothing was changed.'
        printf '%s\n' "$place" >>"$work/renames"
    done <"$work/files"

    program=$prefix/bin/sayso.sayso-new
    [ -e "$program" ] || program=$prefix/bin/sayso
    "$program" --version >/dev/null 2>"$work/error" ||
        die "these programs do not run on this machine, $(uname -sm): $(cat "$work/error")." 'Nothing was changed.'

    # Files of an older release that this one no longer has.
    : >"$work/gone"
    known_entries "$manifest" >"$work/known"
    while IFS=$TAB read -r kind sum file; do
        [ "$kind" = file ] || continue
        grep -Fqx "$file" "$work/files" || printf '%s\t%s\n' "$sum" "$file" >>"$work/gone"
    done <"$work/known"

    # Until all files are renamed, the manifest lists the old ones and the new ones.
    make_folder "$(dirname "$manifest")"
    { other_entries; old_files; cat "$work/new"; } | once >"$work/union"
    # The rest takes milliseconds and must not be interrupted.
    trap '' HUP INT TERM
    write_manifest "$work/union"
    while IFS= read -r place; do
        if [ -f "$work/changed" ] && grep -Fqx "$place" "$work/changed"; then
            mv -f "$place" "$place.yours"
            note "You had changed $place; your version is now $place.yours"
        fi
        mv -f "$place.sayso-new" "$place"
    done <"$work/renames"
    while IFS=$TAB read -r sum file; do remove_file "$sum" "$file"; done <"$work/gone"
    { other_entries; cat "$work/new"; } >"$work/final"
    write_manifest "$work/final"
    heed_signals
    if [ -s "$work/renames" ]; then
        say "Installed $(wc -l <"$work/files" | tr -d ' ') files under $prefix"
    else
        say "All files under $prefix are up to date"
    fi
}

mode_of() { case $1 in bin/*) echo 755 ;; *) echo 644 ;; esac; }

# recorded FILE [SUM]: whether the manifest lists the file (with this checksum).
recorded() {
    [ -f "$manifest" ] || return 1
    FILE=$1 SUM=${2:-} LC_ALL=C awk -F '\t' '
        $1 == "file" && $3 == ENVIRON["FILE"] && (ENVIRON["SUM"] == "" || $2 == ENVIRON["SUM"]) { found = 1 }
        END { exit !found }' "$manifest"
}

old_files() { known_entries "$manifest" | grep "^file$TAB" || true; }

# The entries for folders, start files and the service, of earlier runs and of this one.
other_entries() {
    {
        known_entries "$manifest" | grep -v "^file$TAB" || true
        if [ -f "$work/entries" ]; then cat "$work/entries"; fi
    } | once
}

# Prints each line once, at its first position.
once() { awk '!seen[$0]++'; }

write_manifest() {
    if cmp -s "$1" "$manifest" 2>/dev/null; then return; fi
    printf '%s\n' "$manifest.sayso-new" >>"$unfinished"
    cp "$1" "$manifest.sayso-new" 2>"$work/error" || die "$manifest cannot be written: $(cat "$work/error")."
    mv -f "$manifest.sayso-new" "$manifest"
}

# make_folder DIR: like mkdir -p, but records the folders that it creates.
make_folder() {
    [ -d "$1" ] && return
    make_folder "$(dirname "$1")"
    mkdir "$1" 2>"$work/error" || die "the folder $1 cannot be created: $(cat "$work/error")." \
        'No program was installed. Install elsewhere with --prefix DIR.'
    printf 'dir\t%s\n' "$1" >>"$work/entries"
    printf 'dir\t%s\n' "$1" >>"$lock/entries"
}

# remove_folders ENTRIES: removes the folders that were created, deepest first, except those that are not empty.
remove_folders() {
    sed -n "s/^dir$TAB//p" "$1" | LC_ALL=C sort -r | while IFS= read -r folder; do
        rmdir "$folder" 2>/dev/null || true
    done
}

# remove_file SUM FILE: removes an installed file, unless it was changed since.
remove_file() {
    place=$prefix/$2
    rm -f "$place.sayso-new"
    [ -f "$place" ] || return 0
    if [ "$(checksum "$place")" = "$1" ]; then
        rm -f "$place"
    elif ! recorded "$2" "$(checksum "$place")"; then
        note "Kept $place: it was changed after it was installed"
    fi
}

after_files() {
    turned_on=''
    for shell in zsh bash fish; do start_file "$shell"; done
    # A daemon that still runs the replaced program would go on answering.
    if [ -s "$work/renames" ]; then "$prefix/bin/sayso" service stop >/dev/null 2>&1 || true; fi
    if [ -n "$service" ]; then
        say 'Installing the service'
        # Without a service, sayso starts the daemon when it is first needed.
        if "$prefix/bin/sayso" service install; then
            printf 'service\n' >>"$work/entries"
        else
            say 'The service was not installed; everything else is in place, and the first key press starts the daemon.'
        fi
    fi
    # The daemon creates this folder when it is missing; created here, it is in the manifest and can be removed.
    [ "$(uname -s)" = Darwin ] || make_folder "$state_home"
    { other_entries; cat "$work/new"; } >"$work/final"
    write_manifest "$work/final"
    try_it
}

# Prints the start file of a shell, or nothing if that shell cannot bind the key.
start_file_of() {
    case $1 in
    zsh)
        folder=${ZDOTDIR:-$HOME}
        # ZDOTDIR is mostly set in ~/.zshenv, which only zsh reads.
        if command -v zsh >/dev/null 2>&1; then
            # shellcheck disable=SC2016 # zsh expands it
            found=$(zsh -c 'print -r -- "${ZDOTDIR:-$HOME}"' </dev/null 2>/dev/null | tail -n 1) || found=''
            case $found in /*) folder=$found ;; esac
        fi
        file=$folder/.zshrc
        ;;
    bash)
        file=$HOME/.bashrc
        # Terminals of macOS start login shells, which read ~/.bash_profile alone.
        if [ "$(uname -s)" = Darwin ] && ! grep -q bashrc "$HOME/.bash_profile" 2>/dev/null; then
            file=$HOME/.bash_profile
        fi
        ;;
    fish) file=${XDG_CONFIG_HOME:-$HOME/.config}/fish/config.fish ;;
    esac
    command -v "$1" >/dev/null 2>&1 || return 0
    # shellcheck disable=SC2016 # the other bash expands it
    if [ "$1" = bash ] && ! bash -c '[ $((BASH_VERSINFO[0] * 100 + BASH_VERSINFO[1])) -ge 404 ]'; then
        if is_used bash "$file"; then note 'This bash is older than 4.4, which sayso needs: its start file was left alone' >&2; fi
        return 0
    fi
    printf '%s\n' "$file"
}

# is_used SHELL FILE: whether this user uses the shell whose start file is FILE.
is_used() {
    case ${SHELL:-} in
    */"$1") return 0 ;;
    esac
    [ -e "$2" ]
}

# quoted_program SHELL: the path of the program, quoted for that shell.
quoted_program() {
    case $1:$prefix in
    fish:*[!A-Za-z0-9_./-]*) printf "'%s'" "$(printf '%s' "$prefix/bin/sayso" | sed "s/[\\\\']/\\\\&/g")" ;;
    *:*[!A-Za-z0-9_./-]*) printf "'%s'" "$(printf '%s' "$prefix/bin/sayso" | sed "s/'/'\\\\''/g")" ;;
    *) printf '%s' "$prefix/bin/sayso" ;;
    esac
}

# The line that turns sayso on in a shell. It names the program by its path, because PATH may not be set yet.
start_line() {
    program=$(quoted_program "$1")
    case $1 in
    fish) printf '%s\n' "status is-interactive; and $program init fish | source" ;;
    *) printf '%s\n' "eval \"\$($program init $1)\"" ;;
    esac
}

# Adds the line to the start file of a shell, once, if the user agrees.
start_file() {
    file=$(start_file_of "$1")
    [ -n "$file" ] || return 0
    line=$(start_line "$1")
    if ! is_used "$1" "$file"; then
        note "If you start using $1, add this line to $file: $line"
        return
    fi
    if [ -f "$file" ] && grep -Fqx "$line $MARK" "$file"; then
        note "$file turns sayso on already"
        turned_on=yes
        return
    fi
    if [ -f "$file" ] && ! grep -Fq "$MARK" "$file" && grep -Eq "^[^#]*sayso[^#]* init $1" "$file"; then
        note "$file turns sayso on already, in your own words"
        turned_on=yes
        return
    fi
    if [ "$rc" != yes ]; then
        answer=n
        if [ "$rc" = ask ] && [ -t 0 ] && [ -t 1 ]; then
            printf 'Add this line to %s?\n    %s\n[Y/n] ' "$file" "$line"
            IFS= read -r answer || answer=n
        fi
        case $answer in
        '' | [Yy] | [Yy][Ee][Ss]) ;;
        *)
            say "To turn sayso on in $1, add this line to $file:"
            note "$line"
            return
            ;;
        esac
    fi
    # A link that leads nowhere or in a circle is left alone, and so is a file that cannot be written.
    if { [ -L "$file" ] && [ ! -e "$file" ]; } || { [ -e "$file" ] && ! { [ -f "$file" ] && [ -w "$file" ]; }; }; then
        say "$file is read-only or leads nowhere, so it was left alone. To turn sayso on in $1, add this line:"
        note "$(start_line "$1")"
        return
    fi
    # This line replaces that of an earlier installation under another prefix.
    outcome="Added one line to $file"
    if [ -f "$file" ] && grep -Fq "$MARK" "$file"; then
        if grep -F "$MARK" "$file" | grep -Fvq "$(quoted_program "$1") init "; then
            outcome="$file turned on another installation; its line is now that of the one in $prefix"
        fi
        remove_lines "$file" '' '' || return 0
    fi
    state=there
    newline=-
    if [ ! -e "$file" ]; then
        state=created
        make_folder "$(dirname "$file")"
    elif [ -n "$(tail -c 1 "$file")" ]; then
        newline=newline
        line=$(printf '\n%s' "$line")
    fi
    # Recorded first: removing a line that was never added does no harm.
    printf 'line\t%s\t%s\t%s\n' "$file" "$newline" "$state" >>"$work/entries"
    { other_entries; cat "$work/new"; } >"$work/final"
    write_manifest "$work/final"
    if printf '%s\n' "$line $MARK" 2>/dev/null >>"$file"; then
        turned_on=yes
        say "$outcome"
    else
        say "$file cannot be written. To turn sayso on in $1, add this line:"
        note "$(start_line "$1")"
    fi
}

# remove_lines FILE PROGRAM NEWLINE: removes the lines that this script added for a program (for any program if it is empty)
# from a start file; if NEWLINE is "newline", also the line break before the last one. Fails, and says what to do by hand, if
# the file cannot be rewritten.
remove_lines() {
    real=$1 links=0
    by_hand="$1 cannot be rewritten, so it was left alone; remove the line that contains 'install.sh of sayso' by hand."
    if [ ! -w "$real" ]; then note "$by_hand"; return 1; fi
    while [ -L "$real" ]; do
        links=$((links + 1))
        if [ "$links" -gt 40 ]; then note "$by_hand"; return 1; fi
        link=$(readlink "$real")
        case $link in /*) real=$link ;; *) real=$(dirname "$real")/$link ;; esac
    done
    end=newline
    [ -z "$(tail -c 1 "$real")" ] || end=none
    printf '%s\n' "$real.sayso-new" >>"$unfinished"
    # The copy keeps the mode of the file.
    if ! cp -p "$real" "$real.sayso-new" 2>/dev/null; then note "$by_hand"; return 1; fi
    MARK=$MARK PROGRAM=$2 END=$end NEWLINE=$3 LC_ALL=C awk '
        { ours = index($0, ENVIRON["PROGRAM"]) && length($0) >= length(ENVIRON["MARK"]) &&
                 substr($0, length($0) - length(ENVIRON["MARK"]) + 1) == ENVIRON["MARK"] }
        !ours { printf "%s%s", before, $0; before = "\n" }
        END {
            if (before != "" && ENVIRON["END"] == "newline" && !(ours && ENVIRON["NEWLINE"] == "newline")) printf "\n"
        }' "$real" >"$real.sayso-new" || { rm -f "$real.sayso-new"; note "$by_hand"; return 1; }
    mv -f "$real.sayso-new" "$real"
}

# Converts a sentence with the installed programs, and tells the user what to do next.
try_it() {
    sentence='git commit dash m quote fix login bug quote'
    if ! result=$(printf '%s' "$sentence" | "$prefix/bin/sayso" convert --deadline-ms 10000 2>"$work/error"); then
        die "sayso is installed, but could not convert a sentence: $(cat "$work/error")." \
            "Run '$prefix/bin/sayso doctor' to see why."
    fi
    say 'It works. You say, and you get:'
    note "$sentence"
    note "$result"
    if [ -n "$turned_on" ]; then
        say "Open a new shell, dictate a command, and press $(key_name)."
    else
        say "With that line in a start file: open a new shell, dictate a command, and press $(key_name)."
    fi
    case :${PATH:-}: in
    *:"$prefix/bin":*) ;;
    *)
        say "$prefix/bin is not in your PATH. The key works all the same; to type 'sayso', add it to PATH:"
        # shellcheck disable=SC2016 # the user's shell expands it
        note "$(printf 'export PATH="%s:$PATH"   (fish: fish_add_path "%s")' "$prefix/bin" "$prefix/bin")"
        ;;
    esac
}

# The key of the settings, as a person writes it.
key_name() {
    key=$("$prefix/bin/sayso" config show 2>/dev/null | sed -n 's/^ *key *= *"\(.*\)".*/\1/p' | sed -n 1p)
    case $key in
    '' | 'ctrl-x ctrl-v') printf 'Ctrl-X Ctrl-V' ;;
    *) printf '%s' "$key" ;;
    esac
}

uninstall() {
    if [ ! -f "$manifest" ] && [ -n "$finished" ]; then return; fi
    [ -f "$manifest" ] || die "nothing is installed under $prefix (there is no $manifest)." 'Nothing was changed.'
    known_entries "$manifest" >"$work/known"
    sayso=$prefix/bin/sayso
    if [ -x "$sayso" ]; then
        if grep -Fqx service "$work/known"; then
            "$sayso" service uninstall || die 'the service could not be removed.' 'Everything else was kept.'
        fi
        "$sayso" service stop >/dev/null 2>&1 || true
    fi
    while IFS=$TAB read -r kind file newline state; do
        if [ "$kind" != line ] || [ ! -f "$file" ]; then continue; fi
        case $file in
        *.fish) program=$(quoted_program fish) ;;
        *) program=$(quoted_program sh) ;;
        esac
        if grep -F "$MARK" "$file" | grep -Fq "$program init "; then
            if remove_lines "$file" "$program init " "$newline"; then say "Removed the line from $file"; fi
        fi
        if [ "$state" = created ] && [ ! -s "$file" ] && [ ! -L "$file" ]; then rm -f "$file"; fi
    done <"$work/known"
    while IFS=$TAB read -r kind sum file; do
        if [ "$kind" = file ]; then remove_file "$sum" "$file"; fi
    done <"$work/known"
    # Nor its locks, unless a daemon of another installation still listens.
    user=$(id -u)
    for folder in "${XDG_RUNTIME_DIR:+$XDG_RUNTIME_DIR/sayso}" "${TMPDIR:-/tmp}/sayso-$user" "/tmp/sayso-$user" "$HOME/.sayso/run"; do
        if [ -n "$folder" ] && [ -d "$folder" ] && [ ! -L "$folder" ] && [ ! -S "$folder/sayso.sock" ]; then
            rm -f "$folder/sayso.sock.lock" "$folder/sayso.sock.start"
            rmdir "$folder" 2>/dev/null || true
        fi
    done
    rmdir "$HOME/.sayso" 2>/dev/null || true
    # Nobody needs the daemon's logs any more.
    for folder in "$state_home/sayso" "$HOME/Library/Caches/sayso"; do
        if [ -d "$folder" ]; then
            rm -f "$folder"/saysod.*log
            rmdir "$folder" 2>/dev/null || true
        fi
    done
    rm -f "$manifest"
    remove_folders "$work/known"
    say "sayso is no longer installed under $prefix"
    for kept in "${XDG_CONFIG_HOME:-$HOME/.config}/sayso" "$HOME/Library/Application Support/sayso"; do
        if [ -e "$kept" ]; then note "Kept your settings in $kept"; fi
    done
    for kept in "${XDG_DATA_HOME:-$HOME/.local/share}/sayso/models" "$HOME/Library/Application Support/sayso/models"; do
        if [ -e "$kept" ]; then note "Kept your language models in $kept"; fi
    done
}

main "$@"

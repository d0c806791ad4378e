#!/usr/bin/env bash
# Takes the picture of the README: a real zsh in a real terminal (tmux), the real daemon, one key, and `sayso try`.
# Needs zsh, tmux and python3, and the binaries built: `cargo build --release --workspace`.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
bin=${CARGO_TARGET_DIR:-$here/../../target}/release
home=$(mktemp -d)
trap 'tmux -L sayso-picture kill-server 2>/dev/null; rm -rf "$home"' EXIT

mkdir -m 700 "$home/run"
cat > "$home/.zshrc" <<RC
PROMPT='%F{green}~/app%f %F{blue}❯%f '
unsetopt PROMPT_SP
eval "\$(sayso init zsh)"
RC
tmux -L sayso-picture -f /dev/null new-session -d -x 92 -y 14 \
    "env -i HOME='$home' ZDOTDIR='$home' XDG_RUNTIME_DIR='$home/run' PATH='$bin:$PATH' TERM=screen-256color LANG=C.UTF-8 zsh -i"

screen() { tmux -L sayso-picture capture-pane -e -p; }
# Waits until the screen shows a text, for ten seconds at most.
wait_for() {
    for _ in $(seq 200); do
        if tmux -L sayso-picture capture-pane -p -J | grep -qF -- "$1"; then return; fi
        read -rt 0.05 <> <(:) || true
    done
    echo "the screen never showed: $1" >&2
    screen >&2
    exit 1
}

pictures=()
number=0
shot() {
    number=$((number + 1))
    screen | sed -e :a -e '/^\n*$/{$d;N;ba' -e '}' > "$home/$number"
    pictures+=("$1=$home/$number")
}
show() {
    tmux -L sayso-picture send-keys C-u C-l
    wait_for '❯'
    tmux -L sayso-picture send-keys -l -- "$1"
    wait_for "$1"
    shot "what the dictation tool typed"
    tmux -L sayso-picture send-keys C-x C-v
    wait_for "$2"
    shot "Ctrl-X Ctrl-V"
}

wait_for '❯'
show 'git commit dash m quote fix login bug quote' 'git commit -m "fix login bug"'
# The playground: what was dictated above, what becomes of it below, with its other readings.
playground() {
    # Twice: the time of the first line is that of a daemon that has just started.
    for _ in 1 2; do
        tmux -L sayso-picture send-keys C-u
        wait_for 'a dictation, or a command'
        tmux -L sayso-picture send-keys -l -- "$1"
        wait_for "$2"
    done
    shot "sayso try: $3"
}
tmux -L sayso-picture send-keys C-u C-l
tmux -L sayso-picture send-keys -l -- 'sayso try'
tmux -L sayso-picture send-keys Enter
wait_for 'Ctrl-C ends without a trace'
playground 'okay so find dot dash name quote star dot rs quote pipe xargs wc dash l' 'find . -name "*.rs" | xargs wc -l' 'a dictation'
playground 'ssh -p 2222 deploy@10.0.0.5' 'ssh space dash p' 'a command, and how it is said'
tmux -L sayso-picture send-keys C-c
python3 "$here/draw.py" "${pictures[@]}" > "$here/../sayso.svg"

# shellcheck shell=bash
# sayso for bash (4.4 and later): one key turns a dictated line into the command, in place. Nothing is ever
# executed.
#
# `sayso init bash` prints this file below lines that set the variables of the next block from the settings. bash 3.2,
# which macOS has, must be able to parse all of it, up to the check of the version at the end.

# Functions are read with aliases off, so that no alias becomes a part of them.
_sayso_aliases=0
\shopt -q expand_aliases && _sayso_aliases=1
\shopt -u expand_aliases

# The key (and its first chord, if it has two), how long an answer may take (milliseconds), whether Enter converts too,
# and which program is the client.
: "${_sayso_key=\C-x\C-v}" "${_sayso_prefix=\C-x}" "${_sayso_deadline_ms:=1000}" "${_sayso_enter:=0}"
: "${_sayso_client:=sayso}"

# The lines that further presses show in turn: the result, its alternatives, the dictation; and the cursor in each.
# `_sayso_turn` is the index of the one on the screen, or -1; `_sayso_message` is the message about it.
_sayso_lines=()
_sayso_cursors=()
_sayso_turn=-1
_sayso_message=

# The key. Converts the line; pressed again, shows the next reading. Readline does not say whether a region is active,
# so the key always converts the whole line.
sayso_convert() {
  # Inside a condition, a user's `set -e` cannot end the shell.
  if _sayso_shown && (( ${#_sayso_lines[@]} > 1 )); then
    _sayso_show "$(( (_sayso_turn + 1) % ${#_sayso_lines[@]} ))"
  elif _sayso_ask "$_sayso_deadline_ms" 0; then
    _sayso_show 0
  fi
  if [[ -n $_sayso_message ]]; then
    printf 'sayso: %s\n' "$_sayso_message"
  fi
  _sayso_message=
}

# Enter, if the settings ask for it, is a macro of two keys. This is the first. It converts a line that is surely
# dictation and then keeps the second key from running it; in every other case the second key runs the line.
_sayso_enter_key() {
  local second=accept-line map
  if ! _sayso_shown && _sayso_ask 150 90; then
    _sayso_show 0
    printf 'sayso: converted%s; Enter runs it\n' "${_sayso_message:+; $_sayso_message}"
    second=redraw-current-line
  fi
  _sayso_message=
  for map in emacs vi-insert vi-command; do
    bind -m "$map" "\"\\C-x\\C-_\": $second"
  done
}

# Whether the line is still the one that sayso wrote last.
_sayso_shown() {
  (( _sayso_turn >= 0 )) && [[ $READLINE_LINE == "${_sayso_lines[_sayso_turn]}" ]]
}

# Writes reading number $1 into the line; readline makes it one step of undo.
_sayso_show() {
  _sayso_turn=$1
  READLINE_LINE=${_sayso_lines[_sayso_turn]}
  READLINE_POINT=${_sayso_cursors[_sayso_turn]}
}

# Asks for the readings of the line, within $1 milliseconds. If $2 is above 0, the answer counts only if it is at least
# that sure, in percent, and changes the text. Fails if the line stays as it is, with the reason in `_sayso_message`.
_sayso_ask() {
  local deadline=$1 sure=$2 line=$READLINE_LINE point=$READLINE_POINT
  _sayso_message=
  _sayso_turn=-1

  # White space at the start is kept, because it keeps a command out of the history; at the end it is removed.
  local lead=${line%%[![:space:]]*}
  local text=${line#"$lead"}
  text=${text%"${text##*[![:space:]]}"}
  if (( sure > 0 )) && [[ -z $text ]]; then return 1; fi
  local cursor=$(( point - ${#lead} ))
  (( cursor = cursor < 0 ? 0 : cursor > ${#text} ? ${#text} : cursor ))

  # Ctrl-C would discard the whole line; with this trap it only ends the client.
  local stopped=0 saved fields=()
  # The commands of a substitution are parsed when it runs, so backslashes keep aliases out here and below.
  saved=$(\trap -p INT)
  trap stopped=1 INT
  # The text goes through a pipe, because other users can see arguments. The answer is fields that end in NUL: ok,
  # message, stage, percent, cursor, line, alternatives; or a code and a message.
  mapfile -d '' -t fields < <(
    exec "$_sayso_client" convert --fields --session "bash-$$" --cursor "$cursor" \
      --deadline-ms "$deadline" < <(\printf %s "$text") 2>/dev/null
  )
  if [[ -n $saved ]]; then eval "\\$saved"; else trap - INT; fi

  if (( stopped )); then
    _sayso_message='stopped; the line stays as it was'
  elif [[ ${fields[0]-} == ok ]] && (( ${#fields[@]} >= 6 )); then
    if (( fields[3] < sure )) || { (( sure > 0 )) && [[ ${fields[5]} == "$text" ]]; }; then return 1; fi
    _sayso_message=${fields[1]}
    _sayso_lines=("$lead${fields[5]}")
    _sayso_cursors=("$(( ${#lead} + fields[4] ))")
    local reading
    for reading in "${fields[@]:6}"; do
      _sayso_lines+=("$lead$reading")
      _sayso_cursors+=("$(( ${#lead} + ${#reading} ))")
    done
    if [[ ${fields[5]} != "$text" ]]; then
      _sayso_lines+=("$line")
      _sayso_cursors+=("$point")
    fi
    return 0
  elif [[ -n ${fields[1]-} ]]; then
    _sayso_message=${fields[1]}
  elif ! type -P "$_sayso_client" >/dev/null; then
    _sayso_message="the program $_sayso_client is gone; install sayso again. The line stays as it was"
    if [[ $_sayso_client != */* ]]; then
      _sayso_message="the program $_sayso_client is not in PATH; add its folder, or install it. The line stays as it was"
    fi
  else
    _sayso_message="no answer; try \`$_sayso_client doctor\`. The line stays as it was"
  fi
  return 1
}

_sayso_bind() {
  local map
  # A first chord that inserts itself in vi mode would be inserted whenever the second one comes late, so it is unbound.
  # Only once: unbinding a chord that already begins longer ones would remove those.
  if [[ -n $_sayso_key && -n $_sayso_prefix && -z ${_sayso_bound-} ]]; then
    bind -m vi-insert -r "$_sayso_prefix" || :
    _sayso_bound=yes
  fi
  for map in emacs vi-insert vi-command; do
    if [[ -n $_sayso_key ]]; then bind -m "$map" -x "\"$_sayso_key\": sayso_convert"; fi
    if (( _sayso_enter )); then
      bind -m "$map" -x '"\C-x\C-]": _sayso_enter_key'
      bind -m "$map" '"\C-x\C-_": accept-line'
      bind -m "$map" '"\C-m": "\C-x\C-]\C-x\C-_"'
      bind -m "$map" '"\C-j": "\C-x\C-]\C-x\C-_"'
    fi
  done
}

if (( BASH_VERSINFO[0] * 100 + BASH_VERSINFO[1] < 404 )); then
  printf 'sayso: bash %s is too old, 4.4 is needed; no key was bound (on macOS: brew install bash)\n' "$BASH_VERSION" >&2
elif [[ -z ${SAYSO_NO_BIND+set} && $- == *i* ]]; then
  _sayso_bind
fi
if (( _sayso_aliases )); then \shopt -s expand_aliases; fi
unset _sayso_aliases

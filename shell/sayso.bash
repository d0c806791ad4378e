# shellcheck shell=bash
# sayso for bash (4.4 and later): one key turns a dictated line into the command, in place. Nothing is ever
# executed.
#
# `sayso init bash` prints this file below the lines that set the variables of the next block from the settings.
# Everything down to the version check, and the syntax of the rest, must be readable by bash 3.2, which macOS has.

# Functions are read with aliases off, so that none can get into them.
_sayso_aliases=0
\shopt -q expand_aliases && _sayso_aliases=1
\shopt -u expand_aliases

# What the key is (and its first chord, where it has two), how long an answer may take (milliseconds), whether Enter
# converts too, and which program is the client.
: "${_sayso_key=\C-x\C-v}" "${_sayso_prefix=\C-x}" "${_sayso_deadline_ms:=1000}" "${_sayso_enter:=0}"
: "${_sayso_client:=sayso}"

# The lines that further presses walk through: the result, its alternatives, what was dictated; and the cursor in
# each. `_sayso_turn` is the one on the screen, counted from 0, and -1 where there is none; `_sayso_message` is what
# is to be said about it.
_sayso_lines=()
_sayso_cursors=()
_sayso_turn=-1
_sayso_message=

# The key. Converts the line; pressed again, shows the next reading. Readline does not tell whether a region is
# active, so it is always the whole line.
sayso_convert() {
  # Inside a condition `set -e` of the person cannot end the shell.
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

# Enter, where the settings ask for it, is a macro of two keys. This is the first: it converts a line that is
# dictation for sure, and decides whether the second runs the line, as it does in every other case.
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

# Whether the line is still the one that was put there last.
_sayso_shown() {
  (( _sayso_turn >= 0 )) && [[ $READLINE_LINE == "${_sayso_lines[_sayso_turn]}" ]]
}

# Puts reading number $1 into the editor; readline makes it one step of undo.
_sayso_show() {
  _sayso_turn=$1
  READLINE_LINE=${_sayso_lines[_sayso_turn]}
  READLINE_POINT=${_sayso_cursors[_sayso_turn]}
}

# Asks for the readings of the line within $1 milliseconds. With $2 above 0 the answer counts only if it is so sure,
# in percent, and changes the text. Fails where the line stays as it is, with the reason in `_sayso_message`.
_sayso_ask() {
  local deadline=$1 sure=$2 line=$READLINE_LINE point=$READLINE_POINT
  _sayso_message=
  _sayso_turn=-1

  # White space at the start stays (it keeps a command out of the history); at the end it goes.
  local lead=${line%%[![:space:]]*}
  local text=${line#"$lead"}
  text=${text%"${text##*[![:space:]]}"}
  if (( sure > 0 )) && [[ -z $text ]]; then return 1; fi
  local cursor=$(( point - ${#lead} ))
  (( cursor = cursor < 0 ? 0 : cursor > ${#text} ? ${#text} : cursor ))

  # Ctrl-C would throw the whole line away; with a trap of our own it only ends the client.
  local stopped=0 saved fields=()
  # What a substitution runs is read when it runs, so aliases are kept out by hand here and below.
  saved=$(\trap -p INT)
  trap stopped=1 INT
  # The text goes by pipe, never as an argument; the answer is fields that end in NUL: ok, message, stage, percent,
  # cursor, line, alternatives; or a code and a message.
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
  # A first chord that types itself in vi mode would be typed whenever the second one comes late. Once is enough: a
  # chord that already begins longer ones would be bound to nothing instead.
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

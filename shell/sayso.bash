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

# The keys that convert, go back one reading and open the picker, and the first chord of each that has two; how long an
# answer may take (milliseconds), whether Enter converts too, and which program is the client.
: "${_sayso_key=\C-x\C-v}" "${_sayso_prefix=\C-x}" "${_sayso_deadline_ms:=1000}" "${_sayso_enter:=0}"
: "${_sayso_back_key=\C-x\C-b}" "${_sayso_back_prefix=\C-x}" "${_sayso_pick_key=\C-x\C-p}" "${_sayso_pick_prefix=\C-x}"
: "${_sayso_client:=sayso}"

# Whether corrected lines are learnt from; and, until the line was run or given up, the dictation of the line, what it was
# answered with, and the number of the last entry of the history before it.
: "${_sayso_learn:=0}"
_sayso_heard=
_sayso_answer=
_sayso_entry=

# The lines that further presses show in turn: the result, its alternatives, the dictation; with the cursor in each and
# the note about it. `_sayso_turn` is the index of the one on the screen, or -1; `_sayso_message` is what to say about it.
# `_sayso_said` is the white space before the dictation, the dictation, the whole line and the cursor. `_sayso_told` is how
# many rows of a message stand above the line, and `_sayso_noted` the line that it is about.
_sayso_lines=()
_sayso_cursors=()
_sayso_notes=()
_sayso_said=()
_sayso_turn=-1
_sayso_message=
_sayso_told=0
_sayso_noted=
_sayso_percent=0
# The names of symbols, as a pattern, and the line that Enter did not run.
: "${_sayso_spoken=}"
_sayso_held=

# The key. Converts the line; pressed again, shows the next reading. Readline does not say whether a region is active,
# so the key always converts the whole line.
sayso_convert() {
  local was=$READLINE_LINE
  # Inside a condition, a user's `set -e` cannot end the shell.
  if ! _sayso_step 1 && _sayso_ask "$_sayso_deadline_ms"; then
    _sayso_show 0
  fi
  _sayso_say "$_sayso_message"
}

# The second key. Shows the reading before.
sayso_back() {
  local was=$READLINE_LINE
  _sayso_step -1 || _sayso_message='there is no reading to go back to; convert the line first'
  _sayso_say "$_sayso_message"
}

# The third key. Opens the list of readings below the line, and takes the one that is chosen there.
sayso_pick() {
  local fields=() shown was=$READLINE_LINE
  _sayso_say ''
  _sayso_message=
  _sayso_shown || _sayso_select
  if [[ -z ${_sayso_said[1]} ]]; then
    _sayso_say 'the line is empty: dictate a command first'
    return 0
  fi
  # Readline has cleared the line, so it is shown here again, as it is below a list of completions. The prompt comes
  # without the marks round what takes no place.
  shown=${PS1@P}$READLINE_LINE
  printf '%s' "${shown//[$'\001\002']/}"
  mapfile -d '' -t fields < <(
    exec "$_sayso_client" pick --fields --session "bash-$$" < <(\printf %s "${_sayso_said[1]}") 2>/dev/null
  )
  # Back to where readline draws the line.
  _sayso_rows "${shown##*$'\n'}"
  (( REPLY > 1 )) && printf '\e[%dA' "$(( REPLY - 1 ))"
  printf '\r\e[J'
  if _sayso_take "${fields[@]}"; then
    _sayso_show 0
  fi
  [[ ${fields[0]-} == cancelled ]] || _sayso_say "$_sayso_message"
  _sayso_message=
}

# Enter, if the settings ask for it, is a macro of two keys. This is the first. A line that says symbols is converted, or
# stays with the reason, and then this keeps the second key from running it; in every other case that key runs the line.
_sayso_enter_key() {
  local second=accept-line map was=$READLINE_LINE
  if ! _sayso_shown && _sayso_hold; then
    second=redraw-current-line
  fi
  _sayso_message=
  for map in emacs vi-insert vi-command; do
    bind -m "$map" "\"\\C-x\\C-_\": $second"
  done
}

# Whether the line is not to be run yet.
_sayso_hold() {
  local line=$READLINE_LINE spoken=0 sure
  # It was held once, with a message.
  if [[ $line != *[![:space:]]* || $line == "$_sayso_held" ]]; then return 1; fi
  # A line that says symbols, as words of their own, would not run as it was meant.
  local names="@($_sayso_spoken)"
  # shellcheck disable=SC2053 # It is a pattern.
  if [[ -n $_sayso_spoken && " ${line,,} " == *[[:space:]]${names}[[:space:],.]* ]]; then spoken=1; fi
  if _sayso_ask 150; then
    sure=$(( _sayso_percent >= 90 ))
    if [[ ${_sayso_lines[0]} != "${_sayso_said[0]}${_sayso_said[1]}" ]] && (( sure || spoken )); then
      _sayso_show 0
      _sayso_message="${_sayso_message:+$_sayso_message; }converted"
    elif (( spoken && ! sure )); then
      _sayso_message=${_sayso_notes[0]}
    else
      return 1
    fi
  elif (( ! spoken )); then
    return 1
  fi
  _sayso_held=$line
  _sayso_say "$_sayso_message; Enter runs it"
}

# Undo is a macro of two keys as well. This is the first: it removes what was said about the line.
_sayso_undo_key() {
  local was=$READLINE_LINE
  _sayso_say ''
}

# Says something in the rows above the line, in place of what was said there before; nothing, if $1 is empty. Below the
# line it would be in the way of completions and of the next prompt, of which readline says nothing. `was` is the line
# before the key was pressed: a message about another one stays where it is.
_sayso_say() {
  if (( _sayso_told )) && [[ $was == "$_sayso_noted" ]]; then
    printf '\e[%dA\r\e[J' "$_sayso_told"
  fi
  _sayso_told=0
  if [[ -n $1 ]]; then
    printf 'sayso: %s\n' "$1"
    _sayso_rows "sayso: $1"
    _sayso_told=$REPLY
    _sayso_noted=$READLINE_LINE
  fi
  _sayso_message=
}

# Sets REPLY to how many rows a text takes. What takes no place is not counted.
_sayso_rows() {
  local text=$1
  while [[ $text == *$'\001'*$'\002'* ]]; do text=${text%%$'\001'*}${text#*$'\002'}; done
  (( REPLY = 1 + (${#text} > 0 ? ${#text} - 1 : 0) / ${COLUMNS:-80} ))
}

# Goes on by $1 readings, if the line is still one that sayso wrote.
_sayso_step() {
  local count=${#_sayso_lines[@]}
  _sayso_shown && (( count > 1 )) || return 1
  _sayso_show "$(( (_sayso_turn + $1 + count) % count ))"
}

# Whether the line is still the one that sayso wrote last, or another reading, to which undo has gone back.
_sayso_shown() {
  (( _sayso_turn >= 0 )) || return 1
  [[ $READLINE_LINE == "${_sayso_lines[_sayso_turn]}" ]] && return 0
  local at
  for (( at = 0; at + 1 < ${#_sayso_lines[@]}; at++ )); do
    if [[ $READLINE_LINE == "${_sayso_lines[at]}" ]]; then
      _sayso_turn=$at
      return 0
    fi
  done
  return 1
}

# Writes reading number $1 into the line; readline makes it one step of undo.
_sayso_show() {
  _sayso_turn=$1
  READLINE_LINE=${_sayso_lines[_sayso_turn]}
  READLINE_POINT=${_sayso_cursors[_sayso_turn]}
  _sayso_message=${_sayso_notes[_sayso_turn]}
}

# What this shell knows, so that its names can be said. The client reads the PATH and the environment by itself.
_sayso_known() {
  \compgen -P 'alias ' -a
  \compgen -P 'function ' -A function
}

# Takes the line apart: `_sayso_said`. White space at the start is kept, because it keeps a command out of the history; at
# the end it is removed.
_sayso_select() {
  local line=$READLINE_LINE
  local lead=${line%%[![:space:]]*}
  local text=${line#"$lead"}
  text=${text%"${text##*[![:space:]]}"}
  _sayso_said=("$lead" "$text" "$line" "$READLINE_POINT")
}

# Asks for the readings of the line, within $1 milliseconds. Fails if the line stays as it is, with the reason in
# `_sayso_message`.
_sayso_ask() {
  local deadline=$1 text lead
  _sayso_message=
  _sayso_turn=-1
  _sayso_select
  lead=${_sayso_said[0]} text=${_sayso_said[1]}
  local cursor=$(( _sayso_said[3] - ${#lead} ))
  (( cursor = cursor < 0 ? 0 : cursor > ${#text} ? ${#text} : cursor ))

  # Ctrl-C would discard the whole line; with this trap it only ends the client.
  local stopped=0 saved fields=()
  # The commands of a substitution are parsed when it runs, so backslashes keep aliases out here and below.
  saved=$(\trap -p INT)
  trap stopped=1 INT
  # The text goes through a pipe, because other users can see arguments.
  mapfile -d '' -t fields < <(
    SAYSO_SHELL_NAMES=<(_sayso_known) exec "$_sayso_client" convert --fields --notes --session "bash-$$" \
      --cursor "$cursor" \
      --deadline-ms "$deadline" < <(\printf %s "$text") 2>/dev/null
  )
  if [[ -n $saved ]]; then eval "\\$saved"; else trap - INT; fi

  if (( stopped )); then
    _sayso_message='stopped; the line stays as it was'
    return 1
  fi
  _sayso_take "${fields[@]}"
}

# Takes an answer about `_sayso_said`: ok, message, stage, percent, cursor, line, the note about the dictation, then each
# alternative and its note; or a code and a message. Fails with a reason in `_sayso_message` if there is no line in it.
_sayso_take() {
  local fields=("$@") lead=${_sayso_said[0]} at
  if [[ ${fields[0]-} == ok ]] && (( ${#fields[@]} >= 7 )); then
    _sayso_notes=("${fields[1]}")
    _sayso_percent=${fields[3]}
    _sayso_lines=("$lead${fields[5]}")
    _sayso_cursors=("$(( ${#lead} + fields[4] ))")
    for (( at = 7; at + 1 < ${#fields[@]}; at += 2 )); do
      _sayso_lines+=("$lead${fields[at]}")
      _sayso_cursors+=("$(( ${#lead} + ${#fields[at]} ))")
      _sayso_notes+=("${fields[at + 1]}")
    done
    _sayso_remember "${_sayso_said[1]}" "${_sayso_lines[0]}"
    if [[ ${fields[5]} != "${_sayso_said[1]}" ]]; then
      _sayso_lines+=("${_sayso_said[2]}")
      _sayso_cursors+=("${_sayso_said[3]}")
      _sayso_notes+=("${fields[6]}")
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

# Remembers the dictation $1 and its answer $2.
_sayso_remember() {
  local entry ran
  if (( _sayso_learn )); then
    _sayso_heard=$1
    _sayso_answer=$2
    _sayso_last_entry
    _sayso_entry=$entry
  fi
}

# Sets `entry` and `ran` to the number and the text of the last entry of the history. A line that the history leaves out,
# for example because white space begins it, never comes here.
_sayso_last_entry() {
  local last
  last=$(HISTTIMEFORMAT='' \builtin history 1 2>/dev/null) || :
  last=${last#"${last%%[![:space:]]*}"}
  entry=${last%%[!0-9]*}
  ran=${last#"$entry"}
  # A blank, or a star for an entry that was edited, and one more blank.
  ran=${ran:2}
}

# Before each prompt: tells the daemon what was run, if it began as a dictation and is not what that was answered with.
# Keeps the exit status, for others that look at it here.
_sayso_learn_prompt() {
  local status=$? entry ran
  if [[ -n $_sayso_heard ]]; then
    _sayso_last_entry
    if [[ $entry != "$_sayso_entry" && $ran != "$_sayso_answer" && $ran == [![:space:]]* ]]; then
      \printf '%s\0' "$_sayso_heard" "$_sayso_answer" "$ran" | "$_sayso_client" learn note >/dev/null 2>&1
    fi
  fi
  _sayso_heard=
  _sayso_answer=
  return "$status"
}

# Adds the function to what runs before each prompt, once. It comes first, before anything that reads another history.
_sayso_hook() {
  local part
  for part in "${PROMPT_COMMAND[@]}"; do
    if [[ $part == *_sayso_learn_prompt* ]]; then return 0; fi
  done
  if [[ $(\declare -p PROMPT_COMMAND 2>/dev/null) == 'declare -a'* ]]; then
    PROMPT_COMMAND=(_sayso_learn_prompt "${PROMPT_COMMAND[@]}")
  else
    # It is a string here, which the branch above does not tell.
    # shellcheck disable=SC2178,SC2128
    PROMPT_COMMAND=_sayso_learn_prompt${PROMPT_COMMAND:+$'\n'$PROMPT_COMMAND}
  fi
}

_sayso_bind() {
  local map prefix key old keymap='' undone=''
  # Whose keys these were: commands and macros of the person. What readline itself has there is not missed. And in which
  # of its keymaps the key is undo already: one process answers both.
  while IFS= read -r old; do
    if [[ $old == keymap:* ]]; then
      keymap=${old#keymap:}
      continue
    elif [[ -n $keymap ]]; then
      if [[ $old == *'"\C-_"'* ]]; then undone+=" $keymap "; fi
      continue
    fi
    for key in "$_sayso_key" "$_sayso_back_key" "$_sayso_pick_key"; do
      if [[ -n $key && $old == "\"$key\""* && $old != *sayso* ]]; then
        printf 'sayso: a key is taken: %s; to keep that, give sayso another key (sayso config path)\n' "$old" >&2
      fi
    done
  done < <(
    bind -X
    bind -s
    for map in emacs vi-insert vi-command; do
      printf 'keymap:%s\n' "$map"
      bind -m "$map" -q undo 2>/dev/null
    done
  )
  # A first chord that inserts itself in vi mode would be inserted whenever the second one comes late, so it is unbound.
  # Only once: unbinding a chord that already begins longer ones would remove those.
  for prefix in "${_sayso_key:+$_sayso_prefix}" "${_sayso_back_key:+$_sayso_back_prefix}" \
    "${_sayso_pick_key:+$_sayso_pick_prefix}"
  do
    if [[ -n $prefix && ${_sayso_bound-} != *" $prefix "* ]]; then
      bind -m vi-insert -r "$prefix" || :
      _sayso_bound+=" $prefix "
    fi
  done
  for map in emacs vi-insert vi-command; do
    if [[ -n $_sayso_key ]]; then bind -m "$map" -x "\"$_sayso_key\": sayso_convert"; fi
    if [[ -n $_sayso_back_key ]]; then bind -m "$map" -x "\"$_sayso_back_key\": sayso_back"; fi
    if [[ -n $_sayso_pick_key ]]; then bind -m "$map" -x "\"$_sayso_pick_key\": sayso_pick"; fi
    if [[ $undone == *" $map "* ]]; then
      bind -m "$map" -x '"\C-x\C-^": _sayso_undo_key'
      bind -m "$map" '"\C-x\e\C-_": undo'
      bind -m "$map" '"\C-_": "\C-x\C-^\C-x\e\C-_"'
    fi
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
if (( _sayso_learn )) && [[ $- == *i* ]]; then _sayso_hook; fi
# What runs prints below the message, so that it is above the line no more. Readline expands this in the shell itself.
if [[ ${PS0-} != *_sayso_told* ]]; then
  # shellcheck disable=SC2016
  PS0=${PS0-}'${_sayso_client:$((_sayso_told = 0)):0}'
fi
if (( _sayso_aliases )); then \shopt -s expand_aliases; fi
unset _sayso_aliases

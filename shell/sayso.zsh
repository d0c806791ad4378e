# sayso for zsh: one key turns a dictated line into the command, in place. Nothing is ever executed.
#
# `sayso init zsh` prints this file below lines that set the variables of the next block from the settings, all of it
# parsed with aliases off. Reading it starts no process, and neither does a key press: the request goes over zsh's own
# socket module, and through the client only if that is impossible.

# The key (and its first chord, if it has two), how long an answer may take (milliseconds), whether Enter converts
# too, and which program is the client.
typeset -g _sayso_key=${_sayso_key-'^X^V'} _sayso_prefix=${_sayso_prefix-'^X'}
typeset -g _sayso_deadline_ms=${_sayso_deadline_ms:-1000}
typeset -g _sayso_enter=${_sayso_enter:-0} _sayso_client=${_sayso_client:-sayso}
# Where the daemon listens, which characters no line may hold (without these two every press goes through the client),
# and which version `sayso init` was of (empty: unknown). `_sayso_met` is another version that a daemon had.
typeset -g _sayso_socket=${_sayso_socket-} _sayso_forbidden=${_sayso_forbidden-}
typeset -g _sayso_version=${_sayso_version-} _sayso_met=
# The version of the protocol that this script speaks.
typeset -g _sayso_protocol=1

# The lines that further presses show in turn: the result, its alternatives, the dictation; and the cursor in each.
# `_sayso_turn` is the index of the one on the screen, or 0; `_sayso_place` is the history entry that they belong to.
typeset -ga _sayso_lines _sayso_cursors
typeset -g _sayso_turn=0 _sayso_place=
typeset -gi _sayso_id=0

# The key. Converts the active region, or else the line; pressed again, shows the next reading.
sayso-convert() {
  emulate -LR zsh
  setopt extended_glob no_aliases no_monitor no_notify
  _sayso_next && return 0

  local before= after= text= cursor=0 keep=$BUFFER keep_cursor=$CURSOR
  local buffer= message= percent=0 failure=
  local -a alternatives
  _sayso_select
  _sayso_ask $_sayso_deadline_ms
  if [[ -n $failure ]]; then
    _sayso_say $failure
  else
    _sayso_replace
    # The message of an earlier press is not about this line.
    if [[ -n $message ]]; then _sayso_say $message; else zle -M ''; fi
  fi
  return 0
}

# Enter, if the settings ask for it. Converts a line that is surely dictation and runs any other line as always. It also
# runs a converted line, and every line if the daemon is absent, slow or in doubt.
sayso-accept-line() {
  # Outside the function that sets options, because accept-line may be a widget of the user's own.
  _sayso_convert_if_sure || zle accept-line
}

_sayso_convert_if_sure() {
  emulate -LR zsh
  setopt extended_glob no_aliases no_monitor no_notify
  [[ $CONTEXT == start && $BUFFER == *[![:space:]]* && $REGION_ACTIVE == 0 ]] && ! _sayso_shown || return 1
  local before= after= text= cursor=0 keep=$BUFFER keep_cursor=$CURSOR
  local buffer= message= percent=0 failure=
  local -a alternatives
  _sayso_select
  _sayso_ask 150
  [[ -z $failure && $buffer != "$text" ]] && (( percent >= 90 )) || return 1
  _sayso_replace
  _sayso_say "converted${message:+; $message}; Enter runs it"
}

# Shows a message below the line.
_sayso_say() {
  local said="sayso: $1"
  # zsh counts a row too many for a message that fills its row exactly, and then draws the line in the wrong place.
  (( ${(m)#said} % COLUMNS )) || said+=' '
  zle -M $said
}

# Whether the line is still the one that sayso wrote last.
_sayso_shown() {
  (( _sayso_turn )) && [[ $BUFFER == "$_sayso_lines[_sayso_turn]" && $HISTNO:$PREBUFFER == "$_sayso_place" ]]
}

# Shows the next reading, if the line is still one that sayso wrote and no region is active.
_sayso_next() {
  _sayso_shown && (( $#_sayso_lines > 1 && ! REGION_ACTIVE )) || return 1
  _sayso_show $(( _sayso_turn % $#_sayso_lines + 1 ))
  _sayso_say "$_sayso_turn of $#_sayso_lines"
}

# Writes reading number $1 into the line, as one step of undo.
_sayso_show() {
  _sayso_turn=$1
  # In vi mode a whole insertion counts as one change; this makes the replacement a change of its own.
  zle split-undo
  BUFFER=$_sayso_lines[$1]
  CURSOR=$_sayso_cursors[$1]
  zle split-undo
  REGION_ACTIVE=0
  POSTDISPLAY=
}

# Splits the line into `before`, `text` and `after`; `text` is the region, or else the whole line. White space at the
# start, which keeps a command out of the history, and around a region is kept; at the end of the line it is removed.
_sayso_select() {
  local -i from=0 to=$#BUFFER
  if (( REGION_ACTIVE )); then
    (( from = MARK < CURSOR ? MARK : CURSOR, to = MARK < CURSOR ? CURSOR : MARK ))
    # The vi selection includes the character under its end.
    [[ $KEYMAP == vicmd ]] && (( to++ ))
    if (( REGION_ACTIVE == 2 )); then
      while (( from > 0 )) && [[ $BUFFER[from] != $'\n' ]]; do (( from-- )); done
      while (( to < $#BUFFER )) && [[ $BUFFER[to+1] != $'\n' ]]; do (( to++ )); done
    fi
  fi
  text=$BUFFER[from+1,to]
  local blank=${(M)text##[[:space:]]#}
  text=${text#$blank}
  local trail=${(M)text%%[[:space:]]#}
  text=${text%$trail}
  before=$BUFFER[1,from]$blank
  after=$BUFFER[to+1,-1]
  (( REGION_ACTIVE )) && after=$trail$after
  (( cursor = CURSOR - $#before ))
  (( cursor < 0 )) && cursor=0
  (( cursor > $#text )) && cursor=$#text
}

# Writes the answer into the line and remembers what further presses show.
_sayso_replace() {
  local reading
  _sayso_lines=("$before$buffer$after")
  _sayso_cursors=($(( $#before + cursor )))
  for reading in "$alternatives[@]"; do
    _sayso_lines+=("$before$reading$after")
    _sayso_cursors+=($(( $#before + $#reading )))
  done
  if [[ $buffer != "$text" ]]; then
    _sayso_lines+=("$keep")
    _sayso_cursors+=($keep_cursor)
  fi
  _sayso_place=$HISTNO:$PREBUFFER
  _sayso_show 1
}

# Asks for a conversion of `text`, within $1 milliseconds. Sets `buffer`, `cursor`, `alternatives`, `percent` and
# `message`; or `failure`, the reason why the line stays as it is. Ctrl-C would discard the line; here it only ends the
# wait.
_sayso_ask() {
  {
    _sayso_direct $1 || _sayso_through_client $1
  } always {
    (( TRY_BLOCK_INTERRUPT || TRY_BLOCK_ERROR )) && failure='stopped; the line stays as it was'
    TRY_BLOCK_ERROR=0 TRY_BLOCK_INTERRUPT=0
  }
}

# Over the socket, without a process. Returns 1 for everything that is left to the client: it starts an absent daemon,
# replaces an old one, and explains what is wrong with the socket.
_sayso_direct() {
  zmodload zsh/net/socket zsh/zselect zsh/system zsh/datetime 2>/dev/null &&
    zmodload -F zsh/stat b:zstat 2>/dev/null || return 1
  local accent=$'\xc3\xa9'
  # The wire counts characters, which a locale of bytes cannot. A long line may not fit the socket's buffer, and
  # then only the client can give up writing in time. A NUL byte would end a field in the middle of the line.
  (( $#accent == 1 && $#text + $#PREBUFFER <= 4096 )) &&
    [[ -n $_sayso_forbidden && $text$PREBUFFER != *$'\0'* ]] || return 1
  local socket=${SAYSO_SOCKET:-$_sayso_socket} reply= field= REPLY=
  _sayso_is_ours $socket && zsocket -- $socket 2>/dev/null || return 1
  local -i fd=$REPLY
  # Either way: a count, that many fields, a newline; the count and every field end in a NUL byte.
  local -a fields=(
    v=$_sayso_protocol id=$(( ++_sayso_id )) session=zsh-$$ text=$text cursor=$cursor deadline_ms=$1
    prebuffer=$PREBUFFER cwd=$PWD
  )
  fields=($#fields "$fields[@]")
  {
    print -rn -u $fd -- "${(pj:\0:)fields}"$'\0\n' 2>/dev/null && _sayso_await $fd message $1
  } always {
    exec {fd}>&-
  }
  [[ -n $failure ]] && return 0
  # The count, the version of the protocol, the number of the request, the version of the daemon, then the answer.
  _sayso_split && [[ $fields[2] == $_sayso_protocol ]] || return 1
  # A daemon of another build speaks the same protocol. Once for each, the client sees whether it must be replaced.
  if [[ -n $_sayso_version && $fields[4] != ("$_sayso_version"|"$_sayso_met") ]]; then
    _sayso_met=$fields[4]
    return 1
  fi
  [[ $fields[5] != (shutting_down|unsupported_version) ]] || return 1
  if [[ $fields[3] != $_sayso_id ]]; then
    failure='this is the answer to another line; the line stays as it was'
    return 0
  fi
  # The daemon has made sure of this too, but the line is yours.
  for field in "${(@)fields[5,-1]}"; do
    if ! _sayso_is_clean "$field"; then
      failure='the answer holds characters that no command line may hold; the line stays as it was'
      return 0
    fi
  done
  _sayso_take "${(@)fields[5,-1]}"
}

# Takes the message in `reply` apart, into `fields`. Fails while it is not whole.
_sayso_split() {
  [[ $reply == <1-9999>$'\0'*$'\0\n' ]] || return 1
  fields=("${(@0)${reply%$'\0\n'}}")
  (( $#fields == fields[1] + 1 ))
}

# Whether the socket $1 and its folder belong to this user and nobody else can enter.
_sayso_is_ours() {
  local -A facts
  [[ -n $1 ]] && zstat -H facts -L -- ${1:h} 2>/dev/null || return 1
  (( facts[uid] == EUID && (facts[mode] & 8#170077) == 8#040000 )) || return 1
  zstat -H facts -L -- $1 2>/dev/null && (( facts[uid] == EUID && (facts[mode] & 8#170000) == 8#140000 ))
}

# Reads descriptor $1 into `reply`, to the end of one `message` or of `all` ($2), within $3 milliseconds. A key pressed
# meanwhile ends the wait, so that it is never held up or lost; that, like the end of the time, sets `failure`.
_sayso_await() {
  local -i fd=$1 tty=-1
  local -F end=$(( EPOCHREALTIME + $3 / 1000. )) patience=$(( EPOCHREALTIME + 0.03 )) now=
  local -i ticks=0
  local -A ready
  local -a watch=(-r $fd)
  {
    while true; do
      (( now = EPOCHREALTIME ))
      if (( now >= end )); then
        failure="no answer in time; the line stays as it was"
        break
      fi
      # Usually the daemon answers at once, and keys that are typed meanwhile follow the answer. Only a longer wait
      # watches the keyboard too.
      if (( now >= patience && tty < 0 )); then
        sysopen -r -u tty -- $TTY 2>/dev/null && watch+=(-r $tty)
        (( KEYS_QUEUED_COUNT )) && failure='you typed, so the answer was dropped' && break
      fi
      ready=()
      (( ticks = 100 * ((tty < 0 && patience < end ? patience : end) - now) + 1 ))
      zselect -A ready -t $ticks $watch
      if [[ -n $ready[$fd] ]]; then
        sysread -i $fd -s 65536 'reply[$#reply+1]' || break
        # A line that does not begin with a count is no message in fields.
        [[ $2 == message && $reply == *$'\n' ]] && { [[ $reply != <->$'\0'* ]] || _sayso_split } && break
        (( $#reply > 1048576 )) && failure='the answer is too long; the line stays as it was' && break
      elif (( tty >= 0 )) && [[ -n $ready[$tty] ]]; then
        failure='you typed, so the answer was dropped'
        break
      fi
    done
  } always {
    (( tty >= 0 )) && exec {tty}>&-
  }
}

# Takes an answer, $1 and on: ok, message, stage, percent, cursor, line, alternatives; or a code and a message. Fills
# the variables that `_sayso_ask` promises.
_sayso_take() {
  failure='the answer makes no sense; the line stays as it was'
  if [[ $1 != ok ]]; then
    [[ -n $2 ]] && failure=$2
  elif (( $# >= 6 )) && [[ $4 == <0-100> && $5 == <-> ]]; then
    failure= message=$2 percent=$4 buffer=$6 alternatives=("${@[7,-1]}")
    (( cursor = $5 < $#buffer ? $5 : $#buffer ))
  fi
  # The arithmetic fails for a cursor of 0, and this is an answer all the same.
  return 0
}

# Whether $1 holds no character that controls, hides or reorders, and no newline at its end.
_sayso_is_clean() {
  [[ $1 == *$'\n' ]] && return 1
  # Nearly every line is plain, which is quickly seen.
  [[ $1 != *[^$'\t\n'\ -~]* ]] && return 0
  # The class is expanded here because a locale without these characters could not even parse them.
  [[ $1 != *[${~${(g::)_sayso_forbidden}}]* ]]
}

# Through the client: a process, for everything that `_sayso_direct` leaves to it. The text goes by pipe, never as an
# argument; the answer is the fields that `_sayso_take` describes, each ended by a NUL byte.
_sayso_through_client() {
  if (( ! $+commands[$_sayso_client] )) && [[ ! -x $_sayso_client ]]; then
    failure="the program $_sayso_client is gone; install sayso again. The line stays as it was"
    [[ $_sayso_client == */* ]] ||
      failure="the program $_sayso_client is not in PATH; add its folder, or install it. The line stays as it was"
    return 0
  fi
  if ! zmodload zsh/zselect zsh/system zsh/datetime 2>/dev/null; then
    failure='this zsh has no zsh/zselect, zsh/system or zsh/datetime; the line stays as it was'
    return 0
  fi
  local reply=
  local -i fd
  failure=
  exec {fd}< <(
    print -rn -- $text |
      $_sayso_client convert --fields --session zsh-$$ --cursor $cursor --deadline-ms $1 2>/dev/null
  )
  {
    # The client keeps the deadline itself and says what went wrong. This limit is for a client that hangs.
    _sayso_await $fd all $(( 2 * $1 ))
  } always {
    exec {fd}<&-
  }
  [[ -n $failure ]] && return 0
  if [[ $reply != *$'\0' ]]; then
    failure="no answer; try \`$_sayso_client doctor\`. The line stays as it was"
  else
    _sayso_take "${(@0)reply%$'\0'}"
  fi
}

zle -N sayso-convert
zle -N sayso-accept-line

() {
  emulate -LR zsh
  local keymap
  if (( $+SAYSO_NO_BIND )); then
    return 0
  fi
  for keymap in emacs viins vicmd; do
    if [[ -n $_sayso_key ]]; then
      # A first chord that inserts itself in vi mode would be inserted whenever the second one comes late.
      [[ $keymap == viins && -n $_sayso_prefix ]] && bindkey -M viins -r -- $_sayso_prefix
      bindkey -M $keymap -- $_sayso_key sayso-convert
    fi
    if (( _sayso_enter )); then
      bindkey -M $keymap '^M' sayso-accept-line '^J' sayso-accept-line
    fi
  done
  return 0
}

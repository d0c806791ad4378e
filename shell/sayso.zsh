# sayso for zsh: one key turns a dictated line into the command, in place. Nothing is ever executed.
#
# `sayso init zsh` prints this file below lines that set the variables of the next block from the settings, all of it
# parsed with aliases off. Reading it starts no program, and a key press starts no process: the request goes over zsh's
# own socket module, and through the client only if that is impossible.

# The keys that convert, go back one reading and open the picker, and the first chord of each that has two; how long an
# answer may take (milliseconds), whether Enter converts too, and which program is the client.
typeset -g _sayso_key=${_sayso_key-'^X^V'} _sayso_prefix=${_sayso_prefix-'^X'}
typeset -g _sayso_back_key=${_sayso_back_key-'^X^B'} _sayso_back_prefix=${_sayso_back_prefix-'^X'}
typeset -g _sayso_pick_key=${_sayso_pick_key-'^X^P'} _sayso_pick_prefix=${_sayso_pick_prefix-'^X'}
typeset -g _sayso_deadline_ms=${_sayso_deadline_ms:-1000}
typeset -g _sayso_enter=${_sayso_enter:-0} _sayso_client=${_sayso_client:-sayso}
# Where the daemon listens, which characters no line may hold (without these two every press goes through the client),
# and which version `sayso init` was of (empty: unknown). `_sayso_met` is another version that a daemon had. `_sayso_spoken`
# is a pattern of the names of symbols, and `_sayso_held` the line that Enter did not run.
typeset -g _sayso_spoken=${_sayso_spoken-} _sayso_held=
typeset -g _sayso_socket=${_sayso_socket-} _sayso_forbidden=${_sayso_forbidden-}
typeset -g _sayso_version=${_sayso_version-} _sayso_met=
# The version of the protocol that this script speaks.
typeset -g _sayso_protocol=1

# Whether corrected lines are learnt from; and, until the line is run or given up, the dictation of the whole line, and
# what it was answered with.
typeset -g _sayso_learn=${_sayso_learn:-0} _sayso_heard= _sayso_answer=

# The lines that further presses show in turn: the result, its alternatives, the dictation; with the cursor in each and
# the note below it. `_sayso_turn` is the index of the one on the screen, or 0; `_sayso_place` is the history entry that
# they belong to. `_sayso_said` is what was before the dictation, the dictation, what was behind it, the whole line and
# the cursor. `_sayso_noted` is the line that the note on the screen is about.
typeset -ga _sayso_lines _sayso_cursors _sayso_notes _sayso_said
typeset -g _sayso_turn=0 _sayso_place= _sayso_noted=
typeset -gi _sayso_id=0

# The key. Converts the active region, or else the line; pressed again, shows the next reading.
sayso-convert() {
  emulate -LR zsh
  setopt extended_glob no_aliases no_monitor no_notify
  _sayso_step 1 && return 0

  local before= after= text= cursor=0 keep=$BUFFER keep_cursor=$CURSOR
  local buffer= message= note= percent=0 failure=
  local -a alternatives notes
  _sayso_select
  _sayso_ask $_sayso_deadline_ms
  if [[ -n $failure ]]; then
    _sayso_say $failure
  else
    _sayso_replace
    _sayso_note
  fi
  return 0
}

# The second key. Shows the reading before.
sayso-back() {
  emulate -LR zsh
  setopt extended_glob no_aliases no_monitor no_notify
  _sayso_step -1 || _sayso_say 'there is no reading to go back to; convert the line first'
  return 0
}

# The third key. Opens the list of readings below the line, and takes the one that is chosen there. It starts a process.
sayso-pick() {
  emulate -LR zsh
  setopt extended_glob no_aliases no_monitor no_notify
  local before= after= text= cursor=0 keep=$BUFFER keep_cursor=$CURSOR
  local buffer= message= note= percent=0 failure= reply=
  local -a alternatives notes
  if _sayso_shown && (( ! REGION_ACTIVE )); then
    # The readings of what was dictated, whichever of them is on the line.
    before=$_sayso_said[1] text=$_sayso_said[2] after=$_sayso_said[3] keep=$_sayso_said[4] keep_cursor=$_sayso_said[5]
    cursor=$#text
  else
    _sayso_select
  fi
  [[ -n $text ]] || { _sayso_say 'the line is empty: dictate a command first'; return 0 }
  zle -M ''
  # The list stands below the end of the line.
  local at=$CURSOR
  CURSOR=$#BUFFER
  zle -R
  reply=$(print -rn -- $text | $_sayso_client pick --fields --cursor $cursor --session zsh-$$ 2>&1)
  CURSOR=$at
  if [[ $reply != *$'\0' ]]; then
    _sayso_say "${${reply#sayso: }:-the list of readings cannot be shown}; the line stays as it was"
    return 0
  fi
  _sayso_take "${(@0)reply%$'\0'}"
  if [[ -z $failure ]]; then
    _sayso_replace
    _sayso_note
  elif [[ $reply != cancelled* ]]; then
    _sayso_say $failure
  fi
  return 0
}

# Enter, if the settings ask for it. Runs a converted line, and every line that says no symbol. One that does is converted,
# or stays with the reason; the next Enter runs what is there then.
sayso-accept-line() {
  # Outside the function that sets options, because accept-line may be a widget of the user's own.
  _sayso_hold || zle accept-line
}

# Whether the line is not to be run yet.
_sayso_hold() {
  emulate -LR zsh
  setopt extended_glob no_aliases no_monitor no_notify
  [[ $CONTEXT == start && $BUFFER == *[![:space:]]* && $REGION_ACTIVE == 0 ]] && ! _sayso_shown || return 1
  # It was held once, with a message.
  [[ $HISTNO:$BUFFER != "$_sayso_held" ]] || return 1
  local before= after= text= cursor=0 keep=$BUFFER keep_cursor=$CURSOR
  local buffer= message= note= percent=0 failure=
  local -a alternatives notes
  _sayso_select
  _sayso_ask 150
  # An answer below this is not sure. A line that says symbols, as words of their own, would not run as it was meant.
  local -i sure=$(( percent >= 90 )) spoken=0
  [[ -n $_sayso_spoken && ${(L)text} == (|*[[:space:]])(${~_sayso_spoken})(|[[:space:],.]*) ]] && spoken=1
  if [[ -z $failure && $buffer != "$text" ]] && (( sure || spoken )); then
    _sayso_held=$HISTNO:$BUFFER
    _sayso_replace
    _sayso_say "${message:+$message; }converted; Enter runs it"
  elif (( spoken )) && { [[ -n $failure ]] || (( ! sure )) }; then
    _sayso_held=$HISTNO:$BUFFER
    _sayso_say "${failure:-$message}; Enter runs it"
  else
    return 1
  fi
}

# Shows a message below the line.
_sayso_say() {
  local said="sayso: $1"
  # zsh counts a row too many for a message that fills its row exactly, and then draws the line in the wrong place.
  (( ${(m)#said} % COLUMNS )) || said+=' '
  zle -M $said
}

# Shows the note about the reading on the line. It goes when the line changes, as by undo.
_sayso_note() {
  local note=$_sayso_notes[_sayso_turn]
  if [[ -z $note ]]; then
    # What an earlier press said is not about this line.
    zle -M ''
    return 0
  fi
  _sayso_say $note
  _sayso_noted=$BUFFER
  # Only while there is something to remove, so that other keys cost nothing. zsh 5.2 has no such hook; to try and fail
  # would draw the line again in another row.
  if (( ! $+functions[add-zle-hook-widget] )); then
    local -a found=(${^fpath}/add-zle-hook-widget(N))
    (( $#found )) || return 0
    autoload -Uz add-zle-hook-widget
  fi
  add-zle-hook-widget line-pre-redraw _sayso_fade
}

# Before each redraw, while a note is on the screen.
_sayso_fade() {
  emulate -LR zsh
  [[ $BUFFER == "$_sayso_noted" ]] && return 0
  zle -M ''
  add-zle-hook-widget -d line-pre-redraw _sayso_fade
}

# Whether the line is still the one that sayso wrote last, or another reading, to which undo has gone back.
_sayso_shown() {
  (( _sayso_turn )) && [[ $HISTNO:$PREBUFFER == "$_sayso_place" ]] || return 1
  [[ $BUFFER == "$_sayso_lines[_sayso_turn]" ]] && return 0
  local -i at=${_sayso_lines[(Ie)$BUFFER]}
  (( at && at < $#_sayso_lines )) && _sayso_turn=$at
}

# Goes on by $1 readings, if the line is still one that sayso wrote and no region is active.
_sayso_step() {
  _sayso_shown && (( $#_sayso_lines > 1 && ! REGION_ACTIVE )) || return 1
  _sayso_show $(( (_sayso_turn - 1 + $1 + $#_sayso_lines) % $#_sayso_lines + 1 ))
  _sayso_note
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
  _sayso_notes=("$message" "$notes[@]" "$note")
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
  _sayso_said=("$before" "$text" "$after" "$keep" $keep_cursor)
  _sayso_remember
  _sayso_show 1
}

# Asks for a conversion of `text`, within $1 milliseconds. Sets `buffer`, `cursor`, `alternatives`, `notes` about them,
# `note` about the dictation, `percent` and `message`; or `failure`, the reason why the line stays as it is. Ctrl-C would discard the line; here it only ends the
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
  (( $#accent == 1 && $#text + $#before + $#PREBUFFER <= 4096 )) &&
    [[ -n $_sayso_forbidden && $text$before$PREBUFFER != *$'\0'* ]] || return 1
  local socket=${SAYSO_SOCKET:-$_sayso_socket} reply= field= REPLY=
  _sayso_is_ours $socket && _sayso_lets_in $socket && zsocket -- $socket 2>/dev/null || return 1
  local -i fd=$REPLY
  # Either way: a count, that many fields, a newline; the count and every field end in a NUL byte.
  local -a fields=(
    v=$_sayso_protocol id=$(( ++_sayso_id )) session=zsh-$$ text=$text cursor=$cursor deadline_ms=$1
    notes=1 prebuffer=$PREBUFFER$before cwd=$PWD
  )
  local -i known=0
  _sayso_know
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
  (( known )) && _sayso_known_at=$known
  _sayso_take "${(@)fields[5,-1]}"
}

# What this shell knows, so that its names can be said: the PATH, the names of the environment, aliases and functions.
# `_sayso_known` is gathered once a prompt; its number goes with every request, and it itself only if it has changed, or
# after a minute, because the daemon may be a new one.
typeset -g _sayso_known=
typeset -gi _sayso_known_number=0 _sayso_known_due=1 _sayso_known_at=0

_sayso_new_prompt() {
  _sayso_known_due=1
}

# Adds to the `fields` of a request what the shell knows; sets `known` if they hold all of it.
_sayso_know() {
  if (( _sayso_known_due )); then
    _sayso_known_due=0
    zmodload zsh/parameter 2>/dev/null || return 0
    local -a names=(
      "path $PATH"
      "variable "${^${(k)parameters[(R)*export*]}}
      "alias "${^${(k)aliases}}
      "function "${^${(k)functions[(I)[^_]*]}}
    )
    local all=${(F)names}
    # What does not fit into the socket's buffer would hold up the line.
    local -i most=65536
    [[ $OSTYPE == linux* ]] || most=3000
    (( $#all > most )) && all=${all[1,most]%$'\n'*}
    if [[ $all != "$_sayso_known" ]]; then
      _sayso_known=$all
      (( ++_sayso_known_number, _sayso_known_at = 0 ))
    fi
  fi
  [[ -n $_sayso_known && $_sayso_known != *$'\0'* ]] || return 0
  fields+=(digest=$$-$_sayso_known_number)
  if (( EPOCHSECONDS - _sayso_known_at >= 60 )); then
    fields+=(names=$_sayso_known)
    known=$EPOCHSECONDS
  fi
  return 0
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

# Whether connecting to the socket $1 cannot block. Linux lets whoever connects to a daemon that accepts nobody wait for
# ever once the queue is full, and zsh can neither limit that nor be interrupted; other systems refuse at once. A queue
# in which nobody waits is not full. Who waits there has the path of the socket and no inode yet; where there are too
# many sockets to look through, the client, which has a deadline, costs less.
_sayso_lets_in() {
  [[ $OSTYPE == linux* && -r /proc/net/unix ]] || return 0
  # An integer would take the base of the last number in an expression, and be no number to sysread.
  local all= chunk= fd=
  sysopen -r -u fd -- /proc/net/unix 2>/dev/null || return 0
  while sysread -i $fd -s 65536 chunk && (( $#all <= 262144 )); do all+=$chunk; done
  exec {fd}>&-
  [[ $all != *"    0 $1"$'\n'* ]] && (( $#all <= 262144 ))
}

# Reads descriptor $1 into `reply`, to the end of one `message` or of `all` ($2), within $3 milliseconds. A key pressed
# meanwhile ends the wait, so that it is never held up or lost; that, like the end of the time, sets `failure`.
_sayso_await() {
  local -i fd=$1 tty=-1
  local -F now=$EPOCHREALTIME last=$EPOCHREALTIME
  local -F end=$(( now + $3 / 1000. )) patience=$(( now + 0.03 ))
  local -i ticks=0
  local -A ready
  local -a watch=(-r $fd)
  {
    while true; do
      (( now = EPOCHREALTIME ))
      # A clock that is set back must not make the wait longer.
      (( now < last )) && (( end -= last - now, patience -= last - now ))
      (( last = now ))
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

# Takes an answer, $1 and on: ok, message, stage, percent, cursor, line, the note about the dictation, then each
# alternative and its note; or a code and a message. Fills the variables that `_sayso_ask` promises.
_sayso_take() {
  failure='the answer makes no sense; the line stays as it was'
  if [[ $1 != ok ]]; then
    [[ -n $2 ]] && failure=$2
  elif (( $# >= 7 && $# % 2 )) && [[ $#4 -lt 8 && $4 == <0-100> && $#5 -lt 8 && $5 == <-> && $#6 -le 131072 ]]; then
    failure= message=$2 percent=$4 buffer=$6 note=$7 alternatives=() notes=()
    local reading= about=
    for reading about in "${@[8,-1]}"; do
      alternatives+=("$reading") notes+=("$about")
    done
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
    print -rn -- $PREBUFFER$before$text |
      $_sayso_client convert --fields --notes --session zsh-$$ --cursor $cursor --deadline-ms $1 \
        --from $(( $#PREBUFFER + $#before )) 2>/dev/null
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

typeset -ga precmd_functions
(( ${precmd_functions[(I)_sayso_new_prompt]} )) || precmd_functions+=(_sayso_new_prompt)

# Remembers the dictation and its answer, if that is all of the line.
_sayso_remember() {
  _sayso_heard= _sayso_answer=
  (( _sayso_learn )) && [[ $before != *[![:space:]]* && -z $after$PREBUFFER ]] || return 0
  _sayso_heard=$text _sayso_answer=$_sayso_lines[1]
}

# Before a line is run: tells the daemon, if it began as a dictation and is not what that was answered with. This is the
# only process that learning starts, and only for such a line. White space at the start keeps it out, as it keeps it out of
# the history.
_sayso_learn_preexec() {
  [[ -n $_sayso_heard ]] || return 0
  emulate -LR zsh
  # Without a history, only the third argument holds the line.
  local heard=$_sayso_heard answer=$_sayso_answer ran=${1:-$3}
  _sayso_heard= _sayso_answer=
  [[ $ran == [^[:space:]]* && $ran != "$answer" ]] || return 0
  print -rn -- "$heard"$'\0'"$answer"$'\0'"$ran"$'\0' | $_sayso_client learn note >/dev/null 2>&1
  return 0
}

# Before a prompt: what was remembered belongs to a line that is gone.
_sayso_learn_precmd() {
  _sayso_heard= _sayso_answer=
}

zle -N sayso-convert
zle -N sayso-back
zle -N sayso-pick
zle -N sayso-accept-line

if (( _sayso_learn )); then
  # The lists that every prompt and plugin shares: ours join at the end, once.
  typeset -ga preexec_functions precmd_functions
  preexec_functions=("${(@)preexec_functions:#_sayso_learn_preexec}" _sayso_learn_preexec)
  precmd_functions=("${(@)precmd_functions:#_sayso_learn_precmd}" _sayso_learn_precmd)
fi

() {
  emulate -LR zsh
  local keymap= key= prefix= widget= old=
  if (( $+SAYSO_NO_BIND )); then
    return 0
  fi
  # Whose keys these were: widgets of the person or of a plugin, and macros. What zsh itself has there is not missed.
  for old in "${(@f)$(
    for key in "$_sayso_key" "$_sayso_back_key" "$_sayso_pick_key"; do
      [[ -n $key ]] && bindkey -L -- $key 2>/dev/null
    done
  )}"; do
    widget=${old##* }
    [[ $old == 'bindkey -s '* || $widgets[$widget] == user:* && $widget != sayso-* ]] || continue
    print -ru2 -- "sayso: a key is taken: $old; to keep that, give sayso another key (sayso config path)"
  done
  for keymap in emacs viins vicmd; do
    for key prefix widget in \
      "$_sayso_key" "$_sayso_prefix" sayso-convert \
      "$_sayso_back_key" "$_sayso_back_prefix" sayso-back \
      "$_sayso_pick_key" "$_sayso_pick_prefix" sayso-pick
    do
      [[ -n $key ]] || continue
      # A first chord that inserts itself in vi mode would be inserted whenever the second one comes late.
      [[ $keymap == viins && -n $prefix ]] && bindkey -M viins -r -- $prefix
      bindkey -M $keymap -- $key $widget
    done
    if (( _sayso_enter )); then
      bindkey -M $keymap '^M' sayso-accept-line '^J' sayso-accept-line
    fi
  done
  # The completions of an installation below the home folder, where zsh does not look by itself.
  local folder=${_sayso_client:h:h}/share/zsh/site-functions
  if [[ $_sayso_client == /* && -r $folder/_sayso && -z ${fpath[(re)$folder]} ]]; then
    fpath+=($folder)
    # If the completions were set up before this line, this one is added; else they find it.
    if (( $+functions[compdef] )); then
      autoload -Uz _sayso
      compdef _sayso sayso
    fi
  fi
  return 0
}

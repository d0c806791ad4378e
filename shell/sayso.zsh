# sayso for zsh: one key turns a dictated line into the command, in place. Nothing is ever executed.
#
# `sayso init zsh` prints this file below the lines that set the variables of the next block from the settings,
# all of it parsed with aliases off. No process is started while it is read, none on the way of a key press:
# the request travels over zsh's own socket module, and the client steps in only where that is impossible.

# What the key is (and its first chord, where it has two), how long an answer may take (milliseconds), whether
# Enter converts too, which program is the client, where the daemon listens (empty: the client knows), and of which
# build it should be (empty: of any; else the client deals with the wrong one).
typeset -g _sayso_key=${_sayso_key-'^X^V'} _sayso_prefix=${_sayso_prefix-'^X'}
typeset -g _sayso_deadline_ms=${_sayso_deadline_ms:-1000}
typeset -g _sayso_enter=${_sayso_enter:-0} _sayso_client=${_sayso_client:-sayso}
typeset -g _sayso_socket=${_sayso_socket-} _sayso_version=${_sayso_version-}

# The lines that further presses walk through: the result, its alternatives, what was dictated; and the cursor
# in each. `_sayso_turn` is the one on the screen, `_sayso_place` the history entry that they belong to.
typeset -ga _sayso_lines _sayso_cursors
typeset -g _sayso_turn=0 _sayso_place=
typeset -gi _sayso_id=0

# The key. Converts the line, or the region where one is active; pressed again, shows the next reading.
sayso-convert() {
  emulate -LR zsh
  setopt extended_glob no_aliases no_monitor no_notify
  _sayso_next && return 0

  local before= after= text= cursor=0 keep=$BUFFER keep_cursor=$CURSOR
  local buffer= message= confidence=0 failure=
  local -a alternatives
  _sayso_select
  _sayso_ask $_sayso_deadline_ms
  if [[ -n $failure ]]; then
    _sayso_say $failure
  else
    _sayso_replace
    # What an earlier press said is not true of this line.
    if [[ -n $message ]]; then _sayso_say $message; else zle -M ''; fi
  fi
  return 0
}

# Enter, where the settings ask for it: a line that is dictation for sure is converted, any other line runs as
# it always did. So does a converted one, and every line when the daemon is absent, slow or in doubt.
sayso-accept-line() {
  # Outside of the function that sets options: what accepts the line may be a widget of the person's own.
  _sayso_convert_if_sure || zle accept-line
}

_sayso_convert_if_sure() {
  emulate -LR zsh
  setopt extended_glob no_aliases no_monitor no_notify
  [[ $CONTEXT == start && $BUFFER == *[![:space:]]* && $REGION_ACTIVE == 0 ]] && ! _sayso_shown || return 1
  local before= after= text= cursor=0 keep=$BUFFER keep_cursor=$CURSOR
  local buffer= message= confidence=0 failure=
  local -a alternatives
  _sayso_select
  _sayso_ask 150
  [[ -z $failure && $buffer != "$text" ]] && (( confidence >= 0.9 )) || return 1
  _sayso_replace
  _sayso_say "converted${message:+; $message}; Enter runs it"
}

# Says something below the line.
_sayso_say() {
  local said="sayso: $1"
  # zsh counts a row too many for a message that fills its row exactly, and then draws the line in the wrong place.
  (( ${(m)#said} % COLUMNS )) || said+=' '
  zle -M $said
}

# Whether the line is still the one that was put there last.
_sayso_shown() {
  (( _sayso_turn )) && [[ $BUFFER == "$_sayso_lines[_sayso_turn]" && $HISTNO:$PREBUFFER == "$_sayso_place" ]]
}

# Shows the next reading, if the line is still one of ours and no part of it was picked out.
_sayso_next() {
  _sayso_shown && (( $#_sayso_lines > 1 && ! REGION_ACTIVE )) || return 1
  _sayso_show $(( _sayso_turn % $#_sayso_lines + 1 ))
  _sayso_say "$_sayso_turn of $#_sayso_lines"
}

# Puts reading number $1 into the editor, as one step of undo.
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

# Splits the editor's line into `before`, `text`, `after`: the region, or else all of it. White space at its
# start (it keeps a command out of the history) and around a region stays; at the end of the line it goes.
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

# Puts the answer into the line and remembers what further presses show.
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

# Asks for `text`, within $1 milliseconds. Sets `buffer`, `cursor`, `alternatives`, `confidence`, `message`; or
# `failure`, the reason why the line stays as it is. Ctrl-C would throw the line away; here it only ends the wait.
_sayso_ask() {
  {
    _sayso_direct $1 || _sayso_through_client $1
  } always {
    (( TRY_BLOCK_INTERRUPT || TRY_BLOCK_ERROR )) && failure='stopped; the line stays as it was'
    TRY_BLOCK_ERROR=0 TRY_BLOCK_INTERRUPT=0
  }
}

# Over the socket, without a process. Returns 1 where the client must do it: it starts an absent daemon,
# replaces an old one, and explains what is wrong with the socket.
_sayso_direct() {
  zmodload zsh/net/socket zsh/zselect zsh/system zsh/datetime 2>/dev/null &&
    zmodload -F zsh/stat b:zstat 2>/dev/null || return 1
  local accent=$'\xc3\xa9'
  # The wire counts characters, which a locale of bytes cannot. A long line may not fit the socket's buffer, and
  # then only the client can give up writing in time.
  (( $#accent == 1 && $#text + $#PREBUFFER <= 4096 )) || return 1
  local socket=${SAYSO_SOCKET:-$_sayso_socket} request= reply= code=
  _sayso_is_ours $socket || return 1
  if ! _sayso_request $1; then
    failure='the line holds bytes that are not UTF-8; it stays as it was'
    return 0
  fi
  zsocket -- $socket 2>/dev/null || return 1
  local -i fd=$REPLY
  {
    print -rn -u $fd -- $request 2>/dev/null && _sayso_await $fd line $1
  } always {
    exec {fd}>&-
  }
  [[ -n $failure ]] && return 0
  [[ -n $reply ]] || return 1
  _sayso_read_reply
  [[ $code != (shutting_down|unsupported_version|another_build) ]]
}

# Whether the socket $1 and its folder belong to this user and nobody else can enter.
_sayso_is_ours() {
  local -A facts
  [[ -n $1 ]] && zstat -H facts -L -- ${1:h} 2>/dev/null || return 1
  (( facts[uid] == EUID && (facts[mode] & 8#170077) == 8#040000 )) || return 1
  zstat -H facts -L -- $1 2>/dev/null && (( facts[uid] == EUID && (facts[mode] & 8#170000) == 8#140000 ))
}

# The request line, into `request`. Fails on text that is not UTF-8.
_sayso_request() {
  local REPLY said= lead= place=
  _sayso_quote $text && said=$REPLY && _sayso_quote $PREBUFFER && lead=$REPLY || return 1
  _sayso_quote $PWD && place=',"cwd":'$REPLY
  request='{"v":1,"id":'$(( ++_sayso_id ))',"op":"convert","session":"zsh-'$$'","client":"'$_sayso_version'"'
  request+=',"text":'$said',"cursor":'$cursor',"deadline_ms":'$1',"context":{"shell":"zsh","prebuffer":'$lead$place'}}'$'\n'
}

# $1 as a JSON string, into REPLY. Fails on bytes that are not UTF-8.
_sayso_quote() {
  local quoted=$1 char=
  [[ $quoted == *([[:INVALID:]]|[[:INCOMPLETE:]])* ]] && return 1
  quoted=${quoted//\\/\\\\}
  quoted=${quoted//\"/\\\"}
  quoted=${quoted//$'\n'/\\n}
  quoted=${quoted//$'\t'/\\t}
  while [[ $quoted == (#b)*([$'\0'-$'\x1f'])* ]]; do
    char=$match[1]
    quoted=${quoted//$char/\\u00${(l:2::0:)$(( [##16] #char ))}}
  done
  REPLY='"'$quoted'"'
}

# Reads descriptor $1 into `reply`, up to the end of a `line` or to the end of `all` ($2), within $3 milliseconds.
# A key pressed meanwhile ends the wait, so that it is never held up or lost; that, like the end of the time, sets
# `failure`.
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
      # A resident daemon answers at once: keys typed ahead then simply follow the answer. Only a longer wait
      # listens to the keyboard too.
      if (( now >= patience && tty < 0 )); then
        sysopen -r -u tty -- $TTY 2>/dev/null && watch+=(-r $tty)
        (( KEYS_QUEUED_COUNT )) && failure='you typed, so the answer was dropped' && break
      fi
      ready=()
      (( ticks = 100 * ((tty < 0 && patience < end ? patience : end) - now) + 1 ))
      zselect -A ready -t $ticks $watch
      if [[ -n $ready[$fd] ]]; then
        sysread -i $fd -s 65536 'reply[$#reply+1]' || break
        [[ $2 == line && $reply == *$'\n' ]] && break
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

# Takes a line of the daemon apart: fills what `_sayso_ask` promises, or `failure` and `code`.
_sayso_read_reply() {
  local rest=${reply%$'\n'}
  failure='the answer of the daemon makes no sense; the line stays as it was'
  [[ $reply == *$'\n' && $rest == '{"v":1,"id":'$_sayso_id',"daemon":"'* && $rest != *[$'\1'-$'\x1f']* ]] || return 0
  # Control characters are always escaped in JSON, which frees two of them to stand for the escapes that would get
  # in the way. Every quote left is then the border of a string, and between these borders the members have fixed
  # places, because the wire fixes their order: strings at even ones, what stands between them at odd ones.
  rest=${${rest//\\\\/$'\1'}//\\\"/$'\2'}
  local -a part=("${(@ps:\x22:)rest}")
  local REPLY
  if [[ -n $_sayso_version && $part[8] != "$_sayso_version" ]]; then
    code=another_build
  elif [[ $part[10] == error ]]; then
    code=$part[14]
    _sayso_unquote $part[18] && failure=$REPLY
  elif [[ $part[10]:$part[12] == result:buffer && $part[17] == :<->, && $part[23] == :[0-9.]##, ]]; then
    local -i at=${${part[17]#:}%,} next=26 told=$part[(I)message]
    confidence=${${part[23]#:}%,}
    # After the last one the list is closed; an empty list is closed where it opens.
    while [[ $part[next-1] != *\]* ]]; do
      _sayso_unquote $part[next] && alternatives+=("$REPLY")
      (( (next += 2) <= $#part )) || return 0
    done
    [[ $part[told+1] == : ]] && _sayso_unquote $part[told+2] && message=$REPLY
    _sayso_unquote $part[14] || return 0
    buffer=$REPLY
    (( cursor = at < $#buffer ? at : $#buffer ))
    failure=
  fi
}

# The inside of a JSON string as text, into REPLY. The daemon escapes quotes, backslashes and control characters
# only, so an escape other than these is a control character. Fails on what a line must never hold: characters
# that control, reorder or hide, and a newline at the end.
_sayso_unquote() {
  REPLY=${${1//\\n/$'\n'}//\\t/$'\t'}
  [[ $REPLY == *\\* || $REPLY == *$'\n' ]] && return 1
  REPLY=${${REPLY//$'\2'/\"}//$'\1'/\\}
  # Nearly every line is plain, which is quickly seen.
  [[ $REPLY != *[^$'\t\n'\ -~]* ]] && return 0
  # Written out here because a locale without these characters could not even parse them.
  local hidden='\x00-\x08\x0b-\x1f\x7f-\u009f\u00ad\u034f\u061c\u115f-\u1160\u17b4-\u17b5\u180b-\u180f\u200b-\u200f'
  hidden+='\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb'
  hidden+='\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff'
  [[ $REPLY != *[${~${(g::)hidden}}]* ]]
}

# Through the client: a process, for everything that `_sayso_direct` leaves to it. The text goes by pipe, never as an
# argument; the answer is fields that end in NUL: ok, message, stage, percent, cursor, line, alternatives; or a code
# and a message.
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
      $_sayso_client convert --fields --shell zsh --session zsh-$$ --cursor $cursor --deadline-ms $1 2>/dev/null
  )
  {
    # The client keeps to the time itself and says what went wrong; this is for a client that does not.
    _sayso_await $fd all $(( 2 * $1 ))
  } always {
    exec {fd}<&-
  }
  [[ -n $failure ]] && return 0
  local -a fields=("${(@0)reply%$'\0'}")
  if [[ $reply != *$'\0' ]] || (( $#fields < 2 )); then
    failure="no answer; try \`$_sayso_client doctor\`. The line stays as it was"
  elif [[ $fields[1] != ok ]]; then
    failure=$fields[2]
  else
    message=$fields[2] confidence=$(( fields[4] / 100. )) cursor=$fields[5] buffer=$fields[6]
    alternatives=("${(@)fields[7,-1]}")
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
      # A first chord that types itself in vi mode would be typed whenever the second one comes late.
      [[ $keymap == viins && -n $_sayso_prefix ]] && bindkey -M viins -r -- $_sayso_prefix
      bindkey -M $keymap -- $_sayso_key sayso-convert
    fi
    if (( _sayso_enter )); then
      bindkey -M $keymap '^M' sayso-accept-line '^J' sayso-accept-line
    fi
  done
  return 0
}

# sayso for fish (3.6 and later): one key turns a dictated line into the command, in place. Nothing is ever
# executed.
#
# `sayso init fish` prints this file below lines that set the variables of the next block from the settings.

# The keys that convert, go back one reading and open the picker (for fish 3, and by the names of fish 4), how long an
# answer may take (milliseconds), whether Enter converts too, and which program is the client.
set -q _sayso_key; or set -g _sayso_key \cx\cv
set -q _sayso_key_name; or set -g _sayso_key_name ctrl-x,ctrl-v
set -q _sayso_back_key; or set -g _sayso_back_key \cx\cb
set -q _sayso_back_key_name; or set -g _sayso_back_key_name ctrl-x,ctrl-b
set -q _sayso_pick_key; or set -g _sayso_pick_key \cx\cp
set -q _sayso_pick_key_name; or set -g _sayso_pick_key_name ctrl-x,ctrl-p
set -q _sayso_deadline_ms; or set -g _sayso_deadline_ms 1000
set -q _sayso_enter; or set -g _sayso_enter 0
set -q _sayso_client; or set -g _sayso_client sayso

# Whether corrected lines are learnt from; and, until the line is run or given up, the dictation of the whole line, and
# what it was answered with.
set -q _sayso_learn; or set -g _sayso_learn 0
set -g _sayso_heard
set -g _sayso_answer

# The names of symbols, as a regular expression, and the line that Enter did not run.
set -q _sayso_spoken; or set -g _sayso_spoken
set -g _sayso_held

# The lines that further presses show in turn: the result, its alternatives, the dictation; with the cursor in each and
# the note about it. `_sayso_turn` is the index of the one on the screen, or 0; `_sayso_message` is what to say about it.
# `_sayso_said` is what was before the dictation, the dictation, what was behind it, the whole line and the cursor.
set -g _sayso_lines
set -g _sayso_cursors
set -g _sayso_notes
set -g _sayso_said
set -g _sayso_turn 0
set -g _sayso_message
# The row of the cursor below the first row of the prompt, how many rows prompt and line take, and whether a message stands
# below them.
set -g _sayso_row 0
set -g _sayso_rows 1
set -g _sayso_told 0
# The line before it changed, up to the cursor and whole, line by line.
set -g _sayso_cut
set -g _sayso_all
# How many rows the prompt takes above its last one, and how many columns there; empty until it is measured.
set -g _sayso_prompt
# How many rows of a message stand above the prompt.
set -g _sayso_above 0

# The key. Converts the selection, or else the line; pressed again, shows the next reading.
function sayso-convert --description 'Turn the dictated line into a command'
    _sayso_look
    if not _sayso_step 1; and _sayso_ask $_sayso_deadline_ms
        _sayso_show 1
    end
    _sayso_say "$_sayso_message"
    return 0
end

# The second key. Shows the reading before.
function sayso-back --description 'Show the reading before'
    _sayso_look
    _sayso_step -1
    or set -g _sayso_message 'there is no reading to go back to; convert the line first'
    _sayso_say "$_sayso_message"
    return 0
end

# The third key. Opens the list of readings below the line, and takes the one that is chosen there.
function sayso-pick --description 'Choose among the readings of the dictated line'
    if not _sayso_shown; or test -n "$(commandline --current-selection)"
        _sayso_select
    end
    set -l said $_sayso_said
    if test -z "$said[2]"
        _sayso_look
        _sayso_say 'the line is empty: dictate a command first'
        return 0
    end
    # The list stands below the end of the line, and the cursor comes back to where it was.
    _sayso_look
    _sayso_measure
    # A message above stays until the line is drawn again.
    test $_sayso_told = 1; and _sayso_say ''
    set -l down (math $_sayso_rows - 1 - $_sayso_row)
    test $down -gt 0; and printf '\e[%dB' $down
    set -l fields (printf %s "$said[2]" | $_sayso_client pick --fields --session fish-$fish_pid 2>/dev/null | string split0)
    test $down -gt 0; and printf '\e[%dA' $down
    set -g _sayso_message
    if _sayso_take $fields
        _sayso_show 1
    end
    test "$fields[1]" = cancelled; and set -g _sayso_message
    _sayso_say "$_sayso_message"
    return 0
end

# Enter, if the settings ask for it. Runs a converted line, and every line that says no symbol. One that does is converted,
# or stays with the reason; the next Enter runs what is there then.
function sayso-execute --description 'Convert a dictated line, run any other'
    # In a list of completions or of history, Enter picks an entry.
    if not commandline --paging-mode; and not commandline --search-mode
        _sayso_look
        if not _sayso_shown; and _sayso_hold
            return 0
        end
    end
    commandline --function execute
end

# Whether the line is not to be run yet.
function _sayso_hold
    set -l line
    _sayso_line
    # It was held once, with a message.
    string match --quiet --regex '\S' -- "$line"; and test "$line" != "$_sayso_held"; or return 1
    # A line that says symbols, as words of their own, would not run as it was meant.
    set -l spoken 0
    test -n "$_sayso_spoken"
    and string match --quiet --ignore-case --regex "(^|\s)($_sayso_spoken)([\s,.]|\$)" -- "$line"
    and set spoken 1
    if _sayso_ask 150
        if test $_sayso_changed = 1; and test $_sayso_percent -ge 90 -o $spoken = 1
            _sayso_show 1
            set -a _sayso_message 'converted; Enter runs it'
        else if test $spoken = 1 -a $_sayso_percent -lt 90
            set -g _sayso_message $_sayso_notes[1] 'Enter runs it'
        else
            return 1
        end
    else if test $spoken = 1
        set -a _sayso_message 'Enter runs it'
    else
        return 1
    end
    set -g _sayso_held "$line"
    _sayso_say (string match --invert '' -- $_sayso_message | string join '; ')
end

# Sets the caller's `line` to the line, byte for byte. Only a capture group copies text exactly; every other way adds or
# strips newlines.
function _sayso_line --no-scope-shadowing
    string match --quiet --regex '^(?<line>[\s\S]*)\n\z' -- (commandline --current-buffer | string collect --no-trim-newlines)
end

# Whether the line is still the one that sayso wrote last, or another reading, to which undo has gone back.
function _sayso_shown
    test $_sayso_turn -gt 0; or return 1
    set -l line
    _sayso_line
    test "$line" = "$_sayso_lines[$_sayso_turn]"; and return 0
    set -l at (contains --index -- "$line" $_sayso_lines)
    test -n "$at"; and test $at -lt (count $_sayso_lines); and set -g _sayso_turn $at
end

# Goes on by $argv[1] readings, if the line is still one that sayso wrote and nothing is selected.
function _sayso_step
    set -l count (count $_sayso_lines)
    _sayso_shown; and test $count -gt 1 -a -z "$(commandline --current-selection)"; or return 1
    _sayso_show (math "($_sayso_turn - 1 + $argv[1] + $count) % $count + 1")
end

# Writes reading number $argv[1] into the line, as one step of undo.
function _sayso_show
    set -g _sayso_turn $argv[1]
    set -g _sayso_message $_sayso_notes[$_sayso_turn]
    commandline --replace -- $_sayso_lines[$_sayso_turn]
    commandline --cursor $_sayso_cursors[$_sayso_turn]
    commandline --function end-selection
end

# Splits the line into what stands before the dictation, the dictation, which is the selection or else the whole line, and
# what stands behind it: `_sayso_said`. White space at the start, which keeps a command out of the history, and around a
# selection is kept; at the end of the line it is removed. Fails if fish cannot take so long a line apart.
function _sayso_select
    set -l line
    _sayso_line
    set -l part "$line"
    set -l before
    set -l after
    set -l from (commandline --selection-start)
    set -l to (commandline --selection-end)
    test "$from" = "$to"; and set from
    if test -n "$from"
        set -l length (math $to - $from)
        string match --quiet --regex "^(?<before>[\s\S]{$from})(?<part>[\s\S]{$length})(?<after>[\s\S]*)\z" -- "$line"
    end
    set -l lead
    set -l text
    set -l trail
    set -g _sayso_said
    string match --quiet --regex '^(?<lead>\s*)(?<text>[\s\S]*?)(?<trail>\s*)\z' -- "$part"
    or return 1
    test -n "$from"; and set after "$trail$after"
    set -g _sayso_said "$before$lead" "$text" "$after" "$line" (commandline --cursor)
end

# Asks for the readings of the line, or of its selection, within $argv[1] milliseconds. Fails if the line stays as it is,
# with the reason in `_sayso_message`.
function _sayso_ask
    set -g _sayso_message
    set -g _sayso_turn 0
    if not _sayso_select
        set -g _sayso_message "fish cannot take so long a line apart; it stays as it was"
        return 1
    end
    set -l text "$_sayso_said[2]"
    set -l lengths (string length -- "$_sayso_said[1]" "$text")
    set -l cursor (math "max(0, min($_sayso_said[5] - $lengths[1], $lengths[2]))")

    # For an unknown command fish would print a message over the line.
    if not command --query $_sayso_client
        set -g _sayso_message "the program $_sayso_client is gone; install sayso again. The line stays as it was"
        string match --quiet '*/*' -- $_sayso_client
        or set -g _sayso_message "the program $_sayso_client is not in PATH; add its folder, or install it. The line stays as it was"
        return 1
    end

    # The text goes through a pipe, because other users can see arguments.
    # Ctrl-C would end this function without a message; with this handler it only ends the client. The handler is removed
    # at once, because it would keep Ctrl-C from the user's own loops.
    set -g _sayso_stopped 0
    function _sayso_interrupted --on-signal INT
        set -g _sayso_stopped 1
    end
    # Names that can be said; aliases are functions here. The client reads the PATH and the environment by itself.
    set -lx SAYSO_SHELL_FUNCTIONS (functions --names)
    set -l fields (printf %s "$_sayso_said[1]$text" | $_sayso_client convert --fields --notes --session fish-$fish_pid --from $lengths[1] \
        --cursor $cursor --deadline-ms $argv[1] 2>/dev/null | string split0)
    functions --erase _sayso_interrupted
    if test $_sayso_stopped = 1
        set -g _sayso_message 'stopped; the line stays as it was'
        return 1
    end
    _sayso_take $fields
end

# Takes an answer about `_sayso_said`: ok, message, stage, percent, cursor, line, the note about the dictation, then each
# alternative and its note; or a code and a message. `_sayso_changed` says whether it changes the text. Fails with a reason in `_sayso_message` if there is no line in it.
function _sayso_take
    if test "$argv[1]" = ok -a (count $argv) -ge 7
        set -l before "$_sayso_said[1]"
        set -l after "$_sayso_said[3]"
        set -g _sayso_message "$argv[2]"
        set -g _sayso_percent $argv[4]
        set -g _sayso_changed 0
        set -g _sayso_notes "$argv[2]"
        set -g _sayso_lines "$before$argv[6]$after"
        set -g _sayso_cursors (math (string length -- "$before") + $argv[5])
        # The others come in pairs. `seq` would be a process.
        set -l others $argv[8..]
        while set -q others[2]
            set -a _sayso_lines "$before$others[1]$after"
            set -a _sayso_cursors (string length -- "$before$others[1]")
            set -a _sayso_notes "$others[2]"
            set -e others[1..2]
        end
        _sayso_remember "$before$after" "$_sayso_said[2]" "$_sayso_lines[1]"
        if test "$argv[6]" != "$_sayso_said[2]"
            set -g _sayso_changed 1
            set -a _sayso_notes "$argv[7]"
            set -a _sayso_lines "$_sayso_said[4]"
            set -a _sayso_cursors $_sayso_said[5]
        end
        return 0
    else if test -n "$argv[2]"
        set -g _sayso_message $argv[2]
    else
        set -g _sayso_message "no answer; try `$_sayso_client doctor`. The line stays as it was"
    end
    return 1
end

# Remembers a dictation and its answer, if nothing ($argv[1]) stands around it in the line.
function _sayso_remember
    set -g _sayso_heard
    set -g _sayso_answer
    if test $_sayso_learn = 1; and not string match --quiet --regex '\S' -- "$argv[1]"
        set -g _sayso_heard $argv[2]
        set -g _sayso_answer $argv[3]
    end
end

if test $_sayso_learn = 1
    # Before a line is run: tells the daemon, if it began as a dictation and is not what that was answered with. White
    # space at the start keeps it out, as it keeps it out of the history.
    function _sayso_learn_preexec --on-event fish_preexec
        set -l heard $_sayso_heard
        set -l answer $_sayso_answer
        set -g _sayso_heard
        set -g _sayso_answer
        if test -n "$heard" -a "$argv[1]" != "$answer"; and string match --quiet --regex '^\S' -- "$argv[1]"
            printf '%s\0' "$heard" "$answer" "$argv[1]" | $_sayso_client learn note >/dev/null 2>&1
        end
    end

    # Before a prompt: what was remembered belongs to a line that is gone.
    function _sayso_learn_prompt --on-event fish_prompt
        set -g _sayso_heard
        set -g _sayso_answer
    end
end

# Keeps the line and what of it is before the cursor, from which `_sayso_measure` tells the rows.
function _sayso_look
    set -g _sayso_cut (commandline --current-buffer --cut-at-cursor)
    set -g _sayso_all (commandline --current-buffer)
end

# Measures the prompt and the line that was looked at: in which row below the first one the cursor was, and how many rows
# there were. The prompt is asked once each time that it is shown: one that looks at a repository takes longer than all the
# rest.
function _sayso_measure
    if not set -q _sayso_prompt[2]
        set -l prompt (functions --query fish_mode_prompt; and fish_mode_prompt; fish_prompt)
        set -g _sayso_prompt (math (count $prompt) - 1) (string length --visible -- "$prompt[-1]")
    end
    set -g _sayso_row (_sayso_height $_sayso_prompt $_sayso_cut)
    set -g _sayso_rows (math 1 + (_sayso_height $_sayso_prompt $_sayso_all))
end

# Before a prompt is shown: what was measured of the last one does not hold.
function _sayso_new_prompt --on-event fish_prompt
    set -g _sayso_prompt
    set -g _sayso_above 0
end

# The row, below $argv[1] others, in which text ends that begins $argv[2] columns from the left and whose lines follow.
function _sayso_height
    set -l row (math "$argv[1] + max(0, $(count $argv) - 3)")
    for part in $argv[3..]
        set row (math "$row + floor(($argv[2] + $(string length --visible -- "$part")) / $COLUMNS)")
    end
    echo $row
end

# Says something below the line, in place of what was said before; nothing, if there is nothing to say. The line was looked at
# before it changed.
function _sayso_say
    test -n "$argv" -o $_sayso_told = 1 -o $_sayso_above -gt 0; or return 0
    _sayso_measure
    set -l row $_sayso_row
    set -l rows $_sayso_rows
    _sayso_look
    _sayso_measure
    if test $_sayso_above -gt 0; or test -n "$argv" -a (math "max($rows, $_sayso_rows)") -gt 1
        # fish draws over what is below a line of several rows. So the message stands above the prompt, in place of the one
        # before, and both are drawn again below it. fish goes up from there as many rows as the cursor was down before.
        set -l up (math $row + $_sayso_above)
        test $up -gt 0; and printf '\e[%dA' $up
        printf '\r\e[J'
        set -g _sayso_above 0
        if test -n "$argv"
            printf 'sayso: %s\n' "$argv"
            set -g _sayso_above (math "1 + floor(($(string length --visible -- "sayso: $argv") - 1) / $COLUMNS)")
        end
        string repeat --no-newline --count $row \n
        set -g _sayso_told 0
        commandline --function repaint
        return 0
    end
    # fish draws the line again from where it left the cursor, so the cursor comes back there. IND, unlike a newline, makes
    # room at the end of the screen without leaving the column.
    set -l down (math $_sayso_rows - $row)
    set -l text
    test -n "$argv"; and set text "sayso: $argv"
    set -l room (math "$down + floor(max(0, $(string length --visible -- "$text") - 1) / $COLUMNS)")
    string repeat --no-newline --count $room \eD
    printf '\e[%dA\e7\e[%dB\r\e[J%s\e8' $room $down "$text"
    set -g _sayso_told (test -n "$argv"; and echo 1; or echo 0)
end

# Clears the message below the line before anything else is printed there.
function _sayso_fade --on-event fish_preexec --on-event fish_cancel
    test $_sayso_told = 1; and printf '\e[J'
    set -g _sayso_told 0
end

# Undo, which also removes what was said about the line.
function _sayso_undo
    _sayso_look
    _sayso_say ''
    commandline --function undo
end

if not set --query SAYSO_NO_BIND
    set -l key $_sayso_key
    set -l back $_sayso_back_key
    set -l pick $_sayso_pick_key
    set -l enter \r \n
    set -l undo \cz \c_
    if test (string split . -- $version)[1] -ge 4
        set key $_sayso_key_name
        set back $_sayso_back_key_name
        set pick $_sayso_pick_key_name
        set enter enter ctrl-j
        set undo ctrl-z ctrl-_
    end
    for chord in $key $back $pick
        # A binding of the person's own is told; what fish itself has there is not missed.
        set -l old (string match --invert '*sayso*' -- (bind --user $chord 2>/dev/null))
        test -n "$old"
        and echo "sayso: a key is taken: $old; to keep that, give sayso another key (sayso config path)" >&2
    end
    for mode in default insert
        test -n "$key"; and bind --mode $mode $key sayso-convert
        test -n "$back"; and bind --mode $mode $back sayso-back
        test -n "$pick"; and bind --mode $mode $pick sayso-pick
        for chord in $undo
            # Unless the person has bound it. That it is undo otherwise, fish says only after the start file.
            test -n "$(bind --user --mode $mode $chord 2>/dev/null)"
            or bind --mode $mode $chord _sayso_undo
        end
        if test $_sayso_enter = 1
            for chord in $enter
                bind --mode $mode $chord sayso-execute
            end
        end
    end
    # As every command on a selection does, ours ends the mode for selecting.
    test -n "$key"
    and bind --mode visual --sets-mode default $key 'sayso-convert; commandline --function repaint-mode'
end

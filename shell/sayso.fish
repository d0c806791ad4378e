# sayso for fish (3.6 and later): one key turns a dictated line into the command, in place. Nothing is ever
# executed.
#
# `sayso init fish` prints this file below lines that set the variables of the next block from the settings.

# The key (for fish 3, and by the names of fish 4), how long an answer may take (milliseconds), whether Enter converts
# too, and which program is the client.
set -q _sayso_key; or set -g _sayso_key \cx\cv
set -q _sayso_key_name; or set -g _sayso_key_name ctrl-x,ctrl-v
set -q _sayso_deadline_ms; or set -g _sayso_deadline_ms 1000
set -q _sayso_enter; or set -g _sayso_enter 0
set -q _sayso_client; or set -g _sayso_client sayso

# The lines that further presses show in turn: the result, its alternatives, the dictation; and the cursor in each.
# `_sayso_turn` is the index of the one on the screen, or 0; `_sayso_message` is the message about it.
set -g _sayso_lines
set -g _sayso_cursors
set -g _sayso_turn 0
set -g _sayso_message

# The key. Converts the selection, or else the line; pressed again, shows the next reading.
function sayso-convert --description 'Turn the dictated line into a command'
    if _sayso_shown; and test (count $_sayso_lines) -gt 1 -a -z "$(commandline --current-selection)"
        _sayso_show (math $_sayso_turn % (count $_sayso_lines) + 1)
    else if _sayso_ask $_sayso_deadline_ms 0
        _sayso_show 1
    end
    test -n "$_sayso_message"; and _sayso_say "$_sayso_message"
    return 0
end

# Enter, if the settings ask for it. Converts a line that is surely dictation and runs any other line as always. It also
# runs a converted line, and every line if the daemon is absent, slow or in doubt.
function sayso-execute --description 'Convert a dictated line, run any other'
    # In a list of completions or of history, Enter picks an entry.
    if not commandline --paging-mode; and not commandline --search-mode
        if not _sayso_shown; and _sayso_ask 150 90
            _sayso_show 1
            _sayso_say (string match --invert '' -- converted $_sayso_message 'Enter runs it' | string join '; ')
            return 0
        end
    end
    commandline --function execute
end

# Sets the caller's `line` to the line, byte for byte. Only a capture group copies text exactly; every other way adds or
# strips newlines.
function _sayso_line --no-scope-shadowing
    string match --quiet --regex '^(?<line>[\s\S]*)\n\z' -- (commandline --current-buffer | string collect --no-trim-newlines)
end

# Whether the line is still the one that sayso wrote last.
function _sayso_shown
    test $_sayso_turn -gt 0; or return 1
    set -l line
    _sayso_line
    test "$line" = "$_sayso_lines[$_sayso_turn]"
end

# Writes reading number $argv[1] into the line, as one step of undo.
function _sayso_show
    set -g _sayso_turn $argv[1]
    commandline --replace -- $_sayso_lines[$_sayso_turn]
    commandline --cursor $_sayso_cursors[$_sayso_turn]
    commandline --function end-selection
end

# Asks for the readings of the line, or of its selection, within $argv[1] milliseconds. If $argv[2] is above 0, the
# answer counts only if it is at least that sure, in percent, and changes the text. Fails if the line stays as it is, with
# the reason in `_sayso_message`.
function _sayso_ask
    set -g _sayso_message
    set -g _sayso_turn 0
    set -l line
    _sayso_line
    set -l at (commandline --cursor)
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

    # White space at the start, which keeps a command out of the history, and around a selection is kept; at the end of
    # the line it is removed.
    set -l lead
    set -l text
    set -l trail
    string match --quiet --regex '^(?<lead>\s*)(?<text>[\s\S]*?)(?<trail>\s*)\z' -- "$part"
    or begin
        set -g _sayso_message "fish cannot take so long a line apart; it stays as it was"
        return 1
    end
    set before "$before$lead"
    test -n "$from"; and set after "$trail$after"
    test $argv[2] -gt 0 -a -z "$text"; and return 1
    set -l lengths (string length -- "$before" "$text")
    set -l cursor (math "max(0, min($at - $lengths[1], $lengths[2]))")

    # For an unknown command fish would print a message over the line.
    if not command --query $_sayso_client
        set -g _sayso_message "the program $_sayso_client is gone; install sayso again. The line stays as it was"
        string match --quiet '*/*' -- $_sayso_client
        or set -g _sayso_message "the program $_sayso_client is not in PATH; add its folder, or install it. The line stays as it was"
        return 1
    end

    # The text goes through a pipe, because other users can see arguments. The answer is fields that end in NUL: ok,
    # message, stage, percent, cursor, line, alternatives; or a code and a message.
    # Ctrl-C would end this function without a message; with this handler it only ends the client. The handler is removed
    # at once, because it would keep Ctrl-C from the user's own loops.
    set -g _sayso_stopped 0
    function _sayso_interrupted --on-signal INT
        set -g _sayso_stopped 1
    end
    set -l fields (printf %s "$text" | $_sayso_client convert --fields --session fish-$fish_pid \
        --cursor $cursor --deadline-ms $argv[1] 2>/dev/null | string split0)
    functions --erase _sayso_interrupted
    if test $_sayso_stopped = 1
        set -g _sayso_message 'stopped; the line stays as it was'
        return 1
    end
    if test "$fields[1]" = ok -a (count $fields) -ge 6
        test $fields[4] -lt $argv[2] -o $argv[2] -gt 0 -a "$fields[6]" = "$text"; and return 1
        set -g _sayso_message $fields[2]
        set -g _sayso_lines "$before$fields[6]$after"
        set -g _sayso_cursors (math $lengths[1] + $fields[5])
        if set -q fields[7]
            set -a _sayso_lines "$before"$fields[7..]"$after"
            set -a _sayso_cursors (string length -- "$before"$fields[7..])
        end
        if test "$fields[6]" != "$text"
            set -a _sayso_lines "$line"
            set -a _sayso_cursors $at
        end
        return 0
    else if test -n "$fields[2]"
        set -g _sayso_message $fields[2]
    else
        set -g _sayso_message "no answer; try `$_sayso_client doctor`. The line stays as it was"
    end
    return 1
end

# Says something below the line, then shows the line again below that.
function _sayso_say
    # A repaint goes up by as many rows as the cursor is below the first row of the prompt, so that many are added.
    set -l prompt (fish_prompt)
    set -l head (commandline --current-buffer --cut-at-cursor)
    set -l width (string length --visible -- "$prompt[-1]")
    set -l rows (math (count $prompt) - 1)
    for part in $head
        set rows (math "$rows + 1 + floor(($width + $(string length --visible -- "$part")) / $COLUMNS)")
    end
    printf '\n\e[Jsayso: %s' "$argv"
    string repeat --no-newline --count $rows \n
    commandline --function repaint
end

if not set --query SAYSO_NO_BIND
    set -l key $_sayso_key
    set -l enter \r \n
    if test (string split . -- $version)[1] -ge 4
        set key $_sayso_key_name
        set enter enter ctrl-j
    end
    for mode in default insert
        test -n "$key"; and bind --mode $mode $key sayso-convert
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

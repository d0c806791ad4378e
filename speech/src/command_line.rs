//! The state of a command line: the command that is being written, its words, and the signs that are open.
//!
//! What begins a command, and what runs another one, is said here and in [`crate::symbol`] once. [`CommandLine`] follows a
//! path whose spaces are known, for the spacing rules. Four more places follow a command line, each as far as it can see:
//!
//! | view | sees | differs from [`CommandLine`] |
//! |---|---|---|
//! | `scanner::ScanState` | readings of a path, without spaces | a flag ends the wait for a name, also behind `sudo`; a `(` does not; an operator in quotes counts; back-ticks open no quote; `find -exec` begins no command |
//! | `phonetic::command_context` | all readings of each token | an operator counts if any reading is one; up to four commands are open at once, so that none has to be the right one; quotes and line breaks are not known |
//! | `gate::gather` | tokens, for typed lines | only what was typed ends a command; quotes are not known |
//! | `Context` of the tagger | readings of a path, with spaces | frozen with the weights, which were trained with it: behind `>` no operator ends a command (`>|`), shell words such as `do` and assignments leave a name due, `|&` in quotes is text |
//!
//! `views_differ_as_they_are_meant_to`, below and in the tagger's `context.rs`, holds these differences.

use crate::commands::{self, Arity, Command};
use crate::lattice::{Kind, Reading};
use crate::quote::Nesting;
use crate::symbol::{ends_command_after, first_char};

/// The command called `name` if it runs another command, as `sudo` and `xargs` do. `find` runs one too, but only behind
/// one of its flags: see [`runs_rest`].
pub fn runner(name: &str) -> Option<Command> {
    commands::lookup(&[name]).filter(|command| command.runs_command() && name != "find")
}

/// Whether the rest of the command line behind `word` is a command of its own: a flag of `find`.
pub fn runs_rest(word: &str) -> bool {
    matches!(word, "-exec" | "-execdir" | "-ok" | "-okdir")
}

/// Whether a reading begins a new line, so that a new command begins. `quoted` tells whether a quote is open.
pub(crate) fn breaks_line(reading: &Reading, quoted: bool) -> bool {
    reading.kind == Kind::Whitespace && reading.text.contains('\n') && !quoted
}

/// A command line up to some point of a path.
#[derive(Default)]
pub(crate) struct CommandLine {
    /// The word under construction.
    pub(crate) word: String,
    /// The number of readings that wrote it.
    pub(crate) pieces: usize,
    /// The finished words of the simple command.
    pub(crate) words: Vec<String>,
    /// The command and its sub-commands so far, the word under construction included.
    pub(crate) command: Option<Command>,
    /// The same without the word under construction; `None` once a word was no sub-command.
    parent: Option<Command>,
    /// The command that runs this one, such as `xargs`.
    runner: Option<Command>,
    /// Whether the next word is the value of the runner's last flag.
    value_due: bool,
    /// The quotes and brackets that are open.
    pub(crate) open: Nesting,
}

/// Longest word, in bytes, that is kept whole: of a longer one only the end is kept, since its beginning decides no space.
/// Hand-chosen, 2026-11-23.
const LONGEST: usize = 256;

impl CommandLine {
    /// At the start of a line, or inside a quote that an earlier line opened.
    pub(crate) fn new(open_quote: Option<char>) -> CommandLine {
        let words = open_quote.map(String::from).into_iter().collect();
        CommandLine { open: Nesting::new(open_quote), words, ..CommandLine::default() }
    }

    /// The quote that is open.
    pub(crate) fn quote(&self) -> Option<char> {
        self.open.quote()
    }

    /// Whether the word under construction is the command's name or a sub-command, so that an argument follows.
    pub(crate) fn at_name(&self) -> bool {
        if self.words.is_empty() {
            return true;
        }
        self.command.is_some_and(|command| command.path().rsplit(' ').next() == Some(self.word.as_str()))
    }

    pub(crate) fn in_long_flag(&self) -> bool {
        self.word.starts_with("--") && self.word.len() > 2 && !self.word.contains('=')
    }

    pub(crate) fn in_short_flag(&self) -> bool {
        self.word.starts_with('-') && self.word.len() > 1 && !self.word.starts_with("--")
    }

    /// Whether the word under construction stands in the list of `for x in`.
    pub(crate) fn in_for_list(&self) -> bool {
        self.words.first().is_some_and(|word| word == "for")
            && (self.word == "in" || self.words.iter().skip(2).any(|word| word == "in"))
    }

    /// Whether the word under construction is a flag of letters, such as `-n1`, and not a number such as `-1`.
    pub(crate) fn in_letter_flag(&self) -> bool {
        self.in_short_flag() && self.word[1..].starts_with(|c: char| c.is_ascii_alphabetic())
    }

    /// Whether the word under construction is a flag: its value or the next argument follows.
    pub(crate) fn at_flag(&self) -> bool {
        self.in_long_flag() || self.in_short_flag()
    }

    pub(crate) fn is_path(&self) -> bool {
        self.word.contains(['/', '.', '~', ':', '@', '='])
    }

    /// Whether the command, or the program that it is a sub-command of, has the flag `-name`.
    pub(crate) fn is_word_flag(&self, name: &str) -> bool {
        self.command.is_some_and(|command| command.word_flag(name).is_some())
            || self.words.first().is_some_and(|first| {
                commands::lookup(&[first]).is_some_and(|command| command.word_flag(name).is_some())
            })
    }

    /// The upper-case letter that a lower-case one is by convention here.
    pub(crate) fn upper_letter(&self, current: &Reading, heard_upper: bool, space: bool) -> Option<char> {
        if current.kind != Kind::Letter {
            return None;
        }
        let letter = current.text.chars().next().filter(char::is_ascii_lowercase)?;
        let upper = letter.to_ascii_uppercase();
        if self.word.ends_with('%') && heard_upper {
            // In a date's format %Y, %H and %S are the usual ones; %M is the minute behind an hour.
            let minute = letter == 'm' && self.word.contains("%H");
            return (matches!(letter, 'y' | 'h' | 's') || minute).then_some(upper);
        }
        if space || self.quote().is_some() {
            return None;
        }
        if self.word.ends_with(|c: char| c.is_ascii_digit()) {
            // A size: 10M.
            return (heard_upper && matches!(letter, 'm' | 'g' | 't')).then_some(upper);
        }
        // A flag that this command has in upper case only.
        let command = self.command?;
        let cluster = self.in_short_flag() && is_letter_run(&self.word[1..]) || self.word == "-";
        (cluster && command.short(letter).is_none() && command.short(upper).is_some()).then_some(upper)
    }

    /// Takes in a reading; `space` tells whether a space goes before what it writes.
    pub(crate) fn write(&mut self, reading: &Reading, space: bool) {
        let text = reading.text.as_ref();
        let quoted = self.quote().is_some();
        if reading.kind == Kind::Whitespace || (space && !quoted) {
            self.finish_word();
        }
        let operator = reading.is_symbol()
            && !quoted
            && ends_command_after(&self.word, text)
            && !self.word.ends_with('\\');
        if breaks_line(reading, quoted) || operator || opens_substitution(reading) {
            *self = CommandLine::default();
            return;
        }
        if reading.kind == Kind::Whitespace {
            return;
        }
        if space && quoted {
            self.word.push(' ');
        }
        self.word.push_str(text);
        self.pieces += 1;
        if self.word.len() > LONGEST {
            let end = (self.word.len() - LONGEST / 4..).find(|&at| self.word.is_char_boundary(at));
            self.word.drain(..end.unwrap_or(0));
        }
        if reading.is_symbol() {
            self.open.push(first_char(text));
        }
        self.follow_name();
    }

    /// Updates `command` with the word under construction: the name, or a sub-command.
    fn follow_name(&mut self) {
        if self.words.is_empty() {
            self.command = commands::lookup(&[self.word.as_str()]);
        } else if let Some(parent) = self.parent {
            self.command = Some(parent.subcommand(&self.word).unwrap_or(parent));
        }
    }

    fn finish_word(&mut self) {
        let word = std::mem::take(&mut self.word);
        self.pieces = 0;
        if word.is_empty() {
            return;
        }
        // A flag of the runner (`xargs -0`) or its value is not the name of the command that it runs.
        if self.words.is_empty()
            && let Some(runner) = self.runner
        {
            let letter = word.chars().last().unwrap_or('-');
            if word.starts_with('-') {
                self.value_due = word.len() == 2 && runner.short(letter) == Some(Arity::Value);
                return;
            }
            if std::mem::take(&mut self.value_due) {
                return;
            }
        }
        if runs_rest(&word) {
            *self = CommandLine { open: std::mem::take(&mut self.open), ..CommandLine::default() };
            return;
        }
        if self.words.is_empty()
            && let Some(runner) = runner(&word)
        {
            self.runner = Some(runner);
            self.command = None;
            return;
        }
        self.parent = match self.parent {
            _ if self.words.is_empty() => commands::lookup(&[word.as_str()]),
            Some(parent) if word.starts_with('-') => Some(parent),
            Some(parent) => parent.subcommand(&word),
            None => None,
        };
        self.words.push(word);
    }
}

fn is_letter_run(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_alphabetic())
}

/// Whether a reading writes `$(`, which begins a command of its own.
fn opens_substitution(reading: &Reading) -> bool {
    reading.kind == Kind::Typed && reading.text.ends_with("$(")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::phonetic::is_fresh_behind;
    use crate::scanner::is_name_due_behind;

    /// The readings of a line: signs are symbols, `NEWLINE` is one that was said.
    fn readings(line: &str) -> Vec<Reading> {
        let reading = |(at, text): (usize, &str)| {
            let (kind, text) = match text {
                "NEWLINE" => (Kind::Whitespace, "\n"),
                text if text.starts_with(|c: char| c.is_alphanumeric()) => (Kind::Word, text),
                text if text.len() > 1 && text.starts_with('-') => (Kind::Typed, text),
                text => (Kind::Symbol, text),
            };
            Reading::new(at..at + 1, kind, text.to_owned().into(), None)
        };
        line.split(' ').filter(|text| !text.is_empty()).enumerate().map(reading).collect()
    }

    /// Whether a word behind the line would be the name of a command; signs but quotes
    /// stand on what is before them.
    fn names_command(readings: &[Reading]) -> bool {
        let mut line = CommandLine::new(None);
        let is_glued = |reading: &Reading| reading.is_symbol() && !reading.text.contains(['"', '`']);
        readings.iter().for_each(|reading| line.write(reading, !is_glued(reading)));
        line.write(&Reading::new(0..1, Kind::Word, "x".into(), None), true);
        line.words.is_empty()
    }

    #[test]
    fn views_differ_as_they_are_meant_to() {
        // What the spacing rules, the scanner and the phonetic search take for the beginning of a command.
        let meant = [
            ("", true, true, true),
            ("ls", false, false, false),
            ("ls |", true, true, true),
            ("ls &&", true, true, true),
            ("ls |&", true, true, true),
            ("ls &", true, true, true),
            ("ls > &", false, false, false),
            ("ls > |", true, true, true),
            ("ls NEWLINE", true, true, false),
            ("sudo", true, true, false),
            ("sudo -u root", true, false, false),
            ("(", false, true, true),
            ("echo ` |", false, true, true),
            ("echo \" |", false, true, true),
        ];
        let views = |(line, ..): &(&'static str, bool, bool, bool)| {
            let readings = readings(line);
            (*line, names_command(&readings), is_name_due_behind(&readings), is_fresh_behind(&readings))
        };
        assert_eq!(meant.each_ref().map(views), meant);
    }
}

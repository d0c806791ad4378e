//! The command line so far, as far as it decides where the next space goes.

use crate::commands::{self, Command};
use crate::lattice::{Kind, Reading};
use crate::spacing::{is_any_symbol, is_operator};

/// The command line so far.
#[derive(Default)]
pub(crate) struct Shell {
    /// The shell word under construction.
    pub(crate) token: String,
    /// Its readings.
    pub(crate) pieces: usize,
    /// The words of the simple command before it.
    pub(crate) words: Vec<String>,
    /// The command and sub-commands read so far, the word under construction included.
    pub(crate) command: Option<Command>,
    /// The command that the finished words name, as long as they name one.
    pub(crate) parent: Option<Command>,
    /// The command before it that runs it, such as `xargs`.
    pub(crate) runner: Option<Command>,
    /// A value of the runner's last flag is due.
    pub(crate) value_due: bool,
    /// Signs that are open: quotes and brackets.
    pub(crate) open: Vec<char>,
}

/// Of a shell word longer than this, in bytes, only the end is kept in view: its beginning decides no space any more.
const LONGEST: usize = 256;
/// More signs than this are not open at once in a line that a person dictates.
const DEEPEST: usize = 32;

impl Shell {
    /// At the start of a line, or inside a quote that an earlier line opened.
    pub(crate) fn inside(quote: Option<char>) -> Shell {
        let words = quote.map(String::from).into_iter().collect();
        Shell { open: Vec::from_iter(quote), words, ..Shell::default() }
    }

    pub(crate) fn quote(&self) -> Option<char> {
        self.open.iter().copied().find(|sign| matches!(sign, '"' | '\'' | '`'))
    }

    /// Whether the word under construction is the command's name or a sub-command, so that what follows is an argument.
    pub(crate) fn at_name(&self) -> bool {
        if self.words.is_empty() {
            return true;
        }
        self.command.is_some_and(|command| {
            let last = self.token.as_str();
            command.path().rsplit(' ').next() == Some(last)
        })
    }

    pub(crate) fn in_long_flag(&self) -> bool {
        self.token.starts_with("--") && self.token.len() > 2 && !self.token.contains('=')
    }

    pub(crate) fn in_short_flag(&self) -> bool {
        self.token.starts_with('-') && self.token.len() > 1 && !self.token.starts_with("--")
    }

    /// In the list of `for x in`: its words stand apart.
    pub(crate) fn in_for_list(&self) -> bool {
        self.words.first().is_some_and(|word| word == "for")
            && (self.token == "in" || self.words.iter().skip(2).any(|word| word == "in"))
    }

    /// `-n1`, not the number `-1`.
    pub(crate) fn in_letter_flag(&self) -> bool {
        self.in_short_flag() && self.token[1..].starts_with(|c: char| c.is_ascii_alphabetic())
    }

    /// A finished flag: what follows is its value or the next argument.
    pub(crate) fn at_flag(&self) -> bool {
        self.in_long_flag() || self.in_short_flag()
    }

    pub(crate) fn is_path(&self) -> bool {
        self.token.contains(['/', '.', '~', ':', '@', '='])
    }

    pub(crate) fn is_word_flag(&self, name: &str) -> bool {
        self.command.is_some_and(|command| command.word_flag(name).is_some())
            || self.words.first().is_some_and(|first| {
                commands::lookup(&[first]).is_some_and(|command| command.word_flag(name).is_some())
            })
    }

    /// A lower-case letter that conventions write in upper case here.
    pub(crate) fn upper_letter(&self, current: &Reading, heard_upper: bool, space: bool) -> Option<char> {
        if current.kind != Kind::Letter {
            return None;
        }
        let letter = current.text.chars().next().filter(char::is_ascii_lowercase)?;
        let upper = letter.to_ascii_uppercase();
        if self.token.ends_with('%') && heard_upper {
            // Of a date's format the year, hour and second are mostly meant long; %M is the minute behind an hour.
            let minute = letter == 'm' && self.token.contains("%H");
            return (matches!(letter, 'y' | 'h' | 's') || minute).then_some(upper);
        }
        if space || self.quote().is_some() {
            return None;
        }
        if self.token.ends_with(|c: char| c.is_ascii_digit()) {
            return (heard_upper && matches!(letter, 'm' | 'g' | 't')).then_some(upper);
        }
        // A flag that this command knows in upper case only.
        let command = self.command?;
        let cluster = self.in_short_flag() && is_letter_run(&self.token[1..]) || self.token == "-";
        (cluster && command.short(letter).is_none() && command.short(upper).is_some()).then_some(upper)
    }

    /// Takes in what a reading writes, `space` telling whether a space goes before it.
    pub(crate) fn write(&mut self, reading: &Reading, space: bool) {
        let text = reading.text.as_ref();
        let breaks = reading.kind == Kind::Separator && text.contains('\n') && self.quote().is_none();
        if reading.kind == Kind::Separator || (space && self.quote().is_none()) {
            self.finish_word();
        }
        let operator = is_any_symbol(reading)
            && self.quote().is_none()
            && is_operator(text)
            && !self.token.ends_with('\\');
        if breaks || operator || opens_command(reading) {
            *self = Shell::default();
            return;
        }
        if reading.kind == Kind::Separator {
            return;
        }
        if space && self.quote().is_some() {
            self.token.push(' ');
        }
        self.token.push_str(text);
        self.pieces += 1;
        if self.token.len() > LONGEST {
            let end = (self.token.len() - LONGEST / 4..).find(|&at| self.token.is_char_boundary(at));
            self.token.drain(..end.unwrap_or(0));
        }
        if is_any_symbol(reading) {
            let sign = first_char(text);
            let closes = match sign {
                ')' => Some('('),
                ']' => Some('['),
                '}' => Some('{'),
                '"' | '\'' | '`' if self.open.contains(&sign) => Some(sign),
                _ => None,
            };
            match (closes, sign) {
                (Some(sign), _) => {
                    if let Some(at) = self.open.iter().rposition(|open| *open == sign) {
                        self.open.truncate(at);
                    }
                }
                (None, '"' | '\'' | '`' | '(' | '[' | '{') if self.open.len() < DEEPEST => {
                    self.open.push(sign)
                }
                _ => {}
            }
        }
        self.follow_name();
    }

    /// Keeps the command in step with the words: its name, and sub-commands as long as they are some.
    fn follow_name(&mut self) {
        if self.words.is_empty() {
            self.command = commands::lookup(&[self.token.as_str()]);
        } else if let Some(parent) = self.parent {
            self.command = Some(parent.subcommand(&self.token).unwrap_or(parent));
        }
    }

    fn finish_word(&mut self) {
        let word = std::mem::take(&mut self.token);
        self.pieces = 0;
        if word.is_empty() {
            return;
        }
        // Flags before the command that `xargs -0` runs, and their values, are not its name.
        if self.words.is_empty()
            && let Some(runner) = self.runner
        {
            let letter = word.chars().last().unwrap_or('-');
            if word.starts_with('-') {
                self.value_due = word.len() == 2 && runner.short(letter) == Some(commands::Arity::Value);
                return;
            }
            if std::mem::take(&mut self.value_due) {
                return;
            }
        }
        if matches!(word.as_str(), "-exec" | "-execdir" | "-ok" | "-okdir") {
            *self = Shell { open: std::mem::take(&mut self.open), ..Shell::default() };
            return;
        }
        // The command that `sudo` runs takes its place.
        let runner = commands::lookup(&[word.as_str()]).filter(Command::runs_command);
        if self.words.is_empty() && runner.is_some() && word != "find" {
            self.runner = runner;
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

/// `$(` begins a command of its own, however it came to be written.
fn opens_command(reading: &Reading) -> bool {
    reading.kind == Kind::Typed && reading.text.ends_with("$(")
}

/// The first character of a symbol.
pub(crate) fn first_char(text: &str) -> char {
    text.chars().next().unwrap_or(' ')
}

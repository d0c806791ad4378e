//! Spacing: puts spaces into a free line, which is a line without spoken separators.
//!
//! It takes one pass over the readings and follows the shell word under construction. Each rule is
//! about one symbol and its two neighbours. The command table says what is a flag, a sub-command or
//! a hyphenated name.

use crate::clean::Shape;
use crate::command_line::CommandLine;
use crate::commands::{self, Command};
use crate::lattice::{Kind, Lattice, Reading, ReadingId, Step};
use crate::symbol::{ends_command, first_char, is_redirection};

/// Returns the path of the chosen readings with a decision about the space before each.
///
/// `chosen` holds one reading for each step, in the order of the line. A letter may be exchanged
/// for its upper-case reading where the command has that flag in upper case only.
pub fn space(lattice: &Lattice, chosen: &[ReadingId]) -> Vec<Step> {
    let writing: Vec<usize> =
        (0..chosen.len()).filter(|&at| lattice.reading(chosen[at]).kind != Kind::Deletion).collect();
    let mut steps: Vec<Step> = chosen.iter().map(|&reading| Step { reading, space: false }).collect();
    let mut line = CommandLine::new(lattice.open_quote());
    for (place, &at) in writing.iter().enumerate() {
        let item = |place: usize| writing.get(place).map(|&at| lattice.reading(chosen[at]));
        let current = lattice.reading(chosen[at]);
        let previous = place.checked_sub(1).and_then(item);
        let around = Around { previous, current, next: item(place + 1) };
        let space = match previous {
            None => false,
            Some(previous) if previous.kind == Kind::NoSpace || current.kind == Kind::NoSpace => false,
            Some(previous) if previous.kind == Kind::Whitespace || current.kind == Kind::Whitespace => false,
            Some(previous) => match as_typed(lattice, &line, previous, current) {
                Some(space) => space,
                None => line.space_before(&around) || !lattice.can_concatenate(previous, current),
            },
        };
        steps[at].space = space;
        let (first, readings) = lattice.arcs_from(current.tokens.start);
        let heard_upper =
            lattice.line.text(current.tokens.start).starts_with(|c: char| c.is_ascii_uppercase());
        if let Some(upper) = line.upper_letter(current, heard_upper, space)
            && let Some(reading) = readings
                .iter()
                .position(|reading| reading.kind == Kind::Letter && reading.text.starts_with(upper))
        {
            steps[at].reading = first + reading as u32;
        }
        line.write(lattice.reading(steps[at].reading), space);
    }
    steps
}

/// Keeps the white space next to typed text and between two digit tokens. Returns `None` to leave
/// the decision to the rules, as next to a spoken symbol.
fn as_typed(lattice: &Lattice, line: &CommandLine, previous: &Reading, current: &Reading) -> Option<bool> {
    let shape = |reading: &Reading| lattice.line.tokens[reading.tokens.start].shape;
    let said_symbol = |reading: &Reading| reading.is_symbol() && shape(reading) == Shape::Word;
    if said_symbol(previous) || said_symbol(current) {
        return None;
    }
    if previous.is_symbol() {
        // Speech engines write a spoken dash as a separate `-`, and the path goes on after `dot /`.
        let goes_on = previous.text == "-" || line.word != previous.text;
        return (!goes_on).then_some(true);
    }
    let typed = shape(previous) == Shape::Typed || shape(current) == Shape::Typed;
    let digits = shape(previous) == Shape::Digits && shape(current) == Shape::Digits;
    (typed || digits).then_some(true)
}

/// A reading with its neighbours; dropped readings are skipped.
struct Around<'a> {
    previous: Option<&'a Reading>,
    current: &'a Reading,
    next: Option<&'a Reading>,
}

fn is_symbol(reading: Option<&Reading>, text: &str) -> bool {
    reading.is_some_and(|reading| reading.kind == Kind::Symbol && reading.text == text)
}

/// Whether a reading writes a word, whatever kind of reading it is.
fn is_name(reading: &Reading) -> bool {
    matches!(
        reading.kind,
        Kind::Word | Kind::Case | Kind::WideCase | Kind::Literal | Kind::Alias | Kind::Typed
    )
}

fn is_number(reading: &Reading) -> bool {
    reading.kind == Kind::Number
}

fn is_letter(reading: &Reading) -> bool {
    reading.kind == Kind::Letter || (reading.kind == Kind::Case && reading.text.chars().count() == 1)
}

/// Folders at the root of a file system, sorted for binary search. A slash before one of these
/// names may begin a new path.
const ROOTS: [&str; 18] = [
    "applications",
    "bin",
    "boot",
    "dev",
    "etc",
    "home",
    "lib",
    "media",
    "mnt",
    "opt",
    "proc",
    "root",
    "run",
    "srv",
    "sys",
    "tmp",
    "usr",
    "var",
];

impl CommandLine {
    fn space_before(&self, around: &Around<'_>) -> bool {
        let Some(previous) = around.previous else { return false };
        let current = around.current;
        if self.quote().is_some() {
            return self.space_in_quotes(previous, around);
        }
        if current.is_symbol() {
            return self.space_before_symbol(previous, around);
        }
        if previous.is_symbol() {
            return self.space_after_symbol(previous, around);
        }
        self.space_between_words(previous, current)
    }

    fn space_between_words(&self, previous: &Reading, current: &Reading) -> bool {
        if self.in_for_list() {
            return true;
        }
        if is_letter(previous) && is_letter(current) {
            // "c p r": a spelled command ends as soon as it is a known one. The letters of a flag
            // or a path stay together. Other single letters are names of files.
            return match self.words.is_empty() {
                true => commands::is_command(&self.word) && !self.at_flag(),
                false => self.word.len() == 1 && self.command.is_some_and(takes_files),
            };
        }
        if self.in_long_flag()
            && let Some(command) = self.command
            && command.long(&format!("{}{}", &self.word[2..], current.text)).is_some()
        {
            // "dash dash one line" means `--oneline`.
            return false;
        }
        if is_number(previous) && is_number(current) {
            return false;
        }
        if is_number(current) {
            // "file two" is one name. The numbers of "sleep ten" and "-n ten" are arguments, and
            // `-print0` is one flag.
            if self.at_flag() && self.is_word_flag(&format!("{}{}", &self.word[1..], current.text)) {
                return false;
            }
            return self.at_flag()
                || (self.at_name() && !numbered_command(&self.word, &current.text))
                || is_long_number(current);
        }
        if is_number(previous) {
            // "fifty k" is a size and "two d" a duration; any other word is the next argument.
            const UNITS: &str = "bcdghkmpstwx";
            return !is_letter(current)
                || !UNITS.contains(&current.text.to_lowercase())
                || self.in_letter_flag();
        }
        if is_letter(previous) && is_name(current) && self.pieces == 1 {
            let name = format!("{}{}", self.word, current.text);
            return !(self.words.is_empty() && commands::is_command(&name));
        }
        true
    }

    fn space_before_symbol(&self, previous: &Reading, around: &Around<'_>) -> bool {
        let symbol = around.current.text.as_ref();
        let next = around.next;
        let glued_symbol = |text: &str| is_symbol(Some(previous), text);
        match symbol {
            _ if glued_symbol("\\") => false,
            _ if ends_command(previous.text.as_ref()) && previous.is_symbol() => {
                !(symbol == "&" && previous.text == "|")
            }
            "&" if previous.is_symbol() && is_redirection(&previous.text) => false,
            ";" => false,
            "|" | "||" | "&&" | "&" | ">>" | "<<" | "2>" | "2>&" | "2>&1" => true,
            ">" | "<" => !glued_symbol("&"),
            "--" => !glued_symbol("-"),
            "-" => self.space_before_dash(previous, around),
            "." => self.space_before_dot(previous, next),
            ".." | "..." => {
                !glued_symbol("/") && !glued_symbol("=") && !glued_symbol(":") && !is_number(previous)
            }
            "/" | "//" => self.space_before_slash(previous, around),
            "~" => {
                !(glued_symbol("=") || glued_symbol(":") || self.word.contains("HEAD") || glued_symbol("("))
            }
            "*" | "?" => {
                self.in_for_list()
                    || self.at_flag() && !self.is_path()
                    || self.words.is_empty() && !previous.is_symbol()
                    || previous.is_symbol() && is_redirection(&previous.text)
                    || matches!(previous.text.as_ref(), "\"" | "'")
                        && !self.open.has(first_char(&previous.text))
            }
            "\"" | "'" | "`" => !self.open.has(first_char(symbol)) && self.space_before_quote(previous),
            "$" => !previous.is_symbol() || is_redirection(&previous.text) || previous.text == "*",
            "@" | "#" => self.at_flag() || self.words.is_empty() || glued_symbol("*") || glued_symbol("."),
            "!" => !previous.is_symbol() || glued_symbol(")"),
            "%" => self.at_flag() || (self.at_name() && !is_number(previous)),
            // g++
            "+" if self.words.is_empty() && commands::is_command(&format!("{}++", self.word)) => false,
            "+" => self.at_flag() || self.at_name() || !previous.is_symbol() && !is_number(previous),
            "\\" => !matches!(previous.text.as_ref(), "\\" | "/" | "." | "=") || is_name(previous),
            "{" | "[" => {
                self.at_flag()
                    || self.at_name()
                    || is_name(previous) && is_symbol(next, if symbol == "{" { "}" } else { "]" })
            }
            "(" => !previous.is_symbol() || ends_command(&previous.text),
            // Closing signs, and symbols inside a word: _ : = , ^ and the rest.
            _ => false,
        }
    }

    fn space_before_quote(&self, previous: &Reading) -> bool {
        !previous.is_symbol()
            || matches!(previous.text.as_ref(), "." | ".." | "*" | "/" | ")" | "}" | "]" | "\"" | "'")
            || is_redirection(&previous.text)
    }

    /// Whether a dash begins a flag (a space) or is a hyphen inside a name (no space).
    fn space_before_dash(&self, previous: &Reading, around: &Around<'_>) -> bool {
        let Some(next) = around.next else { return true };
        if previous.is_symbol() {
            return match previous.text.as_ref() {
                // `cut -d, -f1`
                "," if self.at_flag() => true,
                ":" | "=" | "@" | "_" | "," | "-" => is_symbol(Some(next), "-"),
                _ => true,
            };
        }
        if is_symbol(Some(next), "-") || next.is_symbol() {
            return true;
        }
        if self.word.contains('%') {
            // A date format: "+%Y-%m-%d".
            return false;
        }
        if is_number(previous) && is_number(next) {
            // A range or a date.
            return self.at_flag();
        }
        if !is_name(next) || is_letter(next) {
            return !(is_number(next) && is_name(previous) && self.is_path());
        }
        let (left, right) = (previous.text.as_ref(), next.text.as_ref());
        if self.in_long_flag() {
            let name = &self.word[2..];
            return match self.command {
                Some(command) if command.long_starts_with(&format!("{name}-{right}")) => false,
                Some(command) if command.long(name).is_some() => true,
                // The flag is unknown: long flags are often hyphenated, and few commands have
                // flags of one dash and a word.
                _ => self.is_word_flag(right),
            };
        }
        if self.in_short_flag() {
            return true;
        }
        if is_letter(previous) && !self.is_path() && self.pieces == 1 {
            return true;
        }
        if self.words.is_empty() {
            return !commands::hyphenated(&self.word, right);
        }
        if self.command.is_some_and(|command| parent_has_hyphenated(command, left, right)) {
            return false;
        }
        self.at_name() || self.is_word_flag(right)
    }

    fn space_before_dot(&self, previous: &Reading, next: Option<&Reading>) -> bool {
        let Some(next) = next else { return !matches!(previous.text.as_ref(), "/" | "*" | ".") };
        let lone = next.is_symbol()
            && (matches!(next.text.as_ref(), "-" | "--" | ">" | ">>" | "2>" | ")")
                || ends_command(&next.text));
        if previous.is_symbol() {
            const INSIDE: &str = "/*?]}~=:-@\\_[+$^";
            return !INSIDE.contains(previous.text.as_ref());
        }
        if lone || is_symbol(Some(next), "/") {
            return true;
        }
        // "cat dot bashrc": a dot after a command begins a hidden file, unless the command's own
        // name contains the dot.
        self.at_flag() && !self.is_path() && !is_number(previous)
            || self.at_name()
                && is_name(previous)
                && !commands::dotted(&self.word, &next.text)
                && (self.command.is_some() || !is_file_ending(&next.text))
    }

    fn space_before_slash(&self, previous: &Reading, around: &Around<'_>) -> bool {
        if previous.is_symbol() {
            return matches!(previous.text.as_ref(), "\"" | "'" | "-" | "{" | "}" | "!" | "&")
                || ends_command(&previous.text)
                || is_redirection(&previous.text) && !previous.text.starts_with('2');
        }
        let root = around.next.is_some_and(|next| ROOTS.binary_search(&next.text.as_ref()).is_ok());
        // "cp a dot txt slash tmp": the file name is complete, so `/tmp` begins at the root.
        let whole = self.words.len() > 1 || !self.words.is_empty() && self.word.contains('.');
        self.at_flag() && !self.is_path() || self.at_name() || root && !self.word.contains('/') && whole
    }

    fn space_after_symbol(&self, previous: &Reading, around: &Around<'_>) -> bool {
        let current = around.current;
        match previous.text.as_ref() {
            "|" | "||" | "&&" | ";" | "|&" | ">" | ">>" | "<" | "<<" | "2>&1" => true,
            "2>" | "2>&" => false,
            "&" => !self.word.ends_with(">&"),
            // A closing quote or bracket ends the word; an opening one begins it.
            sign @ ("\"" | "'" | "`") => !self.open.has(first_char(sign)),
            ")" | "}" | "]" => true,
            "*" | "?" => !(is_number(current) || is_letter(current) && self.is_path()),
            "!" => true,
            "." | ".." => self.word == previous.text && self.words.last().is_some_and(|_| self.word == ".."),
            "/" => false,
            "~" => is_name(current) && !self.word.contains("HEAD"),
            "-" | "--" => false,
            _ => false,
        }
    }

    fn space_in_quotes(&self, previous: &Reading, around: &Around<'_>) -> bool {
        let current = around.current;
        let opened = previous.is_symbol()
            && self.word.ends_with(previous.text.as_ref())
            && self.open.innermost() == Some(first_char(&previous.text));
        let closes = current.is_symbol() && self.open.has(first_char(&current.text));
        if opened || closes {
            return false;
        }
        match (previous.is_symbol(), current.is_symbol()) {
            (false, false) => {
                !(is_number(previous) && is_number(current)
                    || is_letter(previous) && (is_letter(current) || is_number(current)))
            }
            // A space follows the colon of a heading ("fix: bug") or of a header
            // ("Content-Type: application/json").
            (true, false) => match previous.text.as_ref() {
                ":" => {
                    is_name(current)
                        && around.next.is_none_or(|next| {
                            is_name(next) || !next.is_symbol() || next.text == "\"" || next.text == "/"
                        })
                }
                "," => is_name(current),
                "|" | "&&" | "||" | ")" | "}" => is_name(current),
                _ => false,
            },
            (false, true) => matches!(current.text.as_ref(), "$" | "(" | "{" | "|" | "&&" | "||" | "--"),
            (true, true) => false,
        }
    }
}

fn parent_has_hyphenated(command: Command, left: &str, right: &str) -> bool {
    let parent = match command.path().rsplit_once(' ') {
        Some((parent, last)) if last == left => commands::lookup(&parent.split(' ').collect::<Vec<_>>()),
        _ => Some(command),
    };
    parent.is_some_and(|parent| parent.has_hyphenated_subcommand(left, right))
}

/// Commands whose arguments are mostly files. Single letters after them are separate file names.
fn takes_files(command: Command) -> bool {
    matches!(command.path(), "cp" | "mv" | "diff" | "ln" | "cmp" | "comm" | "join" | "rm" | "touch" | "cat")
}

/// Whether `name` and `number` together name a command, such as `python3` or `bzip2`.
fn numbered_command(name: &str, number: &str) -> bool {
    commands::is_command(&format!("{name}{number}"))
}

/// Whether a number is long enough to be a port, a size or a year instead of the end of a name.
fn is_long_number(reading: &Reading) -> bool {
    reading.text.len() >= 3
}

fn is_file_ending(name: &str) -> bool {
    matches!(
        name,
        "py" | "sh"
            | "js"
            | "ts"
            | "rs"
            | "go"
            | "c"
            | "h"
            | "md"
            | "txt"
            | "json"
            | "yaml"
            | "yml"
            | "toml"
            | "log"
            | "conf"
            | "html"
            | "css"
            | "xml"
            | "csv"
            | "gz"
            | "zip"
            | "tar"
            | "rb"
            | "java"
            | "cpp"
            | "sql"
            | "png"
            | "jpg"
            | "pdf"
    )
}

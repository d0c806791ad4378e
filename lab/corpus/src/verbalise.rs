//! Says a command aloud the way people do, for training. Every word knows whether it starts a unit or an argument.
//!
//! `sayso_speech::speak` is the exact inverse of the strict dialect. This leaves out and varies what people do. A style
//! is drawn once per command and kept, because a person keeps theirs.

mod letters;
mod number;
mod style;

pub use style::Style;

use crate::labelled_word::{LabelledWord, push_unit};
use fastrand::Rng;
use letters::letters;
use number::number;
use sayso_speech::commands::{is_command, lookup};
use sayso_speech::vocabulary::{self, Kind};

/// Signs that are said as one, longest first.
const LONG_SIGNS: [&str; 8] = ["2>&1", "2>&", "...", "--", "&&", "||", "..", ">>"];

/// Says `command`; `None` if one of its characters has no name.
pub fn verbalise(command: &str, style: Style, random: &mut Rng) -> Option<Vec<LabelledWord>> {
    let command = command.trim();
    let mut verbaliser = Verbaliser {
        command,
        at: 0,
        style,
        random,
        words: Vec::with_capacity(command.len()),
        argument_starts: true,
        open: Vec::new(),
        bare_until: 0,
    };
    if style.typed > 0 {
        verbaliser.type_arguments(style.typed)?;
    }
    while verbaliser.at < command.len() {
        verbaliser.say_next()?;
    }
    Some(verbaliser.words)
}

/// A command while it is being said.
struct Verbaliser<'a> {
    command: &'a str,
    /// The byte of `command` that comes next.
    at: usize,
    style: Style,
    random: &'a mut Rng,
    words: Vec<LabelledWord>,
    /// Whether the next word starts an argument.
    argument_starts: bool,
    /// The quotes that are open, the last one innermost.
    open: Vec<char>,
    /// Up to this byte, a name is said without its dashes.
    bare_until: usize,
}

impl Verbaliser<'_> {
    /// The first arguments as they are typed, if they contain nothing that must be said. `None` if the command has
    /// fewer.
    fn type_arguments(&mut self, count: usize) -> Option<()> {
        let end = self.command.match_indices(' ').nth(count - 1)?.0;
        let (typed, rest) = self.command.split_at(end);
        if !typed.contains(['"', '\'', '\\', '`']) && !rest.starts_with("  ") {
            let words = typed.split(' ').map(LabelledWord::kept);
            self.words.extend(words.map(|word| LabelledWord { argument: true, ..word }));
            self.at = self.command.len() - rest.trim_start().len();
        }
        Some(())
    }

    /// Says the next space, number, run of letters or sign. `None` if it has no name.
    fn say_next(&mut self) -> Option<()> {
        let rest = &self.command[self.at..];
        let first = rest.chars().next()?;
        if first == ' ' {
            self.say_spaces(rest);
            return Some(());
        }
        if self.argument_starts {
            self.look_for_bare_name(rest);
        }
        if first == '-' && self.is_bare_dash() {
            self.at += 1;
            return Some(());
        }
        let start = self.words.len();
        if first.is_ascii_digit() && !is_redirection(rest) {
            let digits = leading(rest, |c| c.is_ascii_digit());
            number(digits, self.style, self.random, &mut self.words);
            self.at += digits.len();
        } else if first.is_ascii_alphabetic() {
            let run = leading(rest, |c| c.is_ascii_alphabetic());
            let is_flag = self.command[..self.at].ends_with('-');
            letters(run, is_flag, self.style, self.random, &mut self.words);
            self.at += run.len();
        } else {
            let long = LONG_SIGNS.iter().find(|sign| rest.starts_with(**sign));
            let sign = long.map_or(&rest[..first.len_utf8()], |sign| sign);
            let closes_last = self.style.unclosed && rest.len() == 1 && matches!(first, '"' | '\'');
            if !closes_last {
                self.say_symbol(sign)?;
            }
            self.at += sign.len();
        }
        if self.argument_starts
            && let Some(word) = self.words.get_mut(start)
        {
            word.argument = true;
            self.argument_starts = false;
        }
        Some(())
    }

    /// A single space is said as often as the style says it; a run of spaces is never left to chance.
    fn say_spaces(&mut self, rest: &str) {
        let spaces = leading(rest, |c| c == ' ').len();
        for _ in 0..spaces {
            if spaces > 1 || self.random.u8(..100) < self.style.spaces {
                self.words.push(LabelledWord::kept("space"));
            }
        }
        self.argument_starts = true;
        self.at += spaces;
    }

    /// Draws whether the next word is said without its dashes, and remembers where it ends.
    fn look_for_bare_name(&mut self, rest: &str) {
        let word = &rest[..rest.find([' ', '=']).unwrap_or(rest.len())];
        let is_bare = self.random.u8(..100) < self.style.bare && is_name(&self.command[..self.at], word);
        self.bare_until = if is_bare { self.at + word.len() } else { 0 };
    }

    /// Whether the next dash joins two letters of a name that is said without its dashes.
    fn is_bare_dash(&self) -> bool {
        let is_letter = |at: usize| self.command.as_bytes().get(at).is_some_and(u8::is_ascii_alphabetic);
        self.at < self.bare_until && self.at > 0 && is_letter(self.at - 1) && is_letter(self.at + 1)
    }

    /// Says the name of a sign. An opening quote never gets a name for closing ones, nor the other way round.
    fn say_symbol(&mut self, sign: &str) -> Option<()> {
        let mut unwanted = None;
        if let Some(quote) = sign.chars().next().filter(|c| matches!(c, '"' | '\'' | '`')) {
            match self.open.iter().position(|sign| *sign == quote) {
                Some(at) => {
                    self.open.truncate(at);
                    unwanted = Some(Kind::Open);
                }
                None => {
                    self.open.push(quote);
                    unwanted = Some(Kind::Close);
                }
            }
        }
        let forms: Vec<&vocabulary::Entry> =
            vocabulary::spoken_forms(sign).filter(|entry| Some(entry.kind) != unwanted).collect();
        let is_varied = self.random.u8(..100) < self.style.synonyms;
        let form = if is_varied { self.random.choice(&forms) } else { forms.first() }?;
        push_unit(form.words.iter().copied(), &mut self.words);
        Some(())
    }
}

/// The longest start of `text` in which `is_so` holds for every character.
fn leading(text: &str, is_so: fn(char) -> bool) -> &str {
    &text[..text.find(|c| !is_so(c)).unwrap_or(text.len())]
}

fn is_redirection(text: &str) -> bool {
    ["2>&1", "2>&"].iter().any(|sign| text.starts_with(sign))
}

/// Whether `word`, which follows `before`, is the name of a flag, a command or a sub-command with dashes in it.
fn is_name(before: &str, word: &str) -> bool {
    let name = word.trim_start_matches('-');
    let Some((first, rest)) = name.split_once('-') else { return false };
    let second = rest.split('-').next().unwrap_or_default();
    let words: Vec<&str> =
        before.rsplit(['|', ';', '&']).next().unwrap_or_default().split_whitespace().collect();
    let words = words.strip_prefix(&["sudo"]).unwrap_or(&words);
    let command = match *words {
        [] => {
            let two = lookup(&[first]).is_some_and(|command| command.has_subcommand(second));
            return word == name && !two && is_command(name);
        }
        [one] => lookup(&[one]),
        [one, two, ..] => lookup(&[one, two]).or_else(|| lookup(&[one])),
    };
    command.is_some_and(|command| match word.len() - name.len() {
        0 => words.len() == 1 && command.has_subcommand(name),
        2 => command.long(name).is_some(),
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::labelled_word::line;

    #[test]
    fn the_series_dialect() {
        let mut random = Rng::with_seed(1);
        let said = verbalise("find . -name '*.c' -mtime +100", Style::nl2bash(), &mut random).unwrap();
        assert_eq!(
            line(&said),
            "find dot dash name single quote star dot C single quote dash mtime plus one zero zero"
        );
        assert_eq!(said.iter().filter(|word| word.argument).count(), 6);
    }

    #[test]
    fn styles_differ_and_a_seed_repeats() {
        let once = |seed| {
            let mut random = Rng::with_seed(seed);
            let style = Style::drawn(&mut random);
            line(&verbalise("tar -xzf getUserName.txt 8080", style, &mut random).unwrap())
        };
        let all: std::collections::HashSet<String> = (0..100).map(once).collect();
        assert!(all.len() > 50, "{}", all.len());
        assert_eq!(once(3), once(3));
    }
}

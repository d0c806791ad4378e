//! Lexing: from the tokens of a line to the lattice of all their readings.

mod directive;

use std::borrow::Cow;
use std::ops::Range;

use crate::case::{to_lower, to_upper};
use crate::clean::{Line, Shape};
use crate::lattice::{Kind, Lattice, MAX_READINGS, MAX_SPAN, Reading};
use crate::number::{self, Part};
use crate::vocabulary::{self, Entry};
use crate::words::UserWords;

/// Lexes a cleaned line into its lattice. `open_quote` is the quote sign that earlier lines of the command left open.
pub fn lex(line: Line, words: &UserWords, open_quote: Option<char>) -> Lattice {
    let mut builder = Builder::new(&line, words);
    for token in 0..line.tokens.len() {
        let first = builder.readings.len();
        builder.unit(token);
        builder.readings.truncate(first + MAX_READINGS);
    }
    let readings = builder.readings;
    Lattice::new(line, readings, open_quote)
}

/// The lattice under construction.
struct Builder<'l> {
    line: &'l Line,
    words: &'l UserWords,
    /// Each token in lower case; empty for typed ones, which match no entry.
    lower: Vec<&'l str>,
    /// The part of each token in a number phrase.
    parts: Vec<Part>,
    readings: Vec<Reading>,
}

impl<'l> Builder<'l> {
    fn new(line: &'l Line, words: &'l UserWords) -> Self {
        let lower: Vec<&str> = (0..line.tokens.len())
            .map(|at| match line.tokens[at].shape {
                Shape::Typed | Shape::Break => "",
                Shape::Word | Shape::Digits => line.lower(at),
            })
            .collect();
        let parts = number::parts(&lower);
        Builder { line, words, lower, parts, readings: Vec::with_capacity(line.tokens.len() * 4) }
    }

    fn push(
        &mut self,
        tokens: Range<usize>,
        kind: Kind,
        text: impl Into<Cow<'static, str>>,
        entry: Option<&'static Entry>,
    ) {
        self.readings.push(Reading::new(tokens, kind, text.into(), entry));
    }

    /// Adds the readings that start at a token, the likeliest kinds first.
    fn unit(&mut self, at: usize) {
        let text = self.line.text(at);
        match self.line.tokens[at].shape {
            Shape::Typed => {
                // A symbol that was typed alone behaves like the same symbol when it was said.
                match vocabulary::spoken_forms(text).next() {
                    Some(entry) => self.push(at..at + 1, Kind::Symbol, entry.writes, Some(entry)),
                    None => self.push(at..at + 1, Kind::Typed, text.to_owned(), None),
                }
            }
            Shape::Break => {
                self.push(at..at + 1, Kind::Whitespace, text.to_owned(), None);
                return;
            }
            Shape::Digits => self.push(at..at + 1, Kind::Number, text.to_owned(), None),
            Shape::Word => {
                self.user_words(at);
                self.vocabulary(at);
                self.numbers(at);
                self.word(at);
                self.offered_words(at);
            }
        }
        self.push(at..at + 1, Kind::Deletion, "", None);
    }

    fn user_words(&mut self, at: usize) {
        let words = self.words;
        if words.is_empty() {
            return;
        }
        let rest = self.lower[at..self.lower.len().min(at + MAX_SPAN)].to_vec();
        for (form, written) in words.matches(&rest) {
            let tokens = at..at + form.len();
            // A user's word for a symbol behaves like the symbol's own names.
            match vocabulary::spoken_forms(written).next() {
                Some(entry) => self.push(tokens, Kind::Symbol, entry.writes, Some(entry)),
                None => self.push(tokens, Kind::Literal, written.clone(), None),
            }
        }
    }

    /// Adds the words that were learnt and that the user has not confirmed, behind what was heard.
    fn offered_words(&mut self, at: usize) {
        let words = self.words;
        if words.is_empty() {
            return;
        }
        let rest = self.lower[at..self.lower.len().min(at + MAX_SPAN)].to_vec();
        for (form, written) in words.matches_offered(&rest) {
            self.push(at..at + form.len(), Kind::Alias, written.clone(), None);
        }
    }

    fn vocabulary(&mut self, at: usize) {
        use vocabulary::Kind as Said;
        let line = self.line;
        let lower = std::mem::take(&mut self.lower);
        let rest = &lower[at..lower.len().min(at + MAX_SPAN)];
        for entry in vocabulary::matches(rest) {
            let end = at + entry.words.len();
            match entry.kind {
                Said::Symbol | Said::Quote | Said::Open | Said::Close => {
                    self.push(at..end, Kind::Symbol, entry.writes, Some(entry));
                }
                Said::Point => {
                    let number = |at: usize| self.parts.get(at).is_some_and(|part| part.is_value());
                    let digits =
                        |at: usize| self.line.tokens.get(at).is_some_and(|t| t.shape == Shape::Digits);
                    if at > 0 && (number(at - 1) || digits(at - 1)) && (number(end) || digits(end)) {
                        self.push(at..end, Kind::Symbol, entry.writes, Some(entry));
                    }
                }
                Said::Space => self.push(at..end, Kind::Whitespace, entry.writes, Some(entry)),
                Said::Join => self.push(at..end, Kind::NoSpace, "", Some(entry)),
                Said::Case => self.case(entry, at, end, &lower),
                Said::Literal if end < lower.len() && line.tokens[end].shape == Shape::Word => {
                    self.push(at..end + 1, Kind::Literal, line.text(end).to_owned(), Some(entry));
                }
                Said::Filler | Said::Lead | Said::Tail | Said::Correction => {
                    self.push(at..end, Kind::Deletion, "", Some(entry));
                }
                Said::Heard | Said::Ending | Said::Name | Said::Variable => {
                    self.push(at..end, Kind::Alias, entry.writes, Some(entry))
                }
                Said::Number | Said::Scale | Said::Repeat | Said::Literal => {}
            }
        }
        self.lower = lower;
    }

    fn numbers(&mut self, at: usize) {
        if self.parts[at] == Part::None {
            return;
        }
        let repeat = matches!(self.parts[at], Part::Repeat(_));
        let entry = vocabulary::matches(&self.lower[at..=at]).find(|entry| {
            matches!(entry.kind, vocabulary::Kind::Number | vocabulary::Kind::Repeat) || !repeat
        });
        let end = self.parts.len().min(at + number::MAX_WORDS);
        for grouping in number::groupings(&self.parts[at..end]).into_iter().rev() {
            self.push(at..at + grouping.words, Kind::Number, grouping.text, entry);
        }
    }

    fn word(&mut self, at: usize) {
        let text = self.line.text(at);
        let mut letters = text.chars();
        let (Some(first), second) = (letters.next(), letters.next()) else { return };
        if second.is_none() {
            self.push(at..at + 1, Kind::Letter, to_lower(text), None);
            self.push(at..at + 1, Kind::Letter, to_upper(text), None);
            return;
        }
        // Speech engines capitalise the first word of a sentence, so lower case is its first reading.
        let begins = at == 0 || self.line.tokens[at - 1].followed_by_pause;
        let only_initial = first.is_uppercase() && !text.chars().skip(1).any(char::is_uppercase);
        let lower = to_lower(text);
        let differs = lower != text;
        if begins && only_initial {
            self.push(at..at + 1, Kind::Word, lower, None);
            self.push(at..at + 1, Kind::Word, text.to_owned(), None);
        } else {
            self.push(at..at + 1, Kind::Word, text.to_owned(), None);
            if differs {
                self.push(at..at + 1, Kind::Word, lower, None);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clean::clean;

    fn lattice(text: &str) -> Lattice {
        lex(clean(text), &UserWords::default(), None)
    }

    fn check(text: &str, token: usize, expected: &[&str]) {
        let lattice = lattice(text);
        let (_, readings) = lattice.arcs_from(token);
        let texts: Vec<&str> = readings.iter().map(|reading| reading.text.as_ref()).collect();
        for want in expected {
            assert!(texts.contains(want), "{text:?} at {token}: {want:?} not among {texts:?}");
        }
    }

    #[test]
    fn readings_of_a_unit() {
        check("dash l", 0, &["-", "dash"]);
        check("dash l", 1, &["l", "L"]);
        check("twenty two", 0, &["20", "22", "twenty"]);
        check("capital r", 0, &["R", "capital"]);
        check("all caps database underscore url", 0, &["DATABASE", "DATABASE_URL", "all"]);
        check("all caps u r l", 0, &["U", "URL"]);
        check("camel case get user name", 0, &["get", "getUser", "getUserName", "camel"]);
        check("camel case get user space x", 0, &["getUser"]);
        check("dot case get user", 0, &["get.user"]);
        check("path case get user", 0, &["get/user"]);
        check("snake case get user end case x", 0, &["get_user"]);
        check("literal dash", 0, &["dash", "literal"]);
        check("the word space", 0, &["space"]);
        check("three point five", 1, &[".", "point"]);
        check("oh seven", 0, &["0", "oh"]);
        check("ten dot oh dot oh dot one", 4, &["0", "oh"]);
        check("get status", 0, &["git", "get"]);
        check("Find x", 0, &["find", "Find"]);
        check("camel case", 0, &["camel"]);
    }

    #[test]
    fn your_own_words() {
        let words = UserWords::new([("Kay eight s".to_owned(), "k8s".to_owned())]);
        let lattice = lex(clean("kay eight s"), &words, None);
        assert_eq!(lattice.arcs_from(0).1[0].text, "k8s");
        let words = UserWords::new([("splat".to_owned(), "*".to_owned())]);
        assert_eq!(lex(clean("splat"), &words, None).arcs_from(0).1[0].kind, Kind::Symbol);
    }

    #[test]
    fn the_number_of_readings_is_bounded() {
        for text in
            ["camel case ".repeat(500), "all caps a underscore ".repeat(500), "one hundred ".repeat(500)]
        {
            let lattice = lattice(&text);
            for token in 0..lattice.len() {
                let (_, readings) = lattice.arcs_from(token);
                assert!(readings.len() <= MAX_READINGS);
                assert!(readings.iter().all(|reading| reading.tokens.len() <= MAX_SPAN));
            }
        }
    }
}

//! Lexing: from the tokens of a line to the lattice of all their readings.

use std::borrow::Cow;
use std::ops::Range;

use crate::case::{Directive, to_lower, to_upper};
use crate::clean::{Line, Shape};
use crate::lattice::{Kind, Lattice, MAX_READINGS, MAX_SPAN, Reading};
use crate::number::{self, Part};
use crate::vocabulary::{self, Entry};
use crate::words::UserWords;

/// Most operands that a case directive takes.
const MAX_OPERANDS: usize = 8;

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

struct Builder<'l> {
    line: &'l Line,
    words: &'l UserWords,
    /// Each token in lower case; typed ones match nothing.
    lower: Vec<&'l str>,
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

    fn unit(&mut self, at: usize) {
        let text = self.line.text(at);
        match self.line.tokens[at].shape {
            Shape::Typed => {
                // A symbol that stands alone behaves like the same symbol said.
                match vocabulary::spoken_forms(text).next() {
                    Some(entry) => self.push(at..at + 1, Kind::Symbol, entry.writes, Some(entry)),
                    None => self.push(at..at + 1, Kind::Typed, text.to_owned(), None),
                }
            }
            Shape::Break => {
                self.push(at..at + 1, Kind::Separator, text.to_owned(), None);
                return;
            }
            Shape::Digits => self.push(at..at + 1, Kind::Number, text.to_owned(), None),
            Shape::Word => {
                self.user_words(at);
                self.vocabulary(at);
                self.numbers(at);
                self.word(at);
            }
        }
        self.push(at..at + 1, Kind::Drop, "", None);
    }

    fn user_words(&mut self, at: usize) {
        let words = self.words;
        if words.is_empty() {
            return;
        }
        let rest = self.lower[at..self.lower.len().min(at + MAX_SPAN)].to_vec();
        for (form, written) in words.matches(&rest) {
            let tokens = at..at + form.len();
            // A word for a symbol behaves like the symbol's own names.
            match vocabulary::spoken_forms(written).next() {
                Some(entry) => self.push(tokens, Kind::Symbol, entry.writes, Some(entry)),
                None => self.push(tokens, Kind::Literal, written.clone(), None),
            }
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
                Said::Space => self.push(at..end, Kind::Separator, entry.writes, Some(entry)),
                Said::Join => self.push(at..end, Kind::Join, "", Some(entry)),
                Said::Case => self.case(entry, at, end, &lower),
                Said::Literal if end < lower.len() && line.tokens[end].shape == Shape::Word => {
                    self.push(at..end + 1, Kind::Literal, line.text(end).to_owned(), Some(entry));
                }
                Said::Filler | Said::Lead | Said::Tail | Said::Correction => {
                    self.push(at..end, Kind::Drop, "", Some(entry));
                }
                Said::Heard | Said::Ending | Said::Name | Said::Variable => {
                    self.push(at..end, Kind::Heard, entry.writes, Some(entry))
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
        // A capital that only begins a sentence is the speech engine's: lower case is then the first reading.
        let begins = at == 0 || self.line.tokens[at - 1].pause;
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

    /// The readings of a case directive over the operands that follow it.
    fn case(&mut self, entry: &'static Entry, at: usize, from: usize, lower: &[&'l str]) {
        let Some(directive) = Directive::named(entry.writes) else { return };
        let operands = self.operands(from, lower);
        if directive.runs() {
            // The longest first: in the strict dialect that is the one.
            for count in (1..=operands.len()).rev() {
                let words: Vec<String> = operands[..count].iter().map(|(word, _)| word.clone()).collect();
                self.push(at..operands[count - 1].1, Kind::Case, directive.apply(&words), Some(entry));
            }
            return;
        }
        let Some((word, end)) = operands.first() else { return };
        self.push(at..*end, Kind::Case, directive.apply(std::slice::from_ref(word)), Some(entry));
        if directive == Directive::AllCaps {
            self.wide_caps(entry, at, operands, lower);
        }
    }

    /// `all caps` once for several words: a run of letters, or words joined by underscores.
    fn wide_caps(
        &mut self,
        entry: &'static Entry,
        at: usize,
        operands: Vec<(String, usize)>,
        lower: &[&str],
    ) {
        let letters: Vec<String> = operands
            .iter()
            .map_while(|(word, _)| (word.chars().count() == 1).then(|| word.clone()))
            .collect();
        for count in (2..=letters.len()).rev() {
            self.push(
                at..operands[count - 1].1,
                Kind::WideCase,
                to_upper(&letters[..count].concat()),
                Some(entry),
            );
        }
        let (mut text, mut end) = match letters.len() {
            0 | 1 => (to_upper(&operands[0].0), operands[0].1),
            count => (to_upper(&letters.concat()), operands[count - 1].1),
        };
        for _ in 1..MAX_OPERANDS {
            let joined = lower.get(end).is_some_and(|word| vocabulary::is_name_of(word, "_"));
            if !joined || end + 1 - at >= MAX_SPAN {
                return;
            }
            let Some((word, next)) = self.operands(end + 1, lower).into_iter().next() else { return };
            text = format!("{text}_{}", to_upper(&word));
            end = next;
            self.push(at..end, Kind::WideCase, text.clone(), Some(entry));
        }
    }

    /// The words from `from` on that a case directive can take, each with the token behind it.
    fn operands(&self, from: usize, lower: &[&str]) -> Vec<(String, usize)> {
        use vocabulary::Kind as Said;
        let mut operands = Vec::new();
        let mut at = from;
        while at < lower.len() && operands.len() < MAX_OPERANDS && at - from < MAX_SPAN - 8 {
            let rest = &lower[at..lower.len().min(at + MAX_SPAN)];
            let shape = self.line.tokens[at].shape;
            let mut matches = vocabulary::matches(rest);
            if let Some(literal) = matches.find(|entry| entry.kind == Said::Literal) {
                let word = at + literal.words.len();
                if word >= lower.len() {
                    break;
                }
                operands.push((self.line.text(word).to_owned(), word + 1));
                at = word + 1;
                continue;
            }
            let stops = vocabulary::matches(rest).any(|entry| match entry.kind {
                Said::Symbol | Said::Quote | Said::Open | Said::Close | Said::Space | Said::Join => true,
                Said::Case => true,
                Said::Correction => entry.words.len() > 1,
                _ => false,
            });
            if stops || matches!(shape, Shape::Typed | Shape::Break) {
                break;
            }
            let (word, end) = match number::groupings(&self.parts[at..]).pop() {
                Some(grouping) => (grouping.text, at + grouping.words),
                None => (self.line.text(at).to_owned(), at + 1),
            };
            operands.push((word, end));
            at = end;
            if self.line.tokens[end - 1].pause {
                break;
            }
        }
        operands
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
        let (_, readings) = lattice.at(token);
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
        assert_eq!(lattice.at(0).1[0].text, "k8s");
        let words = UserWords::new([("splat".to_owned(), "*".to_owned())]);
        assert_eq!(lex(clean("splat"), &words, None).at(0).1[0].kind, Kind::Symbol);
    }

    #[test]
    fn the_number_of_readings_is_bounded() {
        for text in
            ["camel case ".repeat(500), "all caps a underscore ".repeat(500), "one hundred ".repeat(500)]
        {
            let lattice = lattice(&text);
            for token in 0..lattice.len() {
                let (_, readings) = lattice.at(token);
                assert!(readings.len() <= MAX_READINGS);
                assert!(readings.iter().all(|reading| reading.tokens.len() <= MAX_SPAN));
            }
        }
    }
}

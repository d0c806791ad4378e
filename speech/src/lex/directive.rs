//! The readings of case directives: `capital x`, `all caps node underscore env`, `camel case get user name`.

use super::Builder;
use crate::case::{Directive, to_upper};
use crate::clean::Shape;
use crate::lattice::{Kind, MAX_SPAN};
use crate::number;
use crate::vocabulary::{self, Entry};

/// Most operands of a case directive. Hand-chosen on 2026-11-23.
const MAX_OPERANDS: usize = 8;

impl<'l> Builder<'l> {
    /// Adds the readings of a case directive, which starts at `at`, over the operands from `from` on.
    pub(super) fn case(&mut self, entry: &'static Entry, at: usize, from: usize, lower: &[&'l str]) {
        let Some(directive) = Directive::named(entry.writes) else { return };
        let operands = self.operands(from, lower);
        if directive.runs() {
            // The longest first: it is the one of the strict dialect.
            if let Some(&(_, last)) = operands.last()
                && let Some(end) = case_ends(last, lower)
                && end - at <= MAX_SPAN
            {
                let words: Vec<String> = operands.iter().map(|(word, _)| word.clone()).collect();
                self.push(at..end, Kind::Case, directive.apply(&words), Some(entry));
                return;
            }
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

    /// Adds the readings of one `all caps` over several words: a run of letters, or words joined by underscores.
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

    /// The operands that a case directive can take from `from` on, each with the token behind it.
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
            if self.line.tokens[end - 1].followed_by_pause {
                break;
            }
        }
        operands
    }
}

/// The token behind "end case", if it is said at `at`.
fn case_ends(at: usize, lower: &[&str]) -> Option<usize> {
    let rest = &lower[at..lower.len().min(at + MAX_SPAN)];
    let end = vocabulary::matches(rest)
        .find(|entry| entry.kind == vocabulary::Kind::Case && entry.writes == "end")?;
    Some(at + end.words.len())
}

//! A part of a line that is converted alone: `kubectl [get pods dash n dev]`.
//!
//! What stands before it on the line is read with it, each word as it is and nothing else, so that rules and tagger begin in
//! the state that it leaves. It is cut off the answer again.

use crate::Conversion;
use sayso_speech::lattice::Lattice;
use sayso_speech::render::Span;

/// What stands before a dictation on its line: the last line of `before`. `None` where only white space does, and where a
/// word goes on in the dictation.
pub(crate) fn stem(before: &str) -> Option<&str> {
    let line = before.rsplit('\n').next()?;
    (line.ends_with([' ', '\t']) && !line.trim().is_empty()).then_some(line)
}

/// The lattice in which the words of the stem have no reading but themselves. `None` where they are no tokens of their own.
pub(crate) fn behind_stem(lattice: Lattice, stem: &str) -> Option<Lattice> {
    let mut words = Vec::new();
    let mut at = 0;
    for piece in stem.split_inclusive([' ', '\t']) {
        let length = piece.chars().count();
        let word = piece.trim_end_matches([' ', '\t']);
        if !word.is_empty() {
            words.push((at..at + word.chars().count(), word));
        }
        at += length;
    }
    lattice.with_typed_start(&words)
}

impl Conversion {
    /// Without the stem, which is part of the dictation and of every reading. Positions count from behind it.
    pub(crate) fn without(self, stem: &str) -> Conversion {
        let source = stem.chars().count();
        let is_stem = |span: &&Span| span.source.end <= source;
        let output = self.spans.iter().take_while(is_stem).map(|span| span.output.end).max().unwrap_or(0);
        // The stem writes the same everywhere, and one space may follow it.
        let cut = |text: &str| {
            let rest: String = text.chars().skip(output).collect();
            rest.trim_start_matches(' ').to_owned()
        };
        let buffer = cut(&self.buffer);
        let behind = self.buffer.chars().count() - buffer.chars().count();
        let moved = |range: &std::ops::Range<usize>, by: usize| {
            range.start.saturating_sub(by)..range.end.saturating_sub(by)
        };
        let spans = self.spans.iter().filter(|span| span.source.end > source).map(|span| Span {
            tokens: span.tokens.clone(),
            source: moved(&span.source, source),
            output: moved(&span.output, behind),
        });
        let first = spans.clone().map(|span| span.tokens.start).next().unwrap_or(0);
        let spans = spans.map(|span| Span { tokens: moved(&span.tokens, first), ..span }).collect();
        let dropped = self.dropped.iter().map(|range| moved(range, source)).collect();
        let added = self.added.iter().map(|range| moved(range, behind)).collect();
        Conversion {
            cursor: self.cursor.saturating_sub(behind),
            alternatives: self.alternatives.iter().map(|text| cut(text)).collect(),
            buffer,
            spans,
            dropped,
            added,
            ..self
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::{Dictation, Engine, Words};

    #[test]
    fn a_stem_is_text_before_the_dictation_on_its_line() {
        assert_eq!(stem("kubectl "), Some("kubectl "));
        assert_eq!(stem("for i in 1; do\n  ls "), Some("  ls "));
        for none in ["", "  ", "ls\n", "ls\n  ", "cat foo", "for i in 1; do\n"] {
            assert_eq!(stem(none), None, "{none:?}");
        }
    }

    #[test]
    fn a_region_is_converted_as_in_its_line() {
        for (before, text, expected) in [
            ("kubectl ", "get pods dash n dev", "get pods -n dev"),
            ("cat x.txt ", "pipe grep dash v foo", "| grep -v foo"),
            ("git commit ", "dash m quote mend the fence quote", "-m \"mend the fence\""),
            ("  docker   run --rm ", "dash it alpine", "-it alpine"),
            ("echo ", "dollar home", "$HOME"),
        ] {
            let dictation = Dictation { text, before, ..Dictation::default() };
            let conversion = Engine::embedded().convert(&Words::default(), &dictation, None).unwrap();
            assert_eq!(conversion.buffer, expected, "{before}[{text}]");
            assert_eq!(conversion.cursor, expected.chars().count());
            let (said, written) = (text.chars().count(), expected.chars().count());
            for span in &conversion.spans {
                assert!(span.source.end <= said && span.output.end <= written, "{span:?}");
            }
            assert_eq!(conversion.spans[0].source.start, 0);
            assert!(conversion.alternatives.iter().all(|text| *text != expected));
        }
    }
}

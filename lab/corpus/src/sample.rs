//! A sample: a dictation, its answer, and the labels of its words.

use crate::dialect::Dialect;
use crate::labelled_word::LabelledWord;
use std::ops::Range;

/// A dictation, its answer, and its dialect.
#[derive(Debug, Clone)]
pub struct Sample {
    /// What the dictation tool typed.
    pub dictated: LabelledText,
    /// The command; empty if there is none.
    pub expected: String,
    /// The class of the line that the network learns.
    pub class: LineClass,
    /// The dialect in which it was said.
    pub dialect: Dialect,
}

/// The class of a line, in the order of the tagger's output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LineClass {
    /// A command as it is typed.
    Command,
    /// A command with every separator spoken.
    Strict,
    /// A dictated command.
    #[default]
    Dictation,
    /// Words without a command.
    Prose,
}

/// The label of a part of a dictation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Label {
    /// It says part of the command.
    Kept,
    /// It is talk, or was taken back.
    Talk,
    /// Nothing is known.
    Unknown,
}

/// A text in which some parts have labels.
///
/// The network sees tokens that the cleaner and the lexer cut out of the text. Labels refer to characters, so that they
/// survive the cutting.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LabelledText {
    /// The text.
    pub text: String,
    /// Ranges of characters (not bytes) of `text`, in order and without overlaps. Characters outside of them are
    /// unknown.
    pub labels: Vec<(Range<usize>, Label)>,
}

impl LabelledText {
    /// A text without any labels.
    pub fn unlabelled(text: impl Into<String>) -> LabelledText {
        LabelledText { text: text.into(), labels: Vec::new() }
    }

    /// The line that the dictation tool types, with a label for each word. Pauses belong to no word.
    pub fn of_words(words: &[LabelledWord]) -> LabelledText {
        let mut text = String::new();
        // Characters in `text`.
        let mut length = 0;
        let mut labels = Vec::with_capacity(words.len());
        for word in words {
            if !text.is_empty() {
                text.push(' ');
                length += 1;
            }
            let end = length + word.text.chars().count();
            labels.push((length..end, if word.kept { Label::Kept } else { Label::Talk }));
            text.push_str(&word.text);
            text.push_str(word.pause);
            length = end + word.pause.chars().count();
        }
        LabelledText { text, labels }
    }

    /// The label of a range of characters: that of all labelled parts in it, or unknown if there are none or they
    /// differ.
    pub fn label(&self, range: Range<usize>) -> Label {
        let first = self.labels.partition_point(|(part, _)| part.end <= range.start);
        let mut over = self.labels[first..].iter().take_while(|(part, _)| part.start < range.end);
        match over.next() {
            Some((_, label)) if over.all(|(_, other)| other == label) => *label,
            _ => Label::Unknown,
        }
    }
}

impl LineClass {
    /// The class of a dictation and its command. A dictation that reads like its command is a command, because nothing
    /// tells the two apart.
    pub fn of_dictation(dictated: &str, expected: &str) -> LineClass {
        match dictated.split_whitespace().eq(expected.split_whitespace()) {
            true => LineClass::Command,
            false => LineClass::Dictation,
        }
    }
}

impl Sample {
    /// A dictated command.
    pub fn dictation(dictated: LabelledText, expected: &str, dialect: Dialect) -> Sample {
        let class = LineClass::of_dictation(&dictated.text, expected);
        Sample { dictated, expected: expected.to_owned(), class, dialect }
    }

    /// Words without a command.
    pub fn prose(dictated: LabelledText) -> Sample {
        Sample { dictated, expected: String::new(), class: LineClass::Prose, dialect: Dialect::Prose }
    }

    /// Whether a path through the lattice is taught, rather than only the class of the line.
    pub fn teaches_a_path(&self) -> bool {
        match self.dialect {
            Dialect::Strict | Dialect::Typed => false,
            Dialect::Engine => self.class != LineClass::Command,
            _ => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_those_of_the_characters() {
        let comma = LabelledWord { pause: ",", ..LabelledWord::disfluent("öh") };
        let words = [
            comma,
            LabelledWord::kept("git"),
            LabelledWord::disfluent("no"),
            LabelledWord::disfluent("wait"),
        ];
        let text = LabelledText::of_words(&words);
        assert_eq!(text.text, "öh, git no wait");
        let check =
            |range: Range<usize>, label: Label| assert_eq!(text.label(range.clone()), label, "{range:?}");
        check(0..2, Label::Talk);
        // The comma and the space belong to no word.
        check(2..4, Label::Unknown);
        check(0..3, Label::Talk);
        check(4..7, Label::Kept);
        check(5..6, Label::Kept);
        check(4..8, Label::Kept);
        // Two words with one label, and two with different ones.
        check(8..15, Label::Talk);
        check(4..10, Label::Unknown);
        check(15..20, Label::Unknown);
        assert_eq!(LabelledText::unlabelled("git").label(0..3), Label::Unknown);
    }

    #[test]
    fn a_dictation_that_reads_like_its_command_is_a_command() {
        let class = |dictated: &str| {
            Sample::dictation(LabelledText::unlabelled(dictated), "ls  -l", Dialect::Free).class
        };
        assert_eq!(class("ls -l "), LineClass::Command);
        assert_eq!(class("ls dash l"), LineClass::Dictation);
    }
}

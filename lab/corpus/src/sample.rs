//! A sample: a dictation, its answer, and what is known of its words.

use crate::labelled_word::LabelledWord;
use std::ops::Range;

/// A dictation, its answer, and where it came from.
#[derive(Debug, Clone)]
pub struct Sample {
    /// What the dictation tool typed.
    pub dictated: String,
    /// The command.
    pub expected: String,
    /// Characters of `dictated` that are talk, and those that are known not to be; empty where nothing is known.
    pub known: Vec<(Range<usize>, Known)>,
    /// The kind of speech, for reports.
    pub dialect: &'static str,
}

/// What a line is: as the tagger's `Likely` tells, in its order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Verdict {
    /// A command as it is typed.
    Command,
    /// A command of which every separator was said.
    Strict,
    /// A dictated command.
    #[default]
    Dictation,
    /// Words that hold no command.
    Prose,
}

/// What is known about a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known {
    /// It says a part of the command.
    Kept,
    /// It is talk, or was taken back.
    Talk,
    /// Nothing.
    Unknown,
}

impl Sample {
    /// A sample of words of which each is known to be kept or not.
    pub fn of_words(words: &[LabelledWord], expected: &str, dialect: &'static str) -> Sample {
        let mut known = Vec::with_capacity(words.len());
        let mut dictated = String::new();
        for word in words {
            if !dictated.is_empty() {
                dictated.push(' ');
            }
            let start = dictated.chars().count();
            dictated.push_str(&word.text);
            let what = if word.kept { Known::Kept } else { Known::Talk };
            known.push((start..dictated.chars().count(), what));
            dictated.push_str(word.pause);
        }
        Sample { dictated, expected: expected.to_owned(), known, dialect }
    }

    /// What the line is.
    pub fn verdict(&self) -> Verdict {
        match self.dialect {
            STRICT => Verdict::Strict,
            _ if self.expected.is_empty() => Verdict::Prose,
            _ if self.dictated.split_whitespace().eq(self.expected.split_whitespace()) => Verdict::Command,
            _ => Verdict::Dictation,
        }
    }
}

/// The dialect in which every separator is said. Its path is found by rule: no more is learnt than to know it.
pub const STRICT: &str = "strict";
/// Lines as they are typed: no more is learnt than to know them.
pub const TYPED: &str = "typed";

//! A word of a dictation that is made for training, and its labels.

/// A word of a dictation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelledWord {
    /// The text that the dictation tool types.
    pub text: String,
    /// Whether it says a part of the command. Fillers and what is taken back do not.
    pub kept: bool,
    /// Whether a unit starts here: the name of a symbol, a number phrase, a word, a letter.
    pub unit: bool,
    /// Whether an argument of the command starts here.
    pub argument: bool,
    /// The sign that the speech engine writes after it: "", "," or ".".
    pub pause: &'static str,
}

impl LabelledWord {
    /// A word that says a part of the command.
    pub fn kept(text: impl Into<String>) -> LabelledWord {
        LabelledWord { text: text.into(), kept: true, unit: true, argument: false, pause: "" }
    }

    /// A word that says no part of the command.
    pub fn disfluent(text: impl Into<String>) -> LabelledWord {
        LabelledWord { kept: false, ..LabelledWord::kept(text) }
    }
}

/// Adds the words of a unit: only the first one starts it.
pub(crate) fn push_unit<'a>(words: impl IntoIterator<Item = &'a str>, said: &mut Vec<LabelledWord>) {
    for (at, word) in words.into_iter().enumerate() {
        said.push(LabelledWord { unit: at == 0, ..LabelledWord::kept(word) });
    }
}

/// The line that the dictation tool types.
pub fn line(words: &[LabelledWord]) -> String {
    let mut line = String::new();
    for word in words {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(&word.text);
        line.push_str(word.pause);
    }
    line
}

/// Whether two runs of words have the same texts, ignoring case.
pub fn same_texts(a: &[LabelledWord], b: &[LabelledWord]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.text.eq_ignore_ascii_case(&b.text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_its_words_and_pauses() {
        let okay = LabelledWord { pause: ",", ..LabelledWord::disfluent("okay") };
        let words = [okay, LabelledWord::kept("git"), LabelledWord::kept("status")];
        assert_eq!(line(&words), "okay, git status");
    }
}

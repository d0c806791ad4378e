//! A dictation as it is made for training: words, and what each of them is for.

/// A word of a dictation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// As the dictation tool would type it.
    pub text: String,
    /// Whether it says a part of the command; a filler and what is taken back do not.
    pub kept: bool,
    /// Whether a unit starts here: a symbol's name, a number phrase, a word, a letter.
    pub unit: bool,
    /// Whether an argument of the command starts here.
    pub argument: bool,
    /// What the speech engine writes behind it: "", "," or ".".
    pub pause: &'static str,
}

impl Said {
    /// A word that says a part of the command.
    pub fn kept(text: impl Into<String>) -> Said {
        Said { text: text.into(), kept: true, unit: true, argument: false, pause: "" }
    }

    /// A word that says none of it.
    pub fn talk(text: impl Into<String>) -> Said {
        Said { kept: false, ..Said::kept(text) }
    }
}

/// The line that the dictation tool types.
pub fn line(words: &[Said]) -> String {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_its_words_and_pauses() {
        let words = [Said { pause: ",", ..Said::talk("okay") }, Said::kept("git"), Said::kept("status")];
        assert_eq!(line(&words), "okay, git status");
    }
}

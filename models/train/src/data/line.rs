//! One line of a data file.

use sayso_language::mask_digits;
use serde::Deserialize;

/// Who says something in a conversation, and what.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize)]
pub struct Message {
    role: String,
    content: String,
}

/// The forms of a line. Other entries, such as authors, are ignored.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize)]
#[serde(untagged)]
pub enum Source {
    /// A conversation; the last message is the answer.
    Chat {
        /// Its messages.
        messages: Vec<Message>,
    },
    /// A question and its answer, without a system prompt.
    Completion {
        /// The question.
        prompt: String,
        /// The answer.
        completion: String,
    },
    /// A dictation and the line that it stands for.
    Dictation {
        /// What was heard.
        dictated: String,
        /// The line.
        expected: String,
    },
}

/// An example as it stands in its file.
#[derive(Debug, Clone)]
pub struct Line {
    source: Source,
    /// What kind of line it is, if the file says so.
    kind: Option<String>,
    /// Other right answers.
    others: Vec<String>,
}

/// Two lines are the same if they ask and answer the same.
impl PartialEq for Line {
    fn eq(&self, other: &Line) -> bool {
        self.source == other.source
    }
}
impl Eq for Line {}
impl std::hash::Hash for Line {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.source.hash(state);
    }
}

#[derive(Deserialize)]
struct Extras {
    kind: Option<String>,
    #[serde(default)]
    alt: Vec<String>,
}

impl Line {
    /// Reads a line of JSON.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Line, String> {
        const FORMS: &str =
            "it needs `messages`, or `prompt` and `completion`, or `dictated` and `expected`, as texts";
        let value: serde_json::Value =
            serde_json::from_str(text).map_err(|error| format!("it is not JSON: {error}"))?;
        let extras = Extras::deserialize(&value).map_err(|error| error.to_string())?;
        let source = Source::deserialize(&value).map_err(|_| FORMS.to_owned())?;
        if let Source::Chat { messages } = &source {
            match messages.last() {
                None => return Err("its `messages` are empty".to_owned()),
                Some(last) if last.role != "assistant" => {
                    return Err(format!("its last message is of role {:?}, not `assistant`", last.role));
                }
                Some(_) => {}
            }
        }
        let line = Line { source, kind: extras.kind, others: extras.alt };
        match line.expected().trim().is_empty() {
            true => Err("its answer is empty".to_owned()),
            false => Ok(line),
        }
    }

    /// The same with every digit replaced by a 0.
    pub(super) fn with_masked_digits(self) -> Line {
        let source = match self.source {
            Source::Chat { messages } => {
                let masked = |Message { role, content }| Message { role, content: mask_digits(&content) };
                Source::Chat { messages: messages.into_iter().map(masked).collect() }
            }
            Source::Completion { prompt, completion } => {
                Source::Completion { prompt: mask_digits(&prompt), completion: mask_digits(&completion) }
            }
            Source::Dictation { dictated, expected } => {
                Source::Dictation { dictated: mask_digits(&dictated), expected: mask_digits(&expected) }
            }
        };
        let others = self.others.iter().map(|other| mask_digits(other)).collect();
        Line { source, others, ..self }
    }

    /// The dictation, if the line is one: also as a conversation of a system prompt, one message of
    /// the user and the answer.
    pub fn dictated(&self) -> Option<&str> {
        match &self.source {
            Source::Dictation { dictated, .. } => Some(dictated),
            Source::Chat { messages } => match &messages[..] {
                [system, user, _] if system.role == "system" && user.role == "user" => Some(&user.content),
                _ => None,
            },
            Source::Completion { .. } => None,
        }
    }

    /// The answer.
    pub fn expected(&self) -> &str {
        match &self.source {
            Source::Chat { messages } => messages.last().map_or("", |last| &last.content),
            Source::Completion { completion, .. } => completion,
            Source::Dictation { expected, .. } => expected,
        }
    }

    /// Whether an answer is right.
    pub fn accepts(&self, answer: &str) -> bool {
        answer == self.expected() || self.others.iter().any(|other| other == answer)
    }

    /// What kind of line it is.
    pub fn kind(&self) -> &str {
        self.kind.as_deref().unwrap_or("no kind")
    }

    /// The first word of the answer, which is mostly the command.
    pub fn command(&self) -> &str {
        self.expected().split_whitespace().next().unwrap_or("")
    }

    /// All texts of the line.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.messages("").into_iter().map(|(_, content)| content).collect::<Vec<_>>().into_iter()
    }

    /// The conversation: roles and what they say. A dictation gets the system prompt; the other
    /// forms say themselves which they want.
    pub(super) fn messages<'a>(&'a self, system: &'a str) -> Vec<(&'a str, &'a str)> {
        match &self.source {
            Source::Chat { messages } => {
                messages.iter().map(|message| (&*message.role, &*message.content)).collect()
            }
            Source::Completion { prompt, completion } => {
                vec![("user", prompt), ("assistant", completion)]
            }
            Source::Dictation { dictated, expected } => {
                vec![("system", system), ("user", dictated), ("assistant", expected)]
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_forms_of_mlx_lm_and_ours_are_read() {
        let chat = r#"{"messages": [{"role": "system", "content": "S"}, {"role": "user", "content": "list"}, {"role": "assistant", "content": "ls -l"}]}"#;
        for (text, dictated) in [
            (chat, Some("list")),
            (r#"{"prompt": "list", "completion": "ls -l"}"#, None),
            (r#"{"dictated": "list", "expected": "ls -l", "kind": "plain", "author": "a"}"#, Some("list")),
        ] {
            let line = Line::parse(text).unwrap();
            assert_eq!((line.dictated(), line.expected(), line.command()), (dictated, "ls -l", "ls"));
            assert_eq!(line.messages("S").last(), Some(&("assistant", "ls -l")));
        }
        let line = Line::parse(r#"{"dictated": "a", "expected": "b", "alt": ["c"]}"#).unwrap();
        assert!(line.accepts("b") && line.accepts("c") && !line.accepts("a"));
    }

    #[test]
    fn digits_are_masked_in_every_form() {
        for (text, asked, answer) in [
            (r#"{"dictated": "p 8 80", "expected": "-p 880"}"#, "p 0 00", "-p 000"),
            (r#"{"prompt": "p 8 80", "completion": "-p 880"}"#, "p 0 00", "-p 000"),
            (
                r#"{"messages": [{"role": "user", "content": "p 8 80"}, {"role": "assistant", "content": "-p 880"}]}"#,
                "p 0 00",
                "-p 000",
            ),
        ] {
            let line = Line::parse(text).unwrap().with_masked_digits();
            let texts: Vec<&str> = line.messages("").iter().map(|(_, content)| *content).collect();
            assert!(texts.ends_with(&[asked, answer]), "{texts:?}");
        }
        let line = Line::parse(r#"{"dictated": "a", "expected": "b1", "alt": ["c2"]}"#).unwrap();
        assert!(line.with_masked_digits().accepts("c0"));
    }

    #[test]
    fn mistakes_are_named() {
        let check = |text: &str, message: &str| {
            let error = Line::parse(text).expect_err(text);
            assert!(error.contains(message), "{text}: {error}");
        };
        check("{", "not JSON");
        check(r#"{"dictated": "a"}"#, "it needs `messages`");
        check(r#"{"dictated": "a", "expected": 1}"#, "it needs `messages`");
        check(r#"{"dictated": "a", "expected": " "}"#, "its answer is empty");
        check(r#"{"messages": []}"#, "are empty");
        check(r#"{"messages": [{"role": "user", "content": "a"}]}"#, "role \"user\"");
    }
}

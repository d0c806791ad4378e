//! Examples: JSONL as `mlx_lm` reads it, and lines with `dictated` and `expected`. Every example
//! becomes tokens, of which the first ones are the prompt.

mod line;
mod row;

pub use line::{Line, Source};
pub use row::{Batch, Batches, Layout, PAD, Row};

use crate::TrainError;
use crate::recipe;
use sayso_language::chat::{self, Chat, Conversation};
use sayso_language::tokenizer::Tokenizer;
use std::collections::HashSet;
use std::path::{Path, PathBuf};

/// An example as tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Example {
    /// The prompt, the answer, and what the template writes after it.
    pub tokens: Vec<u32>,
    /// Where the answer begins.
    pub answer: usize,
}

/// What was read of a set, and what was left out.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Counts {
    /// Examples that are used.
    pub used: usize,
    /// Examples of more than `max_tokens` tokens.
    pub long: usize,
    /// Examples whose text contains a special token, which would imitate the template.
    pub special: usize,
    /// Held-out examples that are also in the training set; they are taken out of the training set.
    pub shared: usize,
}

impl std::fmt::Display for Counts {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} examples", self.used)?;
        for (count, what) in [
            (self.long, "too long"),
            (self.special, "with a special token of the model"),
            (self.shared, "taken out because they are held out too"),
        ] {
            if count > 0 {
                write!(formatter, ", {count} {what}")?;
            }
        }
        Ok(())
    }
}

/// The sets of a run.
#[derive(Debug)]
pub struct Sets {
    /// To learn from.
    pub train: Vec<Example>,
    /// Held out.
    pub valid: Vec<Example>,
    /// The held-out lines that can be written and compared: those with a dictation.
    pub lines: Vec<Line>,
    /// What was read of the training set.
    pub trained: Counts,
    /// What was read of the held-out set.
    pub held: Counts,
    /// The system prompt.
    pub system: String,
    /// The prompt around every dictation.
    pub chat: Chat,
    /// The template, if it is not that of the base.
    pub template: Option<String>,
}

/// Makes examples of lines.
struct Encoder<'a> {
    tokenizer: &'a Tokenizer,
    conversation: &'a Conversation,
    system: &'a str,
}

impl Sets {
    /// Reads the sets of a recipe.
    ///
    /// # Errors
    /// A file or line is invalid, or the training set is empty or mislabelled.
    pub fn open(recipe: &recipe::Data, base: &Path, tokenizer: &Tokenizer) -> Result<Sets, TrainError> {
        let conversation = Conversation::open(base, recipe.template.as_deref())?;
        let system = match &recipe.system_prompt {
            Some(system) => system.clone(),
            None => chat::system_prompt(base)?,
        };
        let chat = conversation.chat(&system)?;
        let encoder = Encoder { tokenizer, conversation: &conversation, system: &system };
        let read = |files: &[PathBuf]| -> Result<Vec<Line>, TrainError> {
            let lines = read(files)?;
            Ok(match recipe.mask_digits {
                true => lines.into_iter().map(Line::with_masked_digits).collect(),
                false => lines,
            })
        };
        let train = read(&files(&recipe.train, "train.jsonl")?)?;
        let valid = match recipe.valid.is_empty() {
            true => {
                let beside: Vec<PathBuf> =
                    recipe.train.iter().filter(|path| path.join("valid.jsonl").exists()).cloned().collect();
                read(&files(&beside, "valid.jsonl")?)?
            }
            false => read(&files(&recipe.valid, "valid.jsonl")?)?,
        };
        refuse_mislabelled("training", &train)?;
        refuse_mislabelled("validation", &valid)?;
        let held: HashSet<&Line> = valid.iter().collect();
        let (shared, train): (Vec<&Line>, Vec<&Line>) = train.iter().partition(|line| held.contains(line));
        let (train, mut trained) = encoder.all(&train, recipe)?;
        trained.shared = shared.len();
        if train.is_empty() {
            return Err(TrainError::Empty { set: "training", reason: trained.to_string() });
        }
        let references: Vec<&Line> = valid.iter().collect();
        let (examples, held) = encoder.all(&references, recipe)?;
        let lines = valid.iter().filter(|line| line.dictated().is_some()).cloned().collect();
        Ok(Sets {
            train,
            valid: examples,
            lines,
            trained,
            held,
            chat,
            system,
            template: recipe.template.clone(),
        })
    }
}

impl Encoder<'_> {
    fn all(&self, lines: &[&Line], recipe: &recipe::Data) -> Result<(Vec<Example>, Counts), TrainError> {
        let (mut examples, mut counts) = (Vec::new(), Counts::default());
        for line in lines {
            if line.texts().any(|text| self.tokenizer.special_in(text).is_some()) {
                counts.special += 1;
                continue;
            }
            let mut example = self.example(line)?;
            if example.tokens.len() > recipe.max_tokens {
                counts.long += 1;
                if !recipe.as_mlx_lm {
                    continue;
                }
                example.tokens.truncate(recipe.max_tokens);
            }
            if !recipe.mask_prompt {
                example.answer = 0;
            }
            examples.push(example);
        }
        counts.used = examples.len();
        Ok((examples, counts))
    }

    fn example(&self, line: &Line) -> Result<Example, TrainError> {
        let messages = line.messages(self.system);
        let Some((_, asked)) = messages.split_last() else {
            return Err(TrainError::Unfit("an example without messages".to_owned()));
        };
        let prompt = self.conversation.render(asked, true)?;
        let whole = self.conversation.render(&messages, false)?;
        let Some(answer) = whole.strip_prefix(&prompt) else {
            return Err(TrainError::Unfit(format!(
                "the chat template writes {prompt:?} before an answer, but a whole conversation does not begin with it: {whole:?}"
            )));
        };
        // Encoded apart, as they are when the model is used.
        let mut tokens = self.tokenizer.encode(&prompt)?;
        let begin = tokens.len();
        tokens.extend(self.tokenizer.encode(answer)?);
        Ok(Example { tokens, answer: begin })
    }
}

/// The files that paths stand for: folders stand for their file of this name.
fn files(paths: &[PathBuf], name: &str) -> Result<Vec<PathBuf>, TrainError> {
    let file = |path: &PathBuf| if path.is_dir() { path.join(name) } else { path.clone() };
    Ok(paths.iter().map(file).collect())
}

fn read(files: &[PathBuf]) -> Result<Vec<Line>, TrainError> {
    let mut lines = Vec::new();
    for path in files {
        let text = std::fs::read_to_string(path).map_err(TrainError::read(path))?;
        for (number, text) in text.lines().enumerate().filter(|(_, text)| !text.trim().is_empty()) {
            let problem = |problem| TrainError::Line { path: path.clone(), line: number + 1, problem };
            lines.push(Line::parse(text).map_err(problem)?);
        }
    }
    Ok(lines)
}

/// A set of at least 20 dictations of which nine in ten are their own answers teaches nothing.
fn refuse_mislabelled(set: &'static str, lines: &[Line]) -> Result<(), TrainError> {
    let dictated: Vec<(&str, &str)> =
        lines.iter().filter_map(|line| Some((line.dictated()?, line.expected()))).collect();
    let same = dictated.iter().filter(|(dictated, expected)| dictated == expected).count();
    match dictated.len() >= 20 && same * 10 >= dictated.len() * 9 {
        true => Err(TrainError::Mislabelled { set, same, all: dictated.len() }),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(texts: &[&str]) -> Vec<Line> {
        texts.iter().map(|text| Line::parse(text).unwrap()).collect()
    }

    #[test]
    fn a_set_whose_answers_are_its_dictations_is_refused() {
        let same = lines(&[r#"{"dictated": "ls", "expected": "ls"}"#; 20]);
        let error = refuse_mislabelled("training", &same).unwrap_err().to_string();
        assert!(error.contains("20 of the 20 answers"), "{error}");
        let mut mixed = same.clone();
        mixed.extend(lines(&[r#"{"dictated": "ls dash l", "expected": "ls -l"}"#; 3]));
        refuse_mislabelled("training", &mixed).unwrap();
    }

    #[test]
    fn what_was_left_out_is_told() {
        let counts = Counts { used: 10, long: 2, special: 0, shared: 3 };
        assert_eq!(counts.to_string(), "10 examples, 2 too long, 3 taken out because they are held out too");
    }
}

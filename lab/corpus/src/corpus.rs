//! The commands of a corpus folder, which `roundtrip` and `cases` say aloud.

use crate::cases;
use crate::template;
use anyhow::{Context, bail};
use serde::Deserialize;
use std::path::Path;

/// Examples of tldr-pages, as one JSON object a line with a `template`.
const TLDR: &str = "tldr/examples.jsonl";
/// Cases of NL2Bash, as one JSON object a line with an `expected`.
const NL2BASH: &str = "nl2bash/valid.jsonl";

/// An example of tldr-pages.
#[derive(Debug, Deserialize)]
pub struct Example {
    /// Its page, such as `git-push`.
    pub page: String,
    /// The command with placeholders, see [`template`].
    pub template: String,
}

/// The examples under `folder`, in the order of the file.
pub fn examples(folder: &Path) -> anyhow::Result<Vec<Example>> {
    let path = folder.join(TLDR);
    let text = std::fs::read_to_string(&path)
        .with_context(|| format!("cannot read {}: name the folder of the corpora", path.display()))?;
    text.lines()
        .enumerate()
        .map(|(at, line)| {
            serde_json::from_str(line).with_context(|| format!("{}, line {}", path.display(), at + 1))
        })
        .collect()
}

/// The commands under `folder`, in the order of the files, each once. `choice` picks among a template's choices.
pub fn commands(folder: &Path, choice: usize) -> anyhow::Result<Vec<String>> {
    let examples = examples(folder)?;
    let mut commands: Vec<String> =
        examples.iter().map(|example| template::fill(&example.template, choice)).collect();
    commands.extend(cases::read(&folder.join(NL2BASH), "dictated")?.into_iter().map(|case| case.expected));
    let mut seen = std::collections::HashSet::new();
    commands.retain(|command| seen.insert(command.trim().to_string()));
    if commands.is_empty() {
        bail!("{} holds no commands", folder.display());
    }
    Ok(commands)
}

//! The commands of a corpus folder: what `roundtrip` says aloud.

use crate::cases;
use crate::template;
use anyhow::{Context, bail};
use serde::Deserialize;
use std::path::Path;

/// Examples of tldr-pages, as one JSON object a line with a `template`.
const TLDR: &str = "tldr/examples.jsonl";
/// Cases of NL2Bash, as one JSON object a line with an `expected`.
const NL2BASH: &str = "nl2bash/valid.jsonl";

/// The commands under `folder`, in the order of the files, each once. `choice` picks among a template's choices.
pub fn commands(folder: &Path, choice: usize) -> anyhow::Result<Vec<String>> {
    #[derive(Deserialize)]
    struct Example {
        template: String,
    }
    let path = folder.join(TLDR);
    let text = std::fs::read_to_string(&path)
        .with_context(|| format!("cannot read {}: name the folder with --corpus", path.display()))?;
    let mut commands = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let example: Example =
            serde_json::from_str(line).with_context(|| format!("{}, line {}", path.display(), at + 1))?;
        commands.push(template::fill(&example.template, choice));
    }
    commands.extend(cases::read(&folder.join(NL2BASH), "dictated")?.into_iter().map(|case| case.expected));
    let mut seen = std::collections::HashSet::new();
    commands.retain(|command| seen.insert(command.trim().to_string()));
    if commands.is_empty() {
        bail!("{} holds no commands", folder.display());
    }
    Ok(commands)
}

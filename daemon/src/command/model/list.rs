//! `sayso model list`.

use super::{megabytes, print, print_json};
use anyhow::Result;
use sayso_model_cli::Names;
use sayso_store::{Model, Origin, Source, Store, series};
use serde_json::json;

/// Prints the installed models, and the short names of those that are not installed.
pub(super) fn run(store: &Store, json: bool) -> Result<()> {
    let models = store.list()?;
    if json {
        return models.iter().try_for_each(|model| {
            let Model { name, folder, chosen, manifest } = model;
            let (origin, bytes) = (manifest.as_ref().ok(), manifest.as_ref().ok().map(|it| it.bytes()));
            print_json(&json!({
                "name": name,
                "chosen": chosen,
                "folder": folder,
                "bytes": bytes,
                "origin": origin.map(|manifest| &manifest.origin),
                "problem": manifest.as_ref().err().map(ToString::to_string),
            }))
        });
    }
    let width = models.iter().map(|model| model.name.len()).max().unwrap_or(0);
    let mut text = String::new();
    for Model { name, chosen, manifest, .. } in &models {
        let (size, from) = match manifest {
            Ok(manifest) => (megabytes(manifest.bytes()), format_origin(&manifest.origin)),
            Err(problem) => ("?".to_owned(), format!("of unknown origin, or damaged: {problem}")),
        };
        let mark = if *chosen { '*' } else { ' ' };
        text += &format!("{mark} {name:width$}  {size:>7}  {from}\n");
    }
    let absent: Vec<_> = series().filter(|(_, repository)| !is_here(&models, repository)).collect();
    if !absent.is_empty() {
        text += if models.is_empty() { "No model is installed.\n" } else { "\n" };
        text += "Install one with `sayso model pull NAME`:\n";
        for (short, repository) in absent {
            text += &format!("  {short}  {repository}\n");
        }
    }
    print(&text)
}

/// Prints names, one a line, for the completions of the shells.
pub(super) fn names(store: &Store, which: Names) -> Result<()> {
    let models = store.list()?;
    let names: Vec<String> = match which {
        Names::Installed => models.into_iter().map(|model| model.name).collect(),
        Names::Absent => series()
            .filter(|(_, repository)| !is_here(&models, repository))
            .map(|(short, _)| short.to_owned())
            .collect(),
    };
    print(&names.iter().map(|name| format!("{name}\n")).collect::<String>())
}

fn is_here(models: &[Model], repository: &str) -> bool {
    let name = Source::parse(repository).map(|source| source.name().to_owned());
    name.is_ok_and(|name| models.iter().any(|model| model.name == name))
}

/// Where a model came from, in words.
fn format_origin(origin: &Origin) -> String {
    match origin {
        Origin::Hub { repository, commit } => {
            format!("{repository} at {}", commit.get(..10).unwrap_or(commit))
        }
        Origin::Gguf { file } => format!("imported from {file}"),
        Origin::Folder { folder } => format!("copied from the folder {folder}"),
    }
}

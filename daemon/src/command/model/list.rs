//! `sayso model list`.

use super::{megabytes, print, print_json};
use anyhow::Result;
use sayso_language::checkpoint::BuiltIn;
use sayso_model_cli::Names;
use sayso_store::{Model, Origin, Source, Store, series};
use serde_json::json;

/// Prints the built-in model, the installed ones, and the short names of those that are not installed.
pub(super) fn run(store: &Store, json: bool) -> Result<()> {
    let models = store.list()?;
    let is_built_in_used = !models.iter().any(|model| model.chosen);
    let built_in_bytes = sayso_small::SMALL.bytes() as u64;
    if json {
        print_json(&json!({
            "name": BuiltIn::NAME,
            "chosen": is_built_in_used,
            "folder": null,
            "bytes": built_in_bytes,
            "origin": null,
            "problem": null,
        }))?;
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
    let width = models.iter().map(|model| model.name.len()).fold(BuiltIn::NAME.len(), usize::max);
    let mark = |is_used: bool| if is_used { '*' } else { ' ' };
    let mut text = format!(
        "{} {:width$}  {:>7}  part of sayso\n",
        mark(is_built_in_used),
        BuiltIn::NAME,
        megabytes(built_in_bytes)
    );
    for Model { name, chosen, manifest, .. } in &models {
        let (size, from) = match manifest {
            Ok(manifest) => (megabytes(manifest.bytes()), format_origin(&manifest.origin)),
            Err(problem) => ("?".to_owned(), format!("of unknown origin, or damaged: {problem}")),
        };
        text += &format!("{} {name:width$}  {size:>7}  {from}\n", mark(*chosen));
    }
    let absent: Vec<_> = series().filter(|(_, repository)| !is_here(&models, repository)).collect();
    if !absent.is_empty() {
        text += "\nInstall a larger one with `sayso model pull NAME`:\n";
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
        Names::Installed => {
            [BuiltIn::NAME.to_owned()].into_iter().chain(models.into_iter().map(|model| model.name)).collect()
        }
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

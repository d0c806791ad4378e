//! `sayso model`: manages the language models on this machine.

mod bench;
mod list;
mod pull;
mod verify;

use super::{ended, print, print_json};
use anyhow::{Context, Result};
use sayso_model_cli::{Action, Model};
use sayso_settings::{Settings, folders};
use sayso_store::{Source, Store};
use serde_json::json;
use std::path::Path;
use std::process::ExitCode;

/// Carries out the command and prints the outcome.
pub(crate) fn run(model: &Model) -> ExitCode {
    ended(act(model), model.json)
}

fn act(model: &Model) -> Result<ExitCode> {
    let store = store()?;
    let json = model.json;
    match &model.action {
        Action::List { names: Some(which) } => list::names(&store, *which)?,
        Action::List { names: None } => list::run(&store, json)?,
        Action::Pull { model } => pull::run(&store, model, json)?,
        Action::Import { file, name } => import(&store, file, name.as_deref(), json)?,
        Action::Use { name } => choose(&store, name, json)?,
        Action::Verify { name } => return verify::run(&store, name.as_deref(), json),
        Action::Remove { name } => remove(&store, name, json)?,
        Action::Bench { name, rounds } => bench::run(&store, name.as_deref(), *rounds, json)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// The models of this user.
pub(crate) fn store() -> Result<Store> {
    let folder = folders::model_folder();
    Ok(Store::new(folder.context("no home folder was found, so there is no folder for models; set HOME")?))
}

/// The name of an installed model: the given one or, if that is a short name, the name of its
/// repository.
fn name_here(store: &Store, given: &str) -> String {
    match Source::parse(given) {
        Ok(source) if store.folder(given).is_err() && store.folder(source.name()).is_ok() => {
            source.name().to_owned()
        }
        _ => given.to_owned(),
    }
}

fn import(store: &Store, file: &Path, name: Option<&str>, json: bool) -> Result<()> {
    let stem = file.file_stem().and_then(|stem| stem.to_str());
    let name =
        name.or(stem).context("the name of the file cannot be the name of a model; give one with --name")?;
    let manifest = store.import(file, name)?;
    let bytes = manifest.bytes();
    if json {
        return print_json(&json!({ "name": name, "bytes": bytes, "origin": manifest.origin }));
    }
    print(&format!("{name} is installed ({}). To use it: sayso model use {name}\n", megabytes(bytes)))
}

fn choose(store: &Store, given: &str, json: bool) -> Result<()> {
    let name = name_here(store, given);
    store.choose(&name)?;
    let (settings, _) = Settings::load_usable();
    // The settings take precedence over the choice; say so, or the command would seem to do nothing.
    let held_back = match (&settings.model.name, settings.model.judge) {
        (_, false) => Some("the settings say `judge = false`, so no model is used".to_owned()),
        (Some(other), _) if *other != name => {
            Some(format!("the settings say `name = \"{other}\"`, which overrides this choice"))
        }
        _ => None,
    };
    if json {
        return print_json(&json!({ "name": name, "held_back": held_back }));
    }
    print(&match held_back {
        None => format!("{name} is now in use. The daemon loads it when it first needs it.\n"),
        Some(why) => format!("{name} is chosen, but {why}.\n"),
    })
}

fn remove(store: &Store, given: &str, json: bool) -> Result<()> {
    let name = name_here(store, given);
    let was_chosen = store.chosen()?.as_ref() == Some(&name);
    store.remove(&name)?;
    if json {
        return print_json(&json!({ "name": name, "was_chosen": was_chosen }));
    }
    print(&match was_chosen {
        true => format!("{name} was removed. It was the model in use; the built-in one is in use now.\n"),
        false => format!("{name} was removed.\n"),
    })
}

/// Bytes in megabytes of 10⁶ bytes, as disks and hubs count them.
fn megabytes(bytes: u64) -> String {
    let megabytes = bytes as f64 / 1e6;
    match megabytes {
        10.0.. => format!("{megabytes:.0} MB"),
        _ => format!("{megabytes:.1} MB"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_short() {
        for (bytes, shown) in [(0, "0.0 MB"), (1_250_000, "1.2 MB"), (338_000_000, "338 MB")] {
            assert_eq!(megabytes(bytes), shown);
        }
    }
}

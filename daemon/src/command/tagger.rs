//! `sayso tagger`: chooses the weights of the tagger.

use super::{ended, print, print_json};
use anyhow::{Context, Result, bail};
use sayso_engine::Engine;
use sayso_model_cli::{Tagger, TaggerAction};
use sayso_settings::{Settings, edit, folders};
use serde_json::json;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// What weights files end with.
const SUFFIX: &str = "safetensors";
/// The name of the built-in weights.
const BUILT_IN: &str = "built-in";

/// Carries out the command and prints the outcome.
pub(crate) fn run(tagger: &Tagger) -> ExitCode {
    let done = match &tagger.action {
        TaggerAction::Use { weights } => choose(weights, tagger.json),
        TaggerAction::List => list(tagger.json),
        TaggerAction::Reset => reset(tagger.json),
    };
    ended(done.map(|()| ExitCode::SUCCESS), tagger.json)
}

fn folder() -> Result<PathBuf> {
    folders::tagger_folder().context("no home folder was found, so there is no folder for weights; set HOME")
}

fn settings_file() -> Result<PathBuf> {
    folders::config_file()
        .context("no home folder was found, so the settings file has no path; set SAYSO_CONFIG")
}

fn choose(given: &Path, json: bool) -> Result<()> {
    let folder = folder()?;
    let of_name = folder.join(given).with_extension(SUFFIX);
    let is_name = given.components().count() == 1 && !given.exists() && of_name.exists();
    let from = if is_name { &of_name } else { given };
    Engine::open(from).with_context(|| format!("{} cannot be used, nothing was changed", from.display()))?;
    let Some(name) = given.file_stem().and_then(|stem| stem.to_str()).filter(|stem| *stem != BUILT_IN) else {
        bail!("{} cannot name weights: give the file another name", given.display());
    };
    let to = folder.join(name).with_extension(SUFFIX);
    if !is_name && fs::canonicalize(from).ok() != fs::canonicalize(&to).ok() {
        copy(from, &to)
            .with_context(|| format!("{} cannot be written, nothing was changed", to.display()))?;
    }
    let path = to
        .to_str()
        .with_context(|| format!("{} is no UTF-8, so the settings cannot name it", to.display()))?;
    edit::set_tagger(&settings_file()?, Some(path))?;
    if json {
        return print_json(&json!({ "name": name, "file": path }));
    }
    print(&format!("{name} is now in use. To go back: sayso tagger reset\n"))
}

/// Copies a file, which is there as a whole or not at all.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to.parent().unwrap_or(Path::new(".")))?;
    let aside = to.with_extension("new");
    let write = || {
        fs::write(&aside, fs::read(from)?)?;
        fs::File::open(&aside)?.sync_all()?;
        fs::rename(&aside, to)
    };
    let done = write();
    if done.is_err() {
        // The disk may be full.
        let _ = fs::remove_file(&aside);
    }
    done
}

fn list(json: bool) -> Result<()> {
    let in_use = Settings::load_usable().0.tagger.weights_file();
    let mut files: Vec<PathBuf> = match fs::read_dir(folder()?) {
        Ok(entries) => entries.flatten().map(|entry| entry.path()).collect(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(error).context("the folder of weights cannot be read"),
    };
    files.retain(|file| file.extension().is_some_and(|suffix| suffix == SUFFIX));
    files.sort();
    // The settings may name a file anywhere.
    files.extend(in_use.clone().filter(|file| !files.contains(file)));
    let rows = std::iter::once(None).chain(files.into_iter().map(Some)).map(|file| {
        let name = match &file {
            None => BUILT_IN.to_owned(),
            Some(file) => file.file_stem().unwrap_or_default().to_string_lossy().into_owned(),
        };
        (name, file == in_use, file)
    });
    for (name, is_used, file) in rows {
        if json {
            print_json(&json!({ "name": name, "file": file, "in_use": is_used }))?;
            continue;
        }
        let mark = if is_used { "*" } else { " " };
        let place = file.map_or(String::new(), |file| format!("  {}", file.display()));
        print(&format!("{mark} {name}{place}\n"))?;
    }
    Ok(())
}

fn reset(json: bool) -> Result<()> {
    edit::set_tagger(&settings_file()?, None)?;
    if json {
        return print_json(&json!({ "name": BUILT_IN }));
    }
    print("The built-in weights are in use again.\n")
}

//! `sayso config`: shows the path of the settings file and its contents, and checks it.

use crate::cli::ConfigAction;
use anyhow::{Context, Result, bail};
use sayso_settings::{COMMENTED, Settings, folders};
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

/// Shows or checks the settings.
pub(crate) fn run(action: ConfigAction) -> Result<ExitCode> {
    let mut out = io::stdout().lock();
    match action {
        ConfigAction::Path => writeln!(out, "{}", path()?.display())?,
        ConfigAction::Show => write!(out, "{}", Settings::load()?)?,
        ConfigAction::Check => {
            Settings::load()?;
            let path = path()?;
            if path.exists() {
                writeln!(out, "{} is valid", path.display())?;
            } else {
                writeln!(out, "{} does not exist; the defaults apply", path.display())?;
            }
        }
        ConfigAction::Init => {
            let path = path()?;
            write_new(&path)?;
            writeln!(out, "{} written; every line in it is a comment that shows a default.", path.display())?;
            writeln!(out, "To change one, remove the # before it and before the [section] above it.")?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn path() -> Result<PathBuf> {
    folders::config_file()
        .context("no home folder was found, so the settings file has no path; set SAYSO_CONFIG")
}

fn write_new(path: &PathBuf) -> Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(|| format!("{} cannot be created", folder.display()))?;
    }
    match File::create_new(path) {
        Ok(mut file) => file
            .write_all(COMMENTED.as_bytes())
            .with_context(|| format!("{} cannot be written", path.display())),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            bail!("{} exists already and was kept", path.display())
        }
        Err(error) => Err(error).with_context(|| format!("{} cannot be written", path.display())),
    }
}

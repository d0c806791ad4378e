//! `sayso trust`: lets the words of a project count, after the person has seen them.

use crate::cli::Trust;
use crate::stderr::say;
use crate::style::{FAINT, STRONG, styled};
use anyhow::{Context, Result, anyhow, bail};
use sayso_protocol::reply::printable;
use sayso_settings::project;
use std::io::{self, BufRead, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Trusts a project's file, or no longer.
pub(crate) fn run(cli: &Trust) -> Result<ExitCode> {
    let file = file(cli.path.as_deref())?;
    let failed = |why: String| anyhow!("{} is not trusted: {why}", file.display());
    let mut out = anstream::stdout().lock();
    if cli.revoke {
        let was_trusted = project::distrust(&file).map_err(|why| anyhow!("nothing was changed: {why}"))?;
        let known = if was_trusted { "is trusted no longer" } else { "was not trusted" };
        writeln!(out, "{} {known}", file.display())?;
        return Ok(ExitCode::SUCCESS);
    }
    let project::Preview { words, mistake } = project::preview(&file).map_err(failed)?;
    if words.is_empty() {
        let why = mistake.map_or_else(String::new, |mistake| format!(" ({mistake})"));
        bail!("{} has no words, so there is nothing to trust{why}", file.display());
    }
    if !cli.yes && !io::stdin().is_terminal() {
        bail!("nobody can be asked here; look at the words and run `sayso trust --yes`");
    }
    writeln!(out, "{}", styled(FAINT, &file.display().to_string()))?;
    for (spoken, written) in &words {
        writeln!(out, "  {}  {}", styled(STRONG, &format!("{:12}", printable(written))), printable(spoken))?;
    }
    if let Some(mistake) = mistake {
        writeln!(out, "{mistake}")?;
    }
    if !cli.yes && !agrees(&mut out)? {
        say("not trusted; nothing was changed");
        return Ok(ExitCode::FAILURE);
    }
    project::trust(&file).map_err(failed)?;
    writeln!(out, "trusted, as long as the file stays as it is")?;
    Ok(ExitCode::SUCCESS)
}

/// What to say about a file that is not trusted.
pub(crate) fn advice(file: &Path) -> String {
    format!("the words of {} do not count yet; `sayso trust` shows them and lets them count", file.display())
}

/// The project's file that is meant, by the same path under which the daemon finds it.
fn file(path: Option<&Path>) -> Result<PathBuf> {
    let here = std::env::current_dir().context("the working directory is gone")?;
    let Some(path) = path else {
        let none = || format!("there is no {} here or in a folder above", project::NAME);
        return project::find(&here).with_context(none);
    };
    let path = std::fs::canonicalize(path).with_context(|| format!("{} cannot be read", path.display()))?;
    Ok(if path.is_dir() { path.join(project::NAME) } else { path })
}

fn agrees(out: &mut impl Write) -> Result<bool> {
    write!(out, "Shall these words count? [y/N] ")?;
    out.flush()?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}

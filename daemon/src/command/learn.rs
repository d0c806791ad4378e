//! `sayso learn`: shows what is kept and learnt, and takes it back.

use crate::learning::now;
use anyhow::{Context, Result, bail};
use sayso_learning::{LIFETIME_DAYS, Pair, Standing, Store, Word};
use sayso_learning_cli::{Action, Learn};
use sayso_picker::{Doubt, Look, Verdict};
use sayso_protocol::connection::Connection;
use sayso_protocol::reply::printable;
use sayso_protocol::{Op, Request, SocketPaths};
use sayso_settings::{Settings, edit, folders, words};
use serde_json::json;
use std::io::{self, BufRead, IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// How long the daemon may take to look at the file again. Hand-chosen, 2026-11-23.
const PATIENCE: Duration = Duration::from_secs(2);

/// Carries out the command.
///
/// # Errors
/// Why it cannot be carried out.
pub(crate) fn run(learn: &Learn) -> Result<ExitCode> {
    match &learn.action {
        Action::On { yes } => return on(*yes),
        Action::Off => off()?,
        Action::Status { json } => status(*json)?,
        Action::Review { list, plain } => review(*list, *plain)?,
        Action::Undo => undo()?,
        Action::Forget { text, all } => forget(text.as_deref(), *all)?,
        Action::Export => export()?,
        Action::Note { .. } => bail!("only the client can tell the daemon what was run"),
    }
    Ok(ExitCode::SUCCESS)
}

fn file() -> Result<PathBuf> {
    folders::learnt_file()
        .context("no home folder was found, so there is no place for what is learnt; set HOME")
}

fn settings_file() -> Result<PathBuf> {
    folders::config_file().context("no home folder was found, so there is no settings file; set SAYSO_CONFIG")
}

/// Prints text and flushes it, because a question that does not end with a line break must be visible too.
fn print(text: &str) -> Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    Ok(out.flush()?)
}

/// The store, if learning is on and something was kept.
fn store() -> Result<Option<Store>> {
    if !Settings::load_usable().0.learn.enabled {
        bail!("learning is off, so that the file is not opened; `sayso learn on` turns it on");
    }
    Ok(Store::open_existing(&file()?, now())?)
}

fn on(yes: bool) -> Result<ExitCode> {
    let path = file()?;
    if !yes && !io::stdin().is_terminal() {
        bail!("nobody can be asked here; run `sayso learn on --yes`");
    }
    print(&format!(
        "When you edit a converted line and run it, or choose another reading and run\n\
         that, sayso keeps\n\
         \x20 - what was dictated, what sayso wrote, and what you ran\n\
         \x20 - the time, and a hash of the folder\n\
         in {}, which only you can read.\n\
         It learns from that which words your dictation tool writes for others, and\n\
         which reading you prefer; nothing else. All of it fades and is deleted after\n\
         {LIFETIME_DAYS} days, and nothing leaves this machine.\n\
         Lines with a space at the start or with what looks like a secret are never\n\
         kept, nor those that `ignore` under [learn] in the settings names.\n\
         `sayso learn status` shows what is kept; `undo`, `forget` and `off` take it\n\
         back.\n",
        path.display()
    ))?;
    if !yes {
        print("Turn it on? [y/N] ")?;
        if !matches!(line()?.as_str(), "y" | "yes") {
            print("It stays off.\n")?;
            return Ok(ExitCode::FAILURE);
        }
    }
    edit::set_learning(&settings_file()?, true)?;
    // If the file exists but cannot be used, the person should learn of it now.
    Store::open_existing(&path, now())?;
    tell_daemon();
    print("Learning is on, in every shell that is started from now on.\n")?;
    Ok(ExitCode::SUCCESS)
}

fn off() -> Result<()> {
    edit::set_learning(&settings_file()?, false)?;
    tell_daemon();
    let path = file()?;
    let kept = match path.exists() {
        true => format!(" {} stays; `sayso learn forget --all` deletes it.", path.display()),
        false => String::new(),
    };
    print(&format!("Learning is off.{kept}\n"))
}

fn status(as_json: bool) -> Result<()> {
    let (settings, path) = (Settings::load_usable().0.learn, file()?);
    let store = match settings.enabled {
        true => Store::open_existing(&path, now())?,
        false => None,
    };
    let (kept, oldest) = store.as_ref().map_or(Ok((0, None)), Store::count)?;
    let learnt = store.as_ref().map_or_else(|| Ok(Default::default()), |store| store.learnt(now()))?;
    let bytes = std::fs::metadata(&path).map_or(0, |facts| facts.len());
    let days = oldest.map(|time| (now() - time).max(0) / (24 * 60 * 60));
    let (words, offered, choices) = (learnt.words.len(), learnt.offered().len(), learnt.choices.len());
    if as_json {
        let object = json!({
            "enabled": settings.enabled, "file": path.display().to_string(), "bytes": bytes, "kept": kept,
            "oldest_days": days, "words": words, "offered": offered, "choices": choices,
        });
        return print(&format!("{object}\n"));
    }
    if !settings.enabled {
        let there = if bytes > 0 { "stays unopened" } else { "does not exist" };
        return print(&format!("Learning is off; {} {there}.\n", path.display()));
    }
    print(&format!(
        "Learning is on.\n{} ({:.1} MB)\n{kept} corrected lines are kept, the oldest {} days old\n\
         {words} words were heard for others, {offered} of them offered; `sayso learn review` decides about them\n\
         {choices} choices between readings\n",
        path.display(),
        bytes as f64 / 1e6,
        days.unwrap_or(0),
    ))
}

fn review(as_list: bool, is_plain: bool) -> Result<()> {
    let Some(mut store) = store()? else { return print("Nothing was kept yet.\n") };
    let found = store.learnt(now())?.words;
    if as_list {
        let row = |word: &Word| format!("{}\t{}\t{}\n", word.heard, word.written, word.seen);
        return print(&found.iter().map(row).collect::<String>());
    }
    if found.is_empty() {
        return print("There are no words to decide about.\n");
    }
    let is_dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
    if !is_plain && !is_dumb && io::stdin().is_terminal() && io::stdout().is_terminal() {
        let doubt = |word: &Word| Doubt {
            heard: printable(&word.heard),
            written: printable(&word.written),
            seen: word.seen,
        };
        let doubts: Vec<Doubt> = found.iter().map(doubt).collect();
        let mut decide = |at: usize, verdict: &Verdict| -> Result<String, String> {
            settle(&mut store, &found[at], verdict).map_err(|error| format!("{error:#}"))
        };
        sayso_picker::review(&doubts, &mut decide, Look::of_environment())?;
        tell_daemon();
        return Ok(());
    }
    for (at, word) in found.iter().enumerate() {
        print(&format!(
            "{}/{}  \"{}\" -> {}  ({} times)\n  [a]ccept, [r]eject, [e]dit, [s]kip, [q]uit: ",
            at + 1,
            found.len(),
            printable(&word.heard),
            printable(&word.written),
            word.seen
        ))?;
        match line()?.as_str() {
            "a" | "accept" => report(&settle(&mut store, word, &Verdict::Accept(word.written.clone()))?)?,
            "e" | "edit" => {
                print("  write instead: ")?;
                let written = raw_line()?;
                if written.is_empty() {
                    print("  skipped\n")?;
                } else {
                    report(&settle(&mut store, word, &Verdict::Accept(written))?)?;
                }
            }
            "r" | "reject" => report(&settle(&mut store, word, &Verdict::Reject)?)?,
            "q" | "quit" | "\u{4}" => break,
            _ => print("  skipped\n")?,
        }
    }
    tell_daemon();
    Ok(())
}

fn report(outcome: &str) -> Result<()> {
    print(&format!("  {outcome}\n"))
}

/// Carries out a decision about a word, and returns a sentence about the result.
fn settle(store: &mut Store, word: &Word, verdict: &Verdict) -> Result<String> {
    let Verdict::Accept(written) = verdict else {
        store.decide(&word.heard, &word.written, Standing::Rejected)?;
        return Ok("it is not offered any more".to_owned());
    };
    words::add(&settings_file()?, &[(word.heard.clone(), written.clone())])?;
    store.decide(&word.heard, &word.written, Standing::Accepted)?;
    let (heard, written) = (printable(&word.heard), printable(written));
    Ok(format!("\"{heard}\" writes {written} from now on; `sayso words remove` takes it back"))
}

fn undo() -> Result<()> {
    let gone = store()?.map(|mut store| store.undo()).transpose()?.flatten();
    let Some(Pair { heard, ran, .. }) = gone else { return print("Nothing is kept.\n") };
    tell_daemon();
    print(&format!("forgot that \"{}\" became {}\n", printable(&heard), printable(&ran)))
}

fn forget(text: Option<&str>, all: bool) -> Result<()> {
    if all {
        let path = file()?;
        let was_there =
            Store::delete(&path).with_context(|| format!("{} cannot be deleted", path.display()))?;
        tell_daemon();
        let what = if was_there { "is deleted" } else { "did not exist" };
        return print(&format!("{} {what}\n", path.display()));
    }
    let text = text.unwrap_or_default();
    if text.trim().is_empty() {
        bail!("an empty text is in every line; to delete everything: sayso learn forget --all");
    }
    let gone = store()?.map(|mut store| store.forget(text)).transpose()?.unwrap_or(0);
    tell_daemon();
    print(&format!("{gone} lines with \"{}\" are forgotten\n", printable(text)))
}

fn export() -> Result<()> {
    let Some(store) = store()? else { return Ok(()) };
    let mut out = io::stdout().lock();
    for Pair { time, folder, heard, answer, ran } in store.pairs(usize::MAX)?.into_iter().rev() {
        let folder = format!("{folder:016x}");
        let pair = json!({ "time": time, "folder": folder, "heard": heard, "answer": answer, "ran": ran });
        writeln!(out, "{pair}")?;
    }
    Ok(())
}

/// Reads a typed line, in lower case; Ctrl-D stands for itself.
fn line() -> Result<String> {
    Ok(raw_line()?.to_lowercase())
}

fn raw_line() -> Result<String> {
    let mut text = String::new();
    let read = io::stdin().lock().read_line(&mut text).context("standard input cannot be read")?;
    Ok(if read == 0 { "\u{4}".to_owned() } else { text.trim().to_owned() })
}

/// Makes a running daemon look at the settings and the file again, so that the next line uses them. If no daemon
/// answers, none has to.
fn tell_daemon() {
    let Ok(paths) = SocketPaths::locate() else { return };
    let deadline = Instant::now() + PATIENCE;
    if let Ok(mut connection) = Connection::open(&paths, deadline) {
        let _ = connection.ask(&Request::new(1, Op::Learn), deadline);
    }
}

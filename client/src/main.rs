//! The command line client: it asks the daemon and prints the answers.

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod cli;
mod completions;
mod config;
mod convert;
mod daemon_client;
mod doctor;
mod explain;
mod handover;
mod init;
mod learn;
mod lines;
mod program;
mod report;
mod service;
mod settings;
mod status;
mod stderr;
mod style;
mod trust;
mod words;

use anyhow::{Context, Result, bail};
use clap::{CommandFactory, Parser};
use cli::{Cli, Command};
use sayso_protocol::SocketPaths;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;
use stderr::say;

fn main() -> ExitCode {
    sayso_protocol::process::leave_no_dump();
    match run(Cli::parse().command) {
        Ok(code) => code,
        // The reader of standard output has seen enough.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            say(format_args!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<ExitCode> {
    if let Some((home, owner)) = sayso_settings::folders::foreign_home() {
        let home = home.display();
        if matches!(command, Command::Service { .. }) {
            bail!(
                "HOME is {home}, which belongs to user {owner}, but root asks; nothing was changed. Run it as that user, \
                 or with root's own HOME"
            );
        }
        say(format_args!("HOME is {home}, which belongs to user {owner}; root's own folders are used"));
    }
    match command {
        Command::Convert(cli) if cli.no_daemon => convert::without_daemon(&cli),
        Command::Convert(cli) if cli.lines => lines::run(&cli),
        Command::Convert(cli) => convert::run(&cli),
        Command::Explain(cli) => explain::run(&cli),
        Command::Words(cli) => words::run(&cli),
        // The daemon's program knows places and models, and takes the same arguments.
        Command::Here { .. } => handover::run(),
        Command::Report(cli) => report::run(&cli),
        Command::Trust(cli) => trust::run(&cli),
        Command::Status { json } => status::run(json),
        Command::Doctor { json } => doctor::run(json),
        Command::Service { action } => service::command::run(action),
        Command::Model(_) | Command::Tagger(_) => handover::run(),
        Command::Train { arguments } => handover::train(&arguments),
        Command::Pick(_) | Command::Try => handover::run_with_daemon(),
        Command::Learn(cli) => learn::run(&cli),
        Command::Config { action } => config::run(action),
        Command::Init { shell } => {
            let settings = settings::load_or_warn();
            let script = init::script(shell, &settings, &init::own_path()?, &SocketPaths::locate()?.socket)?;
            io::stdout().lock().write_all(script.as_bytes())?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Completions { shell } => {
            io::stdout().lock().write_all(completions::script(shell).as_bytes())?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Man { folder } => man(&folder),
    }
}

/// Writes the man pages: one for `sayso`, one for each of its commands, and the daemon's own.
fn man(folder: &Path) -> Result<ExitCode> {
    clap_mangen::generate_to(Cli::command(), folder)
        .with_context(|| format!("the man pages cannot be written to {}", folder.display()))?;
    let daemon = program::daemon();
    let page = std::process::Command::new(&daemon).arg("--man").output();
    let page = page.with_context(|| format!("{} cannot be started", daemon.display()))?.stdout;
    std::fs::write(folder.join("saysod.1"), page).context("the daemon's man page cannot be written")?;
    Ok(ExitCode::SUCCESS)
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

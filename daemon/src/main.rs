//! The resident half of sayso: listens on the user's socket and converts dictated lines.

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod cli;
mod configuration;
mod connection;
mod handshake;
mod house;
mod keeper;
mod listen;
mod log;
mod long;
mod memory;
mod meter;
mod model;
mod server;
mod session;
mod work;

use anyhow::{Context, Result};
use clap::{CommandFactory, Parser};
use cli::{Cli, Command};
use configuration::Configuration;
use house::{House, JUDGES, VERSION, WORKERS};
use interprocess::os::unix::uds_local_socket::tokio::Listener;
use keeper::Keeper;
use listen::{Ownership, Start};
use nix::sys::stat::{Mode, umask};
use sayso_protocol::{Place, Status};
use sayso_settings::folders;
use sayso_store::Store;
use server::Signals;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

fn main() -> ExitCode {
    let cli = Cli::parse();
    if let Some(Command::Model(model)) = &cli.command {
        return model::run(model);
    }
    match run(&cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&told(&error));
            ExitCode::FAILURE
        }
    }
}

/// An error with its causes, but for those that the error before them tells already.
fn told(error: &anyhow::Error) -> String {
    error.chain().map(ToString::to_string).fold(String::new(), |told, cause| match () {
        () if told.is_empty() => cause,
        () if told.contains(&cause) => told,
        () => format!("{told}: {cause}"),
    })
}

/// Says something on standard error, in the name of the program that was called: the client hands `sayso model` over.
/// A closed standard error must not turn a clear failure into a panic.
fn complain(message: &str) {
    let called = std::env::args_os().next().unwrap_or_default();
    let name = Path::new(&called).file_name().and_then(|name| name.to_str()).unwrap_or("saysod");
    let _ = writeln!(std::io::stderr(), "{name}: {message}");
}

fn run(cli: &Cli) -> Result<()> {
    if cli.man {
        clap_mangen::Man::new(Cli::command()).render(&mut std::io::stdout())?;
        return Ok(());
    }
    // Sockets, locks and logs are nobody else's business.
    umask(Mode::from_bits_truncate(0o077));
    let socket = cli.socket.as_ref().map(std::path::absolute).transpose()?;
    if cli.handshake {
        handshake::leave_terminal();
    }
    let place = Place::locate_or_at(socket.as_deref())?;
    let (listener, socket, ownership) = match listen::passed()? {
        Some((listener, socket)) => (listener, socket, Ownership::Managers),
        None => match listen::bind(&place)? {
            Start::Listening(listener, ownership) => (listener, place.socket.clone(), ownership),
            Start::AlreadyRunning(status) => {
                let Status { version, pid, .. } = *status;
                handshake::say(&format!("saysod {version} is already running (process {pid})"));
                return Ok(());
            }
        },
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        // One more than conversions take, which says how the daemon is while they all wait.
        .max_blocking_threads(WORKERS + JUDGES + 1)
        .thread_name("convert")
        .build()?;
    let within = runtime.enter();
    let listener = Listener::try_from(listener)?;
    let signals = Signals::new()?;
    let socket = socket.display().to_string();
    handshake::say(&format!("saysod {VERSION} listens on {socket}"));
    if cli.handshake {
        handshake::let_go_of_output().context("standard output cannot be let go of")?;
    }

    let configuration = Configuration::load();
    let current = configuration.current();
    let _log = log::begin(&current.settings.log, folders::log_folder().as_deref());
    log::keep_panics_discreet();
    tracing::info!(version = VERSION, pid = std::process::id(), socket, "listening");
    if let Some(mistake) = current.mistake {
        tracing::warn!(mistake, "the rest of the settings is in force");
    }
    let keeper = Keeper::new(folders::model_folder().map(Store::new));
    let house = Arc::new(House::new(configuration, keeper, cli.log_text, socket, ownership.as_str()));
    let fixed = |time: Option<Duration>| time.map(|time| Some(time).filter(|time| !time.is_zero()));
    let (idle_exit, unload) = (fixed(cli.idle_minutes), fixed(cli.unload_minutes));
    let minded = house.clone();
    tokio::spawn(async move {
        let unload = || unload.unwrap_or_else(|| minded.configuration.current().settings.model.unload);
        minded.keeper.mind(unload).await;
    });
    drop(within);
    runtime.block_on(server::run(listener, &ownership, &place, &house, signals, idle_exit));
    // A conversion that still runs has no asker any more.
    runtime.shutdown_background();
    tracing::info!("ended");
    Ok(())
}

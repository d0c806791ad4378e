//! The resident half of sayso: listens on the user's socket and converts dictated lines.

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod cli;
mod command;
mod configuration;
mod connection;
mod convert;
mod detach;
mod fingerprint;
mod hint;
mod job;
mod large_input;
mod learning;
mod limits;
mod listen;
mod log;
mod memory;
mod metrics;
mod model;
mod phase;
mod place;
mod private;
mod project;
mod roster;
mod server;
mod session;
mod state;
mod watch;
mod wire;

use anyhow::{Context, Result};
use clap::{CommandFactory, Parser};
use cli::{Cli, Command};
use configuration::Configuration;
use interprocess::os::unix::uds_local_socket::tokio::Listener;
use limits::{MAX_RESCORING, MAX_WORKERS};
use listen::{Ownership, Start};
use model::ModelManager;
use nix::sys::stat::{Mode, umask};
use sayso_protocol::{SocketPaths, Status, process};
use sayso_settings::folders;
use sayso_store::Store;
use server::Signals;
use state::{Shared, VERSION};
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

/// The system's allocator, which also enforces the memory budget of a language model's thread.
#[global_allocator]
static HEAP: sayso_language::budget::BudgetedHeap = sayso_language::budget::BudgetedHeap;

fn main() -> ExitCode {
    let cli = Cli::parse();
    if cli.command.is_some() {
        process::leave_no_dump();
    }
    let done = match &cli.command {
        Some(Command::Model(model)) => return command::model::run(model),
        Some(Command::Tagger(tagger)) => return command::tagger::run(tagger),
        Some(Command::Here(here)) => command::here::run(here),
        Some(Command::Learn(learn)) => command::learn::run(learn),
        Some(Command::Convert(convert)) => command::convert::run(convert),
        Some(Command::Pick(pick)) => command::pick::run(pick),
        Some(Command::Try) => command::pick::run_try(),
        None => serve(&cli).map(|()| ExitCode::SUCCESS),
    };
    done.unwrap_or_else(|error| {
        print_error(&format_error(&error));
        ExitCode::FAILURE
    })
}

/// An error with its causes, leaving out those that the error before them already mentions.
fn format_error(error: &anyhow::Error) -> String {
    error.chain().map(ToString::to_string).fold(String::new(), |message, cause| match () {
        () if message.is_empty() => cause,
        () if message.contains(&cause) => message,
        () => format!("{message}: {cause}"),
    })
}

/// Prints a message on standard error under the name by which the program was called: `sayso` becomes this program for
/// some of its commands. A closed standard error must not turn a clear failure into a panic.
fn print_error(message: &str) {
    let called = std::env::args_os().next().unwrap_or_default();
    let name = Path::new(&called).file_name().and_then(|name| name.to_str()).unwrap_or("saysod");
    let _ = writeln!(std::io::stderr(), "{name}: {message}");
}

/// Runs the daemon until it ends.
fn serve(cli: &Cli) -> Result<()> {
    if cli.man {
        clap_mangen::Man::new(Cli::command()).render(&mut std::io::stdout())?;
        return Ok(());
    }
    private::shed_environment();
    // No other user may read sockets, locks and logs.
    umask(Mode::from_bits_truncate(0o077));
    let socket = cli.socket.as_ref().map(std::path::absolute).transpose()?;
    if cli.handshake {
        detach::detach_from_terminal();
    }
    // This comes after detaching: a process that cannot be dumped cannot list its own descriptors.
    process::leave_no_dump();
    let paths = SocketPaths::locate_or_at(socket.as_deref())?;
    let (listener, socket, mut ownership) = match listen::passed()? {
        Some((listener, socket)) => (listener, socket, Ownership::Managers),
        None => match listen::bind(&paths)? {
            Start::Listening(listener, ownership) => (listener, paths.socket.clone(), ownership),
            Start::AlreadyRunning(status) => {
                let Status { version, pid, .. } = *status;
                detach::write_line(&format!("saysod {version} is already running (process {pid})"));
                return Ok(());
            }
        },
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        // One more than conversions take, so that `status` is answered while all conversions wait.
        .max_blocking_threads(MAX_WORKERS + MAX_RESCORING + 1)
        .thread_name("convert")
        .build()?;
    let within = runtime.enter();
    let listener = Listener::try_from(listener)?;
    let signals = Signals::new()?;
    let socket = socket.display().to_string();
    detach::write_line(&format!("saysod {VERSION} listens on {socket}"));
    if cli.handshake {
        detach::close_output().context("standard output cannot be let go of")?;
    }

    let configuration = Configuration::load();
    let current = configuration.current();
    let _log = log::begin(&current.settings.log, folders::log_folder().as_deref());
    log::keep_panics_discreet();
    tracing::info!(version = VERSION, pid = std::process::id(), socket, "listening");
    if let Some(mistake) = current.mistake {
        tracing::warn!(mistake, "the rest of the settings is in force");
    }
    if let Some(mistake) = current.tagger.mistake {
        tracing::warn!("{mistake}");
    }
    let model = ModelManager::new(folders::model_folder().map(Store::new), Some(&sayso_small::SMALL));
    let shared = Arc::new(Shared::new(configuration, model, cli.log_text, socket, ownership.as_str()));
    shared.learning.keep_up(&shared.configuration.current().settings.learn);
    let fixed = |time: Option<Duration>| time.map(|time| Some(time).filter(|time| !time.is_zero()));
    let (idle_exit, unload) = (fixed(cli.idle_minutes), fixed(cli.unload_minutes));
    let unloaded = shared.clone();
    tokio::spawn(async move {
        let unload = || unload.unwrap_or_else(|| unloaded.configuration.current().settings.model.unload);
        unloaded.model.unload_loop(unload).await;
    });
    drop(within);
    runtime.block_on(server::run(listener, &mut ownership, &paths, &shared, signals, idle_exit));
    shared.model.forgive();
    // Nobody waits for a conversion that is still running.
    runtime.shutdown_background();
    tracing::info!("ended");
    Ok(())
}

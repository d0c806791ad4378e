//! The resident half of sayso: listens on the user's socket and converts dictated lines.

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod cli;
mod configuration;
mod connection;
mod handshake;
mod house;
mod listen;
mod log;
mod meter;
mod server;
mod session;
mod work;

use anyhow::{Context, Result};
use clap::{CommandFactory, Parser};
use cli::Cli;
use configuration::Configuration;
use house::{House, VERSION, WORKERS};
use interprocess::os::unix::uds_local_socket::tokio::Listener;
use listen::{Ownership, Start};
use sayso_protocol::Place;
use sayso_settings::folders;
use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(&cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // A closed standard error must not turn a clear failure into a panic.
            let _ = writeln!(std::io::stderr(), "saysod: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: &Cli) -> Result<()> {
    if cli.man {
        clap_mangen::Man::new(Cli::command()).render(&mut std::io::stdout())?;
        return Ok(());
    }
    let socket = cli.socket.as_ref().map(std::path::absolute).transpose()?;
    let place = Place::locate_or_at(socket.as_deref())?;
    if cli.handshake {
        handshake::leave_terminal();
    }
    let (listener, ownership) = match listen::passed()? {
        Some(listener) => (listener, Ownership::Managers),
        None => match listen::bind(&place)? {
            Start::Listening(listener, ownership) => (listener, ownership),
            Start::AlreadyRunning(status) => {
                handshake::say(&format!(
                    "saysod {} is already running (process {})",
                    status.version, status.pid
                ));
                return Ok(());
            }
        },
    };
    handshake::say(&format!("saysod {VERSION} listens on {}", place.socket.display()));
    if cli.handshake {
        handshake::let_go_of_output().context("standard output cannot be let go of")?;
    }
    let configuration = Configuration::load();
    let log_settings = configuration.current().settings.log.clone();
    let _log = log::begin(&log_settings, folders::log_folder().as_deref());
    log::keep_panics_discreet();
    tracing::info!(version = VERSION, pid = std::process::id(), socket = %place.socket.display(), "listening");
    if let Some(mistake) = configuration.current().mistake {
        tracing::warn!(mistake, "settings not understood; the defaults are in force");
    }

    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(WORKERS)
        .thread_name("convert")
        .build()?;
    let socket = place.socket.display().to_string();
    let house = Arc::new(House::new(configuration, cli.log_text, socket, ownership.as_str()));
    let idle_exit = cli.idle_minutes.map(|minutes| (minutes > 0).then(|| Duration::from_secs(minutes * 60)));
    let served = runtime.block_on(async {
        let listener = Listener::try_from(listener)?;
        server::run(listener, &ownership, &place, &house, idle_exit).await
    });
    // A conversion that still runs has no asker any more.
    runtime.shutdown_background();
    tracing::info!("ended");
    served
}

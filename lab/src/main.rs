//! The `sayso-lab` command.

use clap::Parser;
use sayso_lab::cli::{Cli, Command};
use std::process::ExitCode;

fn main() -> ExitCode {
    // A wrong command line ends with 2 within `parse`.
    let done = match Cli::parse().command {
        Command::Convert(convert) => convert.run(),
        Command::Eval(eval) => eval.run().map(|()| ExitCode::SUCCESS),
        Command::Speak(speak) => speak.run().map(|()| ExitCode::SUCCESS),
        Command::RoundTrip(round_trip) => round_trip.run().map(|()| ExitCode::SUCCESS),
        Command::Bench(bench) => bench.run().map(|()| ExitCode::SUCCESS),
    };
    match done {
        Ok(code) => code,
        Err(error) => {
            eprintln!("sayso-lab: {error:#}");
            ExitCode::FAILURE
        }
    }
}

//! The `sayso-lab` command.

use clap::Parser;
use sayso_lab::cli::{Cli, Command};
use std::process::ExitCode;

fn main() -> ExitCode {
    // A wrong command line ends with 2 within `parse`.
    let done = match Cli::parse().command {
        Command::Eval(eval) => eval.run(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("sayso-lab: {error:#}");
            ExitCode::FAILURE
        }
    }
}

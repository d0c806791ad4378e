//! The `sayso-lab` command.

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod cli;

use clap::Parser;
use cli::{Cli, Command};
use sayso_tagger::Weights;
use sayso_train::adapt::adapt;
use std::io;
use std::process::ExitCode;

fn main() -> ExitCode {
    // `parse` exits with status 2 if the arguments are invalid.
    let done = match Cli::parse().command {
        Command::Eval(eval) => eval.run().map(|()| ExitCode::SUCCESS),
        Command::Compare(compare) => compare.run().map(|()| ExitCode::SUCCESS),
        Command::Gate(gate) => gate.run().map(|()| ExitCode::SUCCESS),
        Command::Judge(judge) => judge.run().map(|()| ExitCode::SUCCESS),
        Command::Learning(learning) => learning.run(&adapted).map(|()| ExitCode::SUCCESS),
        Command::Cases(cases) => cases.run().map(|()| ExitCode::SUCCESS),
        Command::Speak(speak) => speak.run().map(|()| ExitCode::SUCCESS),
        Command::RoundTrip(round_trip) => round_trip.run().map(|()| ExitCode::SUCCESS),
        Command::Bench(bench) => bench.run().map(|()| ExitCode::SUCCESS),
        Command::Attack(attack) => attack.run().map(|()| ExitCode::SUCCESS),
        Command::Samples(samples) => samples.run().map(|()| ExitCode::SUCCESS),
        Command::Train(train) => train.run().map(|()| ExitCode::SUCCESS),
        Command::Curves(curves) => curves.run().map(|()| ExitCode::SUCCESS),
        Command::Reduce(reduce) => reduce.run().map(|()| ExitCode::SUCCESS),
    };
    match done {
        Ok(code) => code,
        // The reader closed the pipe early, as `head` does, and needs no more output.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("sayso-lab: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Weights of the tagger that know a person's lines; the built-in ones if others would lose too much.
fn adapted(pairs: &[(String, String)], samples: usize, seed: u64) -> anyhow::Result<Weights> {
    let adapted = adapt(sayso_tagger::embedded_bytes(), pairs, samples, seed)?;
    let is_kept = adapted.lost().next().is_none();
    Ok(Weights::read(if is_kept { &adapted.bytes } else { sayso_tagger::embedded_bytes() })?)
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let mut causes = error.chain().filter_map(|cause| cause.downcast_ref::<io::Error>());
    causes.any(|cause| cause.kind() == io::ErrorKind::BrokenPipe)
}

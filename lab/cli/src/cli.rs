//! The command line of `sayso-lab`: help is written from here.

use clap::{Parser, Subcommand};
use sayso_bench::Bench;
use sayso_corpus::pages::Cases;
use sayso_corpus::speak::Speak;
use sayso_eval::eval::Eval;
use sayso_eval::gate::Gate;
use sayso_eval::judge::Judge;
use sayso_eval::roundtrip::RoundTrip;
use sayso_train::cli::Train;
use sayso_train::curves::Curves;
use sayso_train::reduce::Reduce;
use sayso_train::samples::Samples;

/// Measures sayso: how often it is right, how fast it is, and whether it can say again what it hears.
///
/// Everything runs in this process on the same engine as the daemon's, except `bench`, which also starts the real
/// programs. Exit status: 0 done, 1 it could not be done or an answer was wrong, 2 the command line was wrong.
#[derive(Debug, Parser)]
#[command(name = "sayso-lab", version, max_term_width = 110)]
pub(crate) struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What the lab can do: a file each, which also holds the help.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Eval(Eval),
    Gate(Gate),
    Judge(Judge),
    Cases(Cases),
    Speak(Speak),
    #[command(name = "roundtrip")]
    RoundTrip(RoundTrip),
    Bench(Bench),
    Samples(Samples),
    Train(Train),
    Curves(Curves),
    #[command(name = "vectors")]
    Reduce(Reduce),
}

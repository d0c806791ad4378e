//! The command line of `sayso-lab`. Its doc comments are the help text.

use clap::{Parser, Subcommand};
use sayso_attack::Attack;
use sayso_bench::Bench;
use sayso_corpus::pages::Cases;
use sayso_corpus::speak::Speak;
use sayso_eval::eval::{Compare, Eval};
use sayso_eval::gate::Gate;
use sayso_eval::judge::Judge;
use sayso_eval::learning::Learning;
use sayso_eval::roundtrip::RoundTrip;
use sayso_train::cli::Train;
use sayso_train::curves::Curves;
use sayso_train::reduce::Reduce;
use sayso_train::samples::Samples;

/// Measures how often sayso is right and how fast it is, and trains its tagger.
///
/// Everything runs in this process with the same engine as the daemon, except `bench` and `attack`,
/// which also start the real programs. Exit status: 0 success, 1 failure or a wrong answer, 2 invalid
/// arguments.
#[derive(Debug, Parser)]
#[command(name = "sayso-lab", version, max_term_width = 110)]
pub(crate) struct Cli {
    /// The command to run.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The commands. Each is defined in its own file, together with its help.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Eval(Eval),
    Compare(Compare),
    Gate(Gate),
    Judge(Judge),
    Learning(Learning),
    Cases(Cases),
    Speak(Speak),
    #[command(name = "roundtrip")]
    RoundTrip(RoundTrip),
    Bench(Bench),
    Attack(Attack),
    Samples(Samples),
    Train(Train),
    Curves(Curves),
    #[command(name = "vectors")]
    Reduce(Reduce),
}

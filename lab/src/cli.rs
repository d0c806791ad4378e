//! The command line of `sayso-lab`: help is written from here.

use crate::bench::Bench;
use crate::convert::Convert;
use crate::curves::Curves;
use crate::eval::Eval;
use crate::gate::Gate;
use crate::judge::Judge;
use crate::pages::Cases;
use crate::roundtrip::RoundTrip;
use crate::samples::Samples;
use crate::speak::Speak;
use crate::train::Train;
use clap::{Parser, Subcommand};

/// Measures sayso: how often it is right, how fast it is, and whether it can say again what it hears.
///
/// Everything runs in this process on the same engine as the daemon's, except `bench`, which also starts the real
/// programs. Exit status: 0 done, 1 it could not be done or an answer was wrong, 2 the command line was wrong.
#[derive(Debug, Parser)]
#[command(name = "sayso-lab", version, max_term_width = 110)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What the lab can do: a file each, which also holds the help.
#[derive(Debug, Subcommand)]
#[expect(missing_docs, reason = "a comment here would take the place of the help that the arguments carry")]
pub enum Command {
    Convert(Convert),
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
}

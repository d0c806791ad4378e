#![doc = include_str!("../README.md")]

mod auto;
mod cpu;
mod daemon;
mod keypress;
mod learning;
mod llama;
mod machine;
mod picker;
mod place;
mod random;
mod report;
mod scanner;
mod spawn;
mod tagger;

use crate::machine::Machine;
use crate::report::Report;
use clap::ValueEnum;
use sayso_eval::tagger::Tagger;
use serde_json::json;
use std::io::Write;

/// Measures with the given number of samples. Fails if a program is missing or an answer is wrong.
type Benchmark<'b> = dyn Fn(usize) -> anyhow::Result<Report> + 'b;

/// The benchmarks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum What {
    /// The rule-based engine in this process
    Scanner,
    /// The tagger in this process
    Tagger,
    /// Names of the place: reading folders of 10,000 and 100,000 files, and converting in one
    Place,
    /// A language model with 0.6 billion random weights on the processor
    Cpu,
    /// The same model compared with llama.cpp, which scripts/llama-bench.sh builds
    Llama,
    /// The auto route with a language model, compared with writing every line; needs --cases and
    /// --model
    Auto,
    /// The time from starting the client to its answer
    Spawn,
    /// The daemon's memory and cold start
    Daemon,
    /// The time from a key press to the changed screen in zsh, fish and bash, and the time added to
    /// their start
    Keypress,
    /// The picker: from its key to its first frame, and from a key to the changed frame
    Picker,
    /// The store of corrected lines, and what it adds to a conversion
    Learning,
    /// All of them
    All,
}

/// Measures how fast sayso is: median, 99th percentile, and ratios within the same run.
///
/// Every timed run checks its answer, and a wrong answer ends the benchmark with exit status 1. A
/// missed bar is reported but is not a failure, because the machine may be busy. `spawn`, `daemon`,
/// `keypress` and `picker` start the programs that are in the same folder as this one, with a temporary home
/// folder. --weights changes what `tagger` measures and nothing else. Build with --release.
#[derive(Debug, clap::Args)]
pub struct Bench {
    /// What to measure
    #[arg(value_enum, default_value = "all")]
    what: What,
    /// Number of measurements of things that take about a millisecond; faster ones are measured
    /// more often
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..))]
    samples: u32,
    /// Print one JSON object instead of tables
    #[arg(long, conflicts_with = "markdown")]
    json: bool,
    /// Print tables in Markdown, as in docs/BENCHMARKS.md
    #[arg(long)]
    markdown: bool,
    #[command(flatten)]
    inputs: auto::Inputs,
    #[command(flatten)]
    tagger: Tagger,
}

impl Bench {
    /// Measures and prints the tables.
    ///
    /// # Errors
    /// If a program or a file is missing, if the tagger's weights cannot be used, if an answer is
    /// wrong, or if standard output cannot be written.
    pub fn run(&self) -> anyhow::Result<()> {
        let engine = self.tagger.engine()?;
        let machine = Machine::this();
        let samples = self.samples as usize;
        let mut reports: Vec<Report> = Vec::new();
        let mut out = std::io::stdout().lock();
        if !self.json && !self.markdown {
            writeln!(out, "{machine}\n")?;
        }
        let tagger = |samples| tagger::run(&engine, samples);
        let auto = |samples| auto::run(samples, &self.inputs);
        let all: [(What, &Benchmark<'_>); 11] = [
            (What::Scanner, &scanner::run),
            (What::Tagger, &tagger),
            (What::Place, &place::run),
            (What::Cpu, &cpu::run),
            (What::Llama, &llama::run),
            (What::Auto, &auto),
            (What::Spawn, &spawn::run),
            (What::Daemon, &daemon::run),
            (What::Keypress, &keypress::run),
            (What::Picker, &picker::run),
            (What::Learning, &learning::run),
        ];
        for (what, run) in all {
            let is_possible = match what {
                // llama.cpp is not installed everywhere.
                What::Llama => llama::is_here(),
                What::Auto => self.inputs.are_there(),
                _ => true,
            };
            if self.what != what && !(self.what == What::All && is_possible) {
                continue;
            }
            let report = run(samples)?;
            if !self.json && !self.markdown {
                writeln!(out, "{}", report.to_text())?;
            }
            reports.push(report);
        }
        if self.json {
            writeln!(out, "{}", json!({ "machine": machine, "benchmarks": reports }))?;
        } else if self.markdown {
            let tables: Vec<String> = reports.iter().map(Report::to_markdown).collect();
            writeln!(out, "Measured by `sayso-lab bench` on {machine}.\n\n{}", tables.join("\n").trim_end())?;
        }
        Ok(())
    }
}

//! A language model on the processor, compared with llama.cpp and a model of the same shape.

use crate::random::{self, BITS, GROUP, Words};
use crate::report::{Report, Row, Unit};
use anyhow::{Context, bail, ensure};
use sayso_language::cpu::{Decoder, Options};
use sayso_language::measure::{CANDIDATES, LENGTH, PREFIX, READ};
use std::env;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Instant;

/// The environment variable with the path of the program of scripts/llama-bench that runs
/// llama.cpp.
const PROGRAM: &str = "SAYSO_LLAMA_PEER";
/// The environment variable with the folder in which that program keeps its models.
const FOLDER: &str = "SAYSO_LLAMA_MODELS";

/// Formats of its weights: one that has a scale and a bias as ours has, and its two fastest ones.
pub(super) const FORMATS: [&str; 3] = ["q4_1", "q4_0", "q4_K"];

/// The tasks, and the bar of each: our speed relative to the fastest llama.cpp.
/// Hand-chosen, 2026-11-23.
const TASKS: [(&str, f64); 3] =
    [("one token written", 1.1), ("64 tokens read", 0.8), ("4 × 20 tokens judged", 1.5)];

/// Whether a llama.cpp was built for the comparison.
pub(super) fn is_here() -> bool {
    env::var_os(PROGRAM).is_some()
}

/// Measures the tasks, with sayso and each llama.cpp in turn.
///
/// # Errors
/// If llama.cpp is missing or fails, or if a score is not a log-probability.
pub(super) fn run(samples: usize) -> anyhow::Result<Report> {
    let threads = Options::default().threads;
    let mut peers = Peer::start_all(threads)?;
    let mut decoder = random::model()?;
    let mut words = Words::new();
    let rounds = (samples / 20).clamp(3, 50);
    // Milliseconds: (tasks, ours and each format, steps).
    let mut times: [Vec<Vec<f64>>; 3] = std::array::from_fn(|_| vec![Vec::new(); 1 + FORMATS.len()]);
    for _ in 0..rounds {
        for (task, times) in times.iter_mut().enumerate() {
            times[0].extend(ours(task, &mut decoder, &mut words)?);
            for (peer, times) in peers.iter_mut().zip(&mut times[1..]) {
                times.extend(peer.run(&match task {
                    0 => format!("writing {LENGTH}"),
                    1 => format!("reading {READ}"),
                    _ => format!("judging 1 0 {LENGTH}"),
                })?);
            }
        }
    }
    let mut rows = Vec::new();
    for ((task, factor), times) in TASKS.into_iter().zip(times) {
        let row = |name: &str, times: Vec<f64>| {
            Row::of_figures(format!("{task}: {name}"), Unit::Milliseconds, times)
        };
        let mut times = times.into_iter();
        let ours = row("sayso", times.next().unwrap_or_default());
        let theirs: Vec<Row> = FORMATS
            .iter()
            .zip(times)
            .map(|(format, times)| row(&format!("llama.cpp, {format}"), times))
            .collect();
        let best = theirs.iter().map(|row| row.p50).fold(f64::INFINITY, f64::min);
        let ratio = ours.p50 / best;
        rows.push(ours.p50_below(best / factor).ratio(ratio, "the fastest llama.cpp"));
        rows.extend(theirs);
    }
    Ok(Report {
        name: "llama",
        method: format!(
            "Models of the shape of Qwen3-0.6B with random weights, {threads} threads each, all of them resident, run \
             one after the other in each round: ours in {BITS} bits, groups of {GROUP}, {}; llama.cpp with all matrices \
             in each of three formats, built by clang for this processor, with its threads kept waiting. Written: \
             tokens after {PREFIX} cached ones. Judged: one token and {CANDIDATES} × {LENGTH} after {PREFIX} cached \
             ones, nothing shared, in one batch; in llama.cpp, {CANDIDATES} sequences that share the prefix. Bias for \
             us: q4_1 has 11 % more bytes than our groups of {GROUP}. Bias against us: our time includes the \
             log-probabilities, while llama.cpp's ends with the logits.",
            decoder.instructions().name()
        ),
        rows,
    })
}

/// Milliseconds of each step of a task.
fn ours(task: usize, decoder: &mut Decoder, words: &mut Words) -> anyhow::Result<Vec<f64>> {
    let never = || false;
    let prefix = words.take(PREFIX);
    decoder.truncate(0);
    if task != 1 {
        decoder.prefill(&prefix, &never)?;
    }
    let mut times = Vec::new();
    match task {
        0 => {
            for _ in 0..LENGTH {
                let start = Instant::now();
                let Some(token) = decoder.likeliest() else {
                    bail!("the decoder has no logits after it read a text")
                };
                decoder.extend(&[token], &never)?;
                times.push(milliseconds(start));
            }
        }
        1 => {
            let text = words.take(READ);
            let start = Instant::now();
            decoder.prefill(&text, &never)?;
            decoder.likeliest();
            times.push(milliseconds(start));
        }
        _ => {
            let text = words.take(1);
            let candidates: Vec<Vec<u32>> = (0..CANDIDATES).map(|_| words.take(LENGTH)).collect();
            let candidates: Vec<&[u32]> = candidates.iter().map(Vec::as_slice).collect();
            let start = Instant::now();
            let scores = decoder.rescore(&prefix, &text, &candidates, &never)?;
            times.push(milliseconds(start));
            ensure!(
                scores.iter().flatten().all(|score| score.is_finite() && *score < 0.0),
                "scores {scores:?} are not log-probabilities"
            );
        }
    }
    Ok(times)
}

fn milliseconds(start: Instant) -> f64 {
    start.elapsed().as_secs_f64() * 1e3
}

/// A running llama.cpp.
pub(super) struct Peer {
    child: Child,
    tasks: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Peer {
    /// Starts one llama.cpp for each of [`FORMATS`].
    pub(super) fn start_all(threads: usize) -> anyhow::Result<Vec<Peer>> {
        FORMATS.iter().map(|format| Peer::start(format, threads)).collect()
    }

    fn start(format: &str, threads: usize) -> anyhow::Result<Peer> {
        let missing = || {
            format!(
                "{PROGRAM} and {FOLDER} are not set; scripts/llama-bench.sh builds llama.cpp and sets them"
            )
        };
        let program = env::var_os(PROGRAM).with_context(missing)?;
        let folder = env::var_os(FOLDER).with_context(missing)?;
        let mut command = Command::new(&program);
        command.arg(folder).arg(format).arg(threads.to_string());
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().with_context(missing)?;
        let (Some(tasks), Some(answers)) = (child.stdin.take(), child.stdout.take()) else {
            bail!("{} has no pipes", program.display())
        };
        let mut peer = Peer { child, tasks, answers: BufReader::new(answers) };
        // Before it is ready, it writes its model if the model does not exist.
        ensure!(peer.line()? == "ready", "llama.cpp did not start");
        Ok(peer)
    }

    /// Runs a task, as described at the head of `peer.cpp`. Returns the milliseconds of each step.
    pub(super) fn run(&mut self, task: &str) -> anyhow::Result<Vec<f64>> {
        writeln!(self.tasks, "{task}")?;
        let times = self.line()?.split_whitespace().map(str::parse).collect::<Result<Vec<f64>, _>>()?;
        ensure!(!times.is_empty() && self.line()? == "ready", "llama.cpp gave no answer");
        Ok(times)
    }

    /// Reads a line of its answer.
    fn line(&mut self) -> anyhow::Result<String> {
        let mut line = String::new();
        ensure!(self.answers.read_line(&mut line)? > 0, "llama.cpp ended before it was done");
        Ok(line.trim().to_owned())
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // An error means that the process has already ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

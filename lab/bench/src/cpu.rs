//! A language model on the processor, compared with the time that reading its weights takes.

use crate::daemon::resident_megabytes;
use crate::random::{self, BITS, GROUP, Words};
use crate::report::{Report, Row, Unit};
use anyhow::{bail, ensure};
use sayso_language::cpu::{Decoder, Options};
use sayso_language::measure::{CANDIDATES, DICTATION, LENGTH, PREFIX, READ};
use std::time::{Duration, Instant};

/// Measures.
///
/// # Errors
/// If the model cannot be made, or if an answer differs from the first one.
pub(super) fn run(samples: usize) -> anyhow::Result<Report> {
    let mut decoder = random::model()?;
    let texts = Texts::new();
    // These rounds take a minute or two.
    let rounds = (samples / 20).clamp(3, 50);
    let mut times = Times::default();
    let mut first = None;
    for _ in 0..rounds {
        let answer = round(&mut decoder, &texts, &mut times)?;
        ensure!(*first.get_or_insert_with(|| answer.clone()) == answer, "the same text got another answer");
    }
    Ok(report(&decoder, times))
}

/// Tokens to read and to score, the same in each round.
struct Texts {
    /// Tokens that are cached before anything else is read.
    prefix: Vec<u32>,
    dictation: Vec<u32>,
    /// The prefix and the dictation.
    prompt: Vec<u32>,
    /// A text that shares nothing with the prefix.
    other: Vec<u32>,
    /// Candidates that share no tokens.
    apart: Vec<Vec<u32>>,
    /// Candidates that share their first half, as the paths of a lattice share their beginnings.
    alike: Vec<Vec<u32>>,
}

impl Texts {
    fn new() -> Texts {
        let mut words = Words::new();
        let (prefix, dictation, other) = (words.take(PREFIX), words.take(DICTATION), words.take(READ));
        let apart = (0..CANDIDATES).map(|_| words.take(LENGTH)).collect();
        let common = words.take(LENGTH / 2);
        let alike = (0..CANDIDATES).map(|_| [&*common, &words.take(LENGTH - LENGTH / 2)].concat()).collect();
        Texts { prompt: [&*prefix, &dictation].concat(), prefix, dictation, other, apart, alike }
    }
}

/// The measurements: one item for each round, and in `token` one for each token.
#[derive(Default)]
struct Times {
    token: Vec<Duration>,
    read: Vec<Duration>,
    judge_apart: Vec<Duration>,
    judge_alike: Vec<Duration>,
    write: Vec<Duration>,
    /// Reading the weights and adding them up.
    limit: Vec<Duration>,
    /// Memory beyond the weights, in megabytes.
    megabytes: Vec<f64>,
}

/// The answers of a round, which must be the same in each: the written tokens, the scores of each
/// candidate's tokens, and the sum of the weights.
type Answers = (Vec<u32>, Vec<Vec<f32>>, u64);

fn round(decoder: &mut Decoder, texts: &Texts, times: &mut Times) -> anyhow::Result<Answers> {
    let never = || false;
    decoder.prefill(&texts.prefix, &never)?;
    let mut written = Vec::new();
    for _ in 0..LENGTH {
        let start = Instant::now();
        let Some(token) = decoder.likeliest() else {
            bail!("the decoder has no logits after it read a text")
        };
        decoder.extend(&[token], &never)?;
        times.token.push(start.elapsed());
        written.push(token);
    }

    let start = Instant::now();
    // This text shares nothing with what was read before, so all of it is read.
    decoder.prefill(&texts.other, &never)?;
    decoder.likeliest();
    times.read.push(start.elapsed());

    let mut judged = Vec::new();
    for (candidates, text, times) in [
        (&texts.apart, &texts.other[..1], &mut times.judge_apart),
        (&texts.alike, &*texts.dictation, &mut times.judge_alike),
    ] {
        decoder.prefill(&texts.prefix, &never)?;
        let candidates: Vec<&[u32]> = candidates.iter().map(Vec::as_slice).collect();
        let start = Instant::now();
        judged.extend(decoder.rescore(&texts.prefix, text, &candidates, &never)?);
        times.push(start.elapsed());
    }
    ensure!(
        judged.iter().flatten().all(|score| score.is_finite() && *score < 0.0),
        "scores {judged:?} are not log-probabilities"
    );

    let start = Instant::now();
    written.extend(decoder.greedy(&texts.prompt, LENGTH, &[], &never)?);
    times.write.push(start.elapsed());
    times.megabytes.push(resident_megabytes(std::process::id())? - decoder.memory().weights as f64 / 1e6);

    let start = Instant::now();
    let sum = decoder.sum_weights();
    times.limit.push(start.elapsed());
    Ok((written, judged, sum))
}

fn report(decoder: &Decoder, times: Times) -> Report {
    let row = |name: String, times: &[Duration]| Row::of_durations(name, Unit::Milliseconds, times);
    let weights = decoder.memory().weights / 1_000_000;
    let limit = row(format!("limit: the weights, {weights} MB, read once"), &times.limit);
    // The bars were hand-chosen on 2026-11-23.
    let token = row("writing one token".into(), &times.token).p50_below(limit.p50 / 0.65);
    let write = row(format!("{DICTATION} tokens read, {LENGTH} written"), &times.write);
    let alike = row(
        format!("{DICTATION} tokens read, {CANDIDATES} × {LENGTH} judged, half shared"),
        &times.judge_alike,
    )
    .p50_below(write.p50 / 2.5);
    let (to_limit, to_writing) = (token.p50 / limit.p50, alike.p50 / write.p50);
    Report {
        name: "cpu",
        method: format!(
            "A model of the shape of Qwen3-0.6B with random weights ({BITS} bits, groups of {GROUP}), {}, {} \
             threads, after {PREFIX} cached tokens. The limit is the time in which the same threads read \
             the same weights and add them up. Each round reads, judges and writes the same, and its answers \
             are compared. Memory is the resident memory of the process without the weights. Bias: other programs on \
             the machine affect all rows; each row runs once in a round.",
            decoder.instructions().name(),
            Options::default().threads
        ),
        rows: vec![
            limit,
            token.ratio(to_limit, "the limit"),
            row(format!("{READ} tokens read, first token chosen"), &times.read),
            row(format!("{CANDIDATES} × {LENGTH} tokens judged, nothing shared"), &times.judge_apart),
            write,
            alike.ratio(to_writing, "reading and writing"),
            Row::of_figures("memory beyond the weights", Unit::Megabytes, times.megabytes).p50_below(120.0),
        ],
    }
}

//! A language model on the processor, beside what reading its weights alone takes.

use crate::daemon::resident_megabytes;
use crate::random::{self, BITS, GROUP, Words};
use crate::report::{Report, Row, Unit};
use anyhow::{bail, ensure};
use sayso_language::cpu::Options;
use sayso_language::measure::{CANDIDATES, DICTATION, LENGTH, PREFIX, READ};
use std::time::{Duration, Instant};

/// Measures. Fails when an answer differs from the first one.
pub(super) fn run(samples: usize) -> anyhow::Result<Report> {
    let mut decoder = random::model()?;
    let threads = Options::default().threads;
    let memory = decoder.memory();
    let mut words = Words::new();
    let (prefix, dictation, prefill) = (words.take(PREFIX), words.take(DICTATION), words.take(READ));
    let prompt = [&*prefix, &dictation].concat();
    let apart: Vec<Vec<u32>> = (0..CANDIDATES).map(|_| words.take(LENGTH)).collect();
    // As the paths of a lattice are: the same up to the first word that is not certain.
    let common = words.take(LENGTH / 2);
    let alike: Vec<Vec<u32>> =
        (0..CANDIDATES).map(|_| [&*common, &words.take(LENGTH - LENGTH / 2)].concat()).collect();
    let never = || false;

    // As many as take a minute or two.
    let rounds = (samples / 20).clamp(3, 50);
    let mut times: [Vec<Duration>; 6] = Default::default();
    let mut first = None;
    let (mut megabytes, mut sums) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        let [decode, read, judge, lattice, writing, limit] = &mut times;
        decoder.prefill(&prefix, &never)?;
        let mut written = Vec::new();
        for _ in 0..LENGTH {
            let start = Instant::now();
            let Some(token) = decoder.likeliest() else { bail!("there are no logits after a text was read") };
            decoder.extend(&[token], &never)?;
            decode.push(start.elapsed());
            written.push(token);
        }
        let start = Instant::now();
        // Nothing is shared with what was read before, so that all of it is read.
        decoder.prefill(&prefill, &never)?;
        decoder.likeliest();
        read.push(start.elapsed());

        let mut judged = Vec::new();
        for (candidates, text, times) in [(&apart, &prefill[..1], judge), (&alike, &*dictation, lattice)] {
            decoder.prefill(&prefix, &never)?;
            let candidates: Vec<&[u32]> = candidates.iter().map(Vec::as_slice).collect();
            let start = Instant::now();
            judged.extend(decoder.rescore(&prefix, text, &candidates, &never)?);
            times.push(start.elapsed());
        }
        let start = Instant::now();
        written.extend(decoder.greedy(&prompt, LENGTH, &[], &never)?);
        writing.push(start.elapsed());
        megabytes.push(resident_megabytes(std::process::id())? - memory.weights as f64 / 1e6);
        let start = Instant::now();
        sums.push(decoder.sum_weights());
        limit.push(start.elapsed());

        ensure!(
            judged.iter().flatten().all(|score| score.is_finite() && *score < 0.0),
            "scores {judged:?} are none"
        );
        let answer = (written, judged);
        ensure!(*first.get_or_insert_with(|| answer.clone()) == answer, "the same text had another answer");
    }
    ensure!(sums.iter().all(|sum| *sum == sums[0]), "the weights have changed");
    let [decode, read, judge, lattice, writing, limit] = times;
    let row = |name: String, times: &[Duration]| Row::of_durations(name, Unit::Milliseconds, times);
    let limit = row(format!("limit: the weights, {} MB, read once", memory.weights / 1_000_000), &limit);
    let decode = row("writing one token".into(), &decode).p50_below(limit.p50 / 0.65);
    let writing = row(format!("{DICTATION} tokens read, {LENGTH} written"), &writing);
    let lattice =
        row(format!("{DICTATION} tokens read, {CANDIDATES} × {LENGTH} judged, half shared"), &lattice)
            .p50_below(writing.p50 / 2.5);
    let (to_limit, to_writing) = (decode.p50 / limit.p50, lattice.p50 / writing.p50);
    Ok(Report {
        name: "cpu",
        method: format!(
            "A model of the shape of Qwen3-0.6B with random weights ({BITS} bits, groups of {GROUP}), {}, {threads} \
             threads, behind {PREFIX} cached tokens. The limit is the time in which the same threads read \
             the same weights and add them up. What is read, judged and written is the same in each round and its answers \
             are compared. Memory is what the process has resident beyond the weights. Bias: other programs on the \
             machine show in all rows; within a round, each runs once.",
            decoder.instructions().name()
        ),
        rows: vec![
            limit,
            decode.ratio(to_limit, "the limit"),
            row(format!("{READ} tokens read, first token chosen"), &read),
            row(format!("{CANDIDATES} × {LENGTH} tokens judged, nothing shared"), &judge),
            writing,
            lattice.ratio(to_writing, "reading and writing"),
            Row::of_figures("memory beyond the weights", Unit::Megabytes, megabytes).p50_below(120.0),
        ],
    })
}

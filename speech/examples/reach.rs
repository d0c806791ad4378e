//! Which answers a wide lattice reaches, and which it misses.
//!
//! `cargo run --release -p sayso-speech --example reach -- FILE.jsonl [--misses]` prints the shares for the plain and the
//! wide lattice, how many readings and microseconds a line takes, and with `--misses` the cases that are missed. The
//! commands are halved by a hash: the misses of one half are shown, those of the other are only counted, so that what
//! is learnt from reading them is told from what holds.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use sayso_speech::clean::clean;
use sayso_speech::lattice::{Lattice, reaches};
use sayso_speech::lex::{lex, lex_wide};
use sayso_speech::words::UserWords;
use serde_json::Value;

#[derive(Default)]
struct Tally {
    cases: usize,
    plain: usize,
    wide: usize,
    tokens: usize,
    readings: usize,
    time: Duration,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let file = arguments.next().ok_or("usage: reach FILE.jsonl [--misses]")?;
    let misses = arguments.any(|argument| argument == "--misses");
    let text = std::fs::read_to_string(file)?;
    let words = UserWords::default();
    let _ = lex_wide(clean("warm up"), &words);
    let mut tallies: BTreeMap<String, Tally> = BTreeMap::new();
    for line in text.lines() {
        let case: Value = serde_json::from_str(line)?;
        let field = |name: &str| case[name].as_str().unwrap_or_default();
        let (dictated, expected) = (field("dictated"), field("expected"));
        let wide = lex_wide(clean(dictated), &words);
        // What is timed again has its tables in the cache, as it has between two words of a busy speaker.
        let time = (0..5).map(|_| {
            let start = Instant::now();
            let _ = lex_wide(clean(dictated), &words);
            start.elapsed()
        });
        let time = time.min().unwrap_or_default();
        let reached = reaches(&wide, expected);
        let plain = reaches(&lex(clean(dictated), &words), expected);
        let seen = is_seen(expected);
        let half = if seen { "seen half" } else { "unseen half" };
        let mut groups = vec!["all".to_owned(), half.to_owned()];
        if !field("recoverable").is_empty() {
            groups.push(field("recoverable").to_owned());
            groups.push(format!("{}, {half}", field("recoverable")));
        }
        for group in groups {
            let tally = tallies.entry(group).or_default();
            tally.cases += 1;
            tally.plain += usize::from(plain);
            tally.wide += usize::from(reached);
            tally.tokens += wide.len();
            tally.readings += (0..wide.len()).map(|token| wide.at(token).1.len()).sum::<usize>();
            tally.time += time;
        }
        if misses && seen && !reached {
            let (token, place) = furthest(&wide, expected);
            let (written, rest) = expected.split_at(place);
            let left: Vec<&str> = (token..wide.len().min(token + 6)).map(|at| wide.line.text(at)).collect();
            println!("{}  {dictated}\n  {written} ⟂ {rest}   at {left:?}", field("recoverable"));
        }
    }
    for (group, tally) in &tallies {
        let percent = |count: usize| 100.0 * count as f64 / tally.cases as f64;
        println!(
            "{group:<18} {:>5} cases  plain {:>5.1}  wide {:>5.1} %  {:.1} tokens, {:.1} readings each, {:.0} µs",
            tally.cases,
            percent(tally.plain),
            percent(tally.wide),
            tally.tokens as f64 / tally.cases as f64,
            tally.readings as f64 / tally.tokens as f64,
            tally.time.as_secs_f64() * 1e6 / tally.cases as f64,
        );
    }
    Ok(())
}

/// How far into `expected` a path comes, and the first token behind such a path. Spaces are not looked at closely.
fn furthest(lattice: &Lattice, expected: &str) -> (usize, usize) {
    let mut best = (0, 0);
    let mut seen = vec![vec![false; expected.len() + 1]; lattice.len() + 1];
    seen[0][0] = true;
    for token in 0..lattice.len() {
        for place in 0..=expected.len() {
            if !seen[token][place] {
                continue;
            }
            if place > best.1 {
                best = (token, place);
            }
            for reading in lattice.at(token).1 {
                let rest = &expected[place..];
                let space = rest.len() - rest.trim_start().len();
                let text = reading.text.trim();
                for start in [place, place + space] {
                    if expected[start..].starts_with(text) {
                        seen[reading.tokens.end][start + text.len()] = true;
                    }
                }
            }
        }
    }
    best
}

/// Whether the misses of a command may be read: by the parity of a hash (FNV-1a) of the command.
fn is_seen(command: &str) -> bool {
    let hash = command.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    (hash >> 7).is_multiple_of(2)
}

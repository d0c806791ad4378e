//! The network that is shipped and the one that training runs in candle give the same scores. `sayso-train`'s test of the
//! same name writes the fixture from candle, and names readings by what they write.

#![allow(clippy::unwrap_used)]

use sayso_speech::clean::clean;
use sayso_speech::lattice::{Lattice, ReadingId, Step};
use sayso_speech::lex::lex;
use sayso_speech::phonetic::widen;
use sayso_speech::words::UserWords;
use sayso_tagger::{Scratch, embedded, encode, score_path};
use serde_json::Value;

/// The choice at `token` that writes `text`, is of `kind` and spans so many tokens.
fn find(lattice: &Lattice, token: usize, (text, kind, tokens): (&str, &str, usize)) -> ReadingId {
    let choices = lattice.choices(token);
    let named = |id: &&ReadingId| {
        let reading = lattice.reading(**id);
        (reading.text.as_ref(), reading.kind.name(), reading.tokens.len()) == (text, kind, tokens)
    };
    *choices.iter().find(named).unwrap_or_else(|| {
        let there = choices.iter().map(|&id| {
            let reading = lattice.reading(id);
            format!("\n  {:?} ({}, {} tokens)", reading.text, reading.kind.name(), reading.tokens.len())
        });
        panic!(
            "{:?}: at token {token} ({:?}) the lattice has no longer the reading {text:?} ({kind}, {tokens} tokens); \
             it has{}",
            lattice.line.text,
            lattice.line.text(token),
            there.collect::<String>()
        )
    })
}

#[test]
fn scores_are_those_of_the_training_framework() {
    let weights = embedded().unwrap();
    let mut scratch = Scratch::default();
    let fixture = include_str!("fixtures/parity.jsonl");
    assert!(fixture.lines().count() >= 16);
    for line in fixture.lines() {
        let fixture: Value = serde_json::from_str(line).unwrap();
        let dictated = fixture["dictated"].as_str().unwrap();
        let numbers = |name: &str| -> Vec<f32> {
            let numbers = fixture[name].as_array().unwrap().iter();
            numbers.map(|number| number.as_f64().unwrap() as f32).collect()
        };
        let words = UserWords::default();
        let lattice = widen(lex(clean(dictated), &words, None), &words);
        let mut token = 0;
        let mut steps = Vec::new();
        for step in fixture["steps"].as_array().unwrap() {
            let text = |name: &str| step[name].as_str().unwrap();
            let tokens = step["tokens"].as_u64().unwrap() as usize;
            let reading = find(&lattice, token, (text("writes"), text("kind"), tokens));
            steps.push(Step { reading, space: step["space"].as_bool().unwrap() });
            token += tokens;
        }
        let line = encode(weights, lattice, &mut scratch);
        let scores = score_path(&line, &steps, f32::NEG_INFINITY, &mut scratch).unwrap();
        let class = line.class();
        let classes = [class.command, class.strict, class.dictation, class.prose].map(f32::ln);
        let pairs = scores.iter().zip(numbers("scores")).chain(classes.iter().zip(numbers("classes")));
        let mut compared = 0;
        for (ours, theirs) in pairs {
            assert!((ours - theirs).abs() < 2e-3 * (1.0 + theirs.abs()), "{dictated}: {ours} and {theirs}");
            compared += 1;
        }
        assert_eq!(compared, steps.len() + 4);
    }
}

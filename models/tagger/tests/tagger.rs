//! The tagger without a framework says what candle says: `lab/train/tests/agreement.rs` writes the fixture.

#![allow(clippy::unwrap_used)]

use sayso_speech::clean::clean;
use sayso_speech::lattice::Step;
use sayso_speech::lex::lex;
use sayso_speech::phonetic::widen;
use sayso_speech::words::UserWords;
use sayso_tagger::beam::{self, Desk};
use sayso_tagger::embedded;
use serde_json::Value;

#[test]
fn scores_are_those_of_the_training_framework() {
    let weights = embedded().unwrap();
    let mut desk = Desk::default();
    let fixture = include_str!("fixtures/tagger.jsonl");
    assert!(fixture.lines().count() >= 16);
    for line in fixture.lines() {
        let said: Value = serde_json::from_str(line).unwrap();
        let dictated = said["dictated"].as_str().unwrap();
        let numbers = |name: &str| -> Vec<f32> {
            said[name].as_array().unwrap().iter().map(|number| number.as_f64().unwrap() as f32).collect()
        };
        let words = UserWords::default();
        let lattice = widen(lex(clean(dictated), &words, None), &words);
        let steps: Vec<Step> = said["steps"]
            .as_array()
            .unwrap()
            .iter()
            .map(|step| Step { reading: step[0].as_u64().unwrap() as u32, space: step[1].as_bool().unwrap() })
            .collect();
        let scores = beam::follow(weights, &lattice, &steps, &mut desk).unwrap();
        let likely = beam::look(weights, &lattice, &mut desk);
        let verdicts = [likely.command, likely.strict, likely.dictation, likely.prose].map(f32::ln);
        let pairs = scores.iter().zip(numbers("scores")).chain(verdicts.iter().zip(numbers("verdicts")));
        let mut compared = 0;
        for (ours, theirs) in pairs {
            assert!((ours - theirs).abs() < 2e-3 * (1.0 + theirs.abs()), "{dictated}: {ours} and {theirs}");
            compared += 1;
        }
        assert_eq!(compared, steps.len() + 4);
    }
}

//! The witness of the tagger's input: the hash of all feature rows of some eight hundred lines. The weights know features
//! by their rows alone, so a row that moves is a row that was never trained.
//!
//! After a change of the input, train anew (or measure that nothing is lost), and then renew it:
//! `SAYSO_RENEW_WITNESS=1 cargo test -p sayso-tagger --test witness`

#![allow(clippy::unwrap_used)]

use sayso_speech::clean::clean;
use sayso_speech::lattice::{Lattice, ReadingId};
use sayso_speech::lex::lex;
use sayso_speech::phonetic::widen;
use sayso_speech::words::UserWords;
use sayso_tagger::context::Context;
use sayso_tagger::step::{StepFeatures, TokenFeatures};
use sayso_tagger::unit;
use std::path::{Path, PathBuf};

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// The lines of the engine's witness.
fn lines() -> Vec<String> {
    let witness = std::fs::read_to_string(file("../../engine/tests/witness/answers.jsonl")).unwrap();
    witness
        .lines()
        .map(|line| {
            let answer: serde_json::Value = serde_json::from_str(line).unwrap();
            answer["line"].as_str().unwrap().to_owned()
        })
        .collect()
}

/// FNV-1a over numbers.
struct Hash(u64);

impl Hash {
    fn new() -> Hash {
        Hash(0xcbf2_9ce4_8422_2325)
    }

    fn add(&mut self, number: u64) {
        for byte in number.to_le_bytes() {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    fn rows(&mut self, rows: &[u32]) {
        self.add(rows.len() as u64);
        rows.iter().for_each(|row| self.add(u64::from(*row)));
    }
}

/// Walks along a path that is chosen by `pick`, hashing what the tagger would see at each step of it.
fn walk(lattice: &Lattice, hash: &mut Hash, mut pick: impl FnMut(usize) -> usize) {
    let mut context = Context::new(None);
    let mut last: Option<ReadingId> = None;
    let mut features = StepFeatures::default();
    let mut token = 0;
    while token < lattice.len() {
        let shared = TokenFeatures::of(lattice, token);
        for rows in shared.rows() {
            hash.rows(&rows);
        }
        shared.step(&context, last, |_| true, &mut features);
        hash.rows(&features.history);
        for (candidate, cross) in features.candidates.iter().zip(features.cross()) {
            hash.add(u64::from(candidate.space));
            hash.rows(cross);
        }
        let taken = features.candidates[pick(features.candidates.len())];
        let reading = lattice.reading(taken.reading);
        context.write(lattice, reading, taken.space);
        if reading.kind.writes() {
            last = Some(taken.reading);
        }
        token = reading.tokens.end;
    }
}

fn features(line: &str) -> u64 {
    let lattice = widen(lex(clean(line), &UserWords::default(), None), &UserWords::default());
    let mut hash = Hash::new();
    for unit in unit::units(&lattice) {
        for (row, weight) in unit {
            hash.add(u64::from(row));
            hash.add(u64::from(weight.to_bits()));
        }
    }
    walk(&lattice, &mut hash, |_| 0);
    // Paths that no sensible speaker takes have every kind of candidate on them.
    for seed in 1..=3_u64 {
        let mut state = seed;
        walk(&lattice, &mut hash, |count| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as usize % count
        });
    }
    hash.0
}

#[test]
fn feature_rows_are_those_of_the_witness() {
    let path = file("tests/fixtures/features.txt");
    let lines = lines();
    let ours: Vec<String> = lines.iter().map(|line| format!("{:016x}", features(line))).collect();
    if std::env::var_os("SAYSO_RENEW_WITNESS").is_some() {
        std::fs::write(&path, ours.join("\n") + "\n").unwrap();
    }
    let witness = std::fs::read_to_string(&path).unwrap();
    let witness: Vec<&str> = witness.lines().collect();
    assert_eq!(ours.len(), witness.len(), "the engine's witness has other lines than this one");
    let moved: Vec<&String> = lines
        .iter()
        .zip(ours.iter().zip(&witness))
        .filter(|(_, (a, b))| a != *b)
        .map(|(line, _)| line)
        .collect();
    assert!(
        moved.is_empty(),
        "{} of {} lines have other features than the weights were trained on, {:?} among them: undo the change, \
         or train anew and renew this witness as its head says",
        moved.len(),
        lines.len(),
        moved.iter().take(5).collect::<Vec<_>>(),
    );
}

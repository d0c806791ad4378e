//! The network that is trained gives the scores of the committed fixture. `sayso-tagger` holds the one that is shipped to the
//! same fixture. `SAYSO_WRITE_FIXTURES=1 cargo test -p sayso-train --test parity` writes it again for new weights.

#![allow(clippy::unwrap_used)]

use fastrand::Rng;
use safetensors::SafeTensors;
use safetensors::tensor::TensorView;
use sayso_tagger::{Scratch, Weights, encode};
use sayso_train::example::lattice;
use sayso_train::parity::{Scored, score};
use std::sync::Arc;

const WEIGHTS: &[u8] = include_bytes!("../../../models/weights/tagger.safetensors");
const FIXTURE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../models/tagger/tests/fixtures/parity.jsonl");

/// Of every dialect, with every kind of reading.
const CASES: [(&str, &str); 16] = [
    ("git commit dash m quote fix login bug quote", "git commit -m \"fix login bug\""),
    ("tar dash X Z V F archive dot tar dot gz", "tar -xzvf archive.tar.gz"),
    ("find dot dash name single quote star dot rs single quote dash type F", "find . -name '*.rs' -type f"),
    (
        "chmod seven fifty five slash usr slash local slash bin slash run dot sh",
        "chmod 755 /usr/local/bin/run.sh",
    ),
    ("okay so um list the files I mean ls dash l a", "ls -la"),
    ("get push original main", "git push origin main"),
    ("Sudo system CTL restart engine X.", "sudo systemctl restart nginx"),
    ("docker run dash p eighty eighty colon eighty nginx", "docker run -p 8080:80 nginx"),
    ("ls space dash l space pipe space grep space foo", "ls -l | grep foo"),
    ("echo dollar all caps home", "echo $HOME"),
    ("cat dot slash camel case read me dot md", "cat ./readMe.md"),
    ("git commit -m quote wip quote", "git commit -m \"wip\""),
    ("cd tilde slash dev and and make", "cd ~/dev && make"),
    ("kill dash nine four two", "kill -9 42"),
    ("sort dash u file dot txt greater than out dot txt", "sort -u file.txt > out.txt"),
    ("no wait scratch that git status please", "git status"),
];

#[test]
fn candle_gives_the_scores_of_the_fixture() {
    let scored = score(WEIGHTS, &CASES).unwrap();
    if std::env::var_os("SAYSO_WRITE_FIXTURES").is_some() {
        let lines: String = scored.iter().map(|line| serde_json::to_string(line).unwrap() + "\n").collect();
        std::fs::write(FIXTURE, lines).unwrap();
    }
    let fixture = std::fs::read_to_string(FIXTURE).unwrap();
    let fixture: Vec<Scored> = fixture.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(fixture.len(), scored.len());
    for (scored, fixture) in scored.iter().zip(&fixture) {
        assert_eq!((&scored.dictated, &scored.steps), (&fixture.dictated, &fixture.steps));
        let steps = scored.scores.iter().zip(&fixture.scores);
        for (scored, fixture) in steps.chain(scored.classes.iter().zip(&fixture.classes)) {
            assert!((scored - fixture).abs() < 1e-3, "{scored} and {fixture}");
        }
    }
}

/// The shipped weights with random values for whatever is in int8, so that no part of the encoder is silent.
fn random_weights() -> Vec<u8> {
    let (_, header) = SafeTensors::read_metadata(WEIGHTS).unwrap();
    let file = SafeTensors::deserialize(WEIGHTS).unwrap();
    let mut random = Rng::with_seed(5);
    let is_encoder = |name: &str| name.starts_with("layers.") || name.starts_with("vector");
    let tensors = file.tensors().into_iter().map(|(name, view)| {
        let mut bytes = view.data().to_vec();
        if is_encoder(&name) && name.ends_with(".scale") {
            bytes = [0.002_f32.to_le_bytes()].concat().repeat(bytes.len() / 4);
        } else if is_encoder(&name) && view.dtype() == safetensors::Dtype::I8 {
            bytes.fill_with(|| random.i8(-100..=100) as u8);
        }
        (name, view.dtype(), view.shape().to_vec(), bytes)
    });
    let tensors: Vec<_> = tensors.collect();
    let views = tensors
        .iter()
        .map(|(name, dtype, shape, bytes)| (name, TensorView::new(*dtype, shape.clone(), bytes).unwrap()));
    safetensors::serialize(views, header.metadata().clone()).unwrap()
}

/// Word vectors and all layers take part in both, whatever the shipped weights make of them.
#[test]
fn both_read_a_line_alike_with_any_weights() {
    let bytes = random_weights();
    let weights = Arc::new(Weights::read(&bytes).unwrap());
    let shipped = score(WEIGHTS, &CASES).unwrap();
    for (scored, shipped) in score(&bytes, &CASES).unwrap().iter().zip(&shipped) {
        let class = encode(&weights, lattice(&scored.dictated), &mut Scratch::default()).class();
        let classes = [class.command, class.strict, class.dictation, class.prose].map(f32::ln);
        assert_ne!(scored.classes, shipped.classes, "{}", scored.dictated);
        for (ours, theirs) in classes.iter().zip(&scored.classes) {
            let said = &scored.dictated;
            assert!((ours - theirs).abs() < 2e-3 * (1.0 + theirs.abs()), "{said}: {ours} and {theirs}");
        }
    }
}

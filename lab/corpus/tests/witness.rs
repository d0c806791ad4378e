//! The same seed gives the same samples: what a change of the grammars, of the ways of speaking or of the recognition
//! errors does to the training data shows here, kind by kind.
//!
//! Where the samples are meant to change, copy what the failure prints into [`EXPECTED`].

#![allow(clippy::unwrap_used)]

use sayso_corpus::command_source::Commands;
use sayso_corpus::mix::Mix;
use sayso_corpus::sample::{Label, Sample};
use sayso_corpus::sampler::Sampler;
use sayso_corpus::written::Written;
use sayso_speech::hash::fnv1a;
use std::collections::BTreeMap;

/// For each kind of speech: samples among those that were drawn, and a hash over all of them in order.
const EXPECTED: [(&str, usize, u64); 7] = [
    ("free", 159, 3143569166303728306),
    ("nl2bash", 142, 16116596306982862646),
    ("noise", 135, 4885289006154544391),
    ("prose", 101, 14443230429207340987),
    ("strict", 154, 7726035317344344263),
    ("talk", 151, 17432544736166850291),
    ("typed", 158, 7976382860062445779),
];

/// Samples that are drawn.
const SAMPLES: usize = 1000;

/// As corpora hold them, but few.
fn commands() -> Commands {
    let owned = |lines: &[&str]| lines.iter().map(|&line| line.to_owned()).collect::<Vec<_>>();
    let pairs = [
        ("find dot dash name star dot log dash delete", "find . -name *.log -delete"),
        ("git commit dash m quote fix parser quote", "git commit -m \"fix parser\""),
        ("tar dash X Z F backup dot tar dot gz", "tar -xzf backup.tar.gz"),
    ];
    Commands {
        pairs: pairs.map(|(dictated, expected)| (dictated.to_owned(), expected.to_owned())).into(),
        more: owned(&["find docs -name 'report*' -mtime +30 | xargs rm", "du -sh /var/log/* | sort -h"]),
        templates: owned(&[
            "tar {{[-c|--create]}} -f {{path/to/file.tar}} {{path/to/folder}}",
            "kill -9 {{1234}}",
        ]),
        held_out: owned(&["sleep {{5}}"]),
        names: owned(&["report", "parser", "backup", "docs"]),
        written: Written::default(),
    }
}

/// Adds the bytes of a sample: its texts, and where each label stands.
fn add_sample(bytes: &mut Vec<u8>, sample: &Sample) {
    for text in [&sample.dictated.text, &sample.expected] {
        bytes.extend_from_slice(text.as_bytes());
        bytes.push(0);
    }
    for (range, label) in &sample.dictated.labels {
        bytes.extend_from_slice(&(range.start as u32).to_le_bytes());
        bytes.extend_from_slice(&(range.end as u32).to_le_bytes());
        bytes.push(match label {
            Label::Kept => 0,
            Label::Talk => 1,
            Label::Unknown => 2,
        });
    }
}

#[test]
fn the_same_seed_gives_the_samples_of_the_last_training() {
    let commands = commands();
    let mix = Mix {
        nl2bash: 1.0,
        free: 1.0,
        talk: 1.0,
        noise: 1.0,
        prose: 1.0,
        strict: 1.0,
        typed: 1.0,
        written: 0.0,
        recombined: 0.0,
        engine: 0.0,
        pairs: 0.3,
    };
    let mut sampler = Sampler::new(&commands, mix, 2026);
    let mut drawn: BTreeMap<&str, (usize, Vec<u8>)> = BTreeMap::new();
    for sample in std::iter::from_fn(|| Some(sampler.next_sample())).flatten().take(SAMPLES) {
        let (count, bytes) = drawn.entry(sample.dialect.name()).or_default();
        *count += 1;
        add_sample(bytes, &sample);
    }
    let found: Vec<(&str, usize, u64)> =
        drawn.into_iter().map(|(dialect, (count, bytes))| (dialect, count, fnv1a(bytes))).collect();
    assert_eq!(found, EXPECTED);
}

//! The network that is trained gives the scores of the committed fixture. `sayso-tagger` holds the one that is shipped to the
//! same fixture. `SAYSO_WRITE_FIXTURES=1 cargo test -p sayso-train --test parity` writes it again for new weights.

#![allow(clippy::unwrap_used)]

use sayso_train::parity::{Scored, score};

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

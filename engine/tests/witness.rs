//! The witness of the engine: what it answers to some eight hundred lines, to the last alternative. A change that should
//! not alter answers must leave it equal.
//!
//! After a change that alters answers on purpose, measure with `sayso-lab eval` and then renew it:
//! `SAYSO_RENEW_WITNESS=1 cargo test -p sayso-engine --test witness`

#![allow(clippy::unwrap_used)]

use sayso_engine::{Conversion, Dictation, Engine, Route, Words};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// Confidences are compared to six digits; kernels for other instruction sets add in another order.
const TOLERANCE: f64 = 2e-6;

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// Lines without blank ones and comments.
fn lines(name: &str) -> Vec<String> {
    let text = std::fs::read_to_string(file(name)).unwrap();
    text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).map(str::to_owned).collect()
}

/// Free speech, the same commands strictly spoken, the same commands as typed, and prose.
fn witnesses() -> Vec<String> {
    let cases: Vec<Value> =
        lines("../lab/cases/free.jsonl").iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    let member = |name: &str| -> Vec<String> {
        cases.iter().map(|case| case[name].as_str().unwrap().to_owned()).collect()
    };
    let strict = lines("tests/witness/strict.txt");
    [member("dictated"), strict, member("expected"), lines("../lab/cases/prose.txt")].concat()
}

fn stage(conversion: &Conversion) -> &str {
    conversion.stage.name()
}

fn answer(text: &str) -> Value {
    let words = Words::default();
    let converted =
        |route| Engine::embedded().convert(&words, &Dictation { text, route, ..Dictation::default() }, None);
    let record = |conversion: Conversion| {
        json!({
            "buffer": conversion.buffer,
            "stage": stage(&conversion),
            "confidence": (f64::from(conversion.confidence) * 1e6).round() / 1e6,
            "alternatives": conversion.alternatives,
            "message": conversion.message,
        })
    };
    // The gate's answer hides what the tagger would say.
    json!({
        "line": text,
        "auto": converted(Route::Auto).map_or_else(|refusal| json!(refusal.to_string()), record),
        "tagger": converted(Route::Tagger).map_or_else(|refusal| json!(refusal.to_string()), record),
        "scanner": converted(Route::Scanner).map_or_else(|refusal| json!(refusal.to_string()), |said| json!(said.buffer)),
    })
}

/// Equal but for confidences, which may differ by the tolerance.
fn same(ours: &Value, theirs: &Value) -> bool {
    match (ours, theirs) {
        (Value::Number(a), Value::Number(b)) => {
            (a.as_f64().unwrap() - b.as_f64().unwrap()).abs() <= TOLERANCE
        }
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len()
                && a.iter().all(|(name, value)| b.get(name).is_some_and(|other| same(value, other)))
        }
        _ => ours == theirs,
    }
}

#[test]
fn answers_are_those_of_the_witness() {
    let path = file("tests/witness/answers.jsonl");
    let answers: Vec<Value> = witnesses().iter().map(|line| answer(line)).collect();
    if std::env::var_os("SAYSO_RENEW_WITNESS").is_some() {
        let text: String = answers.iter().map(|answer| format!("{answer}\n")).collect();
        std::fs::write(&path, text).unwrap();
    }
    let witness = std::fs::read_to_string(&path).unwrap();
    let witness: Vec<Value> = witness.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let differing: Vec<String> = answers
        .iter()
        .zip(&witness)
        .filter(|(ours, theirs)| !same(ours, theirs))
        .map(|(ours, theirs)| format!("was {theirs}\nis  {ours}\n"))
        .collect();
    assert!(
        differing.is_empty() && answers.len() == witness.len(),
        "{} of {} answers differ from {}; the head of this test says how to renew it on purpose.\n{}",
        differing.len(),
        answers.len(),
        path.display(),
        differing.iter().take(5).cloned().collect::<String>(),
    );
}

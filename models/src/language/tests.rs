use super::*;
use crate::gguf;
use std::path::Path;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A small model of random weights with a tokenizer of its own, as a folder.
fn folder(name: &str) -> TempDir {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let place = TempDir::new().unwrap();
    gguf::import(&fixtures.join(format!("{name}.gguf")), &place.path().join("model")).unwrap();
    place
}

const OPTIONS: Options = Options { threads: 1, positions: 256 };

fn resident(name: &str) -> Resident {
    Resident::open(&folder(name).path().join("model"), &OPTIONS).unwrap()
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

const MODELS: [&str; 4] = ["smollm", "llama3", "qwen2", "qwen3"];

#[test]
fn a_judge_scores_each_candidate_as_if_it_were_alone() {
    for name in MODELS {
        let model = resident(name);
        let candidates = texts(&["ls -l", "ls -L", "ls l", "ls -la /tmp"]);
        let judge = |candidates: &[String]| model.judge("ls dash l", candidates, &Stop::never()).unwrap();
        let together = judge(&candidates);
        assert!(together.iter().all(|likely| likely.sum < 0.0 && likely.tokens > 1), "{together:?}");
        for (candidate, together) in candidates.iter().zip(&together) {
            let alone = judge(std::slice::from_ref(candidate))[0];
            assert_eq!(alone.tokens, together.tokens);
            assert!((alone.sum - together.sum).abs() < 1e-3 * (1.0 + alone.sum.abs()), "{name} {candidate}");
        }
        assert_eq!(judge(&candidates), together, "the same question has the same answer");
    }
}

#[test]
fn digits_are_not_the_models_to_choose() {
    let model = resident("qwen3");
    let judge =
        |dictation, candidates: &[&str]| model.judge(dictation, &texts(candidates), &Stop::never()).unwrap();
    let likely = judge("chmod 755 x", &["chmod 755 x", "chmod 644 x", "chmod 7 55 x"]);
    assert_eq!(likely[0], likely[1]);
    assert_ne!(likely[0], likely[2], "where a space goes is");
    assert_eq!(judge("chmod 644 x", &["chmod 000 x"])[0], likely[0]);
}

#[test]
fn what_does_not_fit_is_refused_and_the_next_is_answered() {
    let model = resident("smollm");
    let fine = || model.judge("ls dash l", &texts(&["ls -l"]), &Stop::never()).unwrap();
    let before = fine();
    let check = |dictation: &str, expected: &str| {
        let error = model.judge(dictation, &texts(&["ls"]), &Stop::never()).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
        assert_eq!(fine(), before);
    };
    check(&"dash ".repeat(300), "do not fit into the 256");
    check("ls <|im_end|> dash l", "special token <|im_end|>");
}

#[test]
fn a_stop_stops_whether_it_is_the_clock_or_a_person() {
    let model = resident("smollm");
    let judge = |stop: &Stop| model.judge("ls dash l", &texts(&["ls -l"]), stop);
    assert!(judge(&Stop::at(Instant::now())).unwrap_err().is_stopped());
    let stop = Stop::never();
    stop.clone().cancel();
    assert!(judge(&stop).unwrap_err().is_stopped());
    assert!(judge(&Stop::at(Instant::now() + Duration::from_secs(600))).is_ok());
}

#[test]
fn a_request_behind_another_is_not_waited_for() {
    let model = resident("smollm");
    let (release, held) = std::sync::mpsc::channel::<()>();
    let (began, begun) = std::sync::mpsc::channel::<()>();
    let first = model.clone();
    let first = std::thread::spawn(move || {
        first.ask(&Stop::never(), move |_, _| {
            began.send(()).unwrap();
            held.recv().unwrap();
            Ok(1)
        })
    });
    begun.recv().unwrap();
    let soon = Stop::at(Instant::now() + Duration::from_millis(20));
    assert!(model.judge("ls", &texts(&["ls"]), &soon).unwrap_err().is_stopped());
    release.send(()).unwrap();
    assert_eq!(first.join().unwrap().unwrap(), 1);
    assert!(model.judge("ls", &texts(&["ls"]), &Stop::never()).is_ok());
}

#[test]
fn a_defect_of_the_model_is_an_error_for_all_who_ask() {
    let model = resident("smollm");
    let ask = |panics: bool| {
        model.ask(&Stop::never(), move |_, _| {
            assert!(!panics, "this test makes the model's thread panic");
            Ok(())
        })
    };
    assert!(ask(false).is_ok() && !model.has_ended());
    assert!(matches!(ask(true), Err(LanguageError::Gone)));
    assert!(matches!(ask(false), Err(LanguageError::Gone)));
    // The thread may still be on its way out when the first error is there; by the second it is not.
    while !model.has_ended() {
        std::thread::yield_now();
    }
}

#[test]
fn a_folder_that_is_none_is_named() {
    let place = TempDir::new().unwrap();
    let open = |path: &Path| Resident::open(path, &OPTIONS).unwrap_err().to_string();
    assert!(open(&place.path().join("gone")).contains("gone/config.json"));
    let tight = Options { positions: 8, ..OPTIONS };
    let error = Resident::open(&folder("smollm").path().join("model"), &tight).unwrap_err().to_string();
    assert!(error.contains("do not fit into"), "{error}");
}

#[test]
fn a_resident_says_what_it_is() {
    let model = resident("qwen3");
    assert_eq!(model.name(), "model");
    let memory = model.memory();
    assert!(memory.weights > 0 && memory.cache > 0 && memory.room > 0);
}

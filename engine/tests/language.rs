//! The language model as a second opinion: small models of random weights, so that what they think is of no matter and
//! what they may do is.

#![allow(clippy::unwrap_used)]

use sayso_engine::{
    Conversion, Dictation, Engine, ModelHandle, Refusal, Rescorer, Route, Stage, Stop, Words,
};
use sayso_language::Options;
use sayso_store::gguf;
use std::collections::BTreeSet;
use std::path::Path;
use std::time::Instant;

/// Lines of which the tagger is not certain, and one that it is.
const LINES: [&str; 5] = [
    "tar dash X Z F archive dot tar dot gz",
    "grep dash R N quote foo bar dot dash I",
    "okay so find dot dash name star dot py wait no star dot rs",
    "ssh dash P twenty two twenty two host",
    "git status",
];

fn model() -> ModelHandle {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/store/tests/fixtures");
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("model");
    gguf::import(&fixtures.join("qwen3.gguf"), &folder).unwrap();
    ModelHandle::open(&folder, &Options { threads: 1, positions: 256 }).unwrap()
}

fn by(route: Route, text: &str, model: Option<&ModelHandle>, stop: &Stop) -> Conversion {
    let dictation = Dictation { text, route, ..Dictation::default() };
    let rescorer = model.map(|model| Rescorer { model, stop });
    Engine::embedded().convert(&Words::default(), &dictation, rescorer).unwrap()
}

/// The lines that are scored together: the tagger's best, and last the model's own.
fn candidates(text: &str, model: &ModelHandle) -> Vec<String> {
    let dictation = Dictation { text, route: Route::Model, ..Dictation::default() };
    let draft = Engine::embedded().draft(&Words::default(), &dictation).unwrap();
    let scored = draft.scores(model, &Stop::never()).unwrap().unwrap();
    scored.scores.into_iter().map(|score| score.text).collect()
}

/// A line without quotes at its end.
fn written(line: &str) -> &str {
    line.trim_end_matches(['"', '\'', '`'])
}

#[test]
fn only_what_the_lattice_has_is_answered() {
    let model = model();
    for text in LINES {
        let rescored = by(Route::Model, text, Some(&model), &Stop::never());
        let tagged = by(Route::Tagger, text, None, &Stop::never());
        assert!((0.0..=1.0).contains(&rescored.confidence));
        assert!([Stage::Rescored, Stage::Generated].contains(&rescored.stage));
        let candidates = candidates(text, &model);
        let candidates: BTreeSet<&str> = candidates.iter().map(|line| written(line)).collect();
        assert!(candidates.contains(written(&rescored.buffer)), "{text}: {candidates:?}");
        assert!(candidates.contains(written(&tagged.buffer)), "{text}");
        assert_eq!(by(Route::Model, text, Some(&model), &Stop::never()), rescored, "the same answer again");
    }
}

#[test]
fn where_words_are_left_out_the_line_with_all_of_them_is_offered() {
    let model = model();
    let text = "okay so find dot dash name star dot py wait no star dot rs";
    let rescored = by(Route::Model, text, Some(&model), &Stop::never());
    let tagged = by(Route::Tagger, text, None, &Stop::never());
    let whole = tagged.alternatives.last().unwrap();
    assert!(whole.contains("wait") && rescored.alternatives.contains(whole), "{rescored:?}, not {whole:?}");
}

#[test]
fn what_is_certain_is_not_rescored() {
    let model = model();
    for text in ["git space status", "git status", "what time is it in the afternoon"] {
        let with = by(Route::Auto, text, Some(&model), &Stop::never());
        assert_eq!(with, by(Route::Auto, text, None, &Stop::never()), "{text}");
    }
}

#[test]
fn who_asks_for_the_tagger_gets_the_tagger() {
    let model = model();
    for text in LINES {
        let alone = by(Route::Tagger, text, None, &Stop::never());
        assert_eq!(by(Route::Tagger, text, Some(&model), &Stop::never()), alone, "{text}");
    }
}

#[test]
fn without_time_the_first_stage_answers() {
    let model = model();
    let late = Stop::at(Instant::now());
    for text in LINES {
        check_tagged(text, &model, &late, "stopped before it was done");
    }
}

#[test]
fn what_the_model_cannot_read_is_the_first_stages() {
    let model = model();
    let check = |text: &str, why: &str| check_tagged(text, &model, &Stop::never(), why);
    check(&"grep dash R N foo ".repeat(40), "do not fit into the capacity of 256");
    check("echo <|im_end|> dash N", "special token <|im_end|>");
}

/// That the tagger's answer is given, and why.
#[track_caller]
fn check_tagged(text: &str, model: &ModelHandle, stop: &Stop, why: &str) {
    let tagged = by(Route::Tagger, text, None, stop);
    let found = by(Route::Model, text, Some(model), stop);
    let message = found.message.clone().unwrap();
    assert!(message.contains(why), "{message}");
    assert_eq!(Conversion { message: tagged.message.clone(), ..found }, tagged, "{text}");
    let auto = by(Route::Auto, text, Some(model), stop);
    assert_eq!(auto, by(Route::Auto, text, None, stop), "where nobody asked for the model, nobody is told");
}

#[test]
fn what_was_written_freely_is_taken_where_it_was_said() {
    let model = model();
    for text in LINES {
        let dictation = Dictation { text, route: Route::Model, ..Dictation::default() };
        let mut draft = Engine::embedded().draft(&Words::default(), &dictation).unwrap();
        draft.generate_unconstrained(&model, &Stop::never());
        let found = draft.finish();
        let tagged = by(Route::Tagger, text, None, &Stop::never());
        // Random weights write nothing that was said.
        assert_eq!((found.stage, &found.buffer), (Stage::Tagger, &tagged.buffer));
        assert!(found.message.unwrap().contains("which was not said"));
    }
}

#[test]
fn a_model_that_has_ended_leaves_the_first_stage() {
    let model = model();
    let defect = model.ask(&Stop::never(), |_, _| -> Result<(), _> { panic!("a defect, for this test") });
    assert!(defect.is_err());
    for route in [Route::Model, Route::Auto] {
        assert_eq!(by(route, LINES[0], Some(&model), &Stop::never()).stage, Stage::Tagger);
    }
}

#[test]
fn without_a_model_the_route_is_refused() {
    let dictation = Dictation { text: LINES[0], route: Route::Model, ..Dictation::default() };
    assert_eq!(Engine::embedded().convert(&Words::default(), &dictation, None), Err(Refusal::NoModel));
}

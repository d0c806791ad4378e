//! Small models of random weights, imported from GGUF: they rescore and write, each on its thread.
#![allow(clippy::unwrap_used)]

use sayso_language::{LanguageError, MIX_FILE, Mix, ModelHandle, Options, Stop};
use sayso_speech::clean::clean;
use sayso_speech::lattice::{self, Kind, Lattice, Step};
use sayso_speech::lex::lex;
use sayso_speech::render::render;
use sayso_speech::words::UserWords;
use sayso_speech::{phonetic, vocabulary};
use sayso_store::gguf;
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;
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

fn resident(name: &str) -> ModelHandle {
    ModelHandle::open(&folder(name).path().join("model"), &OPTIONS).unwrap()
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

const MODELS: [&str; 4] = ["smollm", "llama3", "qwen2", "qwen3"];

#[test]
fn rescoring_scores_each_candidate_as_if_it_were_alone() {
    for name in MODELS {
        let model = resident(name);
        let candidates = texts(&["ls -l", "ls -L", "ls l", "ls -la /tmp"]);
        let score = |candidates: &[String]| model.rescore("ls dash l", candidates, &Stop::never()).unwrap();
        let together = score(&candidates);
        assert!(together.iter().all(|likely| likely.sum < 0.0 && likely.tokens > 1), "{together:?}");
        for (candidate, together) in candidates.iter().zip(&together) {
            let alone = score(std::slice::from_ref(candidate))[0];
            assert_eq!(alone.tokens, together.tokens);
            assert!((alone.sum - together.sum).abs() < 1e-3 * (1.0 + alone.sum.abs()), "{name} {candidate}");
        }
        assert_eq!(score(&candidates), together, "the same question has the same answer");
    }
}

#[test]
fn digits_are_not_the_models_to_choose() {
    let model = resident("qwen3");
    let score = |dictation, candidates: &[&str]| {
        model.rescore(dictation, &texts(candidates), &Stop::never()).unwrap()
    };
    let likely = score("chmod 755 x", &["chmod 755 x", "chmod 644 x", "chmod 7 55 x"]);
    assert_eq!(likely[0], likely[1]);
    assert_ne!(likely[0], likely[2], "where a space goes is");
    assert_eq!(score("chmod 644 x", &["chmod 000 x"])[0], likely[0]);
}

#[test]
fn what_does_not_fit_is_refused_and_the_next_is_answered() {
    let model = resident("smollm");
    let fine = || model.rescore("ls dash l", &texts(&["ls -l"]), &Stop::never()).unwrap();
    let before = fine();
    let check = |dictation: &str, expected: &str| {
        let error = model.rescore(dictation, &texts(&["ls"]), &Stop::never()).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
        assert_eq!(fine(), before);
    };
    check(&"dash ".repeat(300), "do not fit into the capacity of 256");
    check("ls <|im_end|> dash l", "special token <|im_end|>");
}

#[test]
fn a_stop_stops_whether_it_is_the_clock_or_a_person() {
    let model = resident("smollm");
    let score = |stop: &Stop| model.rescore("ls dash l", &texts(&["ls -l"]), stop);
    assert!(score(&Stop::at(Instant::now())).unwrap_err().is_stopped());
    let stop = Stop::never();
    stop.clone().cancel();
    assert!(score(&stop).unwrap_err().is_stopped());
    assert!(score(&Stop::at(Instant::now() + Duration::from_secs(600))).is_ok());
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
    assert!(model.rescore("ls", &texts(&["ls"]), &soon).unwrap_err().is_stopped());
    release.send(()).unwrap();
    assert_eq!(first.join().unwrap().unwrap(), 1);
    assert!(model.rescore("ls", &texts(&["ls"]), &Stop::never()).is_ok());
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
    assert!(ask(false).is_ok() && model.ended().is_none());
    assert!(matches!(ask(true), Err(LanguageError::Gone)));
    assert!(matches!(ask(false), Err(LanguageError::Gone)));
    // The thread may still be on its way out when the first error is there; by the second it is not.
    while model.ended().is_none() {
        std::thread::yield_now();
    }
}

#[test]
fn a_folder_that_is_none_is_named() {
    let place = TempDir::new().unwrap();
    let open = |path: &Path| ModelHandle::open(path, &OPTIONS).unwrap_err().to_string();
    assert!(open(&place.path().join("gone")).contains("gone/config.json"));
    let tight = Options { positions: 8, ..OPTIONS };
    let error = ModelHandle::open(&folder("smollm").path().join("model"), &tight).unwrap_err().to_string();
    assert!(error.contains("do not fit into"), "{error}");
}

#[test]
fn a_resident_says_what_it_is() {
    let model = resident("qwen3");
    assert_eq!(model.name(), "model");
    let memory = model.memory();
    assert!(memory.weights > 0 && memory.cache > 0 && memory.scratch > 0);
}

#[test]
fn a_folder_may_say_how_its_opinion_counts() {
    let place = folder("smollm");
    let model = place.path().join("model");
    let open = |text: Option<&str>| {
        if let Some(text) = text {
            std::fs::write(model.join(MIX_FILE), text).unwrap();
        }
        ModelHandle::open(&model, &OPTIONS).map(|model| *model.mix()).map_err(|error| error.to_string())
    };
    assert_eq!(open(None), Ok(Mix::default()));
    let mut mix = Mix { ask_below: 0.9, ..Mix::default() };
    mix.talk.model = -0.25;
    assert_eq!(open(Some(&serde_json::to_string(&mix).unwrap())), Ok(mix));
    for (wrong, why) in [("", "not a mix"), ("0.3", "not a mix"), ("{}", "missing field")] {
        assert!(open(Some(wrong)).unwrap_err().contains(why), "{wrong:?}");
    }
    let text = |change: &dyn Fn(&mut Value)| {
        let mut value = serde_json::to_value(Mix::default()).unwrap();
        change(&mut value);
        open(Some(&value.to_string())).unwrap_err()
    };
    assert!(text(&|mix| mix["every"]["own"] = json!(1e3)).contains("a weight is 1000"));
    assert!(text(&|mix| mix["ask_below"] = json!(1.5)).contains("a threshold is 1.5"));
    assert!(text(&|mix| mix["every"]["modle"] = json!(1)).contains("unknown field `modle`"));
}

/// A line such as people dictate: names of symbols, numbers, letters and words, in no sensible order.
fn line(random: &mut fastrand::Rng) -> String {
    const WORDS: [&str; 14] = [
        "git", "find", "readme", "Makefile", "foo", "get", "jason", "no space", "space", "all caps",
        "okay so", "naïve", "8080", "1,024",
    ];
    const NUMBERS: [&str; 8] = ["one", "two", "twenty", "eighty", "hundred", "oh", "seven", "fifteen"];
    let forms = vocabulary::entries();
    let word = |random: &mut fastrand::Rng| match random.u32(0..10) {
        0..4 => forms[random.usize(0..forms.len())].spoken(),
        4..6 => NUMBERS[random.usize(0..NUMBERS.len())].to_owned(),
        6 => random.alphabetic().to_string(),
        _ => WORDS[random.usize(0..WORDS.len())].to_owned(),
    };
    let words: Vec<String> = (0..random.usize(1..12)).map(|_| word(random)).collect();
    words.join(" ")
}

fn wide(line: &str) -> Arc<Lattice> {
    let words = UserWords::default();
    Arc::new(phonetic::widen(lex(clean(line), &words, None), &words))
}

/// That the steps are a path: nothing left out, nothing taken twice, no numbers that cannot touch.
#[track_caller]
fn is_path(lattice: &Lattice, steps: &[Step]) {
    let (mut next, mut number) = (0, None);
    for step in steps {
        let reading = lattice.reading(step.reading);
        assert_eq!(reading.tokens.start, next);
        next = reading.tokens.end;
        if let Some(number) = number {
            assert!(
                step.space || !reading.kind.writes() || lattice.can_concatenate(number, reading),
                "{reading:?}"
            );
        }
        number = match reading.kind {
            Kind::Deletion => number,
            Kind::Number => Some(reading),
            // "no space" between numbers is what was said.
            _ => None,
        };
    }
    assert_eq!(next, lattice.len());
    let text = render(lattice, steps).text;
    assert!(lattice::is_reachable(lattice, &text), "{text}");
}

#[test]
fn all_that_is_written_along_a_lattice_is_a_path_of_it() {
    let models: Vec<ModelHandle> = MODELS.iter().map(|name| resident(name)).collect();
    let mut random = fastrand::Rng::with_seed(4);
    let (mut chosen, mut bytes) = (0, 0);
    for number in 0..500 {
        let line = line(&mut random);
        let lattice = wide(&line);
        let model = &models[number % models.len()];
        let write = |guess: &str| model.write(&line, &lattice, guess, &Stop::never()).unwrap().unwrap();
        let written = write("");
        is_path(&lattice, &written.steps);
        // Whatever is guessed, the same comes out.
        let text = render(&lattice, &written.steps).text;
        let other = format!("{} and so on {}", &line[..line.floor_char_boundary(line.len() / 2)], text);
        for guess in [&*text, &line, &other, ""] {
            assert_eq!(write(guess), written, "{line}, guessed {guess}");
        }
        chosen += written.chosen;
        bytes += render(&lattice, &written.steps).text.len();
    }
    // Small vocabularies have few long tokens, and much of a line is still certain.
    assert!(chosen > 500 && chosen < bytes, "{chosen} tokens chosen for {bytes} bytes");
}

#[test]
fn a_vocabulary_of_bytes_and_pieces_writes_paths_too() {
    let place = folder("smollm");
    let model = place.path().join("model");
    sentence_pieces(&model);
    let model = ModelHandle::open(&model, &OPTIONS).unwrap();
    for line in ["naïve dash l eighty eighty", "git commit dash M quote fix quote", "ls tilde slash foo"] {
        let lattice = wide(line);
        let written = model.write(line, &lattice, "", &Stop::never()).unwrap().unwrap();
        is_path(&lattice, &written.steps);
    }
}

/// Replaces the tokenizer of a folder by one as SentencePiece makes them: pieces of text, and bytes for all else.
fn sentence_pieces(folder: &Path) {
    let end = "<|im_end|>";
    let pieces = ["▁", "▁git", "l", "s", "ls", "▁-", "fo", "o", "commit"].map(str::to_owned);
    let bytes = (0..=u8::MAX).map(|byte| format!("<0x{byte:02X}>"));
    let vocabulary: serde_json::Map<String, Value> = std::iter::once(end.to_owned())
        .chain(bytes)
        .chain(pieces)
        .enumerate()
        .map(|(id, piece)| (piece, id.into()))
        .collect();
    let replace =
        |from: &str, to: &str| json!({"type": "Replace", "pattern": {"String": from}, "content": to});
    let tokenizer = json!({
        "version": "1.0", "truncation": null, "padding": null,
        "added_tokens": [{"id": 0, "content": end, "single_word": false, "lstrip": false, "rstrip": false,
            "normalized": false, "special": true}],
        "normalizer": replace(" ", "▁"), "pre_tokenizer": null, "post_processor": null,
        "decoder": {"type": "Sequence", "decoders": [replace("▁", " "), {"type": "ByteFallback"}, {"type": "Fuse"}]},
        "model": {"type": "BPE", "dropout": null, "unk_token": null, "continuing_subword_prefix": null,
            "end_of_word_suffix": null, "fuse_unk": false, "byte_fallback": true, "vocab": vocabulary,
            "merges": [["l", "s"]]},
    });
    std::fs::write(folder.join("tokenizer.json"), tokenizer.to_string()).unwrap();
    std::fs::write(folder.join("generation_config.json"), r#"{"eos_token_id": 0}"#).unwrap();
    let config = folder.join("tokenizer_config.json");
    let mut entries: Value = serde_json::from_slice(&std::fs::read(&config).unwrap()).unwrap();
    entries["eos_token"] = end.into();
    std::fs::write(config, entries.to_string()).unwrap();
}

#[test]
fn writing_ends_at_its_deadline_and_the_next_is_whole() {
    let model = resident("qwen3");
    let line = "tar dash X Z F archive dot tar dot gz pipe grep dash R N quote foo quote";
    let lattice = wide(line);
    let whole = model.write(line, &lattice, "", &Stop::never()).unwrap();
    let freely = model.write_freely(line, &Stop::never()).unwrap();
    let mut stopped = 0;
    for step in 0..40 {
        let soon = || Stop::at(Instant::now() + Duration::from_micros(step * step * 20));
        match model.write(line, &lattice, line, &soon()) {
            Ok(written) => assert_eq!(written, whole),
            Err(error) => stopped += usize::from(error.is_stopped()),
        }
        match model.write_freely(line, &soon()) {
            Ok(written) => assert_eq!(written, freely),
            Err(error) => stopped += usize::from(error.is_stopped()),
        }
    }
    assert!(stopped >= 2, "the first ones had no time at all");
    assert_eq!(model.write(line, &lattice, "", &Stop::never()).unwrap(), whole);
}

#[test]
fn what_is_written_freely_ends() {
    for name in MODELS {
        let model = resident(name);
        let mut random = fastrand::Rng::with_seed(9);
        for _ in 0..10 {
            let line = line(&mut random);
            let written = model.write_freely(&line, &Stop::never()).unwrap();
            // A model of random weights says nothing of the line; no token of these is longer than 32 bytes.
            assert!(written.len() <= (2 * line.len() + 16) * 32, "{line}: {written}");
        }
    }
}

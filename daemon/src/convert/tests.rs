use super::*;
use crate::configuration::{Configuration, Current};
use crate::model::ModelManager;
use sayso_language::Mix;
use sayso_store::Store;
use std::fs;
use std::path::Path;
use tempfile::TempDir;

/// A daemon whose language model is loaded and whose settings are in a file.
async fn with_model() -> (TempDir, Arc<Shared>) {
    let folder = TempDir::new().unwrap();
    let store = Store::new(folder.path().join("models"));
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/store/tests/fixtures");
    store.import(&fixtures.join("qwen3.gguf"), "tiny").unwrap();
    store.choose("tiny").unwrap();
    let configuration = Configuration::at(Some(folder.path().join("config.toml")));
    let shared =
        Shared::new(configuration, ModelManager::new(Some(store), None), false, String::new(), "daemon");
    let shared = Arc::new(shared);
    shared.model.refresh_choice(&shared.configuration.current().settings.model);
    shared.model.load_and_wait().await.unwrap();
    (folder, shared)
}

/// A line with one of the person's words, about which the tagger is in doubt.
fn doubtful(current: &Current) -> &'static str {
    const LINES: [&str; 5] = [
        "grep dash R N quote frobnicate bar dot dash I",
        "ssh dash P twenty two twenty two frobnicate",
        "okay so find dot dash name frobnicate dot py wait no star dot rs",
        "sed dash E S slash frobnicate slash bar slash G uh no wait file",
        "tar dash X Z F frobnicate no I mean archive dot tar dot gz and then the other one",
    ];
    let wants_rescoring = |text: &&str| {
        let dictation = Dictation { text, ..Dictation::default() };
        current
            .tagger
            .engine
            .draft(&current.words, &dictation)
            .is_ok_and(|draft| draft.wants_rescoring(&Mix::default()))
    };
    LINES.into_iter().find(wants_rescoring).expect("one of these lines is doubtful")
}

async fn place(shared: &Shared) -> Place {
    shared.limits.place(1, 1, false).await.unwrap()
}

fn request(text: &str) -> Request {
    Request { text: text.to_owned(), ..Request::new(1, Op::Convert) }
}

#[tokio::test]
async fn settings_that_change_while_a_line_waits_for_a_model_are_for_the_next_line() {
    let (folder, shared) = with_model().await;
    let settings = folder.path().join("config.toml");
    fs::write(&settings, "[words]\nfrobnicate = \"first-meaning\"").unwrap();
    // Nobody is asked before both places with the model are free again.
    let busy = shared.limits.rescoring.clone().acquire_many_owned(2).await.unwrap();
    let line = doubtful(&shared.configuration.refreshed());
    let before = shared.model.last_needed();
    let converted = tokio::spawn({
        let shared = shared.clone();
        async move { convert(&shared, request(line), place(&shared).await, Stop::never()).await }
    });
    // The draft has read the settings by the time it asks for the model.
    while shared.model.last_needed() == before {
        tokio::task::yield_now().await;
    }
    fs::write(&settings, "[words]\nfrobnicate = \"second-meaning\"").unwrap();
    drop(busy);
    let first = converted.await.unwrap().unwrap();
    assert!(matches!(first.stage, Stage::Rescored | Stage::Generated), "{first:?}");
    assert!(first.lines.iter().any(|line| line.contains("first-meaning")), "{first:?}");
    assert!(first.lines.iter().all(|line| !line.contains("second-meaning")), "{first:?}");
    let next = convert(&shared, request(line), place(&shared).await, Stop::never()).await.unwrap();
    assert!(next.lines.iter().any(|line| line.contains("second-meaning")), "{next:?}");
}

#[tokio::test]
async fn an_answer_that_comes_back_is_told_apart() {
    let again = already_converted(&request("git status -s"), Instant::now()).unwrap();
    assert_eq!((again.stage, again.lines), (Stage::AlreadyConverted, vec!["git status -s".to_owned()]));
    let reply = frame::decode_reply(again.frame.trim_ascii_end()).unwrap();
    let Outcome::Result(Body::Converted(answer)) = reply.outcome else { panic!("{reply:?}") };
    assert_eq!((answer.route.as_str(), answer.cursor), ("session", 13));
}

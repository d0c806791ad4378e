use super::*;
use serde_json::json;

fn talk(kind: &str, marked: &str, expected: &str) -> anyhow::Result<TalkLine> {
    let dictated = marked.replace(['{', '}'], "");
    let record = json!({ "dictated": dictated, "expected": expected, "kind": kind, "marked": marked });
    serde_json::from_value::<TalkRecord>(record).unwrap().line()
}

fn written(lines: &[(&str, &str, &str)]) -> Written {
    let line = |&(kind, marked, expected): &(&str, &str, &str)| talk(kind, marked, expected).unwrap();
    Written::new(lines.iter().map(line).collect(), Vec::new())
}

fn texts(pieces: &[Vec<LabelledWord>]) -> Vec<String> {
    pieces.iter().map(|piece| line(piece)).collect()
}

#[test]
fn the_mask_is_that_of_the_braces() {
    let line = talk("frame", "{So, what now?} Git log {please}.", "git log");
    assert!(line.is_err(), "a full stop stands apart from its word");
    let line = talk("frame", "{So, what now?} Git log {um,} dash n 3 {please.}", "git log -n 3").unwrap();
    let kept: Vec<&str> = line.words.iter().filter(|word| word.kept).map(|word| &*word.text).collect();
    assert_eq!(kept, ["Git", "log", "dash", "n", "3"]);
    let pauses: Vec<&str> = line.words.iter().map(|word| word.pause).collect();
    assert_eq!(pauses, [",", "", "", "", "", ",", "", "", "", "."]);
    assert_eq!(line.words[2].text, "now?");
}

#[test]
fn lines_become_pieces() {
    let written = written(&[
        ("frame", "{right then} df dash h", "df -h"),
        ("tail", "df dash h {before it fills up}", "df -h"),
        ("filler", "df {um} dash h", "df -h"),
        ("fragment", "{the flag is} dash h", "-h"),
        ("correction", "git push origin {mane no sorry} main", "git push origin main"),
        ("correction", "{df dash i hang on not that one} df dash h", "df -h"),
        ("correction", "git log dash n {three no make it four} four", "git log -n 4"),
        ("correction", "ls {foo not} bar", "ls bar"),
        ("looks-like-talk", "git branch maybe", "git branch maybe"),
        ("prose", "{nobody knows}", "nobody knows"),
    ]);
    let Pieces { frames, fragment_frames, tails, asides, cues, restarts } = &written.pieces;
    assert_eq!(texts(frames), ["right then"]);
    assert_eq!(texts(fragment_frames), ["the flag is"]);
    assert_eq!(texts(tails), ["before it fills up"]);
    assert_eq!(texts(asides), ["um"]);
    // "four" is a word of the third correction's own command, so that correction goes on about it.
    assert_eq!(texts(cues), ["no sorry", "no"]);
    assert_eq!(texts(restarts), ["hang on not that one"]);
    assert!([frames, tails, asides, cues, restarts].iter().all(|list| !list[0][0].kept));
    assert_eq!(written.cores.len(), 9);
    assert_eq!(written.cores.iter().filter(|core| core.kind == CoreKind::Fragment).count(), 1);
}

#[test]
fn a_core_knows_its_units_and_arguments() {
    let written = written(&[(
        "frame",
        "{Yes?} Git log dash n forty two origin slash main.",
        "git log -n 42 origin/main",
    )]);
    let core = &written.cores[0];
    let starts = |is: fn(&LabelledWord) -> bool| {
        core.words.iter().filter(|word| is(word)).map(|word| &*word.text).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(line(&core.words), "git log dash n forty two origin slash main");
    assert_eq!(starts(|word| word.argument), "git log dash forty origin");
    assert_eq!(starts(|word| word.unit), "git log dash n forty origin slash main");
}

#[test]
fn messages_are_plain_text_or_quoted_by_an_engine() {
    let line = |dictated: &str, expected: &str| EngineLine {
        dictated: dictated.to_owned(),
        expected: expected.to_owned(),
        kind: EngineKind::Keep,
    };
    let talk =
        [("tail", "df dash h {No wait, that's it.}", "df -h"), ("tail", "df dash h {dash what}", "df -h")];
    let talk = talk.map(|(kind, marked, expected)| super::tests::talk(kind, marked, expected).unwrap());
    let engine = vec![
        line("echo quote see hash nine quote", "echo \"see #9\""),
        line("echo quote a quote and quote b quote", "echo \"a\" and \"b\""),
    ];
    let messages = Written::new(talk.into(), engine).messages;
    let found: Vec<(&str, &str)> =
        messages.iter().map(|message| (&*message.dictated, &*message.written)).collect();
    assert_eq!(found, [("no wait that's it", "no wait that's it"), ("see hash nine", "see #9")]);
}

#[test]
fn a_broken_file_is_named_with_its_line() {
    let folder = std::env::temp_dir().join(format!("sayso-written-{}", std::process::id()));
    let good = r#"{"dictated":"um ls","expected":"ls","kind":"frame","marked":"{um} ls"}"#;
    let engine = r#"{"dictated":"ls –l","expected":"ls -l","kind":"typography"}"#;
    let check = |talk: Option<&str>, engine: &str, expected: &[&str]| {
        let _ = std::fs::remove_dir_all(&folder);
        for name in ["talk", "engine"] {
            std::fs::create_dir_all(folder.join(name)).unwrap();
        }
        if let Some(talk) = talk {
            std::fs::write(folder.join(TALK), talk).unwrap();
        }
        std::fs::write(folder.join(ENGINE), engine).unwrap();
        let error = format!("{:#}", Written::read(&folder, false).unwrap_err());
        for part in expected {
            assert!(error.contains(part), "{error}: no {part}");
        }
    };
    check(None, engine, &["cannot read", TALK]);
    check(Some(""), engine, &[TALK, "holds no lines"]);
    check(Some(good), "\n{}", &[ENGINE, "line 2", "dictated"]);
    let talk = |line: &str| format!("{good}\n{line}\n");
    check(Some(&talk("nonsense")), engine, &[TALK, "line 2"]);
    check(Some(&talk(&good.replace("frame", "gossip"))), engine, &[TALK, "line 2", "gossip"]);
    check(Some(&talk(&good.replace("{um}", "{um"))), engine, &[TALK, "line 2", "not closed"]);
    check(Some(&talk(&good.replace("{um}", "{um {er} }"))), engine, &[TALK, "line 2", "opens inside"]);
    check(Some(&talk(&good.replace("{um}", "{er}"))), engine, &[TALK, "line 2", "is not `dictated`"]);
    check(
        Some(&talk(&good.replace("{um} ls", "{um ls}"))),
        engine,
        &[TALK, "line 2", "nothing of the command"],
    );
    std::fs::remove_dir_all(&folder).unwrap();
}

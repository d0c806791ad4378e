//! What must hold for every line, however strange: nothing is written that was not said, what is said strictly reads
//! back, positions stay inside, and nothing panics.

#![allow(clippy::unwrap_used)]

mod property;

use proptest::prelude::*;
use sayso_engine::{Conversion, Dictation, Engine, Refusal, Route, Words};
use sayso_speech::clean::clean;
use sayso_speech::lattice::{Kind, Lattice, MAX_READINGS, Step, is_reachable};
use sayso_speech::lex::lex;
use sayso_speech::phonetic::widen;
use sayso_speech::speak::{Dialect, speak};
use sayso_speech::words::UserWords;
use sayso_speech::{scanner, strict, vocabulary};
use sayso_tagger::{Scratch, beam_search, embedded, encode};

/// Lines made of the vocabulary, command names, letters, typed pieces and noise. The search for a text takes a space that
/// does not break for any other, so there is none.
fn line() -> impl Strategy<Value = String> {
    let forms: Vec<String> = vocabulary::entries().iter().map(vocabulary::Entry::spoken).collect();
    let names: Vec<&str> =
        ["git", "find", "ls", "docker", "sudo", "echo", "foo", "readme", "Makefile"].into();
    let piece = prop_oneof![
        6 => proptest::sample::select(forms),
        3 => proptest::sample::select(names).prop_map(str::to_owned),
        2 => "[a-zA-Z]",
        2 => "[a-z]{2,6}",
        1 => "[ -~]{1,6}",
        1 => "\\PC{1,3}",
        1 => "[–—“”‘’….,]",
    ];
    proptest::collection::vec(piece, 0..24).prop_map(|pieces| pieces.join(" ").replace('\u{a0}', " "))
}

/// What a token can license: its own letters and digits, and those that the vocabulary writes for its words.
fn licensed(heard: &str, written: &str, kind: Kind, entry: Option<&vocabulary::Entry>) -> bool {
    let letters = |text: &str| -> String {
        // By way of the capital: a micro sign has the capital of a Greek mu.
        let capitals = text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_uppercase);
        capitals.flat_map(char::to_lowercase).collect()
    };
    let known = |text: &str| sayso_speech::phonetic::lexicon::word(text).is_some();
    match kind {
        Kind::Word | Kind::Letter | Kind::Typed => letters(heard) == letters(written),
        // The words after a directive, in their order: nothing but number words may change.
        Kind::Case | Kind::WideCase | Kind::Literal => {
            let spoken = letters(heard);
            let digits = written.chars().any(|c| c.is_ascii_digit());
            digits || spoken.ends_with(&letters(written)) || is_subsequence(&letters(written), &spoken)
        }
        Kind::Number => written.bytes().all(|b| b.is_ascii_digit()),
        Kind::Symbol | Kind::Alias | Kind::Whitespace => entry.is_some_and(|entry| entry.writes == written),
        // What may have been said is in the tables; only the capitals of what was heard are free.
        Kind::SoundAlike => {
            letters(heard) == letters(written) || known(written) || known(&written.to_lowercase())
        }
        // Only signs are added; words may be written without the names of signs behind them.
        Kind::Added => {
            let digits = written.bytes().any(|b| b.is_ascii_digit());
            let heard_for = || known(written.trim_matches(|c: char| !c.is_alphanumeric()));
            digits || letters(heard).starts_with(&letters(written)) || heard_for()
        }
        Kind::NoSpace | Kind::Deletion => written.is_empty(),
    }
}

fn is_subsequence(short: &str, long: &str) -> bool {
    let mut rest = long.chars();
    short.chars().all(|c| rest.any(|other| other == c))
}

fn convert(words: &Words, dictation: &Dictation<'_>) -> Result<Conversion, Refusal> {
    Engine::embedded().convert(words, dictation, None)
}

fn check_line(text: &str) -> Result<(), TestCaseError> {
    for route in [Route::Auto, Route::Scanner, Route::Tagger] {
        let dictation = Dictation { text, cursor: Some(3), route, ..Dictation::default() };
        let Ok(conversion) = convert(&Words::default(), &dictation) else { continue };
        let length = conversion.buffer.chars().count();
        prop_assert!(conversion.cursor <= length);
        prop_assert!(!conversion.buffer.ends_with('\n') || text.ends_with('\n'));
        prop_assert!((0.0..=1.0).contains(&conversion.confidence));
        prop_assert!(!conversion.alternatives.contains(&conversion.buffer));
        let characters = text.chars().count();
        let mut at = 0;
        for span in &conversion.spans {
            prop_assert!(span.source.start <= span.source.end && span.source.end <= characters, "{span:?}");
            prop_assert!(span.output.start <= span.output.end && span.output.end <= length, "{span:?}");
            prop_assert!(span.source.start >= at, "spans go forward: {:?}", conversion.spans);
            at = span.source.end;
        }
        let again = Engine::embedded().draft(&Words::default(), &dictation).unwrap().explain().0;
        prop_assert_eq!(again, conversion, "the same input gives the same answer");
    }
    Ok(())
}

/// That a path leaves nothing of the line out, and that what was heard licenses everything that it writes.
fn check_path(lattice: &Lattice, path: &[Step]) -> Result<(), TestCaseError> {
    let mut next = 0;
    for step in path {
        let reading = lattice.reading(step.reading);
        prop_assert_eq!(reading.tokens.start, next, "a path leaves nothing out and takes nothing twice");
        next = reading.tokens.end;
        let heard: Vec<&str> = reading.tokens.clone().map(|token| lattice.line.text(token)).collect();
        let heard = heard.join(" ");
        prop_assert!(
            licensed(&heard, &reading.text, reading.kind, reading.entry),
            "{:?} is not licensed by {:?}",
            reading,
            heard
        );
    }
    prop_assert_eq!(next, lattice.len());
    Ok(())
}

fn check_license(text: &str) -> Result<(), TestCaseError> {
    if text.trim().is_empty() {
        return Ok(());
    }
    let words = UserWords::default();
    let lattice = lex(clean(text), &words, None);
    for path in [Some(scanner::path(&lattice)), strict::path(&lattice)].into_iter().flatten() {
        check_path(&lattice, &path)?;
    }
    for token in 0..lattice.len() {
        prop_assert!(lattice.arcs_from(token).1.len() <= MAX_READINGS);
    }
    let wide = widen(lattice.clone(), &words);
    let mut scratch = Scratch::default();
    let line = encode(embedded().unwrap(), wide.clone(), &mut scratch);
    for path in beam_search(&line, 4, &mut scratch) {
        check_path(&wide, &path.steps)?;
    }
    let Ok(conversion) = convert(&Words::default(), &Dictation { text, ..Dictation::default() }) else {
        return Ok(());
    };
    // A quote that is still open may be closed at the end.
    let unclosed = conversion.buffer.strip_suffix(['"', '\'', '`']);
    let was_mended = clean(text).mended().as_deref() == Some(conversion.buffer.as_str());
    let was_said = |text: &str| is_reachable(&lattice, text) || is_reachable(&wide, text);
    prop_assert!(
        conversion.buffer == text
            || was_mended
            || was_said(&conversion.buffer)
            || unclosed.is_some_and(was_said),
        "{:?} was not said",
        conversion
    );
    Ok(())
}

proptest! {
    #![proptest_config(property::config(2000))]

    #[test]
    fn any_line_is_converted_within_bounds(text in line()) {
        check_line(&text)?;
    }

    #[test]
    fn any_text_is_converted_within_bounds(text in "\\PC{0,80}") {
        check_line(&text)?;
    }

    #[test]
    fn nothing_is_written_that_was_not_said(text in line()) {
        check_license(&text)?;
    }

    #[test]
    fn what_is_said_strictly_reads_back(command in "[ -~]{1,40}", seed in any::<u64>()) {
        let command = command.trim();
        prop_assume!(!command.is_empty());
        let said = speak(command, Dialect::Strict, seed).unwrap();
        let lattice = lex(clean(&said), &UserWords::default(), None);
        let back = match strict::path(&lattice) {
            Some(path) => sayso_speech::render::render(&lattice, &path).text,
            None => said.clone(),
        };
        prop_assert_eq!(back, command, "said {:?}", said);
    }

    #[test]
    fn strict_lines_stay_as_they_are_once_converted(command in "[a-z]{2,8}( -[a-z]| --[a-z]{3,6}| [a-z]{2,5}/[a-z]{2,6}){1,4}", seed in any::<u64>()) {
        let said = speak(&command, Dialect::Strict, seed).unwrap();
        let once = convert(&Words::default(), &Dictation { text: &said, ..Dictation::default() }).unwrap().buffer;
        let again = convert(&Words::default(), &Dictation { text: &once, ..Dictation::default() }).unwrap().buffer;
        prop_assert_eq!(again, once);
    }
}

#[test]
fn every_command_of_the_table_stays() {
    let mut changed = Vec::new();
    let table = include_str!("../../speech/data/commands.txt");
    let names =
        table.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split(['\t', ' ']).next());
    for name in names {
        let conversion =
            convert(&Words::default(), &Dictation { text: name, ..Dictation::default() }).unwrap();
        if conversion.buffer != name {
            changed.push(name);
        }
    }
    assert_eq!(changed, [""; 0], "commands that the gate takes for dictation");
}

#[test]
fn a_quote_that_an_earlier_line_opened_is_open() {
    let dictation =
        Dictation { text: "second line quote", before: "git commit -m \"first\n", ..Dictation::default() };
    let conversion = convert(&Words::default(), &dictation).unwrap();
    assert_eq!((conversion.buffer.as_str(), conversion.message), ("second line\"", None));
}

#[test]
fn refusals_name_what_is_wrong() {
    let words = Words::default();
    let refusal = |text: &str, route: Route| {
        convert(&words, &Dictation { text, route, ..Dictation::default() }).unwrap_err()
    };
    assert_eq!(refusal("  \t ", Route::Auto), Refusal::Empty);
    assert_eq!(refusal("ls", Route::Model), Refusal::NoModel);
    assert!(matches!(refusal(&"dash ".repeat(50_000), Route::Auto), Refusal::TooLong { bytes: 250_000, .. }));
    for (text, code, at) in
        [("ls \u{1b}[31m", 0x1b, 3), ("a\u{202e}b", 0x202e, 1), ("a\0", 0, 1), ("é\u{200b}", 0x200b, 1)]
    {
        assert!(
            matches!(refusal(text, Route::Auto), Refusal::BadCharacter { code: c, at: place, .. } if c == code && place == at)
        );
    }
}

#[test]
fn ten_thousand_symbol_words_are_one_line() {
    let text = "dash ".repeat(10_000);
    let conversion = convert(&Words::default(), &Dictation { text: &text, ..Dictation::default() }).unwrap();
    assert_eq!(conversion.buffer.chars().filter(|c| *c == '-').count(), 10_000);
}

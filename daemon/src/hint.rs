//! The hint below a converted line: how sure the answer is, how many readings there are, how the next one differs, and
//! what was left out or added. A warning comes first if the line could do damage.

use sayso_engine::{Conversion, Danger, Stage};
use sayso_settings::Hints;

/// An answer counts as sure from this confidence on. Hand-chosen, 2026-11-28: at least nine in ten of the answers above
/// it are right, and Enter converts above it.
const SURE: f32 = 0.9;
/// From this confidence on an answer is likely. Hand-chosen, 2026-11-28.
const LIKELY: f32 = 0.6;
/// Most characters that the difference of the next reading takes: they fit below a line beside the rest.
const MAX_DIFFERENCE: usize = 30;
/// Separates two parts.
const BETWEEN: &str = " · ";

/// The hint for an answer to `dictated`, with its message; `None` if only the message is to be shown.
pub(crate) fn below_line(dictated: &str, conversion: &Conversion, hints: Hints) -> Option<String> {
    if matches!(conversion.stage, Stage::Gate | Stage::AlreadyConverted) || conversion.buffer == dictated {
        return None;
    }
    let is_sure = conversion.confidence >= SURE;
    let is_whole = conversion.dropped.is_empty() && conversion.added.is_empty();
    let mut parts = Vec::new();
    if !is_sure && let Some(danger) = Danger::of(&conversion.buffer) {
        parts.push(format!("careful, {}", danger.describe()));
    }
    let is_shown = match hints {
        Hints::Auto => !is_sure || !is_whole,
        Hints::Always => true,
        Hints::Never => false,
    };
    if is_shown {
        parts.push(confidence(conversion.confidence));
        parts.extend(readings(conversion));
        parts.extend(added(conversion));
    }
    if parts.is_empty() {
        return None;
    }
    parts.extend(conversion.message.clone());
    Some(parts.join(BETWEEN))
}

/// What the shell shows while another reading of an answer is on the line: a note for each alternative, and last of all
/// one for the dictation. Empty if there is nothing to show.
pub(crate) fn notes(conversion: &Conversion, hints: Hints) -> Vec<String> {
    let readings = &conversion.alternatives;
    let count = |at: usize| (hints != Hints::Never).then(|| format!("{} of {}", at + 2, readings.len() + 1));
    let note = |(at, reading): (usize, &String)| {
        let danger = Danger::of(reading).map(|danger| format!("careful, {}", danger.describe()));
        let next = readings.get(at + 1).filter(|_| hints != Hints::Never);
        let next = next.map(|next| format!("next: {}", difference(reading, next)));
        [danger, count(at), next].into_iter().flatten().collect::<Vec<_>>().join(BETWEEN)
    };
    let mut notes: Vec<String> = readings.iter().enumerate().map(note).collect();
    notes.push(if hints == Hints::Never { String::new() } else { "as dictated".to_owned() });
    if notes.iter().all(String::is_empty) { Vec::new() } else { notes }
}

/// How sure, as a word and in percent.
fn confidence(confidence: f32) -> String {
    let word = match confidence {
        SURE.. => "sure",
        LIKELY.. => "likely",
        _ => "unsure",
    };
    format!("{word}, {:.0} %", confidence * 100.0)
}

/// How many readings there are, and how the next one differs.
fn readings(conversion: &Conversion) -> Vec<String> {
    let Some(next) = conversion.alternatives.first() else { return Vec::new() };
    let count = format!("{} readings", 1 + conversion.alternatives.len());
    vec![count, format!("next: {}", difference(&conversion.buffer, next))]
}

/// The signs that nobody said, each once.
fn added(conversion: &Conversion) -> Option<String> {
    let mut signs: Vec<String> = Vec::new();
    for range in &conversion.added {
        let sign: String = conversion.buffer.chars().skip(range.start).take(range.len()).collect();
        if !signs.contains(&sign) {
            signs.push(sign);
        }
    }
    (!signs.is_empty()).then(|| format!("added: {}", signs.join(" ")))
}

/// The words of `next` that `taken` does not have in their place.
fn difference(taken: &str, next: &str) -> String {
    let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let (taken, next) = (words(taken), words(next));
    let head = taken.iter().zip(&next).take_while(|(a, b)| a == b).count();
    let (old, new) = (&taken[head..], &next[head..]);
    let tail = old.iter().rev().zip(new.iter().rev()).take_while(|(a, b)| a == b).count();
    let shown = match (&old[..old.len() - tail], &new[..new.len() - tail]) {
        ([], []) => "other spaces".to_owned(),
        (gone, []) => format!("without {}", gone.join(" ")),
        (_, new) => new.join(" "),
    };
    match shown.char_indices().nth(MAX_DIFFERENCE) {
        Some((end, _)) => format!("{}…", &shown[..end]),
        None => shown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(buffer: &str, confidence: f32, alternatives: &[&str]) -> Conversion {
        Conversion {
            buffer: buffer.to_owned(),
            cursor: 0,
            stage: Stage::Tagger,
            confidence,
            alternatives: alternatives.iter().map(|line| (*line).to_owned()).collect(),
            spans: Vec::new(),
            dropped: Vec::new(),
            added: Vec::new(),
            message: None,
        }
    }

    fn check(conversion: &Conversion, hints: Hints, expected: Option<&str>) {
        assert_eq!(below_line("said", conversion, hints).as_deref(), expected);
    }

    #[test]
    fn a_sure_and_whole_answer_is_quiet_unless_it_is_asked_for() {
        let sure = answer("ls -l", 0.97, &["ls -L"]);
        check(&sure, Hints::Auto, None);
        check(&sure, Hints::Never, None);
        check(&sure, Hints::Always, Some("sure, 97 % · 2 readings · next: -L"));
        check(&answer("ls -l", 0.99, &[]), Hints::Always, Some("sure, 99 %"));
    }

    #[test]
    fn doubts_and_what_was_left_out_or_added_are_told() {
        check(
            &answer("git log main", 0.64, &["git log -m main", "git log"]),
            Hints::Auto,
            Some("likely, 64 % · 3 readings · next: -m"),
        );
        let left_out = Conversion {
            dropped: vec![0..4, 8..12],
            message: Some("left out: like, well".into()),
            ..answer("git log", 0.95, &["like git log"])
        };
        check(&left_out, Hints::Auto, Some("sure, 95 % · 2 readings · next: like · left out: like, well"));
        check(&left_out, Hints::Never, None);
        let added =
            Conversion { added: vec![11..13, 19..21], ..answer("git commit --amend --no-edit", 0.93, &[]) };
        check(&added, Hints::Auto, Some("sure, 93 % · added: --"));
    }

    #[test]
    fn what_could_do_damage_comes_first_whatever_the_setting() {
        let unsure = answer("rm -r build", 0.5, &["rm build"]);
        check(&unsure, Hints::Never, Some("careful, this deletes or destroys"));
        check(
            &unsure,
            Hints::Auto,
            Some("careful, this deletes or destroys · unsure, 50 % · 2 readings · next: without -r"),
        );
        check(&answer("rm -r build", 0.95, &[]), Hints::Auto, None);
        check(&answer("ls > list", 0.3, &[]), Hints::Never, Some("careful, this overwrites a file"));
    }

    #[test]
    fn each_reading_has_a_note_of_its_own() {
        let found = answer("mv x", 0.5, &["rm x", "rm -f x"]);
        let careful = "careful, this deletes or destroys";
        assert_eq!(
            notes(&found, Hints::Auto),
            [&format!("{careful} · 2 of 3 · next: -f"), &format!("{careful} · 3 of 3"), "as dictated"]
        );
        assert_eq!(notes(&found, Hints::Never), [careful, careful, ""]);
        assert!(notes(&answer("ls", 0.5, &["la"]), Hints::Never).is_empty());
    }

    #[test]
    fn a_line_that_stays_has_its_message_only() {
        let kept = Conversion { stage: Stage::Gate, ..answer("said", 0.5, &[]) };
        check(&kept, Hints::Always, None);
    }

    #[test]
    fn the_difference_is_in_words_of_the_next_reading() {
        for (taken, next, shown) in [
            ("git status -s", "git status -S", "-S"),
            ("git status -s", "git status - s", "- s"),
            ("a b c", "a c", "without b"),
            ("a b c", "a x y c", "x y"),
            ("a  b", "a b", "other spaces"),
            ("ls", "ls -l", "-l"),
        ] {
            assert_eq!(difference(taken, next), shown);
        }
        assert_eq!(difference("a", &"b".repeat(40)), format!("{}…", "b".repeat(30)));
    }
}

//! What nobody said at the end of a line: thanks and notes of silence that speech engines make up, and the key that would
//! run the line, which is never obeyed.

/// Something at the end of a line that is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MadeUp {
    /// What speech engines write into silence.
    Silence,
    /// "press enter": sayso runs nothing.
    Enter,
}

/// Sentences of the films that speech engines were trained on: they stand for silence behind the last real sentence.
/// Hand-chosen, 2026-11-28, after public reports of users of Whisper.
const SENTENCES: [&str; 16] = [
    "thank you",
    "thank you very much",
    "thank you so much",
    "thank you for watching",
    "thanks for watching",
    "thanks for listening",
    "thank you for listening",
    "please subscribe",
    "please like and subscribe",
    "see you next time",
    "see you in the next video",
    "bye",
    "bye bye",
    "okay",
    "ok",
    "you",
];

/// Notes of sounds, which engines write in brackets. Hand-chosen, 2026-11-28.
const NOTES: [&str; 16] = [
    "blank audio",
    "silence",
    "music",
    "music playing",
    "applause",
    "laughter",
    "laughs",
    "inaudible",
    "no speech",
    "no audio",
    "noise",
    "background noise",
    "typing",
    "keyboard clicking",
    "clears throat",
    "sighs",
];

/// Ways to say that the key is to be pressed.
const ENTER: [&str; 11] = [
    "and press enter",
    "and hit enter",
    "and press return",
    "then press enter",
    "then hit enter",
    "press enter",
    "hit enter",
    "press return",
    "hit return",
    "press the enter key",
    "press the return key",
];

/// The same in one word: only behind a pause, because it may be an argument too.
const ENTER_AFTER_PAUSE: [&str; 2] = ["enter", "return"];

/// Commands whose arguments may be the name of a key or any words.
const TAKES_WORDS: [&str; 8] = ["echo", "printf", "say", "grep", "xdotool", "tmux", "ydotool", "wtype"];

/// The length of a line without what was made up at its end, and what that was. Something is always left.
pub(crate) fn cut(text: &str) -> (usize, Option<MadeUp>) {
    let mut end = text.trim_end().len();
    let mut found = None;
    while let Some((length, made_up)) = last(&text[..end]) {
        end = length;
        found = Some(made_up);
    }
    match found {
        Some(_) => (end, found),
        None => (text.len(), None),
    }
}

/// The line without the last thing that was made up.
fn last(text: &str) -> Option<(usize, MadeUp)> {
    let left = |length: usize| {
        let length = text[..length].trim_end().len();
        (length > 0).then_some(length)
    };
    if let Some(length) = note(text) {
        return Some((left(length)?, MadeUp::Silence));
    }
    let bare = text.trim_end_matches(['.', '!', '?', ',', ' ']);
    if let Some(start) = text[..bare.len()].rfind(['.', '!', '?', '…']) {
        let end_of_mark = start + text[start..].chars().next().map_or(1, char::len_utf8);
        let sentence = &bare[end_of_mark..];
        let is_sentence = sentence.starts_with(' ') && is_among(sentence, &SENTENCES);
        // "cd .. you": the stop of a sentence stands behind a word.
        if is_sentence && text[..start].ends_with(|c: char| c.is_alphanumeric() || "\"')]".contains(c)) {
            return Some((left(end_of_mark)?, MadeUp::Silence));
        }
    }
    let first = text.split_whitespace().next().unwrap_or_default().to_ascii_lowercase();
    if TAKES_WORDS.contains(&first.as_str()) {
        return None;
    }
    for (forms, needs_pause) in [(&ENTER[..], false), (&ENTER_AFTER_PAUSE[..], true)] {
        for form in forms {
            let Some(start) = bare.len().checked_sub(form.len()) else { continue };
            let fits = bare.is_char_boundary(start) && bare[start..].eq_ignore_ascii_case(form);
            let before = bare.get(..start).unwrap_or_default();
            let paused = before.trim_end().ends_with([',', '.', '!', '?']);
            let apart = before.ends_with(char::is_whitespace);
            if fits && apart && (paused || !needs_pause) {
                return Some((left(before.trim_end().trim_end_matches(',').len())?, MadeUp::Enter));
            }
        }
    }
    None
}

/// Where a note in brackets at the end begins.
fn note(text: &str) -> Option<usize> {
    let bare = text.trim_end_matches(['.', ' ']);
    let (open, close) = [('[', ']'), ('(', ')')].into_iter().find(|(_, close)| bare.ends_with(*close))?;
    let start = bare.rfind(open)?;
    let inside = &bare[start + open.len_utf8()..bare.len() - close.len_utf8()];
    let apart = text[..start].ends_with(char::is_whitespace);
    (apart && is_among(&inside.replace('_', " "), &NOTES)).then_some(start)
}

fn is_among(text: &str, list: &[&str]) -> bool {
    list.iter().any(|entry| text.trim().eq_ignore_ascii_case(entry))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_engines_add_to_the_end_goes() {
        for (text, left, made_up) in [
            ("git fetch. Thank you.", "git fetch.", MadeUp::Silence),
            ("cargo test. Thanks for watching!", "cargo test.", MadeUp::Silence),
            ("ls -la [BLANK_AUDIO]", "ls -la", MadeUp::Silence),
            ("df -h (silence)", "df -h", MadeUp::Silence),
            ("make. [Music] you", "make. [Music] you", MadeUp::Silence),
            ("make. you", "make.", MadeUp::Silence),
            ("make test. Okay. Thank you.", "make test.", MadeUp::Silence),
            ("git pull press enter", "git pull", MadeUp::Enter),
            ("Git pull, and hit enter.", "Git pull", MadeUp::Enter),
            ("git pull, enter", "git pull", MadeUp::Enter),
        ] {
            let (length, found) = cut(text);
            assert_eq!(&text[..length], left, "{text:?}");
            assert_eq!(found.is_some(), left != text, "{text:?}");
            assert!(found.is_none_or(|found| found == made_up), "{text:?}");
        }
    }

    #[test]
    fn what_may_be_meant_stays() {
        for text in [
            "Thank you.",
            "[BLANK_AUDIO]",
            "press enter",
            "xdotool key Return",
            "tmux send-keys -t 1 Enter",
            "grep enter",
            "ls [abc]",
            "man return",
            "cd .. you",
            "echo press enter",
            "who are you",
            "cat thank.you",
        ] {
            assert_eq!(cut(text), (text.len(), None), "{text:?}");
        }
    }
}

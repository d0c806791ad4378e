//! Words by which talk is known, and hesitations.

use crate::codes;
use crate::hash::FastHash;
use std::collections::HashMap;
use std::sync::LazyLock;

/// What a word tells about talk, from `data/omissions.txt`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cue {
    /// It may be left out even alone.
    Interjection,
    /// The speaker takes something back.
    Correction,
    /// Somebody talks.
    Talk,
    /// The same, but only before and behind the command.
    Edge,
    /// Left out alone behind the command.
    Farewell,
}

codes!(Cue { Interjection = 0, Correction = 1, Talk = 2, Edge = 3, Farewell = 4 });

/// What a word in lower case tells about talk.
pub fn cue(word: &str) -> Option<Cue> {
    CUES.get(word).copied()
}

static CUES: LazyLock<HashMap<&'static str, Cue, FastHash>> = LazyLock::new(|| {
    let mut cues = HashMap::default();
    for line in crate::data::OMISSIONS.lines().filter(|line| !line.starts_with('#')) {
        let mut words = line.split_whitespace();
        let cue = match words.next() {
            Some("interjection") => Cue::Interjection,
            Some("correction") => Cue::Correction,
            Some("cue") => Cue::Talk,
            Some("edge") => Cue::Edge,
            Some("farewell") => Cue::Farewell,
            _ => continue,
        };
        for word in words {
            cues.entry(word).or_insert(cue);
        }
    }
    cues
});

/// Whether a word in lower case is a hesitation: "um", "uhh", "er", "hmm", "mhm", "ähm", "yyy", however long it is drawn
/// out.
pub fn is_hesitation(word: &str) -> bool {
    let sounds = word.chars().map(|c| match c {
        'ä' | 'ö' | 'õ' | 'å' | 'ø' => 'e',
        c => c,
    });
    let mut letters: Vec<char> = sounds.collect();
    let is_long = letters.len() > 2;
    letters.dedup();
    let letters: String = letters.into_iter().collect();
    match letters.as_str() {
        "uh" | "um" | "uhm" | "uhum" | "huh" | "er" | "erm" | "eh" | "ehm" | "em" | "euh" | "ah" | "ahm"
        | "hm" | "mhm" | "ugh" | "urgh" | "hmpf" => true,
        // "mm" and "yyy" are drawn out; "m" and "y" are letters.
        "m" => word.len() > 1,
        "y" | "e" | "a" | "ar" | "gr" | "br" | "of" | "ouf" | "uf" | "pf" | "psh" | "sh" => {
            is_long && word != "off"
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hesitations() {
        for word in ["um", "uhh", "er", "erm", "eh", "hmm", "mhm", "mm", "ah", "ugh", "euh"] {
            assert!(is_hesitation(word), "{word}");
        }
        for word in ["u", "e", "user", "he", "home", "error", "mm2", "am", "umask", "a", "h"] {
            assert!(!is_hesitation(word), "{word}");
        }
    }
}

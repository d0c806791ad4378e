//! Where in a command something is said, and how it is written.

use super::wrong;
use crate::said::Said;

/// What talk may refer to, and how the speech engine writes it.
pub(super) struct Scene<'a> {
    /// The unit of the command said last; empty at the start.
    pub prev: &'a [Said],
    /// The unit that comes next; empty at the end.
    pub next: &'a [Said],
    /// The unit that something wrong is named beside.
    pub akin: &'a [Said],
    /// Other commands.
    pub others: &'a [Vec<Said>],
    /// Whether names, `I` and the starts of sentences are capitals.
    pub capitals: bool,
    /// Whether commas and full stops are written.
    pub pauses: bool,
}

/// What a rule says that no file lists.
#[derive(Debug, Clone, Copy)]
pub(super) enum Special {
    Initial,
    Spelled,
    Next,
    Other,
    Wrong,
    Part,
    Name,
}

impl Special {
    pub(super) fn named(name: &str) -> Option<Special> {
        Some(match name {
            "initial" => Special::Initial,
            "spelled" => Special::Spelled,
            "next" => Special::Next,
            "other" => Special::Other,
            "wrong" => Special::Wrong,
            "part" => Special::Part,
            "name" => Special::Name,
            _ => return None,
        })
    }
}

impl Scene<'_> {
    /// A word of talk as it is written here.
    pub(super) fn written(&self, text: &str) -> String {
        if self.capitals { text.to_owned() } else { text.to_ascii_lowercase() }
    }

    pub(super) fn say(&self, special: Special, random: &mut fastrand::Rng, out: &mut Vec<Said>) {
        match special {
            Special::Initial => self.initial(random, out),
            Special::Spelled => self.spell(out),
            Special::Next => repeat(self.next, out),
            Special::Other => match random.choice(self.others).filter(|other| !other.is_empty()) {
                Some(other) => repeat(&other[..other.len().min(random.usize(1..4))], out),
                None => super::grammar::say("tool", self, random, out),
            },
            Special::Wrong => wrong::unit(self.akin, self, random, out),
            Special::Part => {
                let flag = self.next.first().is_some_and(wrong::is_dash);
                super::grammar::say(if flag { "flag_part" } else { "thing_part" }, self, random, out);
            }
            Special::Name => out.push(Said::talk(self.written(&made_up(random)))),
        }
    }

    /// A word that begins like the letter just said.
    fn initial(&self, random: &mut fastrand::Rng, out: &mut Vec<Said>) {
        let letter = self
            .prev
            .last()
            .and_then(|said| said.text.chars().next())
            .map(|letter| letter.to_ascii_lowercase());
        let before = out.len();
        for _ in 0..200 {
            super::grammar::say("nato", self, random, out);
            if letter.is_none() || out[before].text.chars().next() == letter {
                return;
            }
            out.truncate(before);
        }
        super::grammar::say("thing", self, random, out);
    }

    /// The letters of the word just said.
    fn spell(&self, out: &mut Vec<Said>) {
        let letters = self.prev.iter().flat_map(|said| said.text.chars()).filter(char::is_ascii_alphanumeric);
        out.extend(letters.map(|letter| Said::talk(letter.to_ascii_lowercase())));
    }

    /// At the end of a command of which nothing else is known.
    #[cfg(test)]
    pub(super) fn bare() -> Scene<'static> {
        Scene { prev: &[], next: &[], akin: &[], others: &[], capitals: false, pauses: false }
    }
}

/// The words once more, as talk.
pub(super) fn repeat(words: &[Said], out: &mut Vec<Said>) {
    out.extend(words.iter().map(|said| Said { unit: said.unit, ..Said::talk(said.text.clone()) }));
}

/// A name that nobody has heard: a project, a machine, a person.
pub(crate) fn made_up(random: &mut fastrand::Rng) -> String {
    const START: [&str; 20] = [
        "b", "br", "ch", "d", "f", "g", "gr", "h", "j", "k", "l", "m", "n", "p", "r", "s", "t", "tr", "v",
        "z",
    ];
    const MIDDLE: [&str; 10] = ["a", "e", "i", "o", "u", "ee", "ai", "o", "a", "ou"];
    const END: [&str; 14] = ["", "", "", "n", "r", "s", "l", "m", "x", "k", "nd", "ck", "st", "th"];
    let mut name = String::new();
    for _ in 0..random.usize(1..4) {
        for sounds in [&START[..], &MIDDLE, &END] {
            name.push_str(sounds[random.usize(..sounds.len())]);
        }
    }
    if name.len() < 3 {
        name.push_str("ron");
    }
    name[..1].make_ascii_uppercase();
    name
}

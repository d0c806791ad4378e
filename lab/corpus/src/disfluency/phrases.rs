//! The phrases of talk: the grammar in `data/disfluency`, and how its texts become words with pauses.

use super::context::SlotContext;
use crate::grammar::{Grammar, Piece};
use crate::labelled_word::LabelledWord;
use fastrand::Rng;
use std::sync::LazyLock;

/// A slot of the grammar that no list fills.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Slot {
    Initial,
    Spelled,
    Next,
    Other,
    Wrong,
    Part,
    Name,
}

const SLOTS: [(&str, Slot); 7] = [
    ("initial", Slot::Initial),
    ("spelled", Slot::Spelled),
    ("next", Slot::Next),
    ("other", Slot::Other),
    ("wrong", Slot::Wrong),
    ("part", Slot::Part),
    ("name", Slot::Name),
];

#[expect(clippy::expect_used, reason = "the lists are part of the program, and every test reads them")]
static PHRASES: LazyLock<Grammar> = LazyLock::new(|| {
    let texts = [
        include_str!("../../data/disfluency/words.txt"),
        include_str!("../../data/disfluency/sentences.txt"),
        include_str!("../../data/disfluency/phrases.txt"),
    ];
    Grammar::read(&texts, &SLOTS.map(|(name, _)| name)).expect("readable phrases")
});

/// The words in the grammar itself, each as often as it occurs there.
pub(super) static WORDS: LazyLock<Vec<String>> =
    LazyLock::new(|| PHRASES.words().iter().map(|word| word.trim_end_matches(PAUSES).to_owned()).collect());

/// What a speech engine may write at the end of a word.
const PAUSES: [char; 2] = [',', '.'];

/// Says an entry of a list; `fill` fills the slots that refer to the command.
pub(super) fn say_with(
    list: &str,
    context: &SlotContext,
    random: &mut Rng,
    out: &mut Vec<LabelledWord>,
    mut fill: impl FnMut(Slot, &mut Rng, &mut Vec<LabelledWord>),
) {
    let mut writer = Writer { context, open_from: out.len(), out };
    PHRASES.write(list, random, &mut |piece, random| match piece {
        Piece::Text(text) => writer.write(text),
        Piece::Open(slot) => fill(SLOTS[slot].1, random, writer.out),
    });
}

/// Says an entry of a list that does not refer to the command.
pub(super) fn say_plain(list: &str, context: &SlotContext, random: &mut Rng, out: &mut Vec<LabelledWord>) {
    say_with(list, context, random, out, |_, _, _| {});
}

/// Makes words of text.
struct Writer<'a> {
    context: &'a SlotContext<'a>,
    out: &'a mut Vec<LabelledWord>,
    /// The last word is still being written if its index is not below this.
    open_from: usize,
}

impl Writer<'_> {
    fn write(&mut self, text: &str) {
        for (at, piece) in text.split(' ').enumerate() {
            if at > 0 {
                self.open_from = self.out.len();
            }
            let word = piece.trim_end_matches(PAUSES);
            if !word.is_empty() {
                match self.out[self.open_from..].last_mut() {
                    Some(last) => last.text.push_str(word),
                    None => self.out.push(LabelledWord::disfluent(self.context.written(word))),
                }
            }
            if self.context.pauses
                && let Some(pause) = pause(&piece[word.len()..])
                && let Some(last) = self.out[self.open_from..].last_mut()
            {
                last.pause = pause;
            }
        }
    }
}

fn pause(signs: &str) -> Option<&'static str> {
    match signs.chars().last()? {
        '.' => Some("."),
        _ => Some(","),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::labelled_word::line;

    #[test]
    fn every_list_can_be_said() {
        let mut random = Rng::with_seed(1);
        for name in PHRASES.names() {
            for _ in 0..200 {
                let mut out = Vec::new();
                super::super::slots::say(name, &SlotContext::BARE, &mut random, &mut out);
                assert!(out.len() < 80, "{name} says {}", line(&out));
                assert!(out.iter().all(|word| !word.kept && !word.text.is_empty()), "{name}");
            }
        }
    }

    #[test]
    fn the_lists_of_words_refer_to_nothing() {
        // `say_plain` leaves slots empty.
        for list in ["thing", "adj", "tool", "nato"] {
            let mut asked = false;
            for seed in 0..200 {
                let mut random = Rng::with_seed(seed);
                say_with(list, &SlotContext::BARE, &mut random, &mut Vec::new(), |_, _, _| asked = true);
            }
            assert!(!asked, "{list}");
        }
    }
}

//! Which other readings are offered beside an answer: likely ones, and different ones.
//!
//! The tagger's next best paths are often the answer again with a capital in it. Somebody who sees that the answer is wrong
//! is helped by none of them, so a wider search finds more paths, and each counts for less if one that is shown already is
//! the same but for capitals or spaces. The answer itself is never touched, and a language model never sees these paths.

use crate::candidates::Candidates;
use crate::{Engine, MAX_ALTERNATIVES, Stage, tagged};
use sayso_speech::destructive::is_destructive;
use sayso_tagger::Path;

/// Paths that the wider search keeps at each token. With 6 there are as many, but 11.5 instead of 8.5 % of those of
/// `engine/valid` are the answer in other capitals. Hand-chosen, 2026-11-29.
const WIDTH: usize = 8;

/// What a reading loses for each one before it, the answer included, that is the same but for capitals, in nats. Chosen on
/// 2026-11-29 among 1, 2 and 3: with 2, none of NL2Bash `valid`, `talk/valid` and `engine/valid` loses a line that is right
/// after one or two presses, and with 3 two of them do.
const OTHER_CAPITALS: f32 = 2.0;

/// The same for one that has other spaces too, in nats. Chosen with the former: with 2, fewer lines are right within four.
const OTHER_SPACES: f32 = 1.0;

/// A reading that may be offered.
struct Offer {
    text: String,
    /// The text in small letters, and that without spaces.
    small: String,
    solid: String,
    /// How unlikely it is, in nats.
    cost: f32,
}

impl Offer {
    fn new(text: String, cost: f32) -> Offer {
        let small = text.to_lowercase();
        let solid = small.split_whitespace().collect();
        Offer { text, small, solid, cost }
    }

    /// What it loses beside another one.
    fn loss(&self, other: &Offer) -> f32 {
        match (self.small == other.small, self.solid == other.solid) {
            (true, _) => OTHER_CAPITALS,
            (_, true) => OTHER_SPACES,
            _ => 0.0,
        }
    }
}

/// The texts of the other paths beside `answer`, the one to show first first.
pub(crate) fn texts(engine: &Engine, found: &Candidates, answer: &str) -> Vec<String> {
    let texts = |paths: &[Path]| -> Vec<String> { paths.iter().map(|path| found.text_of(path)).collect() };
    let Some(line) = found.tagged.as_ref().filter(|_| found.stage == Stage::Tagger) else {
        // In the order that a person prefers, or a language model, or the rules.
        return texts(&found.others);
    };
    // Where words are left out, the last path is the one with all of them, and it stays the last.
    let leaves_out = !found.lattice.left_out(&found.best.steps).is_empty();
    let (near, whole) = found.others.split_at(found.others.len().saturating_sub(leaves_out.into()));
    // What destroys something is to be found by a search with more caution only, and the wider one is none: it would
    // offer `shred x .key` beside `shred x.key`.
    let may_destroy = is_destructive(answer) || texts(near).iter().any(|text| is_destructive(text));
    let more = if may_destroy { Vec::new() } else { tagged::paths(engine, line, WIDTH) };
    let mut shown = vec![Offer::new(answer.to_owned(), 0.0)];
    let mut offers: Vec<Offer> = Vec::new();
    for path in near.iter().chain(&more) {
        let text = found.text_of(path);
        let is_known = text == answer || offers.iter().any(|other| other.text == text);
        if !is_known && !text.trim().is_empty() && (may_destroy || !is_destructive(&text)) {
            offers.push(Offer::new(text, tagged::cost(&found.lattice, path)));
        }
    }
    while shown.len() <= MAX_ALTERNATIVES - whole.len() {
        let cost = |offer: &Offer| offer.cost + shown.iter().map(|other| offer.loss(other)).sum::<f32>();
        let costs = offers.iter().map(cost).enumerate();
        let Some((best, _)) = costs.min_by(|(_, a), (_, b)| a.total_cmp(b)) else { break };
        shown.push(offers.remove(best));
    }
    shown.into_iter().skip(1).map(|offer| offer.text).chain(texts(whole)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Dictation, Words};

    #[test]
    fn readings_that_are_alike_lose_more_the_more_alike_they_are() {
        let offer = |text: &str| Offer::new(text.to_owned(), 0.0);
        assert_eq!(offer("ls -L").loss(&offer("ls -l")), OTHER_CAPITALS);
        assert_eq!(offer("ls - L").loss(&offer("ls -l")), OTHER_SPACES);
        assert_eq!(offer("ls -la").loss(&offer("ls -l")), 0.0);
    }

    #[test]
    fn few_readings_are_the_answer_again_in_other_capitals() {
        let cases = std::fs::read_to_string("../lab/cases/free.jsonl").unwrap();
        let (mut all, mut alike) = (0, 0);
        for case in cases.lines().take(100) {
            let case: serde_json::Value = serde_json::from_str(case).unwrap();
            let dictation = Dictation { text: case["dictated"].as_str().unwrap(), ..Dictation::default() };
            let Ok(found) = Engine::embedded().convert(&Words::default(), &dictation, None) else { continue };
            all += found.alternatives.len();
            alike += found.alternatives.iter().filter(|it| it.eq_ignore_ascii_case(&found.buffer)).count();
            assert!(!found.alternatives.contains(&found.buffer));
        }
        // Before they were told apart it was a quarter and more.
        assert!(all > 200 && 5 * alike < all, "{alike} of {all}");
    }
}

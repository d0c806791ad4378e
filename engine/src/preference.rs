//! Preferences: what a person usually chooses between readings, and how it moves the choice.
//!
//! A choice is a number, the hash of what was decided where: how a word is written in a command, or whether a space goes
//! between two parts of one. What speaks for each choice comes from outside, learnt from lines that the person corrected.
//! The paths stay those of the lattice, so that no preference outvotes an instruction, and its weight is bounded.

use crate::candidates::Candidates;
use crate::{Engine, Stage, tagged};
use sayso_speech::clean::clean;
use sayso_speech::destructive::is_destructive;
use sayso_speech::lattice::{Kind, Lattice, Reading, Step, path_writing};
use sayso_speech::lex::lex;
use sayso_speech::phonetic::widen;
use sayso_speech::render;
use sayso_speech::symbol::ends_command;
use sayso_speech::words::UserWords;
use sayso_tagger::Path;
use std::collections::HashMap;

/// Most that one choice adds to or takes from the logarithm of a path's probability, in nats, and most that all choices of
/// a path do together: enough to turn a convention of writing, too little to turn a word that the tagger is sure of.
/// Hand-chosen on 2026-11-28; of 3, 5 and 6 nats that were tried on simulated people on 2026-11-29 it breaks fewest lines
/// (docs/EXPERIMENTS.md).
const CHOICE_NATS: f32 = 3.0;
const MAX_NATS: f32 = 8.0;
/// Corrections after which about two thirds of a choice's weight are reached. Hand-chosen with the two above.
const ENOUGH: f32 = 1.5;
/// What must speak for another space before a line of somebody else is written so: two corrections, each of which speaks
/// for one space and against the other. Hand-chosen, 2026-11-30.
const SURE: f32 = 4.0;
/// Most readings that are tried for one line, those with the most in their favour.
const MAX_TRIED: usize = 12;
/// Shortest words, in characters, of which a choice holds in every command.
const LONG_WORD: usize = 4;

/// Which choices a person makes: for each how much speaks for it, or against it if negative. A correction counts 1 when it
/// is fresh and fades.
#[derive(Debug, Clone, Default)]
pub struct Preferences {
    choices: HashMap<u64, f32>,
}

impl Preferences {
    /// Preferences from what speaks for each choice.
    pub fn new(choices: HashMap<u64, f32>) -> Preferences {
        Preferences { choices }
    }

    /// Whether nothing is known of the person.
    pub fn is_empty(&self) -> bool {
        self.choices.is_empty()
    }

    /// Notes that a correction speaks for a choice, or against it.
    pub fn add(&mut self, choice: u64, sign: i8) {
        *self.choices.entry(choice).or_default() += f32::from(sign);
    }

    /// A command that was said as `heard`, in the person's own spaces: where a space may stand or not, what enough
    /// corrections speak for. `None` if that is what is written already, or no path writes it, or the line was typed so.
    pub fn respaced(&self, heard: &str, written: &str) -> Option<String> {
        if self.is_empty() || heard == written {
            return None;
        }
        let words = UserWords::default();
        let lattice = widen(lex(clean(heard), &words, None), &words);
        let mut steps = path_writing(&lattice, written)?;
        let mut before = Before::start();
        for at in 0..steps.len() {
            let reading = lattice.reading(steps[at].reading);
            let choices = |space| before.choices(&lattice, reading, space);
            let evidence = |choice: u64| self.choices.get(&choice).copied().unwrap_or(0.0);
            // The same choices but for the space.
            let pairs = choices(true).into_iter().zip(choices(false));
            let more = pairs.map(|(spaced, joined)| evidence(spaced) - evidence(joined));
            let more = more.max_by(|a, b| a.abs().total_cmp(&b.abs())).unwrap_or(0.0);
            let old = steps[at].space;
            if more.abs() >= SURE && old != (more > 0.0) {
                steps[at].space = !old;
                let text = render::render(&lattice, &steps).text;
                if path_writing(&lattice, &text).is_none() {
                    steps[at].space = old;
                }
            }
            before.write(&lattice, reading, steps[at].space);
        }
        let text = render::render(&lattice, &steps).text;
        (text != written && path_writing(&lattice, &text).is_some()).then_some(text)
    }

    /// The weight of one choice, in nats.
    fn nats(&self, choice: u64) -> f32 {
        let evidence = self.choices.get(&choice).copied().unwrap_or(0.0);
        CHOICE_NATS * (1.0 - (-evidence.abs() / ENOUGH).exp()).copysign(evidence)
    }

    fn nats_of_all(&self, choices: &[u64]) -> f32 {
        choices.iter().map(|&choice| self.nats(choice)).sum()
    }
}

/// What was written so far, as far as choices depend on it.
#[derive(Debug, Clone, Default)]
struct Before {
    /// The name of the command that the position belongs to.
    command: String,
    /// What is written of the word that goes on here, if no space follows.
    word: String,
    /// The operator that the command follows; empty for the first one.
    operator: String,
    /// The words that were heard for the last reading.
    heard: String,
    /// Whether a space was said.
    spaced: bool,
    /// Whether nothing was written yet.
    at_start: bool,
}

impl Before {
    fn start() -> Before {
        Before { at_start: true, ..Before::default() }
    }

    /// The choices that taking a reading means here.
    fn choices(&self, lattice: &Lattice, reading: &Reading, space: bool) -> Vec<u64> {
        if !reading.kind.writes() || reading.text.is_empty() {
            return Vec::new();
        }
        let (heard, text) = (heard(lattice, reading), reading.text.as_ref());
        let mut choices = vec![stable_hash(&["read", &self.command, &heard, text])];
        if heard.chars().filter(|c| c.is_alphanumeric()).count() >= LONG_WORD {
            choices.push(stable_hash(&["read", &heard, text]));
        }
        if !self.at_start && !self.spaced {
            let joined = if space { "spaced" } else { "joined" };
            let class = class(text);
            // Where spaces go around an operator does not depend on what stands beside it.
            if ends_command(text) {
                choices.push(stable_hash(&["before", text, joined]));
                return choices;
            }
            if self.word.is_empty() {
                choices.push(stable_hash(&["behind", &self.operator, joined]));
                return choices;
            }
            choices.push(stable_hash(&["join", &self.command, &self.word, class, joined]));
            if self.word.starts_with('-') {
                choices.push(stable_hash(&["join", &self.word, class, joined]));
            }
            choices.push(stable_hash(&["name", &self.heard, &heard, joined]));
        }
        choices
    }

    fn write(&mut self, lattice: &Lattice, reading: &Reading, space: bool) {
        match reading.kind {
            Kind::Whitespace => {
                self.spaced = true;
                return self.end_word();
            }
            Kind::NoSpace | Kind::Deletion => return,
            _ => {}
        }
        if space {
            self.end_word();
        }
        let text = reading.text.as_ref();
        if ends_command(text) {
            *self = Before { heard: heard(lattice, reading), operator: text.to_owned(), ..Before::start() };
            self.at_start = false;
            return;
        }
        self.word.push_str(text);
        self.heard = heard(lattice, reading);
        (self.spaced, self.at_start) = (false, false);
    }

    fn end_word(&mut self) {
        let word = std::mem::take(&mut self.word);
        let is_name = !word.is_empty() && !word.contains('=') && word != "sudo";
        if self.command.is_empty() && is_name {
            self.command = word;
        }
    }
}

/// What was heard for a reading, in lower case.
fn heard(lattice: &Lattice, reading: &Reading) -> String {
    let words: Vec<&str> = reading.tokens.clone().map(|token| lattice.line.lower(token)).collect();
    words.join(" ")
}

/// What kind of text follows: numbers and words are alike, signs are not.
fn class(text: &str) -> &str {
    match () {
        () if text.chars().all(|c| c.is_ascii_digit()) => "number",
        () if text.chars().all(char::is_alphanumeric) => "word",
        () => text,
    }
}

/// All choices of a path.
pub(crate) fn choices(lattice: &Lattice, steps: &[Step]) -> Vec<u64> {
    let mut before = Before::start();
    let mut choices = Vec::new();
    for step in steps {
        let reading = lattice.reading(step.reading);
        choices.extend(before.choices(lattice, reading, step.space));
        before.write(lattice, reading, step.space);
    }
    choices
}

/// The choice of writing `text` for what was heard in `command`, and in any command if the word is long enough.
pub(crate) fn choices_of_word(command: &str, heard: &str, text: &str) -> Vec<u64> {
    let mut choices = vec![stable_hash(&["read", command, heard, text])];
    if heard.chars().filter(|c| c.is_alphanumeric()).count() >= LONG_WORD {
        choices.push(stable_hash(&["read", heard, text]));
    }
    choices
}

/// A hash that is the same in every version: FNV-1a of 64 bits over the parts, each with a zero byte behind it.
pub fn stable_hash(parts: &[&str]) -> u64 {
    let bytes = parts.iter().flat_map(|part| part.bytes().chain(std::iter::once(0)));
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// The paths with the one first that the person prefers. The tagger's own first one stays as the second.
///
/// Beside the tagger's paths those are tried that differ from the best one in a reading, or in a space, that the person
/// prefers. Where one of them leaves out other words than the best one, or either destroys something, nothing moves.
pub(crate) fn prefer(engine: &Engine, mut found: Candidates, preferences: &Preferences) -> Candidates {
    let Some(line) = found.tagged.clone() else { return found };
    if preferences.is_empty() || found.stage != Stage::Tagger {
        return found;
    }
    let lattice = found.lattice.clone();
    let text = |path: &Path| render::render(&lattice, &path.steps).text;
    if is_destructive(&text(&found.best)) {
        return found;
    }
    let nats = |steps: &[Step]| preferences.nats_of_all(&choices(&lattice, steps)).clamp(-MAX_NATS, MAX_NATS);
    let left_out = lattice.left_out(&found.best.steps);
    let may_be = |path: &Path| lattice.left_out(&path.steps) == left_out && !is_destructive(&text(path));
    let own = nats(&found.best.steps);
    let mut chosen = (found.best.clone(), own);
    let gains = |path: &Path, nats: f32, than: &(Path, f32)| path.score + nats > than.0.score + than.1;
    for path in &found.others {
        let nats = nats(&path.steps);
        if gains(path, nats, &chosen) && may_be(path) {
            chosen = (path.clone(), nats);
        }
    }
    // Paths with words that were learnt: shown beside the others even where they do not win.
    let mut offered: Vec<Path> = Vec::new();
    for (tokens, step) in preferred_steps(&lattice, &found.best.steps, preferences) {
        let Some(steps) = with_step(&lattice, &chosen.0.steps, tokens, step) else { continue };
        let nats = nats(&steps);
        // One that is offered anyway is scored in any case.
        let above = match lattice.reading(step.reading).is_offered_word() {
            true => f32::NEG_INFINITY,
            false => chosen.0.score + chosen.1 - nats,
        };
        let Some(path) = tagged::score(engine, &line, steps, above) else { continue };
        if !may_be(&path) {
            continue;
        }
        if gains(&path, nats, &chosen) {
            chosen = (path, nats);
        } else if lattice.reading(step.reading).is_offered_word() {
            offered.push(path);
        }
    }
    let (path, nats) = chosen;
    let shown = |others: &mut Vec<Path>| {
        for path in offered {
            others.retain(|other| text(other) != text(&path));
            others.insert(0, path);
        }
        others.truncate(crate::MAX_ALTERNATIVES);
    };
    if text(&path) == text(&found.best) {
        shown(&mut found.others);
        return found;
    }
    // Both together are as likely as the tagger finds them; the preference says which part each has of that.
    let together = (line.weights().confidence(path.score) + found.confidence).min(1.0);
    let margin = path.score + nats - found.best.score - own;
    found.others.retain(|other| text(other) != text(&path));
    shown(&mut found.others);
    found.others.insert(0, std::mem::replace(&mut found.best, path));
    found.others.truncate(crate::MAX_ALTERNATIVES);
    Candidates { stage: Stage::Preferred, confidence: together / (1.0 + (-margin).exp()), ..found }
}

/// Steps that the person prefers to those of a path, over which tokens: the ones with most in their favour, in the order
/// of the line.
fn preferred_steps(
    lattice: &Lattice,
    path: &[Step],
    preferences: &Preferences,
) -> Vec<(std::ops::Range<usize>, Step)> {
    let mut before = Before::start();
    let mut found: Vec<(f32, std::ops::Range<usize>, Step)> = Vec::new();
    for own in path {
        let reading = lattice.reading(own.reading);
        let start = reading.tokens.start;
        for id in lattice.choices(start) {
            let other = lattice.reading(id);
            for space in [false, true] {
                let step = Step { reading: id, space };
                if step == *own {
                    continue;
                }
                let nats = preferences.nats_of_all(&before.choices(lattice, other, space));
                if nats > 0.0 {
                    found.push((nats, other.tokens.clone(), step));
                }
            }
        }
        before.write(lattice, reading, own.space);
    }
    found.sort_by(|a, b| b.0.total_cmp(&a.0));
    found.truncate(MAX_TRIED);
    found.sort_by_key(|(_, tokens, _)| tokens.start);
    found.into_iter().map(|(_, tokens, step)| (tokens, step)).collect()
}

/// The path with one step in place of those over the same tokens; `None` where no steps are over just these.
fn with_step(
    lattice: &Lattice,
    path: &[Step],
    tokens: std::ops::Range<usize>,
    step: Step,
) -> Option<Vec<Step>> {
    let starts = |step: &Step| lattice.reading(step.reading).tokens.start;
    let ends = |step: &Step| lattice.reading(step.reading).tokens.end;
    let from = path.iter().position(|step| starts(step) == tokens.start)?;
    let to = path.iter().position(|step| ends(step) == tokens.end)?;
    (from <= to).then(|| [&path[..from], &[step], &path[to + 1..]].concat())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Dictation, Words};

    fn converted(heard: &str, preferences: &Preferences) -> (String, Stage, Vec<String>) {
        let dictation = Dictation { text: heard, preferences: Some(preferences), ..Dictation::default() };
        let conversion = Engine::embedded().convert(&Words::default(), &dictation, None).unwrap();
        (conversion.buffer, conversion.stage, conversion.alternatives)
    }

    /// What corrections of these lines teach, each made so many times.
    fn taught(lines: &[(&str, &str)], times: usize) -> Preferences {
        let mut preferences = Preferences::default();
        for (heard, ran) in lines {
            let answer = converted(heard, &Preferences::default()).0;
            let lesson = Engine::embedded().lesson(&Words::default(), heard, &answer, ran);
            for _ in 0..times {
                lesson.choices.iter().for_each(|&(choice, sign)| preferences.add(choice, sign));
            }
        }
        preferences
    }

    #[test]
    fn lines_of_others_are_written_in_own_spaces_where_enough_speaks_for_it() {
        let line = ("ps dash e pipe grep ssh", "ps -e|grep ssh");
        let check = |times: usize, heard: &str, written: &str, expected: Option<&str>| {
            let own = taught(&[line], times).respaced(heard, written);
            assert_eq!(own.as_deref(), expected, "{times} times, {heard}");
        };
        let (heard, written) =
            ("sort notes dot txt pipe uniq pipe wc dash l", "sort notes.txt | uniq | wc -l");
        check(2, heard, written, Some("sort notes.txt|uniq|wc -l"));
        // One correction may be a slip, and what was typed stays.
        check(1, heard, written, None);
        check(2, "sort notes.txt | uniq", "sort notes.txt | uniq", None);
        check(2, heard, "sort notes.txt|uniq|wc -l", None);
        check(2, "git status", "git status", None);
        // No path writes this.
        check(2, "git status", "ls | wc", None);
    }

    #[test]
    fn a_preference_holds_for_later_lines_and_the_answer_before_it_stays_second() {
        let preferences = taught(&[("head dash n five notes dot txt", "head -n5 notes.txt")], 3);
        let (buffer, stage, alternatives) = converted("head dash n ten log dot txt", &preferences);
        assert_eq!((buffer.as_str(), stage), ("head -n10 log.txt", Stage::Preferred));
        assert_eq!(alternatives[0], "head -n 10 log.txt");
        // Nothing was learnt about another command with another flag.
        assert_eq!(converted("ls dash l src", &preferences).1, Stage::Tagger);
    }

    #[test]
    fn no_preference_outvotes_an_instruction() {
        let all = taught(
            &[("head dash n five notes dot txt", "head -n5 notes.txt"), ("ssh web one", "ssh web1")],
            1000,
        );
        for (heard, expected) in [
            ("head dash n space five notes dot txt", "head -n 5 notes.txt"),
            ("ssh web space one", "ssh web 1"),
            ("ssh space literal web space one", "ssh web 1"),
        ] {
            assert_eq!(converted(heard, &all).0, expected, "{heard}");
        }
    }

    #[test]
    fn the_weight_is_bounded() {
        let mut preferences = Preferences::default();
        (0..10_000).for_each(|_| preferences.add(7, 1));
        assert!(preferences.nats(7) <= CHOICE_NATS && preferences.nats(8) == 0.0);
        (0..20_000).for_each(|_| preferences.add(7, -1));
        assert!(preferences.nats(7) >= -CHOICE_NATS && preferences.nats(7) < 0.0);
    }

    #[test]
    fn what_destroys_is_never_moved() {
        let preferences = taught(&[("rm web one", "rm web1"), ("ls web one", "ls web1")], 9);
        assert_ne!(converted("rm web one", &preferences).1, Stage::Preferred);
    }

    #[test]
    fn hashes_are_the_same_in_every_version() {
        assert_eq!(stable_hash(&["a"]), 0x089b_e207_b544_f1e4);
        assert_ne!(stable_hash(&["ab", "c"]), stable_hash(&["a", "bc"]));
    }
}

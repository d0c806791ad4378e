//! `sayso-lab learning`: what learning from corrections does for simulated people, and to everybody else's lines.

use crate::persona::{Person, misheard_names};
use crate::similarity::collapse;
use anyhow::bail;
use fastrand::Rng;
use sayso_corpus::cases::{self, Case};
use sayso_engine::{Dictation, Engine, Preferences, Words};
use sayso_learning::{Learnt, Word};
use sayso_tagger::Weights;
use serde_json::json;
use std::collections::HashMap;
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

/// Percentage of corrections with a typing error, of those after which the person means something else, and of those in
/// which the person runs a wrong answer unchanged. Hand-chosen, 2026-11-28.
const MISTYPED: u8 = 5;
const CHANGED: u8 = 7;
const LEFT: u8 = 3;
/// Names that are misheard; every person has some of them.
const MISHEARD_NAMES: usize = 40;

/// Measures learning with simulated people.
///
/// Each person has habits drawn from the cases (spacing, case, flags, hosts, and how their tools are misheard), dictates
/// lines, and corrects what is wrong; some corrections are mistyped, and sometimes the person changes their mind. At the end
/// the person goes through what `sayso learn review` shows. Then the person's later lines, none of which was dictated before,
/// and everybody else's lines are converted with what was learnt and without it. Others' lines are also compared in the
/// person's own spaces: who writes `a|b` wants it in every line.
#[derive(Debug, clap::Args)]
pub struct Learning {
    /// Cases that the people's lines are made from
    #[arg(long, value_name = "FILE.jsonl", required = true)]
    cases: Vec<PathBuf>,
    /// Cases of other people
    #[arg(long, value_name = "FILE.jsonl", required = true)]
    others: Vec<PathBuf>,
    /// People
    #[arg(long, value_name = "N", default_value_t = 8)]
    people: usize,
    /// Corrections of each person
    #[arg(long, value_name = "N", default_value_t = 50)]
    corrections: usize,
    /// Later lines of each person
    #[arg(long, value_name = "N", default_value_t = 300)]
    lines: usize,
    /// Seed of the random numbers
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Also train the tagger on each person's corrections, as `sayso train adapt --samples N` does, and measure it alone and
    /// with what was learnt
    #[arg(long, value_name = "N")]
    adapt: Option<usize>,
    /// Print what was learnt wrongly, and lines that became wrong
    #[arg(long)]
    errors: bool,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Numbers of right lines.
#[derive(Debug, Default, Clone, Copy)]
struct Tally {
    lines: usize,
    before: usize,
    after: usize,
    /// Lines that became right, and lines that became wrong.
    mended: usize,
    broken: usize,
}

impl Tally {
    fn count(&mut self, before: bool, after: bool) {
        self.lines += 1;
        self.before += usize::from(before);
        self.after += usize::from(after);
        self.mended += usize::from(after && !before);
        self.broken += usize::from(before && !after);
    }

    fn add(&mut self, other: Tally) {
        self.lines += other.lines;
        self.before += other.before;
        self.after += other.after;
        self.mended += other.mended;
        self.broken += other.broken;
    }

    fn percent(&self, count: usize) -> f64 {
        100.0 * count as f64 / self.lines.max(1) as f64
    }

    /// Percentage points by which the share of right lines rose.
    fn gain(&self) -> f64 {
        self.percent(self.after) - self.percent(self.before)
    }

    fn json(&self) -> serde_json::Value {
        json!({
            "lines": self.lines, "before": self.percent(self.before), "after": self.percent(self.after),
            "gain": self.gain(), "mended": self.mended, "broken": self.broken,
        })
    }
}

/// What a person has taught.
#[derive(Debug, Default)]
struct Taught {
    preferences: Preferences,
    seen: HashMap<(String, String), u32>,
    /// Words that the person accepted.
    accepted: Vec<(String, String)>,
    /// What was heard and what was run: the lines that `sayso learn` keeps.
    pairs: Vec<(String, String)>,
}

impl Taught {
    fn learn(&mut self, heard: &str, answer: &str, ran: &str) {
        let lesson = Engine::embedded().lesson(&self.words(), heard, answer, ran);
        if !lesson.is_same_line {
            return;
        }
        self.pairs.push((heard.to_owned(), ran.to_owned()));
        lesson.choices.iter().for_each(|&(choice, sign)| self.preferences.add(choice, sign));
        lesson.words.into_iter().for_each(|word| *self.seen.entry(word).or_default() += 1);
    }

    /// The offered words.
    fn offered(&self) -> Vec<(String, String)> {
        let word = |((heard, written), seen): (&(String, String), &u32)| Word {
            heard: heard.clone(),
            written: written.clone(),
            seen: *seen,
        };
        let mut words: Vec<Word> = self.seen.iter().map(word).collect();
        words.sort_by(|a, b| (&a.heard, &a.written).cmp(&(&b.heard, &b.written)));
        let learnt = Learnt { words, ..Learnt::default() };
        learnt.offered().into_iter().map(|word| (word.heard.clone(), word.written.clone())).collect()
    }

    fn words(&self) -> Words {
        Words::new(self.accepted.iter().cloned()).with_offered(self.offered())
    }

    /// Accepts the words seen so far that are the person's own, and rejects the others.
    fn review(&mut self, person: &Person) {
        let mut own: Vec<_> =
            self.seen.keys().filter(|(heard, written)| person.has_word(heard, written)).cloned().collect();
        own.sort();
        self.accepted = own;
        self.seen.clear();
    }
}

/// The answer to a dictation, or the dictation itself if it is refused.
pub(crate) fn answer(engine: &Engine, words: &Words, preferences: &Preferences, heard: &str) -> String {
    let dictation = Dictation { text: heard, preferences: Some(preferences), ..Dictation::default() };
    let converted = engine.convert(words, &dictation, None);
    converted.map_or_else(|_| heard.to_owned(), |conversion| conversion.buffer)
}

/// Makes weights of the tagger from pairs of what was heard and what was run, a number of lines to train on, and a seed.
pub type Adapt<'a> = &'a dyn Fn(&[(String, String)], usize, u64) -> anyhow::Result<Weights>;

/// What the person's own weights do, alone and with what was learnt.
#[derive(Debug, Default)]
struct Adapted {
    alone: Tally,
    both: Tally,
    others: Tally,
    /// The others' lines in the person's own spaces.
    spaced: Tally,
}

/// The line that a person runs who meant `meant` and got a wrong answer.
fn corrected(answer: &str, meant: &str, random: &mut Rng) -> String {
    let mut letters: Vec<char> = meant.chars().collect();
    match random.u8(..100) {
        roll if roll < MISTYPED && letters.len() > 3 => {
            let at = random.usize(1..letters.len() - 1);
            letters.swap(at, at + 1);
            letters.into_iter().collect()
        }
        roll if roll < MISTYPED + CHANGED => match random.u8(..3) {
            0 => format!("{meant} | less"),
            1 => {
                // Another word replaces one of the line.
                let mut words: Vec<&str> = meant.split(' ').collect();
                let at = random.usize(..words.len());
                words[at] = ["status", "main", "-v", "other.txt", "3"][random.usize(..5)];
                words.join(" ")
            }
            _ => meant.rsplit_once(' ').map_or(meant, |(kept, _)| kept).to_owned(),
        },
        roll if roll < MISTYPED + CHANGED + LEFT => answer.to_owned(),
        _ => meant.to_owned(),
    }
}

impl Learning {
    /// Simulates, and prints the figures.
    ///
    /// # Errors
    /// A file of cases cannot be read, a person's lines cannot be trained on, or standard output cannot be written.
    pub fn run(&self, adapt: Adapt<'_>) -> anyhow::Result<()> {
        let embedded = Engine::embedded();
        let read = |files: &[PathBuf]| -> anyhow::Result<Vec<Case>> {
            let all: anyhow::Result<Vec<_>> =
                files.iter().map(|file| cases::read(file, "dictated")).collect();
            Ok(all?.concat())
        };
        let (mut cases, others) = (read(&self.cases)?, read(&self.others)?);
        // Nobody corrects prose, or commands that stay as they are.
        cases.retain(|case| case.dictated != case.expected);
        let mut random = Rng::with_seed(self.seed);
        // No line that a person taught is asked again.
        random.shuffle(&mut cases);
        let (taught_from, asked_from) = cases.split_at(cases.len() / 2);
        let misheard = misheard_names(&mut random, MISHEARD_NAMES);
        let nothing = (Words::default(), Preferences::default());
        let plain: Vec<String> =
            others.iter().map(|case| answer(embedded, &nothing.0, &nothing.1, &case.dictated)).collect();
        let (mut own, mut other, mut spaced) = (Tally::default(), Tally::default(), Tally::default());
        let mut adapted = Adapted::default();
        let (mut right_words, mut all_words) = (0, 0);
        let mut people = Vec::new();
        let mut out = std::io::stdout().lock();
        for number in 0..self.people {
            let person = Person::new(&cases, &misheard, &mut random);
            let mut taught = Taught::default();
            let mut corrections = 0;
            // A person who never gets a wrong answer would dictate for ever.
            for _ in 0..self.corrections * 200 {
                let line = person.line(&taught_from[random.usize(..taught_from.len())], &mut random);
                let given = answer(embedded, &taught.words(), &taught.preferences, &line.heard);
                if collapse(&given) == collapse(&line.meant) {
                    continue;
                }
                let ran = corrected(&given, &line.meant, &mut random);
                if ran != given {
                    taught.learn(&line.heard, &given, &ran);
                }
                corrections += 1;
                if corrections == self.corrections {
                    break;
                }
            }
            if corrections < self.corrections {
                bail!("the cases are too easy: person {number} had to correct only {corrections} lines");
            }
            let offered = taught.offered();
            all_words += offered.len();
            for (heard, written) in &offered {
                let is_right = person.has_word(heard, written);
                right_words += usize::from(is_right);
                if self.errors && !is_right {
                    writeln!(out, "word   {heard:?} -> {written:?}")?;
                }
            }
            taught.review(&person);
            let words = taught.words();
            let weights = self.adapt.map(|samples| adapt(&taught.pairs, samples, self.seed)).transpose()?;
            let knowing = weights.map(|weights| Engine::with_weights(Arc::new(weights)));
            let mut tally = Tally::default();
            for _ in 0..self.lines {
                let line = person.line(&asked_from[random.usize(..asked_from.len())], &mut random);
                let before = answer(embedded, &nothing.0, &nothing.1, &line.heard);
                let after = answer(embedded, &words, &taught.preferences, &line.heard);
                let is_right = |answer: &str| collapse(answer) == collapse(&line.meant);
                tally.count(is_right(&before), is_right(&after));
                if let Some(engine) = &knowing {
                    let alone = answer(engine, &nothing.0, &nothing.1, &line.heard);
                    let both = answer(engine, &words, &taught.preferences, &line.heard);
                    adapted.alone.count(is_right(&before), is_right(&alone));
                    adapted.both.count(is_right(&before), is_right(&both));
                }
                if self.errors && is_right(&before) && !is_right(&after) {
                    writeln!(out, "broken {:?}: {after:?}, not {:?}", line.heard, line.meant)?;
                }
                if self.errors && !is_right(&after) && before == after && !line.is_common {
                    writeln!(out, "missed {:?}: {after:?}, not {:?}", line.heard, line.meant)?;
                }
            }
            let (mut elsewhere, mut in_own_spaces) = (Tally::default(), Tally::default());
            for (case, before) in others.iter().zip(&plain) {
                let after = answer(embedded, &words, &taught.preferences, &case.dictated);
                let is_any = |answer: &str, write: &dyn Fn(&str) -> String| {
                    let mut right = std::iter::once(&case.expected).chain(&case.alt);
                    right.any(|text| write(text) == write(answer))
                };
                let is_right = |answer: &str| is_any(answer, &collapse);
                elsewhere.count(is_right(before), is_right(&after));
                let own_spaces = |text: &str| collapse(&person.spacing.write(text));
                if let Some(engine) = &knowing {
                    let alone = answer(engine, &nothing.0, &nothing.1, &case.dictated);
                    adapted.others.count(is_right(before), is_right(&alone));
                    adapted.spaced.count(is_any(before, &own_spaces), is_any(&alone, &own_spaces));
                }
                in_own_spaces.count(is_any(before, &own_spaces), is_any(&after, &own_spaces));
                if self.errors && is_right(before) && !is_right(&after) {
                    writeln!(out, "other  {:?}: {after:?}, not {:?}", case.dictated, case.expected)?;
                }
            }
            people.push(json!({ "own": tally.json(), "others": elsewhere.json() }));
            own.add(tally);
            other.add(elsewhere);
            spaced.add(in_own_spaces);
        }
        let share = |part: usize, of: usize| if of == 0 { 100.0 } else { 100.0 * part as f64 / of as f64 };
        let words = share(right_words, all_words);
        let changes = share(own.mended, own.mended + own.broken);
        if self.json {
            let trained = self.adapt.map(|_| {
                json!({
                    "alone": adapted.alone.json(), "both": adapted.both.json(), "others": adapted.others.json(),
                    "others_in_own_spaces": adapted.spaced.json(),
                })
            });
            let all = json!({
                "adapted": trained,
                "people": people, "own": own.json(), "others": other.json(),
                "others_in_own_spaces": spaced.json(),
                "words": { "learnt": all_words, "right": right_words, "precision": words },
                "changes": { "precision": changes },
            });
            writeln!(out, "{all}")?;
            return Ok(());
        }
        writeln!(out, "{} people, {} corrections each", self.people, self.corrections)?;
        let mut tallies = vec![("own later lines", own), ("others' lines", other), ("in own spaces", spaced)];
        if self.adapt.is_some() {
            let Adapted { alone, both, others, spaced } = adapted;
            tallies.extend([
                ("own, adapted", alone),
                ("own, with both", both),
                ("others, adapted", others),
                ("in own spaces", spaced),
            ]);
        }
        for (name, tally) in tallies {
            writeln!(
                out,
                "{name:16} {:6} lines, exact {:5.1} % -> {:5.1} % ({:+.2}), {} mended, {} broken",
                tally.lines,
                tally.percent(tally.before),
                tally.percent(tally.after),
                tally.gain(),
                tally.mended,
                tally.broken
            )?;
        }
        writeln!(out, "words            {right_words} of {all_words} right, precision {words:.1} %")?;
        writeln!(out, "changed answers  precision {changes:.1} %")?;
        Ok(())
    }
}

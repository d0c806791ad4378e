//! Scores one answer against the expected command, and counts the scores of many answers.

use crate::similarity::{collapse, ratio};
use serde_json::{Value, json};
use std::collections::HashSet;

/// Least similarity of a near answer, which a user would run after a glance or after correcting one
/// character. This threshold and the next are those of the published figures.
const NEAR: f64 = 0.9;
/// Least similarity of a partial answer.
const PARTIAL: f64 = 0.7;
/// How many answers a user sees without searching: the first one and three alternatives. Hand-chosen, 2026-11-23.
const SHOWN: usize = 4;

/// The classes that the published figures use, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tier {
    /// Equal after white space is collapsed.
    Exact,
    /// A similarity of at least 0.9.
    Near,
    /// A similarity of at least 0.7.
    Partial,
    /// A lower similarity.
    Wrong,
}

impl Tier {
    /// The name that reports show.
    pub fn name(self) -> &'static str {
        match self {
            Tier::Exact => "exact",
            Tier::Near => "near",
            Tier::Partial => "partial",
            Tier::Wrong => "wrong",
        }
    }
}

/// The score of one answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Score {
    /// Its class.
    pub tier: Tier,
    /// The [`ratio`] of both texts after white space is collapsed, 0 to 1.
    pub similarity: f64,
    /// Both texts are equal apart from upper and lower case.
    pub exact_ignoring_case: bool,
    /// A shell would split both into the same words; quotes and spacing may differ.
    pub same_argv: bool,
    /// The answer or the reading that a second press shows is exact.
    pub in_top_two: bool,
    /// The answer or one of the first three alternatives is exact.
    pub in_top_four: bool,
    /// Some path of the lattice writes the expected command.
    pub reachable: bool,
    /// A word that was said and is wanted is missing from the answer: see [`loses_word`].
    pub gone: bool,
    /// A word or number of the answer was not dictated: see [`crate::said::not_said`].
    pub invented: bool,
    /// The engine refused to convert the line, so it stayed as it was.
    pub refused: bool,
}

impl Score {
    /// Scores `answer` and its alternatives against `expected`. `reachable` is set if the answer is
    /// exact, and `gone`, `invented` and `refused` are not set; the caller corrects them.
    pub fn new(answer: &str, alternatives: &[String], expected: &str) -> Score {
        let (found, wanted) = (collapse(answer), collapse(expected));
        let exact = found == wanted;
        let similarity = ratio(&found, &wanted);
        let tier = match similarity {
            _ if exact => Tier::Exact,
            near if near >= NEAR => Tier::Near,
            partial if partial >= PARTIAL => Tier::Partial,
            _ => Tier::Wrong,
        };
        Score {
            tier,
            similarity,
            exact_ignoring_case: found.to_lowercase() == wanted.to_lowercase(),
            same_argv: exact || same_argv(answer, expected),
            in_top_two: exact || alternatives.first().is_some_and(|other| collapse(other) == wanted),
            in_top_four: exact || alternatives.iter().take(SHOWN - 1).any(|other| collapse(other) == wanted),
            reachable: exact,
            gone: false,
            invented: false,
            refused: false,
        }
    }

    /// The score of a case whose conversion crashed: a wrong case, whatever was expected.
    pub fn crashed() -> Score {
        Score {
            tier: Tier::Wrong,
            similarity: 0.0,
            exact_ignoring_case: false,
            same_argv: false,
            in_top_two: false,
            in_top_four: false,
            reachable: false,
            gone: false,
            invented: false,
            refused: false,
        }
    }
}

/// Whether a word of three letters or more that stands in the dictation and in the expected command is missing from the
/// answer, whatever its case. Letters are ASCII; a word is a run of them.
pub fn loses_word(dictated: &str, answer: &str, expected: &str) -> bool {
    const SHORTEST: usize = 3;
    let [dictated, answer, expected] = [dictated, answer, expected].map(str::to_ascii_lowercase);
    let words = |text: &str| -> HashSet<String> {
        let words = text.split(|c: char| !c.is_ascii_lowercase()).filter(|word| word.len() >= SHORTEST);
        words.map(str::to_owned).collect()
    };
    words(&dictated).intersection(&words(&expected)).any(|word| !answer.contains(word.as_str()))
}

/// Whether a shell would split both lines into the same words; never for a line with an open quote.
fn same_argv(a: &str, b: &str) -> bool {
    matches!((shlex::split(a), shlex::split(b)), (Some(a), Some(b)) if a == b)
}

/// The measures: the name in JSON, and the heading in tables.
pub const MEASURES: [(&str, &str); 13] = [
    ("exact", "exact"),
    ("exact_ignoring_case", "ignoring case"),
    ("near", "near"),
    ("partial", "partial"),
    ("wrong", "wrong"),
    ("effective", "effective"),
    ("same_argv", "same argv"),
    ("top2", "top 2"),
    ("top4", "top 4"),
    ("reachable", "reachable"),
    ("gone", "gone"),
    ("invented", "invented"),
    ("refused", "refused"),
];

impl Score {
    /// Says for each of [`MEASURES`], in order, whether this case counts.
    pub fn measures(&self) -> [bool; MEASURES.len()] {
        [
            self.tier == Tier::Exact,
            self.exact_ignoring_case,
            self.tier == Tier::Near,
            self.tier == Tier::Partial,
            self.tier == Tier::Wrong,
            self.tier <= Tier::Near,
            self.same_argv,
            self.in_top_two,
            self.in_top_four,
            self.reachable,
            self.gone,
            self.invented,
            self.refused,
        ]
    }
}

/// Counts of [`MEASURES`] over many scores.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// Number of cases.
    pub cases: usize,
    counts: [usize; MEASURES.len()],
}

impl Tally {
    /// Counts `scores`.
    pub fn of<'a>(scores: impl IntoIterator<Item = &'a Score>) -> Tally {
        let mut tally = Tally::default();
        for score in scores {
            tally.cases += 1;
            for (count, counts) in tally.counts.iter_mut().zip(score.measures()) {
                *count += usize::from(counts);
            }
        }
        tally
    }

    /// Each of [`MEASURES`] in percent of the cases; 0 without cases.
    pub fn percents(&self) -> [f64; MEASURES.len()] {
        self.counts.map(|count| 100.0 * count as f64 / self.cases.max(1) as f64)
    }

    /// One of [`MEASURES`] by its name in JSON, in percent of the cases; `None` if there is no such measure.
    pub fn percent(&self, name: &str) -> Option<f64> {
        let at = MEASURES.iter().position(|(measure, _)| *measure == name)?;
        Some(self.percents()[at])
    }

    /// An object with `cases`, every measure in percent, and the counts of the measures in
    /// `counts`.
    pub fn to_json(&self) -> Value {
        let mut object = json!({ "cases": self.cases });
        for (((name, _), count), percent) in MEASURES.into_iter().zip(self.counts).zip(self.percents()) {
            object[name] = json!(percent);
            object["counts"][name] = json!(count);
        }
        object
    }
}

/// Measures in which each command counts once, with the mean over its dictations. Dictations of the
/// same command are not independent, so a mean over all of them would favour frequent commands.
#[derive(Debug, Clone, PartialEq)]
pub struct ByCommand {
    /// Number of distinct commands.
    pub commands: usize,
    /// Each of [`MEASURES`], in percent.
    pub percents: [f64; MEASURES.len()],
}

impl ByCommand {
    /// Averages `tallies`, which hold one tally for each command. Empty tallies are ignored.
    pub fn of(tallies: impl IntoIterator<Item = Tally>) -> ByCommand {
        let tallies: Vec<Tally> = tallies.into_iter().filter(|tally| tally.cases > 0).collect();
        let mut percents = [0.0; MEASURES.len()];
        for tally in &tallies {
            for (mean, percent) in percents.iter_mut().zip(tally.percents()) {
                *mean += percent / tallies.len() as f64;
            }
        }
        ByCommand { commands: tallies.len(), percents }
    }

    /// An object with `commands` and every measure in percent.
    pub fn to_json(&self) -> Value {
        let mut object = json!({ "commands": self.commands });
        for ((name, _), percent) in MEASURES.into_iter().zip(self.percents) {
            object[name] = json!(percent);
        }
        object
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_gone_if_it_was_said_and_wanted() {
        let gone = |answer| loses_word("um cat The report dot txt please", answer, "cat the-report.txt");
        assert!(gone("cat report.txt") && gone("cat the.txt") && !gone("CAT THE Report TXT"));
        assert!(!loses_word("cat five", "cat", "cat 5"), "a word that is not wanted as such is not counted");
        assert!(!loses_word("ls dash la", "ls", "ls -la"), "two letters are too short");
    }

    #[test]
    fn tiers() {
        let check = |answer: &str, expected: &str, tier: Tier| {
            assert_eq!(Score::new(answer, &[], expected).tier, tier, "{answer:?} for {expected:?}");
        };
        check("ls  -la ", "ls -la", Tier::Exact);
        check("git commit -m fixed", "git commit -m fixes", Tier::Near);
        check("abcdefghij", "abcdefghix", Tier::Near);
        check("abcdefg123", "abcdefgxyz", Tier::Partial);
        check("rm", "ls", Tier::Wrong);
    }

    #[test]
    fn kinds_of_sameness() {
        let check = |answer: &str, others: &[&str], expected: &str, sameness: [bool; 3]| {
            let others: Vec<String> = others.iter().map(|other| other.to_string()).collect();
            let score = Score::new(answer, &others, expected);
            let found = [score.exact_ignoring_case, score.same_argv, score.in_top_four];
            assert_eq!(found, sameness, "{answer:?}, {others:?} for {expected:?}");
        };
        check("ls -LA", &[], "ls -la", [true, false, false]);
        check("echo 'a b'", &[], "echo \"a b\"", [false, true, false]);
        check("echo 'a", &[], "echo 'b", [false, false, false]);
        check("echo 'a", &[], "echo 'a", [true, true, true]);
        check("a", &["b", "c", "d", "e"], "d", [false, false, true]);
        check("a", &["b", "c", "d", "e"], "e", [false, false, false]);
    }

    #[test]
    fn tallies_add_up() {
        let json = Tally::of(&[Score::new("ls", &[], "ls"), Score::new("rm", &[], "ls")]).to_json();
        assert_eq!(json["exact"], 50.0);
        assert_eq!(json["effective"], 50.0);
        assert_eq!(json["counts"]["wrong"], 1);
        assert_eq!(json["cases"], 2);
        assert_eq!(Tally::default().to_json()["exact"], 0.0, "no cases must not divide by zero");
    }

    #[test]
    fn a_command_counts_once() {
        let tally = |answers: &[&str]| {
            let scores: Vec<Score> = answers.iter().map(|answer| Score::new(answer, &[], "ls")).collect();
            Tally::of(&scores)
        };
        // One command has four dictations, of which one is right; another has one, which is right.
        let both = ByCommand::of([tally(&["ls", "rm", "rm", "rm"]), tally(&["ls"]), tally(&[])]);
        assert_eq!((both.commands, both.percents[0]), (2, 62.5));
        assert_eq!(
            (both.to_json()["exact"].as_f64(), both.to_json()["commands"].as_u64()),
            (Some(62.5), Some(2))
        );
        assert_eq!(ByCommand::of([]).percents[0], 0.0, "no commands must not divide by zero");
    }
}

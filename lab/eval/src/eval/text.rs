//! An evaluation for people.

use super::answer::Answer;
use super::differences;
use super::run::{Run, Table, groups};
use crate::bootstrap::Interval;
use crate::score::MEASURES;
use sayso_corpus::cases::Case;
use std::fmt::Write as _;

impl Run {
    /// A row for each group and a column for each measure, in percent.
    pub(super) fn table(&self, cases: &[Case]) -> String {
        let mut text = String::new();
        for Table { caption, counted, rows } in self.tables(cases) {
            let width = rows.iter().map(|(name, ..)| name.chars().count()).max().unwrap_or(0);
            if !caption.is_empty() {
                let _ = writeln!(text, "\n{caption}");
            }
            let _ = write!(text, "{:<width$}  {counted}", "%");
            MEASURES.iter().for_each(|(_, heading)| text += &format!("  {heading:>5}"));
            text.push('\n');
            for (name, count, percents) in rows {
                let _ = write!(text, "{name:<width$}  {count:>column$}", column = counted.len());
                for ((_, heading), percent) in MEASURES.iter().zip(percents) {
                    let column = heading.len().max(5);
                    let _ = write!(text, "  {percent:>column$.1}");
                }
                text.push('\n');
            }
        }
        let seconds = self.pace().mean;
        text +=
            &format!("route {}, {seconds:.3e} s ({:.0} µs) per case\n", self.answerer.name(), seconds * 1e6);
        let stage = |(stage, members): (&str, Vec<usize>)| {
            format!("{stage} {}, exact {:.1} %", members.len(), self.tally(&members).percents()[0])
        };
        let stages: Vec<String> = self.stages().into_iter().map(stage).collect();
        let (all, alike) = self.alternatives();
        let share = 100.0 * alike as f64 / all.max(1) as f64;
        text + &format!(
            "answered by {}\n{all} alternatives, {share:.1} % of them other capitals only\n",
            stages.join("; ")
        )
    }

    /// The cases that crashed, by their number, text and what is known about why; nothing if there is none.
    pub(super) fn crash_list(&self, cases: &[Case]) -> String {
        let mut text = String::new();
        for (at, message) in self.crashes() {
            let (label, number, dictated) = (&self.label, at + 1, &cases[at].dictated);
            let _ =
                writeln!(text, "{label}: case {number} crashed and counts as wrong: {dictated:?}: {message}");
        }
        text
    }

    /// The `limit` worst answers, each aligned with the expected command and marked at their first difference.
    pub(super) fn errors(&self, cases: &[Case], limit: usize) -> String {
        let mut text = String::new();
        for at in self.worst(limit) {
            let (case, Answer { reply, score, .. }) = (&cases[at], &self.answers[at]);
            let first = reply.text.chars().zip(case.expected.chars()).take_while(|(a, b)| a == b).count();
            let _ = write!(
                text,
                "\n{} {:.2}, {}, {} {}\n  dictated  {}\n  expected  {}\n  got       {}\n            {:>mark$}\n",
                score.tier.name(),
                score.similarity,
                reply.mistake(case).name(),
                reply
                    .confidence
                    .map_or(String::new(), |confidence| format!("{} {confidence:.2}", reply.by.name())),
                case.groups.join(" "),
                case.dictated,
                case.expected,
                reply.text,
                "^",
                mark = first + 1,
            );
        }
        text
    }
}

/// Two routes or models side by side: a row per measure, then a row per group with the exact answers.
pub(super) fn comparison(cases: &[Case], a: &Run, b: &Run) -> String {
    let groups = groups(cases);
    let width = groups.iter().map(|(name, _)| name.chars().count()).chain([13]).max().unwrap_or(13);
    let all = &groups[0].1;
    let mut text = format!(
        "{:<width$}  {:>8}  {:>8}  difference (95 % interval)\n",
        format!("%, {} cases", cases.len()),
        a.label,
        b.label
    );
    let figures = a.tally(all).percents().into_iter().zip(b.tally(all).percents());
    for (((_, heading), (of_a, of_b)), interval) in MEASURES.iter().zip(figures).zip(differences(cases, a, b))
    {
        let Interval { mean, low, high } = interval;
        let _ = writeln!(
            text,
            "{heading:<width$}  {of_a:>8.1}  {of_b:>8.1}  {mean:>+6.1} ({low:+.1} to {high:+.1})"
        );
    }
    if groups.len() > 1 {
        text += "\nexact, by group\n";
    }
    for (name, members) in groups.iter().skip(1) {
        let (of_a, of_b) = (a.tally(members).percents()[0], b.tally(members).percents()[0]);
        let _ = writeln!(
            text,
            "{name:<width$}  {of_a:>8.1}  {of_b:>8.1}  {:>+6.1}  of {}",
            of_b - of_a,
            members.len()
        );
    }
    text
}

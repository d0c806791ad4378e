//! The gate: what kind of line this is, by the rules and by the tagger together.
//!
//! The rules know what is written. The tagger has seen many lines of each kind and knows what they have in common. The
//! costly mistake is to change a line that was right, so the rules' verdict that a line is a command weighs heavily.
//!
//! The thresholds were set by hand on 2026-11-23 for the first tagger that knew the kind of a line, and the one for
//! prose anew on 2026-11-28. `sayso-lab gate`
//! measures them; docs/BENCHMARKS.md has the counts.

use sayso_speech::gate::Verdict;
use sayso_speech::lattice::Step;
use sayso_tagger::LineClass;

/// What kind of line it is, and so what happens to it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Class {
    /// A command already: the line stays.
    Command {
        /// How sure that is, 0 to 1.
        confidence: f32,
    },
    /// A command but for its typography, which is mended.
    Mended,
    /// No command: the line stays.
    Prose {
        /// How sure that is, 0 to 1.
        confidence: f32,
    },
    /// Prose or a command by the rules, but a dictation by the tagger: the line changes only if the chosen path begins
    /// with the name of a command.
    MaybeCommand,
    /// A dictated command of which every separator was said: this is its one path.
    Strict(Vec<Step>),
    /// A dictated command whose path is still to be chosen.
    Dictation,
}

/// The rules say "command": the tagger overrules them above this probability of a dictation. Hand-chosen, 2026-11-28.
const OVERRULE_COMMAND_ABOVE: f32 = 0.97;
/// The rules say "dictation": the tagger overrules them above this probability of prose. Hand-chosen, 2026-11-28.
const OVERRULE_DICTATION_ABOVE: f32 = 0.9;
/// The rules say "prose": the tagger overrules them above this probability of a dictation. Hand-chosen, 2026-11-28.
const OVERRULE_PROSE_ABOVE: f32 = 0.9;
/// A line that says some separators but could be meant to have more is strict only above this probability. One line in
/// forty is strict in training; this bound keeps all 109,800 lines of the round trip strict. Hand-chosen, 2026-11-28.
const STRICT_ABOVE: f32 = 0.002;

/// Confidence that a line is a command where the rules say so and there is no tagger. Set by hand on 2026-11-23, on the
/// safe side: the rules alone keep 27,411 of 27,426 commands (docs/BENCHMARKS.md).
pub(crate) const RULES_ONLY_COMMAND: f32 = 0.95;
/// The same for a line without a command, of which the rules know much less: no better than even.
pub(crate) const RULES_ONLY_PROSE: f32 = 0.5;

/// The kind of a line that is not strict: `rules` is the verdict of the rules, `tagger` the tagger's probabilities
/// where it was asked.
pub(crate) fn classify(rules: Verdict, tagger: Option<LineClass>) -> Class {
    let Some(likely) = tagger else {
        return match rules {
            Verdict::Command => Class::Command { confidence: RULES_ONLY_COMMAND },
            Verdict::Prose => Class::Prose { confidence: RULES_ONLY_PROSE },
            Verdict::Dictation => Class::Dictation,
        };
    };
    let dictated = likely.dictation + likely.strict;
    match rules {
        Verdict::Command if dictated < OVERRULE_COMMAND_ABOVE => {
            Class::Command { confidence: 1.0 - dictated }
        }
        Verdict::Prose if dictated < OVERRULE_PROSE_ABOVE => Class::Prose { confidence: 1.0 - dictated },
        Verdict::Command | Verdict::Prose => Class::MaybeCommand,
        Verdict::Dictation if likely.prose > OVERRULE_DICTATION_ABOVE => {
            Class::Prose { confidence: likely.prose }
        }
        Verdict::Dictation => Class::Dictation,
    }
}

/// Whether a line that says some separators, and could be meant to have more, says all that it has.
pub(crate) fn says_all_separators(tagger: LineClass) -> bool {
    tagger.strict > STRICT_ABOVE
}

#[cfg(test)]
mod tests {
    use super::*;

    fn likely(command: f32, dictation: f32) -> Option<LineClass> {
        Some(LineClass { command, strict: 0.0, dictation, prose: 1.0 - command - dictation })
    }

    #[test]
    fn a_doubt_keeps_the_line() {
        assert!(matches!(classify(Verdict::Command, likely(0.1, 0.9)), Class::Command { .. }));
        assert_eq!(classify(Verdict::Command, likely(0.01, 0.99)), Class::MaybeCommand);
        assert!(matches!(classify(Verdict::Prose, likely(0.0, 0.4)), Class::Prose { .. }));
        assert_eq!(classify(Verdict::Prose, likely(0.0, 0.9)), Class::MaybeCommand);
        assert!(matches!(classify(Verdict::Dictation, likely(0.0, 0.05)), Class::Prose { .. }));
        // A line with spoken symbol names is no command as it stands, whatever the tagger says.
        assert_eq!(classify(Verdict::Dictation, likely(1.0, 0.0)), Class::Dictation);
    }

    #[test]
    fn the_rules_alone_keep_what_they_know() {
        assert!(matches!(classify(Verdict::Command, None), Class::Command { .. }));
        assert!(matches!(classify(Verdict::Prose, None), Class::Prose { .. }));
        assert_eq!(classify(Verdict::Dictation, None), Class::Dictation);
    }
}

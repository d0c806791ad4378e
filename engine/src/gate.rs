//! The gate: what a line is, by the rules and by the tagger together.
//!
//! The rules see what is written; the tagger, which has seen many lines of each kind, sees what they have in common.
//! The costly mistake is to change a line that was right, so that the rules' word for a command counts much.

use sayso_speech::gate::Verdict;
use sayso_tagger::LineClass;

/// What is done with a line.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Plan {
    /// It is a command already.
    KeepCommand {
        /// How sure that is.
        confidence: f32,
    },
    /// It is no command.
    KeepProse {
        /// How sure that is.
        confidence: f32,
    },
    /// The path is to be chosen.
    Choose,
    /// The path is to be chosen, and the line kept where it does not begin with the name of a command.
    ChooseCommand,
}

/// How sure the tagger must be of a dictation where the rules see a command.
const HEARD: f32 = 0.97;
/// How sure it must be of words without a command where the rules see a dictation.
const TALK: f32 = 0.9;
/// How sure it must be of a dictation where the rules see words without a command.
const NO_TALK: f32 = 0.6;
/// A line that says its separators and that the tagger finds less likely to say all of them than this does not. In training
/// one line in forty is strict; at this bound every one of the 109,800 lines of the round trip stays strict.
const STRICT: f32 = 0.002;

/// What the rules are sure of where there is no tagger to ask.
const BY_RULE: f32 = 0.95;

/// What is done with a line that `rules` hold for something, and the tagger, where it was asked, for something `likely`.
pub(crate) fn plan(rules: Verdict, likely: Option<LineClass>) -> Plan {
    let Some(likely) = likely else {
        return match rules {
            Verdict::Command => Plan::KeepCommand { confidence: BY_RULE },
            Verdict::Prose => Plan::KeepProse { confidence: 0.5 },
            Verdict::Dictation => Plan::Choose,
        };
    };
    let said = likely.dictation + likely.strict;
    match rules {
        Verdict::Command if said < HEARD => Plan::KeepCommand { confidence: 1.0 - said },
        Verdict::Prose if said < NO_TALK => Plan::KeepProse { confidence: 1.0 - said },
        Verdict::Prose => Plan::ChooseCommand,
        Verdict::Dictation if likely.prose > TALK => Plan::KeepProse { confidence: likely.prose },
        _ => Plan::Choose,
    }
}

/// Whether a line that says some separators, and could be meant to be said with more, says all that it has.
pub(crate) fn says_separators(likely: LineClass) -> bool {
    likely.strict > STRICT
}

#[cfg(test)]
mod tests {
    use super::*;

    fn likely(command: f32, dictation: f32) -> Option<LineClass> {
        Some(LineClass { command, strict: 0.0, dictation, prose: 1.0 - command - dictation })
    }

    #[test]
    fn a_doubt_keeps_the_line() {
        assert!(matches!(plan(Verdict::Command, likely(0.1, 0.9)), Plan::KeepCommand { .. }));
        assert_eq!(plan(Verdict::Command, likely(0.01, 0.99)), Plan::Choose);
        assert!(matches!(plan(Verdict::Prose, likely(0.0, 0.4)), Plan::KeepProse { .. }));
        assert_eq!(plan(Verdict::Prose, likely(0.0, 0.9)), Plan::ChooseCommand);
        assert!(matches!(plan(Verdict::Dictation, likely(0.0, 0.05)), Plan::KeepProse { .. }));
        // What was said by name is no command as it stands, whatever the tagger thinks.
        assert_eq!(plan(Verdict::Dictation, likely(1.0, 0.0)), Plan::Choose);
    }

    #[test]
    fn the_rules_alone_keep_what_they_know() {
        assert!(matches!(plan(Verdict::Command, None), Plan::KeepCommand { .. }));
        assert!(matches!(plan(Verdict::Prose, None), Plan::KeepProse { .. }));
        assert_eq!(plan(Verdict::Dictation, None), Plan::Choose);
    }
}

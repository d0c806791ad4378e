//! What is wrong with a wrong answer, in one word, because mistakes of a kind often share a cause.

use crate::similarity::collapse;

/// The kinds of mistakes. The first kind that fully explains an answer is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Mistake {
    /// The engine refused.
    Refused,
    /// The conversion crashed.
    Crashed,
    /// The line is still what was dictated.
    Unchanged,
    /// Right except for white space.
    Spacing,
    /// Right except for upper and lower case.
    Case,
    /// Right except for both.
    SpacingAndCase,
    /// Letters and digits are right, signs are not.
    Symbol,
    /// Right except for digits.
    Digits,
    /// The words are right, but some are missing.
    MissingWords,
    /// The right words are all there, and so are others.
    ExtraWords,
    /// Several of these at once, or other words.
    Other,
}

impl Mistake {
    /// All kinds, in order.
    pub(super) const ALL: [Mistake; 11] = [
        Mistake::Refused,
        Mistake::Crashed,
        Mistake::Unchanged,
        Mistake::Spacing,
        Mistake::Case,
        Mistake::SpacingAndCase,
        Mistake::Symbol,
        Mistake::Digits,
        Mistake::MissingWords,
        Mistake::ExtraWords,
        Mistake::Other,
    ];

    /// The words for people.
    pub(super) fn name(self) -> &'static str {
        match self {
            Mistake::Refused => "refused",
            Mistake::Crashed => "crashed",
            Mistake::Unchanged => "unchanged",
            Mistake::Spacing => "spacing only",
            Mistake::Case => "case only",
            Mistake::SpacingAndCase => "spacing and case",
            Mistake::Symbol => "symbols",
            Mistake::Digits => "digits",
            Mistake::MissingWords => "missing words",
            Mistake::ExtraWords => "extra words",
            Mistake::Other => "other",
        }
    }

    /// Classifies the difference between `got` and `expected`, which must differ. Refusals and crashes look like any
    /// other answer here.
    pub(super) fn of(dictated: &str, expected: &str, got: &str) -> Mistake {
        let (dictated, expected, got) = (collapse(dictated), collapse(expected), collapse(got));
        let alike = |keep: fn(&str) -> String| keep(&expected) == keep(&got);
        if got == dictated {
            Mistake::Unchanged
        } else if alike(without_spaces) {
            Mistake::Spacing
        } else if alike(str::to_lowercase) {
            Mistake::Case
        } else if alike(|text| without_spaces(text).to_lowercase()) {
            Mistake::SpacingAndCase
        } else if alike(|text| text.chars().filter(|c| c.is_alphanumeric()).collect()) {
            Mistake::Symbol
        } else if alike(|text| without_spaces(text).chars().filter(|c| !c.is_numeric()).collect()) {
            Mistake::Digits
        } else if is_within(&got, &expected) {
            Mistake::MissingWords
        } else if is_within(&expected, &got) {
            Mistake::ExtraWords
        } else {
            Mistake::Other
        }
    }
}

fn without_spaces(text: &str) -> String {
    text.split_whitespace().collect()
}

/// Whether `whole` holds all words of `part` in their order.
fn is_within(part: &str, whole: &str) -> bool {
    let mut whole = whole.split_whitespace();
    part.split_whitespace().all(|word| whole.any(|other| other == word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds() {
        let check = |expected: &str, got: &str, kind: Mistake| {
            assert_eq!(Mistake::of("said", expected, got), kind, "{got:?} for {expected:?}");
        };
        check("ls -la", "said", Mistake::Unchanged);
        check("ls -la", "ls -l a", Mistake::Spacing);
        check("ls -la", "ls -LA", Mistake::Case);
        check("ls -la", "ls -L A", Mistake::SpacingAndCase);
        check("echo \"a\"", "echo 'a'", Mistake::Symbol);
        check("git add .", "git add", Mistake::Symbol);
        check("chmod 755 x", "chmod 750 5 x", Mistake::Digits);
        check("git push origin main", "git push main", Mistake::MissingWords);
        check("git push main", "so git push the main", Mistake::ExtraWords);
        check("ls -la", "rm -rf", Mistake::Other);
        check("ls", "", Mistake::MissingWords);
    }
}

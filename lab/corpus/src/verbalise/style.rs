//! How one person says one command.

use fastrand::Rng;

/// How one person says one command.
#[derive(Debug, Clone, Copy)]
pub struct Style {
    /// How often a separator is said, of 100.
    pub(super) spaces: u8,
    /// How often a symbol goes by another name than its first, of 100.
    pub(super) synonyms: u8,
    /// How numbers are said.
    pub(super) numbers: Numbers,
    /// How the case of letters is said.
    pub(super) letters: Letters,
    /// How often a short name is spelled, of 100.
    pub(super) spelled: u8,
    /// How often a name is said as a speech engine writes it down (`cube control`), of 100.
    pub(super) heard: u8,
    /// Arguments at the start that were typed.
    pub(super) typed: usize,
    /// Whether the last closing quote is left out.
    pub(super) unclosed: bool,
    /// How often the dashes within the name of a flag or a command are left out, of 100.
    pub(super) bare: u8,
    /// Whether a zero among digits is an "oh".
    pub(super) oh: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Numbers {
    /// Below a hundred as a number, others digit by digit.
    Nl2bash,
    /// One of the ways that people say numbers.
    Varied,
    /// As digits: the dictation tool writes them.
    Digits,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Letters {
    /// Single letters in upper case, whatever case they have.
    Upper,
    /// Unchanged.
    AsIs,
    /// In lower case, with a directive before an upper-case letter.
    Directed,
    /// In lower case: nothing says which letters are capitals.
    Lower,
}

impl Style {
    /// The style of the dialect of the public series.
    pub fn nl2bash() -> Style {
        Style {
            spaces: 0,
            synonyms: 0,
            numbers: Numbers::Nl2bash,
            letters: Letters::Upper,
            spelled: 0,
            heard: 0,
            typed: 0,
            unclosed: false,
            bare: 0,
            oh: false,
        }
    }

    /// The style of a person. The shares are hand-chosen, 2026-11-23.
    pub fn drawn(random: &mut Rng) -> Style {
        let of = |random: &mut Rng, choices: &[u8]| choices[random.usize(..choices.len())];
        Style {
            spaces: of(random, &[0, 0, 0, 0, 0, 0, 10, 40, 80, 96]),
            synonyms: of(random, &[0, 0, 10, 30, 60]),
            numbers: [Numbers::Varied, Numbers::Varied, Numbers::Varied, Numbers::Digits][random.usize(..4)],
            letters: [
                Letters::Directed,
                Letters::Directed,
                Letters::Directed,
                Letters::Directed,
                Letters::AsIs,
                Letters::Lower,
                Letters::Upper,
            ][random.usize(..7)],
            spelled: of(random, &[0, 0, 10, 30, 60, 90]),
            heard: of(random, &[0, 0, 5, 20, 50]),
            typed: if random.u8(..12) == 0 { random.usize(1..4) } else { 0 },
            unclosed: random.u8(..12) == 0,
            bare: of(random, &[0, 0, 0, 20, 70]),
            oh: random.u8(..5) == 0,
        }
    }
}

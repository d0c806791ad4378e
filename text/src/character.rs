//! Characters that no command line may hold, because they are invisible, reorder text or control the terminal.

use std::fmt;

const CONTROL: &str = "control character";
const BIDI: &str = "bidirectional control";
const ZERO_WIDTH: &str = "zero-width character";
const SEPARATOR: &str = "line separator";
const INVISIBLE: &str = "invisible character";

/// The forbidden characters as inclusive ranges with a name for each, in ascending order.
///
/// These are the control characters, the line separators, the interlinear annotations, and everything that Unicode 16
/// calls Default_Ignorable_Code_Point, because terminals show it as nothing. Tab and newline are allowed: both can be
/// dictated, and both occur in multi-line buffers. So are the variation selectors U+FE00 to U+FE0F, which belong to
/// visible symbols.
pub const RANGES: &[(char, char, &str)] = &[
    ('\0', '\u{8}', CONTROL),
    ('\u{b}', '\u{1a}', CONTROL),
    ('\u{1b}', '\u{1b}', "escape"),
    ('\u{1c}', '\u{1f}', CONTROL),
    ('\u{7f}', '\u{9f}', CONTROL),
    ('\u{ad}', '\u{ad}', ZERO_WIDTH),
    ('\u{34f}', '\u{34f}', INVISIBLE),
    ('\u{61c}', '\u{61c}', BIDI),
    ('\u{115f}', '\u{1160}', INVISIBLE),
    ('\u{17b4}', '\u{17b5}', INVISIBLE),
    ('\u{180b}', '\u{180d}', INVISIBLE),
    ('\u{180e}', '\u{180e}', ZERO_WIDTH),
    ('\u{180f}', '\u{180f}', INVISIBLE),
    ('\u{200b}', '\u{200d}', ZERO_WIDTH),
    ('\u{200e}', '\u{200f}', BIDI),
    ('\u{2028}', '\u{2029}', SEPARATOR),
    ('\u{202a}', '\u{202e}', BIDI),
    ('\u{2060}', '\u{2065}', ZERO_WIDTH),
    ('\u{2066}', '\u{2069}', BIDI),
    ('\u{206a}', '\u{206f}', INVISIBLE),
    ('\u{3164}', '\u{3164}', INVISIBLE),
    ('\u{feff}', '\u{feff}', ZERO_WIDTH),
    ('\u{ffa0}', '\u{ffa0}', INVISIBLE),
    ('\u{fff0}', '\u{fffb}', INVISIBLE),
    ('\u{1bca0}', '\u{1bca3}', INVISIBLE),
    ('\u{1d173}', '\u{1d17a}', INVISIBLE),
    ('\u{e0000}', '\u{e0fff}', INVISIBLE),
];

/// A forbidden character in a text. Displays as "U+001B (escape) stands at character 2".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Forbidden {
    /// The character.
    pub character: char,
    /// What people call it.
    pub name: &'static str,
    /// How many characters come before it.
    pub position: usize,
}

impl Forbidden {
    /// Finds the first forbidden character of `text`.
    pub fn first_in(text: &str) -> Option<Forbidden> {
        text.chars().enumerate().find_map(|(position, character)| {
            forbidden(character).map(|name| Forbidden { character, name, position })
        })
    }
}

impl fmt::Display for Forbidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Forbidden { character, name, position } = self;
        write!(f, "U+{:04X} ({name}) stands at character {position}", u32::from(*character))
    }
}

/// Names what is wrong with `c`; `None` if it may stand in a command line.
pub fn forbidden(c: char) -> Option<&'static str> {
    // Nearly every character is printable ASCII, which needs no search.
    if (' '..='~').contains(&c) {
        return None;
    }
    let next = RANGES.partition_point(|&(_, last, _)| last < c);
    RANGES.get(next).filter(|&&(first, ..)| first <= c).map(|&(_, _, name)| name)
}

/// Whether no command line may hold `c`.
pub fn is_forbidden(c: char) -> bool {
    forbidden(c).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forbidden_is_what_hides_reorders_or_controls() {
        for c in
            ['\0', '\r', '\u{7}', '\u{1b}', '\u{7f}', '\u{85}', '\u{9b}', '\u{200b}', '\u{200d}', '\u{feff}']
        {
            assert!(is_forbidden(c), "U+{:04X}", u32::from(c));
        }
        for c in
            ['\u{202a}', '\u{202e}', '\u{2066}', '\u{2069}', '\u{61c}', '\u{200f}', '\u{2028}', '\u{e0041}']
        {
            assert!(is_forbidden(c), "U+{:04X}", u32::from(c));
        }
        for c in "\u{34f}\u{1160}\u{17b4}\u{180b}\u{180f}\u{2065}\u{3164}\u{ffa0}\u{fff0}\u{fff8}\u{1bca0}\u{1d17a}".chars() {
            assert!(is_forbidden(c), "U+{:04X}", u32::from(c));
        }
        assert!(is_forbidden('\u{e0100}') && is_forbidden('\u{e0fff}'));
        for c in ['\t', '\n', ' ', 'a', '\u{e9}', '\u{a0}', '\u{2014}', '\u{4e2d}', '\u{1f600}', '\u{fe0f}'] {
            assert!(!is_forbidden(c), "U+{:04X}", u32::from(c));
        }
    }

    #[test]
    fn every_control_character_but_tab_and_newline_is_forbidden() {
        for c in (0..=0x10ffff).filter_map(char::from_u32).filter(|c| c.is_control()) {
            assert_eq!(is_forbidden(c), c != '\t' && c != '\n', "U+{:04X}", u32::from(c));
        }
    }

    #[test]
    fn the_ranges_are_in_order_and_do_not_overlap() {
        assert!(RANGES.iter().all(|&(first, last, _)| first <= last));
        assert!(RANGES.windows(2).all(|pair| pair[0].1 < pair[1].0));
    }

    #[test]
    fn the_first_one_is_named_with_its_position_in_characters() {
        let found = Forbidden::first_in("\u{e9}\u{e9}\u{1b}\u{0}").unwrap();
        assert_eq!(found.to_string(), "U+001B (escape) stands at character 2");
        assert_eq!(Forbidden::first_in("ls\t-l\n"), None);
    }
}

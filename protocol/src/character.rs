//! Characters that no command line may hold, because they hide, reorder or send what is not seen.

use crate::{Code, Fault};

/// What is wrong with `c`, or `None` where it may stand in a command line.
///
/// Forbidden are control characters, and all that Unicode calls Default_Ignorable_Code_Point, because it is shown as
/// nothing. Tab and newline may stand: both can be dictated, and both arrive in multi-line buffers. The variation
/// selectors U+FE00 to U+FE0F may too: they belong to visible symbols.
pub fn forbidden(c: char) -> Option<&'static str> {
    Some(match c {
        '\t' | '\n' => return None,
        '\u{1b}' => "escape",
        c if c.is_control() => "control character",
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
            "bidirectional control"
        }
        '\u{ad}' | '\u{180e}' | '\u{200b}'..='\u{200d}' | '\u{2060}'..='\u{2065}' | '\u{feff}' => {
            "zero-width character"
        }
        '\u{2028}' | '\u{2029}' => "line separator",
        '\u{34f}'
        | '\u{115f}'..='\u{1160}'
        | '\u{17b4}'..='\u{17b5}'
        | '\u{180b}'..='\u{180f}'
        | '\u{206a}'..='\u{206f}'
        | '\u{3164}'
        | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffb}'
        | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}' => "invisible character",
        _ => return None,
    })
}

/// Whether no command line may hold `c`. The daemon and the client ask the same question.
pub fn is_forbidden(c: char) -> bool {
    forbidden(c).is_some()
}

/// Refuses `text` with [`Code::BadCharacter`], naming the first forbidden character and its place.
pub fn check_text(text: &str) -> Result<(), Fault> {
    let Some((at, c)) = text.chars().enumerate().find(|(_, c)| is_forbidden(*c)) else { return Ok(()) };
    let name = forbidden(c).unwrap_or("forbidden");
    let message = format!("U+{:04X} ({name}) stands at character {at}", u32::from(c));
    Err(Fault::new(Code::BadCharacter, message))
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
    fn the_first_one_is_named_with_its_place_in_characters() {
        let fault = check_text("\u{e9}\u{e9}\u{1b}\u{0}").unwrap_err();
        assert_eq!(fault.message, "U+001B (escape) stands at character 2");
    }
}

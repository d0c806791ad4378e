//! Quoting: how a name is written on a command line, and which names never are.

use sayso_text::is_forbidden;

/// Longest name that is offered, in bytes. Nobody says a longer one.
pub const MAX_NAME_BYTES: usize = 400;

/// Whether a name may be offered. A stranger's folder can hold any name, so these are refused: what hides or reorders
/// characters or breaks a line, what begins like a flag, a backslash (shells disagree about it), and letters of several
/// alphabets in one word, which look like another name than they are.
pub fn may_be_offered(name: &str) -> bool {
    let flag = |part: &str| part.starts_with(['-', '+', '#']);
    !name.is_empty()
        && name.len() <= MAX_NAME_BYTES
        && name.chars().any(char::is_alphanumeric)
        && !name
            .chars()
            .any(|c| is_forbidden(c) || c.is_control() || matches!(c, '\\' | '\u{fe00}'..='\u{fe0f}'))
        && !name.chars().any(|c| c.is_whitespace() && c != ' ')
        && !name.split('/').any(|part| flag(part) || part.starts_with(' ') || part.ends_with(' '))
        && !mixes_alphabets(name)
}

/// Whether a word of the name has letters of several alphabets, or letters that only look like those of ASCII.
fn mixes_alphabets(name: &str) -> bool {
    let alphabet = |c: char| match c {
        'a'..='z' | 'A'..='Z' | '\u{c0}'..='\u{24f}' | '\u{1e00}'..='\u{1eff}' => Some(1),
        '\u{370}'..='\u{3ff}' | '\u{1f00}'..='\u{1fff}' => Some(2),
        '\u{400}'..='\u{52f}' => Some(3),
        '\u{530}'..='\u{58f}' => Some(4),
        '\u{13a0}'..='\u{13ff}' => Some(5),
        // Letters of other forms: full width, mathematical, small capitals.
        '\u{ff21}'..='\u{ff5a}'
        | '\u{1d400}'..='\u{1d7ff}'
        | '\u{250}'..='\u{2af}'
        | '\u{1d00}'..='\u{1dbf}' => Some(6),
        _ => None,
    };
    let mut words = name.split(|c: char| !c.is_alphanumeric());
    words.any(|word| {
        let mut found = word.chars().filter_map(alphabet);
        let first = found.next();
        first == Some(6) || found.any(|other| Some(other) != first)
    })
}

/// The name as one word for zsh, bash and fish, which read these forms alike. A `~/` at its start stays outside of the
/// quotes, so that it still means the home folder.
pub fn quoted(name: &str) -> String {
    match name.strip_prefix("~/") {
        Some(rest) => format!("~/{}", quoted(rest)),
        None if is_plain(name) => name.to_owned(),
        None if !name.contains(['$', '`', '"', '!', '\\']) => format!("\"{name}\""),
        None => format!("'{}'", name.replace('\'', r"'\''")),
    }
}

/// Whether no shell sees more in a name than its characters.
fn is_plain(name: &str) -> bool {
    let plain = |c: char| {
        c.is_ascii_alphanumeric()
            || matches!(c, '_' | '.' | '/' | '-' | '+' | '@' | ',' | ':' | '=' | '%')
            || { !c.is_ascii() && c.is_alphanumeric() }
    };
    // zsh expands `=name`, and `%` at the start names a job.
    !name.starts_with(['=', '%', ':']) && name.chars().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_as_a_shell_needs_them() {
        for (name, written) in [
            ("src/main.rs", "src/main.rs"),
            ("Rough Plan.md", "\"Rough Plan.md\""),
            ("Ann's list.txt", "\"Ann's list.txt\""),
            ("cost $5.txt", "'cost $5.txt'"),
            ("it's $5", r"'it'\''s $5'"),
            ("a;b", "\"a;b\""),
            ("x&y", "\"x&y\""),
            ("=ls", "\"=ls\""),
            ("~/My Files", "~/\"My Files\""),
            ("a~b", "\"a~b\""),
            ("grün.txt", "grün.txt"),
        ] {
            assert_eq!(quoted(name), written);
        }
    }

    #[test]
    fn hostile_names_are_never_offered() {
        for name in [
            "",
            "-rf",
            "src/--help",
            "a\nb",
            "a\u{202e}txt.exe",
            "zero\u{200b}width",
            "esc\u{1b}[31m",
            "back\\slash",
            "p\u{430}ssword",
            "\u{ff4c}\u{ff53}",
            " leading",
            "trailing ",
            "...",
            "tab\there",
        ] {
            assert!(!may_be_offered(name), "{name:?}");
        }
        for name in ["отчёт.txt", "日本語.md", "naïve.rs", "a b", "$(reboot)", "x;y"] {
            assert!(may_be_offered(name), "{name:?}");
        }
    }

    proptest! {
        /// What is written without quotes holds nothing that a shell interprets, and what is written within them can
        /// neither end them nor be expanded there.
        #[test]
        fn nothing_is_left_to_interpret(name in "[ -~é日~]{1,24}") {
            prop_assume!(may_be_offered(&name));
            let written = quoted(&name);
            let body = written.strip_prefix("~/").unwrap_or(&written);
            if let Some(inner) = body.strip_prefix('"') {
                let inner = inner.strip_suffix('"').unwrap();
                prop_assert!(!inner.contains(['"', '$', '`', '\\', '!']));
            } else if body.starts_with('\'') {
                let inner = body.replace(r"'\''", "");
                prop_assert_eq!(inner.matches('\'').count(), 2);
                prop_assert!(inner.starts_with('\'') && inner.ends_with('\''));
            } else {
                let special = "|&;<>()$`\\\"' \t\n*?[]{}#~!^";
                prop_assert!(!body.contains(|c| special.contains(c)), "{}", written);
            }
        }
    }
}

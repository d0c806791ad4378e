//! Symbols of the shell, by what they do to a command line.

/// Whether a symbol ends a simple command, so that a new one begins behind it. An `&` that belongs to a redirection
/// (`>& file`) does not: see [`ends_command_after`].
pub fn ends_command(symbol: &str) -> bool {
    matches!(symbol, "|" | "||" | "&&" | ";" | "&" | "|&")
}

/// [`ends_command`] for a symbol that stands behind `before`, the word or symbol that it would be glued to.
pub fn ends_command_after(before: &str, symbol: &str) -> bool {
    ends_command(symbol) && !(symbol == "&" && before.ends_with(['>', '<']))
}

/// Whether a symbol redirects input or output: a file's name or number follows.
pub fn is_redirection(symbol: &str) -> bool {
    matches!(symbol, ">" | ">>" | "<" | "2>" | "<<" | "2>&" | "2>&1")
}

/// The opening sign that a bracket closes.
pub fn opening_of(bracket: char) -> Option<char> {
    match bracket {
        ')' => Some('('),
        ']' => Some('['),
        '}' => Some('{'),
        _ => None,
    }
}

/// The first character of a symbol; a space if it is empty.
pub(crate) fn first_char(symbol: &str) -> char {
    symbol.chars().next().unwrap_or(' ')
}

/// The character of a text that has only one.
pub fn only_char(text: &str) -> Option<char> {
    let mut characters = text.chars();
    characters.next().filter(|_| characters.next().is_none())
}

/// The simple command at the end of typed shell text: what stands behind the last operator. Quotes are not looked at.
pub fn last_command(text: &str) -> &str {
    // Every operator of `ends_command` is made of these characters.
    text.rsplit(['|', ';', '&']).next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operators() {
        for operator in ["|", "||", "&&", ";", "&", "|&"] {
            assert!(ends_command(operator));
            assert_eq!(last_command(&format!("ls {operator} grep")), " grep");
        }
        assert!(!ends_command(">") && !ends_command("2>&1") && !ends_command("a"));
        assert!(
            ends_command_after("sleep", "&")
                && !ends_command_after("2>", "&")
                && ends_command_after(">", "|")
        );
    }
}

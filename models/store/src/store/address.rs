//! Addresses in messages.

/// The text without the user and the password of the addresses in it: everything between `//` and
/// the last `@` of the word. An address without `//` loses all before its last `@`.
pub(super) fn without_password(text: &str) -> String {
    let is_end = |c: char| c.is_whitespace() || matches!(c, '"' | '<' | '>' | ')' | '(');
    text.split_inclusive(is_end)
        .map(|word| match (word.find("//"), word.rfind('@')) {
            (Some(start), Some(end)) if start < end => format!("{}{}", &word[..start + 2], &word[end + 1..]),
            (None, Some(end)) => word[end + 1..].to_owned(),
            _ => word.to_owned(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_lose_their_password() {
        for (text, kept) in [
            ("https://ada:secret@hub.example/x", "https://hub.example/x"),
            ("cannot reach http://ada:se@cr/et@h:8080: refused", "cannot reach http://h:8080: refused"),
            ("ada:secret@hub.example", "hub.example"),
            ("\"https://ada@hub\" (no)", "\"https://hub\" (no)"),
            ("no answer within 30 s", "no answer within 30 s"),
            ("https://hub.example/a/b", "https://hub.example/a/b"),
        ] {
            assert_eq!(without_password(text), kept);
        }
    }
}

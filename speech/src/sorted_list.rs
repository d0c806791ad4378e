//! Lists of words that are compiled in: a line each, sorted by bytes. A question is a binary search; nothing is built.

/// Whether `word` is a line of `list`.
pub(crate) fn contains(list: &str, word: &str) -> bool {
    !word.is_empty() && line_from(list, word) == Some(word)
}

/// Whether a line of `list` begins with `prefix`.
pub(crate) fn starts_any(list: &str, prefix: &str) -> bool {
    line_from(list, prefix).is_some_and(|line| line.starts_with(prefix))
}

/// The first line that does not sort before `word`.
fn line_from<'l>(list: &'l str, word: &str) -> Option<&'l str> {
    let bytes = list.as_bytes();
    let is_break = |byte: &u8| *byte == b'\n';
    // Both are where a line begins: all lines before `low` are smaller, none from `high` on is.
    let (mut low, mut high) = (0, bytes.len());
    while low < high {
        let middle = low + (high - low) / 2;
        let start = bytes[low..middle].iter().rposition(is_break).map_or(low, |at| low + at + 1);
        let end = bytes[middle..].iter().position(is_break).map_or(bytes.len(), |at| middle + at);
        if bytes[start..end] < *word.as_bytes() {
            low = (end + 1).min(bytes.len());
        } else {
            high = start;
        }
    }
    list[low..].lines().next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_a_set_says() {
        let list = "a-b\nab\nabc\nb\nzsh\n";
        let lines: Vec<&str> = list.lines().collect();
        for word in ["", "a", "a-", "a-b", "ab", "abc", "abcd", "b", "ba", "zsh", "zshx", "~", "é"] {
            assert_eq!(contains(list, word), lines.contains(&word), "{word:?}");
            assert_eq!(starts_any(list, word), lines.iter().any(|line| line.starts_with(word)), "{word:?}");
        }
        assert!(!contains("", "a") && !starts_any("", ""));
    }
}

//! `file-2.txt` → `a-9.a`: what kind of text something is, whatever its letters.

/// The shape of a text: each run of digits, small or capital letters becomes one character, anything else stays. It can
/// grow at its end, like the text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pattern {
    /// UTF-8, of which the first `length` bytes count: at most 15, the longest pattern and one more character.
    bytes: [u8; 16],
    length: u8,
    /// Its last character.
    last: char,
}

impl Pattern {
    /// Of no text.
    pub(super) const EMPTY: Pattern = Pattern { bytes: [0; 16], length: 0, last: '\0' };
    /// In bytes; a longer pattern does not grow any further. Hand-chosen, never measured apart.
    const LONGEST: u8 = 12;

    /// Of a whole text.
    pub(super) fn of(text: &str) -> Pattern {
        Pattern::EMPTY.and(text)
    }

    /// With `text` behind it.
    #[must_use]
    pub(super) fn and(mut self, text: &str) -> Pattern {
        for c in text.chars() {
            if self.length >= Pattern::LONGEST {
                break;
            }
            let class = match c {
                _ if c.is_ascii_digit() => '9',
                _ if c.is_lowercase() => 'a',
                _ if c.is_uppercase() => 'A',
                other => other,
            };
            if self.last != class || !class.is_alphanumeric() {
                self.length += class.encode_utf8(&mut self.bytes[usize::from(self.length)..]).len() as u8;
                self.last = class;
            }
        }
        self
    }

    /// As bytes of UTF-8.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.length)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        for (text, pattern) in
            [("file-2.txt", "a-9.a"), ("--all", "--a"), ("x/y/z/1/2/3/4/5", "a/a/a/9/9/9/")]
        {
            assert_eq!(Pattern::of(text).bytes(), pattern.as_bytes(), "{text}");
            let (first, second) = text.split_at(3);
            assert_eq!(Pattern::of(first).and(second).bytes(), pattern.as_bytes(), "{text}");
        }
    }
}

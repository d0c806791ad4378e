//! The two ways to write a message, and how to tell them apart by their first bytes.

/// Most digits in the count of a message in fields. Hand-chosen, 2026-11-28.
const MAX_COUNT_DIGITS: usize = 4;

/// How a message is written. A request is answered in its own form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Form {
    /// One JSON object on a line.
    #[default]
    Json,
    /// A count, then that many fields, each of them ended by a NUL byte; then a newline. For shells without a JSON
    /// parser.
    Fields,
    /// As `Fields`, with a note behind each alternative of the reply.
    Noted,
}

/// What the first bytes of a message say about its form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Start {
    /// Too few bytes to tell.
    Open,
    /// A message in JSON, or bytes that are no message at all.
    Json,
    /// A message of `count` fields, the first of which begins after `bytes` bytes.
    Fields {
        /// Fields that follow.
        count: usize,
        /// Bytes of the count and of the NUL after it.
        bytes: usize,
    },
}

impl Form {
    /// The form of a whole message. Bytes that are no message count as JSON, so that they are answered in JSON.
    pub fn of(message: &[u8]) -> Form {
        if matches!(start(message), Start::Fields { .. }) { Form::Fields } else { Form::Json }
    }
}

/// Looks at the start of a message. No JSON object begins with a digit.
pub(crate) fn start(bytes: &[u8]) -> Start {
    let digits = bytes.iter().take(MAX_COUNT_DIGITS).take_while(|byte| byte.is_ascii_digit()).count();
    match bytes.get(digits) {
        None => Start::Open,
        Some(0) if digits > 0 => {
            let count = bytes[..digits].iter().fold(0, |count, digit| 10 * count + usize::from(digit - b'0'));
            Start::Fields { count, bytes: digits + 1 }
        }
        Some(_) => Start::Json,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_and_a_nul_begin_a_message_in_fields() {
        let cases = [
            (&b""[..], Start::Open),
            (b"1234", Start::Open),
            (b"12\0", Start::Fields { count: 12, bytes: 3 }),
            (b"0\0", Start::Fields { count: 0, bytes: 2 }),
            (b"9999\0v=1", Start::Fields { count: 9999, bytes: 5 }),
            (b"12345\0", Start::Json),
            (b"12\n", Start::Json),
            (b"{\"v\":1", Start::Json),
            (b"\0", Start::Json),
            (b"HTTP", Start::Json),
        ];
        for (bytes, expected) in cases {
            assert_eq!(start(bytes), expected, "{bytes:?}");
        }
    }
}

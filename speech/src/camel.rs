//! Names in camel case, split into their words: `getUserID` → get, User, ID.

use std::ops::Range;

/// The byte ranges of the words of a name. A word begins at a capital behind a lower-case letter, and at the last capital
/// of a run if a lower-case letter follows: `XMLHttp` → XML, Http. That run must have at least `shortest` capitals left:
/// with 1, `AFile` is A, File; with 2 it is one word.
pub fn words(name: &str, shortest: usize) -> impl Iterator<Item = Range<usize>> {
    let bytes = name.as_bytes();
    let mut start = 0;
    let ends = (1..=bytes.len()).filter(move |&at| {
        let (upper, lower) = (
            |at: usize| bytes.get(at).is_some_and(u8::is_ascii_uppercase),
            |at: usize| bytes.get(at).is_some_and(u8::is_ascii_lowercase),
        );
        let ends =
            at == bytes.len() || upper(at) && (lower(at - 1) || lower(at + 1) && at - start >= shortest);
        if ends {
            start = at;
        }
        ends
    });
    ends.scan(0, |start, end| Some(std::mem::replace(start, end)..end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_names() {
        for (name, expected, longer) in [
            ("getUserID", "get User ID", "get User ID"),
            ("XMLHttpRequest", "XML Http Request", "XML Http Request"),
            ("AFile", "A File", "AFile"),
            ("FOObar", "FO Obar", "FO Obar"),
            ("lower", "lower", "lower"),
            ("", "", ""),
        ] {
            let split =
                |shortest| words(name, shortest).map(|word| &name[word]).collect::<Vec<_>>().join(" ");
            assert_eq!((split(1).as_str(), split(2).as_str()), (expected, longer), "{name:?}");
        }
    }
}

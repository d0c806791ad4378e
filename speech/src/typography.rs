//! Typography: what keyboards and speech engines write for a character of the shell, made plain.
//!
//! Text between quotes that were typed stays as it is, byte for byte. Quotes that an engine curled are plain quotes
//! after this, and what stands between them is made plain too.

use crate::quote::typed_quote;

/// A line in plain characters, and where each came from.
pub(crate) struct Plain {
    pub(crate) text: String,
    /// Byte of `text` → character of the source; `None` where both are the same (ASCII).
    pub(crate) characters: Option<Vec<u32>>,
}

/// What is written for a plain character; "" for what vanishes.
fn plain_form(c: char) -> Option<&'static str> {
    Some(match c {
        '–' | '‐' | '‑' | '‒' | '−' | '﹣' => "-",
        '—' | '―' => "--",
        '“' | '”' | '„' | '‟' | '«' | '»' | '″' | '〝' | '〞' => "\"",
        '‘' | '’' | '‚' | '‛' | '‹' | '›' | '′' => "'",
        '…' => "...",
        '。' => ".",
        '、' => ",",
        '⁄' | '∕' => "/",
        '\u{a0}' | '\u{1680}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}' => " ",
        // A soft hyphen is a hint for breaking lines.
        '\u{ad}' => "",
        _ => return None,
    })
}

/// The plain character of a full-width one, as East Asian keyboards write them.
fn of_full_width(c: char) -> Option<char> {
    /// From the full-width form to the ASCII character.
    const OFFSET: u32 = 0xff01 - '!' as u32;
    ('\u{ff01}'..='\u{ff5e}').contains(&c).then(|| char::from_u32(c as u32 - OFFSET)).flatten()
}

/// Makes a line plain.
pub(crate) fn plain(source: &str) -> Plain {
    if source.is_ascii() {
        return Plain { text: source.to_owned(), characters: None };
    }
    let mut text = String::with_capacity(source.len());
    let mut map: Vec<u32> = Vec::with_capacity(source.len() + 1);
    let mut kept_to = 0;
    let mut count = 0;
    for (character, (byte, c)) in source.char_indices().enumerate() {
        count = character + 1;
        if byte >= kept_to {
            kept_to = typed_quote(source, byte).map_or(kept_to, |length| byte + length);
        }
        let mut buffer = [0; 4];
        let piece: &str = match plain_form(c) {
            _ if byte < kept_to => c.encode_utf8(&mut buffer),
            Some(plain) => plain,
            None => of_full_width(c).unwrap_or(c).encode_utf8(&mut buffer),
        };
        text.push_str(piece);
        map.resize(text.len(), character as u32);
    }
    map.push(count as u32);
    Plain { text, characters: Some(map) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(source: &str, expected: &str) {
        assert_eq!(plain(source).text, expected, "{source:?}");
    }

    #[test]
    fn signs_of_print_become_signs_of_the_shell() {
        check("du –sh ~/pictures", "du -sh ~/pictures");
        check("yarn add —dev eslint", "yarn add --dev eslint");
        check("echo “so it’s me”", "echo \"so it's me\"");
        check("grep ‘main’ «x» „y“", "grep 'main' \"x\" \"y\"");
        check("ls\u{a0}-l", "ls -l");
        check("cat a．txt ｜ wc －l", "cat a.txt | wc -l");
        check("xargs -\u{ad}0", "xargs -0");
        check("go vet ./…", "go vet ./...");
    }

    #[test]
    fn typed_quotes_keep_their_bytes() {
        check("echo \"a – b…\" – c", "echo \"a – b…\" - c");
        check("git commit -m 'naïve — “so”' –q", "git commit -m 'naïve — “so”' -q");
        check("it's – so", "it's - so");
        check("echo \"open – end", "echo \"open - end");
    }
}

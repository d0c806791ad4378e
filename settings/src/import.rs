//! Lists of words that other programs write: two columns, Talon's `.talon-list`, superwhisper's settings and VoiceInk's
//! export.
//!
//! The two apps write JSON. Their forms are taken from their documentation and sources; no export of theirs was at hand.

use crate::words;
use serde_json::Value;

/// Longest list that is read: the settings may hold a quarter of it, and the export of an app says more than its words.
/// Hand-chosen, 2026-11-28.
const MAX_LIST_BYTES: usize = 4 << 20;

/// A list that was read.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// Pairs of a spoken and a written form, in the order of the list.
    pub pairs: Vec<(String, String)>,
    /// Entries that were left out: where they are, and why.
    pub left_out: Vec<String>,
}

/// Names under which superwhisper, VoiceInk and others keep what is heard, and what is written for it.
const HEARD: &[&str] = &["original", "originalText", "from", "spoken", "heard", "phrase"];
const WRITTEN: &[&str] = &["with", "replacement", "replacementText", "to", "written", "text"];

/// Reads a list of any of the known forms, which its content tells. An entry that no settings may hold is left out and
/// reported.
///
/// # Errors
/// Says why nothing can be read.
pub fn read(bytes: &[u8]) -> Result<Imported, String> {
    if bytes.len() > MAX_LIST_BYTES {
        return Err(format!("it has more than {MAX_LIST_BYTES} bytes, which no list of words needs"));
    }
    let text = std::str::from_utf8(bytes)
        .map_err(|error| format!("it is not UTF-8 from byte {} on", error.valid_up_to()))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut imported = Imported::default();
    if text.trim_start().starts_with(['{', '[']) {
        let json = serde_json::from_str(text).map_err(|error| format!("it is no valid JSON: {error}"))?;
        imported.json(&json, "");
    } else if let Some(body) = talon_body(text) {
        imported.talon(body, text.lines().count() - body.lines().count());
    } else {
        imported.columns(text);
    }
    match imported.pairs.is_empty() && imported.left_out.is_empty() {
        true => Err("no words are in it; expected are two columns with a tab between them, a .talon-list, or the JSON \
                     export of superwhisper or VoiceInk"
            .to_owned()),
        false => Ok(imported),
    }
}

/// What follows the head of a `.talon-list`, which ends in a line with a dash; `None` for another file.
fn talon_body(text: &str) -> Option<&str> {
    let head = text.lines().find(|line| !line.trim().is_empty() && !line.starts_with('#'))?;
    head.trim_start().starts_with("list:").then(|| text.split_once("\n-").map_or("", |(_, body)| body))
}

impl Imported {
    /// Adds a pair, or says why not.
    fn add(&mut self, place: &str, spoken: &str, written: &str) {
        match words::check(spoken.trim(), written) {
            Ok(()) => self.pairs.push((words::spoken_form(spoken), written.to_owned())),
            Err(why) => self.left_out.push(format!("{place}: {why}")),
        }
    }

    /// Two columns: what is said, a tab, what it writes. Lines that begin with `#` are comments.
    fn columns(&mut self, text: &str) {
        for (index, line) in text.lines().enumerate() {
            let place = format!("line {}", index + 1);
            match line.split_once('\t') {
                _ if line.trim().is_empty() || line.starts_with('#') => {}
                Some((spoken, written)) => self.add(&place, spoken, written.trim()),
                None => self.left_out.push(format!("{place}: there is no tab between two columns")),
            }
        }
    }

    /// `spoken: written`, or one word that is said as it is written.
    fn talon(&mut self, body: &str, lines_above: usize) {
        for (index, line) in body.lines().enumerate() {
            let place = format!("line {}", lines_above + index + 1);
            match line.split_once(':') {
                _ if line.trim().is_empty() || line.trim_start().starts_with('#') => {}
                Some((spoken, written)) => self.add(&place, spoken, unquoted(written.trim())),
                None => self.add(&place, line, line.trim()),
            }
        }
    }

    /// Replacements anywhere in a JSON value: objects that name what is heard and what is written, or a map of the two
    /// under a name that speaks of replacements. One that names several heard forms has commas between them. A list of
    /// spellings alone says nothing about what is heard.
    fn json(&mut self, json: &Value, name: &str) {
        match json {
            Value::Array(items) => items.iter().for_each(|item| self.json(item, name)),
            Value::Object(members) => {
                let member = |names: &[&str]| names.iter().find_map(|name| members.get(*name)?.as_str());
                if let (Some(heard), Some(written)) = (member(HEARD), member(WRITTEN)) {
                    self.heard(heard, written);
                    return;
                }
                let is_map = name.to_lowercase().contains("replacement");
                for (key, value) in members {
                    match value.as_str() {
                        Some(written) if is_map => self.heard(key, written),
                        _ => self.json(value, key),
                    }
                }
            }
            _ => {}
        }
    }

    fn heard(&mut self, forms: &str, written: &str) {
        for form in forms.split(',').filter(|form| !form.trim().is_empty()) {
            self.add(&format!("\"{}\"", form.trim()), form, written);
        }
    }
}

/// A text without the quote signs around it.
fn unquoted(text: &str) -> &str {
    let inside = |sign| text.strip_prefix(sign).and_then(|text: &str| text.strip_suffix(sign));
    inside('"').or_else(|| inside('\'')).unwrap_or(text)
}

/// The words as two columns, in the form that [`read`] understands.
pub fn write(pairs: &[(String, String)]) -> String {
    pairs.iter().map(|(spoken, written)| format!("{spoken}\t{written}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[(&str, &str)]) {
        let imported = read(text.as_bytes()).unwrap();
        let pairs: Vec<_> = imported.pairs.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
        assert_eq!(pairs, expected, "{text}");
        assert_eq!(imported.left_out, Vec::<String>::new());
    }

    #[test]
    fn every_form_is_known_by_its_content() {
        let k8s = [("kay eight s", "k8s"), ("cube", "kube")];
        check("# mine\nKay eight s\tk8s\n\ncube\tkube\n", &k8s);
        check("\u{feff}kay eight s\tk8s\r\ncube\tkube\r\n", &k8s);
        check("list: user.tools\n-\n# names\nkay eight s: k8s\ncube: \"kube\"\n", &k8s);
        check("list: user.tools\nlanguage: en\n-\n\nzoxide\n", &[("zoxide", "zoxide")]);
        check(
            r#"{"vocabulary":["sayso"],"replacements":[{"id":"1","original":"kay eight s","with":"k8s"},
                {"id":"2","original":"cube","with":"kube"}]}"#,
            &k8s,
        );
        check(r#"{"version":"1","dictionaryItems":[],"wordReplacements":{"cube":"kube"}}"#, &k8s[1..]);
        check(
            r#"{"wordReplacements":[{"originalText":"kay eight s, cube","replacementText":"k8s"}]}"#,
            &[("kay eight s", "k8s"), ("cube", "k8s")],
        );
        let exported = write(&[("kay eight s".into(), "k8s".into()), ("cube".into(), "kube".into())]);
        check(&exported, &k8s);
    }

    #[test]
    fn what_no_line_may_hold_is_left_out_and_told() {
        let imported = read("fine\tx\nbell\t\u{7}\nno tab\nwide\t\u{202e}x\n".as_bytes()).unwrap();
        assert_eq!(imported.pairs, [("fine".to_owned(), "x".to_owned())]);
        let told = imported.left_out.join("\n");
        for part in ["line 2: what it writes must not contain U+0007", "line 3: there is no tab", "U+202E"] {
            assert!(told.contains(part), "{told}");
        }
        for (bytes, why) in [
            (&b"\xff"[..], "not UTF-8 from byte 0"),
            (b"", "no words are in it"),
            (b"{", "no valid JSON"),
            (br#"{"vocabulary":["sayso"]}"#, "no words are in it"),
            (&b"a\tb\n".repeat(1 << 21), "more than 4194304 bytes"),
        ] {
            assert!(read(bytes).unwrap_err().contains(why), "{why}");
        }
    }
}

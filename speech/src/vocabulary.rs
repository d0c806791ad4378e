//! The vocabulary: one table that the lexer, `speak`, `sayso words`, the documentation and the tests all read.
//!
//! The table is `data/vocabulary.txt`, compiled in and indexed once per process by the first word of each form.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::codes;
use crate::hash::FastHash;

/// What a spoken form is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Writes a symbol.
    Symbol,
    /// Writes a symbol, but only between numbers ("three point five").
    Point,
    /// Writes a symbol that opens or closes, whichever is due.
    Quote,
    /// Writes a symbol that opens.
    Open,
    /// Writes a symbol that closes.
    Close,
    /// Writes white space.
    Space,
    /// Forbids the space that would stand here.
    Join,
    /// A number from 0 to 90 said as one word.
    Number,
    /// A power of ten that multiplies what was said before it.
    Scale,
    /// Repeats the digit that follows ("double seven").
    Repeat,
    /// Says in which case the following letter, word or words are written.
    Case,
    /// Takes the next word as it is.
    Literal,
    /// Means nothing, wherever it stands.
    Filler,
    /// Means nothing before a command.
    Lead,
    /// Means nothing after a command.
    Tail,
    /// Takes something back.
    Correction,
    /// What a speech engine hears for a command's name.
    Heard,
    /// What a speech engine hears for a file name's ending.
    Ending,
    /// A name written in upper case where one is due: an environment variable, a commit.
    Variable,
    /// A name that is said as several words, wherever it stands.
    Name,
}

codes!(Kind {
    Symbol = 0,
    Point = 1,
    Quote = 2,
    Open = 3,
    Close = 4,
    Space = 5,
    Join = 6,
    Number = 7,
    Scale = 8,
    Repeat = 9,
    Case = 10,
    Literal = 11,
    Filler = 12,
    Lead = 13,
    Tail = 14,
    Correction = 15,
    Heard = 16,
    Ending = 17,
    Variable = 18,
    Name = 19,
});

/// One spoken form and what it writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What it is for.
    pub kind: Kind,
    /// What it writes, or which directive it is.
    pub writes: &'static str,
    /// The words, lower case.
    pub words: Vec<&'static str>,
    /// Whether it is the form that `speak` and `sayso words` put first.
    pub canonical: bool,
    /// Whether it is also an everyday word, and so alone no sign of dictation.
    pub everyday: bool,
    /// Whether speech engines write it only when it was said.
    pub certain: bool,
}

impl Entry {
    /// The form as one string.
    pub fn spoken(&self) -> String {
        self.words.join(" ")
    }
}

struct Table {
    entries: Vec<Entry>,
    /// First word → entries that start with it, longest first.
    by_first: HashMap<&'static str, Vec<u16>, FastHash>,
    /// Symbol → entries that write it, in the table's order.
    by_symbol: HashMap<&'static str, Vec<u16>, FastHash>,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let entries: Vec<Entry> = crate::data::VOCABULARY.lines().flat_map(parse).collect();
    let mut by_first: HashMap<&'static str, Vec<u16>, FastHash> = HashMap::default();
    let mut by_symbol: HashMap<&'static str, Vec<u16>, FastHash> = HashMap::default();
    for (at, entry) in entries.iter().enumerate() {
        by_first.entry(entry.words[0]).or_default().push(at as u16);
        if matches!(entry.kind, Kind::Symbol | Kind::Quote | Kind::Open | Kind::Close) {
            by_symbol.entry(entry.writes).or_default().push(at as u16);
        }
    }
    for list in by_first.values_mut() {
        list.sort_by_key(|&at| std::cmp::Reverse(entries[at as usize].words.len()));
    }
    Table { entries, by_first, by_symbol }
});

fn parse(line: &'static str) -> Vec<Entry> {
    let line = line.trim();
    if line.is_empty() || line.starts_with("# ") || line == "#" {
        return Vec::new();
    }
    let (kind, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let (writes, forms) = rest.trim().split_once(char::is_whitespace).unwrap_or((rest, ""));
    let everyday = kind.ends_with('?');
    let kind = match kind.trim_end_matches('?') {
        "symbol" => Kind::Symbol,
        "point" => Kind::Point,
        "quote" => Kind::Quote,
        "open" => Kind::Open,
        "close" => Kind::Close,
        "space" => Kind::Space,
        "join" => Kind::Join,
        "number" => Kind::Number,
        "scale" => Kind::Scale,
        "repeat" => Kind::Repeat,
        "case" => Kind::Case,
        "literal" => Kind::Literal,
        "filler" => Kind::Filler,
        "lead" => Kind::Lead,
        "tail" => Kind::Tail,
        "correction" => Kind::Correction,
        "heard" => Kind::Heard,
        "ending" => Kind::Ending,
        "name" => Kind::Name,
        "variable" => Kind::Variable,
        other => unreachable!("vocabulary.txt: unknown kind {other}"),
    };
    let writes = match (kind, writes) {
        (_, "\\s") => " ",
        (_, "\\t") => "\t",
        (_, "\\n") => "\n",
        (Kind::Symbol, text) => text,
        (_, "-") => "",
        (_, text) => text,
    };
    forms
        .split(", ")
        .enumerate()
        .map(|(at, form)| Entry {
            kind,
            writes,
            words: form.trim_end_matches('*').split_whitespace().collect(),
            canonical: at == 0,
            everyday,
            certain: form.ends_with('*'),
        })
        .collect()
}

/// Every form of the table, in its order.
pub fn entries() -> &'static [Entry] {
    &TABLE.entries
}

/// The forms that match the words starting at `words[0]`, longest first. `words` yields lower-case words.
pub fn matches<'a>(words: &'a [&'a str]) -> impl Iterator<Item = &'static Entry> + use<'a> {
    let list = words.first().and_then(|word| TABLE.by_first.get(word)).map_or(&[][..], Vec::as_slice);
    list.iter().map(|&at| &TABLE.entries[at as usize]).filter(move |entry| {
        entry.words.len() <= words.len() && entry.words.iter().zip(words).all(|(a, b)| a == b)
    })
}

/// The canonical and the other spoken forms of a symbol, canonical first.
pub fn spoken_forms(symbol: &str) -> impl Iterator<Item = &'static Entry> + use<> {
    let list = TABLE.by_symbol.get(symbol).map_or(&[][..], Vec::as_slice);
    list.iter().map(|&at| &TABLE.entries[at as usize])
}

/// Whether one word, in lower case, is a name of `symbol`.
pub fn is_name_of(word: &str, symbol: &str) -> bool {
    matches(&[word]).any(|entry| {
        entry.writes == symbol
            && matches!(entry.kind, Kind::Symbol | Kind::Point | Kind::Quote | Kind::Open | Kind::Close)
    })
}

/// Whether a word, in lower case, is one that speech engines do not write for another: nothing else was said.
pub fn is_certain(word: &str) -> bool {
    matches(&[word]).any(|entry| entry.certain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_table_parses() {
        assert!(entries().len() > 300);
        for entry in entries() {
            assert!(!entry.words.is_empty(), "{entry:?}");
            for word in &entry.words {
                assert!(!word.is_empty() && *word == word.to_lowercase(), "{entry:?}");
            }
        }
    }

    #[test]
    fn no_form_means_two_symbols() {
        let mut seen: HashMap<String, &str> = HashMap::new();
        for entry in entries() {
            let writes =
                matches!(entry.kind, Kind::Symbol | Kind::Quote | Kind::Open | Kind::Close | Kind::Space);
            if writes && let Some(other) = seen.insert(entry.spoken(), entry.writes) {
                assert_eq!(other, entry.writes, "{}", entry.spoken());
            }
        }
    }

    #[test]
    fn every_ascii_symbol_can_be_said() {
        for symbol in (33u8..127).map(char::from).filter(char::is_ascii_punctuation) {
            assert!(spoken_forms(&symbol.to_string()).next().is_some(), "{symbol}");
        }
    }

    #[test]
    fn the_longest_form_comes_first() {
        let words = ["open", "square", "bracket", "x"];
        let found: Vec<String> = matches(&words).map(Entry::spoken).collect();
        assert_eq!(found, ["open square bracket", "open square"]);
    }
}

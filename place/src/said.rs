//! A line as the index of names reads it: what each token may contribute to a name.

use crate::fold;
use crate::spoken::spoken;
use sayso_speech::clean::Shape;
use sayso_speech::lattice::{Kind, Lattice};
use sayso_speech::phonetic::lexicon::said_otherwise;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::LazyLock;

/// Most pieces that start at a token. Hand-chosen on 2026-11-28.
const MAX_PIECES: usize = 24;
/// Most words of another way to say a name: "end to end" for `e2e`.
const MAX_OTHER_WORDS: usize = 4;
/// What a piece costs that is said otherwise than it is written, in the unit of [`crate::Found::cost`]. It stands behind
/// every piece that is said as it is written. Hand-chosen on 2026-11-28.
pub const OTHERWISE: u8 = 2;
/// Furthest sound-alike of the lattice that may be a piece of a name. Hand-chosen on 2026-11-28.
const MAX_SOUND_COST: u8 = 8;

/// Words of names beside those of `sounds.txt`, and how people say them.
const OTHERWISE_SAID: [(&str, &str); 27] = [
    ("e2e", "end to end"),
    ("i18n", "internationalization"),
    ("l10n", "localization"),
    ("a11y", "accessibility"),
    ("yml", "yaml"),
    ("yaml", "y m l"),
    ("jpg", "jpeg"),
    ("jpeg", "jpg"),
    ("md", "markdown"),
    ("rs", "rust"),
    ("js", "java script"),
    ("ts", "type script"),
    ("tex", "tech"),
    ("htm", "html"),
    ("arxiv", "archive"),
    ("db", "database"),
    ("spec", "specification"),
    ("params", "parameters"),
    ("auth", "authorization"),
    ("1st", "first"),
    ("2nd", "second"),
    ("3rd", "third"),
    ("4th", "fourth"),
    ("5th", "fifth"),
    ("v", "version"),
    ("pkg", "packages"),
    ("pi", "pie"),
];

/// The words of a form behind its first one, and what it writes.
type Forms = Vec<(Vec<&'static str>, &'static str)>;

/// First word → the forms that begin with it.
static OTHER: LazyLock<HashMap<&'static str, Forms>> = LazyLock::new(|| {
    let mut other: HashMap<&'static str, Forms> = HashMap::default();
    for (written, forms) in said_otherwise().chain(OTHERWISE_SAID) {
        for form in forms.split(',') {
            let mut words = form.split_whitespace();
            let Some(first) = words.next() else { continue };
            other.entry(first).or_default().push((words.collect(), written));
        }
    }
    other
});

/// What one or more tokens contribute to a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Piece {
    /// The token behind its last one.
    pub(crate) end: usize,
    /// Its letters and digits, folded.
    pub(crate) key: String,
    /// Its separators, and how many bytes of `key` stand before each.
    pub(crate) separators: Vec<(usize, char)>,
    /// 0 if it is said as it is written.
    pub(crate) cost: u8,
}

/// A line as the index reads it.
#[derive(Debug, Clone, Default)]
pub struct Said {
    /// Token → its pieces, those that are said as they are written first.
    pieces: Vec<Vec<Piece>>,
    /// Token → how it is said; empty for symbols.
    words: Vec<String>,
}

impl Said {
    /// Reads a lattice, plain or wide.
    pub fn new(lattice: &Lattice) -> Said {
        let mut said = Said::default();
        for token in 0..lattice.len() {
            said.pieces.push(pieces(lattice, token));
            said.words.push(word(lattice, token));
        }
        said
    }

    /// The pieces that start at a token; `None` behind the last one.
    pub(crate) fn pieces(&self, token: usize) -> Option<&[Piece]> {
        self.pieces.get(token).map(Vec::as_slice)
    }

    /// Some tokens as they are said, in lower case, without symbols.
    pub(crate) fn phrase(&self, tokens: Range<usize>) -> String {
        self.words.get(tokens).unwrap_or_default().join(" ")
    }
}

/// How a token is said; nothing for a symbol.
fn word(lattice: &Lattice, token: usize) -> String {
    let (_, readings) = lattice.arcs_from(token);
    let is_symbol = readings.iter().any(|reading| reading.kind == Kind::Symbol && reading.tokens.len() == 1);
    if is_symbol {
        return String::new();
    }
    fold::words(lattice.line.text(token)).iter().flat_map(|word| spoken(word)).collect::<Vec<_>>().join(" ")
}

/// What the readings of a token contribute, and how else what starts there may be written.
fn pieces(lattice: &Lattice, token: usize) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::with_capacity(8);
    let mut add = |end: usize, text: &str, cost: u8| {
        let (mut key, mut separators) = (String::with_capacity(text.len()), Vec::new());
        fold::fold(text, &mut key, |at, sign| separators.push((at, sign)));
        let piece = Piece { end, key, separators, cost };
        let known = |other: &Piece| {
            other.end == piece.end && other.key == piece.key && other.separators == piece.separators
        };
        if (!piece.key.is_empty() || !piece.separators.is_empty())
            && pieces.len() < MAX_PIECES
            && !pieces.iter().any(known)
        {
            pieces.push(piece);
        }
    };
    let heard = lattice.line.lower(token);
    add(token + 1, lattice.line.text(token), 0);
    let (_, readings) = lattice.arcs_from(token);
    for reading in readings {
        let end = reading.tokens.end;
        match reading.kind {
            Kind::Word | Kind::Letter | Kind::Symbol | Kind::Number | Kind::Typed | Kind::Literal => {
                add(end, &reading.text, 0);
            }
            Kind::Whitespace if reading.text == " " => add(end, " ", 0),
            _ => {}
        }
    }
    if lattice.line.tokens[token].shape == Shape::Word {
        // "eights" in `k8s`, and a letter said once for several.
        if let Some(digit) = heard.strip_suffix('s').and_then(digit) {
            add(token + 1, &format!("{digit}s"), OTHERWISE);
        }
        if let Some(times) = [("double", 2), ("triple", 3)].iter().find(|(word, _)| *word == heard)
            && token + 1 < lattice.len()
            && lattice.line.lower(token + 1).len() == 1
        {
            add(token + 2, &lattice.line.lower(token + 1).repeat(times.1), 0);
        }
        for (rest, written) in OTHER.get(heard).into_iter().flatten() {
            let end = token + 1 + rest.len();
            let follows = rest.len() < MAX_OTHER_WORDS
                && end <= lattice.len()
                && rest.iter().zip(token + 1..).all(|(word, at)| lattice.line.lower(at) == *word);
            if follows {
                add(end, written, OTHERWISE);
            }
        }
    }
    for reading in readings {
        match reading.kind {
            Kind::Alias => add(reading.tokens.end, &reading.text, OTHERWISE),
            Kind::SoundAlike
                if reading.cost > 0 && reading.cost <= MAX_SOUND_COST && reading.entry.is_none() =>
            {
                add(reading.tokens.end, &reading.text, OTHERWISE + reading.cost);
            }
            _ => {}
        }
    }
    pieces
}

/// The digit that a word names.
fn digit(word: &str) -> Option<usize> {
    sayso_speech::number::words().value(word).filter(|value| *value < 10)
}

//! The index of one kind of name: by its letters and digits, and by its sounds.

use crate::fold;
use crate::quoting::may_be_offered;
use crate::said::{Piece, Said};
use crate::source::Source;
use crate::spoken::spoken;
use sayso_speech::phonetic::{consonant_keys, each_apart, sounds};
use std::collections::HashMap;
use std::ops::Range;

/// Most names that are also filed by their sounds: the first ones, which lie nearest. Hand-chosen on 2026-11-28.
const MAX_SOUNDING: usize = 20_000;
/// Most sounds that are compared, as in `sayso_speech::phonetic::distance`.
const MAX_SOUNDS: usize = 40;
/// Most steps of one search by letters, over all readings of the words. Hand-chosen on 2026-11-28.
const MAX_STEPS: usize = 4_000;
/// Shortest stem, in letters and digits, that a name can be found by without its ending. Hand-chosen on 2026-11-28.
const MIN_STEM: usize = 5;

/// A name and where it comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Name<'a> {
    /// As it is written, without quotes.
    pub text: &'a str,
    /// Where it comes from.
    pub source: Source,
    /// How often it was seen: in the history, else 1.
    pub count: u16,
    /// Its place among the names: the lower, the nearer or the more recent.
    pub rank: u32,
}

/// A name that was said, and over which tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found<'a> {
    /// The name.
    pub name: Name<'a>,
    /// The token behind the last one that it takes.
    pub end: usize,
    /// Whether its ending was not said.
    pub is_completed: bool,
    /// How far it is from what was said: 0 where the letters are the same, else in 64ths of a whole substitution a sound.
    pub cost: u8,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    start: u32,
    length: u16,
    source: Source,
    count: u16,
}

#[derive(Debug, Clone, Copy)]
struct Key {
    start: u32,
    length: u16,
    name: u32,
    /// Whether the name's ending is left out.
    is_stem: bool,
}

/// Names of one kind. Memory is about six times the bytes of the names.
#[derive(Debug, Clone, Default)]
pub struct Names {
    text: String,
    entries: Vec<Entry>,
    /// The folded names and stems.
    key_text: String,
    /// Sorted by what they say.
    keys: Vec<Key>,
    /// Sounds of the first names, one after the other, and where each begins; one more than there are names.
    sounds: Vec<u8>,
    sound_starts: Vec<u32>,
    /// Consonant key → name, sorted.
    by_consonants: Vec<(u32, u32)>,
}

impl Names {
    /// The index of some names. Those that must not be offered are left out, and each counts once.
    pub fn new<T: AsRef<str>>(names: impl IntoIterator<Item = (T, Source)>) -> Names {
        Names::counted(names.into_iter().map(|(text, source)| (text, source, 1)))
    }

    /// The same with how often each was seen.
    pub fn counted<T: AsRef<str>>(names: impl IntoIterator<Item = (T, Source, u16)>) -> Names {
        let mut index = Names::default();
        for (text, source, count) in names {
            let text = text.as_ref();
            if !may_be_offered(text) {
                continue;
            }
            let start = index.text.len() as u32;
            index.text.push_str(text);
            index.entries.push(Entry { start, length: text.len() as u16, source, count });
        }
        index.file();
        index.file_sounds();
        index
    }

    /// Files every name by its letters and digits.
    fn file(&mut self) {
        for at in 0..self.entries.len() {
            let mut key = std::mem::take(&mut self.key_text);
            let name = self.text_of(at as u32);
            let start = key.len();
            fold::fold(name, &mut key, |_, _| ());
            let whole = Key {
                start: start as u32,
                length: (key.len() - start) as u16,
                name: at as u32,
                is_stem: false,
            };
            // A key holds that of its stem: letters are only appended.
            let stem = stem(name).map(|stem| fold::folded(stem).len()).filter(|length| *length >= MIN_STEM);
            self.keys.push(whole);
            self.keys.extend(stem.map(|length| Key { length: length as u16, is_stem: true, ..whole }));
            self.key_text = key;
        }
        let text = std::mem::take(&mut self.key_text);
        self.keys.sort_by(|a, b| key_of(&text, a).cmp(key_of(&text, b)).then(a.is_stem.cmp(&b.is_stem)));
        self.key_text = text;
        self.keys.shrink_to_fit();
    }

    /// Files the first names by their sounds.
    fn file_sounds(&mut self) {
        let count = self.entries.len().min(MAX_SOUNDING);
        let mut pairs = Vec::new();
        // Names of one place share most of their words: each word is read once.
        let mut read: HashMap<String, Vec<u8>> = HashMap::new();
        let mut said = Vec::new();
        self.sound_starts.push(0);
        for at in 0..count as u32 {
            said.clear();
            let name = self.text_of(at);
            if name.is_ascii() {
                for word in fold::words(name) {
                    let of_word = read.entry(word).or_insert_with_key(|word| sounds(&spoken(word).join(" ")));
                    said.extend(of_word.iter());
                }
            }
            if (3..=MAX_SOUNDS).contains(&said.len()) {
                consonant_keys(&said, |key| pairs.push((short(key), at)));
                self.sounds.extend(&said);
            }
            self.sound_starts.push(self.sounds.len() as u32);
        }
        pairs.sort_unstable();
        pairs.dedup();
        pairs.shrink_to_fit();
        self.by_consonants = pairs;
    }

    fn text_of(&self, name: u32) -> &str {
        let entry = &self.entries[name as usize];
        &self.text[entry.start as usize..][..usize::from(entry.length)]
    }

    /// The name with a number.
    fn name(&self, name: u32) -> Name<'_> {
        let entry = &self.entries[name as usize];
        Name { text: self.text_of(name), source: entry.source, count: entry.count, rank: name }
    }

    /// All names.
    pub fn iter(&self) -> impl Iterator<Item = Name<'_>> {
        (0..self.entries.len() as u32).map(|name| self.name(name))
    }

    /// How many names there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Bytes of memory that the index takes.
    pub fn bytes(&self) -> usize {
        self.text.capacity()
            + self.key_text.capacity()
            + self.entries.capacity() * size_of::<Entry>()
            + self.keys.capacity() * size_of::<Key>()
            + self.sounds.capacity()
            + 4 * self.sound_starts.capacity()
            + 8 * self.by_consonants.capacity()
    }

    /// The name that is written exactly so, if there is one.
    pub fn get(&self, text: &str) -> Option<Name<'_>> {
        let key = fold::folded(text);
        let range = self.narrow(0..self.keys.len(), 0, &key);
        let keys = self.keys[range].iter().take_while(|found| usize::from(found.length) == key.len());
        keys.map(|key| self.name(key.name)).find(|name| name.text == text)
    }

    /// Names that equal what was said from a token on, once separators and case are dropped. A separator that was said
    /// must be where it was said; a name with a dot, a tilde or dots at its start is found only if they were said.
    pub fn equal(&self, said: &Said, from: usize) -> Vec<Found<'_>> {
        let mut search = Search { names: self, said, found: Vec::new(), steps: 0, separators: Vec::new() };
        search.walk(from, 0..self.keys.len(), 0, 0);
        search.found
    }

    /// Names that sound like some tokens, at most `furthest` away, the nearest first.
    pub fn near(&self, said: &Said, tokens: Range<usize>, furthest: u8) -> Vec<Found<'_>> {
        let heard = sounds(&said.phrase(tokens.clone()));
        if heard.is_empty() || heard.len() > MAX_SOUNDS || self.by_consonants.is_empty() {
            return Vec::new();
        }
        let mut near: Vec<u32> = Vec::new();
        consonant_keys(&heard, |key| {
            let key = short(key);
            let start = self.by_consonants.partition_point(|(other, _)| *other < key);
            near.extend(
                self.by_consonants[start..]
                    .iter()
                    .take_while(|(other, _)| *other == key)
                    .map(|(_, name)| *name),
            );
        });
        near.sort_unstable();
        near.dedup();
        let range = |name: &u32| {
            self.sound_starts[*name as usize] as usize..self.sound_starts[*name as usize + 1] as usize
        };
        let mut found = Vec::new();
        each_apart(&heard, near.iter().map(|name| &self.sounds[range(name)]), |at, cost| {
            if cost <= furthest {
                found.push(Found { name: self.name(near[at]), end: tokens.end, is_completed: false, cost });
            }
        });
        found.sort_by_key(|found| found.cost);
        found
    }

    /// The keys among `range`, alike in their first `depth` bytes, that go on with `piece`.
    fn narrow(&self, range: Range<usize>, depth: usize, piece: &str) -> Range<usize> {
        let keys = &self.keys[range.clone()];
        let part = |key: &Key| {
            let text = key_of(&self.key_text, key).as_bytes().get(depth..).unwrap_or_default();
            &text[..text.len().min(piece.len())]
        };
        let low = keys.partition_point(|key| part(key) < piece.as_bytes());
        let high = low + keys[low..].partition_point(|key| part(key) <= piece.as_bytes());
        range.start + low..range.start + high
    }
}

/// A search by letters, along all readings of the words at once.
struct Search<'n, 's> {
    names: &'n Names,
    said: &'s Said,
    found: Vec<Found<'n>>,
    steps: usize,
    /// The separators that were said: how many bytes of the key stand before each.
    separators: Vec<(usize, char)>,
}

impl Search<'_, '_> {
    fn walk(&mut self, token: usize, range: Range<usize>, depth: usize, cost: u8) {
        self.steps += 1;
        if depth > 0 {
            self.take(token, range.clone(), depth, cost);
        }
        let Some(pieces) = self.said.pieces(token).filter(|_| self.steps < MAX_STEPS) else { return };
        for Piece { end, key, separators, cost: more } in pieces {
            let narrowed = self.names.narrow(range.clone(), depth, key);
            if narrowed.is_empty() {
                continue;
            }
            let said = self.separators.len();
            self.separators.extend(separators.iter().map(|(at, sign)| (depth + at, *sign)));
            self.walk(*end, narrowed, depth + key.len(), cost.saturating_add(*more));
            self.separators.truncate(said);
        }
    }

    /// Takes the names of `range` that end here.
    fn take(&mut self, end: usize, range: Range<usize>, depth: usize, cost: u8) {
        let names = self.names;
        for key in names.keys[range].iter().take_while(|key| usize::from(key.length) == depth) {
            let name = names.name(key.name);
            if !agrees(name.text, depth, &self.separators) {
                continue;
            }
            match self.found.iter_mut().find(|found| found.name == name && found.end == end) {
                Some(found) if found.cost <= cost => {}
                Some(found) => *found = Found { name, end, is_completed: key.is_stem, cost },
                None => self.found.push(Found { name, end, is_completed: key.is_stem, cost }),
            }
        }
    }
}

/// Whether each separator that was said stands in the name where it was said, and what the name begins with was said.
fn agrees(name: &str, depth: usize, said: &[(usize, char)]) -> bool {
    let mut key = String::with_capacity(name.len());
    let mut own: Vec<(usize, char)> = Vec::new();
    fold::fold(name, &mut key, |at, sign| own.push((at, sign)));
    let leads = |signs: &[(usize, char)]| -> String {
        let first = signs.iter().filter(|(at, sign)| *at == 0 && matches!(sign, '.' | '~' | '/'));
        first.map(|(_, sign)| *sign).collect()
    };
    let has = |(at, sign): &(usize, char)| own.contains(&(*at, *sign)) || *at == depth && *sign == '/';
    leads(said) == leads(&own) && said.iter().all(has)
}

fn key_of<'t>(text: &'t str, key: &Key) -> &'t str {
    &text[key.start as usize..][..usize::from(key.length)]
}

/// A path without the ending of its last part; `None` if it has none.
fn stem(path: &str) -> Option<&str> {
    let (stem, ending) = path.rsplit_once('.')?;
    let begins = stem.is_empty() || stem.ends_with('/');
    let is_ending =
        (1..=8).contains(&ending.len()) && ending.bytes().all(|byte| byte.is_ascii_alphanumeric());
    (is_ending && !begins).then_some(stem)
}

/// Four of the eight bytes of a consonant key, mixed: a rare clash costs one more comparison.
fn short(key: u64) -> u32 {
    (key.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use sayso_speech::clean::clean;
    use sayso_speech::lex::lex;
    use sayso_speech::words::UserWords;

    fn said(text: &str) -> Said {
        Said::new(&lex(clean(text), &UserWords::default(), None))
    }

    fn names(names: &[&str]) -> Names {
        Names::new(names.iter().map(|name| (*name, Source::File)))
    }

    /// The names that equal all of `text`.
    fn equal(index: &Names, text: &str) -> Vec<String> {
        let said = said(text);
        let tokens = text.split_whitespace().count();
        let whole = index.equal(&said, 0).into_iter().filter(|found| found.end == tokens);
        whole.map(|found| found.name.text.to_owned()).collect()
    }

    #[test]
    fn names_equal_what_was_said() {
        let index = names(&[
            "UserProfileView.swift",
            "user_profile_view.swift",
            "k8s-node-02",
            ".env.local",
            "Canon_3rd_floor",
            "budget2025.xlsx",
            "IEEEtran.cls",
            "it's here.txt",
            "config.yml",
        ]);
        for (text, expected) in [
            ("user profile view dot swift", &["UserProfileView.swift", "user_profile_view.swift"][..]),
            ("user underscore profile view dot swift", &["user_profile_view.swift"]),
            ("k eights node oh two", &["k8s-node-02"]),
            ("dot env dot local", &[".env.local"]),
            ("env local", &[]),
            ("canon third floor", &["Canon_3rd_floor"]),
            ("budget twenty twenty five", &["budget2025.xlsx"]),
            ("i triple e tran dot cls", &["IEEEtran.cls"]),
            ("it's here", &["it's here.txt"]),
            ("config dot yaml", &["config.yml"]),
            ("config dash yaml", &[]),
        ] {
            let mut found = equal(&index, text);
            found.sort();
            assert_eq!(found, expected, "{text:?}");
        }
    }

    #[test]
    fn names_sound_like_what_was_said() {
        let index = names(&["gitops-mirror", "kaufhaus-prod", "staging"]);
        let near = |text: &str| {
            let tokens = text.split_whitespace().count();
            index.near(&said(text), 0..tokens, 12).first().map(|found| found.name.text.to_owned())
        };
        assert_eq!(near("get ops mirror").as_deref(), Some("gitops-mirror"));
        assert_eq!(near("kauf house prod").as_deref(), Some("kaufhaus-prod"));
        assert_eq!(near("production"), None);
    }

    #[test]
    fn a_name_is_known_by_its_own_spelling_only() {
        let index = names(&["Makefile", "src/main.rs"]);
        assert!(index.get("Makefile").is_some() && index.get("src/main.rs").is_some());
        assert!(index.get("makefile").is_none() && index.get("main.rs").is_none());
    }

    #[test]
    fn a_long_line_and_many_names_alike_are_bounded() {
        let many: Vec<String> = (0..3_000).map(|n| format!("a{n}a{n}")).collect();
        let index = Names::new(many.iter().map(|name| (name, Source::File)));
        let said = said(&"a one a ".repeat(400));
        assert!(index.equal(&said, 0).len() < 3_000);
    }
}

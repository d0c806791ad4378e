//! A grammar of templates: lists of texts with slots, each of which is filled from another list.
//!
//! ```text
//! # A comment. Blank lines mean nothing.
//! [branch]              a list: one entry a line, up to the next "["
//! main
//! 3x feature/{topic}    three times as likely as an entry without a weight
//! [port words]          a list of words: entries end at white space
//! 80 443 8080
//! [um alternatives]     entries end at " | "; a weight holds for all entries of its line
//! 6x um | uh
//! [act verbs]           four lists of alternatives: act (fix), acts (fixes), acted (fixed), acting (fixing)
//! fix | break/breaks/broke/breaking
//! ```
//!
//! | in an entry | becomes |
//! |---|---|
//! | `{branch}` | an entry of the list `branch` |
//! | `{topic^}` `{topic^^}` | the same with a capital, or all in capitals, as in the shell |
//! | `{file#1}` | an entry of `file`; the same wherever `{file#1}` stands in this entry |
//! | `{n:1-100}` `{n:01-12}` | a number, `01` to `12` with the zeros of the lower end |
//! | `{hex:7}` | seven hexadecimal digits |
//! | `{-f\|--force\|}` | one of these, which may be empty and hold slots |
//! | `{3x a\|b}` | one of these by weight |
//! | `{? -v}` | this or nothing |
//! | `{={print}}` | `{print}`: the text as it is |
//! | `{}` `{print $1}` `{{.ID}}` `${HOME}` | itself, as any brace that reads as none of these |
//!
//! A grammar may have open slots, which its user fills while an entry is being written.

use fastrand::Rng;
use std::collections::HashMap;

/// Most numbered slots in an entry. Hand-chosen, 2026-11-28.
const MAX_MEMOS: usize = 4;

/// Lists of templates.
#[derive(Debug)]
pub struct Grammar {
    /// In the order of their first mention.
    lists: Vec<List>,
    names: HashMap<String, usize>,
    /// Names of the open slots.
    open: Vec<String>,
}

/// Why a grammar cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GrammarError {
    /// An entry before the first list.
    #[error("{0:?} stands before the first list")]
    Homeless(String),
    /// A list of a kind that does not exist.
    #[error("the list {0:?} is of no known kind")]
    Kind(String),
    /// A slot that names no list.
    #[error("{entry:?}: there is no list {slot:?}")]
    Unknown {
        /// The entry.
        entry: String,
        /// The name in the slot.
        slot: String,
    },
    /// A list without an entry.
    #[error("the list {0:?} is empty")]
    Empty(String),
    /// A number slot without bounds, or a memo that is too high.
    #[error("{entry:?}: {slot:?} cannot be read")]
    Slot {
        /// The entry.
        entry: String,
        /// The slot between its braces.
        slot: String,
    },
    /// A list that is filled from itself, so that its texts would never end.
    #[error("the list {0:?} is filled from itself")]
    Circular(String),
}

/// A part of a text that is being written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piece<'g> {
    /// Text as it is. A word may go on from one piece into the next.
    Text(&'g str),
    /// An open slot, by its number among the names that [`Grammar::read`] was given.
    Open(usize),
}

#[derive(Debug, Default)]
struct List {
    choice: Choice,
    /// The first entry with a slot for this list, until the list itself is read.
    missing_since: Option<String>,
}

/// Templates from which one is drawn.
#[derive(Debug, Default)]
struct Choice {
    templates: Vec<Template>,
    /// The sum of the weights up to and including each template. Empty if all are equally likely.
    sums: Vec<u32>,
}

type Template = Vec<Part>;

/// The texts of the numbered slots of one entry.
type Memos = [Option<String>; MAX_MEMOS];

#[derive(Debug)]
enum Part {
    Text(String),
    Slot { list: usize, capitals: Capitals, memo: Option<usize> },
    Open(usize),
    Number { low: u64, high: u64, width: usize },
    Hexadecimal(usize),
    Choice(Choice),
    Maybe(Template),
}

#[derive(Debug, Clone, Copy)]
enum Capitals {
    AsIs,
    First,
    All,
}

/// How the lines of a list are split into entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Layout {
    Lines,
    Words,
    Alternatives,
    Verbs,
}

impl Grammar {
    /// Reads the lists of several texts. A list may be continued under the same name. Slots with a name in `open` are
    /// not filled from lists.
    ///
    /// # Errors
    /// If an entry cannot be read, or a list is missing, empty or filled from itself.
    pub fn read(texts: &[&str], open: &[&str]) -> Result<Grammar, GrammarError> {
        let mut grammar = Grammar {
            lists: Vec::new(),
            names: HashMap::new(),
            open: open.iter().map(|&name| name.to_owned()).collect(),
        };
        for text in texts {
            grammar.read_text(text)?;
        }
        grammar.check()?;
        Ok(grammar)
    }

    fn read_text(&mut self, text: &str) -> Result<(), GrammarError> {
        let mut header: Option<(&str, Layout)> = None;
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
            if let Some(inner) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
                let (name, layout) = inner.split_once(' ').unwrap_or((inner, ""));
                let layout = Layout::named(layout).ok_or_else(|| GrammarError::Kind(inner.to_owned()))?;
                header = Some((name, layout));
                layout.endings().iter().for_each(|ending| self.define(&format!("{name}{ending}")));
                continue;
            }
            let (name, layout) = header.ok_or_else(|| GrammarError::Homeless(line.to_owned()))?;
            match layout {
                Layout::Lines => {
                    let (weight, entry) = weighted(line);
                    self.add(name, entry, weight.unwrap_or(1))?;
                }
                Layout::Words => line.split_whitespace().try_for_each(|word| self.add(name, word, 1))?,
                Layout::Alternatives => {
                    let (weight, entries) = weighted(line);
                    for entry in entries.split(" | ") {
                        self.add(name, entry, weight.unwrap_or(1))?;
                    }
                }
                Layout::Verbs => {
                    for verb in line.split(" | ") {
                        for (form, ending) in conjugate(verb).iter().zip(layout.endings()) {
                            self.add(&format!("{name}{ending}"), form, 1)?;
                        }
                    }
                }
            }
        }
        Ok(())
    }

    /// The list with that name, which is added if it has not been mentioned yet.
    fn list(&mut self, name: &str) -> usize {
        if let Some(&list) = self.names.get(name) {
            return list;
        }
        self.names.insert(name.to_owned(), self.lists.len());
        self.lists.push(List::default());
        self.lists.len() - 1
    }

    fn define(&mut self, name: &str) {
        let list = self.list(name);
        self.lists[list].missing_since = None;
    }

    fn add(&mut self, name: &str, entry: &str, weight: u32) -> Result<(), GrammarError> {
        let list = self.list(name);
        let template = self.template(entry, entry)?;
        self.lists[list].choice.add(template, weight);
        Ok(())
    }

    /// The parts of `text`, which is an entry or stands in a slot of it.
    fn template(&mut self, text: &str, entry: &str) -> Result<Template, GrammarError> {
        let mut parts: Template = Vec::new();
        let mut plain = String::new();
        let mut rest = text;
        while let Some(open) = rest.find('{') {
            plain.push_str(&rest[..open]);
            let inner = closing(&rest[open..]).map(|close| &rest[open + 1..open + close]);
            let part = inner.map(|inner| self.part(inner, entry)).transpose()?.flatten();
            match inner.zip(part) {
                Some((inner, part)) => {
                    if !plain.is_empty() {
                        parts.push(Part::Text(std::mem::take(&mut plain)));
                    }
                    parts.push(part);
                    rest = &rest[open + inner.len() + 2..];
                }
                None => {
                    plain.push('{');
                    rest = &rest[open + 1..];
                }
            }
        }
        plain.push_str(rest);
        if !plain.is_empty() {
            parts.push(Part::Text(plain));
        }
        Ok(parts)
    }

    /// The part that two braces enclose, or `None` if the braces mean themselves.
    fn part(&mut self, inner: &str, entry: &str) -> Result<Option<Part>, GrammarError> {
        let unreadable = || GrammarError::Slot { entry: entry.to_owned(), slot: inner.to_owned() };
        if let Some(text) = inner.strip_prefix('=') {
            return Ok(Some(Part::Text(text.to_owned())));
        }
        if let Some(optional) = inner.strip_prefix('?') {
            return Ok(Some(Part::Maybe(self.template(optional, entry)?)));
        }
        let choices = choices(inner);
        if choices.len() > 1 {
            return Ok(Some(Part::Choice(self.choice(&choices, entry)?)));
        }
        if let Some(range) = inner.strip_prefix("n:") {
            let (low, high) = range.split_once('-').ok_or_else(unreadable)?;
            let width = if low.starts_with('0') { low.len() } else { 0 };
            let (Ok(low), Ok(high)) = (low.parse(), high.parse()) else { return Err(unreadable()) };
            return if low <= high { Ok(Some(Part::Number { low, high, width })) } else { Err(unreadable()) };
        }
        if let Some(digits) = inner.strip_prefix("hex:") {
            return Ok(Some(Part::Hexadecimal(digits.parse().map_err(|_| unreadable())?)));
        }
        let name = inner.trim_end_matches('^');
        let capitals = match inner.len() - name.len() {
            0 => Capitals::AsIs,
            1 => Capitals::First,
            _ => Capitals::All,
        };
        let (name, memo) = match name.split_once('#') {
            Some((name, memo)) => (name, Some(memo)),
            None => (name, None),
        };
        if name.is_empty() || !name.bytes().all(|b| b.is_ascii_lowercase() || b == b'-') {
            return Ok(None);
        }
        if let Some(open) = self.open.iter().position(|open| open == name) {
            return Ok(Some(Part::Open(open)));
        }
        let memo = match memo.map(str::parse::<usize>) {
            Some(Ok(memo)) if memo < MAX_MEMOS => Some(memo),
            Some(_) => return Err(unreadable()),
            None => None,
        };
        let known = self.lists.len();
        let list = self.list(name);
        if list == known {
            self.lists[list].missing_since = Some(entry.to_owned());
        }
        Ok(Some(Part::Slot { list, capitals, memo }))
    }

    fn choice(&mut self, texts: &[&str], entry: &str) -> Result<Choice, GrammarError> {
        let has_weights = texts.iter().any(|text| weighted(text).0.is_some());
        let mut choice = Choice::default();
        for text in texts {
            match weighted(text) {
                (weight, text) if has_weights => choice.add(self.template(text, entry)?, weight.unwrap_or(1)),
                _ => choice.templates.push(self.template(text, entry)?),
            }
        }
        Ok(choice)
    }

    fn check(&self) -> Result<(), GrammarError> {
        let mut state = vec![State::New; self.lists.len()];
        for (name, &at) in &self.names {
            if let Some(entry) = &self.lists[at].missing_since {
                return Err(GrammarError::Unknown { entry: entry.clone(), slot: name.clone() });
            }
            if self.lists[at].choice.templates.is_empty() {
                return Err(GrammarError::Empty(name.clone()));
            }
            if !self.ends(at, &mut state) {
                return Err(GrammarError::Circular(name.clone()));
            }
        }
        Ok(())
    }

    fn ends(&self, list: usize, state: &mut [State]) -> bool {
        match state[list] {
            State::Done => return true,
            State::Open => return false,
            State::New => state[list] = State::Open,
        }
        let mut used = Vec::new();
        self.lists[list].choice.lists(&mut used);
        let ends = used.into_iter().all(|list| self.ends(list, state));
        state[list] = State::Done;
        ends
    }

    /// An entry of the list `name` with its slots filled, or `None` if there is no such list. Open slots stay empty.
    pub fn entry(&self, name: &str, random: &mut Rng) -> Option<String> {
        let list = *self.names.get(name)?;
        let mut text = String::with_capacity(80);
        self.write_list(list, random, &mut |piece, _| text.extend(piece.text()));
        Some(text)
    }

    /// Writes an entry of the list `name` piece by piece. `write` fills the open slots, and draws from the same random
    /// numbers for them.
    ///
    /// # Panics
    /// If there is no such list.
    pub fn write(&self, name: &str, random: &mut Rng, write: &mut dyn FnMut(Piece, &mut Rng)) {
        self.write_list(self.names[name], random, write);
    }

    /// The names of all lists.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.names.keys().map(String::as_str)
    }

    /// How many entries the list `name` has.
    pub fn size(&self, name: &str) -> usize {
        self.names.get(name).map_or(0, |&at| self.lists[at].choice.templates.len())
    }

    /// The lists from which an entry of `name` may be filled.
    pub fn slots(&self, name: &str) -> Vec<&str> {
        let Some(&at) = self.names.get(name) else { return Vec::new() };
        let mut used = Vec::new();
        self.lists[at].choice.lists(&mut used);
        let mut found: Vec<&str> = self
            .names
            .iter()
            .filter(|(_, list)| used.contains(list))
            .map(|(name, _)| name.as_str())
            .collect();
        found.sort_unstable();
        found
    }

    /// The words of all entries, each as often as it occurs there, without words that contain a slot.
    pub fn words(&self) -> Vec<String> {
        /// Stands for whatever a slot may write.
        const SLOT: char = '\0';
        fn add(template: &Template, text: &mut String) {
            for part in template {
                match part {
                    Part::Text(plain) => text.push_str(plain),
                    Part::Choice(choice) => {
                        choice.templates.iter().for_each(|template| add_apart(template, text))
                    }
                    Part::Maybe(template) => add_apart(template, text),
                    _ => text.push(SLOT),
                }
            }
        }
        fn add_apart(template: &Template, text: &mut String) {
            text.push(' ');
            add(template, text);
            text.push(' ');
        }
        let mut text = String::new();
        let templates = self.lists.iter().flat_map(|list| &list.choice.templates);
        templates.for_each(|template| add_apart(template, &mut text));
        text.split_whitespace().filter(|word| !word.contains(SLOT)).map(str::to_owned).collect()
    }

    fn write_list(&self, list: usize, random: &mut Rng, write: &mut dyn FnMut(Piece, &mut Rng)) {
        if let Some(template) = self.lists[list].choice.draw(random) {
            self.write_template(template, random, &mut Memos::default(), write);
        }
    }

    fn write_template(
        &self,
        template: &Template,
        random: &mut Rng,
        memos: &mut Memos,
        write: &mut dyn FnMut(Piece, &mut Rng),
    ) {
        for part in template {
            match part {
                Part::Text(text) => write(Piece::Text(text), random),
                Part::Slot { list, capitals: Capitals::AsIs, memo: None } => {
                    self.write_list(*list, random, write);
                }
                Part::Slot { list, capitals, memo } => {
                    let text = match memo {
                        Some(memo) => match &memos[*memo] {
                            Some(text) => text.clone(),
                            None => memos[*memo].insert(self.text_of(*list, random)).clone(),
                        },
                        None => self.text_of(*list, random),
                    };
                    write(Piece::Text(&capitals.apply(text)), random);
                }
                Part::Open(open) => write(Piece::Open(*open), random),
                Part::Number { low, high, width } => {
                    let number = random.u64(*low..=*high);
                    write(Piece::Text(&format!("{number:0width$}")), random);
                }
                Part::Hexadecimal(digits) => {
                    let digits: String = (0..*digits).map(|_| random.digit(16)).collect();
                    write(Piece::Text(&digits), random);
                }
                Part::Choice(choice) => {
                    if let Some(chosen) = choice.draw(random) {
                        self.write_template(chosen, random, memos, write);
                    }
                }
                Part::Maybe(template) => {
                    if random.u8(..3) == 0 {
                        self.write_template(template, random, memos, write);
                    }
                }
            }
        }
    }

    /// An entry of a list as text, without its open slots.
    fn text_of(&self, list: usize, random: &mut Rng) -> String {
        let mut text = String::new();
        self.write_list(list, random, &mut |piece, _| text.extend(piece.text()));
        text
    }
}

#[derive(Debug, Clone, Copy)]
enum State {
    New,
    Open,
    Done,
}

impl<'g> Piece<'g> {
    fn text(self) -> Option<&'g str> {
        match self {
            Piece::Text(text) => Some(text),
            Piece::Open(_) => None,
        }
    }
}

impl Choice {
    fn add(&mut self, template: Template, weight: u32) {
        self.sums.push(self.sums.last().unwrap_or(&0) + weight);
        self.templates.push(template);
    }

    fn draw(&self, random: &mut Rng) -> Option<&Template> {
        let Some(&total) = self.sums.last() else { return random.choice(&self.templates) };
        let drawn = random.u32(..total);
        self.templates.get(self.sums.partition_point(|&sum| sum <= drawn))
    }

    /// Adds the lists that fill slots of the templates.
    fn lists(&self, lists: &mut Vec<usize>) {
        self.templates.iter().for_each(|template| lists_of(template, lists));
    }
}

impl Layout {
    fn named(name: &str) -> Option<Layout> {
        Some(match name {
            "" => Layout::Lines,
            "words" => Layout::Words,
            "alternatives" => Layout::Alternatives,
            "verbs" => Layout::Verbs,
            _ => return None,
        })
    }

    /// The suffixes of the lists under one header.
    fn endings(self) -> &'static [&'static str] {
        if self == Layout::Verbs { &["", "s", "ed", "ing"] } else { &[""] }
    }
}

impl Capitals {
    fn apply(self, mut text: String) -> String {
        match self {
            Capitals::AsIs => {}
            Capitals::First => {
                let first = text.chars().next().map_or(0, char::len_utf8);
                text[..first].make_ascii_uppercase();
            }
            Capitals::All => text.make_ascii_uppercase(),
        }
        text
    }
}

fn lists_of(template: &Template, lists: &mut Vec<usize>) {
    for part in template {
        match part {
            Part::Slot { list, .. } => lists.push(*list),
            Part::Choice(choice) => choice.lists(lists),
            Part::Maybe(template) => lists_of(template, lists),
            Part::Text(_) | Part::Open(_) | Part::Number { .. } | Part::Hexadecimal(_) => {}
        }
    }
}

/// The weight in front of a text, and the text: `3x ls` is `ls` with weight 3.
fn weighted(text: &str) -> (Option<u32>, &str) {
    let weight = text.split_once("x ").and_then(|(weight, rest)| Some((Some(weight.parse().ok()?), rest)));
    weight.unwrap_or((None, text))
}

/// Where the brace that `text` starts with closes.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 0usize;
    text.bytes().position(|byte| {
        depth = match byte {
            b'{' => depth + 1,
            b'}' => depth - 1,
            _ => depth,
        };
        depth == 0
    })
}

/// The texts between the bars that are not inside further braces.
fn choices(inner: &str) -> Vec<&str> {
    let mut depth = 0usize;
    inner
        .split(|c: char| {
            match c {
                '{' => depth += 1,
                '}' => depth = depth.saturating_sub(1),
                _ => {}
            }
            c == '|' && depth == 0
        })
        .collect()
}

/// The four forms of a verb: fix, fixes, fixed, fixing. An irregular one lists them: `break/breaks/broke/breaking`.
fn conjugate(verb: &str) -> Vec<String> {
    if verb.contains('/') {
        return verb.split('/').map(str::to_owned).collect();
    }
    let (stem, rest) = verb.split_at(verb.find(' ').unwrap_or(verb.len()));
    let sibilant = ["s", "x", "ch", "sh"].iter().any(|end| stem.ends_with(end));
    let silent = stem.strip_suffix('e');
    let y = stem.strip_suffix('y').filter(|before| !before.ends_with(['a', 'e', 'o']));
    let third = match y {
        Some(y) => format!("{y}ies"),
        None if sibilant => format!("{stem}es"),
        None => format!("{stem}s"),
    };
    let past = match (y, silent) {
        (Some(y), _) => format!("{y}ied"),
        (_, Some(_)) => format!("{stem}d"),
        _ => format!("{stem}ed"),
    };
    let going = format!("{}ing", silent.unwrap_or(stem));
    vec![verb.to_owned(), third + rest, past + rest, going + rest]
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// Checks every text that the list `x` gives.
    #[track_caller]
    fn check(lists: &str, expected: &[&str]) {
        let grammar = Grammar::read(&[lists], &[]).unwrap();
        let mut random = Rng::with_seed(1);
        let found: BTreeSet<String> = (0..1000).map(|_| grammar.entry("x", &mut random).unwrap()).collect();
        assert_eq!(found.iter().map(String::as_str).collect::<Vec<_>>(), expected, "{lists}");
    }

    #[test]
    fn entries() {
        check("# notes\n[x]\nls\n\nls -l", &["ls", "ls -l"]);
        check(
            "[x]\ngit push{? -u} {a}\n[a words]\nmain b",
            &["git push -u b", "git push -u main", "git push b", "git push main"],
        );
        check("[x]\n{a#1} {a#1} {a#1^}\n[a words]\nab c", &["ab ab Ab", "c c C"]);
        check("[x]\nA={a^^}\n[a words]\nab", &["A=AB"]);
        check("[x]\n{n:1-3}{-{hex:0}|}", &["1", "1-", "2", "2-", "3", "3-"]);
        check("[x]\n{n:08-10}", &["08", "09", "10"]);
        check(
            "[x]\nawk '{print $1}' {} ${HOME} {{.ID}} {a,b} {={print}} {",
            &["awk '{print $1}' {} ${HOME} {{.ID}} {a,b} {print} {"],
        );
        check("[x]\n'{print ${n:2-2}}'", &["'{print $2}'"]);
        check("[x alternatives]\n2x a | {a|b} c | d.", &["a", "a c", "b c", "d."]);
        check("[x verbs]\nfix", &["fix"]);
        check("[x]\n{acted}\n[act verbs]\nfix | go/goes/went/going", &["fixed", "went"]);
    }

    #[test]
    fn weights() {
        let grammar = Grammar::read(&["[x]\n3x a\nb"], &[]).unwrap();
        let mut random = Rng::with_seed(1);
        let often = (0..4000).filter(|_| grammar.entry("x", &mut random).unwrap() == "a").count();
        assert!((2800..3200).contains(&often), "{often} of 4000");
        let grammar = Grammar::read(&["[x]\n{3x a|b}"], &[]).unwrap();
        let often = (0..4000).filter(|_| grammar.entry("x", &mut random).unwrap() == "a").count();
        assert!((2800..3200).contains(&often), "{often} of 4000");
    }

    #[test]
    fn open_slots_are_filled_by_the_user() {
        let grammar = Grammar::read(&["[x]\nso {next}, {y}\n[y]\n{other}s"], &["next", "other"]).unwrap();
        let mut text = String::new();
        grammar.write("x", &mut Rng::with_seed(1), &mut |piece, _| match piece {
            Piece::Text(piece) => text.push_str(piece),
            Piece::Open(slot) => text.push_str(["git", "tag"][slot]),
        });
        assert_eq!(text, "so git, tags");
        assert_eq!(grammar.entry("x", &mut Rng::with_seed(1)).unwrap(), "so , s");
        assert_eq!(grammar.words(), ["so"]);
    }

    #[test]
    fn words_stand_as_often_as_in_the_entries() {
        let grammar =
            Grammar::read(&["[x alternatives]\n9x a, | a {y|b c} {z}'s\n[y]\nd\n[z]\ne"], &[]).unwrap();
        assert_eq!(grammar.words(), ["a,", "a", "y", "b", "c", "e", "d"]);
    }

    #[test]
    fn verbs_have_four_forms() {
        assert_eq!(conjugate("fix"), ["fix", "fixes", "fixed", "fixing"]);
        assert_eq!(conjugate("move"), ["move", "moves", "moved", "moving"]);
        assert_eq!(conjugate("copy"), ["copy", "copies", "copied", "copying"]);
        assert_eq!(conjugate("show up"), ["show up", "shows up", "showed up", "showing up"]);
        assert_eq!(conjugate("go/goes/went/going"), ["go", "goes", "went", "going"]);
    }

    #[test]
    fn mistakes() {
        let mistake = |lists: &str| Grammar::read(&[lists], &[]).unwrap_err();
        assert_eq!(mistake("ls"), GrammarError::Homeless("ls".into()));
        assert_eq!(
            mistake("[x]\nls {a}"),
            GrammarError::Unknown { entry: "ls {a}".into(), slot: "a".into() }
        );
        assert_eq!(mistake("[x nouns]\nls"), GrammarError::Kind("x nouns".into()));
        assert_eq!(mistake("[x]"), GrammarError::Empty("x".into()));
        assert_eq!(
            mistake("[x]\n{n:9-1}"),
            GrammarError::Slot { entry: "{n:9-1}".into(), slot: "n:9-1".into() }
        );
        assert!(matches!(mistake("[x]\n{y}\n[y]\na{?{x}}"), GrammarError::Circular(_)));
    }
}

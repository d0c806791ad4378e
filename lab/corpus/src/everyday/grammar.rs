//! A grammar of templates: lists whose entries are texts with slots, and a slot is filled from another list.
//!
//! ```text
//! # A comment. Blank lines mean nothing.
//! [branch]            a list: one entry a line, up to the next "["
//! main
//! 3x feature/{topic}  three times as likely as an entry without a weight
//! [port words]        a list of words: entries end at white space
//! 80 443 8080
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
//! | `{? -v}` | this or nothing |
//! | `{={print}}` | `{print}`: the text as it is |
//! | `{}` `{print $1}` `{{.ID}}` `${HOME}` | itself, as any brace that reads as none of these |

use std::collections::HashMap;

/// The most numbered slots of an entry.
const MEMOS: usize = 4;

/// Lists of templates.
#[derive(Debug)]
pub struct Grammar {
    lists: Vec<List>,
    names: HashMap<String, usize>,
}

/// Why a grammar cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Mistake {
    /// An entry before the first list.
    #[error("{0:?} stands before the first list")]
    Homeless(String),
    /// A slot that names no list.
    #[error("{entry:?}: there is no list {slot:?}")]
    Unknown {
        /// The entry.
        entry: String,
        /// What the slot is called.
        slot: String,
    },
    /// A list without an entry.
    #[error("the list {0:?} is empty")]
    Empty(String),
    /// A number slot whose bounds are none, or a memo that is too high.
    #[error("{entry:?}: {slot:?} cannot be read")]
    Slot {
        /// The entry.
        entry: String,
        /// The slot between its braces.
        slot: String,
    },
    /// A list that is filled from itself: its texts would have no end.
    #[error("the list {0:?} is filled from itself")]
    Circular(String),
}

#[derive(Debug, Default)]
struct List {
    entries: Vec<Template>,
    /// The sum of the weights up to and with each entry.
    weights: Vec<u32>,
}

type Template = Vec<Part>;

#[derive(Debug)]
enum Part {
    Text(String),
    Slot { list: usize, capitals: Capitals, memo: Option<usize> },
    Number { low: u64, high: u64, width: usize },
    Hexadecimal(usize),
    Choice(Vec<Template>),
    Maybe(Template),
}

#[derive(Debug, Clone, Copy)]
enum Capitals {
    AsIs,
    First,
    All,
}

impl Grammar {
    /// Reads the lists of several texts. A list may be continued under the same name.
    pub fn read(texts: &[&str]) -> Result<Grammar, Mistake> {
        let mut names: HashMap<String, usize> = HashMap::new();
        let mut entries: Vec<Vec<(u32, &str)>> = Vec::new();
        for text in texts {
            let mut list = None;
            for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'))
            {
                if let Some(header) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
                    let (name, words) = header.split_once(' ').unwrap_or((header, ""));
                    let at = *names.entry(name.to_owned()).or_insert(entries.len());
                    entries.resize_with(entries.len().max(at + 1), Vec::new);
                    list = Some((at, words == "words"));
                    continue;
                }
                match list {
                    Some((at, true)) => entries[at].extend(line.split_whitespace().map(|word| (1, word))),
                    Some((at, false)) => entries[at].push(weighted(line)),
                    None => return Err(Mistake::Homeless(line.to_owned())),
                }
            }
        }
        let mut lists = Vec::new();
        for entries in entries {
            let mut list = List::default();
            for (weight, entry) in entries {
                list.entries.push(template(entry, &names)?);
                list.weights.push(list.weights.last().unwrap_or(&0) + weight);
            }
            lists.push(list);
        }
        let grammar = Grammar { lists, names };
        grammar.check()?;
        Ok(grammar)
    }

    /// An entry of the list `name` with its slots filled, or nothing where there is no such list.
    pub fn entry(&self, name: &str, random: &mut fastrand::Rng) -> Option<String> {
        let mut out = String::with_capacity(80);
        self.write_entry(*self.names.get(name)?, random, &mut out);
        Some(out)
    }

    /// How many entries the list `name` has.
    pub fn size(&self, name: &str) -> usize {
        self.names.get(name).map_or(0, |&at| self.lists[at].entries.len())
    }

    /// The lists that some entry of `name` is filled from.
    pub fn slots(&self, name: &str) -> Vec<&str> {
        let Some(&at) = self.names.get(name) else { return Vec::new() };
        let mut used = Vec::new();
        self.lists[at].entries.iter().for_each(|template| lists_of(template, &mut used));
        let mut found: Vec<&str> = self
            .names
            .iter()
            .filter(|(_, list)| used.contains(list))
            .map(|(name, _)| name.as_str())
            .collect();
        found.sort_unstable();
        found
    }

    fn check(&self) -> Result<(), Mistake> {
        let mut state = vec![State::New; self.lists.len()];
        for (name, &at) in &self.names {
            if self.lists[at].entries.is_empty() {
                return Err(Mistake::Empty(name.clone()));
            }
            if !self.ends(at, &mut state) {
                return Err(Mistake::Circular(name.clone()));
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
        self.lists[list].entries.iter().for_each(|template| lists_of(template, &mut used));
        let ends = used.into_iter().all(|list| self.ends(list, state));
        state[list] = State::Done;
        ends
    }

    fn write_entry(&self, list: usize, random: &mut fastrand::Rng, out: &mut String) {
        let List { entries, weights } = &self.lists[list];
        let Some(&total) = weights.last() else { return };
        let drawn = random.u32(..total);
        let at = weights.partition_point(|&sum| sum <= drawn);
        self.write(&entries[at], random, &mut Default::default(), out);
    }

    fn write(
        &self,
        template: &Template,
        random: &mut fastrand::Rng,
        memos: &mut [Option<String>; MEMOS],
        out: &mut String,
    ) {
        for part in template {
            match part {
                Part::Text(text) => out.push_str(text),
                Part::Slot { list, capitals, memo: None } => {
                    let start = out.len();
                    self.write_entry(*list, random, out);
                    capitals.apply(out, start);
                }
                Part::Slot { list, capitals, memo: Some(memo) } => {
                    let text = memos[*memo].get_or_insert_with(|| {
                        let mut text = String::new();
                        self.write_entry(*list, random, &mut text);
                        text
                    });
                    let start = out.len();
                    out.push_str(text);
                    capitals.apply(out, start);
                }
                Part::Number { low, high, width } => {
                    let digits = random.u64(*low..=*high).to_string();
                    out.extend(std::iter::repeat_n('0', width.saturating_sub(digits.len())));
                    out.push_str(&digits);
                }
                Part::Hexadecimal(digits) => out.extend((0..*digits).map(|_| random.digit(16))),
                Part::Choice(choices) => {
                    if let Some(chosen) = random.choice(choices) {
                        self.write(chosen, random, memos, out);
                    }
                }
                Part::Maybe(template) => {
                    if random.u8(..3) == 0 {
                        self.write(template, random, memos, out);
                    }
                }
            }
        }
    }
}

#[derive(Debug, Clone, Copy)]
enum State {
    New,
    Open,
    Done,
}

impl Capitals {
    fn apply(self, text: &mut str, start: usize) {
        match self {
            Capitals::AsIs => {}
            Capitals::First => {
                let first = text[start..].chars().next().map_or(0, char::len_utf8);
                text[start..start + first].make_ascii_uppercase();
            }
            Capitals::All => text[start..].make_ascii_uppercase(),
        }
    }
}

fn lists_of(template: &Template, lists: &mut Vec<usize>) {
    for part in template {
        match part {
            Part::Slot { list, .. } => lists.push(*list),
            Part::Choice(choices) => choices.iter().for_each(|choice| lists_of(choice, lists)),
            Part::Maybe(template) => lists_of(template, lists),
            Part::Text(_) | Part::Number { .. } | Part::Hexadecimal(_) => {}
        }
    }
}

fn weighted(line: &str) -> (u32, &str) {
    let weight = line.split_once("x ").and_then(|(weight, entry)| Some((weight.parse().ok()?, entry)));
    weight.unwrap_or((1, line))
}

fn template(entry: &str, names: &HashMap<String, usize>) -> Result<Template, Mistake> {
    let mut parts: Template = Vec::new();
    let mut text = String::new();
    let mut rest = entry;
    while let Some(open) = rest.find('{') {
        text.push_str(&rest[..open]);
        let inner = closing(&rest[open..]).map(|close| &rest[open + 1..open + close]);
        match inner.map(|inner| (inner.len(), part(inner, entry, names))) {
            Some((length, Ok(Some(part)))) => {
                if !text.is_empty() {
                    parts.push(Part::Text(std::mem::take(&mut text)));
                }
                parts.push(part);
                rest = &rest[open + length + 2..];
            }
            Some((_, Err(mistake))) => return Err(mistake),
            _ => {
                text.push('{');
                rest = &rest[open + 1..];
            }
        }
    }
    text.push_str(rest);
    if !text.is_empty() {
        parts.push(Part::Text(text));
    }
    Ok(parts)
}

/// Where the brace that `text` starts with is closed.
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

/// What stands between two braces, or nothing where they mean themselves.
fn part(inner: &str, entry: &str, names: &HashMap<String, usize>) -> Result<Option<Part>, Mistake> {
    let unreadable = || Mistake::Slot { entry: entry.to_owned(), slot: inner.to_owned() };
    if let Some(text) = inner.strip_prefix('=') {
        return Ok(Some(Part::Text(text.to_owned())));
    }
    if let Some(optional) = inner.strip_prefix('?') {
        return Ok(Some(Part::Maybe(template(optional, names)?)));
    }
    let choices = choices(inner);
    if choices.len() > 1 {
        let choices = choices.into_iter().map(|choice| template(choice, names));
        return Ok(Some(Part::Choice(choices.collect::<Result<_, _>>()?)));
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
    let memo = match memo.map(str::parse::<usize>) {
        Some(Ok(memo)) if memo < MEMOS => Some(memo),
        Some(_) => return Err(unreadable()),
        None => None,
    };
    let unknown = || Mistake::Unknown { entry: entry.to_owned(), slot: name.to_owned() };
    Ok(Some(Part::Slot { list: *names.get(name).ok_or_else(unknown)?, capitals, memo }))
}

/// The texts between the bars that stand in no braces of their own.
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// Checks every text that the list `x` gives.
    #[track_caller]
    fn check(lists: &str, expected: &[&str]) {
        let grammar = Grammar::read(&[lists]).unwrap();
        let mut random = fastrand::Rng::with_seed(1);
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
    }

    #[test]
    fn weights() {
        let grammar = Grammar::read(&["[x]\n3x a\nb"]).unwrap();
        let mut random = fastrand::Rng::with_seed(1);
        let often = (0..4000).filter(|_| grammar.entry("x", &mut random).unwrap() == "a").count();
        assert!((2800..3200).contains(&often), "{often} of 4000");
    }

    #[test]
    fn mistakes() {
        let mistake = |lists: &str| Grammar::read(&[lists]).unwrap_err();
        assert_eq!(mistake("ls"), Mistake::Homeless("ls".into()));
        assert_eq!(mistake("[x]\nls {a}"), Mistake::Unknown { entry: "ls {a}".into(), slot: "a".into() });
        assert_eq!(mistake("[x]"), Mistake::Empty("x".into()));
        assert_eq!(mistake("[x]\n{n:9-1}"), Mistake::Slot { entry: "{n:9-1}".into(), slot: "n:9-1".into() });
        assert!(matches!(mistake("[x]\n{y}\n[y]\na{?{x}}"), Mistake::Circular(_)));
    }
}

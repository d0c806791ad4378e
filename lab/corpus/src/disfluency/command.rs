//! A command as said, cut into units and arguments.

use crate::labelled_word::LabelledWord;
use fastrand::Rng;

/// The words of a command and where its parts start.
pub(super) struct Command<'a> {
    words: &'a [LabelledWord],
    /// Index of each unit's first word.
    pub units: Vec<usize>,
    /// Index of each argument's first word; the first is the command's name.
    pub arguments: Vec<usize>,
    quoted: Vec<bool>,
}

impl<'a> Command<'a> {
    /// Cuts `words`, which must not be empty.
    pub(super) fn new(words: &'a [LabelledWord]) -> Command<'a> {
        let starts = |is: fn(&LabelledWord) -> bool| -> Vec<usize> {
            (0..words.len()).filter(|&at| at == 0 || is(&words[at])).collect()
        };
        let units = starts(|said| said.unit);
        let mut arguments = starts(|said| said.argument);
        if arguments.len() == 1 {
            // The sample does not mark its arguments.
            arguments.clone_from(&units);
        }
        Command { words, units, arguments, quoted: quoted(words) }
    }

    pub(super) fn len(&self) -> usize {
        self.words.len()
    }

    pub(super) fn words(&self, from: usize, to: usize) -> &'a [LabelledWord] {
        &self.words[from..to]
    }

    /// Words of the unit with that number.
    pub(super) fn unit(&self, unit: usize) -> &'a [LabelledWord] {
        let end = self.units.get(unit + 1).copied().unwrap_or(self.words.len());
        &self.words[self.units[unit]..end]
    }

    /// The range from the first word of the argument with that number to the one after its last. A spoken separator
    /// belongs to none.
    pub(super) fn argument(&self, argument: usize) -> (usize, usize) {
        let start = self.arguments[argument];
        let mut end = self.arguments.get(argument + 1).copied().unwrap_or(self.words.len());
        while end > start + 1 && is_space(&self.words[end - 1]) {
            end -= 1;
        }
        (start, end)
    }

    pub(super) fn some_argument(&self, random: &mut Rng) -> (usize, usize) {
        self.argument(random.usize(..self.arguments.len()))
    }

    /// Unit that ends before a word; empty at the start.
    pub(super) fn unit_before(&self, at: usize) -> &'a [LabelledWord] {
        let before = self.units.partition_point(|&unit| unit < at);
        if before == 0 { &[] } else { &self.words[self.units[before - 1]..at] }
    }

    /// Unit that starts with a word; empty at the end.
    pub(super) fn unit_at(&self, at: usize) -> &'a [LabelledWord] {
        let here = self.units.partition_point(|&unit| unit < at);
        if self.units.get(here) == Some(&at) { self.unit(here) } else { &[] }
    }

    /// Whether talk inserted before a word stands between spoken quotes.
    pub(super) fn quoted(&self, at: usize) -> bool {
        self.quoted.get(at).copied().unwrap_or(false)
    }
}

/// The units of a run of words that starts with one.
pub(super) fn units_of(words: &[LabelledWord]) -> impl Iterator<Item = &[LabelledWord]> {
    words.chunk_by(|_, next| !next.unit)
}

/// For each word whether a quote is open before it.
fn quoted(words: &[LabelledWord]) -> Vec<bool> {
    let mut open = false;
    let mut quoted = Vec::with_capacity(words.len());
    for said in words {
        quoted.push(open);
        let quotes = ["quote", "unquote", "apostrophe", "quotation"];
        if quotes.iter().any(|quote| said.text.eq_ignore_ascii_case(quote))
            || matches!(&*said.text, "\"" | "'")
            || said.text.len() > 1 && said.text.matches(['"', '“', '”']).count() % 2 == 1
        {
            open = !open;
        }
    }
    quoted
}

/// Whether a separator is said.
pub(super) fn is_space(said: &LabelledWord) -> bool {
    said.text.eq_ignore_ascii_case("space")
}

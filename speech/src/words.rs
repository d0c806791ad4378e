//! A person's own words.

use crate::lattice::MAX_SPAN;

/// A spoken form → what it writes, for one person. Forms are matched in lower case.
#[derive(Debug, Clone, Default)]
pub struct UserWords {
    /// (words, what they write), longest first.
    forms: Vec<(Vec<String>, String)>,
}

impl UserWords {
    /// `pairs`: spoken form, written form. Empty forms are left out.
    pub fn new(pairs: impl IntoIterator<Item = (String, String)>) -> UserWords {
        let mut forms: Vec<(Vec<String>, String)> = pairs
            .into_iter()
            .map(|(spoken, written)| {
                (spoken.to_lowercase().split_whitespace().map(str::to_owned).collect(), written)
            })
            .filter(|(words, _): &(Vec<String>, String)| !words.is_empty() && words.len() <= MAX_SPAN)
            .collect();
        forms.sort_by_key(|(words, _)| std::cmp::Reverse(words.len()));
        UserWords { forms }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.forms.is_empty()
    }

    /// The forms that match the words starting at `words[0]`, longest first.
    pub(crate) fn matches<'a>(
        &'a self,
        words: &'a [&str],
    ) -> impl Iterator<Item = &'a (Vec<String>, String)> {
        self.forms
            .iter()
            .filter(move |(form, _)| form.len() <= words.len() && form.iter().zip(words).all(|(a, b)| a == b))
    }

    /// The pairs, as given.
    pub fn pairs(&self) -> impl Iterator<Item = (String, &str)> {
        self.forms.iter().map(|(words, written)| (words.join(" "), written.as_str()))
    }
}

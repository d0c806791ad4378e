//! User words: a user's own spoken forms, from the settings.

use crate::lattice::MAX_SPAN;

/// The spoken forms of one user and what each writes. Forms are matched in lower case.
#[derive(Debug, Clone, Default)]
pub struct UserWords {
    /// The words of each form and the text that they write; forms with the most words first.
    forms: Forms,
    /// Forms that were learnt and not confirmed: each adds a reading and removes none.
    offered: Forms,
}

type Forms = Vec<(Vec<String>, String)>;

/// Forms in lower case, those with the most words first, without those that are empty or longer than [`MAX_SPAN`] words.
fn forms(pairs: impl IntoIterator<Item = (String, String)>) -> Forms {
    let mut forms: Forms = pairs
        .into_iter()
        .map(|(spoken, written)| {
            (spoken.to_lowercase().split_whitespace().map(str::to_owned).collect(), written)
        })
        .filter(|(words, _): &(Vec<String>, String)| !words.is_empty() && words.len() <= MAX_SPAN)
        .collect();
    forms.sort_by_key(|(words, _)| std::cmp::Reverse(words.len()));
    forms
}

fn matching<'a>(forms: &'a Forms, words: &'a [&str]) -> impl Iterator<Item = &'a (Vec<String>, String)> {
    forms
        .iter()
        .filter(move |(form, _)| form.len() <= words.len() && form.iter().zip(words).all(|(a, b)| a == b))
}

impl UserWords {
    /// Builds the table from pairs of a spoken and a written form. Forms that are empty or longer
    /// than [`MAX_SPAN`] words are ignored.
    pub fn new(pairs: impl IntoIterator<Item = (String, String)>) -> UserWords {
        UserWords { forms: forms(pairs), offered: Vec::new() }
    }

    /// The same with words that were learnt and that the user has not confirmed: each adds a reading and removes none. A
    /// form that the user has decided about is not among them.
    #[must_use]
    pub fn with_offered(self, pairs: impl IntoIterator<Item = (String, String)>) -> UserWords {
        let mut offered = forms(pairs);
        offered.retain(|(words, _)| self.forms.iter().all(|(form, _)| form != words));
        UserWords { offered, ..self }
    }

    /// Whether the user has no words.
    pub fn is_empty(&self) -> bool {
        self.forms.is_empty() && self.offered.is_empty()
    }

    /// The forms that match the beginning of `words`, longest first. `words` must be in lower case.
    pub(crate) fn matches<'a>(
        &'a self,
        words: &'a [&str],
    ) -> impl Iterator<Item = &'a (Vec<String>, String)> {
        matching(&self.forms, words)
    }

    /// The same for words that were learnt and not confirmed.
    pub(crate) fn matches_offered<'a>(
        &'a self,
        words: &'a [&str],
    ) -> impl Iterator<Item = &'a (Vec<String>, String)> {
        matching(&self.offered, words)
    }

    /// The pairs of a spoken form in lower case and what it writes, longest form first.
    pub fn pairs(&self) -> impl Iterator<Item = (String, &str)> {
        self.forms.iter().map(|(words, written)| (words.join(" "), written.as_str()))
    }
}

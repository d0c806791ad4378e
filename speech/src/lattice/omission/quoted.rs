//! Quotes on a line of spoken words and in the text of a reading.

use crate::clean::{Line, Shape};
use crate::quote;
use crate::vocabulary;

/// For every token whether it stands between spoken quotes, as far as that is known without a path.
pub(crate) fn quoted(line: &Line) -> Vec<bool> {
    let mut state = quote::State::default();
    let mut quoted = Vec::with_capacity(line.tokens.len());
    let mut opened = 0;
    for at in 0..line.tokens.len() {
        let sign = ["\"", "'"].iter().find(|sign| {
            line.tokens[at].shape == Shape::Word && vocabulary::is_name_of(line.lower(at), sign)
        });
        quoted.push(state.is_open() && sign.is_none());
        if let Some(sign) = sign {
            // "single quote" and "quote" close one another: speakers say the long form once.
            let sign = state.open().unwrap_or(if *sign == "\"" { '"' } else { '\'' });
            state.push(sign);
            opened = at;
        }
    }
    // A quote that is never closed says nothing about what follows it.
    if state.is_open() {
        quoted[opened..].fill(false);
    }
    quoted
}

/// Takes in the quote signs of a text, but for apostrophes within words.
pub(super) fn push_signs(quote: &mut quote::State, text: &str, is_escaped: bool) {
    let mut before = None;
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        let inside = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        let is_apostrophe = character == '\'' && inside(before) && inside(characters.peek().copied());
        let is_first = before.is_none();
        if !(is_apostrophe || is_first && is_escaped) {
            quote.push(character);
        }
        before = Some(character);
    }
}

//! Signs that tie what stands on their two sides into one name: `/ . - = : @ _ \`.

use crate::clean::{Line, Shape};
use crate::vocabulary;

/// Whether a token says or is a sign that ties names together: `dash`, `slash`, a typed `.`.
pub(super) fn is_tie(line: &Line, at: usize) -> bool {
    let lower = line.lower(at);
    match line.tokens[at].shape {
        Shape::Word => {
            lower == "sign"
                || ["-", "/", ".", "=", ":", "@", "_", "\\"]
                    .iter()
                    .any(|sign| vocabulary::is_name_of(lower, sign))
        }
        Shape::Typed => lower.ends_with(['-', '/', '.', '=', ':', '@', '_', '\\']),
        Shape::Digits | Shape::Break => false,
    }
}

/// Whether a sign that ties names together follows a token: it is a part of a name, like "the" in `the_end`.
pub(super) fn is_part_of_name(line: &Line, at: usize) -> bool {
    at + 1 < line.tokens.len() && is_tie(line, at + 1)
}

/// Whether a token says or begins with a sign that stands inside of names: "like dot txt" is a name.
pub(super) fn starts_with_tie(line: &Line, at: usize) -> bool {
    if at >= line.tokens.len() {
        return false;
    }
    let lower = line.lower(at);
    match line.tokens[at].shape {
        Shape::Word => [".", "=", ":", "@", "_"].iter().any(|sign| vocabulary::is_name_of(lower, sign)),
        Shape::Typed => lower.starts_with(['.', '=', ':', '@', '_']),
        Shape::Digits | Shape::Break => false,
    }
}

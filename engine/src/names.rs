//! Names of the place: what was said is read again with the names that fit where they were said.
//!
//! The first reading of the line, made without the place, says which command each word stands in. Where a name of the
//! place fits there ([`crate::slot`]) and equals what was said once separators and case are dropped, or nearly sounds
//! like it where nothing else makes sense, it becomes the only reading of its words, and the line is searched again.
//!
//! The words stay as they were said where they are right already: where they name something that exists, in quotes, in patterns, in messages, in names that
//! are being created, and where an instruction was said. Where two names fit, none is taken.

mod here;
mod written;

use crate::placed::Placed;
use crate::slot::{Position, fitting_files, takes_files};
use here::Here;
use sayso_place::{Place, Said};
use sayso_speech::lattice::{Kind, Lattice, Step};
use sayso_speech::symbol::{ends_command_after, is_redirection};
use written::{Written, written};

/// Whether the first reading left out a word that belongs to one of the names.
pub(crate) fn recover_words(names: &[Placed], lattice: &Lattice, path: &[Step]) -> bool {
    let left_out = lattice.left_out(path);
    names.iter().any(|name| name.tokens.clone().any(|token| left_out.contains(&token)))
}

/// Whether the names in a line that the gate would keep are reason enough to change it: it begins with a command, and what
/// stands behind that is mostly names.
pub(crate) fn outweigh(names: &[Placed], lattice: &Lattice) -> bool {
    let covered: usize = names.iter().map(|name| name.tokens.len()).sum();
    lattice.len() > 1 && 3 * covered + 1 >= lattice.len()
}

/// What the place has to say about a line.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reread {
    /// The names to read it with.
    pub(crate) taken: Vec<Placed>,
    /// Names that are less sure, to be offered beside: each in place of those of `taken` that it overlaps.
    pub(crate) offered: Vec<Placed>,
    /// Whether any of the taken names changes what the first reading wrote.
    pub(crate) changes: bool,
}

/// Reads a line again: `path` is its first reading.
pub(crate) fn reread(place: &Place, lattice: &Lattice, path: &[Step]) -> Reread {
    let mut reread = Reread::default();
    let said = Said::new(lattice);
    let written = written(lattice, path);
    let mut words: Vec<String> = Vec::new();
    let mut word = String::new();
    let mut at = 0;
    while at < written.len() {
        let Written { reading, is_apart, is_quoted } = &written[at];
        let is_left_out = reading.kind == Kind::Deletion;
        if !is_left_out && (!reading.kind.writes() || reading.text.is_empty()) {
            at += 1;
            continue;
        }
        // What was left out behind the sign of a variable may be its name.
        let may_be_variable = is_left_out && word.ends_with('$');
        if *is_apart && !word.is_empty() && !may_be_variable {
            words.push(std::mem::take(&mut word));
        }
        let text = reading.text.as_ref();
        if !is_quoted
            && reading.is_symbol()
            && (ends_command_after(&word, text) || text == "$(" || text == "(")
        {
            words.clear();
            word.clear();
            at += 1;
            continue;
        }
        // "just" is a filler, unless it runs a recipe of this place.
        let may_be_just =
            is_left_out && words.is_empty() && word.is_empty() && !place.folder.recipes.is_empty();
        if may_be_just && at + 1 < written.len() && lattice.line.lower(reading.tokens.start) == "just" {
            let just = ["just".to_owned()];
            let line = Here { place, lattice, said: &said, written: &written, at: at + 1, is_below: false };
            if line.look_up(&Position { words: &just, prefix: "" }).taken.is_some() {
                let tokens = reading.tokens.clone();
                reread.taken.push(Placed::program(tokens, "just"));
                reread.changes = true;
                words.extend(just);
                at += 1;
                continue;
            }
        }
        if !is_quoted && !is_redirection(text) {
            // A folder is only listed where files are looked for.
            let may_list = !is_left_out && word.ends_with('/') && takes_files(place, &words);
            let elsewhere = if may_list { place.elsewhere.below(&word) } else { None };
            let is_below = elsewhere.is_some();
            let line = Here { place, lattice, said: &said, written: &written, at, is_below };
            let found = if let Some(listing) = &elsewhere {
                let fits = fitting_files(place, &listing.names, &words);
                line.look_up_among(fits, false)
            } else if is_left_out && !may_be_variable || !begins_name(&word) {
                let mut before = words.clone();
                before.extend(Some(word.clone()).filter(|word| !word.is_empty()));
                line.look_up_within(&Position { words: &before, prefix: "" })
            } else {
                line.look_up(&Position { words: &words, prefix: &word })
            };
            reread.offered.extend(found.offered);
            if let Some((placed, changes)) = found.taken {
                if placed.is_apart && !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
                word.push_str(&placed.written);
                reread.changes |= changes;
                let end = placed.tokens.end;
                reread.taken.push(placed);
                while at < written.len() && written[at].reading.tokens.start < end {
                    at += 1;
                }
                continue;
            }
        }
        word.push_str(text);
        at += 1;
    }
    reread
}

/// Whether a name may begin behind what was written of a word so far.
fn begins_name(word: &str) -> bool {
    word.is_empty()
        || word == "./"
        || word.ends_with(['@', '=', '$'])
        || word.ends_with("${")
        || word.ends_with("..")
}

//! A conversion that can be put aside and resumed.

use crate::candidates::Candidates;
use crate::gate::RULES_ONLY_COMMAND;
use crate::{Dictation, Engine, Route};
use sayso_speech::lattice::Lattice;
use std::sync::Arc;

/// A line that has come as far as it comes without a language model. It owns all that the remaining steps need, so it
/// may cross threads and wait for a model; nothing is computed again when it goes on.
#[derive(Debug, Clone)]
pub struct Draft {
    /// With the weights that the line was encoded with.
    pub(crate) engine: Engine,
    /// With the stem.
    pub(crate) dictated: String,
    /// What stands before the dictation on its line and was read with it; empty where it was read alone.
    pub(crate) stem: String,
    /// In characters of `dictated`; `None` means at the end.
    pub(crate) cursor: Option<usize>,
    pub(crate) route: Route,
    /// Whether somebody chose readings by hand.
    pub(crate) is_by_hand: bool,
    pub(crate) choice: Choice,
}

/// The line as it is, or paths to choose from.
#[derive(Debug, Clone)]
pub(crate) enum Choice {
    /// The gate keeps the line.
    Kept(Kept),
    /// The paths, best first.
    Paths(Candidates),
}

/// A line that the gate keeps.
#[derive(Debug, Clone)]
pub(crate) struct Kept {
    pub(crate) lattice: Arc<Lattice>,
    /// How sure the gate is, 0 to 1.
    pub(crate) confidence: f32,
    /// Why it stays, for the person.
    pub(crate) message: &'static str,
    /// Whether its typography is mended.
    pub(crate) is_mended: bool,
}

impl Kept {
    pub(crate) fn new(lattice: Arc<Lattice>, confidence: f32, message: &'static str) -> Kept {
        Kept { lattice, confidence, message, is_mended: false }
    }

    /// A line of which only the typography is mended.
    pub(crate) fn mended(lattice: Arc<Lattice>, message: &'static str) -> Kept {
        Kept { is_mended: true, ..Kept::new(lattice, RULES_ONLY_COMMAND, message) }
    }
}

impl Draft {
    pub(crate) fn new(engine: Engine, dictation: &Dictation<'_>, stem: String, choice: Choice) -> Draft {
        let Dictation { text, cursor, route, chosen, .. } = *dictation;
        let cursor = cursor.map(|cursor| cursor + stem.chars().count());
        let (dictated, is_by_hand) = (format!("{stem}{text}"), !chosen.is_empty());
        Draft { engine, dictated, stem, cursor, route, is_by_hand, choice }
    }
}

//! Confidence where the rules chose the path, and how much of it the tagger needs to overrule them.

use sayso_speech::commands;
use sayso_speech::english::is_english;
use sayso_speech::lattice::{Kind, Lattice, Step};
use sayso_speech::programs::is_program;

/// Confidence of a line of which every separator was said. Set by hand on 2026-11-23: of 109,800 such lines 109,788
/// come back equal (docs/BENCHMARKS.md), but a person may leave a separator out.
pub(crate) const STRICT: f32 = 0.99;

/// Confidence needed to take a line for a command against the rules, if its first word is the name of a command. Set
/// by hand on 2026-11-23 with [`NAMES_UNKNOWN_ABOVE`], measured by `sayso-lab gate`.
const NAMES_COMMAND_ABOVE: f32 = 0.2;
/// The same if nothing is known of the first word, except that it is no English word.
const NAMES_UNKNOWN_ABOVE: f32 = 0.4;

/// Confidence needed to take a line that says no symbol for a command with talk, if half of its words or more are left
/// out as talk. Set by hand on 2026-11-28, on `lab/cases/prose.txt` and the training half of talk.
pub(crate) const TALKS_ABOUT_COMMAND_ABOVE: f32 = 0.7;

/// The same if the line begins with an English word that is the name of the command, as prose does: "history repeats
/// itself". Set by hand on 2026-11-28, on `lab/cases/prose.txt`.
pub(crate) const BEGINS_WITH_WORD_ABOVE: f32 = 0.95;

/// Below this confidence of the tagger, the rules say how far a phrase of the vocabulary takes back, if their answer is
/// among the tagger's. Set by hand on 2026-11-28, on the training half of talk.
pub(crate) const RULES_REPAIR_BELOW: f32 = 0.75;

/// Heuristic confidence of a path that the rules chose; a rank, not a probability: set by hand on 2026-11-23 so that a
/// known command and spoken symbol names each raise it.
pub(crate) fn by_rules(lattice: &Lattice, path: &[Step]) -> f32 {
    let readings = || path.iter().map(|step| lattice.reading(step.reading));
    let first = readings().find(|reading| reading.kind.writes());
    let names_command = first.is_some_and(|reading| commands::is_command(&reading.text));
    let has_symbol = readings().any(|reading| reading.kind == Kind::Symbol);
    match (names_command, has_symbol) {
        (true, true) => 0.9,
        (true, false) => 0.7,
        (false, true) => 0.5,
        (false, false) => 0.3,
    }
}

/// Whether `text`, the best path's, begins with the name of a command, with enough `confidence` to overrule the rules,
/// which see no command. An English word is not enough: most are the name of some program.
pub(crate) fn names_command(text: &str, confidence: f32) -> bool {
    let name = text.split_whitespace().find(|word| !word.contains('=')).unwrap_or_default();
    let enough = match name {
        _ if commands::is_command(name) => NAMES_COMMAND_ABOVE,
        _ if name.is_empty() || is_english(&name.to_lowercase()) => return false,
        _ if is_program(name) => NAMES_COMMAND_ABOVE,
        _ => NAMES_UNKNOWN_ABOVE,
    };
    confidence >= enough
}

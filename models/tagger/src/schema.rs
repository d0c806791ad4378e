//! What weights depend on besides their own shapes: the numbers that features are made of, and the files from which
//! lattices are built. A weights file says which ones it was trained with.

use super::feature::{CROSS_ROWS, ROWS};
use super::id::{CrossId, FeatureId, PartId, RowId};
use super::shape::{HEADS, LAYERS, MAX_DISTANCE, PARAMETERS, WINDOW};
use super::{context, repair, word};
use sayso_speech::clean::Shape;
use sayso_speech::commands::Arity;
use sayso_speech::data::MODEL_INPUT;
use sayso_speech::hash::fnv1a;
use sayso_speech::lattice::omission::Cue;
use sayso_speech::lattice::{self, Fit};
use sayso_speech::vocabulary;
use std::collections::BTreeMap;
use std::fmt::{self, Debug, Display, Formatter, Write};

/// The name of the entry in a weights file's metadata that holds its schema.
pub const SCHEMA: &str = "schema";
/// The name of the digest over codes, ids and parameters.
const FEATURES: &str = "features";

/// Digests of everything that the tagger's input depends on, by name: `features`, and one for each data file.
///
/// As text: `features=0123456789abcdef commands.txt=…`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schema(BTreeMap<String, u64>);

impl Schema {
    /// The schema of this program.
    pub fn current() -> Schema {
        let data = MODEL_INPUT.iter().map(|(name, text)| ((*name).to_owned(), fnv1a(text.bytes())));
        let features = (FEATURES.to_owned(), fnv1a(features().into_bytes()));
        Schema(data.chain([features]).collect())
    }

    /// Reads one from its text; `None` if it is malformed.
    pub fn parse(text: &str) -> Option<Schema> {
        let digest = |part: &str| {
            let (name, digest) = part.split_once('=')?;
            Some((name.to_owned(), u64::from_str_radix(digest, 16).ok()?))
        };
        text.split_whitespace().map(digest).collect::<Option<_>>().map(Schema)
    }

    /// Whether features are the same: the numbers of another one mean something else.
    pub fn has_features_of(&self, other: &Schema) -> bool {
        self.0.get(FEATURES) == other.0.get(FEATURES)
    }

    /// The data files that differ. Weights stay usable with other data, but were not measured with them.
    pub fn changed_data(&self, other: &Schema) -> Vec<String> {
        let names = self.0.keys().chain(other.0.keys()).filter(|name| *name != FEATURES);
        let mut changed: Vec<String> =
            names.filter(|name| self.0.get(*name) != other.0.get(*name)).cloned().collect();
        changed.sort();
        changed.dedup();
        changed
    }
}

impl Display for Schema {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        for (at, (name, digest)) in self.0.iter().enumerate() {
            let space = if at > 0 { " " } else { "" };
            write!(out, "{space}{name}={digest:016x}")?;
        }
        Ok(())
    }
}

/// Every number that features are made of, with its name, and every parameter: a line each.
fn features() -> String {
    let mut text = String::new();
    let mut line = |list: &str, name: &dyn Debug, code: u64| {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{list} {name:?} {code}");
    };
    lattice::Kind::ALL.iter().for_each(|kind| line("reading", &kind.name(), kind.code()));
    vocabulary::Kind::ALL.iter().for_each(|kind| line("entry", kind, kind.code()));
    Fit::ALL.iter().for_each(|fit| line("fit", fit, fit.code()));
    Shape::ALL.iter().for_each(|shape| line("shape", shape, shape.code()));
    Arity::ALL.iter().for_each(|arity| line("arity", arity, arity.code()));
    word::WordClass::ALL.iter().for_each(|class| line("class", class, class.code()));
    word::Case::ALL.iter().for_each(|case| line("case", case, case.code()));
    context::WordRole::ALL.iter().for_each(|place| line("place", place, place.code()));
    repair::Likeness::ALL.iter().for_each(|likeness| line("likeness", likeness, likeness.code()));
    Cue::ALL.iter().for_each(|cue| line("cue", cue, cue.code()));
    RowId::ALL.iter().for_each(|id| line("row", id, id.id().into()));
    CrossId::ALL.iter().for_each(|id| line("cross", id, id.id().into()));
    PartId::ALL.iter().for_each(|id| line("part", id, id.id().into()));
    for (name, value) in [
        ("rows", ROWS),
        ("cross rows", CROSS_ROWS),
        ("layers", LAYERS),
        ("heads", HEADS),
        ("distance", MAX_DISTANCE),
        ("window", WINDOW),
        ("readings", lattice::MAX_READINGS),
        ("wide readings", lattice::MAX_WIDE_READINGS),
        ("span", lattice::MAX_SPAN),
    ] {
        line("size", &name, value as u64);
    }
    // A word vector is found by the place of its word in this file.
    for (name, text) in MODEL_INPUT.iter().filter(|(name, _)| *name == "english.txt") {
        line("words", name, fnv1a(text.bytes()));
    }
    for parameter in PARAMETERS {
        line("parameter", &(parameter.name, parameter.shape), 0);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::weights::with_schema;
    use super::*;
    use safetensors::SafeTensors;

    const WEIGHTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../weights/tagger.safetensors");
    const RENEW: &str = "SAYSO_RENEW_SCHEMA=1 cargo test -p sayso-tagger schema";

    /// The shipped weights were trained, or measured again, with this schema. The recipe of [`RENEW`] writes the schema of
    /// today into the file and changes no tensor.
    #[test]
    fn the_shipped_weights_have_this_schema() {
        let bytes = std::fs::read(WEIGHTS).unwrap();
        let current = Schema::current();
        if std::env::var_os("SAYSO_RENEW_SCHEMA").is_some() {
            std::fs::write(WEIGHTS, with_schema(&bytes, &current).unwrap()).unwrap();
            return;
        }
        let (_, header) = SafeTensors::read_metadata(&bytes).unwrap();
        let text = header.metadata().as_ref().and_then(|entries| entries.get(SCHEMA));
        let shipped = text.and_then(|text| Schema::parse(text));
        let shipped = shipped.unwrap_or_else(|| panic!("the weights name no schema: {RENEW}"));
        assert!(
            shipped.has_features_of(&current),
            "The tagger's features are not those that its weights were trained with: a code, a feature id or the \
             shape of a parameter changed.\n\
             - If a number changed, undo that: numbers are never reused, a new variant takes the next free one.\n\
             - If you added a feature or changed a shape, retrain (`just tagger`).\n\
             - If speech/data/english.txt changed, its word vectors lie elsewhere: make them anew and retrain.\n\
             - If you only renamed a variant, and the feature witness still passes, write the new name into the file: \
             {RENEW}\n\
             The features of this program are\n{}",
            features()
        );
        let changed = current.changed_data(&shipped);
        assert!(
            changed.is_empty(),
            "{} in speech/data changed since the weights were last measured: they decide which readings a line has.\n\
             Measure first (`just accuracy`, and `sayso-lab eval` for single sets). If nothing got worse, write the new \
             digests into the weights file, which changes no tensor: {RENEW}\n\
             If something did, retrain (`just tagger`) or undo the change.",
            changed.join(", ")
        );
    }

    #[test]
    fn a_schema_reads_what_it_writes() {
        let current = Schema::current();
        assert_eq!(Schema::parse(&current.to_string()), Some(current.clone()));
        assert!(Schema::parse("features=zz").is_none() && Schema::parse("features").is_none());
        let other = Schema::parse("features=1 english.txt=2").unwrap();
        assert!(!other.has_features_of(&current));
        assert_eq!(other.changed_data(&current).len(), MODEL_INPUT.len());
    }

    #[test]
    fn codes_and_ids_are_unique() {
        let mut seen = std::collections::HashMap::new();
        for line in
            features().lines().filter(|line| !line.starts_with("size") && !line.starts_with("parameter"))
        {
            let (name, code) = line.rsplit_once(' ').unwrap();
            let list = name.split(' ').next().unwrap();
            assert_eq!(seen.insert((list.to_owned(), code.to_owned()), name.to_owned()), None, "{line}");
        }
    }
}

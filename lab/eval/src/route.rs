//! The routes of an evaluation, by their names.

use clap::builder::{PossibleValuesParser, TypedValueParser};
use sayso_engine::Route;

/// Who answers the cases: the engine, or the language model without it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answerer {
    /// The engine, by one of its routes.
    Engine(Route),
    /// The language model alone.
    Model(Writing),
}

/// How a language model writes a line without tagger and mix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Writing {
    /// Along the paths of the wide lattice: constrained decoding.
    Constrained,
    /// Whatever it likes, as the models of the series did. What it writes is not checked against the lattice.
    Free,
}

impl Answerer {
    /// Every answerer, in the order in which help lists them.
    pub const ALL: [Answerer; Route::ALL.len() + 2] = {
        let [auto, scanner, tagger, model] = Route::ALL;
        [
            Answerer::Engine(auto),
            Answerer::Engine(scanner),
            Answerer::Engine(tagger),
            Answerer::Engine(model),
            Answerer::Model(Writing::Constrained),
            Answerer::Model(Writing::Free),
        ]
    };

    /// The name by which command lines and reports call it.
    pub const fn name(self) -> &'static str {
        match self {
            Answerer::Engine(route) => route.name(),
            Answerer::Model(Writing::Constrained) => "constrained",
            Answerer::Model(Writing::Free) => "free",
        }
    }

    /// The answerer that is called `name`.
    pub fn named(name: &str) -> Option<Answerer> {
        Answerer::ALL.into_iter().find(|answerer| answerer.name() == name)
    }
}

impl Default for Answerer {
    fn default() -> Answerer {
        Answerer::Engine(Route::default())
    }
}

/// Reads an answerer from the command line; help and error messages list the names.
pub fn parser() -> impl TypedValueParser<Value = Answerer> {
    PossibleValuesParser::new(Answerer::ALL.map(Answerer::name))
        .map(|name| Answerer::named(&name).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_answerer_is_found_by_its_name() {
        for answerer in Answerer::ALL {
            assert_eq!(Answerer::named(answerer.name()), Some(answerer));
        }
        assert_eq!(Answerer::named("loud"), None);
    }
}

//! The stage that may answer, by its name.

use clap::builder::{PossibleValuesParser, TypedValueParser};
use sayso_engine::Route;

/// The stage that is called `name`.
pub fn named(name: &str) -> Option<Route> {
    Route::ALL.into_iter().find(|route| route.name() == name)
}

/// Reads a stage from the command line; help and error messages list the names.
pub fn parser() -> impl TypedValueParser<Value = Route> {
    PossibleValuesParser::new(Route::ALL.map(Route::name)).map(|name| named(&name).unwrap_or_default())
}

//! The stage that may answer, by the name that the wire uses.

use clap::builder::{PossibleValuesParser, TypedValueParser};
use sayso_protocol::Route;

/// The stage that is called `name`.
pub fn named(name: &str) -> Option<Route> {
    Route::ALL.into_iter().find(|route| route.as_str() == name)
}

/// Reads a stage from the command line; help and error messages list the names.
pub fn parser() -> impl TypedValueParser<Value = Route> {
    PossibleValuesParser::new(Route::ALL.map(Route::as_str)).map(|name| named(&name).unwrap_or_default())
}

//! The stage that may answer, as it is named on the command line.

use clap::ValueEnum;
use sayso_engine::Route;

/// Which stage may answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum RouteName {
    /// The gate decides, then the best stage that is there
    Auto,
    /// The rules alone
    Scanner,
    /// The tagger
    Tagger,
    /// A language model
    Model,
}

impl RouteName {
    /// The name as it is typed and as the wire carries it.
    pub fn name(self) -> &'static str {
        match self {
            RouteName::Auto => "auto",
            RouteName::Scanner => "scanner",
            RouteName::Tagger => "tagger",
            RouteName::Model => "model",
        }
    }

    /// The engine's route of this name.
    pub fn route(self) -> Route {
        match self {
            RouteName::Auto => Route::Auto,
            RouteName::Scanner => Route::Scanner,
            RouteName::Tagger => Route::Tagger,
            RouteName::Model => Route::Model,
        }
    }
}

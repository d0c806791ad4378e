//! The command line of `sayso tagger`.

use clap::{Args, Subcommand, ValueHint};
use std::path::PathBuf;

/// Choose the weights of the tagger, which reads every line
///
/// The built-in weights know nobody in particular. `sayso train adapt` makes weights that know your own lines.
///
/// Exit status: 0 success, 1 failure, 2 wrong usage.
#[derive(Debug, Args)]
pub struct Tagger {
    /// What to do
    #[command(subcommand)]
    pub action: TaggerAction,

    /// Print JSON: one object per weights, or one with the result; {"error":{"message"}} on failure
    #[arg(long, global = true)]
    pub json: bool,
}

/// What to do with weights of the tagger.
#[derive(Debug, Subcommand)]
pub enum TaggerAction {
    /// Use the weights in a file, or those of a name that `list` shows
    ///
    /// The file is checked and copied, and the settings name the copy. A running daemon notices that at the next line.
    Use {
        /// A file, or a name
        #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
        weights: PathBuf,
    },
    /// List the weights that were taken into use, the ones in use marked
    List,
    /// Use the built-in weights again; those of a file stay where they are
    Reset,
}

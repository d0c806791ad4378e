//! The subcommands. People reach them through `sayso`.

pub(crate) mod convert;
pub(crate) mod here;
pub(crate) mod learn;
pub(crate) mod model;
pub(crate) mod pick;
pub(crate) mod tagger;

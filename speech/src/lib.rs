//! The spoken shell language.

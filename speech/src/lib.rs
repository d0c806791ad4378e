#![doc = include_str!("../README.md")]
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod case;
pub mod clean;
pub mod commands;
pub mod english;
pub mod gate;
pub mod lattice;
pub mod lex;
pub mod number;
pub mod programs;
mod quick;
pub mod render;
pub mod scanner;
mod shell;
mod sorted;
pub mod sound;
pub mod spacing;
pub mod speak;
pub mod strict;
pub mod talk;
pub mod vocabulary;
pub mod words;

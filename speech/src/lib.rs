#![doc = include_str!("../README.md")]
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod camel;
pub mod case;
pub mod clean;
mod code;
pub mod command_line;
pub mod commands;
pub mod data;
pub mod destructive;
pub mod disfluency;
pub mod english;
mod fault;
pub mod gate;
pub mod hash;
pub mod lattice;
pub mod lex;
pub mod made_up;
pub mod number;
pub mod phonetic;
pub mod programs;
pub mod quote;
pub mod render;
pub mod scanner;
mod sorted_list;
pub mod spacing;
pub mod speak;
pub mod strict;
pub mod symbol;
mod typography;
pub mod vocabulary;
pub mod words;

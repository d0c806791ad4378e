//! The subcommands. People reach them through `sayso`.

use anyhow::Result;
use serde_json::{Value, json};
use std::io::{self, Write};
use std::process::ExitCode;

pub(crate) mod convert;
pub(crate) mod here;
pub(crate) mod learn;
pub(crate) mod model;
pub(crate) mod pick;
pub(crate) mod tagger;

/// The exit status of a subcommand that is done; an error is printed, as JSON on standard output if that was asked for.
fn ended(done: Result<ExitCode>, json: bool) -> ExitCode {
    match done {
        Ok(code) => code,
        // Whoever reads standard output has seen enough.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            let message = crate::format_error(&error);
            if json {
                // If this fails, standard output is closed, and nobody is reading.
                let _ = print_json(&json!({ "error": { "message": message } }));
            } else {
                crate::print_error(&message);
            }
            ExitCode::FAILURE
        }
    }
}

/// Prints text on standard output.
fn print(text: &str) -> Result<()> {
    let mut out = io::stdout().lock();
    Ok(out.write_all(text.as_bytes()).and_then(|()| out.flush())?)
}

/// Prints one JSON object on a line of standard output.
fn print_json(object: &Value) -> Result<()> {
    print(&format!("{object}\n"))
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let mut causes = error.chain().filter_map(|cause| cause.downcast_ref::<io::Error>());
    causes.any(|cause| cause.kind() == io::ErrorKind::BrokenPipe)
}
